// Labels that must stay the same through nodes which cannot convert (RFC 3471 section 3.5).
#include "tests/unit/ce/signaling/te/network.hpp"

namespace forces::signaling::te {
namespace {

class Continuity : public testing::Test {
 protected:
  Link wave(char a, char b, LabelRanges free, std::uint32_t metric = 1) {
    const Link link = net.link(a, b, metric);
    net.change(link, [&](Link& l) {
      l.switching = Switching::Lsc;
      l.encoding = Encoding::Lambda;
      for (Direction& way : l.directions) way.free = free;
    });
    return link;
  }
  void transparent(char letter) {
    net.set(letter, [](Node& n) { n.converts_labels = false; });
  }
  static Request lambda(char from, char to) {
    Request r = Network::request(from, to);
    r.signal = {.switching = Switching::Lsc, .encoding = Encoding::Lambda};
    return r;
  }
  Network net;
};

TEST_F(Continuity, OneWavelengthAllAlong) {
  wave('A', 'B', {1, 2});
  wave('B', 'C', {2, 3});
  wave('C', 'D', {2, 9});
  transparent('B');
  transparent('C');
  const auto path = net.finder.find(lambda('A', 'D'));
  ASSERT_TRUE(path);
  for (const PathHop& hop : path->hops) EXPECT_EQ(hop.labels, (LabelRanges{2}));
}

TEST_F(Continuity, ALongerWayWithACommonWavelengthIsFound) {
  wave('A', 'B', {1});
  wave('B', 'Z', {2});
  wave('A', 'C', {5}, 9);
  wave('C', 'Z', {5}, 9);
  EXPECT_EQ(net.find(lambda('A', 'Z')), "ABZ");
  transparent('B');
  transparent('C');
  EXPECT_EQ(net.find(lambda('A', 'Z')), "ACZ");
}

// The cheapest way to B leaves no wavelength behind it: the dearer one must be kept as well.
TEST_F(Continuity, TheDearerWayToAMiddleNodeMayBeTheRightOne) {
  wave('A', 'B', {1});
  wave('A', 'X', {2}, 3);
  wave('X', 'B', {2}, 3);
  wave('B', 'Z', {2});
  for (const char c : {'B', 'X'}) transparent(c);
  EXPECT_EQ(net.find(lambda('A', 'Z')), "AXBZ");
}

TEST_F(Continuity, AConvertingNodeBeginsAnew) {
  wave('A', 'B', {1});
  wave('B', 'C', {1});
  wave('C', 'D', {2});
  wave('D', 'E', {2});
  for (const char c : {'B', 'D'}) transparent(c);
  const auto path = net.finder.find(lambda('A', 'E'));
  ASSERT_TRUE(path);
  EXPECT_EQ(path->hops[1].labels, (LabelRanges{1}));
  EXPECT_EQ(path->hops[2].labels, (LabelRanges{2}));
}

TEST_F(Continuity, WithoutAnyTheReasonIsSaid) {
  wave('A', 'B', {1});
  wave('B', 'C', {2});
  transparent('B');
  EXPECT_EQ(net.find(lambda('A', 'C')), "label_continuity");
}

TEST_F(Continuity, BothDirectionsHaveTheSameWavelength) {
  const Link ab = wave('A', 'B', {1, 2});
  wave('B', 'C', {1, 2});
  transparent('B');
  net.db.set_free(ab.ends[1], {2});
  const auto path = net.finder.find(lambda('A', 'C'));
  ASSERT_TRUE(path);
  EXPECT_EQ(path->hops[1].labels, (LabelRanges{2}));
}

TEST_F(Continuity, LabelsOfThePreviousHopBindTheFirstLink) {  // LABEL_SET
  wave('A', 'B', {1, 2});
  wave('B', 'C', {1, 2});
  Request r = lambda('A', 'C');
  r.first_labels = LabelRanges{2, 7};
  EXPECT_EQ(net.finder.find(r)->hops[0].labels, (LabelRanges{2}));
  r.first_labels = LabelRanges{7};
  EXPECT_EQ(net.find(r), "excluded");
}

TEST_F(Continuity, AlongARouteToo) {
  wave('A', 'B', {1});
  wave('A', 'B', {2});
  wave('B', 'C', {2});
  transparent('B');
  Request r = lambda('A', 'C');
  r.route = {{.loose = true, .where = RouteHop::Prefix{node_of('C').value}}};
  EXPECT_EQ(net.finder.find(r)->hops[0].out.interface, 2U);
}

TEST_F(Continuity, PairsHaveAWavelengthEach) {
  wave('A', 'B', {1});
  wave('B', 'Z', {1, 2});
  wave('A', 'C', {3});
  wave('C', 'Z', {4});
  wave('A', 'D', {5}, 7);
  wave('D', 'Z', {5}, 7);
  for (const char c : {'B', 'C', 'D'}) transparent(c);
  EXPECT_EQ(net.pair(lambda('A', 'Z')), "ABZ ADZ");
}

}  // namespace
}  // namespace forces::signaling::te
