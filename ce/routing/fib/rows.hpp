// Rows of the IP forwarding LFBs of RFC 6956 section 5.3 as plain values, and the changes of one
// FE's tables. IPv4 and IPv6 rows differ in their addresses only: the family says which LFB they
// are for.
#pragma once

#include <compare>
#include <cstdint>
#include <variant>
#include <vector>

#include "ce/routing/address.hpp"

namespace forces::ce::routing {

using FeId = std::uint32_t;
using RowId = std::uint32_t;
using HopSelector = std::uint32_t;

struct FePort {
  FeId fe = 0;
  std::uint32_t port = 0;
  friend auto operator<=>(const FePort&, const FePort&) = default;
};

// LFBOutputSelectIndex: which port of the group SuccessOut a packet leaves by. RFC 6956 leaves the
// numbers to the LFB topology; these are ours. The last three carry what no component of the RFC
// can: that packets to a destination are to be dropped, silently or with an ICMP error.
inline constexpr std::uint32_t kOutputPort = 0;
inline constexpr std::uint32_t kOutputDiscard = 1;
inline constexpr std::uint32_t kOutputUnreachable = 2;  // ICMP net unreachable
inline constexpr std::uint32_t kOutputProhibited = 3;   // ICMP administratively prohibited

// IPv4UcastLPM, IPv6UcastLPM: a row of IPv4PrefixTable, IPv6PrefixTable. `row` is its array index:
// the same at every FE, and of no other row until every FE was told of its removal.
struct PrefixRow {
  RowId row = 0;
  IpPrefix prefix;         // IPv4Address or IPv6Address, and Prefixlen
  bool ecmp_flag = false;  // HopSelector names an EcmpRow, else a NextHopRow
  bool default_route_flag = false;
  HopSelector hop_selector = 0;
  friend bool operator==(const PrefixRow&, const PrefixRow&) = default;
};

// IPv4NextHop, IPv6NextHop: the row whose array index is `hop_selector`, in the table of the
// family.
struct NextHopRow {
  Family family = Family::V4;
  HopSelector hop_selector = 0;
  std::uint32_t l3_port_id = 0;  // the FE's own port; 0 when no port is meant
  std::uint32_t mtu = 0;
  IpAddress next_hop_ip_addr;  // unspecified: the packet's own destination is on the link
  // Zero, where a lookup fails: "an indication that further resolution is needed" (RFC 6956 section
  // 5.3.2.2); the FE resolves neighbours itself.
  std::uint32_t media_encap_info_index = 0;
  std::uint32_t lfb_output_select_index = kOutputPort;
  friend bool operator==(const NextHopRow&, const NextHopRow&) = default;
};

struct EcmpMember {
  HopSelector hop_selector = 0;  // of a NextHopRow
  std::uint32_t weight = 1;
  friend auto operator<=>(const EcmpMember&, const EcmpMember&) = default;
};

// What stands behind ECMPOut (RFC 6956 section 5.3.1.1 leaves that LFB to others): a set of next
// hops, numbered apart from them.
struct EcmpRow {
  Family family = Family::V4;
  HopSelector hop_selector = 0;
  std::vector<EcmpMember> members;  // never empty
  friend bool operator==(const EcmpRow&, const EcmpRow&) = default;
};

// Removals name rows. One may name a row that the FE was never given.
struct PrefixGone {
  RowId row = 0;
  IpPrefix prefix;
  friend bool operator==(const PrefixGone&, const PrefixGone&) = default;
};
struct NextHopGone {
  Family family = Family::V4;
  HopSelector hop_selector = 0;
  friend bool operator==(const NextHopGone&, const NextHopGone&) = default;
};
struct EcmpGone {
  Family family = Family::V4;
  HopSelector hop_selector = 0;
  friend bool operator==(const EcmpGone&, const EcmpGone&) = default;
};

// A row given again replaces the one of that number.
using Delta = std::variant<NextHopRow, EcmpRow, PrefixRow, PrefixGone, EcmpGone, NextHopGone>;

}  // namespace forces::ce::routing
