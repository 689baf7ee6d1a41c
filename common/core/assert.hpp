// A broken invariant is our own bug: it ends the process, in release builds too.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace forces::detail {
[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, what);
  std::abort();
}
}  // namespace forces::detail

#define FORCES_ASSERT(cond) \
  ((cond) ? void(0) : ::forces::detail::assertion_failed(#cond, __FILE__, __LINE__))
