// What names a tunnel and an LSP of it: SESSION, SENDER_TEMPLATE, FILTER_SPEC, SESSION_ATTRIBUTE.
#pragma once

#include <optional>
#include <string>

#include "proto/rsvp/object/layout.hpp"

namespace forces::rsvp {

// RFC 3209 section 4.6.1; the Call_ID is RFC 4974 section 5.1; the OIF's kinds RFC 3474, 3476.
struct Session {
  enum class Kind : std::uint8_t {  // the C-Type
    LspTunnelIpv4 = 7,
    LspTunnelIpv6 = 8,
    UniIpv4 = 11,
    UniIpv6 = 12,
    EnniIpv4 = 15,
    EnniIpv6 = 16,
  };
  static constexpr Class kClass = Class::Session;
  static constexpr bool has(std::uint8_t c) {
    return c == 7 || c == 8 || c == 11 || c == 12 || c == 15 || c == 16;
  }
  static constexpr bool is_v6(std::uint8_t c) { return c == 8 || c == 12 || c == 16; }

  Kind kind = Kind::LspTunnelIpv4;
  Address end_point{};
  std::uint16_t call_id = 0;  // the short one; 0: no call
  std::uint16_t tunnel_id = 0;
  Address extended_tunnel_id{};  // 32 or 128 bits, of the family of the end point

  [[nodiscard]] std::uint8_t c_type() const { return static_cast<std::uint8_t>(kind); }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.address(s.end_point, "rsvp.session.end_point");
    c.u16(s.call_id, "rsvp.session.call_id");
    c.u16(s.tunnel_id, "rsvp.session.tunnel_id");
    c.address(s.extended_tunnel_id, "rsvp.session.extended_tunnel_id");
  }
  void set_c_type(std::uint8_t c) { kind = static_cast<Kind>(c); }
  friend bool operator==(const Session&, const Session&) = default;
};

// RFC 3209 sections 4.6.2 and 4.6.3.
template <Class Number>
struct LspIdentity {
  static constexpr Class kClass = Number;
  static constexpr bool has(std::uint8_t c) { return c == 7 || c == 8; }
  static constexpr bool is_v6(std::uint8_t c) { return c == 8; }

  Address sender{};
  std::uint16_t lsp_id = 0;

  [[nodiscard]] std::uint8_t c_type() const { return sender.is_v6() ? 8 : 7; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.address(s.sender, "rsvp.sender.address");
    c.reserved(2, "rsvp.sender.reserved");
    c.u16(s.lsp_id, "rsvp.sender.lsp_id");
  }
  friend bool operator==(const LspIdentity&, const LspIdentity&) = default;
};
using SenderTemplate = LspIdentity<Class::SenderTemplate>;
using FilterSpec = LspIdentity<Class::FilterSpec>;

// RFC 3209 section 4.7. The name is the long Call ID (RFC 4974 section 5.2): octets, not text.
struct SessionAttribute {
  static constexpr std::uint8_t kLocalProtection = 0x01, kLabelRecording = 0x02, kSeStyle = 0x04;
  static constexpr Class kClass = Class::SessionAttribute;
  static constexpr bool has(std::uint8_t c) { return c == 1 || c == 7; }

  struct Affinities {
    std::uint32_t exclude_any = 0, include_any = 0, include_all = 0;
    friend bool operator==(const Affinities&, const Affinities&) = default;
  };
  std::optional<Affinities> affinities{};  // present: C-Type 1
  std::uint8_t setup_priority = 7, holding_priority = 7;
  std::uint8_t flags = 0;
  std::string name{};  // at most 255 octets

  [[nodiscard]] std::uint8_t c_type() const { return affinities ? 1 : 7; }
  void read(Reading& c);
  void write(Writing& c) const;
  friend bool operator==(const SessionAttribute&, const SessionAttribute&) = default;
};

}  // namespace forces::rsvp
