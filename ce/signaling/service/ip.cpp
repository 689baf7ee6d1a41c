#include "ce/signaling/service/ip.hpp"

#include "proto/wire/checksum.hpp"
#include "proto/wire/writer.hpp"

namespace forces::signaling {
namespace {

constexpr std::uint8_t kProtocol = 46, kCs6 = 0xc0;
constexpr std::size_t kHeader = 20;

}  // namespace

bool is_rsvp(wire::Bytes packet) {
  return packet.size() >= kHeader && std::to_integer<unsigned>(packet[0]) >> 4 == 4 &&
         std::to_integer<std::uint8_t>(packet[9]) == kProtocol;
}

std::optional<RsvpPacket> read_rsvp(wire::Bytes packet) {
  if (!is_rsvp(packet)) return std::nullopt;
  wire::ByteReader r(packet);
  const std::size_t header = (r.u8("ip.version") & 0x0fU) * std::size_t{4};
  (void)r.u8("ip.tos");
  const std::size_t length = r.u16("ip.length");
  (void)r.u16("ip.identification");
  const unsigned fragment = r.u16("ip.fragment") & 0x3fffU;  // more follow, or not the first
  RsvpPacket read;
  read.ttl = r.u8("ip.ttl");
  (void)r.u8("ip.protocol");
  (void)r.u16("ip.checksum");
  read.source = r.u32("ip.source");
  read.destination = r.u32("ip.destination");
  if (header < kHeader || length < header || length > packet.size() || fragment != 0) {
    return std::nullopt;
  }
  read.octets = packet.subspan(header, length - header);
  return read;
}

std::optional<std::vector<std::byte>> write_rsvp(const RsvpPacket& packet) {
  const std::size_t length = kHeader + packet.octets.size();
  if (length > 0xffff) return std::nullopt;
  wire::ByteWriter w;
  w.u8(0x45);
  w.u8(kCs6);
  w.u16(static_cast<std::uint16_t>(length));
  w.u32(0);  // whole
  w.u8(packet.ttl);
  w.u8(kProtocol);
  w.u16(0);
  w.u32(packet.source);
  w.u32(packet.destination);
  const std::uint16_t sum = wire::internet_checksum(w.written());
  w.bytes(packet.octets);
  const wire::Bytes written = w.written();
  std::vector<std::byte> octets(written.begin(), written.end());
  octets[10] = static_cast<std::byte>(sum >> 8);
  octets[11] = static_cast<std::byte>(sum);
  return octets;
}

}  // namespace forces::signaling
