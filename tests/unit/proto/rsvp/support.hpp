// What the tests of proto/rsvp share.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string_view>
#include <vector>

#include "proto/rsvp/message.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::rsvp {

inline void PrintTo(const ErrorValue& e, std::ostream* os) {
  *os << std::to_underlying(e.code) << "/" << e.value;
}
inline void PrintTo(const Refusal& refusal, std::ostream* os) {
  PrintTo(refusal.error, os);
  *os << " answered by ";
  if (refusal.answer) PrintTo(*refusal.answer, os);
}

namespace test_support {

inline constexpr std::uint32_t kNode2 = 0xc0000202, kNode3 = 0xc0000203, kNode25 = 0xc0000219;

inline Address v4(std::uint32_t value) { return Address::v4(value); }

// 2001:db8::n
inline Address v6(std::uint8_t n) {
  std::array<std::byte, 16> octets{};
  octets[0] = std::byte{0x20};
  octets[1] = std::byte{0x01};
  octets[2] = std::byte{0x0d};
  octets[3] = std::byte{0xb8};
  octets[15] = static_cast<std::byte>(n);
  return Address::v6(octets);
}

inline const std::vector<test::Vector>& golden() {
  static const auto vectors = test::load_vectors("rsvp/golden.hex");
  return vectors;
}

inline const Octets& golden(std::string_view number) {
  for (const test::Vector& vector : golden()) {
    if (vector.name.starts_with(number)) return vector.octets;
  }
  throw std::out_of_range("no such vector");
}

// The octets of a single object: where its errors are, the header of a message is not counted.
inline ObjectView view_of(const Octets& octets) {
  return {std::to_integer<std::uint8_t>(octets.at(2)), std::to_integer<std::uint8_t>(octets.at(3)),
          octets, 0};
}

inline Result<Octets> encoded(const Object& object) {
  wire::ByteWriter w;
  encode_object(object, w);
  return std::move(w).finish();
}

// A message of this type around these objects, as somebody else would send it: with a checksum.
inline Octets message_of(MessageType type, std::string_view objects) {
  const Octets body = test::hex(objects);
  wire::ByteWriter w;
  encode_header({.flags = 1,
                 .type = type,
                 .send_ttl = 255,
                 .length = static_cast<std::uint16_t>(kHeaderSize + body.size())},
                w);
  w.bytes(body);
  Octets octets = *std::move(w).finish();
  put_checksum(octets);
  return octets;
}

}  // namespace test_support
}  // namespace forces::rsvp
