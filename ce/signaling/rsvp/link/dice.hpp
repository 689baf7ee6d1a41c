// Numbers that a seed decides: the same on every library.
#pragma once

#include <cstdint>

#include "common/core/time.hpp"

namespace forces::signaling::engine {

class Dice {  // splitmix64
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t roll() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint32_t roll_not_zero() {
    for (;;) {
      if (const auto value = static_cast<std::uint32_t>(roll() >> 32); value != 0) return value;
    }
  }
  // Between so many thousandths of a duration.
  Duration between(Duration of, std::uint64_t low, std::uint64_t high) {
    const auto part = static_cast<Duration::rep>(low + roll() % (high - low + 1));
    return of / 1000 * part;
  }

 private:
  std::uint64_t state_;
};

}  // namespace forces::signaling::engine
