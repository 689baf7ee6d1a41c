// EtherPHYCop and PortAddress follow what the kernel says (RFC 6956 section 5.1.1).
#include "tests/unit/fe/forwarding/forwarder.hpp"

namespace forces::fe::forwarding::test {
namespace {

using Lines = std::vector<std::string>;

TEST_F(Forwarder, PortsAreUpUntilSomebodyTellsOfLinks) {
  EXPECT_EQ(get(ether_phy_cop(2), {1}), "00000002");
  EXPECT_EQ(get(ether_phy_cop(2), {3}), "01");
  take(ports.resync({}, kNow));
  EXPECT_EQ(get(ether_phy_cop(2), {3}), "02") << "there is no such interface";
  EXPECT_EQ(get(ether_phy_cop(3), {3}), "01") << "a replay port has none to follow";
}

TEST_F(Forwarder, ALinkThatGoesDownIsAnEvent) {  // PHYPortStatusChanged
  both_up();
  subscribe(ether_phy_cop(1), {60, 1});
  link(11, "eth1", false);
  EXPECT_EQ(reports(), (Lines{"3.1 60.1. 02"}));
  EXPECT_EQ(get(ether_phy_cop(1), {8}), "00");
  link(11, "eth1", false);
  link(99, "eth9", false);
  EXPECT_EQ(reports(), Lines{});
  link(11, "eth1", true);
  link(11, "eth1", true, true);
  EXPECT_EQ(reports(), (Lines{"3.1 60.1. 01", "3.1 60.1. 02"}));
}

TEST_F(Forwarder, AdminStatusIsAskedOfTheInterface) {
  both_up();
  EXPECT_EQ(set(ether_phy_cop(1), {2}, "02"), "E_SUCCESS");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].interface, 11U);
  EXPECT_FALSE(asked[0].up);
  for (const bool carrier : {true, false, true}) {  // news from before it was done
    link(11, "eth1", carrier);
    EXPECT_EQ(get(ether_phy_cop(1), {2}), "02");
  }
  link(11, "eth1", false, false, false);
  EXPECT_EQ(get(ether_phy_cop(1), {2}), "02");
  set(ether_phy_cop(1), {2}, "00");
  EXPECT_EQ(asked.size(), 1U) << "disabled is down as well";
  engine.reset();
  ASSERT_EQ(asked.size(), 2U) << "what a CE has set is invalid";
  EXPECT_TRUE(asked[1].up);
}

TEST_F(Forwarder, WhatIsDoneAtTheFeIsWhereAnAssociationBegins) {
  both_up();
  link(11, "eth1", false, false, false);
  EXPECT_EQ(get(ether_phy_cop(1), {2}), "02");
  engine.reset();
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(get(ether_phy_cop(1), {2}), "02");
}

TEST_F(Forwarder, AnAdminStatusThatCannotBeHadIsTakenBack) {
  both_up();
  set(ether_phy_cop(1), {2}, "02");
  ports.refused(1, kNow);
  EXPECT_EQ(get(ether_phy_cop(1), {2}), "01");
}

TEST_F(Forwarder, AddressesOfPortsComeAndGoWithEvents) {
  EXPECT_EQ(get(kPortAddress, {1, 0}), "00000002040a62000100000000000000000000000018")
      << "that of a packet port is in the configuration";
  both_up();
  subscribe(kPortAddress, {60});
  const kernel::InterfaceAddress one{11, address("10.1.0.1"), 24}, two{11, address("fe80::1"), 64};
  ports.on_address({one}, kNow);
  ports.on_address({one}, kNow);
  ports.on_address({two}, kNow);
  ports.on_address({{99, address("10.9.0.1"), 24}}, kNow);
  EXPECT_EQ(reports(), (Lines{"65795.1 60.1.1. 00000001040a01000100000000000000000000000018",
                              "65795.1 60.1.2. 0000000106fe80000000000000000000000000000140"}));
  ports.on_address({one, true}, kNow);
  EXPECT_EQ(reports(), (Lines{"65795.1 60.2.1. 00000001040a01000100000000000000000000000018"}));
  EXPECT_EQ(get(kPortAddress, {1, 1}), "E_COMPONENT_DOES_NOT_EXIST");
  link(11, "eth1", true, true);
  EXPECT_EQ(reports(), (Lines{"65795.1 60.2.2. 0000000106fe80000000000000000000000000000140"}));
}

TEST_F(Forwarder, AddressesThatWereThereBeforeTheLinkHadItsNameAreTaken) {
  take(ports.resync({}, kNow));
  ports.on_address({{11, address("10.1.0.1"), 24}}, kNow);
  EXPECT_EQ(get(kPortAddress, {1, 1}), "E_COMPONENT_DOES_NOT_EXIST");
  link(11, "eth1", true);
  EXPECT_EQ(get(kPortAddress, {1, 1}), "00000001040a01000100000000000000000000000018");
}

TEST_F(Forwarder, AfterLostNewsOnlyWhatDiffersIsToldOf) {
  both_up();
  ports.on_address({{11, address("10.1.0.1"), 24}}, kNow);
  subscribe(ether_phy_cop(1), {60, 1});
  subscribe(ether_phy_cop(2), {60, 1});
  subscribe(kPortAddress, {60});
  kernel::Links links;
  links.on_link(link_of(11, "eth1", true), false);
  links.on_link(link_of(13, "eth2", false), false);
  links.on_address({11, address("10.1.0.2"), 24}, false);
  take(ports.resync(links, kNow));
  EXPECT_EQ(reports(),
            (Lines{"3.2 60.1. 02", "65795.1 60.2.1. 00000001040a01000100000000000000000000000018",
                   "65795.1 60.1.1. 00000001040a01000200000000000000000000000018"}));
}

// KernelPlane.

TEST_F(Forwarder, RowsThatTheKernelRefusesAreInATable) {
  both_up();
  subscribe(kKernelPlane, {60});
  model.refused.insert(prefix("10.0.0.0/8"));
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 5));
  settle();
  plane.on_refused(prefix("10.0.0.0/8"));
  settle();
  EXPECT_EQ(reports(), (Lines{"65796.1 60.2.0. 040a000000000000000000000000000000080000000c"}));
  settle();
  EXPECT_EQ(reports(), Lines{});
  model.refused.clear();
  set(kIpv4Lpm, {1, 1, 6}, "00000006");  // waits now, and that is no failure
  settle();
  EXPECT_EQ(reports(), (Lines{"65796.1 60.3.0. 040a000000000000000000000000000000080000000c"}));

  model.unreachable.insert(address("10.98.0.9"));
  set(kIpv4NextHop, {1, 7}, next_hop(1, "0a620009"));
  settle();
  plane.on_refused(hop4(7));
  settle();
  EXPECT_EQ(reports(), (Lines{"65796.1 60.4.0. 04000000000700000065"}));
  del(kIpv4NextHop, {1, 7});
  settle();
  EXPECT_EQ(reports(), (Lines{"65796.1 60.5.0. 04000000000700000065"}));
}

TEST_F(Forwarder, TheTableOfRefusedRowsIsBoundedAndFillsAgain) {
  both_up();
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  for (std::uint32_t n = 0; n < 1'500; ++n) {
    model.refused.insert(numbered(n));
    ASSERT_TRUE(fib.set_route(numbered(n), hop4(5)));
  }
  settle();
  for (std::uint32_t n = 0; n < 1'500; ++n) plane.on_refused(numbered(n));
  settle();
  const auto rows = [&] {
    std::set<std::uint32_t> indexes;
    engine.each_row(kKernelPlane, 7, [&](std::uint32_t i, auto) { indexes.insert(i); });
    return indexes;
  };
  EXPECT_EQ(rows().size(), PlaneLfb::kMostFailed);
  EXPECT_EQ(fib.count_routes().failed, 1'500U);
  for (std::uint32_t n = 0; n < 900; ++n) fib.remove_route(numbered(n));
  settle();
  settle();
  EXPECT_EQ(rows().size(), 600U) << "those that had no room before";
  EXPECT_LT(*rows().rbegin(), PlaneLfb::kMostFailed);
}

TEST_F(Forwarder, WhoWaitsForTheKernelIsToldWithItsCounts) {
  EXPECT_EQ(get(kKernelPlane, {1}), "00");
  plane.set_state(PlaneState::Running, kNow);
  EXPECT_EQ(get(kKernelPlane, {1}), "01");
  wire::ByteWriter w;
  const kernel::RouteCounts counts{
      .waiting = 1, .pending = 2, .installed = 3, .failed = 4, .stale = 5};
  for (std::uint32_t id = 2; id <= 6; ++id) EXPECT_TRUE(PlaneLfb::read(counts, id, w));
  EXPECT_EQ(to_hex(w.written()), "0000000100000002000000030000000400000005");
  EXPECT_FALSE(PlaneLfb::read(counts, 7, w));
}

}  // namespace
}  // namespace forces::fe::forwarding::test
