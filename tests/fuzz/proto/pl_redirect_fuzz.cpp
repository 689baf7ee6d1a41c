// The reader without a tree and the tree must agree on every PacketRedirect.
#include <algorithm>
#include <cstdlib>
#include <span>
#include <vector>

#include "proto/pl/message.hpp"
#include "proto/pl/redirect.hpp"

namespace {

namespace pl = forces::pl;

bool same(forces::wire::Bytes a, const pl::Octets& b) { return std::ranges::equal(a, b); }

void compare(const pl::RedirectView& view, const pl::Redirect& tree) {
  const pl::RedirectData* packet = nullptr;
  for (const auto& item : tree.items) {
    if (const auto* data = std::get_if<pl::RedirectData>(&item)) packet = data;
    if (const auto* metadata = std::get_if<pl::Metadata>(&item)) {
      for (const pl::Ilv& ilv : metadata->items) {
        if (!view.metadata(ilv.id)) std::abort();
      }
      if (!metadata->items.empty()) {
        const pl::Ilv& first = metadata->items.front();
        if (!same(*view.metadata(first.id), first.value)) std::abort();
      }
    }
  }
  if (view.packet().has_value() != (packet != nullptr)) std::abort();
  if (packet != nullptr && !same(*view.packet(), packet->packet)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < pl::Header::kSize || size > pl::Header::kMaxLength) return 0;
  const auto input = std::as_bytes(std::span(data, size));
  std::vector<std::byte> octets(input.begin(), input.end());
  octets.resize(size / 4 * 4);
  octets[0] = std::byte{0x10};
  octets[1] = std::byte{0x06};
  octets[2] = static_cast<std::byte>(size / 4 >> 8);
  octets[3] = static_cast<std::byte>(size / 4);

  const auto message = pl::decode_message(octets);
  pl::RedirectReader reader(octets);
  std::vector<pl::RedirectView> views;
  while (const auto redirect = reader.next()) views.push_back(*redirect);
  if (!message) return 0;  // the tree also judges what the reader steps over
  if (reader.error()) std::abort();
  std::size_t n = 0;
  for (const auto& tlv : message->body) {
    const auto* redirect = std::get_if<pl::Redirect>(&tlv);
    if (redirect == nullptr) continue;
    if (n == views.size()) std::abort();
    compare(views[n++], *redirect);
  }
  if (n != views.size()) std::abort();
  return 0;
}
