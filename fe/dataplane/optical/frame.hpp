// Test traffic between optical ports: a frame stands for what a time slot or a wavelength carries.
//
//   0                   1                   2                   3
//   +---------------------------------------------------------------+
//   |                             Label                             |
//   +---------------+---------------+-------------------------------+
//   |     Kind      |     Hops      |            Length             |
//   +---------------+---------------+-------------------------------+
//   |                   Payload, Length octets                      |
//
// behind an Ethernet header with EtherType 0x88b5 (IEEE 802, local experimental). Who sends sets
// Hops to 0; each fabric adds 1, so that cross-connects in a circle do not keep a frame for ever.
#pragma once

#include <cstdint>
#include <span>

#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"

namespace forces::fe::dataplane::optical {

inline constexpr std::uint16_t kEtherType = 0x88b5;
inline constexpr std::size_t kFrameHeader = 8;
inline constexpr std::uint8_t kMostHops = 64;
inline constexpr std::size_t kMostTrace = 64;  // octets of a trace string

enum class FrameKind : std::uint8_t {
  Traffic = 0,
  Trace = 1,  // the payload is a trace string, printable ASCII, which every receiver looks at
};

struct Frame {
  std::uint32_t label = 0;
  FrameKind kind = FrameKind::Traffic;
  std::uint8_t hops = 0;
  wire::Bytes payload{};
};

// What follows the Ethernet header. Octets beyond Length are padding.
[[nodiscard]] Result<Frame> decode_frame(wire::Bytes octets);
[[nodiscard]] bool is_trace(wire::Bytes payload);

// Label, kind, hops, and the length of the payload, which is to follow.
void write_header(std::span<std::byte, kFrameHeader> out, const Frame& frame);

}  // namespace forces::fe::dataplane::optical
