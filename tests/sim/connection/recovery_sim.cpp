// T11 and T21 of ason.md 7, working and recovery connections: labels of compound links, transport
// that fails, other ways by order.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/connection/network.hpp"

namespace forces::signaling::ason::test {
namespace {

using rsvp::MessageType;

bool becomes(Network& network, std::string_view name, ConnectionState wanted,
             std::uint32_t node = 2) {
  return network.until([&] { return network.state(node, name) == wanted; });
}

bool through(const rsvp::Route& route, std::uint32_t node) { return names(route, node_id(node)); }

struct Restoration : testing::Test {
  Network network;
  void start(Recovery recovery) {
    build_p1(network);
    network.start();
    ConnectionRequest ask = request("one", 2, 1, 25, 7);
    ask.recovery = recovery;
    ASSERT_TRUE(network.at(2).controller->create(ask, network.world.now()));
    network.at(2).pump();
    ASSERT_TRUE(becomes(network, "one", ConnectionState::Up));
    network.run(500ms);
  }
  Controller& b() { return *network.at(2).controller; }
  void released() {
    ASSERT_TRUE(b().release("one", network.world.now()));
    network.at(2).pump();
    EXPECT_TRUE(network.until([&] { return network.leftovers().empty(); }, 60s))
        << network.leftovers();
  }
};

TEST_F(Restoration, T21AFailedLinkIsToldAndGoneAround) {
  start(Recovery::Reroute);
  EXPECT_TRUE(through(b().show("one")->current, 3));
  network.log.clear();
  network.cut(network.link_at(3, 31), false, true);
  ASSERT_TRUE(becomes(network, "one", ConnectionState::Up));
  ASSERT_TRUE(network.until([&] { return through(b().show("one")->current, 4); }));
  network.run(1s);
  const auto notifies = network.sent(MessageType::Notify, 3);
  ASSERT_FALSE(notifies.empty());
  const auto& spec = *notifies[0].message.find<rsvp::ErrorSpec>();
  EXPECT_EQ(spec.error, (rsvp::ErrorValue{rsvp::ErrorCode::Notify, rsvp::notify::kLspFailure}));
  EXPECT_EQ(rsvp::find(spec.tlvs, rsvp::InterfaceTlvType::IfIndex)->if_index()->id, 31U);
  EXPECT_TRUE(network.trace({2, 1, slot(1)}));
  // Nominal and current are both to be seen.
  const auto view = b().show("one");
  EXPECT_TRUE(through(view->nominal, 3));
  EXPECT_FALSE(through(view->current, 3));
  EXPECT_GT(view->recovery_time, Duration{});
  EXPECT_EQ(network.at(3).rows(), 0U);
  EXPECT_EQ(network.rows(), 6U);
  released();
}

TEST_F(Restoration, T21AFrozenOneStaysBrokenUntilItMay) {
  start(Recovery::Reroute);
  b().freeze("one", true, network.world.now());
  network.cut(network.link_at(3, 31), false, true);
  ASSERT_TRUE(becomes(network, "one", ConnectionState::Broken));
  network.run(5s);
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Broken);
  EXPECT_TRUE(network.at(2).controller->show("one")->frozen);
  b().freeze("one", false, network.world.now());
  network.at(2).pump();
  ASSERT_TRUE(becomes(network, "one", ConnectionState::Up));
  EXPECT_TRUE(through(b().show("one")->current, 4));
  released();
}

TEST_F(Restoration, T21RevertGoesBackToTheNominalRoute) {
  start(Recovery::Reroute);
  network.cut(network.link_at(3, 31), false, true);
  ASSERT_TRUE(network.until([&] {
    const auto view = b().show("one");
    return view->state == ConnectionState::Up && through(view->current, 4);
  }));
  network.run(1s);
  network.cut(network.link_at(3, 31), true, true);
  network.flood(3, 31);
  ASSERT_TRUE(b().revert("one", network.world.now()));
  network.at(2).pump();
  ASSERT_TRUE(network.until([&] { return through(b().show("one")->current, 3); }));
  network.run(1s);
  EXPECT_EQ(network.rows(), 6U);
  EXPECT_TRUE(network.trace({2, 1, slot(1)}));
  EXPECT_FALSE(b().revert("one", network.world.now()));  // it is there
  released();
}

TEST_F(Restoration, T21MadePermanentTheCurrentRouteIsTheNominalOne) {
  start(Recovery::Reroute);
  ASSERT_TRUE(b().reroute("one", {}, network.world.now()));
  network.at(2).pump();
  ASSERT_TRUE(network.until([&] { return through(b().show("one")->current, 4); }));
  ASSERT_TRUE(b().make_permanent("one", network.world.now()));
  EXPECT_EQ(b().show("one")->nominal, b().show("one")->current);
  EXPECT_FALSE(b().revert("one", network.world.now()));
  network.run(1s);
  EXPECT_EQ(network.rows(), 6U);
  EXPECT_TRUE(network.trace({2, 1, slot(1)}));
  released();
}

TEST_F(Restoration, T21AForcedRerouteThatFailsLeavesTheConnectionAsItWas) {
  start(Recovery::None);
  network.at(4).manager->block(31, te::LabelRanges::sdh_slots(1, 4));
  network.at(4).pump();
  ASSERT_TRUE(b().reroute("one", {}, network.world.now()));
  network.at(2).pump();
  network.run(2s);
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Up);
  EXPECT_TRUE(through(b().show("one")->current, 3));
  EXPECT_TRUE(network.trace({2, 1, slot(1)}));
  EXPECT_EQ(network.rows(), 6U);
  EXPECT_FALSE(b().show("one")->failures.empty());
  released();
}

TEST_F(Restoration, T21WithoutAnyOtherWayItIsBrokenAndComesBackWithTheLink) {
  start(Recovery::Reroute);
  network.cut(network.link_at(4, 31), false, true);
  network.flood(4, 31);
  network.cut(network.link_at(3, 31), false, true);
  network.run(3s);
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Broken);
  network.cut(network.link_at(3, 31), true, true);
  network.flood(3, 31);
  ASSERT_TRUE(becomes(network, "one", ConnectionState::Up));
  network.run(1s);
  EXPECT_TRUE(network.trace({2, 1, slot(1)}));
  released();
}

TEST(WorkingAndRecovery, AreDisjointAndNameEachOther) {
  Network network;
  build_p1(network);
  network.user(2, 2);
  network.user(25, 8);
  network.start();
  ConnectionRequest ask = request("pair", 2, 1, 25, 7);
  ask.recovery = Recovery::OnePlusOne;
  ask.recovery_ingress.end = {node_id(2), 2};
  ask.recovery_egress.end = {node_id(25), 8};
  ASSERT_TRUE(network.at(2).controller->create(ask, network.world.now()));
  network.at(2).pump();
  ASSERT_TRUE(becomes(network, "pair", ConnectionState::Up));
  const auto paths = network.sent(MessageType::Path, 2);
  std::set<NodeId> hops;
  std::set<std::uint16_t> associations;
  int protecting = 0;
  for (const Sent& one : paths) {
    hops.insert(one.to);
    const auto* const association = one.message.find<rsvp::Association>();
    ASSERT_NE(association, nullptr);
    EXPECT_EQ(association->type, rsvp::Association::kRecovery);
    associations.insert(association->id);
    const auto* const protection = one.message.find<rsvp::Protection>();
    ASSERT_NE(protection, nullptr);
    protecting += protection->is(rsvp::Protection::kProtecting) ? 1 : 0;
  }
  EXPECT_EQ(hops, (std::set<NodeId>{node_id(3), node_id(4)}));
  EXPECT_EQ(associations.size(), 1U);
  EXPECT_EQ(protecting, 1);
  EXPECT_EQ(network.rows(), 12U);
  network.at(2).controller->release("pair", network.world.now());
  network.at(2).pump();
  EXPECT_TRUE(network.until([&] { return network.leftovers().empty(); }, 60s));
}

TEST(WorkingAndRecovery, WithoutTwoDisjointWaysTheServiceLevelCannotBeHad) {
  Network network;
  build_p1(network);
  network.user(2, 2);
  network.user(25, 8);
  network.start();
  for (auto& [id, node] : network.nodes) node->database->set_up(LinkEnd{node_id(4), 31}, false);
  ConnectionRequest ask = request("pair", 2, 1, 25, 7);
  ask.recovery = Recovery::OnePlusOne;
  ask.recovery_ingress.end = {node_id(2), 2};
  ask.recovery_egress.end = {node_id(25), 8};
  auto refused = network.at(2).controller->create(ask, network.world.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.value, rsvp::routing::kDiversity);
  ask.service_level = 1;
  refused = network.at(2).controller->create(ask, network.world.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.value, rsvp::routing::kServiceLevel);
}

// --- T11: P3, a compound link whose ends number their slots differently ---

struct LabelAssociation : testing::Test {
  Network network;
  // A(1) - [B - C] - Z(3): one link for the controllers, through two multiplexers that know none.
  void build() {
    network.add(1, "A");
    network.add(3, "Z");
    network.link(1, 21, 3, 11);
    network.user(1, 1);
    network.user(3, 7);
    network.times.hello = 100ms;
    network.start();
    for (const std::uint32_t node : {1U, 3U}) {
      auto& manager = *network.at(node).manager;
      const std::uint32_t interface = node == 1 ? 21 : 11;
      auto config = *manager.interface(interface);
      config.compound = true;
      ASSERT_TRUE(manager.set_interface(config));
      network.at(node).pump();
    }
  }
  void provision(std::uint32_t node, std::uint32_t interface, Label remote, Label local) {
    auto& manager = *network.at(node).manager;
    ASSERT_TRUE(manager.provision_receive(interface, remote, local));
    ASSERT_TRUE(manager.provision_send(interface, local, remote));
    network.at(node).pump();
  }
  void create(const std::string& name) {
    ASSERT_TRUE(network.at(1).controller->create(request(name, 1, 1, 3, 7), network.world.now()));
    network.at(1).pump();
  }
};

TEST_F(LabelAssociation, T11EachSendsItsOwnLabelsAndMapsWhatItReceives) {
  build();
  provision(1, 21, slot(4), slot(1));
  provision(3, 11, slot(1), slot(4));
  create("one");
  ASSERT_TRUE(becomes(network, "one", ConnectionState::Up, 1));
  const auto path = network.sent(MessageType::Path, 1).back().message;
  EXPECT_EQ(path.find<rsvp::UpstreamLabel>()->labels, rsvp::Words{slot(1)});
  const auto resv = network.sent(MessageType::Resv, 3).back().message;
  EXPECT_EQ(resv.find<rsvp::Label>()->labels, rsvp::Words{slot(4)});
  EXPECT_EQ(network.at(1).controller->lsps()[0].out_down, rsvp::Words{slot(1)});
  EXPECT_EQ(network.at(3).controller->lsps()[0].in_down, rsvp::Words{slot(4)});
}

TEST_F(LabelAssociation, T11AMissingRowIsAnsweredWithWhatWouldDoInTheSendersNumbers) {
  build();
  provision(1, 21, slot(4), slot(1));
  provision(1, 21, slot(3), slot(2));
  // Z has only the row for slot 2 of A; A offers slot 1 first.
  provision(3, 11, slot(2), slot(3));
  create("one");
  ASSERT_TRUE(network.until([&] { return !network.sent(MessageType::PathErr, 3).empty(); }));
  const auto error = network.sent(MessageType::PathErr, 3)[0].message;
  const auto value = error.find<rsvp::ErrorSpec>()->error.value;
  EXPECT_TRUE(value == rsvp::routing::kUnacceptableLabel || value == rsvp::routing::kLabelSet);
  const auto* const acceptable = error.find<rsvp::AcceptableLabelSet>();
  ASSERT_NE(acceptable, nullptr);
  EXPECT_EQ(acceptable->subchannels, rsvp::Words{slot(2)});
  // With another label the same link does.
  ASSERT_TRUE(becomes(network, "one", ConnectionState::Up, 1));
  EXPECT_EQ(network.at(1).controller->lsps()[0].out_down, rsvp::Words{slot(2)});
}

TEST_F(LabelAssociation, T11WithoutAnyAssociationTheLinkIsNotUsed) {
  build();
  create("one");
  ASSERT_TRUE(becomes(network, "one", ConnectionState::Failed, 1));
  network.run(1s);
  EXPECT_EQ(network.rows(), 0U);
}

}  // namespace
}  // namespace forces::signaling::ason::test
