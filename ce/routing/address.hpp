// Addresses and prefixes of both families in one fixed-size value: tables hold millions of them.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace forces::ce::routing {

enum class Family : std::uint8_t { V4 = 4, V6 = 6 };

[[nodiscard]] constexpr std::uint8_t max_length(Family family) {
  return family == Family::V4 ? 32 : 128;
}

struct IpAddress {
  Family family = Family::V4;
  std::array<std::uint8_t, 16> octets{};  // network order; IPv4 in the first four, the rest zero

  [[nodiscard]] static IpAddress v4(std::uint32_t value) {
    IpAddress a;
    for (std::size_t i = 0; i < 4; ++i) {
      a.octets[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i) & 0xff);
    }
    return a;
  }
  // 4 or 16 octets, as the family says.
  [[nodiscard]] static IpAddress of(Family family, std::span<const std::byte> from) {
    IpAddress a{family, {}};
    std::ranges::transform(from.first(std::min(from.size(), a.size())), a.octets.begin(),
                           [](std::byte b) { return static_cast<std::uint8_t>(b); });
    return a;
  }
  [[nodiscard]] std::size_t size() const { return family == Family::V4 ? 4 : 16; }
  [[nodiscard]] std::uint32_t to_v4() const {
    return static_cast<std::uint32_t>(octets[0]) << 24 |
           static_cast<std::uint32_t>(octets[1]) << 16 |
           static_cast<std::uint32_t>(octets[2]) << 8 | octets[3];
  }
  [[nodiscard]] bool unspecified() const { return octets == std::array<std::uint8_t, 16>{}; }
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;

  // The bits behind the length become zero: two spellings of a prefix are one prefix.
  [[nodiscard]] IpPrefix canonical() const {
    IpPrefix p = *this;
    for (std::size_t i = 0; i < p.address.octets.size(); ++i) {
      const std::size_t first = 8 * i;
      if (first >= length) {
        p.address.octets[i] = 0;
      } else if (first + 8 > length) {
        p.address.octets[i] &= static_cast<std::uint8_t>(0xff00u >> (length - first));
      }
    }
    return p;
  }
  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

// An address that an interface has: all its bits, and the length of its network.
struct InterfaceAddress {
  IpAddress address;
  std::uint8_t length = 0;
  friend auto operator<=>(const InterfaceAddress&, const InterfaceAddress&) = default;
};

// Multiply and fold; keys of a routing table are dense, so every bit must reach the low ones.
[[nodiscard]] inline std::uint64_t mix(std::uint64_t seed, std::uint64_t value) {
  std::uint64_t h = (seed ^ value) * 0x9e3779b97f4a7c15u;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93u;
  return h ^ h >> 29;
}

[[nodiscard]] inline std::uint64_t hash_of(const IpAddress& a) {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), a.octets.data(), a.octets.size());
  return mix(mix(static_cast<std::uint64_t>(a.family), words[0]), words[1]);
}

[[nodiscard]] inline std::uint64_t hash_of(const IpPrefix& p) {
  return mix(hash_of(p.address), p.length);
}

}  // namespace forces::ce::routing
