// Hex text to octets and back, as the test tables write it.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace forces::test {

// Blanks between digits are allowed; anything else is a mistake in the test and throws.
inline std::vector<std::byte> hex(std::string_view text) {
  std::vector<std::byte> octets;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else {
      throw std::invalid_argument("not a hex digit: " + std::string(1, c));
    }
    if (high < 0) {
      high = digit;
    } else {
      octets.push_back(static_cast<std::byte>(high * 16 + digit));
      high = -1;
    }
  }
  if (high >= 0) throw std::invalid_argument("half an octet of hex");
  return octets;
}

inline std::string to_hex(std::span<const std::byte> octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte b : octets) {
    text += kDigits[static_cast<unsigned>(b) >> 4];
    text += kDigits[static_cast<unsigned>(b) & 15];
  }
  return text;
}

}  // namespace forces::test
