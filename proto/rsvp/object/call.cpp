#include "proto/rsvp/object/call.hpp"

#include <algorithm>
#include <utility>

namespace forces::rsvp {
namespace {

constexpr std::size_t kLocalId = 8;
constexpr std::size_t kUniHeader = 4;
constexpr std::size_t kPolicyHeader = 8;  // of the object, with its data offset

template <std::size_t N>
void read_code(wire::ByteReader& r, std::array<char, N>& code) {
  const wire::Bytes octets = r.take(N, "rsvp.call_id.global");
  if (octets.size() == N) std::memcpy(code.data(), octets.data(), N);
}

// 0: of any length.
std::size_t source_octets(std::uint8_t type) {
  switch (type) {
    case CallId::kIpv4:
      return 4;
    case CallId::kIpv6:
      return 16;
    case CallId::kNsap:
      return 20;
    case CallId::kMac:
      return 6;
    default:
      return 0;
  }
}

std::size_t padding(std::size_t n) { return (4 - n % 4) % 4; }

}  // namespace

void CallId::read(Reading& c) {
  wire::ByteReader& r = c.reader();
  const std::size_t start = r.offset();
  kind = static_cast<Kind>(c.c_type());
  if (kind == Kind::Assign) {
    const wire::Bytes zeros = r.rest();
    const auto none = [](std::byte b) { return b == std::byte{0}; };
    if (!std::ranges::all_of(zeros, none)) r.fail(Errc::BadValue, "rsvp.call_id.assign", start);
    type = 0;
    source.clear();
    assign_size = zeros.size();
    return;
  }
  c.u8(type, "rsvp.call_id.type");
  if (kind == Kind::Global) {
    read_code(r, global.country);
    read_code(r, global.carrier);
    read_code(r, global.access_point);
  } else {
    c.reserved(3, "rsvp.call_id.reserved");
  }
  const std::size_t left = r.remaining();
  const std::size_t known = source_octets(type);
  const std::size_t size = known != 0 ? known : left - std::min(left, kLocalId);
  source = Reading::octets(r.take(size, "rsvp.call_id.source"));
  // A MAC address of six octets: no text says where its padding stands; it is read before the ID.
  if (known != 0) r.take(padding(size), "rsvp.call_id.source");
  c.u64(local_id, "rsvp.call_id.local_id");
}

void CallId::write(Writing& c) const {
  wire::ByteWriter& w = c.writer();
  if (kind == Kind::Assign) {
    if (assign_size % 4 != 0) w.fail(Errc::BadLength, "rsvp.call_id.assign", w.size());
    w.zeros(assign_size);
    return;
  }
  const std::size_t known = source_octets(type);
  if (known != 0 ? source.size() != known : source.size() % 4 != 0) {
    w.fail(Errc::BadLength, "rsvp.call_id.source", w.size());
  }
  w.u8(type);
  if (kind == Kind::Global) {
    w.bytes(std::as_bytes(std::span(global.country)));
    w.bytes(std::as_bytes(std::span(global.carrier)));
    w.bytes(std::as_bytes(std::span(global.access_point)));
  } else {
    w.zeros(3);
  }
  w.bytes(source);
  w.zeros(padding(source.size()));
  w.u64(local_id);
}

UniSubobject UniSubobject::tna(std::uint8_t type, const Address& address) {
  return {type, address.is_v6() ? kTnaIpv6 : kTnaIpv4, Reading::octets(address.octets())};
}

UniSubobject UniSubobject::egress_label(std::uint8_t subtype, const EgressLabel& label) {
  wire::ByteWriter w;
  w.u8(label.upstream ? 0x80 : 0);
  w.zeros(2);
  w.u8(label.label_type);
  w.u32(label.logical_port);
  for (const std::uint32_t word : label.labels) w.u32(word);
  return {kEgressLabel, subtype, std::move(w).finish().value_or(Octets{})};
}

UniSubobject UniSubobject::service_level(std::uint8_t level) {
  return {kServiceLevel, 1, {static_cast<std::byte>(level), {}, {}, {}}};
}

std::optional<Address> UniSubobject::tna() const {
  if (type != kSourceTna && type != kDestinationTna) return std::nullopt;
  const bool v6 = subtype == kTnaIpv6;
  if (!v6 && subtype != kTnaIpv4) return std::nullopt;
  if (value.size() != (v6 ? 16U : 4U)) return std::nullopt;
  return Reading(value, 0, 0).address(v6, "");
}

std::optional<UniSubobject::EgressLabel> UniSubobject::egress_label() const {
  if (type != kEgressLabel || value.size() < 12) return std::nullopt;
  EgressLabel label;
  Reading c(value, 0, 0);
  std::uint8_t direction = 0;
  c.u8(direction, "");
  c.reserved(2, "");
  c.u8(label.label_type, "");
  c.u32(label.logical_port, "");
  c.words(label.labels, "");
  label.upstream = (direction & 0x80) != 0;
  return label;
}

std::optional<std::uint8_t> UniSubobject::service_level() const {
  if (type != kServiceLevel || value.empty()) return std::nullopt;
  return std::to_integer<std::uint8_t>(value[0]);
}

const UniSubobject* GeneralizedUni::find(std::uint8_t type) const {
  const auto found = std::ranges::find(subobjects, type, &UniSubobject::type);
  return found == subobjects.end() ? nullptr : &*found;
}

void GeneralizedUni::read(Reading& c) {
  wire::ByteReader& r = c.reader();
  while (!r.empty()) {
    const std::size_t at = r.offset();
    const std::size_t length = r.u16("rsvp.uni.length");
    UniSubobject subobject;
    c.u8(subobject.type, "rsvp.uni.type");
    c.u8(subobject.subtype, "rsvp.uni.subtype");
    if (length < kUniHeader || length % 4 != 0) r.fail(Errc::BadLength, "rsvp.uni.length", at);
    subobject.value = Reading::octets(r.take(length - kUniHeader, "rsvp.uni.subobject"));
    if (r.ok()) subobjects.push_back(std::move(subobject));
  }
}

void GeneralizedUni::write(Writing& c) const {
  wire::ByteWriter& w = c.writer();
  for (const UniSubobject& subobject : subobjects) {
    const std::size_t start = w.size();
    w.u16(0);
    w.u8(subobject.type);
    w.u8(subobject.subtype);
    c.rest(subobject.value, "rsvp.uni.subobject");
    w.patch_u16(start, w.size() - start, "rsvp.uni.length");
  }
}

void PolicyData::read(Reading& c) {
  wire::ByteReader& r = c.reader();
  const std::size_t start = r.offset();
  const std::size_t data_at = r.u16("rsvp.policy.data_offset");
  c.reserved(2, "rsvp.policy.reserved");
  if (data_at < kPolicyHeader || data_at % 4 != 0) {
    r.fail(Errc::BadLength, "rsvp.policy.data_offset", start);
  }
  options = Reading::octets(r.take(data_at - kPolicyHeader, "rsvp.policy.options"));
  while (!r.empty()) {
    const std::size_t at = r.offset();
    const std::size_t length = r.u16("rsvp.policy.length");
    const std::uint16_t type = r.u16("rsvp.policy.type");
    if (length < 4) r.fail(Errc::BadLength, "rsvp.policy.length", at);
    const wire::Bytes value = r.take(length - 4, "rsvp.policy.element");
    r.skip_at_most(padding(length));
    if (r.ok()) elements.push_back({type, Reading::octets(value)});
  }
}

void PolicyData::write(Writing& c) const {
  wire::ByteWriter& w = c.writer();
  c.fits(kPolicyHeader + options.size() <= 0xffff, "rsvp.policy.data_offset");
  w.u16(static_cast<std::uint16_t>(kPolicyHeader + options.size()));
  w.u16(0);
  c.rest(options, "rsvp.policy.options");
  for (const PolicyElement& element : elements) {
    const std::size_t start = w.size();
    w.u16(0);
    w.u16(element.type);
    w.bytes(element.value);
    w.patch_u16(start, w.size() - start, "rsvp.policy.length");
    w.pad(start);
  }
}

}  // namespace forces::rsvp
