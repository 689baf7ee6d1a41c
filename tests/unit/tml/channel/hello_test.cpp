// First Heartbeats: who is this, which channel, which intervals (rows 4, 7, 8, 14).
#include "tests/unit/tml/channel/fixture.hpp"

namespace forces::tml {
namespace {

using TmlChannelFsmHello = TmlChannel;

Message full_hello(std::uint32_t id, std::uint32_t channel) {
  Message m{.type = MsgType::Heartbeat};
  m.pl_id = id;
  m.channel_type = channel;
  m.hb_interval_ms = 1000;
  m.dead_interval_ms = 4000;
  return m;
}

TEST_F(TmlChannelFsmHello, NothingHappensBeforeTheConnection) {
  for (const bool server : {false, true}) {
    ChannelFsm fsm(config(server), at(0s));
    fsm.on_message(heartbeat(), at(1s));
    fsm.on_early_pl(2, at(1s));
    fsm.on_received(at(1s));
    fsm.on_timer(at(100s));
    fsm.accept(at(1s), std::nullopt);
    fsm.await_pair(at(1s));
    fsm.on_drained(at(1s));
    fsm.join(0xc0000001, 1);
    EXPECT_THAT(trail(fsm), IsEmpty());
    EXPECT_EQ(fsm.state(), ChannelState::Idle);
    EXPECT_EQ(fsm.next_deadline(), std::nullopt);
  }
}

// ---- the FE's end ----

TEST_F(TmlChannelFsmHello, AnFeSaysFirstWhoItIs) {
  ChannelFsm fsm(config(false), at(0s));
  fsm.on_connected(at(0s));
  EXPECT_THAT(trail(fsm), ElementsAre("send Heartbeat pl=2 channel=1 peer=1073741825 hb=1000 "
                                      "dead=4000 seq=0 max=1000 cap=1"));
  EXPECT_EQ(fsm.state(), ChannelState::Hello);
  fsm.on_connected(at(1s));  // once is enough
  EXPECT_THAT(trail(fsm), IsEmpty());
}

TEST_F(TmlChannelFsmHello, AnFeShowsItsTokenOnTheDataChannel) {
  ChannelConfig c = config(false);
  c.channel_type = kChannelData;
  c.token = token_of(7);
  ChannelFsm fsm(c, at(0s));
  fsm.on_connected(at(0s));
  EXPECT_THAT(trail(fsm), ElementsAre("send Heartbeat pl=2 channel=2 peer=1073741825 hb=1000 "
                                      "dead=4000 seq=0 token=7 max=1000 cap=1"));
}

TEST_F(TmlChannelFsmHello, TheCesHeartbeatBringsAnFeUpAndTheToken) {
  ChannelFsm fsm(config(false), at(0s));
  fsm.on_connected(at(0s));
  (void)trail(fsm);
  Message m = full_hello(kCe, kChannelControl);
  m.pair_token = token_of(5);
  fsm.on_message(m, at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("up token=5"));
  EXPECT_EQ(fsm.state(), ChannelState::Up);
}

TEST_F(TmlChannelFsmHello, AnEmptyHeartbeatBringsAnFeUp) {
  ChannelFsm fsm(config(false), at(0s));
  fsm.on_connected(at(0s));
  (void)trail(fsm);
  fsm.on_message(heartbeat(), at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("up"));
}

TEST_F(TmlChannelFsmHello, APlMessageFromACeThatSendsNoHeartbeatBringsAnFeUp) {
  ChannelFsm fsm(config(false), at(0s));
  fsm.on_connected(at(0s));
  (void)trail(fsm);
  fsm.on_early_pl(kCe, at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("up"));
}

TEST_F(TmlChannelFsmHello, ACeThatSaysNothingIsTakenForADraftPeer) {
  ChannelFsm fsm(config(false), at(0s));
  fsm.on_connected(at(0s));
  (void)trail(fsm);
  fsm.on_timer(at(1999ms));
  EXPECT_THAT(trail(fsm), IsEmpty());
  EXPECT_EQ(fsm.next_deadline(), at(2s));
  fsm.on_timer(at(2s));
  EXPECT_THAT(trail(fsm), ElementsAre("up"));
}

TEST_F(TmlChannelFsmHello, AnotherCeThanTheOneMeantIsRefused) {
  ChannelFsm fsm(config(false), at(0s));
  fsm.on_connected(at(0s));
  (void)trail(fsm);
  fsm.on_message(full_hello(kCe + 1, kChannelControl), at(1s));
  EXPECT_THAT(
      trail(fsm),
      ElementsAre("send ChannelClose reason=auth 'the peer is another CE than the one meant'",
                  "disconnect auth flush 'the peer is another CE than the one meant'"));
}

// ---- the CE's end ----

TEST_F(TmlChannelFsmHello, ACeKeepsSilentUntilItKnowsWhoCame) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  EXPECT_THAT(trail(fsm), IsEmpty());
  Message m = full_hello(kFe, kChannelControl);
  m.pair_token = token_of(3);
  fsm.on_message(m, at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("hello pl=2 channel=1 token=3"));
  EXPECT_EQ(fsm.state(), ChannelState::Hello);
}

TEST_F(TmlChannelFsmHello, AcceptAnswersWithOurHeartbeatAndTheToken) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_message(full_hello(kFe, kChannelControl), at(1s));
  (void)trail(fsm);
  fsm.accept(at(1s), token_of(8));
  EXPECT_THAT(trail(fsm), ElementsAre("send Heartbeat pl=1073741825 channel=1 hb=1000 dead=4000 "
                                      "seq=0 token=8 max=1000 cap=1",
                                      "up token=8"));
  EXPECT_EQ(fsm.state(), ChannelState::Up);
  fsm.accept(at(2s), token_of(8));  // once is enough
  EXPECT_THAT(trail(fsm), IsEmpty());
}

TEST_F(TmlChannelFsmHello, AnFeWithoutTlvsIsReportedAsUnknown) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_message(heartbeat(), at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("hello pl=0 channel=0 unknown"));
}

TEST_F(TmlChannelFsmHello, AnFeWithoutHeartbeatIsKnownByItsFirstPlMessage) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_early_pl(77, at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("hello pl=77 channel=0 unknown"));
  fsm.accept(at(1s), std::nullopt);
  fsm.on_early_pl(77, at(2s));  // up: nothing to tell
  EXPECT_THAT(trail(fsm), ElementsAre(testing::StartsWith("send Heartbeat"), "up"));
}

TEST_F(TmlChannelFsmHello, RefusalIsAChannelCloseWithItsReason) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_message(heartbeat(), at(1s));
  (void)trail(fsm);
  fsm.refuse(ReasonCode::Auth, "not you", at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("send ChannelClose reason=auth 'not you'",
                                      "disconnect auth flush 'not you'"));
  EXPECT_EQ(fsm.state(), ChannelState::Closed);
  fsm.accept(at(1s), std::nullopt);  // too late
  EXPECT_THAT(trail(fsm), IsEmpty());
}

TEST_F(TmlChannelFsmHello, AConnectionThatSaysNothingIsClosedInTime) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_received(at(9s));  // octets that are no frame do not help
  EXPECT_THAT(run(fsm, 20s),
              ElementsAre("10000 send ChannelClose reason=protocol 'no first frame in time'",
                          "10000 disconnect protocol flush 'no first frame in time'"));
}

// ---- data before control (row 8) ----

TEST_F(TmlChannelFsmHello, AParkedConnectionWaitsForItsControlChannelAndNoLonger) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_message(full_hello(kFe, kChannelData), at(1s));
  (void)trail(fsm);
  fsm.await_pair(at(1s));
  EXPECT_EQ(fsm.state(), ChannelState::Pairing);
  fsm.on_message(full_hello(kFe, kChannelData), at(2s));  // says it again: nothing new
  EXPECT_THAT(trail(fsm), IsEmpty());
  EXPECT_THAT(
      run(fsm, 20s),
      ElementsAre(
          "6000 send ChannelClose reason=protocol 'no control channel for this data channel'",
          "6000 disconnect protocol flush 'no control channel for this data channel'"));
}

TEST_F(TmlChannelFsmHello, AParkedConnectionComesUpWhenItIsPaired) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_message(full_hello(kFe, kChannelData), at(1s));
  fsm.await_pair(at(1s));
  (void)trail(fsm);
  fsm.accept(at(3s), std::nullopt);
  EXPECT_THAT(trail(fsm), ElementsAre(testing::StartsWith("send Heartbeat pl=1073741825"), "up"));
  fsm.await_pair(at(4s));  // too late to wait
  EXPECT_EQ(fsm.state(), ChannelState::Up);
}

// ---- negotiation (row 14): the larger of both, and dead at least three heartbeats ----

struct Intervals {
  const char* name;
  std::optional<std::uint32_t> heartbeat, dead;  // the peer's, ms
  Duration want_heartbeat, want_dead;
};

class TmlChannelFsmNegotiation : public TmlChannel,
                                 public testing::WithParamInterface<Intervals> {};

TEST_P(TmlChannelFsmNegotiation, BothEndsTakeTheLarger) {
  Message m{.type = MsgType::Heartbeat};
  m.hb_interval_ms = GetParam().heartbeat;
  m.dead_interval_ms = GetParam().dead;
  for (const bool server : {false, true}) {
    ChannelFsm fsm(config(server), at(0s));
    fsm.on_connected(at(0s));
    fsm.on_message(m, at(0s));
    if (server) fsm.accept(at(0s), std::nullopt);
    EXPECT_EQ(fsm.heartbeat(), GetParam().want_heartbeat);
    EXPECT_EQ(fsm.dead(), GetParam().want_dead);
  }
}

const Intervals kIntervals[] = {
    {"ThePeerSaysNothing", std::nullopt, std::nullopt, 1s, 4s},
    {"ThePeerIsFaster", 100, 300, 1s, 4s},
    {"ThePeerIsSlower", 2000, 9000, 2s, 9s},
    {"DeadIsAtLeastThreeHeartbeats", 5000, 4000, 5s, 15s},
    {"OnlyDeadIsLarger", 500, 60'000, 1s, 60s},
    {"ThePeersHeartbeatIsOff", 0, 0, 1s, 4s},
    {"TheLongestThatFits", 0xffffffff, 0xffffffff, 4294967295ms, 3 * 4294967295ms},
};
INSTANTIATE_TEST_SUITE_P(Row14, TmlChannelFsmNegotiation, testing::ValuesIn(kIntervals),
                         [](const auto& c) { return c.param.name; });

TEST_F(TmlChannelFsmHello, DeadIsAtLeastThreeHeartbeatsWithADraftPeerToo) {
  ChannelConfig c = config(false);
  c.dead = 1s;
  ChannelFsm fsm(c, at(0s));
  fsm.on_connected(at(0s));
  fsm.on_early_pl(kCe, at(0s));
  EXPECT_EQ(fsm.dead(), 3s);
}

// ---- ends before it was up ----

TEST_F(TmlChannelFsmHello, AnEndBeforeTheFirstFrameIsReportedOnce) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_eof(at(1s));
  EXPECT_THAT(
      trail(fsm),
      ElementsAre(
          "disconnect dead_peer by peer 'the peer ended the connection without a Channel Close'"));
  fsm.on_eof(at(1s));
  EXPECT_THAT(trail(fsm), IsEmpty());
}

TEST_F(TmlChannelFsmHello, AWrongVersionIsAnsweredWithItsReason) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_stream_error(ReasonCode::Version, "this end speaks TML version 1", at(1s));
  EXPECT_THAT(trail(fsm),
              ElementsAre("send ChannelClose reason=version 'this end speaks TML version 1'",
                          "disconnect version flush 'this end speaks TML version 1'"));
}

TEST_F(TmlChannelFsmHello, AnFeThatIsRefusedHearsWhy) {
  ChannelFsm fsm(config(false), at(0s));
  fsm.on_connected(at(0s));
  (void)trail(fsm);
  fsm.on_message(channel_close(ReasonCode::Overload, "full"), at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("peer closed 4 full", "send ChannelClose reason=overload",
                                      "disconnect overload by peer flush 'full'"));
}

TEST_F(TmlChannelFsmHello, GroupsWaitUntilTheChannelIsUp) {
  ChannelFsm fsm(config(true), at(0s));
  fsm.on_connected(at(0s));
  fsm.on_message(group_message(MsgType::JoinRequest, 0xc0000001, 1), at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("unexpected JoinRequest"));
  fsm.answer(MsgType::JoinResponse, 0xc0000001, 1, 0);
  EXPECT_THAT(trail(fsm), IsEmpty());
}

}  // namespace
}  // namespace forces::tml
