// Configuration of ports and of the classes of packets that they hand to the control plane.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace forces::fe::dataplane {

// Append only: values index tables; names are configuration values and metric labels.
enum class PacketClass : std::uint8_t {
  Ospf,   // IP 89
  Bgp,    // TCP port 179, either end
  Rsvp,   // IP 46
  Igmp,   // IP 2
  Arp,    // Ethernet 0x0806; answered at the FE, never redirected
  Icmp,   // IP 1
  Pim,    // IP 103
  Vrrp,   // IP 112
  Bfd,    // UDP 3784, 3785, 4784
  Other,  // everything else to the port's own address
};
inline constexpr std::size_t kPacketClasses = 10;
inline constexpr std::array<std::string_view, kPacketClasses> kPacketClassNames{
    "ospf", "bgp", "rsvp", "igmp", "arp", "icmp", "pim", "vrrp", "bfd", "other"};

[[nodiscard]] constexpr std::string_view to_string(PacketClass c) {
  return kPacketClassNames[static_cast<std::size_t>(c)];
}
[[nodiscard]] constexpr std::optional<PacketClass> packet_class(std::string_view name) {
  for (std::size_t i = 0; i < kPacketClasses; ++i) {
    if (kPacketClassNames[i] == name) return static_cast<PacketClass>(i);
  }
  return std::nullopt;
}

enum class PortKind : std::uint8_t {
  Raw,     // the kernel owns the port's address; one raw IP socket for each class
  Packet,  // no address in the kernel: a packet socket takes what is for `address`; ARP is answered
  Replay,  // packets come from a capture file; what is sent is counted
};

struct PortConfig {
  std::uint32_t port_id = 0;  // PHYPortID and RedirectIndex of RFC 6956
  PortKind kind = PortKind::Raw;
  std::string interface{};  // Raw, Packet
  std::string address{};    // Packet: own address with prefix, "10.98.0.1/24"
  // Raw takes ospf, rsvp, igmp, icmp (without requests, which the kernel answers), pim and vrrp;
  // bgp, bfd and other belong to Packet, for with an address the kernel would answer them itself.
  std::vector<PacketClass> classes{PacketClass::Ospf, PacketClass::Rsvp, PacketClass::Igmp};
  // Multicast membership is kept at this port: IGMP, and MLD at Raw, is handed over whatever
  // `classes` say.
  bool membership = false;
  std::string capture{};            // Replay: a pcap file
  std::uint32_t replay_rate = 100;  // Replay: packets a second, for ever
};

// Token bucket of a class, over all ports (RFC 5810 section 3 leaves the DoS defence to the FE).
struct ClassConfig {
  PacketClass packet_class = PacketClass::Other;
  std::uint32_t rate = 1000;   // packets a second
  std::uint32_t burst = 1000;  // packets
  std::uint8_t priority = 1;   // PL priority, 0..7
};

}  // namespace forces::fe::dataplane
