// CSA Sequence Numbers: signed, and without a wrap (RFC 2334 sections 2.4 and B.2.0.2).
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>

namespace forces::scsp {

enum class Newness : std::uint8_t { Older, Same, Newer };

struct SequenceNumber {
  std::int32_t value = std::numeric_limits<std::int32_t>::min() + 1;  // the first of an entry

  [[nodiscard]] static constexpr SequenceNumber from_wire(std::uint32_t octets) {
    return {static_cast<std::int32_t>(octets)};
  }
  [[nodiscard]] constexpr std::uint32_t to_wire() const {
    return static_cast<std::uint32_t>(value);
  }
  friend constexpr auto operator<=>(const SequenceNumber&, const SequenceNumber&) = default;
};

// 0x80000000 must not be used. An entry starts at 0x80000001 and is updated up to 0x7ffffffe;
// 0x7fffffff only purges it, after which it starts again.
inline constexpr SequenceNumber kReservedSequence{std::numeric_limits<std::int32_t>::min()};
inline constexpr SequenceNumber kFirstSequence{};
inline constexpr SequenceNumber kLastSequence{std::numeric_limits<std::int32_t>::max() - 1};
inline constexpr SequenceNumber kPurgeSequence{std::numeric_limits<std::int32_t>::max()};

// How `received` stands to `cached`, both of one entry: same cache key and same originator.
[[nodiscard]] constexpr Newness newness(SequenceNumber received, SequenceNumber cached) {
  if (received == cached) return Newness::Same;
  return received > cached ? Newness::Newer : Newness::Older;
}

// Of the next update; nothing when the entry must be purged first, with kPurgeSequence, and every
// neighbour must acknowledge that before kFirstSequence may follow.
[[nodiscard]] constexpr std::optional<SequenceNumber> next_sequence(SequenceNumber current) {
  if (current >= kLastSequence) return std::nullopt;
  return SequenceNumber{current.value + 1};
}

// Of the first update after a restart, once Aligned: that of the entry as the group has it, or 0,
// and a configured constant of at least 1. Nothing when that is beyond kLastSequence: purge first.
[[nodiscard]] constexpr std::optional<SequenceNumber> sequence_after_restart(
    std::optional<SequenceNumber> existing, std::uint16_t constant) {
  const std::int64_t sum = std::int64_t{existing ? existing->value : 0} + constant;
  if (sum > kLastSequence.value) return std::nullopt;
  return SequenceNumber{static_cast<std::int32_t>(sum)};
}

}  // namespace forces::scsp
