// What neighbours say of themselves and of their messages: RFC 2205, 2747, 2961, 3209, 3473, 5063.
#pragma once

#include "proto/rsvp/object/layout.hpp"

namespace forces::rsvp {

// RFC 2747 section 2.1. The digest is made and checked by proto/rsvp/integrity.hpp and its caller.
struct Integrity {
  static constexpr Class kClass = Class::Integrity;
  static constexpr bool has(std::uint8_t c) { return c == 1; }
  static constexpr std::uint8_t kHandshake = 0x80;

  std::uint8_t flags = 0;
  std::uint64_t key_id = 0;  // 48 bits
  std::uint64_t sequence = 0;
  Octets digest{};  // 16 octets for HMAC-MD5

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u8(s.flags, "rsvp.integrity.flags");
    c.reserved(1, "rsvp.integrity.reserved");
    c.u48(s.key_id, "rsvp.integrity.key_id");
    c.u64(s.sequence, "rsvp.integrity.sequence");
    c.rest(s.digest, "rsvp.integrity.digest");
  }
  friend bool operator==(const Integrity&, const Integrity&) = default;
};

// RFC 2747 section 4.3.
struct Challenge {
  static constexpr Class kClass = Class::Challenge;
  static constexpr bool has(std::uint8_t c) { return c == 1; }

  std::uint64_t key_id = 0;  // 48 bits
  std::uint64_t cookie = 0;

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.reserved(2, "rsvp.challenge.reserved");
    c.u48(s.key_id, "rsvp.challenge.key_id");
    c.u64(s.cookie, "rsvp.challenge.cookie");
  }
  friend bool operator==(const Challenge&, const Challenge&) = default;
};

struct TimeValues {
  static constexpr Class kClass = Class::TimeValues;
  static constexpr bool has(std::uint8_t c) { return c == 1; }

  std::uint32_t refresh_ms = 30'000;

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u32(s.refresh_ms, "rsvp.time_values.refresh");
  }
  friend bool operator==(const TimeValues&, const TimeValues&) = default;
};

// RFC 3209 section 5.2; C-Type 1 asks, 2 answers.
struct Hello {
  static constexpr Class kClass = Class::Hello;
  static constexpr bool has(std::uint8_t c) { return c == 1 || c == 2; }

  bool ack = false;
  std::uint32_t source_instance = 0, destination_instance = 0;

  [[nodiscard]] std::uint8_t c_type() const { return ack ? 2 : 1; }
  void set_c_type(std::uint8_t c) { ack = c == 2; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u32(s.source_instance, "rsvp.hello.source_instance");
    c.u32(s.destination_instance, "rsvp.hello.destination_instance");
  }
  friend bool operator==(const Hello&, const Hello&) = default;
};

// RFC 2961 section 4.1.
struct MessageId {
  static constexpr Class kClass = Class::MessageId;
  static constexpr bool has(std::uint8_t c) { return c == 1; }
  static constexpr std::uint8_t kAckDesired = 0x01;

  std::uint8_t flags = 0;
  std::uint32_t epoch = 0;  // 24 bits
  std::uint32_t id = 0;

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u8(s.flags, "rsvp.message_id.flags");
    c.u24(s.epoch, "rsvp.message_id.epoch");
    c.u32(s.id, "rsvp.message_id.id");
  }
  friend bool operator==(const MessageId&, const MessageId&) = default;
};

// RFC 2961 section 4.2; the flag RFC 5063 section 5.2.
struct MessageIdAck {
  static constexpr Class kClass = Class::MessageIdAck;
  static constexpr bool has(std::uint8_t c) { return c == 1 || c == 2; }
  static constexpr std::uint8_t kRecoveryPath = 0x02;

  bool nack = false;  // C-Type 2
  std::uint8_t flags = 0;
  std::uint32_t epoch = 0;  // 24 bits
  std::uint32_t id = 0;

  [[nodiscard]] std::uint8_t c_type() const { return nack ? 2 : 1; }
  void set_c_type(std::uint8_t c) { nack = c == 2; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    MessageId::layout(s, c);
  }
  friend bool operator==(const MessageIdAck&, const MessageIdAck&) = default;
};

// RFC 2961 section 5.1. The lists with sources of multicast (C-Types 2 to 4) are not known here.
struct MessageIdList {
  static constexpr Class kClass = Class::MessageIdList;
  static constexpr bool has(std::uint8_t c) { return c == 1; }
  static constexpr std::uint8_t kRecoveryPath = 0x02;

  std::uint8_t flags = 0;
  std::uint32_t epoch = 0;  // 24 bits
  Words ids{};

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u8(s.flags, "rsvp.message_id_list.flags");
    c.u24(s.epoch, "rsvp.message_id_list.epoch");
    c.words(s.ids, "rsvp.message_id_list.ids");
  }
  friend bool operator==(const MessageIdList&, const MessageIdList&) = default;
};

// RFC 3473 section 9.1.
struct RestartCap {
  static constexpr Class kClass = Class::RestartCap;
  static constexpr bool has(std::uint8_t c) { return c == 1; }
  static constexpr std::uint32_t kUnlimited = 0xffffffff;

  std::uint32_t restart_ms = 0, recovery_ms = 0;

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u32(s.restart_ms, "rsvp.restart_cap.restart");
    c.u32(s.recovery_ms, "rsvp.restart_cap.recovery");
  }
  friend bool operator==(const RestartCap&, const RestartCap&) = default;
};

// RFC 5063 section 4.2 (CAPABILITY) and RFC 3473 section 7.1 (ADMIN_STATUS): a word of bits. Those
// without a meaning here are kept: RFC 3473 wants them passed through.
template <Class Number>
struct BitsObject {
  static constexpr Class kClass = Number;
  static constexpr bool has(std::uint8_t c) { return c == 1; }

  std::uint32_t bits = 0;

  [[nodiscard]] bool is(std::uint32_t mask) const { return (bits & mask) == mask; }
  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u32(s.bits, "rsvp.bits");
  }
  friend bool operator==(const BitsObject&, const BitsObject&) = default;
};
using Capability = BitsObject<Class::Capability>;
namespace capability {
inline constexpr std::uint32_t kRecoveryPathTransmit = 0x4, kRecoveryPathDesired = 0x2,
                               kRecoveryPathSrefresh = 0x1;
}
using AdminStatus = BitsObject<Class::AdminStatus>;
namespace admin_status {
inline constexpr std::uint32_t kReflect = 0x80000000, kHandover = 0x40,  // RFC 3473, 5852
    kLockout = 0x20, kInhibitAlarm = 0x10, kCall = 0x08,                 // RFC 4872, 4783, 4974
    kTesting = 0x04, kDown = 0x02, kDelete = 0x01;                       // RFC 3473
}

// RESV_CONFIRM (RFC 2205 appendix A.14), NOTIFY_REQUEST (RFC 3473 section 4.2).
template <Class Number>
struct AddressObject {
  static constexpr Class kClass = Number;
  static constexpr bool has(std::uint8_t c) { return c == 1 || c == 2; }
  static constexpr bool is_v6(std::uint8_t c) { return c == 2; }

  Address address{};

  [[nodiscard]] std::uint8_t c_type() const { return address.is_v6() ? 2 : 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.address(s.address, "rsvp.address");
  }
  friend bool operator==(const AddressObject&, const AddressObject&) = default;
};
using ResvConfirm = AddressObject<Class::ResvConfirm>;
using NotifyRequest = AddressObject<Class::NotifyRequest>;

}  // namespace forces::rsvp
