// Where a test finds files of the checkout and the programs under test. Only paths.cpp is compiled
// with these paths: in every command of the build they would keep another clone from finding its
// tests in ccache.
#pragma once

#include <string>

namespace forces::test {

// `below` is relative to the checkout: "deploy/config/ce.toml".
[[nodiscard]] std::string in_checkout(const std::string& below);

// The program of this build: "ce", "fe", "forcesctl".
[[nodiscard]] std::string built_program(const std::string& name);

}  // namespace forces::test
