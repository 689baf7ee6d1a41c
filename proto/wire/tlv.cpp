#include "proto/wire/tlv.hpp"

namespace forces::wire {
namespace {

// `length` covers the header; an impossible one fails at its own place.
ByteReader read_value(ByteReader& r, std::size_t length, std::size_t header, std::size_t at,
                      std::string_view field) {
  if (!r.ok()) return ByteReader({});
  if (length < header) {
    r.fail(Errc::BadLength, field, at);
    return ByteReader({});
  }
  ByteReader value = r.sub(length - header, field);
  r.skip_at_most((4 - length % 4) % 4);
  return value;
}

}  // namespace

TlvView read_tlv(ByteReader& r, std::string_view field) {
  TlvView tlv;
  tlv.offset = r.offset();
  tlv.type = r.u16(field);
  const std::size_t length = r.u16(field);
  tlv.value = read_value(r, length, kTlvHeader, tlv.offset + 2, field);
  return tlv;
}

IlvView read_ilv(ByteReader& r, std::string_view field) {
  IlvView ilv;
  ilv.offset = r.offset();
  ilv.id = r.u32(field);
  const std::size_t length = r.u32(field);
  ilv.value = read_value(r, length, kIlvHeader, ilv.offset + 4, field);
  return ilv;
}

}  // namespace forces::wire
