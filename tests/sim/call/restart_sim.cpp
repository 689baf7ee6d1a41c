// Controllers that crash, lose their memory, or cannot be reached: RFC 4139 section 4.4. Nothing
// that stands is released by that; what was on its way is finished, one way or the other.
#include <gtest/gtest.h>

#include "tests/sim/call/network.hpp"

namespace forces::test {
namespace {

using calls::AlarmKind;
using calls::JournalKept;

constexpr std::uint32_t kChain[]{kN1, kN3, kN4, kN6};

struct Running : P2 {
  CallHandle handle = 0;
  Running() {
    start_all();
    handle = create(kN1, kN6, {.name = "it", .service_level = 1}).value();
    EXPECT_TRUE(run(1s));
    EXPECT_EQ(judge(), "");
  }
  void restart(std::uint32_t n, JournalKept kept) {
    crash(n);
    EXPECT_TRUE(run(5s));
    start(n, kept);
  }
  std::size_t alarms(std::uint32_t n, AlarmKind kind, bool raised) {
    return static_cast<std::size_t>(std::ranges::count_if(
        node(n).alarms, [&](const auto& a) { return a.kind == kind && a.raised == raised; }));
  }
};

TEST(CallT8, EveryControllerRecoversFromItsJournal) {  // R2
  for (const std::uint32_t n : kChain) {
    Running p;
    p.restart(n, JournalKept::Yes);
    ASSERT_NE(p.only(n), nullptr);
    EXPECT_EQ(p.only(n)->state(), CallState::Recovering);
    EXPECT_EQ(
        p.at(n).may_connect({.ends = p.only(n)->id.ends, .call_id = p.only(n)->id.number}).answer,
        calls::ConnectionVerdict::Answer::Yes)
        << "its connections go on";
    EXPECT_TRUE(p.run(10s));
    EXPECT_EQ(p.judge(), "");
    EXPECT_EQ(p.only(n)->state(), CallState::Active);
    EXPECT_EQ(p.only(n)->carried.service_level(), 1);
  }
}

TEST(CallT8b, EveryControllerIsToldByItsNeighboursWhenTheJournalIsLost) {  // R2
  for (const std::uint32_t n : kChain) {
    Running p;
    const calls::CallId id = p.only(n)->id;
    p.restart(n, JournalKept::No);
    EXPECT_TRUE(p.at(n).list().empty());
    EXPECT_TRUE(p.run(70s));  // a refresh period
    EXPECT_EQ(p.judge(), "");
    ASSERT_NE(p.only(n), nullptr) << calls::to_text(v4(n));
    EXPECT_EQ(p.only(n)->id, id);
    EXPECT_EQ(p.only(n)->carried.service_level(), 1);
    EXPECT_TRUE(p.run(400s));
    EXPECT_EQ(p.judge(), "");
    EXPECT_EQ(p.count(kN6, CallState::Active), 1U);
  }
}

TEST(CallT8b, AlsoWhenItCrashesAgainBeforeItHasHeardThem) {
  for (const std::uint32_t n : kChain) {
    Running p;
    p.restart(n, JournalKept::No);
    p.restart(n, JournalKept::Yes);
    EXPECT_TRUE(p.at(n).relearning(p.world.now()));
    EXPECT_TRUE(p.run(70s));
    EXPECT_EQ(p.judge(), "");
    EXPECT_EQ(p.count(n, CallState::Active), 1U);
    EXPECT_TRUE(p.run(300s));
    EXPECT_EQ(p.node(n).journal.size(), 2U) << "the call, and that the journal is whole";
  }
}

TEST(CallR1, ACallThatAPeerKeepsForItsConnectionsIsTakenBack) {
  Running p;
  const calls::CallId id = p.only(kN1)->id;
  calls::Connection up{.state = calls::ConnectionState::Up};
  up.key = {.end_point = {kN6}, .sender = {kN1}, .tunnel_id = 4};
  EXPECT_TRUE(p.at(kN3).on_connection({.ends = id.ends, .call_id = id.number}, up, {}));
  EXPECT_FALSE(p.at(kN1).forget(p.handle, p.world.now()));
  p.pump(kN1);
  EXPECT_TRUE(p.run(150s));
  EXPECT_EQ(p.alarms(kN1, AlarmKind::ReleaseFailed, true), 1U);
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.count(kN1, CallState::Active), 1U);
}

TEST(CallT8b, ItsNeighbourRefreshesAtOnceWhenItHearsOfTheRestart) {
  Running p;
  p.restart(kN6, JournalKept::No);
  p.at(kN4).on_peer_restarted(v4(kN6), p.world.now());
  p.pump(kN4);
  EXPECT_TRUE(p.run(6s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.count(kN6, CallState::Active), 1U);
}

// Seed 36 of the nested storm with 50 nodes: the callee had it, its answer was lost, and its
// refresh went on by a way back that was not the way there. It stood at two nodes, and half at a
// third.
TEST(CallT8b, WhatStandsAfterAllIsOfWhomItHadComeFrom) {
  P2 p;
  p.node(kN4).config.policy.points.push_back(
      {.name = "other", .kind = calls::PointKind::Inni, .peers = {{v4(kU), 32}}});
  p.node(kN4).config.policy.routes.push_back({{v4(kN1), 32}, v4(kU), "other"});
  p.start_all(JournalKept::No);
  std::size_t strangers = 0;
  p.watch = [&](const CallNetwork::Packet& packet) {
    strangers += packet.from == v4(kN4) && packet.to == v4(kU) ? 1U : 0U;
  };
  p.lose = [](const CallNetwork::Packet& packet) { return packet.from == v4(kN6); };
  ASSERT_TRUE(p.create(kN1, kN6, {.name = "it"}));
  EXPECT_TRUE(p.run(40s));
  EXPECT_EQ(p.at(kN4).held(), 0U);
  EXPECT_EQ(p.at(kN6).held(), 1U);
  p.lose = nullptr;
  EXPECT_TRUE(p.run(200s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(strangers, 0U);
}

TEST(CallT8c, AnOutageLongerThanAnythingReleasesNothing) {  // R1
  Running p;
  p.crash(kN4);
  EXPECT_TRUE(p.run(24h));
  for (const std::uint32_t n : {kN1, kN3, kN6}) {
    EXPECT_EQ(p.count(n, CallState::Active), 1U);
  }
  EXPECT_EQ(p.alarms(kN3, AlarmKind::NoAnswer, true), 1U) << "once, not again and again";
  EXPECT_EQ(p.alarms(kN6, AlarmKind::NoAnswer, true), 1U);
  p.start(kN4);
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.alarms(kN3, AlarmKind::NoAnswer, false), 1U);
}

TEST(CallT8d, BothEndsAndThenBothInTheMiddle) {
  for (const JournalKept kept : {JournalKept::Yes, JournalKept::No}) {
    for (const auto& [a, b] : {std::pair(kN1, kN6), std::pair(kN3, kN6), std::pair(kN1, kN4),
                               std::pair(kN1, kN3), std::pair(kN3, kN4), std::pair(kN4, kN6)}) {
      Running p;
      p.crash(a);
      p.crash(b);
      EXPECT_TRUE(p.run(30s));
      p.start(a, kept);
      EXPECT_TRUE(p.run(3s));
      p.start(b, kept);
      EXPECT_TRUE(p.run(500s));
      EXPECT_EQ(p.judge(), "");
      EXPECT_EQ(p.count(kN1, CallState::Active), 1U);
      EXPECT_EQ(p.count(kN6, CallState::Active), 1U);
    }
  }
}

TEST(CallT8b, OneMemoryOfFourIsEnough) {
  for (const std::uint32_t n : kChain) {
    Running p;
    for (const std::uint32_t other : kChain) {
      if (other != n) p.crash(other);
    }
    EXPECT_TRUE(p.run(10s));
    for (const std::uint32_t other : kChain) {
      if (other != n) p.start(other, JournalKept::No);
    }
    EXPECT_TRUE(p.run(400s));
    EXPECT_EQ(p.judge(), "") << calls::to_text(v4(n));
    EXPECT_EQ(p.count(kN1, CallState::Active) + p.count(kN6, CallState::Active), 2U);
  }
}

TEST(CallT8, AllAtOnce) {
  Running p;
  for (const std::uint32_t n : kChain) p.crash(n);
  EXPECT_TRUE(p.run(60s));
  for (const std::uint32_t n : kChain) p.start(n);
  EXPECT_TRUE(p.run(20s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.count(kN1, CallState::Active), 1U);
}

TEST(CallR1, ARefreshThatIsRefusedIsAnAlarmAndNoRelease) {
  Running p;
  p.point(kN6, "d2-d3").levels = {7};  // a new policy, and no memory of the call
  p.restart(kN6, JournalKept::No);
  EXPECT_TRUE(p.run(300s));
  EXPECT_EQ(p.alarms(kN4, AlarmKind::Refused, true), 1U);
  for (const std::uint32_t n : {kN1, kN3, kN4}) EXPECT_EQ(p.count(n, CallState::Active), 1U);
}

TEST(CallR1, AMemoryThatIsLostReleasesNothingThatCannotBeReached) {
  Running p;
  p.restart(kN3, JournalKept::No);
  p.node(kN4).cut = true;
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.count(kN1, CallState::Active), 1U) << "refused by N3, which finds nobody behind it";
  p.node(kN4).cut = false;
  EXPECT_TRUE(p.run(150s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.count(kN6, CallState::Active), 1U);
}

TEST(CallR4, ConnectionsAreAssociatedFromTheJournal) {
  Running p;
  const calls::ConnectionAsk ask{.ends = p.only(kN6)->id.ends, .call_id = p.only(kN6)->id.number};
  const calls::Connection up{.key = {.end_point = {kN6}, .sender = {kN1}, .tunnel_id = 4},
                             .role = calls::ConnectionRole::Recovery,
                             .state = calls::ConnectionState::Up};
  auto starting = up;
  starting.key.tunnel_id = 5;
  starting.state = calls::ConnectionState::Starting;
  EXPECT_TRUE(p.at(kN6).on_connection(ask, up, p.world.now()));
  EXPECT_TRUE(p.at(kN6).on_connection(ask, starting, p.world.now()));
  p.pump(kN6);
  EXPECT_TRUE(p.run(1s));
  p.restart(kN6, JournalKept::Yes);
  EXPECT_EQ(p.only(kN6)->connections, std::vector{up});
  EXPECT_TRUE(p.remove(kN6, p.only(kN6)->handle)) << "32/2";
  p.at(kN6).on_connections_recovered({}, p.world.now());
  EXPECT_FALSE(p.remove(kN6, p.only(kN6)->handle));
}

TEST(CallR4, OrByTheCallIdOfTheirPathsWhenItIsLost) {
  Running p;
  const calls::ConnectionAsk ask{.ends = p.only(kN6)->id.ends, .call_id = p.only(kN6)->id.number};
  const calls::Connection up{.key = {.end_point = {kN6}, .sender = {kN1}, .tunnel_id = 4},
                             .state = calls::ConnectionState::Up};
  p.restart(kN6, JournalKept::No);
  EXPECT_TRUE(p.at(kN6).on_connection(ask, up, p.world.now())) << "its Path came first";
  EXPECT_TRUE(p.run(70s));
  ASSERT_NE(p.only(kN6), nullptr);
  EXPECT_EQ(p.only(kN6)->connections, std::vector{up});
}

TEST(CallT10, APendingSetupIsCompleted) {  // R5, (c)
  for (const std::uint32_t n : {kN1, kN3, kN4}) {
    P2 p;
    p.start_all();
    p.node(kN6).mute = true;
    (void)p.create(kN1, kN6).value();
    EXPECT_TRUE(p.run(1s));
    ASSERT_TRUE(p.only(n)->pending());
    p.crash(n);
    p.node(kN6).mute = false;
    EXPECT_TRUE(p.run(1s));
    p.start(n);
    EXPECT_TRUE(p.run(30s));
    EXPECT_EQ(p.judge(), "");
    EXPECT_EQ(p.count(kN1, CallState::Active), 1U) << calls::to_text(v4(n));
  }
}

TEST(CallT10, OrItIsReleasedEverywhereWhenThatTakesTooLong) {
  for (const JournalKept kept : {JournalKept::Yes, JournalKept::No}) {
    for (const std::uint32_t n : {kN3, kN4}) {
      P2 p;
      p.start_all();
      p.node(kN6).mute = true;
      (void)p.create(kN1, kN6).value();
      EXPECT_TRUE(p.run(1s));
      p.crash(n);
      p.node(kN6).mute = false;
      EXPECT_TRUE(p.run(60s));
      EXPECT_EQ(p.count(kN1, CallState::Active), 0U);
      p.start(n, kept);
      EXPECT_TRUE(p.run(1000s));
      EXPECT_EQ(p.judge(), "");
      EXPECT_EQ(p.held(), 0U) << calls::to_text(v4(n));
    }
  }
}

TEST(CallT10, WhatIsBeingReleasedIsReleased) {  // R6, (d)
  for (const std::uint32_t n : {kN1, kN3, kN4}) {
    Running p;
    p.node(kN6).mute = true;
    EXPECT_FALSE(p.remove(kN1, p.handle));
    EXPECT_TRUE(p.run(1s));
    ASSERT_TRUE(p.only(n)->releasing());
    p.crash(n);
    p.node(kN6).mute = false;
    EXPECT_TRUE(p.run(1s));
    p.start(n);
    EXPECT_TRUE(p.run(100s));
    EXPECT_EQ(p.judge(), "");
    EXPECT_EQ(p.held(), 0U) << calls::to_text(v4(n));
  }
}

TEST(CallT10, ARecordThatIsDamagedIsAnAlarmAndThePeersStillHaveTheCall) {
  Running p;
  p.crash(kN3);
  p.node(kN3).journal.begin()->second.resize(7);
  p.start(kN3);
  EXPECT_EQ(p.alarms(kN3, AlarmKind::JournalDamaged, true), 1U);
  EXPECT_TRUE(p.run(70s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.count(kN3, CallState::Active), 1U);
}

TEST(CallPersist, StandsBeforeTheMessageThatAnnouncesIt) {
  P2 p;
  p.start_all();
  (void)p.at(kN1).create({.end_point = v4(kN6)}, p.world.now());
  std::vector<std::size_t> order;
  while (const auto output = p.at(kN1).poll_output()) order.push_back(output->index());
  ASSERT_EQ(order.size(), 3U);
  EXPECT_EQ(order.front(), 0U) << "PersistCall";
  EXPECT_EQ(order.back(), 1U) << "SendNotify";
}

TEST(CallJournal, HasNothingLeftWhenAllCallsAreGone) {
  Running p;
  for (const std::uint32_t n : kChain) EXPECT_EQ(p.node(n).journal.size(), 2U);
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_TRUE(p.run(1s));
  for (const std::uint32_t n : kChain) EXPECT_EQ(p.node(n).journal.size(), 1U);
}

}  // namespace
}  // namespace forces::test
