// What the forwarding plane is told, and what it tells the kernel: plain values.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "common/core/ids.hpp"
#include "proto/wire/reader.hpp"

namespace forces::fe::dataplane::kernel {

enum class Family : std::uint8_t { Ipv4 = 4, Ipv6 = 6 };

struct Address {
  Family family = Family::Ipv4;
  std::array<std::uint8_t, 16> octets{};  // IPv4: the first four, the rest zero
  [[nodiscard]] constexpr std::size_t size() const { return family == Family::Ipv4 ? 4 : 16; }
  friend constexpr auto operator<=>(const Address&, const Address&) = default;
};

// Of a value that has it: octets of its family, the first one first.
[[nodiscard]] inline Address read_address(wire::ByteReader& r, Family family) {
  Address out{family, {}};
  std::ranges::copy(r.take(out.size(), "address"),
                    std::as_writable_bytes(std::span(out.octets)).begin());
  return out;
}

struct Prefix {
  Address address;
  std::uint8_t length = 0;
  friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;
};

// A prefix that the kernel takes: a length of its family, no bit set beyond it.
[[nodiscard]] constexpr bool is_valid(const Prefix& prefix) {
  if (prefix.length > prefix.address.size() * 8) return false;
  std::size_t octet = prefix.length / 8;
  if (prefix.length % 8 != 0 && (prefix.address.octets[octet++] & 0xff >> prefix.length % 8) != 0) {
    return false;
  }
  for (; octet < prefix.address.octets.size(); ++octet) {
    if (prefix.address.octets[octet] != 0) return false;
  }
  return true;
}

// Next hops and sets of them (ECMP) are objects of the kernel that routes refer to by number. The
// number is made from family, kind and row, so that a program that starts again finds its own.
using ObjectId = StrongId<struct ObjectTag>;
inline constexpr ObjectId kNoObject{0};
inline constexpr std::uint32_t kMaxRow = 0x0fffffff;  // beyond it: is_valid() is false

enum class ObjectKind : std::uint8_t { NextHop = 0, Set = 1 };

[[nodiscard]] constexpr ObjectId object_id(Family family, ObjectKind kind, std::uint32_t row) {
  if (row > kMaxRow) return kNoObject;
  const std::uint32_t tag =
      (family == Family::Ipv4 ? 4U : 6U) + (kind == ObjectKind::Set ? 1U : 0U);
  return ObjectId{tag << 28 | row};
}
[[nodiscard]] constexpr bool is_valid(ObjectId id) {
  return id.value >> 28 >= 4 && id.value >> 28 <= 7;
}
[[nodiscard]] constexpr bool is_set(ObjectId id) {
  return is_valid(id) && (id.value >> 28 & 1) == 1;
}
[[nodiscard]] constexpr Family family_of(ObjectId id) {
  return id.value >> 28 <= 5 ? Family::Ipv4 : Family::Ipv6;
}

// How a packet is refused that is dropped with an ICMP error. The kernel's objects know only the
// silent way, its routes the others: so this is of a route, and names no object.
enum class Reject : std::uint8_t { No, Unreachable, Prohibited };

struct NextHop {
  std::optional<Address> gateway{};  // none: what the route covers is on the link itself
  std::uint32_t interface = 0;       // index of the interface
  bool on_link = false;              // the gateway is on the link though no address says so
  bool discard = false;              // packets are dropped; the other members are not looked at
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

struct Member {
  ObjectId next_hop;
  std::uint16_t weight = 1;  // 1 to 256
  friend bool operator==(const Member&, const Member&) = default;
};
// More than any zebra makes (999); the kernel takes 8,191, but a dump of it ends at about 4,000.
inline constexpr std::size_t kMaxMembers = 1024;
inline constexpr std::uint16_t kMaxWeight = 256;

// Operations on the kernel. Each may be done twice: setting replaces, deleting what is gone is no
// failure.
struct SetNextHop {
  ObjectId id;
  NextHop next_hop;
  bool create = true;  // else only replaced: ENOENT when the kernel has dropped it, with its routes
};
struct SetMembers {
  ObjectId id;
  std::vector<Member> members;
  bool create = true;
};
struct DeleteObject {  // the kernel takes its routes along
  ObjectId id;
};
struct SetRoute {
  Prefix prefix;
  ObjectId target;
  std::uint16_t mtu = 0;       // 0: that of the interface
  Reject reject = Reject::No;  // else the target is not asked
};
struct DeleteRoute {
  Prefix prefix;
};
using Operation = std::variant<SetNextHop, SetMembers, DeleteObject, SetRoute, DeleteRoute>;

// What makes rows in the kernel ours. The priority (metric) is part of a route's key there: with
// one of our own, a route that the kernel made for an address (0, in IPv6 256) is never replaced,
// and wins.
struct Identity {
  std::uint8_t protocol = 220;  // rtm_protocol, nh_protocol; unused by the kernel, iproute2 and FRR
  std::uint32_t table = 254;    // RT_TABLE_MAIN
  std::uint32_t priority = 20;
};

// What the kernel says about its rows.
struct RouteRow {
  Prefix prefix;
  std::uint8_t protocol = 0;
  std::uint32_t table = 0, priority = 0;
  ObjectId target = kNoObject;  // none: the route names its next hop itself
  std::uint32_t mtu = 0;
  Reject reject = Reject::No;
  bool plain = true;  // of a type that we make, without type of service or source prefix
};
struct ObjectRow {
  ObjectId id;
  std::uint8_t protocol = 0;
  NextHop next_hop{};             // of a next hop
  std::vector<Member> members{};  // of a set
};

struct Link {
  std::uint32_t index = 0;
  std::array<char, 16> name{};
  bool admin_up = false, carrier = false;
  // Packets can leave: what the kernel, too, takes for usable before it drops next hops.
  bool up = false;
  std::uint8_t oper_state = 0;  // RFC 2863 ifOperStatus as IF_OPER_* of <linux/if.h>
  std::uint32_t mtu = 0;
  std::array<std::uint8_t, 6> mac{};
  friend bool operator==(const Link&, const Link&) = default;
};
struct InterfaceAddress {
  std::uint32_t interface = 0;
  Address address;
  std::uint8_t length = 0;
  friend constexpr auto operator<=>(const InterfaceAddress&, const InterfaceAddress&) = default;
};

}  // namespace forces::fe::dataplane::kernel
