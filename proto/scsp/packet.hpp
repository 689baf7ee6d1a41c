// A checked SCSP packet as spans of its octets (RFC 2334 appendix B); allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/core/result.hpp"
#include "proto/scsp/codes.hpp"
#include "proto/scsp/id.hpp"
#include "proto/scsp/ranges.hpp"
#include "proto/wire/reader.hpp"

namespace forces::scsp {

// B.2.5, in front of the Mandatory Common Part. 0 is taken as it comes.
struct HelloPart {
  std::uint16_t interval = 0;  // seconds
  std::uint16_t dead_factor = 0;
  std::uint16_t family = 0;
  friend bool operator==(const HelloPart&, const HelloPart&) = default;
};

// B.2.1
struct AlignmentPart {
  std::uint32_t sequence = 0;
  bool master = false;      // M
  bool initialize = false;  // I
  bool more = false;        // O
  friend bool operator==(const AlignmentPart&, const AlignmentPart&) = default;
};

// Fixed part and Mandatory Common Part: what a writer is given and a reader finds.
struct Head {
  MsgType type{};
  std::uint16_t protocol = static_cast<std::uint16_t>(ProtocolId::Mars);
  std::uint16_t server_group = 0;
  Bytes sender{};
  Bytes receiver{};           // of a Hello: the first one heard, or empty
  AlignmentPart alignment{};  // of a CA
  HelloPart hello{};          // of a Hello
};

struct Packet : Head {
  RecordRange records{};        // CSAS of CA, CSU Reply and CSUS; CSA of a CSU Request
  ReceiverRange receivers{};    // of a Hello: those behind the first
  ExtensionRange extensions{};  // without End
  Bytes octets{};               // the whole packet
};

// `octets` is what a VC delivered after LLC/SNAP: one packet, neither less nor more. Every error is
// an abnormal event (fault.hpp). Form only is judged: whom it is for, and what a CSA's protocol
// specific part says, is asked of check_addressee() and of proto/mars.
[[nodiscard]] Result<Packet> decode_packet(Bytes octets);

// Whether a Hello lists this server, as its first receiver or as another.
[[nodiscard]] bool hears(const Packet& hello, Bytes server_id);

struct Addressee {
  std::uint16_t protocol = static_cast<std::uint16_t>(ProtocolId::Mars);
  std::uint16_t server_group = 0;
  Bytes server_id{};  // LSID
};
// BadValue when the packet is for another PID, SGID or server; all-ones is everybody in a CSU
// Request only (section 2.3). A Hello is for whoever gets it. fault_of() says DiscardPacket.
[[nodiscard]] Result<void> check_addressee(const Packet& packet, const Addressee& self);

}  // namespace forces::scsp
