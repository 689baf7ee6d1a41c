#include "proto/igmp/packet.hpp"

#include "proto/wire/checksum.hpp"
#include "proto/wire/ip_options.hpp"

namespace forces::igmp {
namespace {

using wire::ByteReader;
using wire::ByteWriter;

constexpr std::uint8_t kHopByHop = 0, kIgmp = 2, kIcmpV6 = 58;
constexpr std::uint8_t kInternetworkControl = 0xc0;
constexpr std::uint8_t kRouterAlertSix = 5, kPadN = 1;
constexpr std::uint16_t kDontFragment = 0x4000, kReservedBit = 0x8000;
constexpr std::size_t kHeader = 20, kHeaderSix = 40;

bool has_router_alert_six(ByteReader options) {
  while (!options.empty()) {
    const std::uint8_t type = options.u8("ip6.option");
    if (type == 0) continue;
    if (type == kRouterAlertSix) return true;
    options.take(options.u8("ip6.option.length"), "ip6.option.value");
  }
  return false;
}

Result<Packet> with_message(Packet packet, std::size_t at, Bytes payload) {
  auto message = decode_message(packet.source, packet.destination, payload);
  if (!message) {
    Error error = message.error();
    error.offset += static_cast<std::uint32_t>(at);
    return fail(error);
  }
  packet.message = *message;
  return packet;
}

Result<Packet> decode_four(Bytes octets) {
  ByteReader r(octets);
  const std::size_t header = (r.u8("ip.version") & 0x0fU) * std::size_t{4};
  r.u8("ip.tos");
  const std::size_t total = r.u16("ip.length");
  r.u16("ip.id");
  const unsigned fragment = r.u16("ip.fragment");
  Packet packet{.hop_limit = r.u8("ip.ttl")};
  const std::uint8_t protocol = r.u8("ip.protocol");
  r.u16("ip.checksum");
  packet.source = Address::from(Family::Ipv4, r.take(4, "ip.source"));
  packet.destination = Address::from(Family::Ipv4, r.take(4, "ip.destination"));
  if (!r.ok()) return fail(r.error());
  if (header < kHeader || total < header) return fail(Errc::BadLength, "ip.length", 2);
  if (total > octets.size()) return fail(Errc::Truncated, "ip.length", octets.size());
  if (wire::internet_checksum(octets.first(header)) != 0) {
    return fail(Errc::BadChecksum, "ip.checksum", 10);
  }
  if (protocol != kIgmp) return fail(Errc::UnknownType, "ip.protocol", 9);
  if ((fragment & ~(kDontFragment | kReservedBit)) != 0) {
    return fail(Errc::BadValue, "ip.fragment", 6);
  }
  packet.router_alert =
      wire::has_router_alert(ByteReader(octets.subspan(kHeader, header - kHeader)));
  return with_message(packet, header, octets.subspan(header, total - header));
}

Result<Packet> decode_six(Bytes octets) {
  ByteReader r(octets);
  r.u32("ip6.version");
  const std::size_t length = r.u16("ip6.length");
  std::uint8_t next = r.u8("ip6.next");
  Packet packet{.hop_limit = r.u8("ip6.hop_limit"), .router_alert = false};
  packet.source = Address::from(Family::Ipv6, r.take(16, "ip6.source"));
  packet.destination = Address::from(Family::Ipv6, r.take(16, "ip6.destination"));
  ByteReader payload = r.sub(length, "ip6.payload");
  if (!r.ok()) return fail(r.error());
  if (next == kHopByHop) {
    next = payload.u8("ip6.extension.next");
    const std::size_t size = payload.u8("ip6.extension.length") * std::size_t{8} + 6;
    packet.router_alert = has_router_alert_six(payload.sub(size, "ip6.extension.body"));
    if (!payload.ok()) return fail(payload.error());
  }
  if (next != kIcmpV6) return fail(Errc::UnknownType, "ip6.next", 6);
  const std::size_t at = payload.offset();
  return with_message(packet, at, payload.rest());
}

}  // namespace

Result<Packet> decode_packet(Bytes octets) {
  if (octets.empty()) return fail(Errc::Truncated, "ip.version", 0);
  switch (std::to_integer<unsigned>(octets[0]) >> 4) {
    case 4:
      return decode_four(octets);
    case 6:
      return decode_six(octets);
    default:
      return fail(Errc::BadVersion, "ip.version", 0);
  }
}

void encode_packet(const Packet& packet, ByteWriter& w) {
  const std::size_t at = w.size();
  if (packet.source.family == Family::Ipv4) {
    const std::size_t options = packet.router_alert ? 4 : 0;
    w.u8(static_cast<std::uint8_t>(0x40 | (kHeader + options) / 4));
    w.u8(kInternetworkControl);
    w.u16(0);  // the length
    w.u16(0);
    w.u16(kDontFragment);
    w.u8(packet.hop_limit);
    w.u8(kIgmp);
    w.u16(0);  // the checksum
    w.bytes(packet.source.bytes());
    w.bytes(packet.destination.bytes());
    if (packet.router_alert) w.u32(std::uint32_t{wire::kRouterAlert} << 24 | 4U << 16);
    encode_message(packet.source, packet.destination, packet.message, w);
    w.patch_u16(at + 2, w.size() - at, "ip.length");
    w.patch_u16(at + 10, wire::internet_checksum(w.written().subspan(at, kHeader + options)),
                "ip.checksum");
    return;
  }
  w.u32(0x60000000);
  w.u16(0);  // the length
  w.u8(packet.router_alert ? kHopByHop : kIcmpV6);
  w.u8(packet.hop_limit);
  w.bytes(packet.source.bytes());
  w.bytes(packet.destination.bytes());
  if (packet.router_alert) {
    w.u8(kIcmpV6);
    w.u8(0);
    w.u32(std::uint32_t{kRouterAlertSix} << 24 | 2U << 16);  // of MLD (RFC 2711 section 2.1)
    w.u8(kPadN);
    w.u8(0);
  }
  encode_message(packet.source, packet.destination, packet.message, w);
  w.patch_u16(at + 4, w.size() - at - kHeaderSix, "ip6.length");
}

bool sent_as_required(const Packet& packet) {
  if (packet.hop_limit != 1) return false;
  if (packet.source.family == Family::Ipv6) {
    return packet.router_alert && packet.source.is_link_local();
  }
  if (packet.router_alert || std::holds_alternative<Query>(packet.message)) return true;
  const auto* report = std::get_if<Report>(&packet.message);
  return report != nullptr && report->version == Version::V1;
}

}  // namespace forces::igmp
