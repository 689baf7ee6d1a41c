#include "fe/dataplane/ports/arp.hpp"

#include <algorithm>

#include "proto/wire/writer.hpp"

namespace forces::fe::dataplane {
namespace {

constexpr std::uint16_t kEthernet = 1, kIpv4 = 0x0800;

Mac read_mac(wire::ByteReader& r, std::string_view field) {
  Mac mac{};
  std::ranges::copy(r.take(mac.size(), field), mac.begin());
  return mac;
}

}  // namespace

Result<ArpPacket> decode_arp(wire::Bytes octets) {
  wire::ByteReader r(octets);
  ArpPacket packet;
  const std::uint16_t hardware = r.u16("arp.hardware");
  const std::uint16_t protocol = r.u16("arp.protocol");
  const std::uint8_t hardware_length = r.u8("arp.hardware_length");
  const std::uint8_t protocol_length = r.u8("arp.protocol_length");
  packet.operation = static_cast<ArpPacket::Operation>(r.u16("arp.operation"));
  packet.sender_mac = read_mac(r, "arp.sender_mac");
  packet.sender_ip = r.u32("arp.sender_ip");
  packet.target_mac = read_mac(r, "arp.target_mac");
  packet.target_ip = r.u32("arp.target_ip");
  if (!r.ok()) return fail(r.error());
  if (hardware != kEthernet) return fail(Errc::UnknownType, "arp.hardware", 0);
  if (protocol != kIpv4) return fail(Errc::UnknownType, "arp.protocol", 2);
  if (hardware_length != 6) return fail(Errc::BadLength, "arp.hardware_length", 4);
  if (protocol_length != 4) return fail(Errc::BadLength, "arp.protocol_length", 5);
  return packet;
}

std::array<std::byte, ArpPacket::kSize> encode_arp(const ArpPacket& packet) {
  wire::ByteWriter w;
  w.u16(kEthernet);
  w.u16(kIpv4);
  w.u8(6);
  w.u8(4);
  w.u16(static_cast<std::uint16_t>(packet.operation));
  w.bytes(packet.sender_mac);
  w.u32(packet.sender_ip);
  w.bytes(packet.target_mac);
  w.u32(packet.target_ip);
  std::array<std::byte, ArpPacket::kSize> octets{};
  std::ranges::copy(w.written(), octets.begin());
  return octets;
}

Mac multicast_mac(std::uint32_t group) {
  return {std::byte{0x01},
          std::byte{0x00},
          std::byte{0x5e},
          static_cast<std::byte>(group >> 16 & 0x7f),
          static_cast<std::byte>(group >> 8),
          static_cast<std::byte>(group)};
}

void NeighborTable::learn(std::uint32_t ip, const Mac& mac, Instant now) {
  asked_.erase(ip);
  if (!known_.contains(ip) && known_.size() >= kMax) {
    known_.erase(
        std::ranges::min_element(known_, {}, [](const auto& n) { return n.second.heard; }));
  }
  known_[ip] = {mac, now};
}

std::optional<Mac> NeighborTable::find(std::uint32_t ip, Instant now) const {
  const auto at = known_.find(ip);
  if (at == known_.end() || now - at->second.heard > kLifetime) return std::nullopt;
  return at->second.mac;
}

bool NeighborTable::should_ask(std::uint32_t ip, Instant now) {
  std::erase_if(asked_, [&](const auto& a) { return now - a.second >= kAskInterval; });
  return asked_.size() < kMax && asked_.emplace(ip, now).second;
}

}  // namespace forces::fe::dataplane
