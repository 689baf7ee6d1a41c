// A table of octets: which class, or none.
#include "fe/dataplane/classifier.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"

namespace forces::fe::dataplane {
namespace {

using test::hex;

struct Case {
  const char* name;
  std::string_view octets;
  std::optional<Classified> want;
};
// version/ihl tos length | id fragment | ttl protocol checksum | source | destination
const Case kCases[] = {
    {"Ospf", "45c00014 00000000 01590000 0a620002 e0000005", Classified{PacketClass::Ospf, false}},
    {"Igmp", "45c00014 00000000 01020000 0a620002 e0000016", Classified{PacketClass::Igmp, false}},
    {"IgmpWithRouterAlert", "46c00018 00000000 01020000 0a620002 e0000016 94040000",
     Classified{PacketClass::Igmp, true}},
    {"RsvpWithRouterAlertAfterNops",
     "47c0001c 00000000 402e0000 0a620002 0a620001 01019404 00000000",
     Classified{PacketClass::Rsvp, true}},
    {"OptionsEndBeforeTheAlert", "47c0001c 00000000 402e0000 0a620002 0a620001 00019404 00000000",
     Classified{PacketClass::Rsvp, false}},
    {"OptionOfLengthZeroEndsTheSearch", "46000018 00000000 402e0000 0a620002 0a620001 07009404",
     Classified{PacketClass::Rsvp, false}},
    {"Icmp", "45000014 00000000 40010000 0a620002 0a620001", Classified{PacketClass::Icmp, false}},
    {"Pim", "45000014 00000000 01670000 0a620002 e000000d", Classified{PacketClass::Pim, false}},
    {"Vrrp", "45000014 00000000 ff700000 0a620002 e0000012", Classified{PacketClass::Vrrp, false}},
    {"BgpTo179", "45000018 00000000 01060000 0a620002 0a620001 c00000b3",
     Classified{PacketClass::Bgp, false}},
    {"BgpFrom179", "45000018 00000000 01060000 0a620002 0a620001 00b3c000",
     Classified{PacketClass::Bgp, false}},
    {"OtherTcp", "45000018 00000000 01060000 0a620002 0a620001 c0000016",
     Classified{PacketClass::Other, false}},
    {"UdpOn179IsNoBgp", "45000018 00000000 01110000 0a620002 0a620001 00b300b3",
     Classified{PacketClass::Other, false}},
    {"Bfd", "45000018 00000000 ff110000 0a620002 0a620001 c0000ec8",
     Classified{PacketClass::Bfd, false}},
    {"LaterFragmentHasNoPorts", "45000018 00000001 40060000 0a620002 0a620001 000000b3",
     Classified{PacketClass::Other, false}},
    {"TcpWithoutPorts", "45000014 00000000 40060000 0a620002 0a620001",
     Classified{PacketClass::Other, false}},
    {"LinkPaddingIsIgnored", "45c00014 00000000 01590000 0a620002 e0000005 00000000 0000",
     Classified{PacketClass::Ospf, false}},
    {"OspfV3",
     "60000000 00045901 fe800000000000000000000000000002 ff020000000000000000000000000005 "
     "03010004",
     Classified{PacketClass::Ospf, false}},
    {"MldReportBehindHopByHop",
     "60000000 00100001 fe800000000000000000000000000002 ff020000000000000000000000000016 "
     "3a00050200000100 8f000000 00000000",
     Classified{PacketClass::Igmp, true}},
    {"NeighborDiscoveryIsIcmp",
     "60000000 00043aff fe800000000000000000000000000002 ff020000000000000000000000000001 87000000",
     Classified{PacketClass::Icmp, false}},
    {"Nothing", "", std::nullopt},
    {"VersionFive", "55c00014 00000000 01590000 0a620002 e0000005", std::nullopt},
    {"HeaderLengthFour", "44c00014 00000000 01590000 0a620002 e0000005", std::nullopt},
    {"HeaderLongerThanTotal", "46c00014 00000000 01590000 0a620002 e0000005 00000000",
     std::nullopt},
    {"TotalLongerThanPacket", "45c00018 00000000 01590000 0a620002 e0000005", std::nullopt},
    {"CutInTheHeader", "45c00014 00000000 01590000 0a620002", std::nullopt},
    {"Ipv6PayloadLongerThanPacket",
     "60000000 00083aff fe800000000000000000000000000002 ff020000000000000000000000000001 87000000",
     std::nullopt},
};

class Classifier : public testing::TestWithParam<Case> {};
TEST_P(Classifier, GivesTheExpectedClass) {
  EXPECT_EQ(classify(hex(GetParam().octets)), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Packets, Classifier, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

TEST(ClassifierSweep, APrefixOfAGoodPacketIsNoPacket) {
  for (const Case& c : kCases) {
    if (!c.want) continue;
    const auto octets = hex(c.octets);
    const std::size_t length = ip_length(octets);
    for (std::size_t cut = 0; cut < length; ++cut) {
      EXPECT_EQ(classify(std::span(octets).first(cut)), std::nullopt) << c.name << " at " << cut;
    }
  }
}

TEST(ClassifierSweep, IpLengthNeverExceedsThePacket) {
  EXPECT_EQ(ip_length(hex("45c00014 00000000 01590000 0a620002 e0000005 0000")), 20U);
  EXPECT_EQ(ip_length(hex("45c000ff")), 4U);
  EXPECT_EQ(ip_length(hex("60000000 0004")), 6U);
  EXPECT_EQ(ip_length(hex("")), 0U);
  EXPECT_EQ(ip_length(hex("15c00014")), 0U);
}

TEST(PacketClassNames, EachReadsBack) {
  for (std::size_t i = 0; i < kPacketClasses; ++i) {
    const auto c = static_cast<PacketClass>(i);
    EXPECT_EQ(packet_class(to_string(c)), c);
  }
  EXPECT_EQ(packet_class("eigrp"), std::nullopt);
}

}  // namespace
}  // namespace forces::fe::dataplane
