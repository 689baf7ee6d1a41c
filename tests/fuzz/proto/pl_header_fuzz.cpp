// What decodes must encode, and decode to the same value again.
#include <cstdlib>
#include <span>

#include "proto/pl/header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace pl = forces::pl;
  const auto header = pl::decode_header(std::as_bytes(std::span(data, size)));
  if (!header) return 0;
  forces::wire::ByteWriter w;
  pl::encode_header(*header, w);
  const auto octets = std::move(w).finish();
  if (!octets || pl::decode_header(*octets) != header) std::abort();
  return 0;
}
