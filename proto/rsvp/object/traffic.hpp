// What a reservation is of: FLOWSPEC, SENDER_TSPEC, ADSPEC, STYLE.
#pragma once

#include <variant>

#include "proto/rsvp/object/layout.hpp"

namespace forces::rsvp {

// RFC 4606 section 2.1.
struct SonetSdh {
  std::uint8_t signal_type = 0;  // 6: VC-4 or STS-3c
  std::uint8_t rcc = 0;
  std::uint16_t ncc = 0, nvc = 0, multiplier = 0;
  std::uint32_t transparency = 0, profile = 0;

  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u8(s.signal_type, "rsvp.tspec.signal_type");
    c.u8(s.rcc, "rsvp.tspec.rcc");
    c.u16(s.ncc, "rsvp.tspec.ncc");
    c.u16(s.nvc, "rsvp.tspec.nvc");
    c.u16(s.multiplier, "rsvp.tspec.multiplier");
    c.u32(s.transparency, "rsvp.tspec.transparency");
    c.u32(s.profile, "rsvp.tspec.profile");
  }
  friend bool operator==(const SonetSdh&, const SonetSdh&) = default;
};

// RFC 4328 section 3.2.
struct G709 {
  std::uint8_t signal_type = 0;
  std::uint16_t nmc = 0, nvc = 0, multiplier = 0;

  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u8(s.signal_type, "rsvp.tspec.signal_type");
    c.reserved(1, "rsvp.tspec.reserved");
    c.u16(s.nmc, "rsvp.tspec.nmc");
    c.u16(s.nvc, "rsvp.tspec.nvc");
    c.u16(s.multiplier, "rsvp.tspec.multiplier");
    c.reserved(4, "rsvp.tspec.reserved");
  }
  friend bool operator==(const G709&, const G709&) = default;
};

// Traffic of packets: Intserv (RFC 2210, C-Type 2) and Ethernet (RFC 6003, C-Type 6), kept as
// octets.
struct OpaqueTraffic {
  std::uint8_t c_type = 2;
  Octets octets{};
  friend bool operator==(const OpaqueTraffic&, const OpaqueTraffic&) = default;
};

template <Class Number>
struct TrafficObject {
  static constexpr Class kClass = Number;
  static constexpr bool has(std::uint8_t c) { return c == 2 || (c >= 4 && c <= 6); }

  std::variant<SonetSdh, G709, OpaqueTraffic> traffic{};

  [[nodiscard]] const SonetSdh* sonet_sdh() const { return std::get_if<SonetSdh>(&traffic); }

  [[nodiscard]] std::uint8_t c_type() const {
    const auto* const opaque = std::get_if<OpaqueTraffic>(&traffic);
    return opaque != nullptr ? opaque->c_type : static_cast<std::uint8_t>(4 + traffic.index());
  }
  void read(Reading& c) {
    if (c.c_type() == 4) {
      SonetSdh::layout(traffic.template emplace<SonetSdh>(), c);
    } else if (c.c_type() == 5) {
      G709::layout(traffic.template emplace<G709>(), c);
    } else {
      auto& opaque = traffic.template emplace<OpaqueTraffic>();
      opaque.c_type = c.c_type();
      c.rest(opaque.octets, "rsvp.tspec");
    }
  }
  void write(Writing& c) const {
    if (const auto* const opaque = std::get_if<OpaqueTraffic>(&traffic)) {
      c.rest(opaque->octets, "rsvp.tspec");
    } else if (const auto* const otn = std::get_if<G709>(&traffic)) {
      G709::layout(*otn, c);
    } else {
      SonetSdh::layout(*sonet_sdh(), c);
    }
  }
  friend bool operator==(const TrafficObject&, const TrafficObject&) = default;
};
using Flowspec = TrafficObject<Class::Flowspec>;
using SenderTspec = TrafficObject<Class::SenderTspec>;

// RFC 2205 appendix A.12; what it holds is Intserv's.
struct Adspec {
  static constexpr Class kClass = Class::Adspec;
  static constexpr bool has(std::uint8_t c) { return c == 2; }

  Octets octets{};

  [[nodiscard]] std::uint8_t c_type() const { return 2; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.rest(s.octets, "rsvp.adspec");
  }
  friend bool operator==(const Adspec&, const Adspec&) = default;
};

// RFC 2205 appendix A.7.
struct Style {
  static constexpr Class kClass = Class::Style;
  static constexpr bool has(std::uint8_t c) { return c == 1; }
  static constexpr std::uint32_t kWildcardFilter = 0x11, kFixedFilter = 0x0a,
                                 kSharedExplicit = 0x12;

  std::uint8_t flags = 0;
  std::uint32_t options = kFixedFilter;  // 24 bits

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u8(s.flags, "rsvp.style.flags");
    c.u24(s.options, "rsvp.style.options");
  }
  friend bool operator==(const Style&, const Style&) = default;
};

}  // namespace forces::rsvp
