// What the end of an LSP and news of its transport must survive: neighbours that are dead when they
// are told, processes that die while they owe it, journals that are lost (RFC 4139 section 4.4).
#include <gtest/gtest.h>

#include "tests/sim/connection/network.hpp"

namespace forces::signaling::ason::test {
namespace {

using rsvp::MessageType;

// One connection over B(2) - C(3) - Y(25).
struct Ends : testing::Test {
  Network network;
  LspKey key;

  void SetUp() override {
    build_p1(network);
    network.restart = {.restart = 5s, .recovery = 5s};
    network.times.refresh = 2s;
    for (auto& [id, node] : network.nodes) {
      node->config.tear_guard = 2s;
      node->config.graceful = 100ms;
      node->config.tell_again = 1s;
    }
  }
  Node& b() { return network.at(2); }
  Node& c() { return network.at(3); }
  Node& y() { return network.at(25); }
  void create(Recovery recovery = Recovery::None) {
    network.start();
    ConnectionRequest ask = request("one", 2, 1, 25, 7);
    ask.explicit_route = {node_hop(node_id(3))};
    ask.recovery = recovery;
    ASSERT_TRUE(b().controller->create(ask, network.world.now()));
    b().pump();
    ASSERT_TRUE(becomes(ConnectionState::Up));
    network.run(1s);
    key = b().controller->show("one")->lsp;
  }
  void release() {
    ASSERT_TRUE(b().controller->release("one", network.world.now()));
    b().pump();
  }
  bool becomes(ConnectionState wanted) {
    return network.until([&] { return network.state(2, "one") == wanted; });
  }
  void nothing_is_left(Duration within = 30s) {
    EXPECT_TRUE(network.until([&] { return network.leftovers().empty(); }, within))
        << network.leftovers();
  }
};

TEST_F(Ends, ANodeThatWasDeadWhenItWasTornGoesOnWithTheTear) {
  create();
  c().kill();
  release();
  network.run(2s);
  c().boot(false);
  nothing_is_left();
}

TEST_F(Ends, AlsoLongAfterItsRecoveryPeriod) {
  create();
  network.cut(network.link_at(2, 21), true, false);
  c().kill();
  network.run(1s);
  c().boot(false);
  network.run(1s);
  release();
  network.run(60s);
  EXPECT_EQ(c().active_rows(), 2U);  // it has not heard of it, and keeps it (R1)
  network.cut(network.link_at(2, 21), true, true);
  nothing_is_left();
}

TEST_F(Ends, AProcessThatComesLaterTellsWhatTheOneBeforeOwed) {
  create();
  c().kill();
  release();
  network.run(1s);
  b().kill();
  network.run(1s);
  b().boot(false);
  network.run(1s);
  c().boot(false);
  nothing_is_left();
}

TEST_F(Ends, BothOfThemWithTheNodeBetweenDeadTwice) {
  create();
  c().kill();
  release();
  network.run(1s);
  y().kill();
  c().boot(false);
  network.run(2s);
  EXPECT_EQ(c().rows(), 0U);
  c().kill();
  network.run(1s);
  c().boot(false);
  network.run(1s);
  y().boot(false);
  nothing_is_left();
}

TEST_F(Ends, WithoutItsJournalANodeEndsWhatItsRowsTellOf) {
  for (const Duration fe_latency : {Duration(1ms), Duration(1500ms)}) {
    Network one;
    build_p1(one);
    one.restart = {.restart = 5s, .recovery = 5s};
    one.times.refresh = 2s;
    for (auto& [id, node] : one.nodes) node->config.tear_guard = node->config.graceful = 100ms;
    one.start();
    ConnectionRequest ask = request("one", 2, 1, 25, 7);
    ask.explicit_route = {node_hop(node_id(3))};
    ASSERT_TRUE(one.at(2).controller->create(ask, one.world.now()));
    one.at(2).pump();
    ASSERT_TRUE(one.until([&] { return one.state(2, "one") == ConnectionState::Up; }));
    one.at(3).kill();
    one.at(3).disk.clear();
    one.at(2).controller->release("one", one.world.now());
    one.at(2).pump();
    one.run(2s);
    one.fe_latency = fe_latency;
    one.at(3).boot(false);
    EXPECT_TRUE(one.until([&] { return one.leftovers().empty(); }, 30s)) << one.leftovers();
  }
}

// A setup that went another way: who was asked first, and answered what nobody heard, has it as
// established.
TEST_F(Ends, WhoWasLeftBySetupThatWentAnotherWayHearsOfItWheneverItIsBack) {
  network.start();
  ConnectionRequest ask = request("one", 2, 1, 25, 7);
  ask.crankback = CrankbackScope::EndToEnd;
  ASSERT_TRUE(b().controller->create(ask, network.world.now()));
  b().pump();
  ASSERT_TRUE(network.until([&] { return !c().controller->lsps().empty(); }));
  LinkSpec& link = network.link_at(2, 21);
  network.cut(link, true, false);
  ASSERT_TRUE(network.until([&] { return c().active_rows() == 2; }));
  network.run(10ms);
  c().kill();
  network.cut(link, false, false);
  ASSERT_TRUE(becomes(ConnectionState::Up));
  network.run(2s);
  EXPECT_EQ(c().active_rows(), 2U);
  network.cut(link, true, true);
  b().kill();  // and the one who is to tell it dies as well
  network.run(1s);
  b().boot(false);
  c().boot(false);
  EXPECT_TRUE(network.until([&] { return c().rows() == 0 && c().disk.empty(); }));
  EXPECT_TRUE(becomes(ConnectionState::Up));
  const auto lsp = b().controller->lsp(b().controller->show("one")->lsp);
  ASSERT_TRUE(lsp);
  EXPECT_TRUE(network.trace({2, 1, lsp->in_down.at(0)}));
  release();
  nothing_is_left();
}

// A repair that does not know where the LSP came from (no RRO) may send its Path to where it was.
TEST_F(Ends, APathThatComesBackIsALoopAndTouchesNothing) {  // 24/5
  create();
  const auto comes = [&](Node& to, const engine::MessagePtr& path) {
    ASSERT_NE(path, nullptr);
    to.controller->on_event(engine::PathReceived{.key = key, .from = node_id(4), .path = path},
                            network.world.now());
    std::size_t refused = 0;
    while (const auto output = to.controller->poll_output()) {
      const auto* const error = std::get_if<SendPathErr>(&*output);
      if (error == nullptr) continue;
      ++refused;
      EXPECT_EQ(error->error.find<rsvp::ErrorSpec>()->error,
                (rsvp::ErrorValue{rsvp::ErrorCode::RoutingProblem, rsvp::routing::kRouteLoop}));
    }
    EXPECT_EQ(refused, 1U);
  };
  comes(b(), c().engine->received_path(key));
  comes(c(), y().engine->received_path(key));  // whose RRO names C
  network.run(10s);
  EXPECT_EQ(c().controller->lsp(key)->previous, node_id(2));
  EXPECT_EQ(b().controller->lsp(key)->previous, NodeId{});
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Up);
  EXPECT_TRUE(network.trace({2, 1, slot(1)}));
  release();
  nothing_is_left();
}

// Rows that are active are in the journal, whatever was said of them (R6).
TEST_F(Ends, AnEgressThatDiesBeforeItsResvHasNoRowsOfNobody) {
  network.start();
  ConnectionRequest ask = request("one", 2, 1, 25, 7);
  ask.explicit_route = {node_hop(node_id(3))};
  ask.limits.setup = 2s;
  ASSERT_TRUE(b().controller->create(ask, network.world.now()));
  b().pump();
  network.fe_latency = 20ms;
  ASSERT_TRUE(network.until([&] { return y().rows() == 2; }));
  EXPECT_EQ(y().active_rows(), 0U);
  EXPECT_FALSE(y().disk.empty());
  y().kill();  // its FE is about to make them active
  network.cut(network.link_at(3, 31), true, false);
  network.run(5s);
  EXPECT_EQ(y().active_rows(), 2U);
  network.fe_latency = 1ms;
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Failed);
  release();
  y().boot(false);
  network.cut(network.link_at(3, 31), true, true);
  nothing_is_left(20s);
}

// --- news of the transport ---

TEST_F(Ends, ANotifyThatWasNotDeliveredIsSaidAgain) {
  create();
  network.cut(network.link_at(3, 31), false, true);
  ASSERT_TRUE(becomes(ConnectionState::Broken));
  network.cut(network.link_at(2, 21), true, false);
  network.run(2s);
  network.cut(network.link_at(3, 31), true, true);
  network.run(20s);  // longer than a message is repeated
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Broken);
  network.cut(network.link_at(2, 21), true, true);
  EXPECT_TRUE(becomes(ConnectionState::Up));
}

TEST_F(Ends, AnOldNotifyThatComesBehindANewOneChangesNothing) {
  create();
  const auto comes = [&](std::uint16_t value, std::uint32_t id) {
    const rsvp::ErrorSpec spec{.node = rsvp::Address::v4(c().id().value),
                               .error = {rsvp::ErrorCode::Notify, value}};
    const engine::NotifyReceived event{
        c().id(),
        std::make_shared<const rsvp::Message>(lsp_notify(*c().engine->received_path(key), spec)),
        rsvp::MessageId{0, 77, id}};
    EXPECT_TRUE(b().controller->on_event(event, network.world.now()));
    b().pump();
  };
  comes(rsvp::notify::kLspRecovered, 6);
  comes(rsvp::notify::kLspFailure, 5);
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Up);
  comes(rsvp::notify::kLspFailure, 7);
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Broken);
}

TEST_F(Ends, WhatIsNoLongerTrueIsNotSaidAgain) {
  create();
  network.lose = [&](NodeId from, const rsvp::Message& message) {
    const auto* const spec = message.find<rsvp::ErrorSpec>();
    return from == c().id() && message.type == MessageType::Notify &&
           spec->error.value == rsvp::notify::kLspFailure;
  };
  network.cut(network.link_at(3, 31), false, true);
  network.run(300ms);  // it was said and not heard
  network.cut(network.link_at(3, 31), true, true);
  network.run(300ms);  // the contrary was
  network.lose = nullptr;
  b().kill();
  network.run(100ms);
  b().boot(false);  // which knows nothing of an order
  for (int i = 0; i < 10; ++i) {
    network.run(500ms);
    EXPECT_EQ(network.state(2, "one"), ConnectionState::Up);
  }
}

// Also where nothing passes yet: an FE that has them shows the light as soon as there is some.
TEST_F(Ends, RowsThatAreMissingAreSetAlsoWhileTheirPortFails) {
  create();
  c().kill();
  c().fes.at(3).rows.clear();
  network.cut(network.link_at(3, 31), false, true);
  c().boot(false);
  network.run(10s);
  EXPECT_EQ(c().active_rows(), 2U);
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Broken);
  network.cut(network.link_at(3, 31), true, true);
  EXPECT_TRUE(becomes(ConnectionState::Up));
  EXPECT_TRUE(network.trace({2, 1, slot(1)}));
  release();
  nothing_is_left();
}

// Seed 19 of the nested storm: another one took the user's label, and this one waited for its end.
TEST_F(Ends, WhoseRowsAreMissingHasItsLabelsWhileItsPortFails) {
  create();
  b().kill();
  b().fes.at(2).rows.clear();
  network.cut(network.link_at(2, 21), false, true);
  b().boot(false);
  network.run(10s);
  ASSERT_TRUE(b().controller->create(request("two", 2, 1, 25, 7), network.world.now()));
  b().pump();
  ASSERT_TRUE(network.until([&] { return network.state(2, "two") == ConnectionState::Up; }));
  EXPECT_NE(network.state(2, "one"), ConnectionState::Up);
  network.cut(network.link_at(2, 21), true, true);
  EXPECT_TRUE(becomes(ConnectionState::Up));
  EXPECT_EQ(b().active_rows(), 4U);
}

TEST_F(Ends, AnIngressKnowsAfterEachRestartThatItsTransportFails) {
  create();
  network.cut(network.link_at(3, 31), false, true);
  ASSERT_TRUE(becomes(ConnectionState::Broken));
  for (int i = 0; i < 3; ++i) {
    b().kill();
    network.run(1s);
    b().boot(false);
    network.run(8s);
    EXPECT_EQ(network.state(2, "one"), ConnectionState::Broken) << i;
  }
  network.cut(network.link_at(3, 31), true, true);
  EXPECT_TRUE(becomes(ConnectionState::Up));
}

TEST_F(Ends, BothEndsOfAFailedLinkMustBeWellBeforeTheConnectionIs) {
  create();
  network.cut(network.link_at(2, 21), false, true);  // of the ingress itself, and of C
  ASSERT_TRUE(becomes(ConnectionState::Broken));
  network.run(100ms);
  c().manager->on_port({3, 11}, true, network.world.now());
  c().pump();
  network.run(1s);
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Broken);
  b().manager->on_port({2, 21}, true, network.world.now());
  b().pump();
  EXPECT_TRUE(becomes(ConnectionState::Up));
}

TEST_F(Ends, ARestorationThatDiedWithItsProcessIsNoneAfterwards) {
  create(Recovery::Reroute);
  network.cut(network.link_at(3, 31), false, true);
  ASSERT_TRUE(becomes(ConnectionState::Restoring));
  b().kill();
  network.run(1s);
  b().boot(false);
  network.run(1s);
  network.cut(network.link_at(3, 31), true, true);
  network.flood(3, 31);
  EXPECT_TRUE(becomes(ConnectionState::Up));
  network.run(5s);
  EXPECT_TRUE(network.trace({2, 1, slot(1)}));
  release();
  nothing_is_left();
}

// --- what is established has no timeout ---

TEST_F(Ends, WhatWasTakenOverByItsRowsIsKeptWithoutALabelInItsPath) {
  create();
  b().gives_no_label = true;
  y().kill();
  c().kill();
  c().disk.clear();  // or it had the last Resv, and would say it to B
  network.run(1s);
  c().boot(false);
  network.run(2s);
  EXPECT_EQ(c().engine->previous_hop(key), node_id(2));
  b().kill();
  network.run(1s);
  b().disk.clear();
  for (auto& [fe, model] : b().fes) model.rows.clear();
  b().boot(false);  // it is there, and has never heard of it
  network.run(120s);
  EXPECT_EQ(c().active_rows(), 2U);
  EXPECT_EQ(c().engine->previous_hop(key), node_id(2));
}

TEST_F(Ends, FesThatComeLaterThanTheNeighboursChangeNothing) {  // R1, T8b
  create();
  const auto before = c().fes;
  c().kill();
  c().disk.clear();
  network.run(1s);
  network.fe_latency = 1s;
  c().boot(false);
  network.run(20s);
  EXPECT_EQ(c().fes.at(3).rows, before.at(3).rows);
  EXPECT_EQ(c().fes.at(3).changes, before.at(3).changes);
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Up);
  ASSERT_EQ(c().controller->lsps().size(), 1U);
  EXPECT_EQ(c().controller->lsps()[0].state, "up");
  network.fe_latency = 1ms;
  release();
  nothing_is_left();
}

}  // namespace
}  // namespace forces::signaling::ason::test
