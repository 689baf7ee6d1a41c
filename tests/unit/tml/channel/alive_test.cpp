// Liveness: heartbeats, round trips, silence (row 14); joins and leaves (row 19).
#include "tests/unit/tml/channel/fixture.hpp"

namespace forces::tml {
namespace {

using TmlChannelFsmAlive = TmlChannel;
using TmlChannelFsmGroups = TmlChannel;

// ---- heartbeats ----

TEST_F(TmlChannelFsmAlive, AHeartbeatLeavesOnlyWhenNothingElseDid) {
  ChannelFsm fsm = server_up();
  for (Duration t = 500ms; t < 4500ms; t += 500ms) {
    fsm.on_sent(at(t));
    fsm.on_received(at(t));
    fsm.on_timer(at(t));
    EXPECT_THAT(trail(fsm), IsEmpty()) << t.count();
  }
  EXPECT_EQ(fsm.next_deadline(), at(5s));  // the fifth, for the round trip
}

TEST_F(TmlChannelFsmAlive, AQuietEndSendsAHeartbeatEachInterval) {
  ChannelFsm fsm = server_up();
  EXPECT_THAT(run(fsm, 1900ms), ElementsAre("1000 send Heartbeat seq=1 reply? at=1001000000000"));
  fsm.on_received(at(1900ms));
  EXPECT_THAT(run(fsm, 2500ms), ElementsAre("2000 send Heartbeat seq=2 reply? at=1002000000000"));
}

TEST_F(TmlChannelFsmAlive, ABusyEndStillMeasuresTheRoundTrip) {
  ChannelFsm fsm = server_up();
  fsm.on_sent(at(4900ms));
  fsm.on_received(at(4900ms));
  fsm.on_timer(at(5s));
  EXPECT_THAT(trail(fsm), ElementsAre("send Heartbeat seq=1 reply? at=1005000000000"));
}

TEST_F(TmlChannelFsmAlive, ATimerThatFiresEarlyChangesNothing) {
  ChannelFsm fsm = server_up();
  fsm.on_timer(at(999ms));
  EXPECT_THAT(trail(fsm), IsEmpty());
  EXPECT_EQ(fsm.next_deadline(), at(1s));
}

TEST_F(TmlChannelFsmAlive, AReplyEchoesSequenceAndStampAndIsWantedFromNobody) {
  ChannelFsm fsm = client_up();
  Message m = heartbeat();
  m.hb_flags = kHbReplyWanted;
  m.hb_sequence = 40;
  m.timestamp = 0xffffffffffffffff;  // opaque to us
  fsm.on_message(m, at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("send Heartbeat seq=40 reply at=18446744073709551615"));
  fsm.on_message(heartbeat(), at(1s));
  EXPECT_THAT(trail(fsm), IsEmpty());
}

TEST_F(TmlChannelFsmAlive, AHeartbeatThatIsBothReplyAndRequestIsOnlyAnswered) {
  ChannelFsm fsm = client_up();
  Message m = heartbeat();
  m.hb_flags = kHbReplyWanted | kHbReply;
  m.timestamp = 5;
  fsm.on_message(m, at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("send Heartbeat reply at=5"));
}

TEST_F(TmlChannelFsmAlive, AReplyMeasuresTheRoundTrip) {
  ChannelFsm fsm = server_up();
  Message m = heartbeat();
  m.hb_flags = kHbReply;
  m.timestamp = static_cast<std::uint64_t>(at(1s).time_since_epoch().count());
  fsm.on_message(m, at(1007ms));
  EXPECT_THAT(trail(fsm), ElementsAre("round trip 7000000 ns"));
}

TEST_F(TmlChannelFsmAlive, AStampWeNeverSentIsNoMeasurement) {
  ChannelFsm fsm = server_up();
  const auto now = static_cast<std::uint64_t>(at(1s).time_since_epoch().count());
  const auto created = static_cast<std::uint64_t>(at(0s).time_since_epoch().count());
  for (const std::uint64_t stamp : {std::uint64_t{0}, created - 1, now + 1, ~std::uint64_t{0},
                                    std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1}) {
    Message m = heartbeat();
    m.hb_flags = kHbReply;
    m.timestamp = stamp;
    fsm.on_message(m, at(1s));
    EXPECT_THAT(trail(fsm), IsEmpty()) << stamp;
  }
  Message bare = heartbeat();
  bare.hb_flags = kHbReply;
  fsm.on_message(bare, at(1s));
  EXPECT_THAT(trail(fsm), IsEmpty());
}

TEST_F(TmlChannelFsmAlive, AHeartbeatOfZeroTurnsItOff) {
  ChannelConfig c = config(true);
  c.heartbeat = c.dead = 0s;
  ChannelFsm fsm = server_up(c);
  EXPECT_EQ(fsm.next_deadline(), std::nullopt);
  fsm.on_timer(at(1000s));
  EXPECT_THAT(trail(fsm), IsEmpty());
}

// ---- silence ----

TEST_F(TmlChannelFsmAlive, SilenceIsReportedAtHalfAndEndsTheChannelAtTheDeadInterval) {
  ChannelFsm fsm = server_up();
  EXPECT_THAT(
      run(fsm, 60s),
      ElementsAre(
          "1000 send Heartbeat seq=1 reply? at=1001000000000", "2000 heartbeat lost",
          "2000 send Heartbeat seq=2 reply? at=1002000000000",
          "3000 send Heartbeat seq=3 reply? at=1003000000000",
          "4000 send ChannelClose reason=dead_peer 'nothing heard within the dead interval'",
          "4000 disconnect dead_peer flush 'nothing heard within the dead interval'"));
  EXPECT_EQ(fsm.state(), ChannelState::Closed);
}

TEST_F(TmlChannelFsmAlive, AnyOctetIsLife) {
  ChannelFsm fsm = server_up();
  EXPECT_THAT(run(fsm, 3900ms), testing::Contains("2000 heartbeat lost"));
  fsm.on_received(at(3900ms));
  EXPECT_THAT(trail(fsm), ElementsAre("heartbeat restored"));
  fsm.on_received(at(3950ms));
  EXPECT_THAT(trail(fsm), IsEmpty());
  EXPECT_THAT(run(fsm, 6s), testing::Contains("5950 heartbeat lost"));
  EXPECT_THAT(run(fsm, 8s), testing::Contains(testing::StartsWith("7950 disconnect dead_peer")));
}

TEST_F(TmlChannelFsmAlive, AMessageIsLifeToo) {
  ChannelFsm fsm = server_up();
  (void)run(fsm, 3900ms);
  fsm.on_message(Message{.type = MsgType{50}}, at(3900ms));  // of a private type
  EXPECT_THAT(trail(fsm), ElementsAre("heartbeat restored", "unexpected Unknown"));
}

TEST_F(TmlChannelFsmAlive, OurOwnLagIsNotThePeersSilence) {
  ChannelFsm fsm = server_up();
  fsm.on_timer(at(30s));  // due at 1 s: this process slept 29 s
  EXPECT_THAT(trail(fsm), ElementsAre(testing::StartsWith("send Heartbeat")));
  EXPECT_EQ(fsm.state(), ChannelState::Up);
  // 1 s of silence was the peer's; the rest of the dead interval runs from now.
  EXPECT_THAT(run(fsm, 32s), testing::Contains("31000 heartbeat lost"));
  EXPECT_THAT(run(fsm, 40s), testing::Contains(testing::StartsWith("33000 disconnect dead_peer")));
}

TEST_F(TmlChannelFsmAlive, AnOrdinaryDelayOfTheTimerIsNoExcuse) {
  ChannelFsm fsm = server_up();
  while (fsm.state() == ChannelState::Up && *fsm.next_deadline() < at(10s))
    fsm.on_timer(*fsm.next_deadline() + 50ms);
  EXPECT_THAT(trail(fsm), testing::Contains(testing::StartsWith("disconnect dead_peer")));
  ChannelFsm tolerant(config(true), at(0s), 10s);  // the owner knows its clock
  tolerant.on_connected(at(0s));
  tolerant.on_message(heartbeat(), at(0s));
  tolerant.accept(at(0s), std::nullopt);
  tolerant.on_timer(at(5s));
  EXPECT_EQ(tolerant.state(), ChannelState::Closed);
}

TEST_F(TmlChannelFsmAlive, AReaderHeldBackByItsOwnPlSaysNothingAboutThePeer) {
  ChannelFsm fsm = server_up();
  fsm.set_throttled(true, at(1s));
  const Trail held = run(fsm, 60s);
  EXPECT_EQ(fsm.state(), ChannelState::Up);
  EXPECT_THAT(held, testing::Each(testing::HasSubstr("send Heartbeat")));  // still says it lives
  EXPECT_EQ(held.size(), 60U);
  fsm.set_throttled(false, at(60s));  // and only now does the silence begin
  EXPECT_THAT(run(fsm, 63s), testing::Contains("62000 heartbeat lost"));
  EXPECT_THAT(run(fsm, 70s), testing::Contains(testing::StartsWith("64000 disconnect dead_peer")));
}

TEST_F(TmlChannelFsmAlive, ADrainingChannelIsStillWatched) {
  ChannelFsm fsm = server_up();
  fsm.close(ReasonCode::Admin, 60s, at(0s));
  EXPECT_THAT(run(fsm, 60s), testing::Contains(testing::StartsWith("4000 disconnect dead_peer")));
}

// ---- groups ----

TEST_F(TmlChannelFsmGroups, AnFeAsksAndHearsTheAnswer) {
  ChannelFsm fsm = client_up();
  fsm.join(0xc0000001, 7);
  fsm.leave(0xc0000002, 8);
  EXPECT_THAT(trail(fsm), ElementsAre("send JoinRequest group=3221225473 req=7",
                                      "send LeaveRequest group=3221225474 req=8"));
  Message m = group_message(MsgType::JoinResponse, 0xc0000001, 7);
  m.status = 1;
  fsm.on_message(m, at(1s));
  fsm.on_message(group_message(MsgType::LeaveResponse, 0xc0000002, 8), at(1s));
  EXPECT_THAT(trail(fsm),
              ElementsAre("joined 3221225473 req=7 status=1", "left 3221225474 req=8 status=0"));
}

TEST_F(TmlChannelFsmGroups, ACeIsAskedAndAnswers) {
  ChannelFsm fsm = server_up();
  fsm.on_message(group_message(MsgType::JoinRequest, 0xc0000001, 7), at(1s));
  fsm.on_message(group_message(MsgType::LeaveRequest, 0xc0000001, 8), at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("join? 3221225473 req=7", "leave? 3221225473 req=8"));
  fsm.answer(MsgType::JoinResponse, 0xc0000001, 7, 0);
  fsm.answer(MsgType::LeaveResponse, 0xc0000001, 8, 3);
  EXPECT_THAT(trail(fsm), ElementsAre("send JoinResponse group=3221225473 req=7 status=0",
                                      "send LeaveResponse group=3221225473 req=8 status=3"));
}

TEST_F(TmlChannelFsmGroups, ARequestWithoutRequestIdIsAnsweredAsZero) {
  ChannelFsm fsm = server_up();
  Message m{.type = MsgType::JoinRequest};
  m.group_id = 5;  // whether it is a multicast ID is the owner's to judge
  fsm.on_message(m, at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("join? 5 req=0"));
}

TEST_F(TmlChannelFsmGroups, WhatTheOtherRoleSaysIsCountedAndSkipped) {
  ChannelFsm ce = server_up(), fe = client_up();
  for (const MsgType type : {MsgType::JoinResponse, MsgType::LeaveResponse})
    ce.on_message(group_message(type, 0xc0000001, 1), at(1s));
  EXPECT_THAT(trail(ce), ElementsAre("unexpected JoinResponse", "unexpected LeaveResponse"));
  for (const MsgType type : {MsgType::JoinRequest, MsgType::LeaveRequest})
    fe.on_message(group_message(type, 0xc0000001, 1), at(1s));
  EXPECT_THAT(trail(fe), ElementsAre("unexpected JoinRequest", "unexpected LeaveRequest"));
}

TEST_F(TmlChannelFsmGroups, WithoutAGroupOrOnADataChannelItIsUnexpected) {
  ChannelFsm ce = server_up(), fe = client_up();
  ce.on_message(message(MsgType::JoinRequest), at(1s));
  EXPECT_THAT(trail(ce), ElementsAre("unexpected JoinRequest"));
  fe.on_message(message(MsgType::LeaveResponse), at(1s));
  EXPECT_THAT(trail(fe), ElementsAre("unexpected LeaveResponse"));
  ChannelConfig c = config(true);
  c.channel_type = kChannelData;
  ChannelFsm data = server_up(c);
  data.on_message(group_message(MsgType::JoinRequest, 0xc0000001, 1), at(1s));
  EXPECT_THAT(trail(data), ElementsAre("unexpected JoinRequest"));
}

TEST_F(TmlChannelFsmGroups, AnAnswerBeforeTheChannelIsUpIsUnexpected) {
  ChannelFsm fe(config(false), at(0s));
  fe.on_connected(at(0s));
  (void)trail(fe);
  fe.on_message(group_message(MsgType::JoinResponse, 0xc0000001, 1), at(1s));
  fe.on_message(group_message(MsgType::LeaveResponse, 0xc0000001, 1), at(1s));
  EXPECT_THAT(trail(fe), ElementsAre("unexpected JoinResponse", "unexpected LeaveResponse"));
  EXPECT_EQ(fe.state(), ChannelState::Hello);
}

TEST_F(TmlChannelFsmGroups, ACeThatDrainsTakesNoNewMembers) {
  ChannelFsm ce = server_up();
  ce.close(ReasonCode::Admin, 10s, at(1s));
  ce.on_message(group_message(MsgType::JoinRequest, 0xc0000001, 1), at(1s));
  EXPECT_THAT(trail(ce), ElementsAre("unexpected JoinRequest"));
}

}  // namespace
}  // namespace forces::tml
