#include "fe/forwarding/multicast/rows.hpp"

#include "fe/lfb/model.hpp"

namespace forces::fe::forwarding {

using dataplane::kernel::Address;
using dataplane::kernel::Family;
using dataplane::multicast::CopyRow;
using dataplane::multicast::Endpoint;
using dataplane::multicast::GroupRow;
using dataplane::multicast::LeafRow;
using wire::ByteReader;
using wire::Bytes;

namespace {

Endpoint read_endpoint(ByteReader& r) {
  Endpoint out;
  out.address = r.u32("endpoint");
  out.port = r.u16("endpoint_port");
  return out;
}

bool is_multicast(const Address& a) {
  return a.family == Family::Ipv4 ? a.octets[0] >> 4 == 0xe : a.octets[0] == 0xff;
}

}  // namespace

bool is_multicast(const lfb::Change& change) {
  return change.component != nullptr && change.instance->lfb_class == &lfb::kMulticastClass;
}

std::optional<MulticastTable> multicast_table_of(const lfb::Change& change) {
  if (!is_multicast(change) || !change.row) return std::nullopt;
  using enum MulticastTable::Kind;
  switch (change.component->id) {
    case lfb::multicast::kGroups:
      return MulticastTable{Groups, Family::Ipv4};
    case lfb::multicast::kLeaves:
      return MulticastTable{Leaves, Family::Ipv4};
    case lfb::multicast::kIpv6Groups:
      return MulticastTable{Groups, Family::Ipv6};
    case lfb::multicast::kIpv6Leaves:
      return MulticastTable{Leaves, Family::Ipv6};
    case lfb::multicast::kPeers:
      return MulticastTable{Peers, Family::Ipv4};
    case lfb::multicast::kCopies:
      return MulticastTable{Copies, Family::Ipv4};
    case lfb::multicast::kIpv6Copies:
      return MulticastTable{Copies, Family::Ipv6};
    case lfb::multicast::kServed:
      return MulticastTable{Served, Family::Ipv4};
    case lfb::multicast::kIpv6Served:
      return MulticastTable{Served, Family::Ipv6};
    default:
      return std::nullopt;
  }
}

GroupRow group_row(Family family, Bytes row) {
  ByteReader r(row);
  GroupRow out;
  out.group = read_address(r, family);
  out.source = read_address(r, family);
  out.in_port = r.u32("in_port");
  return out;
}

LeafRow leaf_row(Bytes row) {
  ByteReader r(row);
  LeafRow out;
  out.group_index = r.u32("group");
  out.out_port = r.u32("port");
  return out;
}

Endpoint peer_row(Bytes row) {
  ByteReader r(row);
  return read_endpoint(r);
}

CopyRow copy_row(Family family, Bytes row) {
  ByteReader r(row);
  CopyRow out;
  out.first = read_address(r, family);
  out.last = read_address(r, family);
  out.to = read_endpoint(r);
  return out;
}

bool can_be(const CopyRow& row) {
  if (!takes_packets(row.to)) return false;
  // A range may have groups in it that never leave their link; routers join such.
  if (row.first == row.last) return dataplane::multicast::is_forwarded(row.first);
  return row.first < row.last && is_multicast(row.first) && is_multicast(row.last);
}

}  // namespace forces::fe::forwarding
