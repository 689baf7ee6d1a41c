// The Internet checksum (RFC 1071): SCSP, MARS and whatever else runs in IP's neighbourhood.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/wire/reader.hpp"

namespace forces::wire {

// One's complement of the one's complement sum of 16-bit words; an odd length counts as if one
// zero octet followed. Over octets that hold their own right checksum it is 0.
[[nodiscard]] inline std::uint16_t internet_checksum(Bytes octets) {
  std::uint64_t sum = 0;  // words of 32 bits: 2^32 of them fit, and their fold is that of halves
  const std::byte* at = octets.data();
  std::size_t left = octets.size();
  for (; left >= 4; at += 4, left -= 4) sum += load_be<4>(at);
  if (left >= 2) {
    sum += load_be<2>(at) << 16;
    at += 2;
    left -= 2;
    if (left == 1) sum += std::to_integer<std::uint64_t>(*at) << 8;
  } else if (left == 1) {
    sum += std::to_integer<std::uint64_t>(*at) << 24;
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace forces::wire
