// The numbers of RFC 2022 and RFC 2443, with their names. Bit n of a flag word has weight 2^n here
// (RFC 2022 section 1.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace forces::mars {

// RFC 2022 section 11. Section 6.2.4 prints 18 and 19 for SJOIN and SLEAVE: numbers of an earlier
// draft.
enum class Operation : std::uint8_t {
  Request = 1,
  Multi = 2,
  Mserv = 3,
  Join = 4,
  Leave = 5,
  Nak = 6,
  Unserv = 7,
  Sjoin = 8,
  Sleave = 9,
  GrouplistRequest = 10,
  GrouplistReply = 11,
  RedirectMap = 12,
  Migrate = 13,
};
[[nodiscard]] constexpr bool is_known(Operation operation) {
  return operation >= Operation::Request && operation <= Operation::Migrate;
}
[[nodiscard]] std::string_view to_string(Operation operation);  // "MARS_JOIN"; else "Unknown"

// What stands behind the fixed header.
enum class Form : std::uint8_t {
  Query,       // section 5.1.2: REQUEST, NAK
  Membership,  // section 5.2.1: JOIN and what has its format
  Multi,       // section 5.1.2: MULTI, GROUPLIST_REPLY (5.3), MIGRATE (5.1.6), REDIRECT_MAP (5.4.3)
};
[[nodiscard]] constexpr Form form_of(Operation operation) {
  switch (operation) {
    case Operation::Request:
    case Operation::Nak:
      return Form::Query;
    case Operation::Multi:
    case Operation::GrouplistReply:
    case Operation::RedirectMap:
    case Operation::Migrate:
      return Form::Multi;
    default:
      return Form::Membership;
  }
}

// RFC 2443 section 3.
enum class State : std::uint8_t {
  Redirect = 1,  // MARS Server Redirect Entry
  McsServe = 2,
  ClientJoin = 3,
  ClientLeave = 4,
  McsUnserve = 5,
};
[[nodiscard]] constexpr bool is_known(State state) {
  return state >= State::Redirect && state <= State::McsUnserve;
}
[[nodiscard]] std::string_view to_string(State state);  // "mcs_serve"; else "unknown"

// mar$flags: RFC 2022 section 5.2.1, RFC 2443 section 3. Reserved bits are kept when they come and
// refused when they are to be sent.
struct Flags {
  static constexpr unsigned kLayer3Group = 0x8000, kCopy = 0x4000, kRegister = 0x2000,
                            kPunched = 0x1000, kReserved = 0x0f00, kSequence = 0x00ff;
  std::uint16_t value = 0;

  [[nodiscard]] constexpr bool layer3_group() const { return has(kLayer3Group); }
  [[nodiscard]] constexpr bool copy() const { return has(kCopy); }
  [[nodiscard]] constexpr bool registers() const { return has(kRegister); }
  [[nodiscard]] constexpr bool punched() const { return has(kPunched); }
  [[nodiscard]] constexpr std::uint8_t sequence() const {
    return static_cast<std::uint8_t>(value & kSequence);
  }

  [[nodiscard]] constexpr Flags with_layer3_group(bool on) const { return with(kLayer3Group, on); }
  [[nodiscard]] constexpr Flags with_copy(bool on) const { return with(kCopy, on); }
  [[nodiscard]] constexpr Flags with_registers(bool on) const { return with(kRegister, on); }
  [[nodiscard]] constexpr Flags with_punched(bool on) const { return with(kPunched, on); }
  [[nodiscard]] constexpr Flags with_sequence(std::uint8_t sequence) const {
    return {static_cast<std::uint16_t>((value & ~kSequence) | sequence)};
  }

  friend bool operator==(const Flags&, const Flags&) = default;

 private:
  [[nodiscard]] constexpr bool has(unsigned bit) const { return (value & bit) != 0; }
  [[nodiscard]] constexpr Flags with(unsigned bit, bool on) const {
    return {static_cast<std::uint16_t>(on ? value | bit : value & ~bit)};
  }
};

inline constexpr std::uint16_t kAtmFamily = 0x000f;     // mar$afn
inline constexpr std::uint16_t kSnapProtocol = 0x0080;  // mar$pro.type: mar$pro.snap says which
inline constexpr std::size_t kFixedHeader = 20;         // RFC 2022 section 4.3
inline constexpr std::size_t kAddressesAt = 32;         // behind the mandatory fields of every form
inline constexpr std::size_t kEntryFixed = 20;          // RFC 2443 section 3
inline constexpr std::size_t kMaxMessage = 65527;       // what an SDU holds behind LLC/SNAP

}  // namespace forces::mars
