#include "fe/dataplane/kernel/netlink.hpp"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

#include "common/core/assert.hpp"

namespace forces::fe::dataplane::kernel {
namespace {

unsigned char wire_family(Family family) { return family == Family::Ipv4 ? AF_INET : AF_INET6; }

nlmsghdr* start(std::span<std::byte> out, std::uint16_t type, std::uint16_t flags) {
  FORCES_ASSERT(out.size() >= kMaxRequest);
  nlmsghdr* header = mnl_nlmsg_put_header(out.data());
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  return header;
}

template <class T>
T* extra(nlmsghdr* header) {
  return static_cast<T*>(mnl_nlmsg_put_extra_header(header, sizeof(T)));
}

constexpr int kMostErrno = 4095;  // the kernel's MAX_ERRNO

constexpr std::uint16_t kSet = NLM_F_CREATE | NLM_F_REPLACE;

std::uint16_t set_flags(bool create) { return create ? kSet : std::uint16_t{NLM_F_REPLACE}; }

unsigned char wire_type(Reject reject) {
  switch (reject) {
    case Reject::No:
      return RTN_UNICAST;
    case Reject::Unreachable:
      return RTN_UNREACHABLE;
    case Reject::Prohibited:
      return RTN_PROHIBIT;
  }
  return RTN_UNSPEC;
}

nlmsghdr* put_route(std::uint16_t type, std::uint16_t flags, const Prefix& prefix,
                    const Identity& identity, std::span<std::byte> out,
                    unsigned char kind = RTN_UNSPEC) {
  nlmsghdr* header = start(out, type, flags);
  auto* route = extra<rtmsg>(header);
  route->rtm_family = wire_family(prefix.address.family);
  route->rtm_dst_len = prefix.length;
  route->rtm_protocol = identity.protocol;
  if (identity.table < 256) route->rtm_table = static_cast<unsigned char>(identity.table);
  // A deletion names no scope and no type, or the kernel would compare them too.
  route->rtm_scope = type == RTM_NEWROUTE ? RT_SCOPE_UNIVERSE : RT_SCOPE_NOWHERE;
  route->rtm_type = kind;
  mnl_attr_put(header, RTA_DST, prefix.address.size(), prefix.address.octets.data());
  mnl_attr_put_u32(header, RTA_TABLE, identity.table);
  mnl_attr_put_u32(header, RTA_PRIORITY, identity.priority);
  return header;
}

struct Encoder {
  const Identity& identity;
  std::span<std::byte> out;

  std::size_t operator()(const SetRoute& set) const {
    nlmsghdr* header =
        put_route(RTM_NEWROUTE, kSet, set.prefix, identity, out, wire_type(set.reject));
    if (set.reject == Reject::No) mnl_attr_put_u32(header, RTA_NH_ID, set.target.value);
    if (set.mtu != 0) {
      nlattr* metrics = mnl_attr_nest_start(header, RTA_METRICS);
      mnl_attr_put_u32(header, RTAX_MTU, set.mtu);
      mnl_attr_nest_end(header, metrics);
    }
    return header->nlmsg_len;
  }

  std::size_t operator()(const DeleteRoute& gone) const {
    return put_route(RTM_DELROUTE, 0, gone.prefix, identity, out)->nlmsg_len;
  }

  std::size_t operator()(const SetNextHop& set) const {
    nlmsghdr* header =
        object(RTM_NEWNEXTHOP, set_flags(set.create), wire_family(family_of(set.id)));
    auto* next_hop = static_cast<nhmsg*>(mnl_nlmsg_get_payload(header));
    mnl_attr_put_u32(header, NHA_ID, set.id.value);
    if (set.next_hop.discard) {
      mnl_attr_put(header, NHA_BLACKHOLE, 0, nullptr);
      return header->nlmsg_len;
    }
    mnl_attr_put_u32(header, NHA_OIF, set.next_hop.interface);
    if (const auto& gateway = set.next_hop.gateway) {
      next_hop->nh_family = wire_family(gateway->family);
      mnl_attr_put(header, NHA_GATEWAY, gateway->size(), gateway->octets.data());
      if (set.next_hop.on_link) next_hop->nh_flags = RTNH_F_ONLINK;
    }
    return header->nlmsg_len;
  }

  std::size_t operator()(const SetMembers& set) const {
    FORCES_ASSERT(set.members.size() <= kMaxMembers);
    nlmsghdr* header = object(RTM_NEWNEXTHOP, set_flags(set.create), AF_UNSPEC);
    mnl_attr_put_u32(header, NHA_ID, set.id.value);
    std::array<nexthop_grp, kMaxMembers> group{};
    for (std::size_t i = 0; i < set.members.size(); ++i) {
      group[i].id = set.members[i].next_hop.value;
      group[i].weight = static_cast<std::uint8_t>(set.members[i].weight - 1);
    }
    mnl_attr_put(header, NHA_GROUP, set.members.size() * sizeof(nexthop_grp), group.data());
    return header->nlmsg_len;
  }

  std::size_t operator()(const DeleteObject& gone) const {
    nlmsghdr* header = object(RTM_DELNEXTHOP, 0, AF_UNSPEC);
    static_cast<nhmsg*>(mnl_nlmsg_get_payload(header))->nh_protocol = 0;
    mnl_attr_put_u32(header, NHA_ID, gone.id.value);
    return header->nlmsg_len;
  }

 private:
  nlmsghdr* object(std::uint16_t type, std::uint16_t flags, unsigned char family) const {
    nlmsghdr* header = start(out, type, flags);
    auto* message = extra<nhmsg>(header);
    message->nh_family = family;
    message->nh_protocol = identity.protocol;
    return header;
  }
};

// The attributes of a message or a nest by type; those from kTypes on are not kept.
class Attributes {
 public:
  static constexpr std::size_t kTypes = 32;
  static_assert(RTA_NH_ID < kTypes && IFLA_OPERSTATE < kTypes);
  [[nodiscard]] static Result<Attributes> of(const nlmsghdr* header, std::size_t fixed,
                                             std::string_view field) {
    Attributes found;
    if (header->nlmsg_len < MNL_NLMSG_HDRLEN + MNL_ALIGN(fixed))
      return fail(Errc::Truncated, field);
    // Not mnl_attr_parse: it rounds the length of the message up, beyond what was received.
    const std::size_t offset = MNL_ALIGN(fixed);
    const auto* payload = static_cast<const char*>(mnl_nlmsg_get_payload(header));
    mnl_attr_parse_payload(payload + offset, mnl_nlmsg_get_payload_len(header) - offset, keep,
                           &found);
    return found;
  }
  [[nodiscard]] static Attributes nested(const nlattr* outer) {
    Attributes found;
    if (outer != nullptr) mnl_attr_parse_nested(outer, keep, &found);
    return found;
  }

  [[nodiscard]] const nlattr* operator[](std::size_t type) const { return found_[type]; }
  [[nodiscard]] bool has(std::size_t type) const { return found_[type] != nullptr; }
  // 0 when it is absent or too short: both mean that the kernel says nothing of it.
  [[nodiscard]] std::uint32_t u32(std::size_t type) const {
    std::uint32_t value = 0;
    const nlattr* attribute = found_[type];
    if (attribute != nullptr && mnl_attr_get_payload_len(attribute) >= sizeof value) {
      std::memcpy(&value, mnl_attr_get_payload(attribute), sizeof value);
    }
    return value;
  }
  [[nodiscard]] std::optional<Address> address(std::size_t type, Family family) const {
    Address value{family, {}};
    const nlattr* attribute = found_[type];
    if (attribute == nullptr || mnl_attr_get_payload_len(attribute) != value.size()) return {};
    std::memcpy(value.octets.data(), mnl_attr_get_payload(attribute), value.size());
    return value;
  }

 private:
  static int keep(const nlattr* attribute, void* data) {
    auto& found = static_cast<Attributes*>(data)->found_;
    const std::uint16_t type = mnl_attr_get_type(attribute);
    if (type < found.size()) found[type] = attribute;
    return MNL_CB_OK;
  }
  std::array<const nlattr*, kTypes> found_{};
};

std::optional<Family> family_from(unsigned char wire) {
  if (wire == AF_INET) return Family::Ipv4;
  if (wire == AF_INET6) return Family::Ipv6;
  return {};
}

using Body = decltype(Message::body);

Result<Body> parse_route(const nlmsghdr* header) {
  FORCES_TRY(attributes, Attributes::of(header, sizeof(rtmsg), "rtnetlink.route"));
  const auto* route = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(header));
  const auto family = family_from(route->rtm_family);
  if (!family || (route->rtm_flags & RTM_F_CLONED) != 0) return Body{Ignored{}};
  RouteMessage message;
  message.deleted = header->nlmsg_type == RTM_DELROUTE;
  RouteRow& row = message.row;
  row.prefix.length = route->rtm_dst_len;
  row.prefix.address.family = *family;
  if (const auto address = attributes.address(RTA_DST, *family)) row.prefix.address = *address;
  if (!is_valid(row.prefix)) return fail(Errc::BadValue, "rtnetlink.route.prefix");
  row.protocol = route->rtm_protocol;
  row.table = attributes.has(RTA_TABLE) ? attributes.u32(RTA_TABLE) : route->rtm_table;
  row.priority = attributes.u32(RTA_PRIORITY);
  row.target = ObjectId{attributes.u32(RTA_NH_ID)};
  row.mtu = Attributes::nested(attributes[RTA_METRICS]).u32(RTAX_MTU);
  const unsigned char type = route->rtm_type;
  if (type == RTN_UNREACHABLE) row.reject = Reject::Unreachable;
  if (type == RTN_PROHIBIT) row.reject = Reject::Prohibited;
  row.plain = route->rtm_tos == 0 && route->rtm_src_len == 0 &&
              (type == RTN_UNICAST || type == RTN_BLACKHOLE || row.reject != Reject::No);
  return Body{message};
}

Result<Body> parse_object(const nlmsghdr* header) {
  FORCES_TRY(attributes, Attributes::of(header, sizeof(nhmsg), "rtnetlink.nexthop"));
  const auto* next_hop = static_cast<const nhmsg*>(mnl_nlmsg_get_payload(header));
  ObjectMessage message;
  message.deleted = header->nlmsg_type == RTM_DELNEXTHOP;
  ObjectRow& row = message.row;
  row.id = ObjectId{attributes.u32(NHA_ID)};
  if (row.id == kNoObject) return fail(Errc::Missing, "rtnetlink.nexthop.id");
  row.protocol = next_hop->nh_protocol;
  if (const nlattr* group = attributes[NHA_GROUP]) {
    const std::size_t length = mnl_attr_get_payload_len(group);
    if (length % sizeof(nexthop_grp) != 0) return fail(Errc::BadLength, "rtnetlink.nexthop.group");
    const auto* at = static_cast<const std::byte*>(mnl_attr_get_payload(group));
    for (std::size_t offset = 0; offset < length; offset += sizeof(nexthop_grp)) {
      nexthop_grp member{};
      std::memcpy(&member, at + offset, sizeof member);
      row.members.push_back({ObjectId{member.id}, static_cast<std::uint16_t>(member.weight + 1)});
    }
    return Body{message};
  }
  row.next_hop.discard = attributes.has(NHA_BLACKHOLE);
  row.next_hop.interface = attributes.u32(NHA_OIF);
  if (const auto family = family_from(next_hop->nh_family)) {
    row.next_hop.gateway = attributes.address(NHA_GATEWAY, *family);
  }
  row.next_hop.on_link = (next_hop->nh_flags & RTNH_F_ONLINK) != 0;
  if (row.next_hop.discard) row.next_hop = {.discard = true};
  return Body{message};
}

Result<Body> parse_link(const nlmsghdr* header) {
  FORCES_TRY(attributes, Attributes::of(header, sizeof(ifinfomsg), "rtnetlink.link"));
  const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(header));
  if (info->ifi_family != AF_UNSPEC) return Body{Ignored{}};  // bridge ports speak of themselves
  if (info->ifi_index <= 0) return fail(Errc::BadValue, "rtnetlink.link.index");
  LinkMessage message;
  message.deleted = header->nlmsg_type == RTM_DELLINK;
  Link& link = message.link;
  link.index = static_cast<std::uint32_t>(info->ifi_index);
  link.admin_up = (info->ifi_flags & IFF_UP) != 0;
  link.carrier = (info->ifi_flags & IFF_LOWER_UP) != 0;
  // The kernel drops the next hops of a link that is not up, or neither running nor with carrier.
  link.up = link.admin_up && (info->ifi_flags & (IFF_RUNNING | IFF_LOWER_UP)) != 0;
  link.mtu = attributes.u32(IFLA_MTU);
  const auto copy = [&](std::size_t type, auto& to, std::size_t room) {
    if (const nlattr* from = attributes[type]) {
      std::memcpy(to.data(), mnl_attr_get_payload(from),
                  std::min<std::size_t>(room, mnl_attr_get_payload_len(from)));
    }
  };
  copy(IFLA_IFNAME, link.name, link.name.size() - 1);
  copy(IFLA_ADDRESS, link.mac, link.mac.size());
  std::array<std::uint8_t, 1> state{};
  copy(IFLA_OPERSTATE, state, 1);
  link.oper_state = state[0];
  return Body{message};
}

Result<Body> parse_address(const nlmsghdr* header) {
  FORCES_TRY(attributes, Attributes::of(header, sizeof(ifaddrmsg), "rtnetlink.address"));
  const auto* info = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(header));
  const auto family = family_from(info->ifa_family);
  if (!family) return Body{Ignored{}};
  // IFA_ADDRESS is the peer's on a point-to-point interface, IFA_LOCAL is ours.
  auto address = attributes.address(IFA_LOCAL, *family);
  if (!address) address = attributes.address(IFA_ADDRESS, *family);
  if (!address) return fail(Errc::Missing, "rtnetlink.address.local");
  if (info->ifa_prefixlen > address->size() * 8) {
    return fail(Errc::BadValue, "rtnetlink.address.length");
  }
  return Body{AddressMessage{{info->ifa_index, *address, info->ifa_prefixlen},
                             header->nlmsg_type == RTM_DELADDR}};
}

// What the kernel says is 0 or a negative errno.
Result<int> errno_of(std::int32_t said) {
  if (said > 0 || said < -kMostErrno) return fail(Errc::BadValue, "netlink.error");
  return -said;
}

Result<Body> parse_error(const nlmsghdr* header) {
  if (header->nlmsg_len < mnl_nlmsg_size(sizeof(nlmsgerr))) {
    return fail(Errc::Truncated, "netlink.error");
  }
  const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header));
  FORCES_TRY(code, errno_of(error->error));
  Acknowledged message{code, {}};
  if ((header->nlmsg_flags & NLM_F_ACK_TLVS) != 0) {
    std::size_t fixed = sizeof(nlmsgerr);
    // Without NLM_F_CAPPED the request follows in full, and the attributes after it.
    if ((header->nlmsg_flags & NLM_F_CAPPED) == 0 && error->msg.nlmsg_len > MNL_NLMSG_HDRLEN) {
      fixed += MNL_ALIGN(error->msg.nlmsg_len - MNL_NLMSG_HDRLEN);
    }
    FORCES_TRY(attributes, Attributes::of(header, fixed, "netlink.error"));
    if (const nlattr* text = attributes[NLMSGERR_ATTR_MSG]) {
      const auto* at = static_cast<const char*>(mnl_attr_get_payload(text));
      message.text.assign(at, strnlen(at, mnl_attr_get_payload_len(text)));
    }
  }
  return Body{std::move(message)};
}

Result<Body> parse_done(const nlmsghdr* header) {
  std::int32_t status = 0;
  if (header->nlmsg_len >= mnl_nlmsg_size(sizeof status)) {
    std::memcpy(&status, mnl_nlmsg_get_payload(header), sizeof status);
  }
  FORCES_TRY(code, errno_of(status));
  return Body{DumpDone{code}};
}

Result<Body> parse_body(const nlmsghdr* header) {
  switch (header->nlmsg_type) {
    case NLMSG_ERROR:
      return parse_error(header);
    case NLMSG_DONE:
      return parse_done(header);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return parse_route(header);
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return parse_object(header);
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return parse_link(header);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return parse_address(header);
    default:
      return Body{Ignored{}};
  }
}

}  // namespace

std::size_t encode(const Operation& operation, const Identity& identity, std::span<std::byte> out) {
  return std::visit(Encoder{identity, out}, operation);
}

std::size_t encode(Dump dump, const Identity& identity, std::uint32_t sequence,
                   std::span<std::byte> out) {
  nlmsghdr* header = nullptr;
  switch (dump) {
    case Dump::Links:
      header = start(out, RTM_GETLINK, NLM_F_DUMP);
      extra<ifinfomsg>(header);
      break;
    case Dump::Addresses:
      header = start(out, RTM_GETADDR, NLM_F_DUMP);
      extra<ifaddrmsg>(header);
      break;
    case Dump::NextHops:
      header = start(out, RTM_GETNEXTHOP, NLM_F_DUMP);
      extra<nhmsg>(header);
      break;
    case Dump::Ipv4Routes:
    case Dump::Ipv6Routes: {
      header = start(out, RTM_GETROUTE, NLM_F_DUMP);
      auto* route = extra<rtmsg>(header);
      route->rtm_family = dump == Dump::Ipv4Routes ? AF_INET : AF_INET6;
      route->rtm_protocol = identity.protocol;
      mnl_attr_put_u32(header, RTA_TABLE, identity.table);
      break;
    }
  }
  header->nlmsg_seq = sequence;
  return header->nlmsg_len;
}

Result<Message> take_message(std::span<const std::byte>& octets) {
  FORCES_ASSERT(reinterpret_cast<std::uintptr_t>(octets.data()) % alignof(nlmsghdr) == 0);
  const auto* header = reinterpret_cast<const nlmsghdr*>(octets.data());
  if (octets.size() < sizeof *header) {
    octets = {};
    return fail(Errc::Truncated, "netlink.header");
  }
  const std::size_t length = header->nlmsg_len;
  if (length < sizeof *header || length > octets.size()) {
    octets = {};
    return fail(Errc::BadLength, "netlink.length");
  }
  octets = octets.subspan(std::min<std::size_t>(MNL_ALIGN(length), octets.size()));
  FORCES_TRY(body, parse_body(header));
  return Message{header->nlmsg_seq, header->nlmsg_pid, header->nlmsg_flags, std::move(body)};
}

}  // namespace forces::fe::dataplane::kernel
