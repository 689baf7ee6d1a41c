// Interfaces and their TLVs (RFC 3471 section 9.1, RFC 4920 section 4, RFC 4783), and the two
// objects that carry them: RSVP_HOP and ERROR_SPEC; SCOPE beside them.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "proto/rsvp/object/route.hpp"

namespace forces::rsvp {

enum class InterfaceTlvType : std::uint16_t {
  Ipv4 = 1,
  Ipv6 = 2,
  IfIndex = 3,
  ComponentDownstream = 4,  // obsolete (RFC 4201): taken, not sent
  ComponentUpstream = 5,    //
  DownstreamLabel = 6,
  UpstreamLabel = 7,
  NodeId = 8,
  OspfArea = 9,
  IsisArea = 10,
  AutonomousSystem = 11,
  EroContext = 12,
  EroNextContext = 13,
  PreviousHopIpv4 = 14,
  PreviousHopIpv6 = 15,
  IncomingIpv4 = 16,
  IncomingIpv6 = 17,
  IncomingIfIndex = 18,
  IncomingDownstreamLabel = 19,
  IncomingUpstreamLabel = 20,
  ReportingNodeId = 21,
  ReportingOspfArea = 22,
  ReportingIsisArea = 23,
  ReportingAs = 24,
  ProposedEro = 25,
  NodeExclusions = 26,  // TLVs 1, 2, 8
  LinkExclusions = 27,  // TLVs 1, 2, 3
  ReferenceCount = 512,
  Severity = 513,
  GlobalTimestamp = 514,
  LocalTimestamp = 515,
  ErrorString = 516,
};
[[nodiscard]] std::string_view to_string(InterfaceTlvType type);  // "IF_INDEX"; "Unknown"

struct IfIndex {
  Address address{};  // IPv4: of the node, or its router ID
  std::uint32_t id = 0;
  friend bool operator==(const IfIndex&, const IfIndex&) = default;
};

// Kept as octets, whatever the type: a node forwards every TLV, also what it does not know. The
// accessors give nothing when type or length are not theirs.
struct InterfaceTlv {
  InterfaceTlvType type{};
  Octets value{};

  [[nodiscard]] static InterfaceTlv of(InterfaceTlvType type, const Address& address);
  [[nodiscard]] static InterfaceTlv of(InterfaceTlvType type, const IfIndex& interface);
  // NODE_ID, areas of OSPF, AS numbers; a label of 32 bits.
  [[nodiscard]] static InterfaceTlv of(InterfaceTlvType type, std::uint32_t number);
  [[nodiscard]] static InterfaceTlv of(InterfaceTlvType type, std::string_view text);
  [[nodiscard]] static Result<InterfaceTlv> of(InterfaceTlvType type,
                                               std::span<const Subobject> route);
  [[nodiscard]] static Result<InterfaceTlv> of(InterfaceTlvType type,
                                               std::span<const InterfaceTlv> exclusions);

  [[nodiscard]] std::optional<Address> address() const;        // 1, 2, 14 to 17
  [[nodiscard]] std::optional<IfIndex> if_index() const;       // 3, 4, 5, 18
  [[nodiscard]] std::optional<std::uint32_t> number() const;   // 8, 9, 11, 21, 22, 24
  [[nodiscard]] std::optional<Words> labels() const;           // 6, 7, 19, 20
  [[nodiscard]] std::optional<wire::Bytes> isis_area() const;  // 10, 23
  [[nodiscard]] std::optional<Route> route() const;            // 12, 13, 25
  [[nodiscard]] std::optional<std::vector<InterfaceTlv>> exclusions() const;  // 26, 27
  [[nodiscard]] std::string_view text() const;                                // 516

  friend bool operator==(const InterfaceTlv&, const InterfaceTlv&) = default;
};
using InterfaceTlvs = std::vector<InterfaceTlv>;

[[nodiscard]] const InterfaceTlv* find(const InterfaceTlvs& tlvs, InterfaceTlvType type);

// RFC 2205 appendix A.2; with TLVs RFC 3473 section 8.1.
struct Hop {
  static constexpr Class kClass = Class::Hop;
  static constexpr bool has(std::uint8_t c) { return c >= 1 && c <= 4; }
  static constexpr bool is_v6(std::uint8_t c) { return c == 2 || c == 4; }

  Address address{};
  std::uint32_t logical_interface = 0;
  bool if_id = true;  // C-Types 3 and 4
  InterfaceTlvs tlvs{};

  [[nodiscard]] std::uint8_t c_type() const;
  void read(Reading& c);
  void write(Writing& c) const;
  friend bool operator==(const Hop&, const Hop&) = default;
};

// RFC 2205 appendix A.5; with TLVs RFC 3473 section 8.2.
struct ErrorSpec {
  static constexpr std::uint8_t kInPlace = 0x01, kNotGuilty = 0x02, kPathStateRemoved = 0x04;
  static constexpr Class kClass = Class::ErrorSpec;
  static constexpr bool has(std::uint8_t c) { return c >= 1 && c <= 4; }
  static constexpr bool is_v6(std::uint8_t c) { return c == 2 || c == 4; }

  Address node{};
  std::uint8_t flags = 0;
  ErrorValue error{};
  bool if_id = false;  // C-Types 3 and 4
  InterfaceTlvs tlvs{};

  [[nodiscard]] std::uint8_t c_type() const;
  void read(Reading& c);
  void write(Writing& c) const;
  friend bool operator==(const ErrorSpec&, const ErrorSpec&) = default;
};

// RFC 2205 appendix A.6.
struct Scope {
  static constexpr Class kClass = Class::Scope;
  static constexpr bool has(std::uint8_t c) { return c == 1 || c == 2; }
  static constexpr bool is_v6(std::uint8_t c) { return c == 2; }

  std::vector<Address> senders{};  // of one family, at least one

  [[nodiscard]] std::uint8_t c_type() const {
    return !senders.empty() && senders.front().is_v6() ? 2 : 1;
  }
  void read(Reading& c);
  void write(Writing& c) const;
  friend bool operator==(const Scope&, const Scope&) = default;
};

}  // namespace forces::rsvp
