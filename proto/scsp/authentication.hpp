// The Authentication Extension (RFC 2334 section B.3.1): where the digest stands and what it
// covers. The digest itself is made by whoever has the keys and a cryptographic library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/core/result.hpp"
#include "proto/scsp/packet.hpp"

namespace forces::scsp {

struct Authentication {
  std::uint32_t spi = 0;
  Bytes mac{};  // compare in constant time
};
[[nodiscard]] std::optional<Authentication> authentication(const Packet& packet);

// The pieces to digest one after the other: the whole packet with Checksum and Authentication Data
// as zeros. Nothing when the packet has no Authentication Extension.
using DigestInput = std::array<Bytes, 5>;
[[nodiscard]] std::optional<DigestInput> digest_input(const Packet& packet);

// For a packet of a writer that left room for a digest: puts it there, then the checksum over the
// result. Before, its octets are what is to be digested. Missing or BadLength when there is no room
// for these octets, and then nothing has changed.
[[nodiscard]] Result<void> seal(std::span<std::byte> packet, Bytes mac);

}  // namespace forces::scsp
