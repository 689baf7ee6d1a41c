// RFC 3209 section 5, RFC 4558, RFC 3473 section 9.3.
#include "tests/unit/ce/signaling/rsvp/fixture.hpp"

namespace forces::signaling::engine {
namespace {

using namespace test_support;
using HelloTest = Engines;

TEST_F(HelloTest, Rfc4558Section3GoesFromNodeIdToNodeId) {
  Config c = config(kA, {});
  c.neighbors.push_back({.node = kB, .control = 0x0a000002});
  start(c);
  run(1ms);
  ASSERT_FALSE(net.sent.empty());
  EXPECT_EQ(net.sent.front().send.source, kA.value);
  EXPECT_EQ(net.sent.front().send.destination, kB.value);
  EXPECT_EQ(net.sent.front().send.ttl, 1);
}

TEST_F(HelloTest, Rfc3209Section5BothSidesComeUpAndSayRestartCapInEveryHello) {
  start(config(kA, {kB}));
  start(config(kB, {kA}));
  run(1s);
  EXPECT_EQ(a().count(NeighborEvent::Up), 1u);
  EXPECT_EQ(b().count(NeighborEvent::Up), 1u);
  EXPECT_EQ(a().neighbor(kB).state, NeighborState::Up);
  EXPECT_EQ(a().neighbor(kB).our_instance, b().neighbor(kA).their_instance);
  const auto hellos = sent(kA, MessageType::Hello);
  ASSERT_FALSE(hellos.empty());
  for (const auto& m : hellos) {
    ASSERT_NE(m.find<rsvp::RestartCap>(), nullptr);
    EXPECT_EQ(m.find<rsvp::RestartCap>()->restart_ms, 5'000u);
    EXPECT_EQ(m.find<rsvp::RestartCap>()->recovery_ms, 10'000u);
    EXPECT_EQ(m.find<rsvp::Capability>()->bits, 7u);
  }
}

TEST_F(HelloTest, Rfc3209Section53RequestsAreSuppressedWhereTheNeighborAsks) {
  start_two();
  run(10s);
  std::size_t requests = 0;
  for (const NodeId id : {kA, kB}) {
    for (const auto& m : sent(id, MessageType::Hello))
      requests += m.find<rsvp::Hello>()->ack ? 0 : 1;
  }
  EXPECT_GE(requests, 90u);
  EXPECT_LE(requests, 115u);  // one set of polls, not two
}

TEST_F(HelloTest, Rfc3209Section53LossAfterThreeAndAHalfIntervals) {
  start_two();
  net.cut(kA, kB);
  run(240ms);
  EXPECT_EQ(a().count(NeighborEvent::Lost), 0u);
  run(220ms);
  EXPECT_EQ(a().count(NeighborEvent::Lost), 1u);
  EXPECT_FALSE(a().engine().neighbor_up(kB));
}

TEST_F(HelloTest, Rfc3473Section93WhileLostDstInstanceIsZeroAndSrcInstanceStays) {
  start_two();
  const auto instance = a().neighbor(kB).our_instance;
  net.cut(kA, kB);
  run(1s);
  forget();
  run(1s);
  const auto hellos = sent(kA, MessageType::Hello);
  ASSERT_GE(hellos.size(), 9u);
  for (const auto& m : hellos) {
    EXPECT_EQ(*m.find<rsvp::Hello>(), (rsvp::Hello{false, instance, 0}));
  }
  net.mend(kA, kB);
  run(500ms);
  EXPECT_EQ(a().count(NeighborEvent::Back), 1u);
  EXPECT_EQ(b().count(NeighborEvent::Back), 1u);
  EXPECT_EQ(a().neighbor(kB).our_instance, instance);
}

TEST_F(HelloTest, Rfc3473Section93AnotherSrcInstanceIsARestart) {
  start_two();
  b().stop();
  run(1s);
  b().start(true);
  run(500ms);
  EXPECT_EQ(a().count(NeighborEvent::Lost), 1u);
  EXPECT_EQ(a().count(NeighborEvent::Restarted), 1u);
  EXPECT_EQ(a().count(NeighborEvent::Back), 0u);
  for (const auto& change : a().all<NeighborChanged>()) {
    EXPECT_EQ(change.preserved, change.event == NeighborEvent::Restarted);
  }
}

TEST_F(HelloTest, Rfc3209Section53ARestartBetweenTwoHellosIsSeenToo) {
  start_two();
  b().stop();
  b().start(true);
  run(500ms);
  EXPECT_EQ(a().count(NeighborEvent::Restarted), 1u);
}

TEST_F(HelloTest, Rfc3209Section53OneDirectionAloneIsNoNeighbor) {
  start_two();
  net.cut(kA, kB, true);  // B hears nothing, A still hears B
  run(1s);
  EXPECT_EQ(b().count(NeighborEvent::Lost), 1u);
  EXPECT_EQ(a().count(NeighborEvent::Lost), 1u);
  EXPECT_EQ(a().neighbor(kB).state, NeighborState::Lost);
}

TEST_F(HelloTest, Rfc3473Section93RestartTimeOverIsSaidAndChangesNothing) {
  start_two();
  const LspKey key = lsp_key(kA, kB, 1);
  set_up(key);
  net.cut(kA, kB);
  run(5s);
  EXPECT_EQ(a().count(NeighborEvent::RestartTimeOver), 0u);
  run(2s);
  EXPECT_EQ(a().count(NeighborEvent::RestartTimeOver), 1u);
  run(30min);
  EXPECT_NE(a().engine().received_resv(key), nullptr);
  EXPECT_NE(b().engine().received_path(key), nullptr);
  EXPECT_EQ(a().count<ResvGone>() + b().count<PathGone>(), 0u);
  EXPECT_EQ(a().count<Unsynchronized>(), 0u);
}

TEST_F(HelloTest, SeveralChannelsAnotherOneIsTriedBeforeTheNeighborIsLost) {
  for (const auto& [id, other] : {std::pair(kA, kB), std::pair(kB, kA)}) {
    Config c = config(id, {});
    c.neighbors.push_back({.node = other, .channels = {1, 2}});
    start(c);
  }
  run(1s);
  forget();
  net.filter = [](NodeId, const Send& send) { return send.channel != 1; };
  run(5s);
  EXPECT_EQ(a().count(NeighborEvent::Lost), 0u);
  EXPECT_EQ(a().neighbor(kB).channel, 2u);
  EXPECT_EQ(a().neighbor(kB).state, NeighborState::Up);
}

TEST_F(HelloTest, OneThatIsLostIsLookedForOnAllChannels) {
  Config c = config(kA, {});
  c.neighbors.push_back({.node = kB, .channels = {1, 2}});
  start(c);
  start(config(kB, {kA}));
  run(1s);
  net.filter = [](NodeId from, const Send& send) { return from != kA || send.channel != 1; };
  run(5s);  // A hears B all the time, but not the other way
  EXPECT_EQ(a().neighbor(kB).channel, 2u);
  EXPECT_EQ(a().neighbor(kB).state, NeighborState::Up);
}

TEST_F(HelloTest, AChannelThatIsDownIsNotUsed) {
  Config c = config(kA, {});
  c.neighbors.push_back({.node = kB, .channels = {1, 2}});
  start(c);
  a().engine().on_channel(1, false, now());
  EXPECT_EQ(a().neighbor(kB).channel, 2u);
  a().engine().on_channel(1, true, now());
  a().engine().on_channel(2, false, now());
  EXPECT_EQ(a().neighbor(kB).channel, 1u);
}

TEST_F(HelloTest, Rfc3473Section9NoRestartCapWhereItIsNotWanted) {
  Config c = config(kA, {});
  c.neighbors.push_back({.node = kB, .restart_cap = false});
  start(c);
  start(config(kB, {kA}));
  run(500ms);
  for (const auto& m : sent(kA, MessageType::Hello)) EXPECT_EQ(m.find<rsvp::RestartCap>(), nullptr);
  EXPECT_FALSE(b().neighbor(kA).restart_cap);
}

TEST_F(HelloTest, Rfc5063Section442NoRWithoutRecoveryTime) {
  Config c = config(kA, {kB});
  c.restart.preserved = false;
  start(c);
  run(1ms);
  const auto hellos = sent(kA, MessageType::Hello);
  ASSERT_FALSE(hellos.empty());
  EXPECT_EQ(hellos.front().find<rsvp::RestartCap>()->recovery_ms, 0u);
  EXPECT_EQ(hellos.front().find<rsvp::Capability>()->bits, rsvp::capability::kRecoveryPathTransmit);
}

}  // namespace
}  // namespace forces::signaling::engine
