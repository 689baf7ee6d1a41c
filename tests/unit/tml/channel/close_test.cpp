// The ends of a channel (rows 3, 4, 16).
#include "tests/unit/tml/channel/fixture.hpp"

namespace forces::tml {
namespace {

using TmlChannelFsmClose = TmlChannel;

constexpr const char* kNoGoodbye =
    "disconnect dead_peer by peer 'the peer ended the connection without a Channel Close'";

// ---- controlled ----

TEST_F(TmlChannelFsmClose, ControlledWaitsForTheQueueAndThenForThePeersClose) {
  ChannelFsm fsm = server_up();
  fsm.close(ReasonCode::Shutdown, 10s, at(1s));
  EXPECT_THAT(trail(fsm), IsEmpty());
  EXPECT_EQ(fsm.state(), ChannelState::Draining);
  fsm.on_drained(at(2s));
  EXPECT_THAT(trail(fsm), ElementsAre("send ChannelClose reason=shutdown"));
  EXPECT_EQ(fsm.state(), ChannelState::CloseSent);
  fsm.on_message(channel_close(ReasonCode::Shutdown), at(3s));
  EXPECT_THAT(trail(fsm), ElementsAre("disconnect shutdown"));
  EXPECT_EQ(fsm.state(), ChannelState::Closed);
}

TEST_F(TmlChannelFsmClose, AQueueThatDoesNotDrainIsNotWaitedForLonger) {
  ChannelFsm fsm = server_up();
  fsm.close(ReasonCode::Admin, 1500ms, at(1s));
  EXPECT_THAT(run(fsm, 3s), ElementsAre("1000 send Heartbeat seq=1 reply? at=1001000000000",
                                        "2000 heartbeat lost",
                                        "2000 send Heartbeat seq=2 reply? at=1002000000000",
                                        "2500 send ChannelClose reason=admin"));
}

TEST_F(TmlChannelFsmClose, TheEndOfThePeersStreamIsAnAnswerToo) {
  ChannelFsm fsm = server_up();
  fsm.close(ReasonCode::Admin, 10s, at(1s));
  fsm.on_drained(at(1s));
  (void)trail(fsm);
  fsm.on_eof(at(2s));
  EXPECT_THAT(trail(fsm), ElementsAre("disconnect admin"));
}

TEST_F(TmlChannelFsmClose, APeerThatDoesNotAnswerIsLeftAfterTwoSeconds) {
  ChannelFsm fsm = server_up();
  fsm.close(ReasonCode::Admin, 10s, at(0s));
  fsm.on_drained(at(0s));
  (void)trail(fsm);
  fsm.on_received(at(1s));  // talking is not answering
  EXPECT_THAT(run(fsm, 60s), ElementsAre("2000 disconnect admin"));
}

TEST_F(TmlChannelFsmClose, MessagesOnTheWayToAClosingEndAreNoAnswer) {
  ChannelFsm fsm = server_up();
  fsm.close(ReasonCode::Admin, 10s, at(0s));
  fsm.on_drained(at(0s));
  (void)trail(fsm);
  Message probe = heartbeat();
  probe.hb_flags = kHbReplyWanted;
  fsm.on_message(probe, at(1s));
  fsm.on_message(group_message(MsgType::JoinRequest, 0xc0000001, 1), at(1s));
  fsm.answer(MsgType::JoinResponse, 0xc0000001, 1, 0);
  EXPECT_THAT(trail(fsm),
              ElementsAre("unexpected JoinRequest"));  // nothing follows a Channel Close
}

TEST_F(TmlChannelFsmClose, APeerThatClosesWhileWeDrainIsAnswered) {
  ChannelFsm fsm = server_up();
  fsm.close(ReasonCode::Shutdown, 10s, at(1s));
  fsm.on_message(channel_close(ReasonCode::Admin, "bye"), at(2s));
  EXPECT_THAT(trail(fsm), ElementsAre("peer closed 0 bye", "send ChannelClose reason=admin",
                                      "disconnect admin by peer flush 'bye'"));
}

TEST_F(TmlChannelFsmClose, WhileItDrainsJoinsAreStillAnsweredToUs) {
  ChannelFsm fsm = client_up();
  fsm.join(0xc0000001, 1);
  fsm.close(ReasonCode::Admin, 10s, at(1s));
  fsm.on_message(group_message(MsgType::JoinResponse, 0xc0000001, 1), at(1s));
  EXPECT_THAT(trail(fsm), testing::Contains("joined 3221225473 req=1 status=0"));
}

TEST_F(TmlChannelFsmClose, ASecondCloseDoesNotWaitAnyLonger) {
  ChannelFsm fsm = server_up();
  fsm.close(ReasonCode::Admin, 10s, at(1s));
  fsm.close(ReasonCode::Shutdown, 10s, at(2s));
  EXPECT_THAT(trail(fsm),
              ElementsAre("send ChannelClose reason=shutdown", "disconnect shutdown flush"));
}

TEST_F(TmlChannelFsmClose, BothAtOnceNeedNoFurtherMessage) {
  ChannelFsm ce = server_up(), fe = client_up();
  for (ChannelFsm* end : {&ce, &fe}) {
    end->close(ReasonCode::Admin, 10s, at(1s));
    end->on_drained(at(1s));
    EXPECT_THAT(trail(*end), ElementsAre("send ChannelClose reason=admin"));
  }
  for (ChannelFsm* end : {&ce, &fe}) {
    end->on_message(channel_close(ReasonCode::Admin), at(2s));
    EXPECT_THAT(trail(*end), ElementsAre("disconnect admin"));
  }
}

// ---- forced, and for cause ----

TEST_F(TmlChannelFsmClose, ForcedSaysItAndEnds) {
  ChannelFsm fsm = client_up();
  fsm.close_now(ReasonCode::Replaced, "a new connection", at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("send ChannelClose reason=replaced 'a new connection'",
                                      "disconnect replaced flush 'a new connection'"));
  EXPECT_EQ(fsm.next_deadline(), std::nullopt);
}

TEST_F(TmlChannelFsmClose, ForcedAfterChannelCloseSaysItOnlyOnce) {
  ChannelFsm fsm = client_up();
  fsm.close(ReasonCode::Admin, 10s, at(1s));
  fsm.on_drained(at(1s));
  (void)trail(fsm);
  fsm.close_now(ReasonCode::Shutdown, {}, at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("disconnect shutdown flush"));
}

TEST_F(TmlChannelFsmClose, BeforeTheConnectionThereIsNobodyToTell) {
  for (const bool controlled : {false, true}) {
    ChannelFsm fsm(config(false), at(0s));
    if (controlled) {
      fsm.close(ReasonCode::Admin, 10s, at(1s));
    } else {
      fsm.close_now(ReasonCode::Admin, {}, at(1s));
    }
    EXPECT_THAT(trail(fsm), ElementsAre("disconnect admin"));
  }
}

TEST_F(TmlChannelFsmClose, ControlledBeforeItWasUpHasNothingToWaitFor) {
  ChannelFsm fsm(config(false), at(0s));
  fsm.on_connected(at(0s));
  (void)trail(fsm);
  fsm.close(ReasonCode::Admin, 10s, at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("send ChannelClose reason=admin", "disconnect admin flush"));
}

TEST_F(TmlChannelFsmClose, AnImpossibleLengthEndsTheStream) {
  ChannelFsm fsm = server_up();
  fsm.on_stream_error(ReasonCode::Framing, "impossible length", at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("send ChannelClose reason=framing 'impossible length'",
                                      "disconnect framing flush 'impossible length'"));
}

// ---- the peer's ----

TEST_F(TmlChannelFsmClose, AChannelCloseIsAnsweredAndTold) {
  for (const bool server : {false, true}) {
    ChannelFsm fsm = server ? server_up() : client_up();
    fsm.on_message(channel_close(ReasonCode::Shutdown, "maintenance"), at(1s));
    EXPECT_THAT(trail(fsm),
                ElementsAre("peer closed 7 maintenance", "send ChannelClose reason=shutdown",
                            "disconnect shutdown by peer flush 'maintenance'"));
    EXPECT_EQ(fsm.state(), ChannelState::Closed);
  }
}

TEST_F(TmlChannelFsmClose, AChannelCloseWithoutAReasonIsAdministrative) {
  ChannelFsm fsm = client_up();
  fsm.on_message(message(MsgType::ChannelClose), at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre("peer closed 0", "send ChannelClose reason=admin",
                                      "disconnect admin by peer flush"));
}

TEST_F(TmlChannelFsmClose, AnEndWithoutChannelCloseIsTold) {
  ChannelFsm fsm = client_up();
  fsm.on_eof(at(1s));
  EXPECT_THAT(trail(fsm), ElementsAre(kNoGoodbye));
}

// ---- after the end ----

TEST_F(TmlChannelFsmClose, NothingFollowsTheDisconnect) {
  ChannelFsm fsm = server_up();
  EXPECT_THAT(run(fsm, 60s), testing::Contains("2000 heartbeat lost"));  // silent, then dead
  ASSERT_EQ(fsm.state(), ChannelState::Closed);
  fsm.on_connected(at(61s));
  fsm.on_received(at(61s));
  for (const MsgType type : {MsgType::Heartbeat, MsgType::ChannelClose, MsgType::JoinRequest,
                             MsgType::JoinResponse, MsgType::LeaveRequest, MsgType::LeaveResponse})
    fsm.on_message(group_message(type, 0xc0000001, 1), at(61s));
  fsm.on_early_pl(2, at(61s));
  fsm.on_sent(at(61s));
  fsm.set_throttled(true, at(61s));
  fsm.set_throttled(false, at(61s));
  fsm.on_stream_error(ReasonCode::Framing, "x", at(61s));
  fsm.on_eof(at(61s));
  fsm.on_timer(at(100s));
  fsm.accept(at(61s), std::nullopt);
  fsm.await_pair(at(61s));
  fsm.refuse(ReasonCode::Auth, "x", at(61s));
  fsm.join(0xc0000001, 1);
  fsm.leave(0xc0000001, 1);
  fsm.answer(MsgType::JoinResponse, 0xc0000001, 1, 0);
  fsm.close(ReasonCode::Admin, 1s, at(61s));
  fsm.on_drained(at(61s));
  fsm.close_now(ReasonCode::Admin, {}, at(61s));
  EXPECT_THAT(trail(fsm), IsEmpty());
  EXPECT_EQ(fsm.next_deadline(), std::nullopt);
  EXPECT_EQ(fsm.state(), ChannelState::Closed);
}

}  // namespace
}  // namespace forces::tml
