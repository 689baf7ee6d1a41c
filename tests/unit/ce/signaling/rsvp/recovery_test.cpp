// RFC 3473 section 9 and RFC 5063: faults of the control channel, restarts of nodes. T8, T9.
#include <set>

#include "tests/unit/ce/signaling/rsvp/fixture.hpp"

namespace forces::signaling::engine {
namespace {

using namespace test_support;

constexpr LspKey kDown = lsp_key(kA, kC, 1);

// A - B - C, an LSP from A to C, set up by hand; B is the one that restarts.
class RecoveryTest : public Engines {
 protected:
  void start_three(RefreshReduction reduction = RefreshReduction::Auto) {
    Config middle = config(kB, {});
    for (const NodeId n : {kA, kC}) {
      middle.neighbors.push_back({.node = n, .refresh_reduction = reduction});
    }
    start(config(kA, {kB}));
    start(middle);
    start(config(kC, {kB}));
    run(1s);
  }
  Node& c() { return net.at(kC); }
  void set_up_through(const LspKey& key) {
    a().engine().set_path(key, kB, path(key, kA), now());
    a().pump();
    run(50ms);
    b().engine().set_path(key, kC, path(key, kB, 2), now());
    b().pump();
    run(50ms);
    c().engine().set_resv(key, resv(key, kB, 0x30000, rsvp::Style::kFixedFilter, 2), now());
    c().pump();
    run(50ms);
    b().engine().set_resv(key, resv(key, kA, 0x20000), now());
    b().pump();
    run(50ms);
    ASSERT_NE(a().engine().received_resv(key), nullptr);
  }
  // What the connection controller of a restarted node does, where it has all that it needs.
  void recover(const LspKey& key) {
    b().engine().set_path(key, kC, path(key, kB, 2), now());
    b().pump();
    run(50ms);
    b().engine().set_resv(key, resv(key, kA, 0x20000), now());
    b().pump();
    run(50ms);
  }
  void restart_b() {
    b().stop();
    run(1s);
    forget();
    b().start(true);
  }
};

TEST_F(RecoveryTest, Rfc3473Section94AfterAChannelFaultAllStateIsSummarizedAndAcknowledged) {  // T9
  start_three();
  for (std::uint16_t i = 1; i <= 20; ++i) set_up_through(lsp_key(kA, kC, i));
  net.cut(kA, kB);
  run(20s);
  EXPECT_EQ(a().count(NeighborEvent::Lost), 1u);
  forget();
  net.mend(kA, kB);
  run(2s);
  EXPECT_EQ(a().count(NeighborEvent::Back), 1u);
  const auto lists = sent(kA, MessageType::Srefresh);
  ASSERT_EQ(lists.size(), 1u);
  EXPECT_EQ(lists[0].find<rsvp::MessageId>()->flags, rsvp::MessageId::kAckDesired);
  EXPECT_EQ(lists[0].find<rsvp::MessageIdList>()->ids.size(), 20u);
  EXPECT_EQ(a().neighbor(kB).unacknowledged, 0u);
  EXPECT_TRUE(sent(kA, MessageType::Path).empty());
  for (Node* const node : {&a(), &b(), &c()}) {
    EXPECT_EQ(node->count<PathGone>() + node->count<ResvGone>() + node->count<Unsynchronized>(),
              0u);
  }
}

TEST_F(RecoveryTest, Rfc3473Section93NothingIsRefreshedWhileTheNeighborIsLost) {
  start_three();
  set_up_through(kDown);
  net.cut(kA, kB);
  run(1s);
  forget();
  run(60s);
  for (const Packet& packet : net.sent) {
    const bool to_each_other =
        (packet.from == kA) || (packet.from == kB && packet.send.destination == kA.value);
    if (!to_each_other) continue;
    EXPECT_EQ(messages_in(packet.send.octets)[0].type, MessageType::Hello);
  }
}

TEST_F(RecoveryTest, Rfc3473Section953TheUpstreamNeighborSendsPathsWithRecoveryLabel) {  // T8
  start_three();
  set_up_through(kDown);
  restart_b();
  run(2s);
  const auto paths = sent(kA, MessageType::Path);
  ASSERT_EQ(paths.size(), 1u);
  ASSERT_NE(paths[0].find<rsvp::RecoveryLabel>(), nullptr);
  EXPECT_EQ(paths[0].find<rsvp::RecoveryLabel>()->labels, (rsvp::Words{0x20000}));
  ASSERT_EQ(b().count<PathReceived>(), 1u);
  EXPECT_EQ(b().all<PathReceived>()[0].change, PathChange::Recovery);
  EXPECT_EQ(a().count<ResvGone>() + c().count<PathGone>(), 0u);
}

TEST_F(RecoveryTest, Rfc5063Section53TheDownstreamNeighborIsAskedForItsRecoveryPaths) {  // T8
  start_three();
  set_up_through(kDown);
  const auto before = sent(kB, MessageType::Path).at(0);
  restart_b();
  run(3s);
  // Srefresh with the RecoveryPath flag and the identifier of B's earlier process.
  const auto lists = sent(kC, MessageType::Srefresh);
  ASSERT_GE(lists.size(), 1u);
  const auto* const list = lists[0].find<rsvp::MessageIdList>();
  EXPECT_EQ(list->flags, rsvp::MessageIdList::kRecoveryPath);
  EXPECT_EQ(list->epoch, before.find<rsvp::MessageId>()->epoch);
  EXPECT_EQ(list->ids, rsvp::Words{before.find<rsvp::MessageId>()->id});
  // The NACK, and what it fetches: the last Path, with HOP and label of the last Resv.
  ASSERT_EQ(b().count<RecoveryPathReceived>(), 1u);
  const auto event = b().all<RecoveryPathReceived>()[0];
  EXPECT_EQ(event.key, kDown);
  EXPECT_EQ(event.from, kC);
  EXPECT_FALSE(event.late);
  EXPECT_EQ(event.path->find<rsvp::RecoveryLabel>()->labels, rsvp::Words{0x30000});
  EXPECT_EQ(event.path->find<rsvp::Hop>()->tlvs[0].if_index()->id, 2u);
  EXPECT_EQ(event.path->find<rsvp::Hop>()->address, rsvp::Address::v4(kC.value));
  EXPECT_EQ(c().neighbor(kB).counters.recovery_paths_sent, 1u);
}

TEST_F(RecoveryTest, Rfc5063Section451WithoutSrefreshTheyComeByThemselves) {
  start_three(RefreshReduction::Never);
  set_up_through(kDown);
  restart_b();
  run(3s);
  EXPECT_EQ(b().count<RecoveryPathReceived>(), 1u);
  EXPECT_TRUE(sent(kC, MessageType::Srefresh).empty());
}

TEST_F(RecoveryTest, Rfc3473Section953NoResvToARestartedNodeBeforeItsPath) {
  start_three();
  set_up_through(kDown);
  restart_b();
  run(8s);
  EXPECT_TRUE(sent(kC, MessageType::Resv).empty());
  for (const auto& m : sent(kC, MessageType::Srefresh)) {
    EXPECT_NE(m.find<rsvp::MessageIdList>()->flags & rsvp::MessageIdList::kRecoveryPath, 0);
  }
  recover(kDown);
  EXPECT_EQ(sent(kC, MessageType::Resv).size(), 1u);
  EXPECT_EQ(b().count<ResvReceived>(), 1u);
}

TEST_F(RecoveryTest, T8NeighborsOfARestartedNodeSeeARefresh) {
  start_three();
  set_up_through(kDown);
  restart_b();
  run(3s);
  recover(kDown);
  run(10min);
  // RFC 5063 section 4.5.2.2: what B sends is what it was, so nobody hears of it.
  EXPECT_EQ(a().count<ResvReceived>() + c().count<PathReceived>(), 0u);
  EXPECT_EQ(a().count<Unsynchronized>() + c().count<Unsynchronized>(), 0u);
  EXPECT_TRUE(sent(kA, MessageType::PathTear).empty());
  EXPECT_TRUE(sent(kC, MessageType::ResvTear).empty());
  for (Node* const node : {&a(), &c()}) {
    ASSERT_EQ(node->count<RecoveryEnded>(), 1u);
    EXPECT_FALSE(node->all<RecoveryEnded>()[0].ours);
    EXPECT_EQ(node->all<RecoveryEnded>()[0].unsynchronized, 0u);
  }
  ASSERT_EQ(b().count<RecoveryEnded>(), 2u);
  EXPECT_TRUE(b().all<RecoveryEnded>()[0].ours);
}

TEST_F(RecoveryTest, Rfc5063Section4523WhatIsNotGivenBackIsReportedAndKept) {
  start_three();
  set_up_through(kDown);
  restart_b();
  run(15s);  // nobody at B recovers anything
  ASSERT_EQ(a().count<RecoveryEnded>(), 1u);
  EXPECT_EQ(a().all<RecoveryEnded>()[0].unsynchronized, 1u);
  ASSERT_EQ(a().count<Unsynchronized>(), 1u);
  EXPECT_EQ(c().count<Unsynchronized>(), 1u);
  run(30min);
  EXPECT_NE(a().engine().received_resv(kDown), nullptr);
  EXPECT_NE(c().engine().received_path(kDown), nullptr);
  recover(kDown);  // late, but not too late
  EXPECT_EQ(a().count<Resynchronized>(), 1u);
  EXPECT_EQ(c().count<Resynchronized>(), 1u);
}

TEST_F(RecoveryTest, Rfc5063Section451IsSaidAgainUntilItIsHeard) {
  start_three();
  set_up_through(kDown);
  net.filter = [this](NodeId from, const Send& send) {
    const auto messages = messages_in(send.octets);
    return from != kC || messages[0].type == MessageType::Hello || net.world.now() > Instant(6s);
  };
  restart_b();
  run(7s);
  EXPECT_EQ(b().count<RecoveryPathReceived>(), 1u);
}

TEST_F(RecoveryTest, Rfc3473Section952ARestartedNodeBelievesNothingBeforeItsHellos) {
  start_three();
  set_up_through(kDown);
  b().stop();
  forget();
  net.filter = [](NodeId, const Send& send) {
    return messages_in(send.octets)[0].type != MessageType::Hello;
  };
  b().start(true);  // its neighbours have not noticed: they refresh as before
  run(300ms);
  rsvp::Message srefresh{.type = MessageType::Srefresh, .flags = 1};
  srefresh.objects.emplace_back(rsvp::MessageIdList{0, 1, {1, 2, 3}});
  inject(kA, kB, srefresh);
  rsvp::Message plain = path(kDown, kA);
  plain.objects.insert(plain.objects.begin() + 2, rsvp::TimeValues{});
  inject(kA, kB, plain);
  EXPECT_EQ(drops(b(), kA, Drop::NotYetRecovered), 2u);
  EXPECT_EQ(b().engine().snapshot().lsps, 0u);
  EXPECT_TRUE(sent(kB, MessageType::Ack).empty());
}

TEST_F(RecoveryTest, Rfc3473Section952AResvWithoutAPathIsDroppedInSilenceWhileWeRecover) {
  start_three();
  restart_b();
  run(1s);
  rsvp::Message m = resv(kDown, kB, 9);
  m.objects.insert(m.objects.begin() + 2, rsvp::TimeValues{});
  inject(kC, kB, m);
  run(100ms);
  EXPECT_TRUE(sent(kB, MessageType::ResvErr).empty());
  EXPECT_EQ(drops(b(), kC, Drop::NoState), 1u);
}

TEST_F(RecoveryTest, Rfc3473Section953PathsAreSpreadOverHalfOfTheRecoveryTime) {
  Config middle = config(kB, {kA, kC});
  middle.restart.recovery = 10s;
  start(config(kA, {kB}));
  start(middle);
  start(config(kC, {kB}));
  run(1s);
  for (std::uint16_t i = 1; i <= 1'000; ++i) {
    const LspKey key = lsp_key(kA, kB, i);
    a().engine().set_path(key, kB, path(key, kA), now());
    a().pump();
    run(1ms);
    b().engine().set_resv(key, resv(key, kA, i), now());
    b().pump();
  }
  run(1s);
  restart_b();
  run(100ms);
  const Instant begin = now();
  run(9s);
  std::map<std::int64_t, std::size_t> by_second;
  Instant last{};
  std::size_t count = 0;
  for (const Packet& packet : net.sent) {
    if (packet.from != kA) continue;
    for (const auto& m : messages_in(packet.send.octets)) {
      if (m.type != MessageType::Path) continue;
      ++by_second[(packet.at - begin) / 1s];
      last = packet.at;
      ++count;
    }
  }
  EXPECT_EQ(count, 1'000u);
  EXPECT_LE(last - begin, 5500ms);
  for (const auto& [second, n] : by_second) EXPECT_LE(n, 260u) << second;
}

TEST_F(RecoveryTest, ARestartThatPreservedNothingIsToldAndPathsAreSentPlain) {
  start_three();
  set_up_through(kDown);
  b().config().restart.preserved = false;
  restart_b();
  run(3s);
  for (const auto& change : a().all<NeighborChanged>()) EXPECT_FALSE(change.preserved);
  const auto paths = sent(kA, MessageType::Path);
  ASSERT_EQ(paths.size(), 1u);
  EXPECT_EQ(paths[0].find<rsvp::RecoveryLabel>(), nullptr);
  EXPECT_EQ(sent(kC, MessageType::RecoveryPath).size(), 0u);
  EXPECT_EQ(a().count<ResvGone>(), 0u);  // R1: it is the owner who says what goes
}

TEST_F(RecoveryTest, Rfc5063Section44RecoveryPathsOnlyToWhoWantsThem) {
  Config middle = config(kB, {});
  middle.neighbors.push_back({.node = kA});
  middle.neighbors.push_back({.node = kC, .restart_cap = false});
  start(config(kA, {kB}));
  start(middle);
  start(config(kC, {kB}));
  run(1s);
  set_up_through(kDown);
  restart_b();
  run(5s);
  EXPECT_EQ(b().count<RecoveryPathReceived>(), 0u);
  EXPECT_TRUE(sent(kC, MessageType::RecoveryPath).empty());
}

TEST_F(RecoveryTest, T8dIngressAndItsNeighborTogether) {
  start_three();
  set_up_through(kDown);
  a().stop();
  b().stop();
  run(1s);
  forget();
  a().start(true);
  b().start(true);
  run(3s);
  // C alone remembers; B is told by C, A by nobody until B has its half again.
  ASSERT_EQ(b().count<RecoveryPathReceived>(), 1u);
  EXPECT_EQ(a().count<RecoveryPathReceived>(), 0u);
  rsvp::Message again = path(kDown, kB, 2);
  EXPECT_EQ(b().engine().set_path(kDown, kC, again, now()), Status::Done);
  b().pump();
  run(1s);
  EXPECT_EQ(b().count<ResvReceived>(), 1u);
  EXPECT_EQ(c().count<PathReceived>(), 0u);
}

TEST_F(RecoveryTest, Rfc4139R1WhatIsGivenBackHasNoTimeoutBeforeItsResv) {
  start_three();
  const LspKey other = lsp_key(kA, kC, 2);
  set_up_through(kDown);
  a().engine().set_path(other, kB, path(other, kA), now());  // never established
  a().pump();
  run(100ms);
  c().stop();
  restart_b();
  run(2s);
  ASSERT_EQ(b().count<PathReceived>(), 2u);
  net.filter = [](NodeId, const Send& send) {
    return messages_in(send.octets).at(0).type == MessageType::Hello;
  };
  run(10min);
  ASSERT_EQ(b().count<PathGone>(), 1u);
  EXPECT_EQ(b().all<PathGone>()[0].key, other);
  ASSERT_EQ(b().count<Unsynchronized>(), 1u);
  EXPECT_EQ(b().all<Unsynchronized>()[0].key, kDown);
}

TEST_F(RecoveryTest, Rfc4139R1WhatTheOwnerKeepsHasNoTimeout) {
  start_three();
  set_up_through(kDown);
  for (Node* const node : {&a(), &b()}) node->stop();
  c().stop();
  run(1s);
  forget();
  b().start(true);
  a().start(true);
  run(1s);
  a().engine().set_path(kDown, kB, path(kDown, kA), now());  // no label: A restarted as well
  a().pump();
  run(100ms);
  EXPECT_EQ(b().engine().keep(kDown, now()), Status::Done);
  EXPECT_EQ(b().engine().keep(lsp_key(kA, kC, 9), now()), Status::NoState);
  a().stop();
  run(10min);
  EXPECT_EQ(b().count<PathGone>(), 0u);
  EXPECT_NE(b().engine().received_path(kDown), nullptr);
}

TEST_F(RecoveryTest, TheOwnerMayEndItsRecoveryPeriod) {
  start_three();
  restart_b();
  run(1s);
  EXPECT_TRUE(b().neighbor(kA).recovering_us);
  b().engine().end_recovery(now());
  b().pump();
  EXPECT_FALSE(b().neighbor(kA).recovering_us);
  EXPECT_EQ(b().count<RecoveryEnded>(), 2u);
}

TEST_F(RecoveryTest, ATearAfterTheRestartOfWhoSaysItNeedsNoHalf) {  // T10
  start_three();
  set_up_through(kDown);
  restart_b();
  run(3s);
  rsvp::Message tear{.type = MessageType::PathTear};
  tear.objects.emplace_back(session(kDown));
  tear.objects.emplace_back(hop(kB, 2));
  tear.objects.emplace_back(rsvp::SenderTemplate{rsvp::Address::v4(kA.value), 1});
  EXPECT_EQ(b().engine().tear_path(kDown, kC, tear, now()), Status::Done);
  b().pump();
  run(100ms);
  EXPECT_EQ(c().count<PathGone>(), 1u);
}

}  // namespace
}  // namespace forces::signaling::engine
