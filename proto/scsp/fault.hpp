// What RFC 2334 does with a packet that a decoder or a check refused. The answer follows from the
// error alone, whichever of proto/scsp and proto/mars it came from.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/core/error.hpp"

namespace forces::scsp {

enum class Fault : std::uint8_t {
  // The packet is discarded and its neighbour's HFSM goes from Unidirectional or Bidirectional to
  // Waiting, which takes its CAFSM to Down; Waiting and Down stay (section 2.1, "abnormal event").
  // A malformed packet, and one that fails authentication (section B.3.1).
  AbnormalEvent,
  // Well formed, but for another server or another server group: discarded, no state changes.
  DiscardPacket,
  // One CSA of a good packet says what this version does not know: that CSA is discarded and not
  // relayed, the rest of the packet is processed (RFC 2443 section 3, "State").
  DiscardRecord,
};

[[nodiscard]] constexpr std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::AbnormalEvent:
      return "abnormal_event";
    case Fault::DiscardPacket:
      return "discard_packet";
    case Fault::DiscardRecord:
      return "discard_record";
  }
  return "unknown";
}

// Fields that check_addressee() names.
inline constexpr std::string_view kFieldProtocol = "scsp.protocol_id";
inline constexpr std::string_view kFieldServerGroup = "scsp.server_group_id";
inline constexpr std::string_view kFieldReceiver = "scsp.receiver_id";
// Fields of the protocol specific part begin with this.
inline constexpr std::string_view kSpecificPart = "csa.";

[[nodiscard]] constexpr Fault fault_of(const Error& error) {
  const bool elsewhere = error.field == kFieldProtocol || error.field == kFieldServerGroup ||
                         error.field == kFieldReceiver;
  if (error.code == Errc::BadValue && elsewhere) return Fault::DiscardPacket;
  const bool form = error.code == Errc::Truncated || error.code == Errc::BadLength ||
                    error.code == Errc::TrailingOctets;
  if (error.field.starts_with(kSpecificPart) && !form) return Fault::DiscardRecord;
  return Fault::AbnormalEvent;
}

}  // namespace forces::scsp
