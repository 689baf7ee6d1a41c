// Routes as lists of subobjects: EXPLICIT_ROUTE and RECORD_ROUTE (RFC 3209 sections 4.3 and 4.4,
// RFC 3473 section 5, RFC 3477, RFC 5420), EXCLUDE_ROUTE (RFC 4874), path keys (RFC 5520).
#pragma once

#include <span>
#include <variant>
#include <vector>

#include "proto/rsvp/object/layout.hpp"

namespace forces::rsvp {

// One octet means something else in each kind of route: flags in an RRO (RFC 3209 section 4.4.1.1),
// the attribute in an XRO, nothing in an ERO.
inline constexpr std::uint8_t kExcludeInterface = 0, kExcludeNode = 1, kExcludeSrlg = 2;

struct PrefixHop {  // types 1 and 2
  Address address{};
  std::uint8_t prefix = 32;
  std::uint8_t flags = 0;
  friend bool operator==(const PrefixHop&, const PrefixHop&) = default;
};

struct UnnumberedHop {  // type 4
  std::uint32_t router_id = 0;
  std::uint32_t interface_id = 0;
  std::uint8_t flags = 0;      // RRO
  std::uint8_t attribute = 0;  // XRO
  friend bool operator==(const UnnumberedHop&, const UnnumberedHop&) = default;
};

struct LabelHop {  // type 3
  static constexpr std::uint8_t kUpstream = 0x80, kGlobal = 0x01;
  std::uint8_t flags = 0;
  std::uint8_t c_type = 2;
  Words labels{};
  [[nodiscard]] bool upstream() const { return (flags & kUpstream) != 0; }
  friend bool operator==(const LabelHop&, const LabelHop&) = default;
};

struct AsHop {  // type 32
  std::uint16_t number = 0;
  friend bool operator==(const AsHop&, const AsHop&) = default;
};

struct SrlgHop {  // type 34, of an XRO
  std::uint32_t id = 0;
  friend bool operator==(const SrlgHop&, const SrlgHop&) = default;
};

struct PathKeyHop {  // types 64 and 65, of an ERO
  std::uint16_t key = 0;
  Address pce{};
  friend bool operator==(const PathKeyHop&, const PathKeyHop&) = default;
};

struct ExclusionHop {  // type 33, of an ERO: subobjects of an XRO; exclusions() reads them
  Octets octets{};
  friend bool operator==(const ExclusionHop&, const ExclusionHop&) = default;
};

struct BandwidthHop {  // type 64, of a LINK_CAPABILITY: octets a second
  Ieee32 bandwidth{};
  friend bool operator==(const BandwidthHop&, const BandwidthHop&) = default;
};

// Type 65, of a LINK_CAPABILITY: RFC 4202. No RFC draws the subobject; ours is two octets of 0 and
// the descriptor of the routing protocols.
struct SwitchingHop {
  std::uint8_t switching = 0;
  std::uint8_t encoding = 0;
  std::array<Ieee32, 8> max_bandwidth{};  // by priority
  Octets specific{};  // of TDM: minimum bandwidth (32 bits), indication, padding
  friend bool operator==(const SwitchingHop&, const SwitchingHop&) = default;
};

// Type 5, of an RRO: what the node of the subobject before it says of itself (RFC 5420
// section 7.2), in bits that are counted as those of LSP_ATTRIBUTES.
struct AttributesHop {
  Octets flags{};
  [[nodiscard]] bool flag(unsigned bit) const;
  void set_flag(unsigned bit);
  friend bool operator==(const AttributesHop&, const AttributesHop&) = default;
};

// Of another type, or not of the form of its type: kept as it came.
struct UnknownHop {
  std::uint8_t type = 0;  // in an RRO with the top bit, which is no L bit there
  Octets octets{};        // behind type and length
  friend bool operator==(const UnknownHop&, const UnknownHop&) = default;
};

struct Subobject {
  using Hop = std::variant<PrefixHop, UnnumberedHop, LabelHop, AsHop, SrlgHop, PathKeyHop,
                           ExclusionHop, BandwidthHop, SwitchingHop, AttributesHop, UnknownHop>;
  bool loose = false;  // the L bit; in an XRO: to be avoided, not excluded
  Hop hop{};

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&hop);
  }
  friend bool operator==(const Subobject&, const Subobject&) = default;
};
using Route = std::vector<Subobject>;

// Whose subobjects: the same number can mean another thing.
enum class RouteKind : std::uint8_t { Explicit, Record, Exclude, LinkCapability };

// All of `r`. A length that is below 4, no multiple of 4 or too long is an error of the reader;
// what is inside a subobject never is.
void read_route(wire::ByteReader& r, RouteKind kind, Route& route);
void write_route(wire::ByteWriter& w, RouteKind kind, std::span<const Subobject> route);

[[nodiscard]] Result<Route> exclusions(const ExclusionHop& hop);
[[nodiscard]] Result<ExclusionHop> exclusion_hop(std::span<const Subobject> exclusions);

template <Class Number, RouteKind Kind>
struct RouteObject {
  static constexpr Class kClass = Number;
  static constexpr bool has(std::uint8_t c) { return c == 1; }

  Route route{};

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  void read(Reading& c) { read_route(c.reader(), Kind, route); }
  void write(Writing& c) const { write_route(c.writer(), Kind, route); }
  friend bool operator==(const RouteObject&, const RouteObject&) = default;
};
using ExplicitRoute = RouteObject<Class::ExplicitRoute, RouteKind::Explicit>;
using RecordRoute = RouteObject<Class::RecordRoute, RouteKind::Record>;
using ExcludeRoute = RouteObject<Class::ExcludeRoute, RouteKind::Exclude>;
// RFC 4974 section 5.3: each link is named by a subobject of type 1, 2 or 4, its capabilities
// follow.
using LinkCapability = RouteObject<Class::LinkCapability, RouteKind::LinkCapability>;

}  // namespace forces::rsvp
