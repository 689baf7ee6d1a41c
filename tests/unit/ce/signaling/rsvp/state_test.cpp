// RFC 2205, RFC 3209, RFC 3473 section 4.4: halves of LSPs, their refreshes and their ends.
#include "proto/rsvp/grammar.hpp"
#include "tests/unit/ce/signaling/rsvp/fixture.hpp"

namespace forces::signaling::engine {
namespace {

using namespace test_support;
using StateTest = Engines;

constexpr LspKey kKey = lsp_key(kA, kB, 1);

TEST_F(StateTest, Rfc2205Section31APathAndItsResvComeOnce) {
  start_two();
  set_up(kKey);
  const auto paths = b().all<PathReceived>();
  ASSERT_EQ(paths.size(), 1u);
  EXPECT_EQ(paths[0].key, kKey);
  EXPECT_EQ(paths[0].from, kA);
  EXPECT_EQ(paths[0].change, PathChange::New);
  EXPECT_EQ(paths[0].path->find<rsvp::Hop>()->address, rsvp::Address::v4(kA.value));
  EXPECT_EQ(paths[0].path->find<rsvp::MessageId>(), nullptr);
  EXPECT_EQ(paths[0].path->find<rsvp::TimeValues>(), nullptr);
  const auto resvs = a().all<ResvReceived>();
  ASSERT_EQ(resvs.size(), 1u);
  EXPECT_EQ(label_of(*resvs[0].resv), 0x10000u);
  EXPECT_FALSE(resvs[0].modified);
  run(10min);  // refreshes make no events
  EXPECT_EQ(b().count<PathReceived>(), 1u);
  EXPECT_EQ(a().count<ResvReceived>(), 1u);
  EXPECT_EQ(b().count<PathGone>() + a().count<ResvGone>(), 0u);
}

TEST_F(StateTest, Rfc2205SectionA4PathAndResvCarryTimeValues) {
  start_two();
  set_up(kKey);
  for (const auto& m : {sent(kA, MessageType::Path).at(0), sent(kB, MessageType::Resv).at(0)}) {
    ASSERT_NE(m.find<rsvp::TimeValues>(), nullptr);
    EXPECT_EQ(m.find<rsvp::TimeValues>()->refresh_ms, 10'000u);
    EXPECT_EQ(m.find<rsvp::Hop>()->address,
              rsvp::Address::v4((m.type == MessageType::Path ? kA : kB).value));
  }
}

TEST_F(StateTest, TheSameAgainIsNotSentAnotherContentIs) {
  start_two();
  set_up(kKey);
  forget();
  EXPECT_EQ(a().engine().set_path(kKey, kB, path(kKey, kA), now()), Status::Done);
  a().pump();
  EXPECT_TRUE(sent(kA, MessageType::Path).empty());
  auto other = path(kKey, kA);
  other.objects.emplace_back(rsvp::AdminStatus{rsvp::admin_status::kDelete});
  EXPECT_EQ(a().engine().set_path(kKey, kB, other, now()), Status::Done);
  a().pump();
  run(100ms);
  ASSERT_EQ(b().count<PathReceived>(), 1u);
  const auto event = b().all<PathReceived>()[0];
  EXPECT_EQ(event.change, PathChange::Modified);
  EXPECT_EQ(event.before, kA);
  EXPECT_TRUE(event.path->find<rsvp::AdminStatus>()->is(rsvp::admin_status::kDelete));
}

TEST_F(StateTest, Rfc2205Section315PathTearEndsTheUpstreamHalf) {
  start_two();
  set_up(kKey);
  EXPECT_EQ(a().engine().tear_path(kKey, now()), Status::Done);
  a().pump();
  run(100ms);
  ASSERT_EQ(b().count<PathGone>(), 1u);
  EXPECT_EQ(b().all<PathGone>()[0].why, Gone::Torn);
  ASSERT_NE(b().all<PathGone>()[0].tear, nullptr);
  EXPECT_EQ(b().engine().snapshot().lsps, 0u);
  EXPECT_EQ(a().engine().snapshot().lsps, 0u);
  EXPECT_EQ(a().engine().tear_path(kKey, now()), Status::NoState);
}

TEST_F(StateTest, Rfc2205Section316ResvTearLeavesThePath) {
  start_two();
  set_up(kKey);
  EXPECT_EQ(b().engine().tear_resv(kKey, now()), Status::Done);
  b().pump();
  run(100ms);
  ASSERT_EQ(a().count<ResvGone>(), 1u);
  EXPECT_EQ(a().engine().received_resv(kKey), nullptr);
  EXPECT_NE(b().engine().received_path(kKey), nullptr);
  EXPECT_EQ(b().engine().set_resv(kKey, resv(kKey, kA, 5), now()), Status::Done);
  b().pump();
  run(100ms);
  EXPECT_EQ(a().count<ResvReceived>(), 2u);
}

TEST_F(StateTest, Rfc2205Section37WhatIsNotEstablishedTimesOut) {
  start_two();
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  run(1s);
  net.filter = [](NodeId, const Send& send) {  // only Hellos pass: the neighbour is there
    return messages_in(send.octets).at(0).type == MessageType::Hello;
  };
  run(51s);  // (3 + 0.5) * 1.5 * 10 s = 52.5 s
  EXPECT_EQ(b().count<PathGone>(), 0u);
  run(12s);
  ASSERT_EQ(b().count<PathGone>(), 1u);
  EXPECT_EQ(b().all<PathGone>()[0].why, Gone::Timeout);
  EXPECT_EQ(b().engine().snapshot().lsps, 0u);
}

TEST_F(StateTest, Rfc4139R1WhatIsEstablishedIsReportedAndKept) {
  start_two();
  set_up(kKey);
  net.filter = [](NodeId, const Send& send) {
    return messages_in(send.octets).at(0).type == MessageType::Hello;
  };
  run(10min);
  ASSERT_EQ(b().count<Unsynchronized>(), 1u);
  EXPECT_EQ(b().all<Unsynchronized>()[0].half, Half::Upstream);
  ASSERT_EQ(a().count<Unsynchronized>(), 1u);
  EXPECT_EQ(a().all<Unsynchronized>()[0].half, Half::Downstream);
  EXPECT_EQ(a().neighbor(kB).unsynchronized, 1u);
  EXPECT_EQ(b().count<PathGone>() + a().count<ResvGone>(), 0u);
  net.filter = nullptr;
  run(1min);
  EXPECT_EQ(a().count<Resynchronized>(), 1u);
  EXPECT_EQ(b().count<Resynchronized>(), 1u);
  EXPECT_EQ(a().neighbor(kB).unsynchronized, 0u);
}

TEST_F(StateTest, Rfc3473Section44PathStateRemovedEndsBothHalves) {
  start_two();
  set_up(kKey);
  const auto error = path_err(kKey, {rsvp::ErrorCode::RoutingProblem, rsvp::routing::kRerouteLimit},
                              rsvp::ErrorSpec::kPathStateRemoved);
  EXPECT_EQ(b().engine().send_path_err(kKey, error, now()), Status::Done);
  b().pump();
  run(100ms);
  ASSERT_EQ(a().count<PathErrReceived>(), 1u);
  const auto event = a().all<PathErrReceived>()[0];
  EXPECT_TRUE(event.state_removed);
  EXPECT_EQ(event.error->find<rsvp::ErrorSpec>()->node, rsvp::Address::v4(kB.value));
  EXPECT_EQ(a().engine().snapshot().lsps + b().engine().snapshot().lsps, 0u);
  run(2min);
  EXPECT_EQ(b().count<PathReceived>(), 1u);  // it is not refreshed into being again
}

TEST_F(StateTest, Rfc3473Section44WithoutTheFlagNothingIsRemoved) {
  start_two();
  set_up(kKey);
  EXPECT_EQ(
      b().engine().send_path_err(
          kKey, path_err(kKey, {rsvp::ErrorCode::Notify, rsvp::notify::kControlChannelDegraded}),
          now()),
      Status::Done);
  b().pump();
  run(100ms);
  ASSERT_EQ(a().count<PathErrReceived>(), 1u);
  EXPECT_FALSE(a().all<PathErrReceived>()[0].state_removed);
  EXPECT_NE(a().engine().received_resv(kKey), nullptr);
}

TEST_F(StateTest, Rfc2205Section314ResvErrGoesDown) {
  start_two();
  set_up(kKey);
  rsvp::Message error = resv(kKey, kB, 0);
  std::erase_if(error.objects,
                [](const auto& o) { return std::holds_alternative<rsvp::Label>(o); });
  error.objects.insert(error.objects.begin() + 2,
                       rsvp::ErrorSpec{.error = {rsvp::ErrorCode::AdmissionControl, 2}});
  EXPECT_EQ(a().engine().send_resv_err(kKey, error, now()), Status::Done);
  a().pump();
  run(100ms);
  ASSERT_EQ(b().count<ResvErrReceived>(), 1u);
  EXPECT_EQ(b().all<ResvErrReceived>()[0].key, kKey);
}

TEST_F(StateTest, Rfc2205SectionB3AResvWithoutAPathIsAnswered) {
  start_two();
  rsvp::Message m = resv(kKey, kB, 9);
  m.objects.insert(m.objects.begin() + 2, rsvp::TimeValues{});
  inject(kB, kA, m);
  a().pump();
  run(100ms);
  const auto errors = sent(kA, MessageType::ResvErr);
  ASSERT_GE(errors.size(), 1u);
  EXPECT_EQ(errors[0].find<rsvp::ErrorSpec>()->error,
            (rsvp::ErrorValue{rsvp::ErrorCode::NoPathInformation, 0}));
  EXPECT_EQ(a().count<ResvReceived>(), 0u);
}

TEST_F(StateTest, Rfc2205Section310UnknownClassesAreRefusedByClass) {  // T17
  start_two();
  rsvp::Message m = path(kKey, kA);
  m.objects.insert(m.objects.begin() + 2, rsvp::TimeValues{});
  m.objects.emplace_back(rsvp::UnknownObject{67 + 1, 1, rsvp::Octets(4)});
  inject(kA, kB, m);
  run(100ms);
  auto errors = sent(kB, MessageType::PathErr);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].find<rsvp::ErrorSpec>()->error,
            (rsvp::ErrorValue{rsvp::ErrorCode::UnknownClass, 0x4401}));
  EXPECT_EQ(b().count<PathReceived>(), 0u);
  EXPECT_EQ(drops(b(), kA, Drop::Unacceptable), 1u);
  EXPECT_EQ(a().count<PathErrReceived>(), 0u);  // it has no such Path
  EXPECT_EQ(b().neighbor(kA).counters.errors_answered, 1u);
}

TEST_F(StateTest, Rfc2205Section310WhatCannotBeReadIsNotSentBack) {
  start_two();
  rsvp::Message m = resv(kKey, kB, 9);
  m.objects.insert(m.objects.begin() + 2, rsvp::TimeValues{});
  m.objects.emplace_back(rsvp::UnknownObject{67 + 1, 1, rsvp::Octets(4)});
  inject(kB, kA, m);
  run(100ms);
  ASSERT_EQ(sent(kA, MessageType::ResvErr).size(), 1u);
  // The same with a TLV in its RSVP_HOP that is longer than the object.
  rsvp::Octets hop(20);
  hop[11] = std::byte{0xff};
  *std::ranges::find_if(m.objects, [](const rsvp::Object& o) {
    return std::holds_alternative<rsvp::Hop>(o);
  }) = rsvp::UnknownObject{3, 3, hop};
  inject(kB, kA, m);
  run(100ms);
  EXPECT_EQ(a().neighbor(kB).counters.errors_answered, 1u);
  EXPECT_EQ(drops(a(), kB, Drop::Unacceptable), 2u);
}

TEST_F(StateTest, Rfc2205Section310ThoseThatAreForwardedAreInTheEvent) {  // T16
  start_two();
  rsvp::Message m = path(kKey, kA);
  const rsvp::UnknownObject unknown{252, 9, rsvp::Octets(8, std::byte{0x5a})};
  m.objects.emplace_back(unknown);
  EXPECT_EQ(a().engine().set_path(kKey, kB, m, now()), Status::Done);
  a().pump();
  run(100ms);
  ASSERT_EQ(b().count<PathReceived>(), 1u);
  EXPECT_EQ(*b().all<PathReceived>()[0].path->find<rsvp::UnknownObject>(), unknown);
}

TEST_F(StateTest, ASessionOfIPv6IsRefusedAsAnUnknownCType) {
  start_two();
  rsvp::Message m = path(kKey, kA);
  m.objects.insert(m.objects.begin() + 2, rsvp::TimeValues{});
  auto* const s = m.find<rsvp::Session>();
  s->kind = rsvp::Session::Kind::LspTunnelIpv6;
  s->end_point = s->extended_tunnel_id = rsvp::Address::v6({});
  inject(kA, kB, m);
  run(100ms);
  ASSERT_EQ(sent(kB, MessageType::PathErr).size(), 1u);
  EXPECT_EQ(sent(kB, MessageType::PathErr)[0].find<rsvp::ErrorSpec>()->error,
            (rsvp::ErrorValue{rsvp::ErrorCode::UnknownCType, 0x0108}));
}

TEST_F(StateTest, AnotherNextHopTearsTheOldOne) {
  start(config(kA, {kB, kC}));
  start(config(kB, {kA}));
  Node& c = start(config(kC, {kA}));
  run(1s);
  set_up(kKey);
  EXPECT_EQ(a().engine().set_path(kKey, kC, path(kKey, kA, 2), now()), Status::Done);
  a().pump();
  run(100ms);
  EXPECT_EQ(b().count<PathGone>(), 1u);
  EXPECT_EQ(c.count<PathReceived>(), 1u);
  EXPECT_EQ(a().engine().next_hop(kKey), kC);
  EXPECT_EQ(a().engine().received_resv(kKey), nullptr);
}

TEST_F(StateTest, APathFromAnotherNeighborTakesOverAndALateTearOfTheFirstDoesNotCount) {
  start(config(kA, {kB}));
  start(config(kB, {kA, kC}));
  Node& c = start(config(kC, {kB}));
  run(1s);
  set_up(kKey);
  forget();
  c.engine().set_path(kKey, kB, path(kKey, kC, 4), now());
  c.pump();
  run(50ms);
  ASSERT_EQ(b().count<PathReceived>(), 1u);
  EXPECT_EQ(b().all<PathReceived>()[0].before, kA);
  EXPECT_EQ(b().engine().previous_hop(kKey), kC);
  a().engine().tear_path(kKey, now());
  a().pump();
  run(50ms);
  EXPECT_EQ(b().count<PathGone>(), 0u);
  EXPECT_EQ(b().engine().previous_hop(kKey), kC);
  b().engine().set_resv(kKey, resv(kKey, kC, 3), now());
  b().pump();
  run(50ms);
  EXPECT_EQ(c.count<ResvReceived>(), 1u);
}

TEST_F(StateTest, Rfc3209Section2SharedExplicitLspsLeaveInOneResv) {  // make-before-break
  start_two();
  const LspKey first = lsp_key(kA, kB, 1, 1), second = lsp_key(kA, kB, 1, 2);
  for (const LspKey& key : {first, second}) {
    a().engine().set_path(key, kB, path(key, kA), now());
  }
  a().pump();
  run(50ms);
  const auto se = rsvp::Style::kSharedExplicit;
  b().engine().set_resv(first, resv(first, kA, 1, se), now());
  b().pump();
  run(50ms);
  b().engine().set_resv(second, resv(second, kA, 2, se), now());
  b().pump();
  run(50ms);
  const auto resvs = sent(kB, MessageType::Resv);
  ASSERT_EQ(resvs.size(), 2u);
  EXPECT_EQ(rsvp::flow_descriptors(resvs[1])->size(), 2u);
  // Taken apart again, and the first one did not change.
  const auto events = a().all<ResvReceived>();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].key, second);
  EXPECT_EQ(label_of(*events[1].resv), 2u);
  EXPECT_EQ(rsvp::flow_descriptors(*events[1].resv)->size(), 1u);
  EXPECT_EQ(b().neighbor(kA).resvs_sent, 1u);
  // The old one goes; the new one stays, refreshed.
  EXPECT_EQ(b().engine().tear_resv(first, now()), Status::Done);
  b().pump();
  run(50ms);
  ASSERT_EQ(a().count<ResvGone>(), 1u);
  EXPECT_EQ(a().all<ResvGone>()[0].key, first);
  run(5min);
  EXPECT_NE(a().engine().received_resv(second), nullptr);
  EXPECT_EQ(a().count<Unsynchronized>(), 0u);
  EXPECT_EQ(a().count<ResvReceived>(), 2u);
}

TEST_F(StateTest, Rfc3209Section2OtherDataLinksShareNothing) {
  start_two();
  const LspKey first = lsp_key(kA, kB, 1, 1), second = lsp_key(kA, kB, 1, 2);
  for (const LspKey& key : {first, second}) a().engine().set_path(key, kB, path(key, kA), now());
  a().pump();
  run(50ms);
  const auto se = rsvp::Style::kSharedExplicit;
  b().engine().set_resv(first, resv(first, kA, 1, se, 1), now());
  b().engine().set_resv(second, resv(second, kA, 2, se, 2), now());
  b().pump();
  run(50ms);
  EXPECT_EQ(b().neighbor(kA).resvs_sent, 2u);
  EXPECT_EQ(a().count<ResvReceived>(), 2u);
}

TEST_F(StateTest, CallsThatCannotBeDoneSayWhy) {
  start_two();
  Engine& e = a().engine();
  EXPECT_EQ(e.set_path(kKey, kC, path(kKey, kA), now()), Status::NoNeighbor);
  EXPECT_EQ(e.set_path(kKey, kB, path(lsp_key(kA, kB, 2), kA), now()), Status::Malformed);
  EXPECT_EQ(e.set_path(kKey, kB, {}, now()), Status::Malformed);
  EXPECT_EQ(e.set_resv(kKey, resv(kKey, kA, 1), now()), Status::NoState);
  EXPECT_EQ(e.tear_resv(kKey, now()), Status::NoState);
  EXPECT_EQ(e.send_path_err(kKey, path_err(kKey, {}), now()), Status::NoState);
  EXPECT_EQ(e.send_resv_err(kKey, resv(kKey, kA, 1), now()), Status::NoState);
  EXPECT_EQ(e.snapshot().lsps, 0u);
}

TEST_F(StateTest, AStrangersPathIsDropped) {
  start_two();
  rsvp::Message m = path(kKey, kC);
  m.objects.insert(m.objects.begin() + 2, rsvp::TimeValues{});
  inject(kC, kB, m);
  EXPECT_EQ(b().count<PathReceived>(), 0u);
  EXPECT_EQ(b().engine().snapshot().strangers.drops[static_cast<std::size_t>(Drop::Stranger)], 1u);
}

TEST_F(StateTest, RemovingANeighborEndsWhatIsSharedWithIt) {
  start_two();
  set_up(kKey);
  const LspKey half = lsp_key(kA, kB, 2);
  a().engine().set_path(half, kB, path(half, kA), now());
  a().engine().remove_neighbor(kB, now());
  b().engine().remove_neighbor(kA, now());
  a().pump();
  b().pump();
  EXPECT_EQ(a().count<ResvGone>(), 2u);
  EXPECT_EQ(b().count<PathGone>(), 1u);
  EXPECT_EQ(b().all<PathGone>()[0].why, Gone::NeighborRemoved);
  EXPECT_EQ(a().engine().snapshot().lsps, 0u);
  EXPECT_EQ(a().engine().snapshot().neighbors.size(), 0u);
}

TEST_F(StateTest, ANeighborThatFloodsReachesItsLimitAndNoOther) {
  Config c = config(kB, {kA, kC});
  c.limits.states_per_neighbor = 10;
  start(config(kA, {kB}));
  start(c);
  Node& third = start(config(kC, {kB}));
  run(1s);
  for (std::uint16_t i = 1; i <= 50; ++i) {
    a().engine().set_path(lsp_key(kA, kB, i), kB, path(lsp_key(kA, kB, i), kA), now());
  }
  third.engine().set_path(lsp_key(kC, kB, 1), kB, path(lsp_key(kC, kB, 1), kC), now());
  a().pump();
  third.pump();
  run(1s);
  EXPECT_EQ(b().neighbor(kA).paths_received, 10u);
  EXPECT_EQ(b().neighbor(kC).paths_received, 1u);
  EXPECT_GE(a().count<PathErrReceived>(), 40u);
}

}  // namespace
}  // namespace forces::signaling::engine
