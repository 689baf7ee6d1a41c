// RFC 2961: reliable delivery, Bundles, summary refreshes; RFC 3473 section 4.3: Notify.
#include "tests/unit/ce/signaling/rsvp/fixture.hpp"

namespace forces::signaling::engine {
namespace {

using namespace test_support;
using DeliveryTest = Engines;

constexpr LspKey kKey = lsp_key(kA, kB, 1);

bool is_hello(const Send& send) {
  const auto messages = messages_in(send.octets);
  return messages.at(0).type == MessageType::Hello;
}

TEST_F(DeliveryTest, Rfc2961Section63BacksOffAndGivesUpAfterRl) {
  start_two();
  net.filter = [](NodeId from, const Send& send) { return from != kA || is_hello(send); };
  const Instant begin = now();
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  run(9s);
  std::vector<Duration> times;
  std::vector<std::uint32_t> ids;
  for (const Packet& packet : net.sent) {
    if (packet.from != kA || is_hello(packet.send)) continue;
    const auto message = messages_in(packet.send.octets).at(0);
    if (message.type != MessageType::Path) continue;
    times.push_back(packet.at - begin);
    ids.push_back(message.find<rsvp::MessageId>()->id);
    EXPECT_EQ(message.find<rsvp::MessageId>()->flags, rsvp::MessageId::kAckDesired);
  }
  // 0, Rf, Rf + 2 Rf
  EXPECT_EQ(times, (std::vector<Duration>{0s, 500ms, 1500ms}));
  EXPECT_EQ(ids, std::vector<std::uint32_t>(3, ids.at(0)));
  EXPECT_EQ(a().neighbor(kB).unacknowledged, 0u);
  EXPECT_EQ(a().neighbor(kB).counters.unacknowledged, 1u);
  // Section 5.4: the Srefresh names it, the NACK fetches it.
  net.filter = nullptr;
  run(12s);
  EXPECT_EQ(b().count<PathReceived>(), 1u);
  EXPECT_EQ(b().neighbor(kA).counters.nacks_sent, 1u);
}

TEST_F(DeliveryTest, Rfc2961Section46AnAckStopsRetransmissionAndIsNotDelayedLong) {
  start_two();
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  run(100ms);
  EXPECT_EQ(a().neighbor(kB).unacknowledged, 0u);
  ASSERT_EQ(sent(kB, MessageType::Ack).size(), 1u);
  EXPECT_EQ(sent(kA, MessageType::Path).size(), 1u);
  for (const Packet& packet : net.sent) {
    if (packet.from == kB && messages_in(packet.send.octets)[0].type == MessageType::Ack) {
      EXPECT_LE(packet.at - now() + 100ms, 25ms);
    }
  }
}

TEST_F(DeliveryTest, Rfc2961Section46AcksRideOnWhatLeavesAnyhow) {
  start_two();
  b().owner = [](Node& node, const Output& event) {
    if (const auto* const p = std::get_if<PathReceived>(&event)) {
      node.engine().set_resv(p->key, resv(p->key, kA, 1), Instant{});
    }
  };
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  run(10ms);
  const auto resvs = sent(kB, MessageType::Resv);
  ASSERT_EQ(resvs.size(), 1u);
  ASSERT_NE(resvs[0].find<rsvp::MessageIdAck>(), nullptr);
  EXPECT_TRUE(sent(kB, MessageType::Ack).empty());
  // Section 4.1: ACKs in front of the MESSAGE_ID, both in front of all else.
  EXPECT_TRUE(std::holds_alternative<rsvp::MessageIdAck>(resvs[0].objects[0]));
  EXPECT_TRUE(std::holds_alternative<rsvp::MessageId>(resvs[0].objects[1]));
}

TEST_F(DeliveryTest, Rfc2961Section45ATriggerHasAGreaterIdentifier) {
  start_two();
  set_up(kKey);
  auto other = path(kKey, kA);
  other.objects.emplace_back(rsvp::AdminStatus{1});
  a().engine().set_path(kKey, kB, other, now());
  a().pump();
  const auto paths = sent(kA, MessageType::Path);
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_GT(paths[1].find<rsvp::MessageId>()->id, paths[0].find<rsvp::MessageId>()->id);
  EXPECT_EQ(paths[1].find<rsvp::MessageId>()->epoch, paths[0].find<rsvp::MessageId>()->epoch);
}

TEST_F(DeliveryTest, Rfc2961Section45WhatWasOvertakenIsDropped) {
  start_two();
  set_up(kKey);
  auto old = sent(kA, MessageType::Path).at(0);
  auto other = path(kKey, kA);
  other.objects.emplace_back(rsvp::AdminStatus{1});
  a().engine().set_path(kKey, kB, other, now());
  a().pump();
  run(100ms);
  forget();
  inject(kA, kB, old);
  EXPECT_EQ(b().count<PathReceived>(), 0u);
  EXPECT_EQ(drops(b(), kA, Drop::OutOfOrder), 1u);
}

TEST_F(DeliveryTest, Rfc2961Section45APathBehindItsPathTearDoesNotComeBack) {
  start_two();
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  const auto late = sent(kA, MessageType::Path).at(0);
  a().engine().tear_path(kKey, now());
  a().pump();
  run(100ms);
  const auto known = b().count<PathReceived>();
  inject(kA, kB, late);
  run(100ms);
  EXPECT_EQ(b().count<PathReceived>(), known);
  EXPECT_EQ(b().engine().snapshot().lsps, 0u);
  // A new one of the same name is something else.
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  run(100ms);
  EXPECT_EQ(b().engine().snapshot().lsps, 1u);
}

TEST_F(DeliveryTest, Rfc2961Section45AResvBehindItsResvTearDoesNotComeBack) {
  start_two();
  set_up(kKey);
  const auto late = sent(kB, MessageType::Resv).at(0);
  b().engine().tear_resv(kKey, now());
  b().pump();
  run(100ms);
  forget();
  inject(kB, kA, late);
  EXPECT_EQ(a().count<ResvReceived>(), 0u);
  EXPECT_EQ(drops(a(), kB, Drop::OutOfOrder), 1u);
}

// Seed 21 of the stitched storm: a Path that came twice was refused twice, and the second refusal
// came behind the Resv of the Path that was sent on the first.
TEST_F(DeliveryTest, Rfc2961Section45APathErrBehindTheResvOfTheNextPathEndsNothing) {
  start_two();
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  run(50ms);
  const auto error = path_err(kKey, {rsvp::ErrorCode::RoutingProblem, rsvp::routing::kRerouteLimit},
                              rsvp::ErrorSpec::kPathStateRemoved);
  b().engine().send_path_err(kKey, error, now());
  b().pump();
  run(50ms);
  auto late = sent(kB, MessageType::PathErr).at(0);
  ASSERT_EQ(a().count<PathErrReceived>(), 1u);
  set_up(kKey);
  forget();
  --late.find<rsvp::MessageId>()->id;  // another one of that time
  inject(kB, kA, late);
  EXPECT_EQ(a().count<PathErrReceived>(), 0u);
  EXPECT_EQ(drops(a(), kB, Drop::OutOfOrder), 1u);
  EXPECT_EQ(a().engine().snapshot().lsps, 1u);
}

TEST_F(DeliveryTest, ATearIsSaidUntilItIsHeard) {  // or R1 would keep the state for ever
  start_two();
  set_up(kKey);
  net.filter = [](NodeId, const Send& send) { return is_hello(send); };
  a().engine().tear_path(kKey, now());
  a().pump();
  run(1min);
  EXPECT_EQ(b().engine().snapshot().lsps, 1u);
  net.filter = nullptr;
  run(11s);
  EXPECT_EQ(b().engine().snapshot().lsps, 0u);
  EXPECT_EQ(b().count<PathGone>(), 1u);
  EXPECT_EQ(a().neighbor(kB).unacknowledged, 0u);
}

TEST_F(DeliveryTest, WhoOwesATearIsToldWhenItWasHeard) {
  start_two();
  set_up(kKey);
  net.filter = [](NodeId from, const Send&) { return from == kA; };  // no ACK comes back
  EXPECT_EQ(a().engine().tear_path(kKey, now()), Status::Done);
  a().pump();
  run(100ms);
  EXPECT_EQ(a().count<TearDelivered>(), 0u);
  net.filter = nullptr;
  run(10s);
  ASSERT_EQ(a().count<TearDelivered>(), 1u);
  EXPECT_EQ(a().all<TearDelivered>()[0].key, kKey);
  EXPECT_EQ(a().all<TearDelivered>()[0].to, kB);
  // What is set up again takes the tear back.
  forget();
  set_up(kKey);
  net.filter = [](NodeId from, const Send&) { return from == kA; };
  EXPECT_EQ(a().engine().tear_path(kKey, now()), Status::Done);
  EXPECT_EQ(a().engine().set_path(kKey, kB, path(kKey, kA), now()), Status::Done);
  a().pump();
  net.filter = nullptr;
  run(10s);
  EXPECT_EQ(a().count<TearDelivered>(), 0u);
  // Who is removed hears of nothing any more.
  net.filter = [](NodeId from, const Send&) { return from == kA; };
  EXPECT_EQ(a().engine().tear_path(kKey, now()), Status::Done);
  a().engine().remove_neighbor(kB, now());
  a().pump();
  EXPECT_EQ(a().count<TearDelivered>(), 1u);
}

TEST_F(DeliveryTest, ATearOfWhatIsNotHereIsSaidToTheOwner) {  // its journal may know it
  start_two();
  rsvp::Message tear{.type = MessageType::PathTear};
  tear.objects.emplace_back(session(kKey));
  tear.objects.emplace_back(hop(kA, 1));
  tear.objects.emplace_back(rsvp::SenderTemplate{rsvp::Address::v4(kA.value), kKey.lsp_id});
  EXPECT_EQ(a().engine().tear_path(kKey, kB, tear, now()), Status::Done);
  a().pump();
  run(1s);
  ASSERT_EQ(b().count<PathGone>(), 1u);
  EXPECT_EQ(b().all<PathGone>()[0].key, kKey);
  EXPECT_EQ(b().all<PathGone>()[0].from, kA);
  EXPECT_EQ(a().count<TearDelivered>(), 1u);
}

TEST_F(DeliveryTest, ATearToANeighborThatIsLostWaitsForIt) {
  start_two();
  set_up(kKey);
  net.cut(kA, kB);
  run(1s);
  a().engine().tear_path(kKey, now());
  a().pump();
  forget();
  run(1h);
  EXPECT_TRUE(sent(kA, MessageType::PathTear).empty());
  net.mend(kA, kB);
  run(1s);
  EXPECT_EQ(b().count<PathGone>(), 1u);
}

TEST_F(DeliveryTest, WhatIsSetUpAgainIsNotTornByWhatWasSaidBefore) {
  start_two();
  set_up(kKey);
  net.filter = [](NodeId, const Send& send) { return is_hello(send); };
  a().engine().tear_path(kKey, now());
  a().pump();
  run(1min);
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  net.filter = nullptr;
  run(1min);
  EXPECT_NE(b().engine().received_path(kKey), nullptr);
  EXPECT_EQ(a().neighbor(kB).unacknowledged, 0u);
}

TEST_F(DeliveryTest, Rfc2961Section3MessagesOfOneStepLeaveInOneBundle) {
  start_two();
  for (std::uint16_t i = 1; i <= 3; ++i) {
    a().engine().set_path(lsp_key(kA, kB, i), kB, path(lsp_key(kA, kB, i), kA), now());
  }
  a().pump();
  ASSERT_EQ(net.sent.size(), 1u);
  EXPECT_EQ(messages_in(net.sent[0].send.octets).size(), 3u);
  run(100ms);
  EXPECT_EQ(b().count<PathReceived>(), 3u);
  EXPECT_EQ(b().neighbor(kA).counters.bundles_received, 1u);
}

TEST_F(DeliveryTest, Rfc2961Section33ABundleIsNotLongerThanItsLimit) {
  start_two();
  for (std::uint16_t i = 1; i <= 100; ++i) {
    a().engine().set_path(lsp_key(kA, kB, i), kB, path(lsp_key(kA, kB, i), kA), now());
  }
  a().pump();
  EXPECT_GT(net.sent.size(), 5u);
  for (const Packet& packet : net.sent) EXPECT_LE(packet.send.octets.size(), 1'400u);
  run(1s);
  EXPECT_EQ(b().count<PathReceived>(), 100u);
}

TEST_F(DeliveryTest, Rfc2961Section5OneSrefreshRefreshesAll) {
  start_two();
  for (std::uint16_t i = 1; i <= 100; ++i) set_up(lsp_key(kA, kB, i));
  run(1s);
  forget();
  run(1min);
  EXPECT_TRUE(sent(kA, MessageType::Path).empty());
  EXPECT_TRUE(sent(kB, MessageType::Resv).empty());
  const auto lists = sent(kA, MessageType::Srefresh);
  ASSERT_GE(lists.size(), 6u);
  EXPECT_LE(lists.size(), 8u);
  EXPECT_EQ(lists[0].find<rsvp::MessageIdList>()->ids.size(), 100u);
  EXPECT_EQ(b().count<PathGone>() + b().count<Unsynchronized>(), 0u);
}

TEST_F(DeliveryTest, Rfc2961Section54ANackFetchesTheState) {
  start_two();
  set_up(kKey);
  const auto id = sent(kA, MessageType::Path).at(0).find<rsvp::MessageId>()->id;
  const auto epoch = sent(kA, MessageType::Path).at(0).find<rsvp::MessageId>()->epoch;
  forget();
  rsvp::Message nack{.type = MessageType::Ack, .flags = 1};
  nack.objects.emplace_back(rsvp::MessageIdAck{.nack = true, .epoch = epoch, .id = id});
  inject(kB, kA, nack);
  ASSERT_EQ(sent(kA, MessageType::Path).size(), 1u);
  EXPECT_EQ(sent(kA, MessageType::Path)[0].find<rsvp::MessageId>()->id, id);
}

TEST_F(DeliveryTest, Rfc2961Section2WithoutTheBitStatesAreRefreshedOneByOne) {
  Config c = config(kB, {});
  c.neighbors.push_back({.node = kA, .refresh_reduction = RefreshReduction::Never});
  start(config(kA, {kB}));
  start(c);
  run(1s);
  EXPECT_FALSE(a().neighbor(kB).refresh_reduction);
  set_up(kKey);
  set_up(lsp_key(kA, kB, 2));
  forget();
  run(5min);
  EXPECT_TRUE(sent(kA, MessageType::Srefresh).empty());
  const auto paths = sent(kA, MessageType::Path);
  EXPECT_GE(paths.size(), 50u);  // two LSPs, every 10 s on average
  EXPECT_LE(paths.size(), 72u);
  for (const auto& m : paths) EXPECT_EQ(m.find<rsvp::MessageId>(), nullptr);
  for (const Packet& packet : net.sent) EXPECT_EQ(messages_in(packet.send.octets).size(), 1u);
  EXPECT_EQ(b().count<PathReceived>(), 0u);  // refreshes of what is known
  EXPECT_EQ(b().count<Unsynchronized>() + a().count<Unsynchronized>(), 0u);
}

TEST_F(DeliveryTest, Rfc2961Section2ANeighborThatClearsTheBitGetsPlainRefreshes) {
  start_two();
  set_up(kKey);
  b().engine().set_neighbor({.node = kA, .refresh_reduction = RefreshReduction::Never}, now());
  b().pump();
  run(1s);
  forget();
  run(1min);
  EXPECT_TRUE(sent(kA, MessageType::Srefresh).empty());
  EXPECT_GE(sent(kA, MessageType::Path).size(), 4u);
}

TEST_F(DeliveryTest, Rfc2961Section48ANodeWithoutMessageIdGetsItAgainWithout) {
  start(config(kA, {kB}));
  net.add(config(kB, {kA}));  // not a node of ours: it is spoken for
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  ASSERT_NE(sent(kA, MessageType::Path).at(0).find<rsvp::MessageId>(), nullptr);
  forget();
  inject(kB, kA, path_err(kKey, {rsvp::ErrorCode::UnknownClass, 0x1701}));
  const auto again = sent(kA, MessageType::Path);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].find<rsvp::MessageId>(), nullptr);
  EXPECT_EQ(a().count<PathErrReceived>(), 0u);
}

TEST_F(DeliveryTest, Rfc3473Section43NotifyIsDeliveredOnceAndSaidToBe) {
  start_two();
  net.weather.twice = 1'000;
  const auto ticket = a().engine().notify(kB, notify_message(kKey), now());
  EXPECT_NE(ticket, 0u);
  a().pump();
  run(100ms);
  ASSERT_EQ(b().count<NotifyReceived>(), 1u);
  EXPECT_EQ(b().all<NotifyReceived>()[0].from, kA);
  EXPECT_EQ(b().all<NotifyReceived>()[0].message->find<rsvp::MessageId>(), nullptr);
  ASSERT_EQ(a().count<NotifyDelivered>(), 1u);
  EXPECT_EQ(a().all<NotifyDelivered>()[0].ticket, ticket);
}

TEST_F(DeliveryTest, Rfc4974Section6ANotifyThatNobodyAcknowledgesFailsAfterThreeSends) {  // T17
  start_two();
  const auto ticket = a().engine().notify(kC, notify_message(kKey), now());
  a().pump();
  run(3400ms);
  EXPECT_EQ(a().count<NotifyFailed>(), 0u);
  run(200ms);
  ASSERT_EQ(a().count<NotifyFailed>(), 1u);
  EXPECT_EQ(a().all<NotifyFailed>()[0].ticket, ticket);
  EXPECT_EQ(sent(kA, MessageType::Notify).size(), 3u);
}

TEST_F(DeliveryTest, Rfc2961Section3WhoIsNoNeighborGetsNoBundle) {
  start(config(kA, {kB}));
  start(config(kB, {kA, kC}));
  Node& c = start(config(kC, {kB}));
  net.routes[{kA, kC}] = kB;
  net.routes[{kC, kA}] = kB;
  run(1s);
  EXPECT_NE(a().engine().notify(kC, notify_message(kKey), now()), 0u);
  a().pump();
  run(1s);
  ASSERT_EQ(a().count<NotifyDelivered>(), 1u);  // A knows that C knows Bundles
  c.stop();
  run(1s);
  c.start(true);  // and knows A no more
  run(1s);
  forget();
  EXPECT_NE(a().engine().notify(kC, notify_message(kKey), now()), 0u);
  EXPECT_NE(a().engine().notify(kC, notify_message(lsp_key(kA, kB, 9)), now()), 0u);
  a().pump();
  run(1s);
  EXPECT_EQ(c.count<NotifyReceived>(), 2u);
  EXPECT_EQ(a().count<NotifyDelivered>(), 2u);
}

TEST_F(DeliveryTest, ANotifyOfAnLspTakesThePlaceOfTheOneBefore) {
  start_two();
  const auto news = [&](const LspKey& key, std::uint16_t value) {
    rsvp::Message message = notify_message(key);
    message.find<rsvp::ErrorSpec>()->error = {rsvp::ErrorCode::Notify, value};
    message.find<rsvp::AdminStatus>()->bits = 0;
    return a().engine().notify(kC, message, now());
  };
  const LspKey other = lsp_key(kA, kB, 9);
  EXPECT_NE(news(kKey, rsvp::notify::kLspFailure), 0u);
  const auto second = news(other, rsvp::notify::kLspFailure);
  const auto last = news(kKey, rsvp::notify::kLspRecovered);
  a().pump();
  forget();
  run(10s);
  EXPECT_EQ(a().count<NotifyFailed>(), 2u);
  for (const auto& failed : a().all<NotifyFailed>()) {
    EXPECT_TRUE(failed.ticket == second || failed.ticket == last);
  }
  for (const auto& again : sent(kA, MessageType::Notify)) {
    const bool failure = again.find<rsvp::ErrorSpec>()->error.value == rsvp::notify::kLspFailure;
    EXPECT_EQ(failure, again.find<rsvp::Session>()->tunnel_id == 9);
  }
  // Calls have an order of their own: nothing of theirs is dropped.
  forget();
  EXPECT_NE(a().engine().notify(kC, notify_message(kKey), now()), 0u);
  EXPECT_NE(a().engine().notify(kC, notify_message(kKey), now()), 0u);
  a().pump();
  run(10s);
  EXPECT_EQ(a().count<NotifyFailed>(), 2u);
}

TEST_F(DeliveryTest, Rfc3473Section43ANotifyForOthersGoesOnUnmodified) {  // T16
  start(config(kA, {kB}));
  start(config(kB, {kA, kC}));
  Node& c = start(config(kC, {kB}));
  net.routes[{kA, kC}] = kB;
  net.routes[{kC, kA}] = kB;
  run(1s);
  forget();
  const auto ticket = a().engine().notify(kC, notify_message(kKey), now());
  EXPECT_NE(ticket, 0u);
  a().pump();
  run(100ms);
  ASSERT_GE(b().count<Forward>(), 2u);  // the Notify, and its Ack
  const auto forward = b().all<Forward>()[0];
  const auto original = std::ranges::find_if(
      net.sent, [](const Packet& p) { return p.from == kA && p.send.destination == kC.value; });
  EXPECT_EQ(forward.octets, original->send.octets);
  EXPECT_EQ(forward.ttl, original->send.ttl - 1);
  EXPECT_EQ(b().count<NotifyReceived>(), 0u);
  EXPECT_EQ(c.count<NotifyReceived>(), 1u);
  EXPECT_EQ(a().count<NotifyDelivered>(), 1u);
  EXPECT_TRUE(c.neighbor(kA).learned);
}

TEST_F(DeliveryTest, ThoseLearnedByNotifyAreNoNeighborsForLspsAndHaveALimit) {
  Config c = config(kB, {kA});
  c.limits.learned_neighbors = 5;
  start(config(kA, {kB}));
  start(c);
  run(1s);
  rsvp::Message m = notify_message(kKey);
  m.flags = 1;
  for (std::uint32_t i = 100; i < 200; ++i) {
    inject(node_id(i), kB, m);
    run(100ms);
  }
  EXPECT_EQ(b().engine().snapshot().neighbors.size(), 6u);
  EXPECT_EQ(b().count<NotifyReceived>(), 100u);
  rsvp::Message p = path(kKey, node_id(199));
  p.objects.insert(p.objects.begin() + 2, rsvp::TimeValues{});
  inject(node_id(199), kB, p);
  EXPECT_EQ(b().count<PathReceived>(), 0u);
  EXPECT_EQ(drops(b(), node_id(199), Drop::WrongType), 1u);
}

TEST_F(DeliveryTest, TooMuchUnacknowledgedIsRefused) {
  Config c = config(kA, {kB});
  c.limits.unacknowledged_per_neighbor = 3;
  start(c);
  std::uint16_t i = 0;
  for (; i < 3; ++i) {
    EXPECT_EQ(a().engine().set_path(lsp_key(kA, kB, i), kB, path(lsp_key(kA, kB, i), kA), now()),
              Status::Done);
  }
  EXPECT_EQ(a().engine().set_path(lsp_key(kA, kB, i), kB, path(lsp_key(kA, kB, i), kA), now()),
            Status::Limit);
  EXPECT_EQ(a().engine().notify(kB, notify_message(kKey), now()), 0u);
  EXPECT_EQ(a().engine().snapshot().lsps, 3u);
}

}  // namespace
}  // namespace forces::signaling::engine
