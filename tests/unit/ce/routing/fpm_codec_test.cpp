// FPM frames and the netlink messages in them, as tables of octets (of a little-endian host).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <variant>

#include "ce/routing/fpm/decoder.hpp"
#include "ce/routing/fpm/encoder.hpp"
#include "ce/routing/fpm/framer.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/vectors.hpp"
#include "tests/unit/ce/routing/support.hpp"

namespace forces::ce::routing::fpm {
namespace {

using test::hex;

struct Decoded {
  std::vector<Message> messages;
  std::optional<Error> error;
};

Decoded decode(wire::Bytes payload) {
  Decoded d;
  FrameReader in(payload);
  Message m;
  while (in.next(m)) d.messages.push_back(m);
  if (!in.ok()) d.error = in.error();
  return d;
}

void feed(Framer& framer, wire::Bytes octets) {
  const auto room = framer.prepare();
  ASSERT_LE(octets.size(), room.size());
  std::ranges::copy(octets, room.begin());
  framer.commit(octets.size());
}

// ---- single messages --------------------------------------------------------------------------

const std::string kRouteHeader = "34000000 1800 0105 00000000 e26310c8 ";

struct GoodRoute {
  const char* name;
  std::string octets;  // of one netlink message
  MessageKind kind;
  Route want;
};

Route table_route(const std::string& to, std::uint8_t protocol, std::vector<Path> paths,
                  std::uint32_t id = 0) {
  Route r = route(to, std::move(paths), id);
  r.protocol = protocol;
  return r;
}
Route typed(Route r, RouteType type) {
  r.type = type;
  return r;
}

const GoodRoute kGoodRoutes[] = {
    {"WithNextHopId",
     kRouteHeader + "02180000fe020001 00000000 080001000a620100 0800060014000000 08001e0009000000",
     MessageKind::RouteAdd, table_route("10.98.1.0/24", 2, {}, 9)},
    {"Ipv6",
     "40000000 1800 0104 00000000 e26310c8 0a300000fec40001 00000000"
     "1400010020010db800aa00000000000000000000 0800060014000000 08001e000f000000",
     MessageKind::RouteAdd, table_route("2001:db8:aa::/48", 196, {}, 15)},
    {"Blackhole",
     "2c000000 1800 0105 00000000 e26310c8 02180000fec40006 00000000 08000100cb007100"
     "0800060014000000",
     MessageKind::RouteAdd, typed(table_route("203.0.113.0/24", 196, {}), RouteType::Blackhole)},
    {"GatewayInTheRoute",
     "3c000000 1800 0105 00000000 01000000 02180000fec40001 00000000 08000100c0000200"
     "0800060014000000 080005000a620102 0800040003000000",
     MessageKind::RouteAdd, table_route("192.0.2.0/24", 196, {via("10.98.1.2", 3)})},
    {"Multipath",
     "50000000 1800 0105 00000000 01000000 02180000fec40001 00000000 08000100c6336400"
     "0800060014000000 24000980 1000000003000000 080005000a620102 1000000205000000 "
     "080005000a620202",
     MessageKind::RouteAdd,
     table_route("198.51.100.0/24", 196,
                 {via("10.98.1.2", 3), {.ifindex = 5, .gateway = ip("10.98.2.2"), .weight = 3}})},
    {"AGatewayOfTheOtherFamily",
     "44000000 1800 0105 00000000 01000000 02180000fec40001 00000000 08000100c6336400"
     "16001200 0a00 fe800000000000000000000000000001 0000 0800040003000000",
     MessageKind::RouteAdd,
     [] {
       Route r = table_route("198.51.100.0/24", 196, {via("fe80::1", 3)});
       r.priority = 0;
       return r;
     }()},
    {"ATableBeyond255",
     "2c000000 1800 0105 00000000 01000000 0218000000c40006 00000000 08000100cb007100"
     "08000f00e8030000",
     MessageKind::RouteAdd,
     [] {
       Route r = typed(table_route("203.0.113.0/24", 196, {}), RouteType::Blackhole);
       r.table = 1000;
       r.priority = 0;
       return r;
     }()},
    {"ADefaultRouteWithoutDestination",
     "24000000 1800 0105 00000000 01000000 02000000fec40001 00000000 08001e0007000000",
     MessageKind::RouteAdd,
     [] {
       Route r = table_route("0.0.0.0/0", 196, {}, 7);
       r.priority = 0;
       return r;
     }()},
    {"BitsBehindThePrefixAreIgnored",
     "24000000 1800 0105 00000000 01000000 02140000fec40006 00000000 08000100cb007fff",
     MessageKind::RouteAdd,
     [] {
       Route r = typed(table_route("203.0.112.0/20", 196, {}), RouteType::Blackhole);
       r.priority = 0;
       return r;
     }()},
    {"UnknownAttributesAreSkipped",
     "34000000 1800 0105 00000000 01000000 02180000fec40006 00000000 0700ff7f010203 00"
     "08000100cb007100 0400ee00 04002900",
     MessageKind::RouteAdd,
     [] {
       Route r = typed(table_route("203.0.113.0/24", 196, {}), RouteType::Blackhole);
       r.priority = 0;
       return r;
     }()},
    {"Withdrawal",
     "2c000000 1900 0104 00000000 e26310c8 02180000fec40000 00000000 08000100c0000200"
     "0800060014000000",
     MessageKind::RouteDelete, typed(table_route("192.0.2.0/24", 196, {}), RouteType::Unspecified)},
};

class FpmRoute : public testing::TestWithParam<GoodRoute> {};
TEST_P(FpmRoute, IsReadAsItStands) {
  const auto d = decode(hex(GetParam().octets));
  ASSERT_FALSE(d.error) << d.error->field << " at " << d.error->offset;
  ASSERT_EQ(d.messages.size(), 1u);
  EXPECT_EQ(d.messages[0].kind, GetParam().kind);
  EXPECT_EQ(d.messages[0].route, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Table, FpmRoute, testing::ValuesIn(kGoodRoutes),
                         [](const auto& c) { return c.param.name; });

struct GoodHop {
  const char* name;
  std::string octets;
  NextHop want;
};
const GoodHop kGoodHops[] = {
    {"Gateway",
     "30000000 6800 0105 00000000 01000000 02000b0000000000 080001000e000000"
     "080006000a620102 0800050003000000",
     single(14, via("10.98.1.2", 3))},
    {"GatewayIpv6",
     "3c000000 6800 0105 00000000 01000000 0a000b0000000000 080001000b000000"
     "14000600fe800000000000000000000000000002 0800050003000000",
     single(11, via("fe80::2", 3))},
    {"Interface",
     "28000000 6800 0105 00000000 01000000 0a000b0000000000 080001000a000000 0800050003000000",
     single(10, {.ifindex = 3, .gateway = {Family::V6, {}}})},
    {"Blackhole", "24000000 6800 0105 00000000 01000000 02000b0000000000 0800010003000000 04000400",
     single(3, {.blackhole = true})},
    {"Group",
     "34000000 6800 0105 00000000 01000000 00000b0000000000 0800010025000000"
     "140002000e00000000000000 16000000ff000000",
     group(37, {{14, 1}, {22, 256}})},
    {"Encapsulated",
     "30000000 6800 0105 00000000 01000000 02000b0000000000 080001000e000000 08000880 04000100"
     "0800050003000000",
     single(14, {.ifindex = 3, .encapsulated = true})},
};
class FpmNextHop : public testing::TestWithParam<GoodHop> {};
TEST_P(FpmNextHop, IsReadAsItStands) {
  const auto d = decode(hex(GetParam().octets));
  ASSERT_FALSE(d.error) << d.error->field << " at " << d.error->offset;
  ASSERT_EQ(d.messages.size(), 1u);
  EXPECT_EQ(d.messages[0].kind, MessageKind::NextHopAdd);
  EXPECT_EQ(d.messages[0].next_hop, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Table, FpmNextHop, testing::ValuesIn(kGoodHops),
                         [](const auto& c) { return c.param.name; });

struct Bad {
  const char* name;
  std::string octets;
  Error want;
};
const Bad kBad[] = {
    {"LengthBelowTheHeader",
     "0f000000 1800 0105 00000000 01000000",
     {Errc::BadLength, 0, "netlink.length"}},
    {"LengthBeyondTheFrame",
     "2d000000 1800 0105 00000000 01000000 02180000fec40006 00000000",
     {Errc::Truncated, 16, "netlink.length"}},
    {"CutInsideTheHeader", "10000000 1800", {Errc::Truncated, 6, "netlink.flags"}},
    {"CutInsideTheRoute",
     "14000000 1800 0105 00000000 01000000 02180000",
     {Errc::Truncated, 20, "route.table"}},
    {"PrefixBeyondTheFamily",
     "24000000 1800 0105 00000000 01000000 02210000fec40006 00000000 08000100cb007100",
     {Errc::BadValue, 17, "route.dst_len"}},
    {"NoDestination",
     "1c000000 1800 0105 00000000 01000000 02180000fec40006 00000000",
     {Errc::Missing, 17, "route.dst"}},
    {"AnAddressOfTheWrongSize",
     "23000000 1800 0105 00000000 01000000 02180000fec40006 00000000 07000100cb0071",
     {Errc::BadLength, 32, "route.dst"}},
    {"AnAttributeShorterThanItsHeader",
     "20000000 1800 0105 00000000 01000000 02000000fec40006 00000000 03000100",
     {Errc::BadLength, 28, "route.attribute"}},
    {"AnAttributeBeyondTheMessage",
     "20000000 1800 0105 00000000 01000000 02000000fec40006 00000000 09000100",
     {Errc::Truncated, 32, "route.attribute"}},
    {"APathBeyondMultipath",
     "28000000 1800 0105 00000000 01000000 02000000fec40001 00000000 0c000980 0900000003000000",
     {Errc::Truncated, 40, "route.multipath.length"}},
    {"APathShorterThanItself",
     "28000000 1800 0105 00000000 01000000 02000000fec40001 00000000 0c000980 0700000003000000",
     {Errc::BadLength, 32, "route.multipath.length"}},
    {"ViaOfNoFamily",
     "26000000 1800 0105 00000000 01000000 02000000fec40001 00000000 0a001200 0700 0a620102",
     {Errc::BadValue, 32, "route.via"}},
    {"ANextHopWithoutId",
     "18000000 6800 0105 00000000 01000000 02000b0000000000",
     {Errc::Missing, 16, "nexthop.id"}},
    {"AGroupMemberWithoutId",
     "2c000000 6800 0105 00000000 01000000 00000b0000000000 0800010025000000 0c000200"
     "0000000000000000",
     {Errc::BadValue, 36, "nexthop.group.id"}},
    {"HalfAGroupMember",
     "28000000 6800 0105 00000000 01000000 00000b0000000000 0800010025000000 08000200 0e000000",
     {Errc::Truncated, 40, "nexthop.group.weight"}},
};
class FpmBadMessage : public testing::TestWithParam<Bad> {};
TEST_P(FpmBadMessage, IsRefusedWithPlaceAndField) {
  const auto d = decode(hex(GetParam().octets));
  ASSERT_TRUE(d.error);
  EXPECT_EQ(to_string(d.error->code), to_string(GetParam().want.code));
  EXPECT_EQ(d.error->offset, GetParam().want.offset);
  EXPECT_EQ(d.error->field, GetParam().want.field);
}
INSTANTIATE_TEST_SUITE_P(Table, FpmBadMessage, testing::ValuesIn(kBad),
                         [](const auto& c) { return c.param.name; });

TEST(FpmFrame, UnknownMessagesAndFamiliesAreOther) {
  // RTM_NEWNEIGH; a route of AF_MPLS.
  const auto d =
      decode(hex("14000000 1c00 0105 00000000 01000000 01020304"
                 "1c000000 1800 0105 00000000 01000000 1c140000fec40001 00000000"));
  ASSERT_FALSE(d.error);
  ASSERT_EQ(d.messages.size(), 2u);
  for (const Message& m : d.messages) EXPECT_EQ(m.kind, MessageKind::Other);
}

TEST(FpmFrame, HoldsAWithdrawalAndItsReplacement) {
  bool seen = false;
  for (const auto& vector : test::load_vectors("fpm/first.hex")) {
    if (vector.name.find("RTM_DELROUTE RTM_NEWROUTE") == std::string::npos) continue;
    const auto d = decode(wire::Bytes(vector.octets).subspan(kHeaderSize));
    ASSERT_EQ(d.messages.size(), 2u);
    EXPECT_EQ(d.messages[0].kind, MessageKind::RouteDelete);
    EXPECT_EQ(d.messages[1].kind, MessageKind::RouteAdd);
    EXPECT_EQ(d.messages[0].route.prefix, d.messages[1].route.prefix);
    seen = true;
  }
  EXPECT_TRUE(seen);
}

// ---- truncation, framing ----------------------------------------------------------------------

std::vector<test::Vector> vectors() {
  std::vector<test::Vector> all;
  for (const char* file : {"first", "replay", "restart", "no_groups"}) {
    for (auto& v : test::load_vectors(std::string("fpm/") + file + ".hex")) {
      all.push_back(std::move(v));
    }
  }
  return all;
}

TEST(FpmFrame, EveryStrictPrefixOfAMessageIsRefused) {
  for (const auto& vector : vectors()) {
    const auto payload = wire::Bytes(vector.octets).subspan(kHeaderSize);
    ASSERT_FALSE(decode(payload).error) << vector.name;
    std::uint32_t first = 0;
    std::memcpy(&first, payload.data(), sizeof first);
    for (std::size_t n = 1; n < payload.size(); ++n) {
      // In memory of its own, so that a sanitizer sees a read beyond it.
      const std::vector<std::byte> cut(payload.begin(),
                                       payload.begin() + static_cast<std::ptrdiff_t>(n));
      const bool whole_messages = n == first;
      EXPECT_EQ(decode(cut).error.has_value(), !whole_messages) << vector.name << " cut at " << n;
    }
  }
}

TEST(FpmFramer, GivesTheSameFramesHoweverTheStreamIsCut) {
  std::vector<std::byte> stream;
  std::vector<std::string> want;
  for (const auto& v : vectors()) {
    stream.insert(stream.end(), v.octets.begin(), v.octets.end());
    want.push_back(test::to_hex(wire::Bytes(v.octets).subspan(kHeaderSize)));
  }
  std::mt19937 random(7);
  for (std::size_t most = 1; most < 200; most += 1 + most / 3) {
    Framer framer;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t n = std::min<std::size_t>(1 + random() % most, stream.size() - at);
      feed(framer, wire::Bytes(stream).subspan(at, n));
      at += n;
      for (;;) {
        const auto frame = framer.next();
        ASSERT_TRUE(frame);
        if (!*frame) break;
        got.push_back(test::to_hex(**frame));
      }
    }
    EXPECT_EQ(got, want) << "pieces of at most " << most;
    EXPECT_FALSE(framer.inside_frame());
  }
}

struct BadFrame {
  const char* name;
  const char* octets;
  Error want;
};
const BadFrame kBadFrames[] = {
    {"AnotherVersion", "02", {Errc::BadVersion, 0, "fpm.version"}},
    {"Http", "474554202f20", {Errc::BadVersion, 0, "fpm.version"}},
    {"Protobuf", "0102", {Errc::UnknownType, 1, "fpm.type"}},
    {"LengthBelowTheHeader", "01010003", {Errc::BadLength, 2, "fpm.length"}},
};
class FpmBadFrame : public testing::TestWithParam<BadFrame> {};
TEST_P(FpmBadFrame, EndsTheStreamAsSoonAsItIsSeen) {
  Framer framer;
  feed(framer, hex(GetParam().octets));
  for (int again = 0; again < 2; ++again) {
    const auto frame = framer.next();
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error(), GetParam().want);
  }
}
INSTANTIATE_TEST_SUITE_P(Table, FpmBadFrame, testing::ValuesIn(kBadFrames),
                         [](const auto& c) { return c.param.name; });

TEST(FpmFramer, TakesTheLargestFrameAndAnEmptyOne) {
  std::vector<std::byte> stream(kMaxFrame + 4);
  stream[0] = stream[1] = std::byte{1};
  stream[2] = stream[3] = std::byte{0xff};
  stream[kMaxFrame] = stream[kMaxFrame + 1] = std::byte{1};
  stream[kMaxFrame + 3] = std::byte{4};
  Framer framer;
  feed(framer, stream);
  auto frame = framer.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->size(), kMaxFrame - kHeaderSize);
  frame = framer.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_TRUE((*frame)->empty());
}

// ---- encoder ----------------------------------------------------------------------------------

TEST(FpmEncoder, WhatItWritesIsReadAsItWas) {
  Encoder out(77);
  const std::vector<Route> routes = {
      route("192.0.2.0/24", {}, 5), route("2001:db8::/32", {via("2001:db8:1::2", 4)}),
      route("198.51.100.0/24",
            {via("10.98.1.2", 3), {.ifindex = 5, .gateway = ip("fe80::9"), .weight = 200}})};
  const std::vector<NextHop> hops = {single(1, via("10.98.1.2", 3)),
                                     single(2, {.ifindex = 9, .gateway = {Family::V6, {}}}),
                                     single(3, {.blackhole = true}), group(4, {{1, 1}, {2, 256}})};
  for (const auto& h : hops) out.next_hop_add(h);
  for (const auto& r : routes) out.route_add(r);
  out.begin_frame();
  out.route_delete(routes[0]);
  out.next_hop_delete(4);
  out.end_frame();
  out.end_of_table();
  const auto stream = std::move(out).finish();
  ASSERT_TRUE(stream);
  Framer framer;
  feed(framer, *stream);
  std::vector<Message> got;
  for (;;) {
    const auto frame = framer.next();
    ASSERT_TRUE(frame);
    if (!*frame) break;
    auto d = decode(**frame);
    ASSERT_FALSE(d.error);
    got.insert(got.end(), d.messages.begin(), d.messages.end());
  }
  ASSERT_EQ(got.size(), hops.size() + routes.size() + 3);
  for (std::size_t i = 0; i < hops.size(); ++i) EXPECT_EQ(got[i].next_hop, hops[i]) << i;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    EXPECT_EQ(got[hops.size() + i].route, routes[i]) << i;
    EXPECT_EQ(got[hops.size() + i].sender, 77u);
  }
  EXPECT_EQ(got[got.size() - 3].kind, MessageKind::RouteDelete);
  EXPECT_EQ(got[got.size() - 2].next_hop.id, 4u);
  EXPECT_EQ(got.back().kind, MessageKind::EndOfTable);
}

// Others had buffers of 8 KiB: 512 IPv6 paths are 14 KiB.
TEST(FpmEncoder, ARouteOf512PathsIsOneFrame) {
  Route wide = route("2001:db8::/32");
  for (std::uint32_t i = 0; i < 512; ++i) {
    wide.paths.push_back(via(str("2001:db8:1::", 1 + i), 3));
  }
  Encoder out;
  out.route_add(wide);
  const auto stream = std::move(out).finish();
  ASSERT_TRUE(stream);
  EXPECT_GT(stream->size(), 8192u);
  const auto d = decode(wire::Bytes(*stream).subspan(kHeaderSize));
  ASSERT_EQ(d.messages.size(), 1u);
  EXPECT_EQ(d.messages[0].route, wide);
}

TEST(FpmEncoder, AFrameBeyond65535OctetsIsAnError) {
  Route wide = route("2001:db8::/32");
  for (std::uint32_t i = 0; i < 2500; ++i) wide.paths.push_back(via("2001:db8:1::2", i + 1));
  Encoder out;
  out.route_add(wide);
  EXPECT_EQ(std::move(out).finish(), forces::fail(Errc::TooLarge, "fpm.length"));
}

}  // namespace
}  // namespace forces::ce::routing::fpm
