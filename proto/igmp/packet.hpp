// An IGMP or MLD message in its IP packet, as ports and the data channel have it. What the RFCs ask
// of the packet (hop limit 1, Router Alert, a link-local source of MLD) is told, not judged:
// `sent_as_required()`.
#pragma once

#include "proto/igmp/message.hpp"

namespace forces::igmp {

struct Packet {
  Address source{}, destination{};
  std::uint8_t hop_limit = 1;
  bool router_alert = true;  // RFC 2113; RFC 2711
  Message message{};
  friend bool operator==(const Packet&, const Packet&) = default;
};

// BadChecksum also for the header of IPv4; UnknownType for what is neither IGMP nor MLD; BadValue
// for fragments. Octets behind the packet are the link's padding and ignored.
[[nodiscard]] Result<Packet> decode_packet(Bytes octets);

// Appends the packet: IPv4 with precedence Internetwork Control (RFC 3376 section 4), MLD with its
// Hop-by-Hop Options header (RFC 3810 section 5).
void encode_packet(const Packet& packet, wire::ByteWriter& w);

// RFC 3376 section 4, RFC 3810 sections 5 and 6.2: hop limit 1; Router Alert but for version 1 and
// for queries of IGMP, which routers of version 1 send without; of MLD, a link-local source.
[[nodiscard]] bool sent_as_required(const Packet& packet);

}  // namespace forces::igmp
