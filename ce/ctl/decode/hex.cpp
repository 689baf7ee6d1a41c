#include "ce/ctl/decode/hex.hpp"

#include <fmt/format.h>

namespace forces::decode {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::vector<std::byte>> from_hex(std::string_view text) {
  std::vector<std::byte> octets;
  octets.reserve(text.size() / 2);
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r') continue;
    const int value = digit(c);
    if (value < 0) return fail(Errc::BadValue, "hex", octets.size());
    if (high < 0) {
      high = value;
    } else {
      octets.push_back(static_cast<std::byte>(high << 4 | value));
      high = -1;
    }
  }
  if (high >= 0) return fail(Errc::Truncated, "hex", octets.size());
  return octets;
}

std::string to_hex(wire::Bytes octets) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(octets.size() * 2);
  for (const std::byte octet : octets) {
    text += kDigits[std::to_integer<std::size_t>(octet >> 4)];
    text += kDigits[std::to_integer<std::size_t>(octet & std::byte{15})];
  }
  return text;
}

std::string hex16(std::uint16_t value) { return fmt::format("{:#06x}", value); }
std::string hex32(std::uint32_t value) { return fmt::format("{:#010x}", value); }
std::string hex64(std::uint64_t value) { return fmt::format("{:#018x}", value); }

}  // namespace forces::decode
