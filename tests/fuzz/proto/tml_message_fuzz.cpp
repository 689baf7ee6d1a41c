// What decodes must encode, and decode to the same value again.
#include <cstdlib>
#include <span>

#include "proto/tml/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = forces::tml::decode_message(std::as_bytes(std::span(data, size)));
  if (!message) return 0;
  const auto octets = forces::tml::encode_message(*message);
  if (!octets || forces::tml::decode_message(*octets) != message) std::abort();
  return 0;
}
