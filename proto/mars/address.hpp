// Addresses as MARS carries them: ATM numbers with their type, protocol addresses, blocks of
// groups. Values without heap; unused octets are zero, so that comparing whole values is right.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/mars/codes.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::mars {

using wire::Bytes;

// mar$pro (RFC 2022 section 4.3.2). The SNAP extension counts only in the long form.
struct ProtocolType {
  std::uint16_t type = 0x0800;
  std::array<std::byte, 5> snap{};
  friend auto operator<=>(const ProtocolType&, const ProtocolType&) = default;
};
inline constexpr ProtocolType kIpv4{};
inline constexpr ProtocolType kIpv6{0x86dd, {}};

// Up to Capacity octets, in order: shorter first, then unsigned with the most significant octet
// first (section 5.2.1, for addresses of one length).
template <std::size_t Capacity>
class ShortOctets {
 public:
  static constexpr std::size_t kCapacity = Capacity;

  constexpr ShortOctets() = default;
  template <std::size_t N>
    requires(N <= Capacity)
  explicit constexpr ShortOctets(const std::array<std::byte, N>& octets) : size_(N) {
    std::ranges::copy(octets, octets_.begin());
  }
  // Nothing when they are too many.
  [[nodiscard]] static constexpr std::optional<ShortOctets> from(Bytes octets) {
    if (octets.size() > Capacity) return std::nullopt;
    ShortOctets out;
    out.size_ = static_cast<std::uint8_t>(octets.size());
    std::ranges::copy(octets, out.octets_.begin());
    return out;
  }

  [[nodiscard]] constexpr Bytes octets() const { return Bytes(octets_).first(size_); }
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  friend constexpr auto operator<=>(const ShortOctets&, const ShortOctets&) = default;

 private:
  std::uint8_t size_ = 0;  // first, so that it is compared first
  std::array<std::byte, Capacity> octets_{};
};

// mar$spa, mar$tpa, mar$min, mar$max: opaque. 16 octets, IPv6's, are a limit of ours.
using ProtocolAddress = ShortOctets<16>;

[[nodiscard]] constexpr ProtocolAddress ipv4_address(std::uint32_t value) {
  const std::array octets{static_cast<std::byte>(value >> 24), static_cast<std::byte>(value >> 16),
                          static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)};
  return ProtocolAddress(octets);
}

// One ATM number or subaddress (section 5.1.2): an NSAPA or a native E.164 number. Neither is
// longer than 20 octets.
struct AtmNumber {
  bool e164 = false;  // false when empty
  ShortOctets<20> octets{};
  friend constexpr auto operator<=>(const AtmNumber&, const AtmNumber&) = default;

  [[nodiscard]] constexpr bool empty() const { return octets.empty(); }
  [[nodiscard]] constexpr std::size_t size() const { return octets.size(); }
  [[nodiscard]] constexpr std::uint8_t type_length() const {
    return static_cast<std::uint8_t>((e164 && !empty() ? 0x40U : 0U) | octets.size());
  }
};

struct AtmAddress {
  AtmNumber number{}, subaddress{};
  friend constexpr auto operator<=>(const AtmAddress&, const AtmAddress&) = default;

  [[nodiscard]] constexpr bool empty() const { return number.empty(); }
  [[nodiscard]] constexpr std::size_t size() const { return number.size() + subaddress.size(); }
};

// <min,max>, both inclusive and of one length.
struct GroupRange {
  ProtocolAddress min{}, max{};
  friend constexpr auto operator<=>(const GroupRange&, const GroupRange&) = default;

  [[nodiscard]] constexpr bool single() const { return min == max; }
  [[nodiscard]] constexpr bool contains(const ProtocolAddress& group) const {
    return group.size() == min.size() && min <= group && group <= max;
  }
};

// The type and length octet in front of an ATM number. Errors are kept by `r`.
struct TypeLength {
  bool e164 = false;
  std::size_t length = 0;
};
[[nodiscard]] TypeLength read_type_length(wire::ByteReader& r, std::string_view field);
[[nodiscard]] AtmNumber read_atm_number(wire::ByteReader& r, TypeLength type,
                                        std::string_view field);
[[nodiscard]] ProtocolType read_protocol_type(wire::ByteReader& r, std::string_view field);
// A length octet and an address of so many octets.
[[nodiscard]] std::size_t read_address_length(wire::ByteReader& r, std::string_view field);
[[nodiscard]] ProtocolAddress read_address(wire::ByteReader& r, std::size_t length,
                                           std::string_view field);

void write(wire::ByteWriter& w, const ProtocolType& type);
inline void write(wire::ByteWriter& w, const AtmAddress& address) {
  w.bytes(address.number.octets.octets());
  w.bytes(address.subaddress.octets.octets());
}

}  // namespace forces::mars
