#include "ce/routing/fpm/decoder.hpp"

#include <optional>

#include "ce/routing/fpm/netlink.hpp"

namespace forces::ce::routing::fpm {
namespace {

constexpr std::size_t kNetlinkHeader = 16;

std::optional<Family> family_of(std::uint16_t af) {
  if (af == netlink::kInet) return Family::V4;
  if (af == netlink::kInet6) return Family::V6;
  return std::nullopt;
}

// The whole attribute is an address of that family.
IpAddress read_address(HostReader& value, Family family, std::string_view field) {
  const IpAddress none{family, {}};
  if (value.remaining() != none.size()) value.fail(Errc::BadLength, field, value.offset());
  const auto octets = value.rest();
  return value.ok() ? IpAddress::of(family, octets) : none;
}

// RTA_VIA: a gateway of a family of its own.
IpAddress read_via(HostReader& value, std::string_view field) {
  const std::size_t at = value.offset();
  const auto family = family_of(value.u16(field));
  if (value.ok() && !family) value.fail(Errc::BadValue, field, at);
  return family ? read_address(value, *family, field) : IpAddress{};
}

void carry_error(HostReader& to, const HostReader& from) {
  if (!from.ok()) to.fail(from.error());
}

// struct rtnexthop: u16 length, u8 flags, u8 weight less one, s32 interface, attributes.
void read_multipath(HostReader& value, Family family, std::vector<Path>& paths) {
  while (!value.empty()) {
    const std::uint16_t length = value.u16("route.multipath");
    value.u8("route.multipath.flags");
    Path path{.gateway = {family, {}}};
    path.weight = static_cast<std::uint16_t>(value.u8("route.multipath.weight") + 1);
    path.ifindex = value.u32("route.multipath.ifindex");
    HostReader attributes = value.body(length, 8, "route.multipath.length");
    while (!attributes.empty()) {
      Attribute a = read_attribute(attributes, "route.multipath.attribute");
      switch (a.type) {
        case netlink::rta::kGateway:
          path.gateway = read_address(a.value, family, "route.multipath.gateway");
          break;
        case netlink::rta::kVia:
          path.gateway = read_via(a.value, "route.multipath.via");
          break;
        case netlink::rta::kEncap:
          path.encapsulated = true;
          break;
        default:
          break;
      }
      carry_error(attributes, a.value);
    }
    carry_error(value, attributes);
    if (value.ok()) paths.push_back(path);
  }
}

// struct rtmsg and its attributes.
void read_route(HostReader& in, Message& message) {
  Route& route = message.route;
  route.paths.clear();
  const auto family = family_of(in.u8("route.family"));
  const std::size_t lengths_at = in.offset();
  route.prefix.length = in.u8("route.dst_len");
  route.source_length = in.u8("route.src_len");
  in.u8("route.tos");
  route.table = in.u8("route.table");
  route.protocol = in.u8("route.protocol");
  in.u8("route.scope");
  route.type = static_cast<RouteType>(in.u8("route.type"));
  in.u32("route.flags");
  if (!in.ok()) return;
  if (!family) {
    message.kind = MessageKind::Other;
    return;
  }
  if (route.prefix.length > max_length(*family)) {
    in.fail(Errc::BadValue, "route.dst_len", lengths_at);
    return;
  }
  bool has_destination = false;
  Path single{.gateway = {*family, {}}};
  route.prefix.address = {*family, {}};
  route.priority = route.next_hop_id = 0;
  while (!in.empty()) {
    Attribute a = read_attribute(in, "route.attribute");
    switch (a.type) {
      case netlink::rta::kDst:
        route.prefix.address = read_address(a.value, *family, "route.dst");
        has_destination = true;
        break;
      case netlink::rta::kOif:
        single.ifindex = a.value.u32("route.oif");
        break;
      case netlink::rta::kGateway:
        single.gateway = read_address(a.value, *family, "route.gateway");
        break;
      case netlink::rta::kVia:
        single.gateway = read_via(a.value, "route.via");
        break;
      case netlink::rta::kPriority:
        route.priority = a.value.u32("route.priority");
        break;
      case netlink::rta::kTable:
        route.table = a.value.u32("route.table");
        break;
      case netlink::rta::kMultipath:
        read_multipath(a.value, *family, route.paths);
        break;
      case netlink::rta::kEncap:
        single.encapsulated = true;
        break;
      case netlink::rta::kNhId:
        route.next_hop_id = a.value.u32("route.nh_id");
        break;
      default:
        break;
    }
    carry_error(in, a.value);
  }
  // The kernel leaves the destination of a default route out; nothing else may lack it.
  if (in.ok() && !has_destination && route.prefix.length != 0) {
    in.fail(Errc::Missing, "route.dst", lengths_at);
  }
  if (route.paths.empty() && (single.ifindex != 0 || !single.gateway.unspecified())) {
    route.paths.push_back(single);
  }
  route.prefix = route.prefix.canonical();
}

// struct nexthop_grp: u32 id, u8 weight less one, three octets to ignore.
void read_group(HostReader& value, std::vector<GroupMember>& members) {
  while (!value.empty()) {
    GroupMember member;
    const std::size_t at = value.offset();
    member.id = value.u32("nexthop.group.id");
    if (value.ok() && member.id == 0) value.fail(Errc::BadValue, "nexthop.group.id", at);
    member.weight = static_cast<std::uint16_t>(value.u8("nexthop.group.weight") + 1);
    value.take(3, "nexthop.group.reserved");
    if (value.ok()) members.push_back(member);
  }
}

// struct nhmsg and its attributes.
void read_next_hop(HostReader& in, Message& message) {
  NextHop& hop = message.next_hop;
  hop.members.clear();
  hop.id = 0;
  const std::size_t start = in.offset();
  const auto family = family_of(in.u8("nexthop.family"));
  in.take(3, "nexthop.protocol");
  in.u32("nexthop.flags");
  hop.path = {.gateway = {family.value_or(Family::V4), {}}};
  while (!in.empty()) {
    Attribute a = read_attribute(in, "nexthop.attribute");
    switch (a.type) {
      case netlink::nha::kId:
        hop.id = a.value.u32("nexthop.id");
        break;
      case netlink::nha::kGroup:
        read_group(a.value, hop.members);
        break;
      case netlink::nha::kBlackhole:
        hop.path.blackhole = true;
        break;
      case netlink::nha::kOif:
        hop.path.ifindex = a.value.u32("nexthop.oif");
        break;
      case netlink::nha::kGateway:
        hop.path.gateway = read_address(a.value, a.value.remaining() == 4 ? Family::V4 : Family::V6,
                                        "nexthop.gateway");
        break;
      case netlink::nha::kEncap:
        hop.path.encapsulated = true;
        break;
      default:
        break;
    }
    carry_error(in, a.value);
  }
  if (in.ok() && hop.id == 0) in.fail(Errc::Missing, "nexthop.id", start);
}

}  // namespace

bool FrameReader::next(Message& message) {
  if (in_.empty()) return false;
  const std::uint32_t length = in_.u32("netlink.length");
  message.netlink_type = in_.u16("netlink.type");
  in_.u16("netlink.flags");
  in_.u32("netlink.sequence");
  message.sender = in_.u32("netlink.pid");
  HostReader body = in_.body(length, kNetlinkHeader, "netlink.length");
  if (!in_.ok()) return false;
  switch (message.netlink_type) {
    case netlink::kNewRoute:
    case netlink::kDelRoute:
      message.kind = message.netlink_type == netlink::kNewRoute ? MessageKind::RouteAdd
                                                                : MessageKind::RouteDelete;
      read_route(body, message);
      break;
    case netlink::kNewNextHop:
    case netlink::kDelNextHop:
      message.kind = message.netlink_type == netlink::kNewNextHop ? MessageKind::NextHopAdd
                                                                  : MessageKind::NextHopDelete;
      read_next_hop(body, message);
      break;
    case netlink::kDone:
      message.kind = MessageKind::EndOfTable;
      break;
    default:
      message.kind = MessageKind::Other;
      break;
  }
  carry_error(in_, body);
  return in_.ok();
}

}  // namespace forces::ce::routing::fpm
