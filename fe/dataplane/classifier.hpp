// Which control-plane class a packet belongs to: octets in, class out, nothing else.
#pragma once

#include <cstdint>
#include <optional>

#include "fe/dataplane/port_config.hpp"
#include "proto/wire/reader.hpp"

namespace forces::fe::dataplane {

struct Classified {
  PacketClass packet_class{};
  bool router_alert = false;  // RFC 2113, RFC 2711: RouterAlertOptions exception of RFC 6956
  friend bool operator==(const Classified&, const Classified&) = default;
};

// An IPv4 or IPv6 packet, from its first octet. Nothing: not a packet a router may believe
// (version, header length, total length). Octets beyond the total length (Ethernet padding) are
// ignored.
[[nodiscard]] std::optional<Classified> classify(wire::Bytes packet);

// Length by the packet's own header, at most packet.size(); 0 when it is not IP.
[[nodiscard]] std::size_t ip_length(wire::Bytes packet);

}  // namespace forces::fe::dataplane
