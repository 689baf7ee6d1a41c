// Rows of the LPM, NextHop and EcmpHops LFBs, from octets as the engine packs them to plain values;
// and whether they can be at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fe/dataplane/kernel/rows.hpp"
#include "fe/lfb/hooks.hpp"

namespace forces::fe::forwarding {

namespace kernel = dataplane::kernel;

enum class TableKind : std::uint8_t { Prefixes, NextHops, Sets };
struct ForwardingTable {
  TableKind kind{};
  kernel::Family family{};
  friend bool operator==(const ForwardingTable&, const ForwardingTable&) = default;
};
// Nothing for a component of any other kind.
[[nodiscard]] std::optional<ForwardingTable> table_of(const lfb::LfbClass& lfb,
                                                      std::uint32_t component);

struct PrefixRow {  // RFC 6956 section 4.4: IPv4PrefixInfoType, IPv6PrefixInfoType
  kernel::Prefix prefix;
  bool ecmp = false;
  std::uint32_t hop_selector = 0;
};

// LFBOutputSelectIndex. RFC 6956 leaves the numbers to the topology; the CE has the same ones.
inline constexpr std::uint32_t kOutputPort = 0, kOutputDiscard = 1, kOutputUnreachable = 2,
                               kOutputProhibited = 3;

struct NextHopRow {  // IPv4NextHopInfoType, IPv6NextHopInfoType
  std::uint32_t l3_port_id = 0, mtu = 0;
  kernel::Address next_hop_ip_addr;  // zero: what the prefix covers is on the link
  std::uint32_t lfb_output_select_index = 0;
};

// The octets are a row of the type that the class declares. The prefix is `prefix` of a row.
[[nodiscard]] PrefixRow prefix_row(kernel::Family family, wire::Bytes row);
[[nodiscard]] NextHopRow next_hop_row(kernel::Family family, wire::Bytes row);
[[nodiscard]] std::vector<kernel::Member> members_of(kernel::Family family, wire::Bytes row);

// For the log: "10.0.0.0/8"; "NextHop IPv4 row 7".
[[nodiscard]] std::string text_of(const kernel::Prefix& prefix);
[[nodiscard]] std::string text_of(kernel::ObjectId id);

// E_INVALID_ARRAY_CREATION: a subscript beyond kMaxRow, which no HopSelector of ours can name.
// E_VALUE_OUT_OF_RANGE: bits set behind the prefix; a HopSelector beyond kMaxRow; an output that is
// none of ours; an L3PortID that is no port of this FE where one is needed.
// E_EXISTS: a next hop twice in a set.
[[nodiscard]] pl::ResultCode judge(const ForwardingTable& table, std::uint32_t index,
                                   wire::Bytes row, const std::vector<std::uint32_t>& ports);

}  // namespace forces::fe::forwarding
