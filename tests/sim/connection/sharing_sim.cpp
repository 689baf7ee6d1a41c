// LSPs that move. Make before break (RFC 3209 section 4.6.4, RFC 4872 section 11): the old and the
// new LSP of a connection on the same links and at the same rows. And one LSP that its ingress has
// taken another way, of which a node on both ways, or one that was left, has not heard.
#include <gtest/gtest.h>

#include "tests/sim/connection/network.hpp"

namespace forces::signaling::ason::test {
namespace {

// B(2) - C(3) - Y(25), and C - D(4) - Y; one slot everywhere, so that both LSPs must have the same
// one on B - C and at the users.
struct Sharing : testing::Test {
  Network network;

  void SetUp() override {
    network.add(2, "B");
    network.add(3, "C");
    network.add(4, "D");
    network.add(25, "Y");
    network.link(2, 21, 3, 11, 1);
    network.link(3, 31, 25, 12, 1);
    network.link(3, 32, 4, 32, 1);
    network.link(4, 31, 25, 13, 1);
    network.user(2, 1, 1);
    network.user(25, 7, 1);
    network.times.hello = 100ms;
    network.restart = {.restart = 5s, .recovery = 5s};
    network.fe_latency = 20ms;
    network.latency = 5ms;
    network.start();
    ConnectionRequest ask = request("one", 2, 1, 25, 7);
    ask.recovery = Recovery::Reroute;
    ASSERT_TRUE(b().create(ask, network.world.now()));
    network.at(2).pump();
    ASSERT_TRUE(network.until([&] { return up(); }));
    network.run(1s);
    ASSERT_FALSE(by(4));
  }
  Controller& b() { return *network.at(2).controller; }
  bool up() { return network.state(2, "one") == ConnectionState::Up; }
  bool by(std::uint32_t node) { return names(b().show("one")->current, node_id(node)); }
  bool passes() { return network.trace({2, 1, slot(1)}) && network.trace({25, 7, slot(1)}); }
  void reroute() {
    te::Exclusions away;
    away.links.insert({node_id(3), 31});
    ASSERT_TRUE(b().reroute("one", away, network.world.now()));
    network.at(2).pump();
  }
  // How long no traffic passes, in both directions, while it runs.
  Duration broken_during(Duration time) {
    Duration broken{};
    for (Duration at{}; at < time; at += 1ms) {
      network.run(1ms);
      if (!passes()) broken += 1ms;
    }
    return broken;
  }
  void released() {
    ASSERT_TRUE(b().release("one", network.world.now()));
    network.at(2).pump();
    EXPECT_TRUE(network.until([&] { return network.leftovers().empty(); }, 60s))
        << network.leftovers();
  }
};

TEST_F(Sharing, BothHaveTheOneSlotOfTheSharedLink) {
  reroute();
  // Activation goes from Y to B: three FEs of 20 ms, two messages. All before it breaks nothing.
  const Duration broken = broken_during(1s);
  EXPECT_GT(broken, Duration{});
  EXPECT_LE(broken, 80ms);
  EXPECT_TRUE(up());
  EXPECT_TRUE(by(4));
  EXPECT_TRUE(passes());
  EXPECT_EQ(network.rows(), 8U);
  released();
}

TEST_F(Sharing, ARerouteThatFailsBreaksNothing) {
  network.at(4).manager->block(31, te::LabelRanges::sdh_slots(1, 1));
  network.at(4).pump();
  reroute();
  EXPECT_EQ(broken_during(2s), Duration{});
  EXPECT_TRUE(up());
  EXPECT_FALSE(by(4));
  EXPECT_FALSE(b().show("one")->failures.empty());
  EXPECT_EQ(network.rows(), 6U);
  released();
}

TEST_F(Sharing, ANewOneThatGoesHalfwayGivesTheRowsBack) {
  reroute();
  // Y and D have turned their rows when D dies with its channel to C.
  ASSERT_TRUE(network.until([&] { return !passes(); }));
  network.cut(network.link_at(3, 32), true, false);
  network.run(30s);  // the setup is given up after 10 s
  EXPECT_TRUE(up());
  EXPECT_FALSE(by(4));
  network.cut(network.link_at(3, 32), true, true);
  EXPECT_TRUE(network.until([&] { return passes(); }));
  network.run(30s);
  EXPECT_EQ(network.rows(), 6U);
  released();
}

TEST_F(Sharing, AndBackAgain) {
  reroute();
  network.run(2s);
  ASSERT_TRUE(by(4));
  te::Exclusions away;
  away.nodes.insert(node_id(4));
  ASSERT_TRUE(b().reroute("one", away, network.world.now()));
  network.at(2).pump();
  EXPECT_LE(broken_during(2s), 80ms);
  EXPECT_FALSE(by(4));
  EXPECT_TRUE(passes());
  EXPECT_EQ(network.rows(), 6U);
  released();
}

TEST_F(Sharing, WhoDiesMeanwhileFindsBothAgain) {
  for (const std::uint32_t victim : {3U, 25U, 2U}) {
    for (const Duration when : {20ms, 60ms, 100ms, 140ms, 180ms}) {
      SCOPED_TRACE(victim);
      const bool there = by(4);
      te::Exclusions away;
      if (there)
        away.nodes.insert(node_id(4));
      else
        away.links.insert({node_id(3), 31});
      ASSERT_TRUE(b().reroute("one", away, network.world.now()));
      network.at(2).pump();
      network.run(when);
      network.at(victim).kill();
      network.run(1s);
      network.at(victim).boot(false);
      ASSERT_TRUE(network.until([&] { return up() && passes(); }, 60s))
          << to_string(network.state(2, "one")) << " " << network.leftovers();
      network.run(30s);
      EXPECT_TRUE(up());
      EXPECT_TRUE(passes());
      EXPECT_EQ(network.rows(), by(4) ? 8U : 6U) << network.leftovers();
    }
  }
  released();
}

// B(2) - D(4) - C(3) - Y(25), whose Resv never came to B; then B - C - Y. D was left, and does not
// hear of it before its link to B is back.
struct Moved : testing::Test {
  Network network;

  void SetUp() override {
    build_p1(network);
    network.restart = {.restart = 5s, .recovery = 5s};
    network.times.refresh = 2s;
    network.start();
    for (const auto& [node, interface] : {std::pair(2U, 21U), std::pair(4U, 31U)}) {
      network.cut(network.link_at(node, interface), false, true);
      network.flood(node, interface);
    }
    network.lose = [this](NodeId from, const rsvp::Message& message) {
      return lost && lost(from.value - kAddress, message);
    };
    lost = [](std::uint32_t from, const rsvp::Message& message) {
      return from == 4 && message.type == rsvp::MessageType::Resv;
    };
    ConnectionRequest ask = request("one", 2, 1, 25, 7);
    ask.crankback = CrankbackScope::EndToEnd;
    ask.limits.setup = 60s;
    ASSERT_TRUE(network.at(2).controller->create(ask, network.world.now()));
    network.at(2).pump();
    key = network.at(2).controller->show("one")->lsp;
    ASSERT_TRUE(
        network.until([&] { return at(3) && at(3)->state == "up" && at(4)->state == "up"; }));
    ASSERT_EQ(at(3)->previous, node_id(4));
    network.run(100ms);
  }
  [[nodiscard]] std::optional<LspView> at(std::uint32_t node) {
    return network.at(node).controller->lsp(key);
  }
  bool up() { return network.state(2, "one") == ConnectionState::Up; }
  bool passes() {
    const auto lsp = at(2);
    return lsp && network.trace({2, 1, lsp->in_down.at(0)}) == Network::Place{25, 7, slot(1)} &&
           network.trace({25, 7, slot(1)}) == Network::Place{2, 1, lsp->in_up.at(0)};
  }
  // B gives up the way by D, which does not hear of that.
  void leave() {
    network.cut(network.link_at(2, 21), true, true);
    network.cut(network.link_at(2, 22), false, false);
  }
  void ends_well() {
    ASSERT_TRUE(network.until([&] { return up() && passes(); }, 20s)) << network.of(key);
    EXPECT_EQ(at(3)->previous, node_id(2));
    network.at(2).changes.clear();
    for (const auto& link : network.links) network.cut(*link, true, true);
    network.run(30s);
    EXPECT_TRUE(up());
    EXPECT_TRUE(passes()) << network.of(key);
    EXPECT_TRUE(network.at(2).changes.empty());
    EXPECT_FALSE(at(4)) << "it has heard that it was left";
    ASSERT_TRUE(network.at(2).controller->release("one", network.world.now()));
    network.at(2).pump();
    EXPECT_TRUE(network.until([&] { return network.leftovers().empty(); }, 60s))
        << network.leftovers();
  }
  LspKey key;
  std::function<bool(std::uint32_t from, const rsvp::Message&)> lost;
};

TEST_F(Moved, ANodeThatWasDeadMeanwhileBeginsAnewOnTheNewWay) {
  network.at(3).kill();
  network.cut(network.link_at(4, 32), true, false);  // D tells it nothing of the old way
  leave();
  network.run(2s);
  lost = {};
  network.at(3).boot(false);
  ends_well();
}

TEST_F(Moved, WhoGivesBackTheOldWayBehindTheNewOneIsTold) {
  network.at(3).kill();
  leave();
  network.run(2s);
  lost = [this](std::uint32_t from, const rsvp::Message& message) {
    return from == 4 && message.type == rsvp::MessageType::Path && !up();
  };
  network.at(3).boot(false);
  ASSERT_TRUE(network.until([&] { return up(); }, 20s));
  ends_well();
}

TEST_F(Moved, AndWhoGivesItBackBeforeTheNewOne) {
  leave();
  lost = {};
  ASSERT_TRUE(network.until([&] { return up() && passes(); }, 20s));
  network.at(3).kill();
  network.run(1s);
  network.cut(network.link_at(2, 21), true, false);
  const auto rows = network.at(3).fes.at(3).changes;
  network.at(3).boot(false);
  network.run(2s);
  EXPECT_EQ(at(3)->state, "recovering") << "D has nothing to give back";
  network.cut(network.link_at(2, 21), true, true);
  ends_well();
  (void)rows;
}

}  // namespace
}  // namespace forces::signaling::ason::test
