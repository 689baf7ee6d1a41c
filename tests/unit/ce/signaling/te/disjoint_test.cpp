// Disjoint pairs for working and recovery connections (C9 of ason.md; T14: none is an error).
#include "tests/unit/ce/signaling/te/network.hpp"

namespace forces::signaling::te {
namespace {

TEST(DisjointPair, TheTwoCheapest) {
  Network net;
  for (const auto& [middle, metric] :
       {std::pair('B', 1U), std::pair('C', 2U), std::pair('D', 3U)}) {
    net.link('A', middle, metric);
    net.link(middle, 'Z', metric);
  }
  EXPECT_EQ(net.pair(Network::request('A', 'Z')), "ABZ ACZ");
}

// The trap of Suurballe and Bhandari: the shortest path uses links of both; taking it first leaves
// no second one.
TEST(DisjointPair, TheShortestPathMayHaveToGiveWay) {
  Network net;
  net.link('A', 'B', 1);
  net.link('B', 'C', 1);
  net.link('C', 'Z', 1);
  net.link('A', 'C', 5);
  net.link('B', 'Z', 5);
  EXPECT_EQ(net.find('A', 'Z'), "ABCZ");
  EXPECT_EQ(net.pair(Network::request('A', 'Z')), "ABZ ACZ");
}

TEST(DisjointPair, NodesOrOnlyLinks) {
  Network net;
  net.link('A', 'M');
  net.link('A', 'M');
  net.link('M', 'Z');
  net.link('M', 'Z');
  EXPECT_EQ(net.pair(Network::request('A', 'Z')), "no_diversity");
  const auto pair = net.finder.find_pair(Network::request('A', 'Z'), {.nodes = false});
  ASSERT_TRUE(pair);
  EXPECT_NE(pair->working.hops[0].out, pair->recovery.hops[0].out);
  EXPECT_NE(pair->working.hops[1].out, pair->recovery.hops[1].out);
}

TEST(DisjointPair, OneDirectLinkIsNotTwo) {
  Network net;
  net.link('A', 'Z');
  EXPECT_EQ(net.pair(Network::request('A', 'Z')), "no_diversity");
  net.link('A', 'Z');
  EXPECT_EQ(net.pair(Network::request('A', 'Z')), "AZ AZ") << "parallel links";
}

TEST(DisjointPair, SharedRisksAreKeptApart) {
  Network net;
  const Link ab = net.link('A', 'B'), ac = net.link('A', 'C', 2);
  net.link('B', 'Z');
  net.link('C', 'Z', 2);
  net.link('A', 'D', 3);
  net.link('D', 'Z', 3);
  for (const Link& link : {ab, ac}) net.change(link, [](Link& l) { l.srlgs = {1}; });
  EXPECT_EQ(net.pair(Network::request('A', 'Z')), "ABZ ACZ");
  EXPECT_EQ(net.pair(Network::request('A', 'Z'), {.srlgs = true}), "ABZ ADZ");
}

// The cheapest working path shares a risk with every other one: another working path is tried.
TEST(DisjointPair, ForARiskTheWorkingPathIsChangedToo) {
  Network net;
  const Link ab = net.link('A', 'B'), ac = net.link('A', 'C', 2), ad = net.link('A', 'D', 3);
  net.link('B', 'Z');
  net.link('C', 'Z', 2);
  net.link('D', 'Z', 3);
  net.change(ab, [](Link& l) { l.srlgs = {1, 2}; });
  net.change(ac, [](Link& l) { l.srlgs = {1}; });
  net.change(ad, [](Link& l) { l.srlgs = {2}; });
  EXPECT_EQ(net.pair(Network::request('A', 'Z'), {.srlgs = true}), "ACZ ADZ");
  net.change(ad, [](Link& l) { l.srlgs = {1, 2}; });
  EXPECT_EQ(net.pair(Network::request('A', 'Z'), {.srlgs = true}), "no_diversity");
}

TEST(DisjointPair, ConstraintsHoldForBoth) {
  Network net;
  const Link ab = net.link('A', 'B');
  for (const char middle : {'C', 'D'}) {
    net.link('A', middle, 2);
    net.link(middle, 'Z', 2);
  }
  net.link('B', 'Z');
  net.change(ab, [](Link& l) { l.affinities = 4; });
  Request r = Network::request('A', 'Z');
  r.affinities.exclude_any = 4;
  EXPECT_EQ(net.pair(r), "ACZ ADZ");
  r.exclude.nodes = {node_of('C')};
  EXPECT_EQ(net.pair(r), "no_diversity");
}

TEST(DisjointPair, ARouteIsTheWorkingPaths) {
  Network net;
  for (const auto& [middle, metric] :
       {std::pair('B', 1U), std::pair('C', 2U), std::pair('D', 3U)}) {
    net.link('A', middle, metric);
    net.link(middle, 'Z', metric);
  }
  Request r = Network::request('A', 'Z');
  r.route = {{.where = RouteHop::Prefix{node_of('C').value}}};
  EXPECT_EQ(net.pair(r), "ACZ ABZ");
}

TEST(DisjointPair, WhatHasNoFirstHasNoSecond) {
  Network net;
  net.ensure('A');
  net.ensure('Z');
  EXPECT_EQ(net.pair(Network::request('A', 'Z')), "disconnected");
  EXPECT_EQ(net.pair(Network::request('A', 'A')), "no_diversity");
}

TEST(DisjointPair, ApartFromIsWhatASecondPathNeeds) {
  Network net;
  net.link('A', 'B');
  net.link('B', 'Z');
  net.link('A', 'C', 9);
  net.link('C', 'Z', 9);
  Request r = Network::request('A', 'Z');
  const auto first = net.finder.find(r);
  r.exclude |= apart_from(*first, {}, net.db);
  EXPECT_EQ(net.find(r), "ACZ");
}

}  // namespace
}  // namespace forces::signaling::te
