#include "fe/dataplane/classifier.hpp"

#include "proto/wire/ip_options.hpp"

namespace forces::fe::dataplane {
namespace {

using wire::ByteReader;
using wire::Bytes;

constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kDestination = 60;
constexpr std::uint8_t kTcp = 6, kUdp = 17, kIcmpV6 = 58;
constexpr int kMaxExtensionHeaders = 8;

PacketClass by_ports(std::uint8_t protocol, ByteReader transport) {
  const std::uint16_t source = transport.u16("transport.source");
  const std::uint16_t destination = transport.u16("transport.destination");
  if (!transport.ok()) return PacketClass::Other;
  if (protocol == kTcp && (source == 179 || destination == 179)) return PacketClass::Bgp;
  // RFC 5881 section 4 and RFC 5883 section 5: control, echo, multihop.
  const bool bfd = destination == 3784 || destination == 3785 || destination == 4784;
  return protocol == kUdp && bfd ? PacketClass::Bfd : PacketClass::Other;
}

PacketClass by_icmp_v6(ByteReader transport) {
  const std::uint8_t type = transport.u8("icmp6.type");
  const bool listener = (type >= 130 && type <= 132) || type == 143;  // MLD, RFC 3810
  return transport.ok() && listener ? PacketClass::Igmp : PacketClass::Icmp;
}

PacketClass by_protocol(std::uint8_t protocol, ByteReader transport) {
  switch (protocol) {
    case 1:
      return PacketClass::Icmp;
    case 2:
      return PacketClass::Igmp;
    case kTcp:
    case kUdp:
      return by_ports(protocol, transport);
    case 46:
      return PacketClass::Rsvp;
    case kIcmpV6:
      return by_icmp_v6(transport);
    case 89:
      return PacketClass::Ospf;
    case 103:
      return PacketClass::Pim;
    case 112:
      return PacketClass::Vrrp;
    default:
      return PacketClass::Other;
  }
}

std::optional<Classified> classify_v4(Bytes packet) {
  ByteReader r(packet);
  const std::size_t header = (r.u8("ip.version") & 0x0fU) * std::size_t{4};
  r.u8("ip.tos");
  const std::size_t total = r.u16("ip.length");
  r.u16("ip.id");
  const unsigned fragment = r.u16("ip.fragment");
  r.u8("ip.ttl");
  const std::uint8_t protocol = r.u8("ip.protocol");
  r.take(10, "ip.addresses");
  if (!r.ok() || header < 20 || total < header || total > packet.size()) return std::nullopt;
  const bool alert = wire::has_router_alert(ByteReader(packet.subspan(20, header - 20)));
  // A later fragment has no transport header to look at.
  if ((fragment & 0x1fffU) != 0 && (protocol == kTcp || protocol == kUdp)) {
    return Classified{PacketClass::Other, alert};
  }
  return Classified{by_protocol(protocol, ByteReader(packet.subspan(header, total - header))),
                    alert};
}

std::optional<Classified> classify_v6(Bytes packet) {
  ByteReader r(packet);
  r.u32("ip6.version");
  const std::size_t payload = r.u16("ip6.length");
  std::uint8_t next = r.u8("ip6.next");
  r.take(33, "ip6.addresses");
  ByteReader body = r.sub(payload, "ip6.payload");
  if (!r.ok()) return std::nullopt;
  bool alert = false;
  for (int i = 0; i < kMaxExtensionHeaders; ++i) {
    if (next != kHopByHop && next != kRouting && next != kDestination && next != kFragment) {
      return Classified{by_protocol(next, body), alert};
    }
    const std::uint8_t after = body.u8("ip6.extension.next");
    const std::size_t length = body.u8("ip6.extension.length");
    if (next == kFragment) {
      const unsigned offset = body.u16("ip6.fragment.offset") >> 3;
      body.take(4, "ip6.fragment.id");
      if (body.ok() && offset != 0) return Classified{PacketClass::Other, alert};
    } else {
      ByteReader options = body.sub(length * 8 + 6, "ip6.extension.body");
      while (next == kHopByHop && !options.empty()) {
        const std::uint8_t type = options.u8("ip6.option");
        if (type == 0) continue;
        if (type == 5) alert = true;  // RFC 2711
        options.take(options.u8("ip6.option.length"), "ip6.option.value");
      }
    }
    if (!body.ok()) return std::nullopt;
    next = after;
  }
  return Classified{PacketClass::Other, alert};
}

}  // namespace

std::optional<Classified> classify(Bytes packet) {
  if (packet.empty()) return std::nullopt;
  switch (static_cast<unsigned>(packet[0]) >> 4) {
    case 4:
      return classify_v4(packet);
    case 6:
      return classify_v6(packet);
    default:
      return std::nullopt;
  }
}

std::size_t ip_length(Bytes packet) {
  ByteReader r(packet);
  const unsigned version = r.u8("ip.version") >> 4;
  r.u8("ip.tos");
  if (version == 4) {
    const std::size_t total = r.u16("ip.length");
    return r.ok() ? std::min(total, packet.size()) : 0;
  }
  if (version == 6) {
    r.u16("ip6.flow");
    const std::size_t total = r.u16("ip6.length") + std::size_t{40};
    return r.ok() ? std::min(total, packet.size()) : 0;
  }
  return 0;
}

}  // namespace forces::fe::dataplane
