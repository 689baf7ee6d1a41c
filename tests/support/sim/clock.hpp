// Clocks of nodes that do not agree with that of the world, nor with each other.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/core/time.hpp"

namespace forces::test {

// A local clock: ahead or behind, and faster or slower by so many millionths.
struct LocalClock {
  Duration offset{};
  std::int64_t ppm = 0;

  [[nodiscard]] Instant at(Instant world) const {
    const auto t = world.time_since_epoch();
    return Instant(offset + t + t / 1'000'000 * ppm);
  }
  // The first time of the world at which this clock has come so far.
  [[nodiscard]] Instant when(Instant local) const {
    Instant guess = local - offset;
    for (int i = 0; i < 5; ++i) guess += local - at(guess);
    while (at(guess) < local) guess += std::chrono::microseconds(1);
    return guess;
  }
};

}  // namespace forces::test
