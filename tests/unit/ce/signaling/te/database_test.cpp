// The TE database: what it takes, and what its three counters say.
#include "tests/unit/ce/signaling/te/network.hpp"

namespace forces::signaling::te {
namespace {

TEST(TeDatabase, LinksHaveTwoEndsAndOneForm) {
  Network net;
  const Link link = net.link('A', 'B');
  Link turned = link;
  std::swap(turned.ends[0], turned.ends[1]);
  std::swap(turned.directions[0], turned.directions[1]);
  const auto before = net.db.revision();
  EXPECT_TRUE(net.db.set(turned));
  EXPECT_EQ(net.db.revision(), before) << "the same link, said the other way round";
  EXPECT_EQ(net.db.link(link.ends[1]), net.db.link(link.ends[0]));
  EXPECT_EQ(net.db.link(link.ends[0])->other(link.ends[0]), link.ends[1]);
}

TEST(TeDatabase, RefusesWhatIsNoLink) {
  Network net;
  Link link = net.link('A', 'B');
  Link bad = link;
  bad.ends[0].interface = 0;
  EXPECT_FALSE(net.db.set(bad));
  bad = link;
  bad.ends[1].node = bad.ends[0].node;
  EXPECT_FALSE(net.db.set(bad));
  EXPECT_FALSE(net.db.set(Node{}));
  link.addresses = {0x0a000001, 0x0a000002};
  EXPECT_TRUE(net.db.set(link));
  EXPECT_EQ(net.db.by_address(0x0a000002), link.ends[1]);
  Link other = net.link('B', 'C');
  other.addresses = {0x0a000002, 0x0a000003};
  EXPECT_FALSE(net.db.set(other)) << "an address of another link";
}

TEST(TeDatabase, ANewLinkTakesTheEndsOfAnOldOne) {
  Network net;
  const Link ab = net.link('A', 'B');
  net.ensure('C');
  Link moved = ab;
  moved.ends[1] = {node_of('C'), 1};
  EXPECT_TRUE(net.db.set(moved));
  EXPECT_EQ(net.db.links().size(), 1U);
  EXPECT_EQ(net.db.link(ab.ends[1]), nullptr);
  EXPECT_EQ(net.find('A', 'C'), "AC");
  EXPECT_EQ(net.find('A', 'B'), "disconnected");
}

// K6 of ason.md: crankback history is kept until routing says something better.
TEST(TeDatabase, TheVersionRisesWhenSomethingBecomesPossible) {
  Network net;
  const Link link = net.link('A', 'B');
  const LinkEnd& a = link.ends[0];
  auto rises = [&, at = net.db.version(), revision = net.db.revision()]() mutable {
    EXPECT_NE(revision, net.db.revision()) << "nothing has changed";
    revision = net.db.revision();
    return std::exchange(at, net.db.version()) != net.db.version();
  };
  net.db.set_up(a, false);
  EXPECT_FALSE(rises());
  net.db.set_up(a, true);
  EXPECT_TRUE(rises());
  net.db.set_free(a, {0x10000});
  EXPECT_FALSE(rises()) << "fewer labels";
  net.db.set_free(a, {0x20000});
  EXPECT_TRUE(rises()) << "another one";
  net.db.set_unreserved(a, 10);
  EXPECT_TRUE(rises());
  net.db.set_unreserved(a, 5);
  EXPECT_FALSE(rises());
  net.db.set_up(node_of('A'), false);
  EXPECT_FALSE(rises());
  net.db.set_up(node_of('A'), true);
  EXPECT_TRUE(rises());
  net.db.remove(a);
  EXPECT_FALSE(rises());
  net.link('A', 'B');
  EXPECT_TRUE(rises());
}

TEST(TeDatabase, EachLinkAndNodeHasItsOwnVersion) {
  Network net;
  const Link ab = net.link('A', 'B'), bc = net.link('B', 'C');
  const auto before = net.db.version_of(bc.ends[0]);
  net.db.set_up(ab.ends[0], false);
  net.db.set_up(ab.ends[0], true);
  EXPECT_EQ(net.db.version_of(ab.ends[1]), net.db.version());
  EXPECT_EQ(net.db.version_of(bc.ends[0]), before);
  EXPECT_EQ(net.db.version_of(node_of('X')), 0U);
}

}  // namespace
}  // namespace forces::signaling::te
