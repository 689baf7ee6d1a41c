// Octets as what happens to the resource manager of a node: two of them are one random number of a
// life (tests/support/optical/life.hpp). However it goes, in the end no label is leaked, no row is
// an orphan and nothing established was released.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/support/optical/life.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 1'024;
  if (size > kMost) return 0;
  std::size_t at = 0;
  forces::test::OpticalLife life([&](std::uint32_t n) {
    const std::uint32_t high = at < size ? data[at++] : 0;
    const std::uint32_t low = at < size ? data[at++] : 0;
    return (high << 8 | low) % n;
  });
  while (at < size) life.step();
  life.settle();
  for (const auto& complaint : life.check()) {
    std::fprintf(stderr, "%s\n", complaint.c_str());
    std::abort();
  }
  return 0;
}
