// The keyed digests of RFC 2747 by OpenSSL, for whoever makes an engine: no room of the signalling
// knows OpenSSL itself.
#pragma once

#include "ce/signaling/rsvp/config.hpp"

namespace forces::signaling {

// HMAC-MD5 or HMAC-SHA1 of the parts, one behind the other; empty where OpenSSL refuses, as a
// provider without MD5 does.
[[nodiscard]] std::vector<std::byte> hmac(engine::Digest digest, wire::Bytes secret,
                                          std::span<const wire::Bytes> parts);

}  // namespace forces::signaling
