// A network namespace of this process's own, for tests with real interfaces.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace forces::test {

// Moves this process (tests are one process each, or run in any order after it) into a fresh
// network namespace. False without the privilege; then the test is to be skipped with that reason.
inline bool enter_fresh_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  return std::system("ip link set lo up") == 0;
}

// `ip` or another tool; true when it succeeded.
inline bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

}  // namespace forces::test
