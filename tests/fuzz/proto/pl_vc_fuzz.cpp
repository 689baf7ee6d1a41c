// What decodes as a message of a VC is written again with the same SDU. The addresses of members,
// which are in such SDUs, have one form only.
#include <algorithm>
#include <cstdlib>
#include <span>
#include <vector>

#include "proto/mars/element_address.hpp"
#include "proto/pl/vc.hpp"

namespace {

namespace mars = forces::mars;
namespace pl = forces::pl;

void address(forces::wire::Bytes octets) {
  const auto number = decltype(mars::AtmNumber::octets)::from(
      octets.first(std::min<std::size_t>(octets.size(), 20)));
  const mars::AtmAddress given{{false, *number}, {}};
  const auto element = mars::decode_element(given);
  if (element && mars::encode_element(*element) != given) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  address(input);
  (void)pl::decode_vc(input);
  if (size < pl::Header::kSize || size > pl::Header::kMaxLength) return 0;
  std::vector<std::byte> octets(input.begin(), input.end());
  octets.resize(size / 4 * 4);
  octets[0] = std::byte{0x10};
  octets[1] = std::byte{0x80};
  octets[2] = static_cast<std::byte>(size / 4 >> 8);
  octets[3] = static_cast<std::byte>(size / 4);
  const auto view = pl::decode_vc(octets);
  if (!view) return 0;
  const auto again = pl::encode_vc({7}, {0x40000001}, view->kind, view->sdu);
  if (!again) std::abort();
  const auto second = pl::decode_vc(*again);
  if (!second || second->kind != view->kind) std::abort();
  if (!std::ranges::equal(second->sdu, view->sdu)) std::abort();
  return 0;
}
