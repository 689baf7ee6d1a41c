#include "proto/wire/checksum.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/octets/hex.hpp"

namespace forces::wire {
namespace {

using test::hex;

TEST(WireChecksum, IsThatOfRfc1071) {
  EXPECT_EQ(internet_checksum({}), 0xffff);
  EXPECT_EQ(internet_checksum(hex("0001 f203 f4f5 f6f7")), 0x220d);  // RFC 1071 section 3
  EXPECT_EQ(internet_checksum(hex("ffff")), 0);
  EXPECT_EQ(internet_checksum(hex("ffff ffff 0001")), 0xfffe);  // the carry comes round
}

TEST(WireChecksum, AnOddLengthCountsAsIfAZeroFollowed) {
  for (const char* octets : {"12", "1234 56", "1234 5678 9a", "1234 5678 9abc de"}) {
    auto odd = hex(octets);
    const auto sum = internet_checksum(odd);
    odd.push_back(std::byte{0});
    EXPECT_EQ(sum, internet_checksum(odd)) << octets;
  }
}

TEST(WireChecksum, IsTheSameAsOneWordAtATime) {
  std::mt19937 rng(1);
  for (std::size_t size = 0; size < 300; ++size) {
    std::vector<std::byte> octets(size);
    for (std::byte& octet : octets) octet = static_cast<std::byte>(rng() % 4 == 0 ? 0xff : rng());
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
      sum += std::to_integer<std::uint32_t>(octets[i]) << (i % 2 == 0 ? 8 : 0);
      sum = (sum & 0xffff) + (sum >> 16);
    }
    ASSERT_EQ(internet_checksum(octets), static_cast<std::uint16_t>(~sum)) << size;
  }
}

}  // namespace
}  // namespace forces::wire
