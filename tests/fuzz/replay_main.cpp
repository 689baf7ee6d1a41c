// Runs a fuzz target over corpus and vectors where there is no libFuzzer (g++), as a test.
//
// Arguments are files and folders. A .hex file holds messages in hex, one a line after its name, or
// one message over several lines when the lines hold hex only; any other file is one input. Of each
// input every prefix is run too, up to a limit, each in memory of its own size.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;
using Input = std::vector<std::uint8_t>;

constexpr std::size_t kMaxPrefixes = 2048;

bool is_hex(const std::string& word) {
  return word.size() % 2 == 0 &&
         word.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

Input from_hex(const std::string& word) {
  Input octets;
  for (std::size_t i = 0; i + 1 < word.size(); i += 2) {
    octets.push_back(static_cast<std::uint8_t>(std::stoi(word.substr(i, 2), nullptr, 16)));
  }
  return octets;
}

std::vector<Input> read_hex(std::istream& in) {
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(in, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    std::istringstream words(line);
    std::vector<std::string> row{std::istream_iterator<std::string>(words), {}};
    if (!row.empty()) lines.push_back(std::move(row));
  }
  std::string all;
  const bool one_message = std::ranges::all_of(lines, [&](const auto& row) {
    return std::ranges::all_of(row, [&](const auto& word) {
      all += word;
      return is_hex(word);
    });
  });
  if (one_message) return {from_hex(all)};
  std::vector<Input> inputs;
  for (const auto& row : lines) {
    if (is_hex(row.back())) inputs.push_back(from_hex(row.back()));
  }
  return inputs;
}

std::vector<Input> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (path.extension() == ".hex") return read_hex(in);
  return {Input(std::istreambuf_iterator<char>(in), {})};
}

void run(const Input& input) {
  const auto run_prefix = [&](std::size_t n) {
    const auto copy = std::make_unique<std::uint8_t[]>(n);
    std::copy_n(input.begin(), n, copy.get());
    LLVMFuzzerTestOneInput(copy.get(), n);
  };
  for (std::size_t n = 0; n < std::min(input.size(), kMaxPrefixes); ++n) run_prefix(n);
  run_prefix(input.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  const auto run_file = [&](const fs::path& path) {
    for (const Input& input : read_file(path)) {
      run(input);
      ++count;
    }
  };
  for (int i = 1; i < argc; ++i) {
    const fs::path path = argv[i];
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) run_file(entry.path());
      }
    } else if (fs::exists(path)) {  // a target without findings has no folder
      run_file(path);
    }
  }
  std::printf("%zu inputs\n", count);
  return count > 0 ? 0 : 1;
}
