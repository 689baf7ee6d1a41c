// What real implementations do that RFC 5810 does not have, or tells receivers to ignore: taken,
// and noted, so that an operator can see whom a peer is (reference: RFC 6053 section 3.4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "proto/pl/header.hpp"

namespace forces::pl {

enum class Quirk : std::uint8_t {
  ReservedBits,      // in the header, in path flags or in a RESULT
  IrrelevantFlags,   // ACK, EM, AT or TP in a message where they mean nothing
  NoExecutionMode,   // EM is the reserved value in a Config
  MissingPad,        // the last TLV or ILV of an outer one ends with its value
  NonZeroPad,        // padding that holds something
  SelectorBitOrder,  // path flags counted from the least significant bit
  SelectorMismatch,  // path flags that contradict the selector that follows, or does not
  ResultWithData,    // figure 17 allows it, table 2 does not
  UnknownTlv,        // a TLV or an operation that means nothing here
};
inline constexpr std::size_t kQuirks = 9;

[[nodiscard]] constexpr std::string_view to_string(Quirk quirk) {
  constexpr std::array<std::string_view, kQuirks> kNames{
      "reserved_bits",      "irrelevant_flags",  "no_execution_mode", "missing_pad", "non_zero_pad",
      "selector_bit_order", "selector_mismatch", "result_with_data",  "unknown_tlv"};
  return kNames[std::to_underlying(quirk)];
}

// Those of one message.
class Quirks {
 public:
  constexpr void add(Quirk quirk) { bits_ |= bit(quirk); }
  [[nodiscard]] constexpr bool has(Quirk quirk) const { return (bits_ & bit(quirk)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  template <class F>
  constexpr void for_each(F&& f) const {
    for (std::size_t i = 0; i < kQuirks; ++i) {
      if (has(static_cast<Quirk>(i))) f(static_cast<Quirk>(i));
    }
  }
  friend bool operator==(const Quirks&, const Quirks&) = default;

 private:
  static constexpr std::uint16_t bit(Quirk quirk) {
    return static_cast<std::uint16_t>(1U << std::to_underlying(quirk));
  }
  std::uint16_t bits_ = 0;
};

// Of many messages: a counter for each.
struct QuirkCounts {
  std::array<std::uint64_t, kQuirks> messages{};
  constexpr void count(Quirks quirks) {
    quirks.for_each([this](Quirk quirk) { ++messages[std::to_underlying(quirk)]; });
  }
};

// Those of a header; `first_octet` holds the reserved bits that Header has not.
[[nodiscard]] constexpr Quirks header_quirks(const Header& header, std::byte first_octet) {
  constexpr std::uint32_t kReserved = 0x0707ffff;
  const Flags flags = header.flags;
  const bool config = header.type == MsgType::Config;
  const bool heartbeat = header.type == MsgType::Heartbeat;
  // Section 7.10: a heartbeat has NoACK or AlwaysACK. RFC 7391 section 3.3: an answer in parts has
  // AT and TP as a transaction has.
  const bool in_parts =
      header.type == MsgType::QueryResponse || header.type == MsgType::ConfigResponse;
  const bool ack_matters =
      config || (heartbeat && flags.ack() != Ack::Success && flags.ack() != Ack::Failure);
  const bool mode_matters = config;
  const bool transaction_matters = config || in_parts || header.type == MsgType::Query;
  Quirks quirks;
  if ((flags.value & kReserved) != 0 || (first_octet & std::byte{0x0f}) != std::byte{0}) {
    quirks.add(Quirk::ReservedBits);
  }
  if ((flags.ack() != Ack::None && !ack_matters) ||
      (flags.execution_mode() != ExecutionMode::Reserved && !mode_matters) ||
      (flags.atomic() && !transaction_matters) ||
      (flags.phase() != TransactionPhase::Start && !flags.atomic())) {
    quirks.add(Quirk::IrrelevantFlags);
  }
  if (config && flags.execution_mode() == ExecutionMode::Reserved) {
    quirks.add(Quirk::NoExecutionMode);
  }
  return quirks;
}

}  // namespace forces::pl
