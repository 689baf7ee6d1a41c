#include "proto/mars/element_address.hpp"

#include <algorithm>

namespace forces::mars {
namespace {

constexpr std::size_t kSize = 20;
constexpr std::uint8_t kLocalAfi = 0x49;
constexpr std::uint8_t kFe = 1, kCe = 2;
constexpr std::string_view kField = "element_address";

}  // namespace

AtmAddress encode_element(const ElementAddress& element) {
  std::array<std::byte, kSize> out{std::byte{kLocalAfi}};
  const bool fe = pl::is_fe(element.id);
  out[1] = static_cast<std::byte>(fe ? kFe : kCe);
  wire::store_be<4>(out.data() + 2, element.id.value);
  if (fe) {
    wire::store_be<4>(out.data() + 6, element.endpoint.address);
    wire::store_be<2>(out.data() + 10, element.endpoint.port);
  }
  return {{false, *decltype(AtmNumber::octets)::from(out)}, {}};
}

Result<ElementAddress> decode_element(const AtmAddress& address) {
  const Bytes octets = address.number.octets.octets();
  if (address.number.e164 || !address.subaddress.empty()) return fail(Errc::BadValue, kField, 0);
  if (octets.size() != kSize) return fail(Errc::BadLength, kField, octets.size());
  wire::ByteReader r(octets);
  const std::uint8_t afi = r.u8(kField), format = r.u8(kField);
  ElementAddress element{.id = {r.u32(kField)}};
  element.endpoint.address = r.u32(kField);
  element.endpoint.port = r.u16(kField);
  if (afi != kLocalAfi) return fail(Errc::BadValue, kField, 0);
  if (format != kFe && format != kCe) return fail(Errc::UnknownType, kField, 1);
  const bool right = format == kFe ? pl::is_fe(element.id) && element.id != pl::kUnassignedFe
                                   : pl::is_ce(element.id) && element.endpoint == CopyEndpoint{};
  if (!right) return fail(Errc::BadValue, kField, 2);
  if ((element.endpoint.address == 0) != (element.endpoint.port == 0)) {
    return fail(Errc::BadValue, kField, 6);
  }
  const auto zero = [](std::byte b) { return b == std::byte{0}; };
  if (!std::ranges::all_of(r.rest(), zero)) return fail(Errc::BadValue, kField, 12);
  return element;
}

}  // namespace forces::mars
