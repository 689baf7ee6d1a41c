// Octets of rtnetlink, as a little-endian machine has them (iproute2's own were taken for
// comparison).
#include "fe/dataplane/kernel/netlink.hpp"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <bit>
#include <cstring>

#include "tests/support/octets/hex.hpp"
#include "tests/unit/fe/dataplane/kernel/rows.hpp"

namespace forces::fe::dataplane::kernel {
namespace {

using namespace test;

struct Aligned {
  explicit Aligned(std::span<const std::byte> from) : octets(from.begin(), from.end()) {}
  std::vector<std::byte> octets;  // operator new aligns for anything
};

std::vector<std::byte> encoded(const Operation& operation) {
  std::vector<std::byte> out(kMaxRequest);
  out.resize(encode(operation, Identity{}, out));
  return out;
}

Result<Message> parsed(const std::vector<std::byte>& octets) {
  std::span<const std::byte> rest(octets);
  return take_message(rest);
}

class NetlinkCodec : public testing::Test {
  void SetUp() override {
    if constexpr (std::endian::native != std::endian::little)
      GTEST_SKIP() << "hex is little-endian";
  }
};

TEST_F(NetlinkCodec, RequestsHaveTheseOctets) {
  const struct {
    const char* name;
    Operation operation;
    const char* hex;
  } cases[] = {
      {"route over an object, its own protocol and priority, an MTU",
       SetRoute{prefix("10.2.0.0/16"), set4(1), 1400},
       "48000000 1800 0105 00000000 00000000"  // NEWROUTE, REQUEST REPLACE CREATE
       "02 10 00 00 fe dc 00 01 00000000"      // inet /16 main 220 universe unicast
       "0800 0100 0a020000 0800 0f00 fe000000 0800 0600 14000000"
       "0800 1e00 01000050 0c00 0880 0800 0200 78050000"},
      {"route of IPv6", SetRoute{prefix("2001:db8::/32"), hop6(2)},
       "48000000 1800 0105 00000000 00000000 0a 20 00 00 fe dc 00 01 00000000"
       "1400 0100 20010db8 00000000 00000000 00000000"
       "0800 0f00 fe000000 0800 0600 14000000 0800 1e00 02000060"},
      {"route that answers with an ICMP error",
       SetRoute{prefix("10.2.0.0/16"), hop4(1), 0, Reject::Unreachable},
       "34000000 1800 0105 00000000 00000000 02 10 00 00 fe dc 00 07 00000000"
       "0800 0100 0a020000 0800 0f00 fe000000 0800 0600 14000000"},
      {"and with another", SetRoute{prefix("10.2.0.0/16"), hop4(1), 0, Reject::Prohibited},
       "34000000 1800 0105 00000000 00000000 02 10 00 00 fe dc 00 08 00000000"
       "0800 0100 0a020000 0800 0f00 fe000000 0800 0600 14000000"},
      {"deletion names protocol and priority, and no scope", DeleteRoute{prefix("10.2.0.0/16")},
       "34000000 1900 0100 00000000 00000000 02 10 00 00 fe dc ff 00 00000000"
       "0800 0100 0a020000 0800 0f00 fe000000 0800 0600 14000000"},
      {"next hop", SetNextHop{hop4(1), via("10.1.0.2", 3)},
       "30000000 6800 0105 00000000 00000000 02 00 dc 00 00000000"
       "0800 0100 01000040 0800 0500 03000000 0800 0600 0a010002"},
      {"next hop that drops", SetNextHop{hop4(7), {.discard = true}},
       "24000000 6800 0105 00000000 00000000 02 00 dc 00 00000000 0800 0100 07000040 0400 0400"},
      {"set", SetMembers{set4(1), {{hop4(1), 1}, {hop4(2), 3}}},
       "34000000 6800 0105 00000000 00000000 00 00 dc 00 00000000"
       "0800 0100 01000050 1400 0200 01000040 00 00 0000 02000040 02 00 0000"},
      {"deletion of an object", DeleteObject{set4(1)},
       "20000000 6900 0100 00000000 00000000 00 00 00 00 00000000 0800 0100 01000050"},
  };
  for (const auto& c : cases) EXPECT_EQ(encoded(c.operation), forces::test::hex(c.hex)) << c.name;
}

TEST_F(NetlinkCodec, WhatIsBuiltReadsBack) {
  auto message = parsed(encoded(SetRoute{prefix("10.2.0.0/16"), set4(1), 1400}));
  ASSERT_TRUE(message);
  const RouteRow& row = std::get<RouteMessage>(message->body).row;
  EXPECT_EQ(row.prefix, prefix("10.2.0.0/16"));
  EXPECT_EQ(row.target, set4(1));
  EXPECT_EQ(row.mtu, 1400U);
  EXPECT_EQ(row.priority, Identity{}.priority);
  EXPECT_EQ(row.protocol, Identity{}.protocol);
  EXPECT_TRUE(row.plain);
  message = parsed(encoded(SetRoute{prefix("10.2.0.0/16"), hop4(1), 0, Reject::Prohibited}));
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<RouteMessage>(message->body).row.reject, Reject::Prohibited);
  EXPECT_TRUE(std::get<RouteMessage>(message->body).row.plain);

  const NextHop hop{.gateway = address("fe80::1"), .interface = 9, .on_link = true};
  message = parsed(encoded(SetNextHop{hop6(5), hop}));
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<ObjectMessage>(message->body).row.next_hop, hop);
  EXPECT_EQ(std::get<ObjectMessage>(message->body).row.id, hop6(5));

  const std::vector<Member> members{{hop4(1), 256}, {hop4(2), 1}};
  message = parsed(encoded(SetMembers{set4(3), members}));
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<ObjectMessage>(message->body).row.members, members);
}

TEST_F(NetlinkCodec, TheLongestRequestFits) {
  std::vector<Member> members;
  for (std::uint32_t i = 0; i < kMaxMembers; ++i) members.push_back({hop4(i), kMaxWeight});
  EXPECT_LE(encoded(SetMembers{set4(1), members}).size(), kMaxRequest);
}

TEST_F(NetlinkCodec, EveryPrefixOfAMessageIsAnError) {
  const auto whole = encoded(SetRoute{prefix("2001:db8::/32"), set6(1), 1400});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Aligned cut{std::span<const std::byte>(whole).first(length)};
    std::span<const std::byte> rest(cut.octets);
    EXPECT_FALSE(take_message(rest)) << length;
    EXPECT_TRUE(rest.empty());
  }
}

// A length field of the message itself that is shortened must not lead past it: attributes cut off
// are not there.
TEST_F(NetlinkCodec, ShortenedMessagesAreReadWithinTheirLength) {
  for (const Operation& operation : {Operation{SetRoute{prefix("10.2.0.0/16"), set4(1), 1400}},
                                     Operation{SetMembers{set4(3), {{hop4(1), 2}, {hop4(2), 1}}}},
                                     Operation{SetNextHop{hop6(5), via("2001:db8::1", 2)}}}) {
    const auto whole = encoded(operation);
    for (std::uint32_t length = sizeof(nlmsghdr); length < whole.size(); ++length) {
      Aligned cut{std::span<const std::byte>(whole).first(length)};
      std::memcpy(cut.octets.data(), &length, sizeof length);
      std::span<const std::byte> rest(cut.octets);
      (void)take_message(rest);  // under ASan: no octet beyond
      EXPECT_TRUE(rest.empty());
    }
  }
}

TEST_F(NetlinkCodec, RefusesWhatContradictsItself) {
  const struct {
    const char* name;
    const char* hex;
    Errc error;
  } cases[] = {
      {"length below a header", "0f000000 1800 0000 00000000 00000000", Errc::BadLength},
      {"length beyond the octets", "11000000 1800 0000 00000000 00000000", Errc::BadLength},
      {"route without its fixed part", "14000000 1800 0000 00000000 00000000 02200000",
       Errc::Truncated},
      {"bits beyond the prefix",
       "24000000 1800 0000 00000000 00000000 02 08 00 00 fe dc 00 01 00000000 0800 0100 0a020000",
       Errc::BadValue},
      {"prefix longer than an address",
       "24000000 1800 0000 00000000 00000000 02 21 00 00 fe dc 00 01 00000000 0800 0100 0a020000",
       Errc::BadValue},
      {"next hop without a number", "18000000 6800 0000 00000000 00000000 02 00 dc 00 00000000",
       Errc::Missing},
      {"set of a member and a half",
       "30000000 6800 0000 00000000 00000000 00 00 dc 00 00000000"
       "0800 0100 01000050 1000 0200 01000040 00 00 0000 02000040",
       Errc::BadLength},
      {"address without an address", "18000000 1400 0000 00000000 00000000 02 18 00 00 03000000",
       Errc::Missing},
      {"interface 0", "20000000 1000 0000 00000000 00000000 00 00 0000 00000000 00000000 00000000",
       Errc::BadValue},
      {"error that no errno is",
       "24000000 0200 0000 00000000 00000000 00000080 10000000 0200 0000 00000000 00000000",
       Errc::BadValue},
      {"end of a dump with what no errno is", "14000000 0300 0000 00000000 00000000 00000080",
       Errc::BadValue},
      {"error above 0",
       "24000000 0200 0000 00000000 00000000 01000000 10000000 0200 0000 00000000 00000000",
       Errc::BadValue},
      {"error without its code", "12000000 0200 0000 00000000 00000000 0000", Errc::Truncated},
  };
  for (const auto& c : cases) {
    const auto message = parsed(forces::test::hex(c.hex));
    ASSERT_FALSE(message) << c.name;
    EXPECT_EQ(message.error().code, c.error) << c.name;
  }
}

TEST_F(NetlinkCodec, ErrorsHaveTheirSequenceAndWords) {
  // Capped, with the kernel's words: "no".
  const auto message = parsed(
      forces::test::hex("2c000000 0200 0003 2a000000 00000000 eaffffff 34000000 1800 0500 2a000000"
                        "00000000 0700 0100 6e6f 00 00"));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->sequence, 42U);
  EXPECT_EQ(std::get<Acknowledged>(message->body).error, EINVAL);
  EXPECT_EQ(std::get<Acknowledged>(message->body).text, "no");
}

TEST_F(NetlinkCodec, ABadMessageDoesNotHideTheNext) {
  auto octets = forces::test::hex("18000000 6800 0000 00000000 00000000 02 00 dc 00 00000000");
  const auto good = encoded(DeleteRoute{prefix("10.2.0.0/16")});
  octets.insert(octets.end(), good.begin(), good.end());
  std::span<const std::byte> rest(octets);
  EXPECT_FALSE(take_message(rest));
  const auto next = take_message(rest);
  ASSERT_TRUE(next);
  EXPECT_TRUE(std::get<RouteMessage>(next->body).deleted);
  EXPECT_TRUE(rest.empty());
}

}  // namespace
}  // namespace forces::fe::dataplane::kernel
