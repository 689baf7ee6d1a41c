// Configuration files *.in and what comes of them in *.ok: the settings in effect, which must parse
// back to the same, or every problem. And the commented examples of deploy/config.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "common/runtime/config.hpp"

namespace forces::daemon {

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

// Each *.in below `folder`, by name without the ending.
inline std::vector<std::string> golden_names(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".in") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

// The settings in effect, or the problems, a line each.
template <class Settings>
std::string outcome(const std::string& toml, const std::string& name) {
  Settings settings;
  const runtime::ConfigVisit visitor = [&](runtime::ConfigVisitor& v) { visit(v, settings); };
  const auto problems = runtime::read_config(toml, name, visitor);
  if (problems.empty()) return runtime::print_config(visitor);
  std::string all;
  for (const auto& problem : problems) all += problem.text() + "\n";
  return all;
}

template <class Settings>
void expect_golden(const std::string& folder, const std::string& name) {
  const auto ok = read_text(folder + "/" + name + ".ok");
  EXPECT_EQ(outcome<Settings>(read_text(folder + "/" + name + ".in"), name + ".in"), ok);
  if (ok.starts_with('[')) {
    EXPECT_EQ(outcome<Settings>(ok, "again"), ok);
  }
}

// Every key with the value that stands in a comment of the example is that key's default, and no
// key is without its line, there or in the `other` example.
template <class Settings>
void expect_example_is_complete(const std::string& path, const std::string& other = "") {
  const auto example = read_text(path);
  const auto printed = outcome<Settings>(example, path);
  ASSERT_TRUE(printed.starts_with('[')) << printed;
  static const std::regex kCommentedKey("(^|\n)#([a-z_0-9]+ = )");
  const auto uncommented = std::regex_replace(example, kCommentedKey, "$1$2");
  EXPECT_EQ(outcome<Settings>(uncommented, path), printed);
  static const std::regex kKey("(^|\n)([a-z_0-9]+) = ");
  std::set<std::string> mentioned;
  const auto both =
      uncommented + (other.empty() ? ""
                                   : std::regex_replace(std::string("\n").append(read_text(other)),
                                                        kCommentedKey, "$1$2"));
  for (std::sregex_iterator it(both.begin(), both.end(), kKey), end; it != end; ++it) {
    mentioned.insert((*it)[2]);
  }
  for (std::sregex_iterator it(printed.begin(), printed.end(), kKey), end; it != end; ++it) {
    EXPECT_TRUE(mentioned.contains((*it)[2])) << (*it)[2] << " is not in " << path;
  }
}

}  // namespace forces::daemon
