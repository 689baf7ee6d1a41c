#include "proto/rsvp/object/attributes.hpp"

#include <algorithm>

namespace forces::rsvp {

template <Class Number>
bool AttributesObject<Number>::flag(unsigned bit) const {
  const auto tlv = std::ranges::find(tlvs, AttributeTlv::kFlags, &AttributeTlv::type);
  if (tlv == tlvs.end() || bit / 8 >= tlv->value.size()) return false;
  return (std::to_integer<unsigned>(tlv->value[bit / 8]) & 0x80U >> bit % 8) != 0;
}

template <Class Number>
void AttributesObject<Number>::set_flag(unsigned bit) {
  auto tlv = std::ranges::find(tlvs, AttributeTlv::kFlags, &AttributeTlv::type);
  if (tlv == tlvs.end()) tlv = tlvs.insert(tlvs.begin(), {AttributeTlv::kFlags, {}});
  const std::size_t words = bit / 32 + 1;
  if (tlv->value.size() < 4 * words) tlv->value.resize(4 * words);
  tlv->value[bit / 8] |= static_cast<std::byte>(0x80U >> bit % 8);
}

template <Class Number>
void AttributesObject<Number>::read(Reading& c) {
  wire::ByteReader& r = c.reader();
  while (!r.empty()) {
    const std::size_t at = r.offset();
    const std::uint16_t type = r.u16("rsvp.attributes.type");
    const std::size_t length = r.u16("rsvp.attributes.length");
    if (length < 4) r.fail(Errc::BadLength, "rsvp.attributes.length", at + 2);
    const wire::Bytes value = r.take(length - 4, "rsvp.attributes.value");
    r.skip_at_most((4 - length % 4) % 4);
    if (r.ok()) tlvs.push_back({type, Reading::octets(value)});
  }
}

template <Class Number>
void AttributesObject<Number>::write(Writing& c) const {
  for (const AttributeTlv& tlv : tlvs) {
    c.writer().tlv(tlv.type, [&] { c.writer().bytes(tlv.value); });
  }
}

template struct AttributesObject<Class::LspAttributes>;
template struct AttributesObject<Class::LspRequiredAttributes>;
template struct AttributesObject<Class::CallAttributes>;

}  // namespace forces::rsvp
