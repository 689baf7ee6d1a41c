// Routes that were received (RFC 3209 section 4.3.4, RFC 3473 section 5.1, RFC 3477, RFC 4003).
#include "tests/unit/ce/signaling/te/network.hpp"

namespace forces::signaling::te {
namespace {

RouteHop strict(char node) { return {.where = RouteHop::Prefix{node_of(node).value, 32}}; }
RouteHop loose(char node) {
  return {.loose = true, .where = RouteHop::Prefix{node_of(node).value}};
}
RouteHop by(const LinkEnd& end) { return {.where = end}; }

class RouteOf : public Diamond {
 protected:
  std::string along(Route route, char to = 'Z') {
    Request r = Network::request('A', to);
    r.route = std::move(route);
    return net.find(r);
  }
  static const LinkEnd& at(const Link& link, char node) {
    return link.ends[0].node == node_of(node) ? link.ends[0] : link.ends[1];
  }
};

TEST_F(RouteOf, StrictHopsAreNextToEachOther) {
  EXPECT_EQ(along({strict('A'), strict('C'), strict('Z')}), "ACZ");
  EXPECT_EQ(along({strict('Z')}), "along_route") << "Z is not next to A";
  EXPECT_EQ(along({strict('C')}), "ACZ");
  EXPECT_EQ(along({strict('X')}), "bad_route");
}

TEST_F(RouteOf, LooseHopsAreReachedAnyhow) {
  EXPECT_EQ(along({loose('Z')}), "ABZ");
  net.link('Z', 'Y');
  EXPECT_EQ(along({loose('D'), loose('Y')}, 'Y'), "ADZY");
  net.db.set_up(ad.ends[0], false);
  EXPECT_EQ(along({loose('D'), loose('Y')}, 'Y'), "along_route") << "A-B-Z-D would pass Z twice";
}

TEST_F(RouteOf, UnnumberedHopsNameTheInterfaceThatIsLeftBy) {  // RFC 3477
  EXPECT_EQ(along({by(at(ac, 'A')), by(at(cz, 'C'))}), "ACZ");
  EXPECT_EQ(along({by(at(ac, 'C')), by(at(cz, 'Z'))}), "ACZ") << "or by which a node is entered";
  EXPECT_EQ(along({by(at(ac, 'A')), by(at(ac, 'C')), by(at(cz, 'C'))}), "ACZ") << "or both";
  EXPECT_EQ(along({by({node_of('A'), 77})}), "bad_route");
  EXPECT_EQ(along({by(at(bz, 'B'))}), "ABZ") << "B is next to A";
  EXPECT_EQ(along({by(at(dz, 'Z'))}), "along_route") << "D is not named, so it is not allowed";
}

TEST_F(RouteOf, NumberedHopsAreAddresses) {
  net.change(cz, [&](Link& l) { l.addresses = {0x0a000001, 0x0a000002}; });
  const std::uint32_t at_c = net.db.link(cz.ends[0])->addresses[at(cz, 'C') == cz.ends[0] ? 0 : 1];
  RouteHop hop{.loose = true, .where = RouteHop::Prefix{at_c, 32}};
  EXPECT_EQ(along({hop}), "ACZ");
}

TEST_F(RouteOf, AnAbstractNodeIsAnyOfItsNodes) {
  // 'B' and 'C' are 0x42 and 0x43: one prefix of 31 bits.
  const RouteHop both{.where = RouteHop::Prefix{0x42, 31}};
  EXPECT_EQ(along({both}), "ABZ");
  net.db.set_up(ab.ends[0], false);
  EXPECT_EQ(along({both}), "ACZ");
  net.set('D', [](Node& n) { n.as_number = 64500; });
  EXPECT_EQ(along({{.where = RouteHop::As{64500}}}), "ADZ");
  EXPECT_EQ(along({{.where = RouteHop::As{64501}}}), "bad_route");
}

TEST_F(RouteOf, TheEgressStandsAtItsEnd) {  // golden form of ason.md 2.3
  Request r = Network::request('A', 'Z');
  RouteHop out = by({node_of('Z'), 77});
  out.label = Labels{0x40000};
  out.upstream_label = Labels{0x30000};
  r.route = {strict('C'), strict('Z'), out};
  const auto path = net.finder.find(r);
  ASSERT_TRUE(path);
  EXPECT_EQ(Network::text(*path, r.source), "ACZ");
  EXPECT_EQ(path->egress, (LinkEnd{node_of('Z'), 77}));
  EXPECT_EQ(path->egress_label, Labels{0x40000});
  EXPECT_EQ(path->egress_upstream_label, Labels{0x30000});
  r.route.push_back(strict('Z'));
  EXPECT_EQ(net.find(r), "bad_route") << "behind the egress there is nothing";
}

TEST_F(RouteOf, AUserLinkIsAnEgressToo) {
  const Link user = net.link('U', 'Z');
  net.set('U', [](Node& n) { n.transit = false; });
  net.change(user, [](Link& l) { l.reference = ReferencePoint::Uni; });
  Request r = Network::request('A', 'Z');
  r.route = {loose('Z'), by(at(user, 'Z'))};
  const auto path = net.finder.find(r);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->egress, at(user, 'Z'));
  r.route = {RouteHop{.loose = true, .where = at(user, 'Z')}};
  EXPECT_EQ(net.find(r), "ABZ");
}

TEST_F(RouteOf, ALabelOfTheRouteIsTheLabel) {
  Request r = Network::request('A', 'Z');
  RouteHop out = by(at(ac, 'A'));
  out.label = Labels{0x30000};
  r.route = {out};
  const auto path = net.finder.find(r);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->hops[0].labels, (LabelRanges{0x30000}));
  r.route[0].label = Labels{0x90000};
  EXPECT_EQ(net.find(r), "along_route");
}

TEST_F(RouteOf, NoNodeIsPassedTwice) {
  EXPECT_EQ(along({strict('B'), strict('A'), strict('C')}), "along_route");
}

TEST_F(RouteOf, TheHopThatFailedIsSaid) {
  Request r = Network::request('A', 'Z');
  r.route = {strict('C'), strict('D')};
  const auto path = net.finder.find(r);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error(), (Failure{.reason = NoPath::AlongRoute, .route_hop = 1}));
}

}  // namespace
}  // namespace forces::signaling::te
