#include "fe/dataplane/ports/arp.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"

namespace forces::fe::dataplane {
namespace {

using namespace std::chrono_literals;
using test::hex;
using test::to_hex;

constexpr std::string_view kRequest =
    "0001 0800 06 04 0001 020000000001 0a620002 000000000000 0a620001";

Mac mac(unsigned last) {
  return {std::byte{2}, std::byte{0}, std::byte{0},
          std::byte{0}, std::byte{0}, static_cast<std::byte>(last)};
}

TEST(Arp, ReadsARequestAndWritesItBack) {
  const auto arp = decode_arp(hex(kRequest));
  ASSERT_TRUE(arp);
  EXPECT_EQ(*arp,
            (ArpPacket{ArpPacket::Operation::Request, mac(1), 0x0a620002, Mac{}, 0x0a620001}));
  EXPECT_EQ(to_hex(encode_arp(*arp)), to_hex(hex(kRequest)));
}

struct Bad {
  const char* name;
  std::string_view octets;
  Errc want;
};
const Bad kBad[] = {
    {"Token ring", "0006 0800 06 04 0001 020000000001 0a620002 000000000000 0a620001",
     Errc::UnknownType},
    {"IPv6", "0001 86dd 06 04 0001 020000000001 0a620002 000000000000 0a620001", Errc::UnknownType},
    {"long MAC", "0001 0800 08 04 0001 020000000001 0a620002 000000000000 0a620001",
     Errc::BadLength},
    {"long IP", "0001 0800 06 10 0001 020000000001 0a620002 000000000000 0a620001",
     Errc::BadLength},
};
TEST(Arp, RefusesWhatIsNotIpv4OverEthernet) {
  for (const Bad& bad : kBad) {
    const auto arp = decode_arp(hex(bad.octets));
    ASSERT_FALSE(arp) << bad.name;
    EXPECT_EQ(arp.error().code, bad.want) << bad.name;
  }
}

TEST(Arp, EveryPrefixIsTruncated) {
  const auto octets = hex(kRequest);
  for (std::size_t cut = 0; cut < octets.size(); ++cut) {
    EXPECT_FALSE(decode_arp(std::span(octets).first(cut))) << cut;
  }
}

TEST(Arp, GroupsHaveTheirMac) {  // RFC 1112 section 6.4: the low 23 bits
  EXPECT_EQ(to_hex(multicast_mac(0xe0000005)), "01005e000005");
  EXPECT_EQ(to_hex(multicast_mac(0xefffffff)), "01005e7fffff");
}

TEST(NeighborTable, ForgetsWhoWasSilentForAMinute) {
  NeighborTable table;
  table.learn(1, mac(1), Instant(0s));
  EXPECT_EQ(table.find(1, Instant(60s)), mac(1));
  EXPECT_EQ(table.find(1, Instant(61s)), std::nullopt);
  EXPECT_EQ(table.find(2, Instant(0s)), std::nullopt);
}

TEST(NeighborTable, AsksAtMostTwiceASecond) {
  NeighborTable table;
  EXPECT_TRUE(table.should_ask(1, Instant(0s)));
  EXPECT_FALSE(table.should_ask(1, Instant(400ms)));
  EXPECT_TRUE(table.should_ask(2, Instant(400ms)));
  EXPECT_TRUE(table.should_ask(1, Instant(500ms)));
}

TEST(NeighborTable, IsBoundedAndDropsTheOneSilentLongest) {
  NeighborTable table;
  for (std::uint32_t ip = 0; ip < NeighborTable::kMax; ++ip) {
    table.learn(ip, mac(ip & 0xff), Instant(1s) + Duration(ip));
  }
  table.learn(7, mac(7), Instant(2s));  // known already: nobody has to go
  EXPECT_EQ(table.size(), NeighborTable::kMax);
  table.learn(0xffff, mac(9), Instant(3s));
  EXPECT_EQ(table.size(), NeighborTable::kMax);
  EXPECT_EQ(table.find(0, Instant(3s)), std::nullopt);
  EXPECT_EQ(table.find(7, Instant(3s)), mac(7));
}

}  // namespace
}  // namespace forces::fe::dataplane
