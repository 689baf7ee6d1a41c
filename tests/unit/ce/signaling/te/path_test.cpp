// Constrained shortest paths (K4 of ason.md): each constraint, and the reason when it leaves none.
#include "tests/unit/ce/signaling/te/network.hpp"

namespace forces::signaling::te {
namespace {

class PathOf : public Diamond {};

TEST_F(PathOf, TheCheapestIsTaken) {
  EXPECT_EQ(net.find('A', 'Z'), "ABZ");
  const auto path = net.finder.find(Network::request('A', 'Z'));
  ASSERT_TRUE(path);
  EXPECT_EQ(path->cost, 2U);
  EXPECT_EQ(path->hops[0].out, ab.ends[0]);
  EXPECT_EQ(path->hops[0].in, ab.ends[1]);
  EXPECT_EQ(path->hops[0].labels, LabelRanges::sdh_slots(1, 4));
}

TEST_F(PathOf, NobodyToItselfIsNoHop) {
  const auto path = net.finder.find(Network::request('A', 'A'));
  ASSERT_TRUE(path);
  EXPECT_TRUE(path->hops.empty());
}

TEST_F(PathOf, WhatIsDownIsLeftOut) {
  net.db.set_up(ab.ends[1], false);
  EXPECT_EQ(net.find('A', 'Z'), "ACZ");
  net.db.set_up(node_of('C'), false);
  EXPECT_EQ(net.find('A', 'Z'), "ADZ");
  net.db.set_up(dz.ends[0], false);
  EXPECT_EQ(net.find('A', 'Z'), "down");
}

TEST_F(PathOf, FreeLabelsCount) {
  net.db.set_free(bz.ends[0], {});
  EXPECT_EQ(net.find('A', 'Z'), "ACZ");
  net.db.set_free(cz.ends[1], {});
  EXPECT_EQ(net.find('A', 'Z'), "ADZ") << "the way back counts as well";
  Request one_way = Network::request('A', 'Z');
  one_way.bidirectional = false;
  EXPECT_EQ(net.find(one_way), "ACZ");
  Request wide = Network::request('A', 'Z');
  wide.signal = {.rcc = 1, .ncc = 16};
  EXPECT_EQ(net.find(wide), "no_bandwidth");
  net.db.set_free(ad.ends[0], LabelRanges::sdh_slots(1, 16));
  net.db.set_free(ad.ends[1], LabelRanges::sdh_slots(1, 16));
  net.db.set_free(dz.ends[0], LabelRanges::sdh_slots(1, 16));
  net.db.set_free(dz.ends[1], LabelRanges::sdh_slots(1, 16));
  EXPECT_EQ(net.find(wide), "ADZ");
}

TEST_F(PathOf, BandwidthCountsWhereLabelsAreNotKnown) {
  for (const Link& link : {ab, bz}) {
    net.change(link, [](Link& l) {
      for (Direction& way : l.directions) way = {.metric = 1, .unreserved = 155.52e6 / 8};
    });
  }
  EXPECT_EQ(net.find('A', 'Z'), "ABZ");
  Request two = Network::request('A', 'Z');
  two.signal.multiplier = 2;
  EXPECT_EQ(net.find(two), "ACZ");
  const auto path = net.finder.find(Network::request('A', 'Z'));
  EXPECT_EQ(path->hops[0].labels, std::nullopt);
  net.db.set_unreserved(ab.ends[1], 0);
  EXPECT_EQ(net.find('A', 'Z'), "ACZ") << "both directions need it";
  Request one_way = Network::request('A', 'Z');
  one_way.bidirectional = false;
  EXPECT_EQ(net.find(one_way), "ABZ");
}

TEST_F(PathOf, SwitchingAndEncodingMustBeThose) {
  net.change(ab, [](Link& l) { l.switching = Switching::Lsc; });
  EXPECT_EQ(net.find('A', 'Z'), "ACZ");
  net.change(ac, [](Link& l) { l.encoding = Encoding::Ethernet; });
  EXPECT_EQ(net.find('A', 'Z'), "ADZ");
  net.change(ad, [](Link& l) { l.encoding = Encoding::Ethernet; });
  EXPECT_EQ(net.find('A', 'Z'), "wrong_encoding");
  net.change(ad, [](Link& l) { l.encoding = Encoding::Lambda; });
  EXPECT_EQ(net.find('A', 'Z'), "ADZ") << "a photonic link carries any of its encoding";
  Request lambda = Network::request('A', 'Z');
  lambda.signal = {.switching = Switching::Fsc, .encoding = Encoding::Lambda};
  EXPECT_EQ(net.find(lambda), "wrong_switching");
}

TEST_F(PathOf, Affinities) {  // RFC 3209 section 4.7.4
  net.change(ab, [](Link& l) { l.affinities = 1; });
  net.change(ac, [](Link& l) { l.affinities = 2; });
  net.change(cz, [](Link& l) { l.affinities = 6; });
  Request r = Network::request('A', 'Z');
  r.affinities = {.exclude_any = 1};
  EXPECT_EQ(net.find(r), "ACZ");
  r.affinities = {.include_any = 2};
  EXPECT_EQ(net.find(r), "ACZ");
  r.affinities = {.include_all = 6};
  EXPECT_EQ(net.find(r), "no_affinity");
  r.affinities = {.exclude_any = 3};
  EXPECT_EQ(net.find(r), "ADZ");
}

TEST_F(PathOf, ExclusionsAreKeptAwayFrom) {  // RFC 4874, RFC 4920
  Request r = Network::request('A', 'Z');
  r.exclude.nodes = {node_of('B'), node_of('A')};
  EXPECT_EQ(net.find(r), "ACZ") << "the node that computes does not exclude itself";
  r.exclude.links = {cz.ends[1]};
  EXPECT_EQ(net.find(r), "ADZ");
  net.change(dz, [](Link& l) { l.srlgs = {7, 9}; });
  r.exclude.srlgs = {9};
  EXPECT_EQ(net.find(r), "excluded");
  r = Network::request('A', 'Z');
  r.exclude.nodes = {node_of('Z')};
  EXPECT_EQ(net.find(r), "excluded");
}

TEST_F(PathOf, AreasDomainsAndSystemsCanBeExcluded) {
  net.set('B', [](Node& n) { n.area = 5; });
  net.set('C', [](Node& n) { n.domain = 6; });
  net.set('D', [](Node& n) { n.as_number = 7; });
  net.set('Z', [](Node& n) { n.area = 5; });
  Request r = Network::request('A', 'Z');
  r.exclude.areas = {5};
  EXPECT_EQ(net.find(r), "ACZ") << "not that of the destination";
  r.exclude.domains = {6};
  EXPECT_EQ(net.find(r), "ADZ");
  r.exclude.as_numbers = {7};
  EXPECT_EQ(net.find(r), "excluded");
}

TEST_F(PathOf, LabelsThatWereRefusedAreLeftOut) {
  Request r = Network::request('A', 'Z');
  r.exclude.labels[ab.ends[1]] = LabelRanges::sdh_slots(1, 3);
  const auto path = net.finder.find(r);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->hops[0].labels, (LabelRanges{0x40000}));
  r.exclude.labels[ab.ends[1]] |= LabelRanges{0x40000};
  EXPECT_EQ(net.find(r), "ACZ");
}

TEST_F(PathOf, LabelsOfAnotherLspOfTheSessionAreThereAsWell) {  // RFC 3209 section 4.6.4
  Request r = Network::request('A', 'Z');
  net.change(ab, [](Link& link) {
    for (Direction& way : link.directions) way.free = LabelRanges{};
  });
  EXPECT_EQ(net.find(r), "ACZ");
  r.shared[ab.ends[0]] = LabelRanges{0x20000};
  const auto path = net.finder.find(r);
  ASSERT_TRUE(path);
  EXPECT_EQ(Network::text(*path, r.source), "ABZ");
  EXPECT_EQ(path->hops[0].labels, (LabelRanges{0x20000}));
  r.signal.nvc = 2;  // it is one label, and two are asked for
  EXPECT_EQ(net.find(r), "ACZ");
}

TEST_F(PathOf, WhatShouldBeAvoidedIsTakenWhenThereIsNoOtherWay) {  // L bit of RFC 4874
  Request r = Network::request('A', 'Z');
  r.avoid.nodes = {node_of('B'), node_of('C')};
  EXPECT_EQ(net.find(r), "ADZ");
  r.exclude.nodes = {node_of('D')};
  EXPECT_EQ(net.find(r), "ABZ");
}

TEST_F(PathOf, ADomainCanBeKeptTo) {
  for (const char c : {'A', 'C', 'D'}) net.set(c, [](Node& n) { n.domain = 1; });
  Request r = Network::request('A', 'Z');
  r.within_domain = 1;
  EXPECT_EQ(net.find(r), "ACZ") << "the destination may be outside";
  r.within_domain = 2;
  EXPECT_EQ(net.find(r), "other_domain");
}

TEST_F(PathOf, ClientsAreNotPassedThrough) {
  net.set('B', [](Node& n) { n.transit = false; });
  EXPECT_EQ(net.find('A', 'Z'), "ACZ");
  EXPECT_EQ(net.find('A', 'B'), "AB");
}

TEST_F(PathOf, HopsCanBeLimited) {
  const Link zy = net.link('Z', 'Y');
  (void)zy;
  net.link('A', 'Y', 50);
  EXPECT_EQ(net.find('A', 'Y'), "ABZY");
  Request r = Network::request('A', 'Y');
  r.max_hops = 2;
  EXPECT_EQ(net.find(r), "AY");
  r.max_hops = 1;
  r.destination = node_of('Z');
  EXPECT_EQ(net.find(r), "too_many_hops");
}

TEST_F(PathOf, TheEgressMustCarryIt) {  // S1 of ason.md, RFC 4003
  const Link user = net.link('Z', 'U');
  net.set('U', [](Node& n) { n.transit = false; });
  Request r = Network::request('A', 'Z');
  r.egress = user.ends[0].node == node_of('Z') ? user.ends[0] : user.ends[1];
  EXPECT_EQ(net.find(r), "ABZ");
  net.db.set_free(*r.egress, {});
  EXPECT_EQ(net.find(r), "bad_egress");
  r.egress = LinkEnd{node_of('Z'), 99};
  EXPECT_EQ(net.find(r), "ABZ") << "not a TE link: the destination judges";
  r.egress = bz.ends[0].node == node_of('Z') ? bz.ends[0] : bz.ends[1];
  EXPECT_EQ(net.find(r), "bad_egress") << "the way it came";
  r.egress = LinkEnd{node_of('B'), 1};
  EXPECT_EQ(net.find(r), "bad_egress");
}

TEST_F(PathOf, UnknownEndsAreSaid) {
  EXPECT_EQ(net.find('X', 'Z'), "unknown_source");
  EXPECT_EQ(net.find('A', 'X'), "unknown_destination");
  net.ensure('X');
  EXPECT_EQ(net.find('A', 'X'), "disconnected");
  Request r = Network::request('A', 'Z');
  r.signal.multiplier = 0;
  EXPECT_EQ(net.find(r), "bad_signal");
}

TEST(PathTies, AreBrokenTheSameWayInWhateverOrderLinksCome) {
  for (const std::string_view order : {"BCD", "DCB", "CDB"}) {
    Network net;
    for (const char middle : order) {
      net.link('A', middle);
      net.link(middle, 'Z');
    }
    EXPECT_EQ(net.find('A', 'Z'), "ABZ") << order;
  }
}

TEST(PathTies, FewerHopsBeforeLowerNumbers) {
  Network net;
  net.link('A', 'B');
  net.link('B', 'C');
  net.link('C', 'Z');
  net.link('A', 'Y', 2);
  net.link('Y', 'Z');
  EXPECT_EQ(net.find('A', 'Z'), "AYZ");
}

TEST(PathTies, OfParallelLinksTheLowerInterface) {
  Network net;
  const Link first = net.link('A', 'B'), second = net.link('A', 'B');
  EXPECT_EQ(net.finder.find(Network::request('A', 'B'))->hops[0].out, first.ends[0]);
  net.db.set_free(first.ends[0], {});
  EXPECT_EQ(net.finder.find(Network::request('A', 'B'))->hops[0].out, second.ends[0]);
}

}  // namespace
}  // namespace forces::signaling::te
