// The IPv4 packets that RSVP travels in (protocol 46). RFC 791; RFC 3473 section 10.2: no router
// alert. Of another one only what RSVP needs is read.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/wire/reader.hpp"

namespace forces::signaling {

struct RsvpPacket {
  std::uint32_t source = 0, destination = 0;
  std::uint8_t ttl = 0;
  wire::Bytes octets;  // behind the IP header
};

// Whether it is IPv4 with protocol 46, be the rest as it may.
[[nodiscard]] bool is_rsvp(wire::Bytes packet);
// nullopt: it is no such packet, is cut, or is a fragment.
[[nodiscard]] std::optional<RsvpPacket> read_rsvp(wire::Bytes packet);
// With precedence CS6; nullopt: too large for one packet.
[[nodiscard]] std::optional<std::vector<std::byte>> write_rsvp(const RsvpPacket& packet);

}  // namespace forces::signaling
