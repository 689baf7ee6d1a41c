// ATM addresses of tests: NSAPAs that end with a number.
#pragma once

#include <array>
#include <cstdint>

#include "proto/mars/address.hpp"

namespace forces::test {

inline mars::AtmAddress atm(std::uint32_t n) {
  std::array<std::byte, 20> octets{std::byte{0x49}};
  wire::store_be<4>(&octets[16], n);
  return {.number = {.octets = *mars::ShortOctets<20>::from(octets)}};
}

}  // namespace forces::test
