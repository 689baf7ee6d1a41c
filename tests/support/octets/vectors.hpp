// The messages of tests/vectors.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/octets/hex.hpp"
#include "tests/support/paths.hpp"

namespace forces::test {

struct Vector {
  std::string name;  // what stands before the octets, e.g. "1.5 Config"
  std::vector<std::byte> octets;
};

// One message a line: words that name it, then its hex; '#' begins a comment. `path` is relative to
// tests/vectors.
inline std::vector<Vector> load_vectors(const std::string& path) {
  std::ifstream in(in_checkout("tests/vectors/" + path));
  if (!in) throw std::runtime_error("no vectors in " + path);
  std::vector<Vector> vectors;
  for (std::string line; std::getline(in, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    std::istringstream words(line);
    Vector vector;
    std::string last;
    for (std::string word; words >> word; last = word) {
      if (!last.empty()) vector.name += (vector.name.empty() ? "" : " ") + last;
    }
    if (last.empty()) continue;
    vector.octets = hex(last);
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

}  // namespace forces::test
