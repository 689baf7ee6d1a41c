// Addresses as IGMP and MLD carry them: values without heap, of either family.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "proto/wire/reader.hpp"

namespace forces::igmp {

using wire::Bytes;

enum class Family : std::uint8_t { Ipv4 = 4, Ipv6 = 6 };  // IGMP; MLD

[[nodiscard]] constexpr std::size_t octets_of(Family family) {
  return family == Family::Ipv4 ? 4 : 16;
}

// Ordered by family, then as an unsigned number with the most significant octet first.
struct Address {
  Family family = Family::Ipv4;
  std::array<std::byte, 16> octets{};  // IPv4: the first four, the rest zero

  [[nodiscard]] static constexpr Address zero(Family family) { return {family, {}}; }
  // `octets` are as many as the family has.
  [[nodiscard]] static constexpr Address from(Family family, Bytes octets) {
    Address out{family, {}};
    std::ranges::copy(octets.first(std::min(octets.size(), octets_of(family))), out.octets.begin());
    return out;
  }
  [[nodiscard]] static constexpr Address ipv4(std::uint32_t value) {
    Address out;
    for (unsigned i = 0; i < 4; ++i) out.octets[i] = static_cast<std::byte>(value >> (24 - 8 * i));
    return out;
  }

  [[nodiscard]] constexpr std::size_t size() const { return octets_of(family); }
  [[nodiscard]] constexpr Bytes bytes() const { return Bytes(octets).first(size()); }
  [[nodiscard]] constexpr bool is_zero() const { return *this == zero(family); }
  // 224.0.0.0/4; ff00::/8.
  [[nodiscard]] constexpr bool is_multicast() const {
    const auto first = std::to_integer<unsigned>(octets[0]);
    return family == Family::Ipv4 ? first >> 4 == 0xe : first == 0xff;
  }
  // Groups that never leave a link, so that nobody keeps memberships of them: 224.0.0.0/24
  // (RFC 3376 section 6, RFC 4541 section 2.1.2); scopes 0 to 2 of IPv6 (RFC 3810 section 6).
  [[nodiscard]] constexpr bool is_of_the_link() const {
    const auto second = std::to_integer<unsigned>(octets[1]);
    if (family == Family::Ipv6) return is_multicast() && (second & 0x0f) <= 2;
    return octets[0] == std::byte{224} && second == 0 && octets[2] == std::byte{0};
  }
  // fe80::/10.
  [[nodiscard]] constexpr bool is_link_local() const {
    return family == Family::Ipv6 && octets[0] == std::byte{0xfe} &&
           (octets[1] & std::byte{0xc0}) == std::byte{0x80};
  }

  friend constexpr auto operator<=>(const Address&, const Address&) = default;
};

// Destinations that the RFCs name: 224.0.0.1, ff02::1; 224.0.0.2, ff02::2; 224.0.0.22, ff02::16.
[[nodiscard]] constexpr Address all_systems(Family family, std::uint8_t last = 1) {
  Address out{family, {}};
  out.octets[0] = family == Family::Ipv4 ? std::byte{224} : std::byte{0xff};
  out.octets[1] = family == Family::Ipv4 ? std::byte{0} : std::byte{2};
  out.octets[out.size() - 1] = std::byte{last};
  return out;
}
[[nodiscard]] constexpr Address all_routers(Family family) { return all_systems(family, 2); }
// Of IGMPv3 and MLDv2 (RFC 3376 section 4.2.14, RFC 3810 section 5.2.14).
[[nodiscard]] constexpr Address all_report_listeners(Family family) {
  return all_systems(family, 22);
}

}  // namespace forces::igmp
