// Rows that cannot be, and the RESULT of each (RFC 5810 section 7.1.7).
#include "fe/lfb/model.hpp"
#include "tests/unit/fe/forwarding/forwarder.hpp"

namespace forces::fe::forwarding::test {
namespace {

constexpr std::string_view kAnywhere4 = "00000000";
constexpr std::string_view kAnywhere6 = "00000000000000000000000000000000";

struct Case {
  const char* name;
  Target target;
  Ids ids;
  std::string octets;
  std::string_view want;
};
std::string many(std::uint32_t count) {
  std::vector<std::pair<std::uint32_t, int>> all;
  for (std::uint32_t i = 0; i < count; ++i) all.emplace_back(i, 1);
  return members(all);
}
const Case kCases[] = {
    {"Prefix", kIpv4Lpm, {1, 1}, "0a000000 08 00 00 00 00000001", "E_SUCCESS"},
    {"PrefixOfASet", kIpv4Lpm, {1, 1}, "0a000000 08 01 00 00 0fffffff", "E_SUCCESS"},
    {"DefaultRoute", kIpv4Lpm, {1, 1}, "00000000 00 00 01 00 00000001", "E_SUCCESS"},
    {"RowOfAnyNumber", kIpv4Lpm, {1, 0xfffffffe}, "0a000000 08 00 00 00 00000001", "E_SUCCESS"},
    {"HostBits", kIpv4Lpm, {1, 1}, "0a000001 08 00 00 00 00000001", "E_VALUE_OUT_OF_RANGE"},
    {"HostBitOfTheNextOctet",
     kIpv4Lpm,
     {1, 1},
     "0a008000 10 00 00 00 00000001",
     "E_VALUE_OUT_OF_RANGE"},
    {"HostBitOfADefaultRoute",
     kIpv4Lpm,
     {1, 1},
     "80000000 00 00 01 00 00000001",
     "E_VALUE_OUT_OF_RANGE"},
    {"LengthBeyond32", kIpv4Lpm, {1, 1}, "0a000000 21 00 00 00 00000001", "E_VALUE_OUT_OF_RANGE"},
    {"FlagThatIsNone", kIpv4Lpm, {1, 1}, "0a000000 08 02 00 00 00000001", "E_VALUE_OUT_OF_RANGE"},
    {"HopSelectorBeyond",
     kIpv4Lpm,
     {1, 1},
     "0a000000 08 00 00 00 10000000",
     "E_VALUE_OUT_OF_RANGE"},
    {"PrefixTooShort", kIpv4Lpm, {1, 1}, "0a000000 08 00 00 00", "E_INVALID_TLV"},
    {"PrefixTooLong",
     kIpv4Lpm,
     {1, 1},
     "0a000000 08 00 00 00 00000001 00000000 00",
     "E_CONTENTS_TOO_LONG"},
    {"Prefix6",
     kIpv6Lpm,
     {1, 1},
     "20010db8000000000000000000000000 20 00 00 00 00000001",
     "E_SUCCESS"},
    {"HostBits6",
     kIpv6Lpm,
     {1, 1},
     "20010db8000000000000000000000001 7f 00 00 00 00000001",
     "E_VALUE_OUT_OF_RANGE"},
    {"LengthBeyond128",
     kIpv6Lpm,
     {1, 1},
     "20010db8000000000000000000000000 81 00 00 00 00000001",
     "E_VALUE_OUT_OF_RANGE"},

    {"NextHop", kIpv4NextHop, {1, 1}, next_hop(1, "0a620002"), "E_SUCCESS"},
    {"NextHopOnTheLink", kIpv4NextHop, {1, 1}, next_hop(1, kAnywhere4), "E_SUCCESS"},
    {"NextHopOfAPortWithoutADevice", kIpv4NextHop, {1, 1}, next_hop(3, kAnywhere4), "E_SUCCESS"},
    {"HighestNextHop", kIpv4NextHop, {1, 0x0fffffff}, next_hop(1, "0a620002"), "E_SUCCESS"},
    {"NextHopBeyond",
     kIpv4NextHop,
     {1, 0x10000000},
     next_hop(1, "0a620002"),
     "E_INVALID_ARRAY_CREATION"},
    {"UnknownPort", kIpv4NextHop, {1, 1}, next_hop(9, "0a620002"), "E_VALUE_OUT_OF_RANGE"},
    {"NoPort", kIpv4NextHop, {1, 1}, next_hop(0, "0a620002"), "E_VALUE_OUT_OF_RANGE"},
    {"NoPortToDiscard", kIpv4NextHop, {1, 1}, next_hop(0, kAnywhere4, 1), "E_SUCCESS"},
    {"Prohibited", kIpv4NextHop, {1, 1}, next_hop(9, kAnywhere4, 3), "E_SUCCESS"},
    {"UnknownOutput", kIpv4NextHop, {1, 1}, next_hop(1, kAnywhere4, 4), "E_VALUE_OUT_OF_RANGE"},
    {"NextHopTooShort", kIpv4NextHop, {1, 1}, "00000001", "E_INVALID_TLV"},
    {"NextHop6",
     kIpv6NextHop,
     {1, 1},
     next_hop(1, "20010db8000000000000000000000002"),
     "E_SUCCESS"},
    {"NextHop6Beyond",
     kIpv6NextHop,
     {1, 0xffffffff},
     next_hop(1, kAnywhere6),
     "E_INVALID_ARRAY_CREATION"},
    {"UnknownPort6", kIpv6NextHop, {1, 1}, next_hop(4, kAnywhere6), "E_VALUE_OUT_OF_RANGE"},

    {"Set", kEcmpHops, {1, 1}, members({{1, 1}, {2, 256}}), "E_SUCCESS"},
    {"Set6", kEcmpHops, {2, 1}, members({{1, 1}}), "E_SUCCESS"},
    {"SetOf1024", kEcmpHops, {1, 1}, many(1024), "E_SUCCESS"},
    {"SetOf1025", kEcmpHops, {1, 1}, many(1025), "E_CONTENTS_TOO_LONG"},
    {"SetOfNone", kEcmpHops, {1, 1}, "", "E_SUCCESS"},
    {"SetBeyond", kEcmpHops, {1, 0x10000000}, members({{1, 1}}), "E_INVALID_ARRAY_CREATION"},
    {"WeightZero", kEcmpHops, {1, 1}, members({{1, 0}}), "E_VALUE_OUT_OF_RANGE"},
    {"WeightBeyond256", kEcmpHops, {1, 1}, members({{1, 257}}), "E_VALUE_OUT_OF_RANGE"},
    {"MemberBeyond", kEcmpHops, {1, 1}, members({{1, 1}, {0x10000000, 1}}), "E_VALUE_OUT_OF_RANGE"},
    {"MemberTwice", kEcmpHops, {2, 1}, members({{5, 1}, {4, 1}, {5, 2}}), "E_EXISTS"},
    {"SetCutInAMember", kEcmpHops, {1, 1}, "00000000 00000001", "E_INVALID_TLV"},
    {"MemberOfASetThatIsNotThere",
     kEcmpHops,
     {1, 1, 0},
     "00000001 0001",
     "E_COMPONENT_DOES_NOT_EXIST"},

    {"PortId", ether_phy_cop(1), {1}, "00000009", "E_READ_ONLY"},
    {"OperStatus", ether_phy_cop(1), {3}, "01", "E_READ_ONLY"},
    {"OtherSpeed", ether_phy_cop(1), {4}, "00000004", "E_NOT_SUPPORTED"},
    {"TheSpeedThatIs", ether_phy_cop(1), {4}, "0000000a", "E_SUCCESS"},
    {"OtherDuplex", ether_phy_cop(1), {6}, "00000003", "E_NOT_SUPPORTED"},
    {"AdminStatusThatIsNone", ether_phy_cop(1), {2}, "03", "E_VALUE_OUT_OF_RANGE"},
    {"AdminStatusAsItIs", ether_phy_cop(3), {2}, "01", "E_SUCCESS"},
    {"AdminStatusOfAReplayPort", ether_phy_cop(3), {2}, "02", "E_NOT_SUPPORTED"},
    {"PortThatIsNotThere", ether_phy_cop(4), {2}, "01", "E_LFB_INSTANCE_ID_NOT_FOUND"},
    {"Topology", lfb::kFeObject, {1, 0}, "00", "E_READ_ONLY"},
    {"Address", kPortAddress, {1, 0}, "00", "E_READ_ONLY"},
    {"PlaneState", kKernelPlane, {1}, "01", "E_READ_ONLY"},
    {"FailedRoutes", kKernelPlane, {7, 0}, "00", "E_READ_ONLY"},
};

class ForwardingRow : public Forwarder, public testing::WithParamInterface<Case> {};
TEST_P(ForwardingRow, IsAnsweredWithItsResult) {
  EXPECT_EQ(set(GetParam().target, GetParam().ids, GetParam().octets), GetParam().want);
  EXPECT_EQ(translator.contradictions(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Rfc6956Section5_3, ForwardingRow, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

TEST_F(Forwarder, AdminStatusOfAnInterfaceThatIsNotThereIsBusy) {
  EXPECT_EQ(set(ether_phy_cop(1), {2}, "02"), "E_NOT_SUPPORTED");  // nobody tells of links
  take(ports.resync({}, kNow));
  EXPECT_EQ(set(ether_phy_cop(1), {2}, "02"), "E_BUSY");
  link(11, "eth1", true);
  EXPECT_EQ(set(ether_phy_cop(1), {2}, "02"), "E_SUCCESS");
}

TEST_F(Forwarder, ASecondRowOfTheSamePrefixExists) {
  EXPECT_EQ(set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 1)), "E_SUCCESS");
  EXPECT_EQ(set(kIpv4Lpm, {1, 2}, prefix4("0a000000", 8, false, 2)), "E_EXISTS");
}

TEST_F(Forwarder, APartOfARowIsJudgedAsTheWholeRow) {
  EXPECT_EQ(set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 1)), "E_SUCCESS");
  EXPECT_EQ(set(kIpv4Lpm, {1, 1, 1}, "0a000001"), "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kIpv4NextHop, {1, 1}, next_hop(0, kAnywhere4, 1)), "E_SUCCESS");
  EXPECT_EQ(set(kIpv4NextHop, {1, 1, 5}, "00000000"), "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kEcmpHops, {1, 1}, members({{1, 1}, {2, 1}})), "E_SUCCESS");
  EXPECT_EQ(set(kEcmpHops, {1, 1, 1, 1}, "00000001"), "E_EXISTS");
  EXPECT_EQ(set(kEcmpHops, {1, 1, 1, 2}, "0007"), "E_SUCCESS");
  EXPECT_EQ(get(kEcmpHops, {1, 1}), members({{1, 1}, {2, 7}}));
}

TEST_F(Forwarder, TheTopologyCanBeRead) {  // RFC 5812 section 5.1.2
  std::size_t rows = 0;
  engine.each_row(lfb::kFeObject, lfb::fe_object::kTopology,
                  [&](std::uint32_t index, auto) { EXPECT_EQ(index, rows++); });
  EXPECT_EQ(rows, topology_of({1, 2, 3}).size());
  // EtherPHYCop 1, group EtherPHYOut, index 0, to IPv4UcastLPM 1, group PktIn.
  EXPECT_EQ(get(lfb::kFeObject, {1, 0, 1}), "0000000300000001");
  EXPECT_EQ(get(lfb::kFeObject, {1, 0, 4}), "0000000a00000001");
  EXPECT_EQ(get(lfb::kFeObject, {1, 0, 5}), "506b74496e");
  for (const auto& link : topology_of({1, 2, 3})) {
    for (const Target& end : {link.from, link.to}) {
      const bool redirect = end.class_id == 14 || end.class_id == 15;  // the element's own
      EXPECT_TRUE(redirect || engine.store().instances().contains(end)) << end.class_id;
    }
  }
}

}  // namespace
}  // namespace forces::fe::forwarding::test
