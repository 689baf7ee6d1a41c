// Authentication of packets between two servers (RFC 2334 section B.3.1) with keys of a table.
#pragma once

#include <optional>

#include "ce/multicast/scsp/config.hpp"
#include "proto/scsp/packet.hpp"

namespace forces::multicast::sync {

inline constexpr std::string_view kFieldAuthentication = "scsp.authentication";

// The key that signs now; null: none is valid.
[[nodiscard]] const Key* signing_key(const Security& security, Instant now);

// Puts digest and checksum into a packet whose writer was given the SPI of `key`.
[[nodiscard]] Result<void> sign(std::span<std::byte> packet, const Key& key, const Hmac& hmac);

// Missing: no digest where one is asked for. BadValue: an SPI that we have not given out, or whose
// lifetime is over. BadChecksum: another digest. All of kFieldAuthentication: abnormal events.
[[nodiscard]] Result<void> verify(const scsp::Packet& packet, const Security& security,
                                  const Hmac& hmac, Instant now);

}  // namespace forces::multicast::sync
