#include "proto/rsvp/object/route.hpp"

#include <optional>
#include <utility>

namespace forces::rsvp {
namespace {

enum Type : std::uint8_t {
  kIpv4 = 1,
  kIpv6 = 2,
  kLabel = 3,
  kUnnumbered = 4,
  kAttributes = 5,
  kAs = 32,
  kExclusions = 33,
  kSrlg = 34,
  kPathKeyIpv4 = 64,
  kPathKeyIpv6 = 65,
  kBandwidth = 64,  // of a LINK_CAPABILITY
  kSwitching = 65,  //
};
constexpr std::size_t kMaxSubobject = 252;  // a multiple of 4 that one octet can say
constexpr std::size_t kSwitchingFixed = 38;

bool is_set(std::byte b) { return b != std::byte{0}; }
std::uint8_t number(std::byte b) { return std::to_integer<std::uint8_t>(b); }

PrefixHop prefix_hop(wire::ByteReader r, bool v6) {
  PrefixHop hop;
  Reading c(r.rest(), 0, 0);
  hop.address = c.address(v6, "");
  c.u8(hop.prefix, "");
  c.u8(hop.flags, "");
  return hop;
}

std::optional<Subobject::Hop> label_hop(wire::Bytes v) {
  if (v.size() < 6) return std::nullopt;
  LabelHop hop{.flags = number(v[0]), .c_type = number(v[1])};
  Reading(v.subspan(2), 0, 0).words(hop.labels, "");
  return hop;
}

std::optional<Subobject::Hop> unnumbered_hop(wire::Bytes v, RouteKind kind) {
  if (v.size() != 10) return std::nullopt;
  UnnumberedHop hop{.router_id = static_cast<std::uint32_t>(wire::load_be<4>(&v[2])),
                    .interface_id = static_cast<std::uint32_t>(wire::load_be<4>(&v[6]))};
  // The octet that nobody uses in this kind of route is reserved.
  if (is_set(v[0]) && kind != RouteKind::Record) return std::nullopt;
  if (is_set(v[1]) && kind != RouteKind::Exclude) return std::nullopt;
  hop.flags = number(v[0]);
  hop.attribute = number(v[1]);
  return hop;
}

std::optional<Subobject::Hop> capability_hop(std::uint8_t type, wire::Bytes v) {
  if (v.size() < 6 || is_set(v[0]) || is_set(v[1])) return std::nullopt;
  Reading c(v.subspan(2), 0, 0);
  if (type == kBandwidth) {
    if (v.size() != 6) return std::nullopt;
    BandwidthHop hop;
    c.u32(hop.bandwidth.bits, "");
    return hop;
  }
  if (v.size() < kSwitchingFixed || is_set(v[4]) || is_set(v[5])) return std::nullopt;
  SwitchingHop hop;
  c.u8(hop.switching, "");
  c.u8(hop.encoding, "");
  c.reserved(2, "");
  for (Ieee32& bandwidth : hop.max_bandwidth) c.u32(bandwidth.bits, "");
  c.rest(hop.specific, "");
  return hop;
}

// Nothing: not of that type, or not of its form with its reserved octets 0.
std::optional<Subobject::Hop> known_hop(std::uint8_t type, wire::Bytes v, RouteKind kind) {
  const bool links = kind == RouteKind::LinkCapability;
  switch (type) {
    case kIpv4:
    case kIpv6:
      if (v.size() != (type == kIpv4 ? 6U : 18U)) return std::nullopt;
      if (is_set(v.back()) && kind != RouteKind::Record && kind != RouteKind::Exclude) {
        return std::nullopt;
      }
      return prefix_hop(wire::ByteReader(v), type == kIpv6);
    case kLabel:
      return kind == RouteKind::Explicit || kind == RouteKind::Record ? label_hop(v) : std::nullopt;
    case kUnnumbered:
      return unnumbered_hop(v, kind);
    case kAttributes:
      if (kind != RouteKind::Record || v.size() < 6 || is_set(v[0]) || is_set(v[1])) {
        return std::nullopt;
      }
      return AttributesHop{Reading::octets(v.subspan(2))};
    case kAs:
      if (v.size() != 2 || links) return std::nullopt;
      return AsHop{static_cast<std::uint16_t>(wire::load_be<2>(v.data()))};
    case kExclusions: {
      if (kind != RouteKind::Explicit || v.size() < 2 || is_set(v[0]) || is_set(v[1])) {
        return std::nullopt;
      }
      return ExclusionHop{Reading::octets(v.subspan(2))};
    }
    case kSrlg:
      if (kind != RouteKind::Exclude || v.size() != 6 || is_set(v[4]) || is_set(v[5])) {
        return std::nullopt;
      }
      return SrlgHop{static_cast<std::uint32_t>(wire::load_be<4>(v.data()))};
    case kPathKeyIpv4:
    case kPathKeyIpv6: {
      if (links) return capability_hop(type, v);
      if (kind != RouteKind::Explicit || v.size() != (type == kPathKeyIpv4 ? 6U : 18U)) {
        return std::nullopt;
      }
      Reading c(v, 0, 0);
      PathKeyHop hop;
      c.u16(hop.key, "");
      hop.pce = c.address(type == kPathKeyIpv6, "");
      return hop;
    }
    default:
      return std::nullopt;
  }
}

// Writes what stands behind type and length, and tells the type.
class HopWriter {
 public:
  explicit HopWriter(wire::ByteWriter& w) : w_(w) {}

  std::uint8_t operator()(const PrefixHop& hop) {
    w_.bytes(hop.address.octets());
    w_.u8(hop.prefix);
    w_.u8(hop.flags);
    return hop.address.is_v6() ? kIpv6 : kIpv4;
  }
  std::uint8_t operator()(const UnnumberedHop& hop) {
    w_.u8(hop.flags);
    w_.u8(hop.attribute);
    w_.u32(hop.router_id);
    w_.u32(hop.interface_id);
    return kUnnumbered;
  }
  std::uint8_t operator()(const LabelHop& hop) {
    w_.u8(hop.flags);
    w_.u8(hop.c_type);
    Writing(w_).words(hop.labels, "rsvp.route.label");
    return kLabel;
  }
  std::uint8_t operator()(const AsHop& hop) {
    w_.u16(hop.number);
    return kAs;
  }
  std::uint8_t operator()(const SrlgHop& hop) {
    w_.u32(hop.id);
    w_.zeros(2);
    return kSrlg;
  }
  std::uint8_t operator()(const PathKeyHop& hop) {
    w_.u16(hop.key);
    w_.bytes(hop.pce.octets());
    return hop.pce.is_v6() ? kPathKeyIpv6 : kPathKeyIpv4;
  }
  std::uint8_t operator()(const ExclusionHop& hop) {
    w_.zeros(2);
    w_.bytes(hop.octets);
    return kExclusions;
  }
  std::uint8_t operator()(const BandwidthHop& hop) {
    w_.zeros(2);
    w_.u32(hop.bandwidth.bits);
    return kBandwidth;
  }
  std::uint8_t operator()(const SwitchingHop& hop) {
    w_.zeros(2);
    w_.u8(hop.switching);
    w_.u8(hop.encoding);
    w_.zeros(2);
    for (const Ieee32 bandwidth : hop.max_bandwidth) w_.u32(bandwidth.bits);
    w_.bytes(hop.specific);
    return kSwitching;
  }
  std::uint8_t operator()(const AttributesHop& hop) {
    w_.zeros(2);
    w_.bytes(hop.flags);
    return kAttributes;
  }
  std::uint8_t operator()(const UnknownHop& hop) {
    w_.bytes(hop.octets);
    return hop.type;
  }

 private:
  wire::ByteWriter& w_;
};

}  // namespace

bool AttributesHop::flag(unsigned bit) const {
  return bit / 8 < flags.size() && (number(flags[bit / 8]) >> (7 - bit % 8) & 1U) != 0;
}

void AttributesHop::set_flag(unsigned bit) {
  if (bit / 8 >= flags.size()) flags.resize((bit / 32 + 1) * 4);
  flags[bit / 8] |= std::byte{0x80} >> (bit % 8);
}

void read_route(wire::ByteReader& r, RouteKind kind, Route& route) {
  route.reserve(r.remaining() / 8);
  while (!r.empty()) {
    const std::size_t at = r.offset();
    std::uint8_t type = r.u8("rsvp.route.subobject");
    const std::size_t length = r.u8("rsvp.route.length");
    if (length < 4 || length % 4 != 0) r.fail(Errc::BadLength, "rsvp.route.length", at + 1);
    const wire::Bytes value = r.take(length - 2, "rsvp.route.subobject");
    if (!r.ok()) return;
    const bool has_l = kind != RouteKind::Record;
    const bool loose = has_l && (type & 0x80) != 0;
    if (has_l) type &= 0x7f;
    auto hop = known_hop(type, value, kind);
    if (!hop) hop = UnknownHop{type, Reading::octets(value)};
    route.push_back({loose, *std::move(hop)});
  }
}

void write_route(wire::ByteWriter& w, RouteKind kind, std::span<const Subobject> route) {
  for (const Subobject& subobject : route) {
    const std::size_t start = w.size();
    w.u16(0);
    const std::uint8_t type = std::visit(HopWriter(w), subobject.hop);
    const std::size_t length = w.size() - start;
    if (length > kMaxSubobject) w.fail(Errc::TooLarge, "rsvp.route.length", start);
    if (length % 4 != 0 || length < 4) w.fail(Errc::BadLength, "rsvp.route.length", start);
    if (kind != RouteKind::Record && type > 0x7f) {
      w.fail(Errc::BadValue, "rsvp.route.subobject", start);
    }
    const bool l = subobject.loose && kind != RouteKind::Record;
    w.patch_u16(start, static_cast<std::size_t>((l ? 0x80 : 0) | type) << 8 | (length & 0xff),
                "rsvp.route.length");
  }
}

Result<Route> exclusions(const ExclusionHop& hop) {
  wire::ByteReader r(hop.octets);
  Route route;
  read_route(r, RouteKind::Exclude, route);
  if (!r.ok()) return fail(r.error());
  return route;
}

Result<ExclusionHop> exclusion_hop(std::span<const Subobject> exclusions) {
  wire::ByteWriter w;
  write_route(w, RouteKind::Exclude, exclusions);
  FORCES_TRY(octets, std::move(w).finish());
  return ExclusionHop{std::move(octets)};
}

}  // namespace forces::rsvp
