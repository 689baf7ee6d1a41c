#include "common/runtime/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace forces::runtime {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: printing takes the first that divides.
constexpr std::array kDurationUnits{
    Unit{"h", 3'600'000'000'000}, Unit{"min", 60'000'000'000}, Unit{"s", 1'000'000'000},
    Unit{"ms", 1'000'000},        Unit{"us", 1'000},           Unit{"ns", 1}};
constexpr std::array kSizeUnits{Unit{"GiB", 1ULL << 30},
                                Unit{"MiB", 1ULL << 20},
                                Unit{"KiB", 1ULL << 10},
                                Unit{"GB", 1'000'000'000},
                                Unit{"MB", 1'000'000},
                                Unit{"kB", 1'000},
                                Unit{"B", 1}};
constexpr std::uint64_t kMaxDuration = 3'600'000'000'000ULL << 20;
constexpr std::uint64_t kMaxSize = 1ULL << 50;

template <std::size_t N>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, N>& units,
                                   std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  for (const auto& unit : units) {
    if (unit.name != text) continue;
    if (number > max / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string print(std::uint64_t value, const std::array<Unit, N>& units, std::string_view zero) {
  if (value == 0) return std::string(zero);
  for (const auto& unit : units) {
    if (value % unit.factor == 0) return fmt::format("{}{}", value / unit.factor, unit.name);
  }
  return {};
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto value = parse(text, kDurationUnits, kMaxDuration);
  if (!value) return std::nullopt;
  return Duration(static_cast<Duration::rep>(*value));
}

std::optional<Octets> parse_octets(std::string_view text) {
  const auto value = parse(text, kSizeUnits, kMaxSize);
  if (!value) return std::nullopt;
  return Octets{*value};
}

std::string to_text(Duration duration) {
  return print(static_cast<std::uint64_t>(duration.count()), kDurationUnits, "0s");
}

std::string to_text(Octets octets) { return print(octets.value, kSizeUnits, "0B"); }

}  // namespace forces::runtime
