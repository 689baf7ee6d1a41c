// Durations and sizes as people write them in a configuration: "500ms", "64KiB".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/time.hpp"

namespace forces::runtime {

// A size in octets that is not mixed up with other numbers.
struct Octets {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(const Octets&, const Octets&) = default;
};
constexpr Octets operator""_KiB(unsigned long long n) { return {n * 1024}; }
constexpr Octets operator""_MiB(unsigned long long n) { return {n * 1024 * 1024}; }

// A whole number and ns, us, ms, s, min or h. Nothing: not a duration, or larger than an hour
// times 2^20.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
// A whole number and B, KiB, MiB, GiB, kB, MB or GB.
[[nodiscard]] std::optional<Octets> parse_octets(std::string_view text);
// The shortest form that parses back to the same value.
[[nodiscard]] std::string to_text(Duration duration);
[[nodiscard]] std::string to_text(Octets octets);

}  // namespace forces::runtime
