// Numbers in text, of which nothing may be left over: no sign, no space.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace forces {

template <std::unsigned_integral T>
[[nodiscard]] std::optional<T> whole_number(std::string_view text, int base = 10) {
  T value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, wrong] = std::from_chars(text.data(), end, value, base);
  if (wrong != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// "31", "0x1f" or "0X1F".
template <std::unsigned_integral T>
[[nodiscard]] std::optional<T> decimal_or_hex(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  return hex ? whole_number<T>(text.substr(2), 16) : whole_number<T>(text);
}

}  // namespace forces
