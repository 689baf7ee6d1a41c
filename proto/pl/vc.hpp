// VCs of the MARS between an FE and a CE (RFC 2022), over the association of the two.
//
// Where ATM has point-to-point VCs and the point-to-multipoint CCVC and SCVC, there are messages of
// a private type (RFC 5810 appendix A.1) whose private TLV (A.4) says which VC they are on and
// holds one SDU, LLC/SNAP included:
//
//   common header, type 0x80 | TLV 0x8001, 0x8002 or 0x8003: SDU
//
// A redirected packet would go on the data channel (RFC 5811; proto/tml), where a flood of others
// starves it and what waits is dropped; this goes on the control channel, behind Config and Query.
// Nothing is answered: MARS repeats what it needs.
#pragma once

#include <cstdint>

#include "proto/pl/header.hpp"
#include "proto/pl/message.hpp"
#include "proto/wire/reader.hpp"

namespace forces::pl {

// NOLINTNEXTLINE(performance-enum-size): as wide as on the wire
enum class VcKind : std::uint16_t {
  PointToPoint = 0x8001,
  Cluster = 0x8002,  // CCVC: from the MARS to cluster members
  Server = 0x8003,   // SCVC: from the MARS to multicast servers
};
[[nodiscard]] std::string_view to_string(VcKind kind);
[[nodiscard]] constexpr bool is_known(VcKind kind) {
  return kind >= VcKind::PointToPoint && kind <= VcKind::Server;
}

struct VcView {
  VcKind kind{};
  wire::Bytes sdu{};  // of the message
};

// `message` is one whole message, header included. TLVs of other types are stepped over; none of
// these, or two, is an error.
[[nodiscard]] Result<VcView> decode_vc(wire::Bytes message);

[[nodiscard]] Result<Octets> encode_vc(ForcesId source, ForcesId destination, VcKind kind,
                                       wire::Bytes sdu);

}  // namespace forces::pl
