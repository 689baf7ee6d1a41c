// What the network storm has found, each once and by itself.
#include <gtest/gtest.h>

#include "tests/sim/signaling/transport.hpp"

namespace forces::signaling::test {
namespace {

using ason::ConnectionState;
using Rooms = TransportNode::Rooms;

struct Found : testing::Test {
  explicit Found(NetworkPlan plan = line_of_four()) : network(std::move(plan)) { network.start(); }

  void create(std::uint32_t from, LinkEnd to, ason::CrankbackScope scope = {}) {
    ason::ConnectionRequest request{.name = "one"};
    request.ingress.end = {node_id(from), 1};
    request.egress = to.node;
    request.egress_end.end = to;
    request.label_request = {
        .encoding = rsvp::LabelRequest::kSdh, .switching = rsvp::LabelRequest::kTdm, .g_pid = 34};
    request.tspec.traffic = rsvp::SonetSdh{.signal_type = 6, .multiplier = 1};
    request.crankback = scope;
    const auto made = network.at(from).operate(
        [&](Rooms& rooms) { return rooms.connections.create(request, network.world.now()); });
    ASSERT_TRUE(made) << made.error().reason;
  }
  void release(std::uint32_t from) {
    network.at(from).operate(
        [&](Rooms& rooms) { return rooms.connections.release("one", network.world.now()); });
  }
  ConnectionState state(std::uint32_t from) {
    const auto view =
        network.at(from).operate([](Rooms& rooms) { return rooms.connections.show("one"); });
    return view ? view->state : ConnectionState::Released;
  }
  bool up(std::uint32_t from) {
    return network.until([&] { return state(from) == ConnectionState::Up; });
  }
  std::size_t rows() {
    std::size_t all = 0;
    for (const auto& [number, member] : network.members) all += member->rows.size();
    return all;
  }
  Transport network;
};

// R6: who has acknowledged a PathTear knows of it after a crash, or is told again.
TEST_F(Found, NothingIsAcknowledgedBeforeItIsDurable) {
  create(1, {node_id(6), 7});
  ASSERT_TRUE(up(1));
  network.run(1s);
  network.at(2).disk_writes = false;
  release(1);
  network.run(120s);  // the PathTear comes after 30 s, and is no more than a memory after 20 others
  network.at(2).kill();
  network.at(2).disk_writes = true;
  network.at(2).boot();
  EXPECT_TRUE(network.until([&] { return rows() == 0; }, 60s));
  const auto lsps = network.at(2).operate([](Rooms& rooms) { return rooms.connections.lsps(); });
  EXPECT_TRUE(lsps.empty());
}

// R6: its neighbour gives back what it has ended itself and could not say.
TEST_F(Found, AnIngressMakesNoConnectionOfARecoveryPathOfWhatItHasEnded) {
  create(1, {node_id(6), 7});
  ASSERT_TRUE(up(1));
  network.cut(0, true, false);
  network.run(2s);
  release(1);
  ASSERT_TRUE(network.until([&] { return state(1) == ConnectionState::Released; }));
  network.at(1).kill();
  network.at(1).boot();
  network.run(5s);
  network.cut(0, true, true);
  EXPECT_TRUE(network.until([&] { return rows() == 0; }, 60s));
  EXPECT_TRUE(network.at(1).operate([](Rooms& r) { return r.connections.list(); }).empty());
  EXPECT_TRUE(network.at(1).operate([](Rooms& r) { return r.connections.lsps(); }).empty());
}

// R6: a node that was away says what became of an LSP long after its end, and it must be clear
// which one it means.
TEST_F(Found, ANumberOfAnEarlierProcessIsNotGivenAgain) {
  const auto lsp = [&] {
    return network.at(1).operate([](Rooms& r) { return r.connections.show("one")->lsp; });
  };
  create(1, {node_id(6), 7});
  ASSERT_TRUE(up(1));
  const LspKey before = lsp();
  release(1);
  ASSERT_TRUE(network.until([&] { return state(1) == ConnectionState::Released; }, 60s));
  network.run(1s);
  network.at(1).kill();
  network.at(1).boot();
  network.run(10s);
  create(1, {node_id(6), 7});
  ASSERT_TRUE(up(1));
  EXPECT_NE(lsp().tunnel_id, before.tunnel_id);
}

NetworkPlan with_two_fes_at_2() {
  NetworkPlan plan = line_of_four();
  plan.nodes[1].fes = 2;
  plan.fibres[1].a.interface = 24;  // 21 is at the second FE, this one at the first
  return plan;
}
struct TwoFes : Found {
  TwoFes() : Found(with_two_fes_at_2()) {}
};

// R6: the rows at an FE that was not there when the end came.
TEST_F(TwoFes, AnEndThatComesBeforeAllFesWereReadLeavesNoRows) {
  create(1, {node_id(6), 7});
  ASSERT_TRUE(up(1));
  EXPECT_EQ(network.at(2).rows.size(), 4U);
  network.run(1s);
  network.at(2).kill();
  network.at(2).lose_fe(2);
  network.run(2s);
  release(1);
  network.at(2).boot();
  network.run(60s);  // by the other FE it hears of the end
  EXPECT_EQ(network.at(2).rows.size(), 2U);
  network.at(2).find_fe(2);
  EXPECT_TRUE(network.until([&] { return rows() == 0; }, 60s));
}

// R1, R2: of the connection only the rows at the other FE are left.
TEST_F(TwoFes, WhatOneOfThemHasLostWhileTheControllerWasDeadIsSetAgain) {
  create(1, {node_id(6), 7});
  ASSERT_TRUE(up(1));
  network.run(1s);
  Member& member = network.at(2);
  ASSERT_EQ(member.active(), 4U);
  for (const std::uint32_t fe : network.plan.fes(2)) {
    member.kill();
    member.lose_fe(fe);
    member.find_fe(fe, true);
    EXPECT_EQ(member.rows.size(), 2U);
    member.boot();
    EXPECT_TRUE(network.until([&] { return member.active() == 4; })) << "FE " << fe;
    network.run(10s);
    EXPECT_EQ(state(1), ConnectionState::Up);
    const auto lsps = member.operate([](Rooms& rooms) { return rooms.connections.lsps(); });
    ASSERT_EQ(lsps.size(), 1U);
    EXPECT_EQ(lsps[0].state, "up");
    EXPECT_FALSE(lsps[0].unsynchronized);
  }
  release(1);
  EXPECT_TRUE(network.until([&] { return rows() == 0; }, 60s));
}

// B - C and D - Y, where B is the ingress; the way from C to Y is full.
NetworkPlan square() {
  NetworkPlan plan;
  plan.nodes = {{2}, {3}, {4}, {25}};
  plan.fibres = {{{node_id(2), 21}, {node_id(3), 11}},
                 {{node_id(3), 31}, {node_id(25), 12}},
                 {{node_id(2), 22}, {node_id(4), 11}},
                 {{node_id(4), 31}, {node_id(25), 13}}};
  plan.users = {{{node_id(2), 1}}, {{node_id(25), 7}}};
  plan.base.engine.times.hello = 100ms;
  return plan;
}
struct Square : Found {
  Square() : Found(square()) {}
};

// RFC 3209 section 4.4.4: C could reach Y by B, from which the Path came.
TEST_F(Square, ARepairDoesNotGoBackThroughWhereThePathCameFrom) {
  network.at(3).operate([](Rooms& r) { r.manager.block(31, te::LabelRanges::sdh_slots(1, 4)); });
  create(2, {node_id(25), 7}, ason::CrankbackScope::Segment);
  ASSERT_TRUE(up(2));
  EXPECT_EQ(network.at(2).active(), 2U);
  EXPECT_EQ(network.at(4).active(), 2U);
  EXPECT_EQ(network.at(25).active(), 2U);
  EXPECT_TRUE(network.at(3).rows.empty());
}

}  // namespace
}  // namespace forces::signaling::test
