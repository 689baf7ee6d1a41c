#include "proto/rsvp/object/interface.hpp"

#include <algorithm>
#include <utility>

namespace forces::rsvp {
namespace {

using T = InterfaceTlvType;

bool one_of(T type, std::initializer_list<T> types) {
  return std::ranges::find(types, type) != types.end();
}

void read_tlvs(wire::ByteReader& r, InterfaceTlvs& tlvs) {
  while (!r.empty()) {
    const std::size_t at = r.offset();
    const auto type = static_cast<T>(r.u16("rsvp.interface.tlv"));
    const std::size_t length = r.u16("rsvp.interface.length");
    if (length < 4) r.fail(Errc::BadLength, "rsvp.interface.length", at + 2);
    const wire::Bytes value = r.take(length - 4, "rsvp.interface.tlv");
    r.skip_at_most((4 - length % 4) % 4);
    if (r.ok()) tlvs.push_back({type, Reading::octets(value)});
  }
}

void write_tlvs(wire::ByteWriter& w, std::span<const InterfaceTlv> tlvs) {
  for (const InterfaceTlv& tlv : tlvs) {
    w.tlv(std::to_underlying(tlv.type), [&] { w.bytes(tlv.value); });
  }
}

InterfaceTlv made(T type, wire::ByteWriter w) {
  return {type, std::move(w).finish().value_or(Octets{})};
}

}  // namespace

std::string_view to_string(InterfaceTlvType type) {
  static constexpr std::string_view kNames[] = {
      "Unknown",
      "IPv4",
      "IPv6",
      "IF_INDEX",
      "COMPONENT_IF_DOWNSTREAM",
      "COMPONENT_IF_UPSTREAM",
      "DOWNSTREAM_LABEL",
      "UPSTREAM_LABEL",
      "NODE_ID",
      "OSPF_AREA",
      "ISIS_AREA",
      "AUTONOMOUS_SYSTEM",
      "ERO_CONTEXT",
      "ERO_NEXT_CONTEXT",
      "PREVIOUS_HOP_IPv4",
      "PREVIOUS_HOP_IPv6",
      "INCOMING_IPv4",
      "INCOMING_IPv6",
      "INCOMING_IF_INDEX",
      "INCOMING_DOWN_LABEL",
      "INCOMING_UP_LABEL",
      "REPORTING_NODE_ID",
      "REPORTING_OSPF_AREA",
      "REPORTING_ISIS_AREA",
      "REPORTING_AS",
      "PROPOSED_ERO",
      "NODE_EXCLUSIONS",
      "LINK_EXCLUSIONS",
  };
  static constexpr std::string_view kAlarms[] = {"REFERENCE_COUNT", "SEVERITY", "GLOBAL_TIMESTAMP",
                                                 "LOCAL_TIMESTAMP", "ERROR_STRING"};
  const std::size_t number = std::to_underlying(type);
  if (number < std::size(kNames)) return kNames[number];
  if (type >= T::ReferenceCount && type <= T::ErrorString) return kAlarms[number - 512];
  return "Unknown";
}

InterfaceTlv InterfaceTlv::of(T type, const Address& address) {
  return {type, Reading::octets(address.octets())};
}

InterfaceTlv InterfaceTlv::of(T type, const IfIndex& interface) {
  wire::ByteWriter w;
  w.bytes(interface.address.octets());
  w.u32(interface.id);
  return made(type, std::move(w));
}

InterfaceTlv InterfaceTlv::of(T type, std::uint32_t number) {
  wire::ByteWriter w;
  w.u32(number);
  return made(type, std::move(w));
}

InterfaceTlv InterfaceTlv::of(T type, std::string_view text) {
  return {type, Reading::octets(std::as_bytes(std::span(text)))};
}

Result<InterfaceTlv> InterfaceTlv::of(T type, std::span<const Subobject> route) {
  wire::ByteWriter w;
  write_route(w, RouteKind::Explicit, route);
  FORCES_TRY(octets, std::move(w).finish());
  return InterfaceTlv{type, std::move(octets)};
}

Result<InterfaceTlv> InterfaceTlv::of(T type, std::span<const InterfaceTlv> exclusions) {
  wire::ByteWriter w;
  write_tlvs(w, exclusions);
  FORCES_TRY(octets, std::move(w).finish());
  return InterfaceTlv{type, std::move(octets)};
}

std::optional<Address> InterfaceTlv::address() const {
  const bool v6 = one_of(type, {T::Ipv6, T::PreviousHopIpv6, T::IncomingIpv6});
  if (!v6 && !one_of(type, {T::Ipv4, T::PreviousHopIpv4, T::IncomingIpv4})) return std::nullopt;
  if (value.size() != (v6 ? 16U : 4U)) return std::nullopt;
  return Reading(value, 0, 0).address(v6, "");
}

std::optional<IfIndex> InterfaceTlv::if_index() const {
  if (!one_of(type,
              {T::IfIndex, T::ComponentDownstream, T::ComponentUpstream, T::IncomingIfIndex}) ||
      value.size() != 8) {
    return std::nullopt;
  }
  Reading c(value, 0, 0);
  rsvp::IfIndex interface;
  c.address(interface.address, "");
  c.u32(interface.id, "");
  return interface;
}

std::optional<std::uint32_t> InterfaceTlv::number() const {
  if (!one_of(type, {T::NodeId, T::OspfArea, T::AutonomousSystem, T::ReportingNodeId,
                     T::ReportingOspfArea, T::ReportingAs}) ||
      value.size() != 4) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(wire::load_be<4>(value.data()));
}

std::optional<Words> InterfaceTlv::labels() const {
  if (!one_of(type, {T::DownstreamLabel, T::UpstreamLabel, T::IncomingDownstreamLabel,
                     T::IncomingUpstreamLabel}) ||
      value.empty() || value.size() % 4 != 0) {
    return std::nullopt;
  }
  Words words;
  Reading(value, 0, 0).words(words, "");
  return words;
}

std::optional<wire::Bytes> InterfaceTlv::isis_area() const {
  if (!one_of(type, {T::IsisArea, T::ReportingIsisArea}) || value.empty()) return std::nullopt;
  const auto length = std::to_integer<std::size_t>(value[0]);
  if (length < 2 || length > 11 || length >= value.size()) return std::nullopt;
  return wire::Bytes(value).subspan(1, length);
}

std::optional<Route> InterfaceTlv::route() const {
  if (!one_of(type, {T::EroContext, T::EroNextContext, T::ProposedEro})) return std::nullopt;
  wire::ByteReader r(value);
  Route route;
  read_route(r, RouteKind::Explicit, route);
  if (!r.ok()) return std::nullopt;
  return route;
}

std::optional<InterfaceTlvs> InterfaceTlv::exclusions() const {
  if (!one_of(type, {T::NodeExclusions, T::LinkExclusions})) return std::nullopt;
  wire::ByteReader r(value);
  InterfaceTlvs tlvs;
  read_tlvs(r, tlvs);
  if (!r.ok()) return std::nullopt;
  return tlvs;
}

std::string_view InterfaceTlv::text() const {
  if (type != T::ErrorString || value.empty()) return {};
  std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
  return text.substr(0, text.find('\0'));
}

const InterfaceTlv* find(const InterfaceTlvs& tlvs, InterfaceTlvType type) {
  const auto found = std::ranges::find(tlvs, type, &InterfaceTlv::type);
  return found == tlvs.end() ? nullptr : &*found;
}

std::uint8_t Hop::c_type() const {
  return static_cast<std::uint8_t>((if_id ? 3 : 1) + (address.is_v6() ? 1 : 0));
}

void Hop::read(Reading& c) {
  if_id = c.c_type() >= 3;
  c.address(address, "rsvp.hop.address");
  c.u32(logical_interface, "rsvp.hop.lih");
  if (if_id) read_tlvs(c.reader(), tlvs);
}

void Hop::write(Writing& c) const {
  c.address(address, "rsvp.hop.address");
  c.u32(logical_interface, "");
  if (!if_id && !tlvs.empty()) {
    c.writer().fail(Errc::BadValue, "rsvp.hop.tlvs", c.writer().size());
  }
  write_tlvs(c.writer(), tlvs);
}

std::uint8_t ErrorSpec::c_type() const {
  return static_cast<std::uint8_t>((if_id ? 3 : 1) + (node.is_v6() ? 1 : 0));
}

void ErrorSpec::read(Reading& c) {
  if_id = c.c_type() >= 3;
  c.address(node, "rsvp.error_spec.node");
  c.u8(flags, "rsvp.error_spec.flags");
  c.u8(error.code, "rsvp.error_spec.code");
  c.u16(error.value, "rsvp.error_spec.value");
  if (if_id) read_tlvs(c.reader(), tlvs);
}

void ErrorSpec::write(Writing& c) const {
  c.address(node, "rsvp.error_spec.node");
  c.u8(flags, "");
  c.u8(error.code, "");
  c.u16(error.value, "");
  if (!if_id && !tlvs.empty()) {
    c.writer().fail(Errc::BadValue, "rsvp.error_spec.tlvs", c.writer().size());
  }
  write_tlvs(c.writer(), tlvs);
}

void Scope::read(Reading& c) {
  do {
    c.address(senders.emplace_back(), "rsvp.scope.sender");
  } while (!c.reader().empty());
}

void Scope::write(Writing& c) const {
  if (senders.empty()) c.writer().fail(Errc::Missing, "rsvp.scope.sender", c.writer().size());
  for (const Address& sender : senders) c.address(sender, "rsvp.scope.sender");
}

}  // namespace forces::rsvp
