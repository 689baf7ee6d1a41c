// Time as the protocol cores see it: they are handed an Instant, they never ask for one.
#pragma once

#include <chrono>
#include <cstdint>

namespace forces {

using Duration = std::chrono::nanoseconds;

// A clock without now(): its time points come from the shell (steady_clock) or from a simulation.
struct VirtualClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<VirtualClock>;
  // NOLINTNEXTLINE(readability-identifier-naming): the name of <chrono>
  static constexpr bool is_steady = true;
};
using Instant = VirtualClock::time_point;

// Whole ones; the rest is cut off.
[[nodiscard]] constexpr std::uint64_t whole_milliseconds(Duration d) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

}  // namespace forces
