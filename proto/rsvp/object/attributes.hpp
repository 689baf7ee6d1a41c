// Properties of an LSP or call: attributes (RFC 5420, 6001), PROTECTION and ASSOCIATION (RFC 4872),
// the link that it makes (RFC 3477).
#pragma once

#include <span>
#include <vector>

#include "proto/rsvp/object/layout.hpp"

namespace forces::rsvp {

struct AttributeTlv {
  static constexpr std::uint16_t kFlags = 1;
  static constexpr std::uint16_t kVcat = 4;  // of CALL_ATTRIBUTES (RFC 6344)

  std::uint16_t type = kFlags;
  Octets value{};
  friend bool operator==(const AttributeTlv&, const AttributeTlv&) = default;
};

// Bits of the Attribute Flags TLV by their number. RFC 4920 prints 1, 2, 3 for the first three,
// where RFC 5420 counts from 0 and RFC 4875 and later have 3 and above: these are what decoders
// read (D1).
namespace lsp_flag {
inline constexpr unsigned kEndToEndRerouting = 0, kBoundaryRerouting = 1, kSegmentRerouting = 2;
inline constexpr unsigned kContiguous = 4, kStitching = 5;  // RFC 5151, RFC 5150
}  // namespace lsp_flag
namespace call_flag {
inline constexpr unsigned kInheritance = 0;  // RFC 6001
}

// RFC 5420 sections 3 and 4. A TLV that is not known is kept.
template <Class Number>
struct AttributesObject {
  static constexpr Class kClass = Number;
  static constexpr bool has(std::uint8_t c) { return c == 1; }

  std::vector<AttributeTlv> tlvs{};

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  // Bit of the first Attribute Flags TLV; a bit beyond its end is 0.
  [[nodiscard]] bool flag(unsigned bit) const;
  void set_flag(unsigned bit);
  void read(Reading& c);
  void write(Writing& c) const;
  friend bool operator==(const AttributesObject&, const AttributesObject&) = default;
};
using LspAttributes = AttributesObject<Class::LspAttributes>;
using LspRequiredAttributes = AttributesObject<Class::LspRequiredAttributes>;
using CallAttributes = AttributesObject<Class::CallAttributes>;

// RFC 4872 section 14 and RFC 4873 section 6.1 (C-Type 2), RFC 3473 section 6 (C-Type 1: S bit and
// link flags alone). The words are kept whole: transit nodes pass reserved bits through unmodified.
struct Protection {
  static constexpr Class kClass = Class::Protection;
  static constexpr bool has(std::uint8_t c) { return c == 1 || c == 2; }
  static constexpr std::uint32_t kSecondary = 0x80000000, kProtecting = 0x40000000,
                                 kNotification = 0x20000000, kOperational = 0x10000000;
  static constexpr std::uint8_t kRerouting = 0x01, kReroutingNoExtra = 0x02, kOneToN = 0x04,
                                kOnePlusOneUni = 0x08, kOnePlusOneBidi = 0x10;
  static constexpr std::uint32_t kSegmentInPlace = 0x80000000, kSegmentRequired = 0x40000000;

  std::uint8_t kind = 2;  // the C-Type
  std::uint32_t bits = 0;
  std::uint32_t segment = 0;  // of C-Type 2

  static constexpr Protection of(std::uint32_t spno, std::uint8_t lsp_flags,
                                 std::uint8_t link_flags) {
    return {.bits = spno | (lsp_flags & 0x3fU) << 16 | (link_flags & 0x3fU)};
  }
  [[nodiscard]] bool is(std::uint32_t mask) const { return (bits & mask) == mask; }
  [[nodiscard]] std::uint8_t lsp_flags() const { return bits >> 16 & 0x3f; }
  [[nodiscard]] std::uint8_t link_flags() const { return bits & 0x3f; }

  [[nodiscard]] std::uint8_t c_type() const { return kind; }
  void set_c_type(std::uint8_t c) { kind = c; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u32(s.bits, "rsvp.protection.flags");
    if (s.kind == 2) c.u32(s.segment, "rsvp.protection.segment");
  }
  friend bool operator==(const Protection&, const Protection&) = default;
};

// RFC 4872 section 16.
struct Association {
  static constexpr Class kClass = Class::Association;
  static constexpr bool has(std::uint8_t c) { return c == 1 || c == 2; }
  static constexpr bool is_v6(std::uint8_t c) { return c == 2; }
  static constexpr std::uint16_t kRecovery = 1, kResourceSharing = 2;

  std::uint16_t type = kRecovery;
  std::uint16_t id = 0;
  Address source{};

  [[nodiscard]] std::uint8_t c_type() const { return source.is_v6() ? 2 : 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u16(s.type, "rsvp.association.type");
    c.u16(s.id, "rsvp.association.id");
    c.address(s.source, "rsvp.association.source");
  }
  friend bool operator==(const Association&, const Association&) = default;
};

// RFC 3477 section 3.1: an LSP that is a link to others, by the number that one end gave it.
struct LspTunnelInterfaceId {
  static constexpr Class kClass = Class::LspTunnelInterfaceId;
  static constexpr bool has(std::uint8_t c) { return c == 1; }

  std::uint32_t router_id = 0;
  std::uint32_t interface_id = 0;

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.u32(s.router_id, "rsvp.tunnel_interface.router_id");
    c.u32(s.interface_id, "rsvp.tunnel_interface.interface_id");
  }
  friend bool operator==(const LspTunnelInterfaceId&, const LspTunnelInterfaceId&) = default;
};

}  // namespace forces::rsvp
