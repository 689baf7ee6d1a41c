#include "ce/multicast/service/numbers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace forces::multicast {
namespace {

constexpr std::string_view kHead = "scsp-sequence ";

std::string last_error(const std::string& what) {
  return fmt::format("{}: {}", what, std::strerror(errno));
}

// The whole text in place of the file, or the file as it was. Empty: done.
std::string replace(const std::string& file, const std::string& text) {
  const std::string fresh = file + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return last_error(fresh);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  std::string why = written ? std::string() : last_error(fresh);
  ::close(fd);
  if (!why.empty()) return why;
  if (::rename(fresh.c_str(), file.c_str()) != 0) return last_error(file);
  const auto folder = std::filesystem::path(file).parent_path();
  const int at = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) return last_error(folder.string());
  if (::fsync(at) != 0) why = last_error(folder.string());
  ::close(at);
  return why;
}

}  // namespace

std::expected<Numbers, std::string> Numbers::open(const std::string& file) {
  Numbers numbers(file, scsp::kReservedSequence);
  if (std::filesystem::exists(file)) {
    if (!std::filesystem::is_regular_file(file)) {
      return std::unexpected(fmt::format("{} is no file", file));
    }
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) return std::unexpected(last_error(file));
    const auto foreign = [&] {
      return std::unexpected(fmt::format("{} is not a file of SCSP sequence numbers", file));
    };
    if (!text.starts_with(kHead)) return foreign();
    std::int32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, wrong] = std::from_chars(text.data() + kHead.size(), end, value);
    if (wrong != std::errc{} || std::string_view(stop, end) != "\n") return foreign();
    numbers.used_ = numbers.kept_ = {value};
  }
  if (auto raised = numbers.raise(numbers.used_); !raised) return std::unexpected(raised.error());
  return numbers;
}

std::expected<void, std::string> Numbers::reach(scsp::SequenceNumber greatest) {
  if (std::int64_t{greatest.value} + kBlock / 2 < kept_.value) return {};
  return raise(greatest);
}

// Near the last number the file stays: entries are purged there, and begin again (RFC 2334 section
// B.2.0.2).
std::expected<void, std::string> Numbers::raise(scsp::SequenceNumber above) {
  const std::int64_t next = std::int64_t{std::max(above, kept_).value} + kBlock;
  if (next > scsp::kLastSequence.value) return {};
  const auto to = static_cast<std::int32_t>(next);
  if (!file_.empty()) {
    if (auto why = replace(file_, fmt::format("{}{}\n", kHead, to)); !why.empty()) {
      return std::unexpected(std::move(why));
    }
  }
  kept_ = {to};
  return {};
}

}  // namespace forces::multicast
