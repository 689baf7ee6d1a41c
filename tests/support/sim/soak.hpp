// How long a simulation plays. tests/run --long sets FORCES_LONG, FORCES_SEEDS and
// FORCES_VIRTUAL_HOURS; who replays a failure sets FORCES_SEED.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace forces::test {

// Under a sanitizer everything takes ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::uint64_t kSlow = 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr std::uint64_t kSlow = 20;
#else
inline constexpr std::uint64_t kSlow = 1;
#endif
#else
inline constexpr std::uint64_t kSlow = 1;
#endif

// A number of the environment.
inline std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline bool soaks() { return std::getenv("FORCES_LONG") != nullptr; }
inline std::uint64_t seeds(std::uint64_t otherwise) { return setting("FORCES_SEEDS", otherwise); }
inline std::chrono::hours virtual_hours() {
  return std::chrono::hours(setting("FORCES_VIRTUAL_HOURS", 1));
}

// play(seed) for first, first + step ... up to `last`, or for FORCES_SEED alone if it is one of
// these steps. The first seed that fails ends it, and is named.
template <class Play>
void play_seeds(std::uint64_t last, Play play, std::uint64_t first = 1, std::uint64_t step = 1) {
  const auto one = [&](std::uint64_t seed) {
    SCOPED_TRACE("FORCES_SEED=" + std::to_string(seed));
    play(seed);
  };
  if (const std::uint64_t only = setting("FORCES_SEED", 0); only != 0) {
    if (only % step == first % step) one(only);
    return;
  }
  for (std::uint64_t seed = first; seed <= last && !testing::Test::HasFailure(); seed += step) {
    one(seed);
  }
}

}  // namespace forces::test
