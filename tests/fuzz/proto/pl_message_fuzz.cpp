// What decodes must encode, and decode to the same tree; the length patched in makes almost every
// input reach the body.
#include <cstdlib>
#include <span>
#include <vector>

#include "proto/pl/message.hpp"

namespace {

namespace pl = forces::pl;

void check(forces::wire::Bytes octets) {
  const auto message = pl::decode_message(octets);
  if (!message) return;
  auto again = pl::encode_message(*message);
  if (!again) {
    // A last child may come without its padding. We write it, which can lift the TLV around it over
    // 65,535 octets.
    if (again.error().code != forces::Errc::TooLarge || octets.size() < 0xffff) std::abort();
    return;
  }
  auto want = *message;
  want.header.length = again->size();
  if (pl::decode_message(*again) != want) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto octets = std::as_bytes(std::span(data, size));
  check(octets);
  if (size < pl::Header::kSize || size > pl::Header::kMaxLength) return 0;
  std::vector<std::byte> patched(octets.begin(), octets.end());
  patched.resize(size / 4 * 4);
  patched[0] = std::byte{0x10};
  patched[2] = static_cast<std::byte>(size / 4 >> 8);
  patched[3] = static_cast<std::byte>(size / 4);
  check(patched);
  return 0;
}
