#include "tests/support/paths.hpp"

namespace forces::test {

std::string in_checkout(const std::string& below) { return FORCES_SOURCE_DIR "/" + below; }

std::string built_program(const std::string& name) { return FORCES_BIN "/" + name; }

}  // namespace forces::test
