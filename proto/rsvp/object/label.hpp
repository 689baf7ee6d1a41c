// Labels and what is said of them: RFC 3473 sections 2 and 3, RFC 3471, RFC 4606 section 3.
#pragma once

#include "proto/rsvp/object/layout.hpp"

namespace forces::rsvp {

// RFC 4606 section 3: a label of SONET/SDH. VC-4 in slot n is {.s = n}.
struct SdhLabel {
  std::uint16_t s = 0;
  std::uint8_t u = 0, k = 0, l = 0, m = 0;  // four bits each

  [[nodiscard]] constexpr std::uint32_t word() const {
    return static_cast<std::uint32_t>(s) << 16 | (u & 15U) << 12 | (k & 15U) << 8 | (l & 15U) << 4 |
           (m & 15U);
  }
  static constexpr SdhLabel of(std::uint32_t word) {
    const auto four = [word](int shift) { return static_cast<std::uint8_t>(word >> shift & 15); };
    return {static_cast<std::uint16_t>(word >> 16), four(12), four(8), four(4), four(0)};
  }
  friend bool operator==(const SdhLabel&, const SdhLabel&) = default;
};

// C-Type 1 is RFC 3209 (one word), 2 a generalized label, 3 a waveband: id, start, end.
template <Class Number>
struct LabelObject {
  static constexpr Class kClass = Number;
  static constexpr bool has(std::uint8_t c) {
    return c == 2 || c == 3 || (c == 1 && Number == Class::Label);
  }

  std::uint8_t kind = 2;  // the C-Type
  Words labels{};         // more than one: an ordered list (RFC 4606 section 3)

  [[nodiscard]] std::uint8_t c_type() const { return kind; }
  void set_c_type(std::uint8_t c) { kind = c; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.words(s.labels, "rsvp.label");
  }
  friend bool operator==(const LabelObject&, const LabelObject&) = default;
};
using Label = LabelObject<Class::Label>;
using RecoveryLabel = LabelObject<Class::RecoveryLabel>;
using UpstreamLabel = LabelObject<Class::UpstreamLabel>;
using SuggestedLabel = LabelObject<Class::SuggestedLabel>;

// RFC 3473 section 2.6 and 4.1; several of them are one set.
template <Class Number>
struct LabelSetObject {
  enum class Action : std::uint8_t {
    InclusiveList = 0,
    ExclusiveList = 1,
    InclusiveRange = 2,
    ExclusiveRange = 3,
  };
  static constexpr Class kClass = Number;
  static constexpr bool has(std::uint8_t c) { return c == 1; }

  Action action{};
  std::uint16_t label_type = 2;  // 14 bits; a C-Type of LABEL
  Words subchannels{};           // of a range: from, to; 0 says that there is no bound

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  void read(Reading& c) {
    c.u8(action, "rsvp.label_set.action");
    c.reserved(1, "rsvp.label_set.reserved");
    c.u16(label_type, "rsvp.label_set.label_type");
    label_type &= 0x3fff;
    if (!c.reader().empty()) c.words(subchannels, "rsvp.label_set.subchannel");
  }
  void write(Writing& c) const {
    c.u8(action, "");
    c.reserved(1, "");
    c.fits(label_type <= 0x3fff, "rsvp.label_set.label_type");
    c.u16(label_type, "");
    if (!subchannels.empty()) c.words(subchannels, "");
  }
  friend bool operator==(const LabelSetObject&, const LabelSetObject&) = default;
};
using LabelSet = LabelSetObject<Class::LabelSet>;
using AcceptableLabelSet = LabelSetObject<Class::AcceptableLabelSet>;

// RFC 3473 section 2.1 (C-Type 4); RFC 3209 section 4.2.1 (C-Type 1, the G-PID is its L3PID).
struct LabelRequest {
  static constexpr Class kClass = Class::LabelRequest;
  static constexpr bool has(std::uint8_t c) { return c == 1 || c == 4; }
  static constexpr std::uint8_t kSdh = 5, kLambda = 8, kOduk = 12;  // encodings
  static constexpr std::uint8_t kTdm = 100, kLsc = 150;             // switching

  std::uint8_t kind = 4;  // the C-Type
  std::uint8_t encoding = 0;
  std::uint8_t switching = 0;
  std::uint16_t g_pid = 0;

  [[nodiscard]] std::uint8_t c_type() const { return kind; }
  void set_c_type(std::uint8_t c) { kind = c; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    if (s.kind == 1) {
      c.reserved(2, "rsvp.label_request.reserved");
    } else {
      c.u8(s.encoding, "rsvp.label_request.encoding");
      c.u8(s.switching, "rsvp.label_request.switching");
    }
    c.u16(s.g_pid, "rsvp.label_request.g_pid");
  }
  friend bool operator==(const LabelRequest&, const LabelRequest&) = default;
};

}  // namespace forces::rsvp
