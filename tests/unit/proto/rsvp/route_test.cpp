// Routes and the TLVs of interfaces.
#include "proto/rsvp/object/route.hpp"

#include "proto/rsvp/object/interface.hpp"
#include "tests/unit/proto/rsvp/support.hpp"

namespace forces::rsvp {
namespace {

using namespace test_support;
using test::hex;
using test::to_hex;
using T = InterfaceTlvType;

struct RouteCase {
  const char* name;
  RouteKind kind;
  std::string_view octets;
  Subobject want;
};

constexpr auto kEro = RouteKind::Explicit, kRro = RouteKind::Record, kXro = RouteKind::Exclude,
               kLinks = RouteKind::LinkCapability;

constexpr std::string_view kV6Hop = "02 14 20010db8 00000000 00000000 00000001 80 00";

const RouteCase kRoutes[] = {
    {"EroStrictIpv4", kEro, "01 08 c0000203 20 00", {false, PrefixHop{v4(kNode3)}}},
    {"EroLooseIpv4", kEro, "81 08 c0000200 18 00", {true, PrefixHop{v4(0xc0000200), 24}}},
    {"EroIpv6", kEro, kV6Hop, {false, PrefixHop{v6(1), 128}}},
    {"EroUnnumbered",
     kEro,
     "04 0c 0000 c0000219 00000007",
     {false, UnnumberedHop{.router_id = kNode25, .interface_id = 7}}},
    {"EroLabel", kEro, "03 08 00 02 00040000", {false, LabelHop{.labels = {0x40000}}}},
    {"EroUpstreamLabel",
     kEro,
     "03 08 80 02 00040000",
     {false, LabelHop{.flags = LabelHop::kUpstream, .labels = {0x40000}}}},
    {"EroLabelList",
     kEro,
     "03 0c 00 02 00040000 00050000",
     {false, LabelHop{.labels = {0x40000, 0x50000}}}},
    {"EroAs", kEro, "20 04 fde8", {false, AsHop{65000}}},
    {"EroPathKeyIpv4", kEro, "40 08 1234 c0000203", {false, PathKeyHop{0x1234, v4(kNode3)}}},
    {"EroPathKeyIpv6",
     kEro,
     "c1 14 1234 20010db8 00000000 00000000 00000001",
     {true, PathKeyHop{0x1234, v6(1)}}},
    {"EroExclusion",
     kEro,
     "21 0c 0000 01 08 c0000203 20 01",
     {false, ExclusionHop{hex("0108c00002032001")}}},
    {"EroOfATypeThatIsNotKnown",
     kEro,
     "7f 08 010203040506",
     {false, UnknownHop{0x7f, hex("010203040506")}}},
    {"EroReservedOctetInUse",
     kEro,
     "01 08 c0000203 20 01",
     {false, UnknownHop{1, hex("c00002032001")}}},
    {"EroIpv4OfTheWrongLength", kEro, "01 04 c000", {false, UnknownHop{1, hex("c000")}}},
    {"EroSrlgWhichIsOfAnXro",
     kEro,
     "22 08 00000001 0000",
     {false, UnknownHop{34, hex("000000010000")}}},
    {"RroIpv4WithFlags", kRro, "01 08 c0000203 20 03", {false, PrefixHop{v4(kNode3), 32, 3}}},
    {"RroUnnumberedWithFlags",
     kRro,
     "04 0c 01 00 c0000203 0000001f",
     {false, UnnumberedHop{kNode3, 31, 1}}},
    {"RroGlobalLabel",
     kRro,
     "03 08 01 02 00010000",
     {false, LabelHop{.flags = LabelHop::kGlobal, .labels = {0x10000}}}},
    {"RroAttributes", kRro, "05 08 0000 04000000", {false, AttributesHop{hex("04000000")}}},
    {"RroAttributesOfTheWrongForm",
     kRro,
     "05 08 0001 04000000",
     {false, UnknownHop{5, hex("000104000000")}}},
    {"EroAttributesWhichAreOfAnRro",
     kEro,
     "05 08 0000 04000000",
     {false, UnknownHop{5, hex("000004000000")}}},
    {"RroHasNoLBit", kRro, "81 08 c0000203 20 00", {false, UnknownHop{0x81, hex("c00002032000")}}},
    {"XroIpv4Node", kXro, "01 08 c0000203 20 01", {false, PrefixHop{v4(kNode3), 32, kExcludeNode}}},
    {"XroIpv6ToBeAvoided",
     kXro,
     "82 14 20010db8 00000000 00000000 00000001 80 02",
     {true, PrefixHop{v6(1), 128, kExcludeSrlg}}},
    {"XroUnnumberedInterface",
     kXro,
     "04 0c 00 00 c0000203 00000020",
     {false, UnnumberedHop{kNode3, 32}}},
    {"XroUnnumberedNode",
     kXro,
     "04 0c 00 01 c0000203 00000020",
     {false, UnnumberedHop{.router_id = kNode3, .interface_id = 32, .attribute = kExcludeNode}}},
    {"XroSrlg", kXro, "a2 08 00000011 0000", {true, SrlgHop{17}}},
    {"XroAs", kXro, "20 04 fde8", {false, AsHop{65000}}},
    {"LinkUnnumbered", kLinks, "04 0c 0000 c0000202 00000015", {false, UnnumberedHop{kNode2, 21}}},
    {"LinkBandwidth", kLinks, "40 08 0000 4d9450c0", {false, BandwidthHop{Ieee32{0x4d9450c0}}}},
    {"LinkSwitching",
     kLinks,
     "41 30 0000 64 05 0000 4d9450c0 4d9450c0 4d9450c0 4d9450c0 4d9450c0 4d9450c0 4d9450c0"
     " 4d9450c0 4d9450c0 00000000",
     {false,
      SwitchingHop{100,
                   5,
                   {Ieee32{0x4d9450c0}, Ieee32{0x4d9450c0}, Ieee32{0x4d9450c0}, Ieee32{0x4d9450c0},
                    Ieee32{0x4d9450c0}, Ieee32{0x4d9450c0}, Ieee32{0x4d9450c0}, Ieee32{0x4d9450c0}},
                   hex("4d9450c000000000")}}},
    {"LinkSwitchingOfAnotherForm",
     kLinks,
     "41 08 0000 64050000",
     {false, UnknownHop{65, hex("000064050000")}}},
};

class RsvpRoute : public testing::TestWithParam<RouteCase> {};

TEST_P(RsvpRoute, SubobjectIsReadAndWritten) {
  const RouteCase& row = GetParam();
  const Octets octets = hex(row.octets);
  wire::ByteReader r(octets);
  Route route;
  read_route(r, row.kind, route);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(route, Route{row.want});
  wire::ByteWriter w;
  write_route(w, row.kind, route);
  EXPECT_EQ(to_hex(*std::move(w).finish()), to_hex(octets));
}

INSTANTIATE_TEST_SUITE_P(Table, RsvpRoute, testing::ValuesIn(kRoutes),
                         [](const auto& param) { return param.param.name; });

TEST(RsvpRoute, RefusesLengthsThatCannotBe) {
  const std::pair<std::string_view, Error> rows[] = {
      {"01 00 c0000203 20 00", {Errc::BadLength, 1, "rsvp.route.length"}},
      {"01 03 c0000203 20 00", {Errc::BadLength, 1, "rsvp.route.length"}},
      {"01 06 c0000203", {Errc::BadLength, 1, "rsvp.route.length"}},
      {"01 0c c0000203 20 00", {Errc::Truncated, 2, "rsvp.route.subobject"}},
      {"01 08 c0000203 20 00 01", {Errc::Truncated, 9, "rsvp.route.length"}},
  };
  for (const auto& [text, want] : rows) {
    const Octets octets = hex(text);
    wire::ByteReader r(octets);
    Route route;
    read_route(r, kEro, route);
    ASSERT_FALSE(r.ok()) << text;
    EXPECT_EQ(r.error(), want) << text;
  }
}

TEST(RsvpRoute, AnExclusionOfAnEroHoldsSubobjectsOfAnXro) {  // RFC 4874 section 4.1
  const Route want{{false, PrefixHop{v4(kNode3), 32, kExcludeNode}}, {true, SrlgHop{17}}};
  const auto hop = exclusion_hop(want);
  ASSERT_TRUE(hop);
  EXPECT_EQ(exclusions(*hop), want);
  EXPECT_EQ(exclusions(ExclusionHop{hex("0103")}).error().code, Errc::BadLength);
}

TEST(RsvpRoute, WhatASubobjectCannotSayIsAnError) {
  const Subobject rows[] = {
      {false, LabelHop{}},                             // no label
      {false, LabelHop{.labels = Words(63)}},          // 256 octets
      {false, UnknownHop{0x81, hex("010203040506")}},  // the L bit is no part of a type
      {false, UnknownHop{0x7f, hex("010203")}},        // no multiple of 4
  };
  for (const Subobject& row : rows) {
    wire::ByteWriter w;
    write_route(w, kEro, {&row, 1});
    EXPECT_FALSE(w.ok());
  }
}

// Type, and the value of its form by the accessor that is meant for it.
TEST(RsvpInterface, TlvsOfAllTypesAreReadForWhatTheyAre) {  // RFC 3471 section 9.1, RFC 4920
  for (const T type : {T::Ipv4, T::PreviousHopIpv4, T::IncomingIpv4}) {
    EXPECT_EQ(InterfaceTlv::of(type, v4(kNode3)).address(), v4(kNode3));
  }
  for (const T type : {T::Ipv6, T::PreviousHopIpv6, T::IncomingIpv6}) {
    EXPECT_EQ(InterfaceTlv::of(type, v6(3)).address(), v6(3));
  }
  const IfIndex interface{v4(kNode3), 33};
  for (const T type :
       {T::IfIndex, T::ComponentDownstream, T::ComponentUpstream, T::IncomingIfIndex}) {
    EXPECT_EQ(InterfaceTlv::of(type, interface).if_index(), interface);
  }
  for (const T type : {T::NodeId, T::OspfArea, T::AutonomousSystem, T::ReportingNodeId,
                       T::ReportingOspfArea, T::ReportingAs}) {
    EXPECT_EQ(InterfaceTlv::of(type, kNode3).number(), kNode3);
  }
  for (const T type : {T::DownstreamLabel, T::UpstreamLabel, T::IncomingDownstreamLabel,
                       T::IncomingUpstreamLabel}) {
    EXPECT_EQ(InterfaceTlv::of(type, 0x40000U).labels(), Words{0x40000});
  }
  const Octets area = hex("03490001");
  for (const T type : {T::IsisArea, T::ReportingIsisArea}) {
    const InterfaceTlv tlv{type, area};
    ASSERT_TRUE(tlv.isis_area());
    EXPECT_EQ(to_hex(*tlv.isis_area()), "490001");
  }
  const Route route{{false, PrefixHop{v4(kNode3)}}, {false, LabelHop{.labels = {1}}}};
  for (const T type : {T::EroContext, T::EroNextContext, T::ProposedEro}) {
    EXPECT_EQ(InterfaceTlv::of(type, route)->route(), route);
  }
  const InterfaceTlvs nodes{InterfaceTlv::of(T::NodeId, kNode2),
                            InterfaceTlv::of(T::NodeId, kNode3)};
  for (const T type : {T::NodeExclusions, T::LinkExclusions}) {
    EXPECT_EQ(InterfaceTlv::of(type, nodes)->exclusions(), nodes);
  }
  EXPECT_EQ(InterfaceTlv::of(T::ErrorString, std::string_view("three")).text(), "three");
}

TEST(RsvpInterface, ATlvOfTheWrongFormIsKeptAndSaysNothing) {
  const Octets three = hex("010203");
  for (std::uint16_t type = 0; type < 600; ++type) {
    const InterfaceTlv tlv{static_cast<T>(type), three};
    EXPECT_FALSE(tlv.address() || tlv.if_index() || tlv.number() || tlv.labels() ||
                 tlv.exclusions());
    EXPECT_EQ(tlv.isis_area().has_value(), false);
    EXPECT_EQ(tlv.route(), std::nullopt);
  }
  const Octets octets = hex("0018 0603 c0000203 00 18 0001 0003 0008 c0000203 4321 0004");
  const auto object = decode_object(view_of(octets));
  ASSERT_TRUE(object);
  EXPECT_EQ(std::get<ErrorSpec>(*object).tlvs.size(), 2u);
  EXPECT_EQ(*encoded(*object), octets);
}

TEST(RsvpInterface, EveryTypeHasItsName) {
  for (std::uint16_t type = 1; type <= 27; ++type) {
    EXPECT_NE(to_string(static_cast<T>(type)), "Unknown") << type;
  }
  EXPECT_EQ(to_string(T::LinkExclusions), "LINK_EXCLUSIONS");
  EXPECT_EQ(to_string(T::ErrorString), "ERROR_STRING");
  EXPECT_EQ(to_string(static_cast<T>(28)), "Unknown");
}

TEST(RsvpLabel, SdhLabelsAreFiveFields) {  // RFC 4606 section 3
  EXPECT_EQ(SdhLabel{.s = 4}.word(), 0x00040000U);
  EXPECT_EQ((SdhLabel{1, 2, 3, 4, 5}.word()), 0x00012345U);
  EXPECT_EQ(SdhLabel::of(0x00012345), (SdhLabel{1, 2, 3, 4, 5}));
}

TEST(RsvpAttributes, FlagsCountFromTheLeft) {  // RFC 5420 section 3.1, RFC 4920 section 5.1 (D1)
  LspAttributes attributes;
  EXPECT_FALSE(attributes.flag(lsp_flag::kSegmentRerouting));
  attributes.set_flag(lsp_flag::kSegmentRerouting);
  EXPECT_EQ(attributes.tlvs, (std::vector<AttributeTlv>{{1, hex("20000000")}}));
  EXPECT_TRUE(attributes.flag(lsp_flag::kSegmentRerouting));
  EXPECT_FALSE(attributes.flag(lsp_flag::kEndToEndRerouting));
  attributes.set_flag(40);
  EXPECT_EQ(attributes.tlvs.at(0).value, hex("2000000000800000"));
  EXPECT_FALSE(attributes.flag(1000));
}

}  // namespace
}  // namespace forces::rsvp
