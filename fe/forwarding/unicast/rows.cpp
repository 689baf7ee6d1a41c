#include "fe/forwarding/unicast/rows.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "fe/lfb/model.hpp"

namespace forces::fe::forwarding {

using kernel::Family;
using kernel::kMaxRow;
using pl::ResultCode;
using wire::ByteReader;
using wire::Bytes;

namespace {

ResultCode judge_prefix(Family family, Bytes octets) {
  const PrefixRow row = prefix_row(family, octets);
  const bool good = is_valid(row.prefix) && row.hop_selector <= kMaxRow;
  return good ? ResultCode::Success : ResultCode::ValueOutOfRange;
}

ResultCode judge_next_hop(Family family, Bytes octets, const std::vector<std::uint32_t>& ports) {
  const NextHopRow row = next_hop_row(family, octets);
  const bool good = row.lfb_output_select_index == kOutputPort
                        ? std::ranges::find(ports, row.l3_port_id) != ports.end()
                        : row.lfb_output_select_index <= kOutputProhibited;
  return good ? ResultCode::Success : ResultCode::ValueOutOfRange;
}

ResultCode judge_members(Family family, Bytes octets) {
  auto members = members_of(family, octets);
  std::ranges::sort(members, {}, &kernel::Member::next_hop);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].next_hop == kernel::kNoObject) return ResultCode::ValueOutOfRange;
    if (i > 0 && members[i].next_hop == members[i - 1].next_hop) return ResultCode::Exists;
  }
  return ResultCode::Success;
}

std::string text_of(const kernel::Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.family == Family::Ipv4 ? AF_INET : AF_INET6;
  (void)::inet_ntop(family, address.octets.data(), text.data(), text.size());
  return text.data();
}

}  // namespace

std::string text_of(const kernel::Prefix& prefix) {
  return text_of(prefix.address) + "/" + std::to_string(prefix.length);
}
std::string text_of(kernel::ObjectId id) {
  if (!is_valid(id)) return "next hop " + std::to_string(id.value);
  return std::string(is_set(id) ? "EcmpHops" : "NextHop") +
         (family_of(id) == Family::Ipv4 ? " IPv4 row " : " IPv6 row ") +
         std::to_string(id.value & kernel::kMaxRow);
}

std::optional<ForwardingTable> table_of(const lfb::LfbClass& lfb, std::uint32_t component) {
  using enum TableKind;
  struct Known {
    const lfb::LfbClass* lfb;
    std::uint32_t component;
    ForwardingTable table;
  };
  static constexpr Known kKnown[]{
      {&lfb::kIpv4UcastLpmClass, lfb::ucast_lpm::kPrefixTable, {Prefixes, Family::Ipv4}},
      {&lfb::kIpv6UcastLpmClass, lfb::ucast_lpm::kPrefixTable, {Prefixes, Family::Ipv6}},
      {&lfb::kIpv4NextHopClass, lfb::next_hop::kTable, {NextHops, Family::Ipv4}},
      {&lfb::kIpv6NextHopClass, lfb::next_hop::kTable, {NextHops, Family::Ipv6}},
      {&lfb::kEcmpHopsClass, lfb::ecmp_hops::kIpv4Table, {Sets, Family::Ipv4}},
      {&lfb::kEcmpHopsClass, lfb::ecmp_hops::kIpv6Table, {Sets, Family::Ipv6}},
  };
  for (const Known& known : kKnown) {
    if (known.lfb == &lfb && known.component == component) return known.table;
  }
  return std::nullopt;
}

PrefixRow prefix_row(Family family, Bytes octets) {
  ByteReader r(octets);
  PrefixRow row;
  row.prefix.address = read_address(r, family);
  row.prefix.length = r.u8("Prefixlen");
  row.ecmp = r.u8("ECMPFlag") != 0;
  (void)r.u8("DefaultRouteFlag");  // the prefix says as much
  (void)r.u8("Reserved");
  row.hop_selector = r.u32("HopSelector");
  return row;
}

NextHopRow next_hop_row(Family family, Bytes octets) {
  ByteReader r(octets);
  NextHopRow row;
  row.l3_port_id = r.u32("L3PortID");
  row.mtu = r.u32("MTU");
  row.next_hop_ip_addr = read_address(r, family);
  // No row of an encapsulation LFB is there to be found, and RFC 6956 section 5.3.2.2 has a lookup
  // that fails ask for further resolution: the kernel finds the neighbour.
  (void)r.u32("MediaEncapInfoIndex");
  row.lfb_output_select_index = r.u32("LFBOutputSelectIndex");
  return row;
}

std::vector<kernel::Member> members_of(Family family, Bytes octets) {
  const lfb::Type& table = *lfb::kEcmpHopsClass.component(lfb::ecmp_hops::kIpv4Table)->type;
  std::vector<kernel::Member> members;
  (void)lfb::for_each_row(*table.element, octets, [&](std::uint32_t, Bytes value) {
    ByteReader r(value);
    const auto id = object_id(family, kernel::ObjectKind::NextHop, r.u32("HopSelector"));
    members.push_back({id, r.u16("Weight")});
    return true;
  });
  return members;
}

ResultCode judge(const ForwardingTable& table, std::uint32_t index, Bytes row,
                 const std::vector<std::uint32_t>& ports) {
  if (table.kind == TableKind::Prefixes) return judge_prefix(table.family, row);
  if (index > kMaxRow) return ResultCode::InvalidArrayCreation;
  return table.kind == TableKind::NextHops ? judge_next_hop(table.family, row, ports)
                                           : judge_members(table.family, row);
}

}  // namespace forces::fe::forwarding
