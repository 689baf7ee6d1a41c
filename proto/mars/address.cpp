#include "proto/mars/address.hpp"

namespace forces::mars {

using wire::ByteReader;

TypeLength read_type_length(ByteReader& r, std::string_view field) {
  const std::size_t at = r.offset();
  const unsigned octet = r.u8(field);
  const TypeLength out{(octet & 0x40) != 0, octet & 0x3f};
  if ((octet & 0x80) != 0) r.fail(Errc::BadValue, field, at);
  if (out.length > decltype(AtmNumber::octets)::kCapacity) r.fail(Errc::TooLarge, field, at);
  return out;
}

AtmNumber read_atm_number(ByteReader& r, TypeLength type, std::string_view field) {
  const Bytes octets = r.take(type.length, field);
  if (octets.empty()) return {};  // the type of a null address is ignored
  return {type.e164,
          decltype(AtmNumber::octets)::from(octets).value_or(decltype(AtmNumber::octets){})};
}

ProtocolType read_protocol_type(ByteReader& r, std::string_view field) {
  ProtocolType out{.type = r.u16(field)};
  const Bytes snap = r.take(out.snap.size(), field);
  if (out.type == kSnapProtocol && !snap.empty()) std::ranges::copy(snap, out.snap.begin());
  return out;
}

std::size_t read_address_length(ByteReader& r, std::string_view field) {
  const std::size_t at = r.offset();
  const std::size_t length = r.u8(field);
  if (length > ProtocolAddress::kCapacity) r.fail(Errc::TooLarge, field, at);
  return length;
}

ProtocolAddress read_address(ByteReader& r, std::size_t length, std::string_view field) {
  return ProtocolAddress::from(r.take(length, field)).value_or(ProtocolAddress{});
}

void write(wire::ByteWriter& w, const ProtocolType& type) {
  w.u16(type.type);
  if (type.type == kSnapProtocol) {
    w.bytes(type.snap);
  } else {
    w.zeros(type.snap.size());
  }
}

}  // namespace forces::mars
