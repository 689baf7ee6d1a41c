// The common header of every PL message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/core/result.hpp"
#include "proto/pl/codes.hpp"
#include "proto/pl/ids.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::pl {

enum class Ack : std::uint8_t { None = 0, Success = 1, Failure = 2, Always = 3 };
enum class ExecutionMode : std::uint8_t {  // EM
  Reserved = 0,
  AllOrNone = 1,
  UntilFailure = 2,
  ContinueOnFailure = 3,
};
enum class TransactionPhase : std::uint8_t { Start = 0, Middle = 1, End = 2, Abort = 3 };  // TP

// RFC 5810 section 6.1, figure 13. Bit 0 of the figure is the most significant one. Receivers
// ignore fields that mean nothing in a message (RFC 6053 section 3.4), so nothing in here is
// validated.
struct Flags {
  std::uint32_t value = 0;

  [[nodiscard]] constexpr Ack ack() const { return static_cast<Ack>(value >> 30); }
  [[nodiscard]] constexpr unsigned priority() const { return value >> 27 & 7; }
  [[nodiscard]] constexpr ExecutionMode execution_mode() const {
    return static_cast<ExecutionMode>(value >> 22 & 3);
  }
  [[nodiscard]] constexpr bool atomic() const { return (value >> 21 & 1) != 0; }  // AT
  [[nodiscard]] constexpr TransactionPhase phase() const {
    return static_cast<TransactionPhase>(value >> 19 & 3);
  }

  [[nodiscard]] constexpr Flags with_ack(Ack ack) const {
    return with(30, 3, static_cast<std::uint32_t>(ack));
  }
  [[nodiscard]] constexpr Flags with_priority(unsigned priority) const {
    return with(27, 7, priority & 7);
  }
  [[nodiscard]] constexpr Flags with_execution_mode(ExecutionMode mode) const {
    return with(22, 3, static_cast<std::uint32_t>(mode));
  }
  [[nodiscard]] constexpr Flags with_atomic(bool atomic) const { return with(21, 1, atomic); }
  [[nodiscard]] constexpr Flags with_phase(TransactionPhase phase) const {
    return with(19, 3, static_cast<std::uint32_t>(phase));
  }

  friend bool operator==(const Flags&, const Flags&) = default;

 private:
  [[nodiscard]] constexpr Flags with(unsigned shift, std::uint32_t mask, std::uint32_t v) const {
    return {(value & ~(mask << shift)) | v << shift};
  }
};

// RFC 5811 section 4.2.1.2: the priority its table gives to a message; a response carries that of
// its request instead.
[[nodiscard]] constexpr unsigned default_priority(MsgType type) {
  switch (type) {
    case MsgType::AssociationSetup:
    case MsgType::AssociationSetupResponse:
    case MsgType::AssociationTeardown:
      return 7;
    case MsgType::EventNotification:
    case MsgType::MarsVc:  // ours: behind Config and Query, before packets
      return 3;
    case MsgType::PacketRedirect:
      return 2;
    case MsgType::Heartbeat:
      return 1;
    default:
      return 4;
  }
}

// RFC 5810 section 6.1, figure 10.
struct Header {
  static constexpr std::size_t kSize = 24;
  static constexpr std::size_t kMaxLength = 65535 * std::size_t{4};

  MsgType type{};
  std::size_t length = kSize;  // octets here; 32-bit words on the wire
  ForcesId source{}, destination{};
  std::uint64_t correlator = 0;
  Flags flags{};
  friend bool operator==(const Header&, const Header&) = default;
};

[[nodiscard]] Result<Header> decode_header(wire::ByteReader& r);
[[nodiscard]] Result<Header> decode_header(wire::Bytes message);
// The fields as they stand, whatever the version and the length say: for an answer to a message
// that does not decode. nullopt: there are not even 24 octets.
[[nodiscard]] std::optional<Header> header_fields(wire::Bytes message);

// A length that the header cannot say is a sticky error of `w`.
void encode_header(const Header& h, wire::ByteWriter& w);

}  // namespace forces::pl
