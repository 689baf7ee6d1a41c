// From SETs of a CE to rows of a kernel.
#include <random>

#include "tests/unit/fe/forwarding/forwarder.hpp"

namespace forces::fe::forwarding::test {
namespace {

using kernel::Prefix;
const Prefix kTen = prefix("10.0.0.0/8"), kTwenty = prefix("20.0.0.0/8");

TEST_F(Forwarder, ARouteGoesByItsNextHop) {
  both_up();
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002", 0, 1400));
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 5));
  EXPECT_EQ(settle(), 2U);
  EXPECT_EQ(model.next_hops.at(hop4(5)), via("10.98.0.2", 11));
  EXPECT_EQ(model.routes.at(kTen), (ModelKernel::Route{hop4(5), 1400}));
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 5));
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002", 0, 1400));
  EXPECT_EQ(settle(), 0U) << "what is there already costs nothing";
}

TEST_F(Forwarder, Ipv6IsTheSame) {
  both_up();
  set(kIpv6NextHop, {1, 5}, next_hop(2, "fe800000000000000000000000000002"));
  set(kIpv6Lpm, {1, 1}, "20010db8000000000000000000000000 20 00 00 00 00000005");
  settle();
  EXPECT_EQ(model.next_hops.at(hop6(5)), via("fe80::2", 12));
  EXPECT_EQ(model.routes.at(prefix("2001:db8::/32")).target, hop6(5));
}

TEST_F(Forwarder, ANextHopWithoutAnAddressIsOnTheLink) {
  both_up();
  set(kIpv4NextHop, {1, 5}, next_hop(1, "00000000"));
  settle();
  EXPECT_FALSE(model.next_hops.at(hop4(5)).gateway);
}

TEST_F(Forwarder, ARouteWaitsForItsNextHop) {
  both_up();
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 5));
  EXPECT_EQ(settle(), 0U);
  EXPECT_EQ(fib.status(kTen)->state, kernel::RowState::Waiting);
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  settle();
  EXPECT_TRUE(model.routes.contains(kTen));
  del(kIpv4NextHop, {1, 5});
  settle();
  EXPECT_TRUE(model.routes.empty());
  EXPECT_EQ(fib.status(kTen)->state, kernel::RowState::Waiting);
}

TEST_F(Forwarder, ARowThatChangesItsPrefixLeavesNoneBehind) {
  both_up();
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 5));
  settle();
  set(kIpv4Lpm, {1, 1}, prefix4("14000000", 8, false, 5));
  settle();
  EXPECT_FALSE(model.routes.contains(kTen));
  EXPECT_TRUE(model.routes.contains(kTwenty));
  EXPECT_EQ(del(kIpv4Lpm, {1, 1}), "E_SUCCESS");
  settle();
  EXPECT_TRUE(model.routes.empty());
  EXPECT_EQ(del(kIpv4Lpm, {1, 1}), "E_NOT_FOUND");
}

TEST_F(Forwarder, APrefixThatMovesToAnotherRowStays) {
  both_up();
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 5));
  settle();
  run(message(pl::MsgType::Config, OperType::Del, kIpv4Lpm, {path({1, 1})}));
  set(kIpv4Lpm, {1, 2}, prefix4("0a000000", 8, false, 5));
  EXPECT_EQ(settle(), 0U);
  EXPECT_TRUE(model.routes.contains(kTen));
}

TEST_F(Forwarder, DiscardsWithoutAPort) {  // LFBOutputSelectIndex 1, 2, 3
  for (const std::uint32_t output : {1U, 2U, 3U}) {
    set(kIpv4NextHop, {1, output}, next_hop(0, "00000000", output));
    settle();
    EXPECT_TRUE(model.next_hops.at(hop4(output)).discard);
  }
}

TEST_F(Forwarder, ASetHasItsMembersAndWeights) {
  both_up();
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  set(kIpv4NextHop, {1, 6}, next_hop(2, "0a620003"));
  set(kEcmpHops, {1, 5}, members({{5, 1}, {6, 3}}));
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, true, 5));
  settle();
  EXPECT_EQ(model.sets.at(set4(5)), (std::vector<kernel::Member>{{hop4(5), 1}, {hop4(6), 3}}));
  EXPECT_EQ(model.routes.at(kTen).target, set4(5)) << "numbered apart from next hops";
  EXPECT_EQ(set(kEcmpHops, {1, 5, 0, 2}, "0002"), "E_SUCCESS");
  settle();
  EXPECT_EQ(model.sets.at(set4(5))[0].weight, 2);
  EXPECT_EQ(del(kEcmpHops, {1, 5}), "E_SUCCESS");
  settle();
  EXPECT_TRUE(model.routes.empty());
}

TEST_F(Forwarder, APortWhoseInterfaceIsNotThereWaitsForIt) {
  take(ports.resync({}, kNow));
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 5));
  EXPECT_EQ(settle(), 0U);
  link(11, "eth1", true);
  settle();
  EXPECT_EQ(model.next_hops.at(hop4(5)).interface, 11U);
  EXPECT_TRUE(model.routes.contains(kTen));
}

TEST_F(Forwarder, AnInterfaceThatIsMadeAnewIsFollowed) {
  both_up();
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, false, 5));
  settle();
  link(11, "eth1", false, true);
  settle();
  EXPECT_TRUE(model.routes.empty());
  link(11, "other", true);  // the number is another's now
  settle();
  EXPECT_TRUE(model.next_hops.empty());
  link(15, "eth1", true);
  settle();
  EXPECT_EQ(model.next_hops.at(hop4(5)).interface, 15U);
  EXPECT_TRUE(model.routes.contains(kTen));
}

TEST_F(Forwarder, AnInterfaceWithAnotherNameIsNoPortAnyMore) {
  both_up();
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  settle();
  link(11, "renamed", true);
  settle();
  EXPECT_TRUE(model.next_hops.empty());
  link(11, "eth1", true);
  settle();
  EXPECT_EQ(model.next_hops.size(), 1U);
}

TEST_F(Forwarder, AFailedAllOrNoneTellsTheKernelNothing) {
  both_up();
  const auto texts = run(message(pl::MsgType::Config, OperType::Set, kIpv4NextHop,
                                 {path({1, 5}, {lfb::test::data(next_hop(1, "0a620002"))}),
                                  path({1, 6}, {lfb::test::data(next_hop(9, "0a620002"))})},
                                 pl::ExecutionMode::AllOrNone));
  EXPECT_EQ(texts, (std::vector<std::string>{"E_UNSPECIFIED_ERROR", "E_VALUE_OUT_OF_RANGE"}));
  EXPECT_EQ(settle(), 0U);
}

TEST_F(Forwarder, AfterAResetNothingIsLeft) {  // RFC 5810 section 4.2.2.3
  both_up();
  set(kIpv4NextHop, {1, 5}, next_hop(1, "0a620002"));
  set(kEcmpHops, {1, 5}, members({{5, 1}}));
  set(kIpv4Lpm, {1, 1}, prefix4("0a000000", 8, true, 5));
  settle();
  engine.reset();
  settle();
  EXPECT_TRUE(model.routes.empty());
  EXPECT_TRUE(model.sets.empty());
  EXPECT_TRUE(model.next_hops.empty());
}

// Rows and links in any order, and what a plane that is opened anew makes of what the engine holds.
class AnyOrder : public Forwarder, public testing::WithParamInterface<unsigned> {};
TEST_P(AnyOrder, EndsAsTheRowsSay) {
  std::mt19937 random(GetParam());
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  take(ports.resync({}, kNow));
  std::map<std::uint32_t, std::pair<std::uint32_t, bool>> links;  // by port: index and up
  const auto name = [](std::uint32_t port) { return port == 1 ? "eth1" : "eth2"; };
  std::uint32_t next_index = 10;
  for (int step = 0; step < 300; ++step) {
    const std::uint32_t row = below(6), port = 1 + below(2);
    switch (below(8)) {
      case 0:
      case 1:
        (void)set(kIpv4NextHop, {1, row}, next_hop(port, "0a620002", below(4) == 0 ? 1 : 0));
        break;
      case 2:
        (void)del(kIpv4NextHop, {1, row});
        break;
      case 3:
        (void)set(kEcmpHops, {1, row}, members({{below(3), 1}, {3 + below(3), 2}}));
        break;
      case 4:
        (void)(below(3) == 0 ? del(kEcmpHops, {1, row}) : del(kIpv4Lpm, {1, row}));
        break;
      case 5:
        (void)set(kIpv4Lpm, {1, row},
                  prefix4(to_hex(std::array{std::byte(10 + below(6))}) + "000000", 8, below(2) == 0,
                          below(6)));
        break;
      case 6: {
        const auto at = links.find(port);
        if (at == links.end()) {
          links[port] = {++next_index, true};
          link(next_index, name(port), true);
        } else if (below(2) == 0) {
          link(at->second.first, name(port), at->second.second = !at->second.second);
        } else {
          link(at->second.first, name(port), false, true);
          links.erase(at);
        }
        break;
      }
      default:
        settle();
    }
  }
  settle();

  kernel::Fib fresh;
  ModelKernel other;
  Translator again{{1, 2, 3}};
  again.use(&fresh);
  for (const auto& [port, state] : links) {
    other.link(state.first, state.second);
    fresh.on_link(state.first, state.second, 1500);
    again.set_interface(port, state.first);
  }
  const std::pair<Target, ForwardingTable> tables[]{
      {kIpv4Lpm, {TableKind::Prefixes, kernel::Family::Ipv4}},
      {kEcmpHops, {TableKind::Sets, kernel::Family::Ipv4}},
      {kIpv4NextHop, {TableKind::NextHops, kernel::Family::Ipv4}}};
  for (const auto& [target, table] : tables) {
    engine.each_row(target, 1,
                    [&](std::uint32_t index, wire::Bytes row) { again.replay(table, index, row); });
  }
  kernel::test::settle(fresh, other);
  EXPECT_EQ(model.routes, other.routes);
  EXPECT_EQ(model.sets, other.sets);
  EXPECT_EQ(model.next_hops, other.next_hops);
  EXPECT_EQ(translator.contradictions() + again.contradictions(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Seeds, AnyOrder, testing::Range(1U, 61U));

}  // namespace
}  // namespace forces::fe::forwarding::test
