// Bad input, and what it gets: the answer of the decision list, a counter, an event for the log,
// and no effect on another FE that is connected all the while.
#include <sys/resource.h>

#include <thread>

#include "proto/tml/frame.hpp"
#include "tests/e2e/tml/bystander.hpp"
#include "tests/e2e/tml/raw_peer.hpp"

namespace e2e {
namespace {

using forces::tml::Message;
using forces::tml::MsgType;
using forces::tml::ReasonCode;

class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    ce.config.handshake_timeout_ms = 300;
    ce.config.pairing_timeout_ms = 300;
    tune();
    bystander.watch();
    ce.start();
    bystander.start();
  }
  void TearDown() override { bystander.check(); }
  virtual void tune() {}
  int control() { return ce.port(TML_CHANNEL_CONTROL); }
  int data() { return ce.port(TML_CHANNEL_DATA); }
  // A raw peer that has its control channel up as FE `id`.
  std::unique_ptr<RawPeer> member(std::uint32_t id, forces::tml::PairToken* token = nullptr) {
    auto peer = std::make_unique<RawPeer>(control());
    EXPECT_TRUE(peer->send(hello(id)));
    const auto answer = peer->receive();
    EXPECT_TRUE(answer && answer->pl_id == kCe) << "no first Heartbeat back";
    if (token != nullptr && answer && answer->pair_token) *token = *answer->pair_token;
    return peer;
  }
  // Its data channel.
  std::unique_ptr<RawPeer> data_of(std::uint32_t id, const forces::tml::PairToken& token) {
    auto peer = std::make_unique<RawPeer>(data());
    Message m = hello(id, forces::tml::kChannelData);
    m.pair_token = token;
    EXPECT_TRUE(peer->send(m));
    EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, 2, TML_CHANNEL_DATA));
    return peer;
  }
  tml_descriptor channel_of_last() { return ce.channel(TML_CHANNEL_CONTROL); }
  // Refused before it was somebody: the answer, the counter, the line for the log.
  void expect_refused(RawPeer& peer, ReasonCode answer, const char* label, const char* text) {
    EXPECT_EQ(peer.close_reason(), static_cast<int>(answer));
    EXPECT_EQ(counter(ce.context, "peers_refused", label), 1u);
    EXPECT_TRUE(ce.log.told(TMLX_EVENT_AUTH_FAILED, static_cast<tmlx_reason>(answer), text));
    EXPECT_EQ(ce.log.last(TMLX_EVENT_AUTH_FAILED).element, 0u) << "a claim is no identity";
  }
  // The line for the log of what was skipped, and that the channel is still up.
  void expect_skipped(const char* text) {
    EXPECT_TRUE(ce.log.told(TMLX_EVENT_SKIPPED, TMLX_REASON_ADMIN, text));
    EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_DOWN), 0u);
  }
  Ce ce;
  Bystander bystander{ce};
};

struct Stream {
  const char* name;
  OctetString octets;
  ReasonCode answer;
  const char* counter;
  const char* label;  // of peers_refused, as the first frame
  const char* text;
};
class HostileStream : public Hostile, public testing::WithParamInterface<Stream> {};

TEST_P(HostileStream, OnAnEstablishedChannelGetsItsChannelCloseAndItsCounter) {
  auto peer = member(5);
  const tml_descriptor d = channel_of_last();
  ASSERT_TRUE(peer->send(GetParam().octets));
  EXPECT_EQ(peer->close_reason(), static_cast<int>(GetParam().answer));
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_PROTOCOL_ERROR, static_cast<tmlx_reason>(GetParam().answer),
                          GetParam().text));
  EXPECT_TRUE(
      ce.log.told(TMLX_EVENT_CHANNEL_DOWN, static_cast<tmlx_reason>(GetParam().answer), ""));
  EXPECT_EQ(counter(d, GetParam().counter), 1u);
}
TEST_P(HostileStream, AsFirstFrameIsRefused) {
  RawPeer peer(control());
  ASSERT_TRUE(peer.send(GetParam().octets));
  expect_refused(peer, GetParam().answer, GetParam().label, GetParam().text);
  EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_UP, TML_CHANNEL_CONTROL), 1u)
      << "only the innocent one";
}
Stream version(const char* name, OctetString octets) {
  return {name, std::move(octets), ReasonCode::Version, "version_errors", "version", "version"};
}
Stream length(const char* name, OctetString octets, const char* text) {
  return {name, std::move(octets), ReasonCode::Framing, "framing_errors", "framing", text};
}
Stream pl_length(const char* name, std::uint8_t words) {
  return length(name, {0x10, 0x40, 0, 0x1c, 0x10, 0x03, 0x00, words}, "a PL Length below 6 words");
}
INSTANTIATE_TEST_SUITE_P(
    Rows1To4, HostileStream,
    testing::Values(version("VersionTwo", {0x20, 0x02, 0x00, 0x04}),
                    version("VersionZero", {0x00, 0x02, 0x00, 0x04}),
                    version("VersionTwoWithAPlMessage", {0x20, 0x40, 0x00, 0x1c}),
                    length("LengthThree", {0x10, 0x02, 0x00, 0x03}, "shorter than its header"),
                    length("LengthZero", {0x10, 0x02, 0x00, 0x00}, "shorter than its header"),
                    length("LengthAboveTheLimit", {0x10, 0x02, 0x10, 0x04}, "above 4,096"),
                    pl_length("PlLengthZeroWords", 0), pl_length("PlLengthOneWord", 1),
                    pl_length("PlLengthTwoWords", 2), pl_length("PlLengthThreeWords", 3),
                    pl_length("PlLengthFourWords", 4), pl_length("PlLengthFiveWords", 5)),
    [](const auto& p) { return p.param.name; });

TEST_F(Hostile, APlLengthAboveTheChannelsLimitIsAFramingError) {
  forces::tml::PairToken token{};
  auto peer = member(5, &token);
  auto other = data_of(5, token);
  const tml_descriptor d = ce.channel(TML_CHANNEL_DATA);
  ASSERT_TRUE(other->send(OctetString{0x10, 0x40, 0, 0, 0x10, 0x06, 0x40, 0x01}));  // 65,540 octets
  EXPECT_EQ(other->close_reason(), static_cast<int>(ReasonCode::Framing));
  EXPECT_EQ(counter(d, "framing_errors"), 1u);
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_PROTOCOL_ERROR, TMLX_REASON_FRAMING, "this channel's limit"));
  ASSERT_TRUE(peer->send(pl_frame(message(24, 3))));
  EXPECT_TRUE(ce.log.wait_messages(1)) << "control stays (row 18)";
}

TEST_F(Hostile, BeforeIdentificationAPlMessageIsAtMost4096Octets) {
  RawPeer large(control());
  ASSERT_TRUE(large.send(OctetString{0x10, 0x40, 0, 0, 0x10, 0x01, 0x04, 0x01}));  // 4,100 octets
  expect_refused(large, ReasonCode::Framing, "framing", "PL Length");
  RawPeer peer(control());
  auto setup = message(4096, 3, 7, 0x01);
  setup[7] = 5;  // source
  ASSERT_TRUE(peer.send(pl_frame(setup)));
  EXPECT_TRUE(ce.log.wait_messages(1)) << "a peer without TLVs";
  ASSERT_TRUE(peer.send(pl_frame(message(60'000, 4))));
  EXPECT_TRUE(ce.log.wait_messages(2)) << "identified: the channel's own limit";
}

TEST_F(Hostile, ReservedBitsAreIgnored) {
  auto peer = member(5);
  ASSERT_TRUE(peer->send(pl_frame(message(24, 3), 0x1fff)));  // reserved and type bits set
  EXPECT_TRUE(ce.log.wait_messages(1));
  EXPECT_EQ(counter(channel_of_last(), "reserved_bits"), 1u);
  expect_skipped("reserved bits set 1");
}

TEST_F(Hostile, UnknownTypesAreSkippedByTheirLength) {
  auto peer = member(5);
  ASSERT_TRUE(peer->send(OctetString{0x10, 0x30, 0x00, 0x08, 1, 2, 3, 4}));
  ASSERT_TRUE(peer->send(pl_frame(message(24, 3))));
  ASSERT_TRUE(ce.log.wait_messages(1)) << "the stream is still in step";
  EXPECT_EQ(counter(channel_of_last(), "tml_messages_skipped", "unknown_type"), 1u);
  expect_skipped("unknown type 1");
}

TEST_F(Hostile, AThousandUnknownTypesAreOneLineASecond) {
  auto peer = member(5);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {  // one receive each, more or less
    ASSERT_TRUE(peer->send(OctetString{0x10, 0x30, 0x00, 0x04}));
    if (i % 10 == 0) std::this_thread::sleep_for(1ms);
  }
  ASSERT_TRUE(peer->send(pl_frame(message(24, 3))));
  ASSERT_TRUE(ce.log.wait_messages(1));
  EXPECT_EQ(counter(channel_of_last(), "tml_messages_skipped", "unknown_type"), 1000u);
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_SKIPPED));
  const auto seconds = (std::chrono::steady_clock::now() - start) / 1s;
  EXPECT_LE(ce.log.count(TMLX_EVENT_SKIPPED), static_cast<std::size_t>(seconds) + 1);
}

// Without heartbeats no timer comes round that could tell of it later.
class HostileQuiet : public Hostile {
  void tune() override { ce.control.options.heartbeat_ms = -1; }
};
TEST_F(HostileQuiet, WhatIsSkippedOrDroppedIsToldAtOnce) {
  auto peer = member(5);
  ASSERT_TRUE(peer->send(OctetString{0x10, 0x30, 0x00, 0x04}));
  expect_skipped("unknown type 1");
  ASSERT_TRUE(peer->send(pl_frame(redirect(24))));
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_DROPPED));
}

TEST_F(Hostile, ATruncatedTlvCostsItsMessageOnly) {
  auto peer = member(5);
  ASSERT_TRUE(peer->send(OctetString{0x10, 0x02, 0x00, 0x08, 0x00, 0x01, 0x00, 0x40}));
  ASSERT_TRUE(eventually(
      [&] { return counter(channel_of_last(), "tml_messages_skipped", "malformed") == 1; }));
  expect_skipped("malformed 1");
}

TEST_F(Hostile, AJoinResponseAtACeIsSkipped) {
  auto peer = member(5);
  Message m{.type = MsgType::JoinResponse};
  m.group_id = 0xc0000001;
  ASSERT_TRUE(peer->send(m));
  expect_skipped("unexpected 1");
  EXPECT_EQ(counter(channel_of_last(), "tml_messages_skipped", "unexpected"), 1u);
}

TEST_F(Hostile, ATruncatedTlvInTheFirstFrameIsRefused) {
  RawPeer peer(control());
  ASSERT_TRUE(peer.send(OctetString{0x10, 0x02, 0x00, 0x08, 0x00, 0x01, 0x00, 0x40}));
  expect_refused(peer, ReasonCode::Protocol, "first_frame", "does not decode");
}

TEST_F(Hostile, DataWithoutControlIsParkedThenRefused) {
  RawPeer peer(data());
  ASSERT_TRUE(peer.send(hello(5, forces::tml::kChannelData)));
  expect_refused(peer, ReasonCode::Protocol, "unpaired", "no control channel");
}

TEST_F(Hostile, DataThatSaysNothingAndBelongsToNobodyIsRefusedAsUnpaired) {
  RawPeer peer(data());
  ASSERT_TRUE(peer.send(OctetString{0x10, 0x02, 0x00, 0x04}));
  expect_refused(peer, ReasonCode::Protocol, "unpaired", "no control channel");
}

TEST_F(Hostile, DataThatComesBeforeControlIsPairedWhenControlComes) {
  RawPeer early(data());
  ASSERT_TRUE(early.send(OctetString{0x10, 0x02, 0x00, 0x04}));  // says nothing: paired by address
  // The bystander has its data channel, so the one peer of this address without is FE 5.
  auto peer = member(5);
  EXPECT_TRUE(early.receive()) << "a first Heartbeat: it was taken in";
}

TEST_F(Hostile, WrongTokenIsRefused) {
  auto peer = member(5);
  RawPeer foreign(data());
  Message m = hello(5, forces::tml::kChannelData);
  m.pair_token = forces::tml::PairToken{};
  ASSERT_TRUE(foreign.send(m));
  expect_refused(foreign, ReasonCode::Auth, "token", "pairing token");
  ASSERT_TRUE(peer->send(pl_frame(message(24, 3))));
  EXPECT_TRUE(ce.log.wait_messages(1)) << "the victim's control channel is up";
}

TEST_F(Hostile, ForeignControlChannelsTokenIsRefused) {
  forces::tml::PairToken token{};
  auto five = member(5, &token);
  auto six = member(6);
  RawPeer foreign(data());
  Message m = hello(6, forces::tml::kChannelData);
  m.pair_token = token;  // of FE 5
  ASSERT_TRUE(foreign.send(m));
  expect_refused(foreign, ReasonCode::Auth, "token", "FE 6");
}

TEST_F(Hostile, ControlHelloOnTheDataPortIsRefused) {
  RawPeer peer(data());
  ASSERT_TRUE(peer.send(hello(5)));
  expect_refused(peer, ReasonCode::Protocol, "first_frame", "other channel");
}

TEST_F(Hostile, APlIdOfNoFeIsRefused) {
  RawPeer peer(control());
  ASSERT_TRUE(peer.send(hello(0xc0000001)));
  expect_refused(peer, ReasonCode::Protocol, "first_frame", "not an FE's");
}

TEST_F(Hostile, WithoutIdentityASecondPeerOfTheSameIdIsRefusedAndTheFirstStays) {
  RawPeer peer(control());
  ASSERT_TRUE(peer.send(hello(9)));
  expect_refused(peer, ReasonCode::Auth, "id_in_use", "FE 9");
}

TEST_F(Hostile, RedirectOnControlAndConfigOnDataAreDroppedAndCounted) {
  forces::tml::PairToken token{};
  auto peer = member(5, &token);
  const tml_descriptor on_control = channel_of_last();
  auto other = data_of(5, token);
  const tml_descriptor on_data = ce.channel(TML_CHANNEL_DATA);
  ASSERT_TRUE(peer->send(pl_frame(redirect(24))));
  ASSERT_TRUE(other->send(pl_frame(message(24))));
  ASSERT_TRUE(other->send(pl_frame(message(24, 1, 1, 0x0f))))
      << "a PL Heartbeat is welcome on both (row 10)";
  EXPECT_TRUE(ce.log.wait_messages(1));
  EXPECT_TRUE(eventually([&] { return counter(on_control, "drops", "wrong_channel") == 1; }));
  EXPECT_EQ(counter(on_data, "drops", "wrong_channel"), 1u);
  EXPECT_EQ(ce.log.messages().size(), 1u);
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_DROPPED, 1, TML_CHANNEL_CONTROL));
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_DROPPED, 1, TML_CHANNEL_DATA));
  EXPECT_EQ(ce.log.last(TMLX_EVENT_DROPPED).count, 1u);
  EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_DOWN), 0u);
}

TEST_F(Hostile, JoinOfANonMulticastIdIsAnsweredWithAStatus) {
  auto peer = member(5);
  Message m{.type = MsgType::JoinRequest};
  m.group_id = 0x40000001;
  m.request_id = 4;
  ASSERT_TRUE(peer->send(m));
  std::optional<Message> answer;
  do answer = peer->receive();
  while (answer && answer->type != MsgType::JoinResponse);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->request_id, 4u);
  EXPECT_EQ(answer->status, 2u);
  EXPECT_EQ(counter(channel_of_last(), "group_joins_refused"), 1u);
  ASSERT_TRUE(ce.log.told(TMLX_EVENT_JOIN_REFUSED, TMLX_REASON_ADMIN, "not a multicast ID"));
  const Event refused = ce.log.last(TMLX_EVENT_JOIN_REFUSED);
  EXPECT_EQ(refused.group_id, 0x40000001u);
  EXPECT_EQ(refused.element, 5u);
  EXPECT_EQ(ce.log.count(TMLX_EVENT_JOIN), 0u);
}

TEST_F(Hostile, SilenceAfterTheConnectionEndsInTime) {
  RawPeer peer(control());
  expect_refused(peer, ReasonCode::Protocol, "handshake_timeout", "no first frame");
}

TEST_F(Hostile, OneOctetAtATimeIsUnderstood) {
  auto slow = member(5);
  for (const std::uint8_t octet : pl_frame(message(24, 3))) {
    ASSERT_TRUE(slow->send(OctetString{octet}));
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_TRUE(ce.log.wait_messages(1)) << "slow is not dead";
  EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_DOWN), 0u);
}

TEST_F(Hostile, OneOctetAtATimeDoesNotStretchTheDeadlineOfTheFirstFrame) {
  RawPeer dawdler(control());
  const auto start = std::chrono::steady_clock::now();
  const auto frame = pl_frame(message(1024, 3, 7, 0x01));
  std::size_t sent = 0;
  while (sent < frame.size() && counter(ce.context, "peers_refused", "handshake_timeout") == 0) {
    if (!dawdler.send(OctetString{frame[sent++]})) break;
    std::this_thread::sleep_for(20ms);  // 1,028 octets: 20 s
  }
  expect_refused(dawdler, ReasonCode::Protocol, "handshake_timeout", "no first frame");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_LT(sent, frame.size());
}

class HostileCrowd : public Hostile {
  void tune() override {
    ce.config.handshake_timeout_ms = 30'000;
    ce.config.max_half_open = 200;
  }
};
TEST_F(HostileCrowd, HalfOpenConnectionsBeyondTheLimitPushOutTheOldest) {
  constexpr std::size_t crowd = 10'000;
  std::deque<std::unique_ptr<RawPeer>> peers;
  for (std::size_t i = 0; i < crowd; ++i) {
    peers.push_back(std::make_unique<RawPeer>(control()));
    ASSERT_TRUE(peers.back()->connected());
    if (peers.size() <= 300) continue;
    ASSERT_TRUE(eventually([&] { return counter(ce.context, "connections_accepted") + 50 > i; }));
    if (i % 1000 == 0) {
      EXPECT_EQ(peers.front()->close_reason(), 4) << "OVERLOAD";
      EXPECT_TRUE(eventually([&] { return !peers.front()->send(OctetString{0}); }, 1s))
          << "its socket is still there";
    }
    peers.pop_front();
  }
  EXPECT_GE(counter(ce.context, "connections_refused", "half_open_limit"), crowd - 300);
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_AUTH_FAILED, TMLX_REASON_OVERLOAD, "not identified yet"));
  auto honest = member(5);  // in spite of the crowd
  EXPECT_TRUE(honest);
}

class HostileSloth : public Hostile {
 protected:
  void tune() override {
    for (auto* a : {&ce.control, &ce.data}) {
      a->options.send_queue = 256 * 1024;
      a->options.heartbeat_ms = 100;
      a->options.dead_ms = 1000;
    }
    ce.data.options.message_ttl_ms = -1;
  }
};
// It is found dead only after a loaded machine has had time to fill the kernel's buffers too.
class HostileMute : public HostileSloth {
  void tune() override {
    HostileSloth::tune();
    for (auto* a : {&ce.control, &ce.data}) a->options.dead_ms = 4000;
  }
};
TEST_F(HostileMute, APeerThatNeverReadsFillsItsOwnQueueOnly) {
  auto peer = member(5);
  const tml_descriptor d = channel_of_last();
  std::size_t accepted = 0;
  // A second: a queue that is full only because nobody ran to drain it is not meant.
  while (accepted < 100'000 && send(d, message(4096, accepted), 1000) == TML_SUCCESS) ++accepted;
  // Who waits, waits for half a queue: it may stand below the three quarters that are congestion.
  while (accepted < 100'000 && send(d, message(4096, accepted), 0) == TML_SUCCESS) ++accepted;
  EXPECT_LT(accepted, 100'000u) << "the queue has no bound";
  tmlx_channel_info info = TMLX_CHANNEL_INFO_INIT;
  if (tmlx_channel_get_info(d, &info) == TML_SUCCESS) {
    EXPECT_LE(info.queued_octets, 256u * 1024u);
  }
  EXPECT_GE(counter(d, "writes_refused"), 1u);
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_CONGESTED, TMLX_REASON_ADMIN, ""));
  // It says nothing either, so it is found dead; the CE keeps serving the others throughout.
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_DOWN));
  EXPECT_EQ(ce.log.last(TMLX_EVENT_CHANNEL_DOWN).reason, TMLX_REASON_DEAD_PEER);
  EXPECT_EQ(counter(d, "channel_downs", "dead_peer"), 1u);
}

// No heartbeat wakes the channel, no write is refused and none waits: nothing but the length of the
// queue can tell.
class HostileStill : public HostileSloth {
  void tune() override {
    HostileSloth::tune();
    for (auto* a : {&ce.control, &ce.data}) {
      a->options.heartbeat_ms = 60'000;
      a->options.dead_ms = 180'000;
    }
  }
};
TEST_F(HostileStill, CongestionIsToldBeforeAWriteIsRefused) {
  auto peer = member(5);
  const tml_descriptor d = channel_of_last();
  tmlx_channel_info info = TMLX_CHANNEL_INFO_INIT;
  const auto queued = [&] {
    EXPECT_EQ(tmlx_channel_get_info(d, &info), TML_SUCCESS);
    return info.queued_octets;
  };
  bool stuck = false;  // the kernel's buffers are full, and stay so
  for (std::size_t i = 0; queued() <= 200u * 1024u; ++i) {
    ASSERT_LT(i, 100'000u) << "the queue has no bound";
    ASSERT_EQ(send(d, message(4096, i), 0), TML_SUCCESS);
    for (auto before = queued(); !stuck && before > 64u * 1024u; before = queued()) {
      std::this_thread::sleep_for(300ms);
      stuck = queued() == before;
    }
  }
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_CONGESTED, TMLX_REASON_ADMIN, ""));
  EXPECT_EQ(counter(d, "writes_refused"), 0u);
}

TEST_F(HostileSloth, APeerThatNeverReadsButTalksIsCongestedNotDead) {
  auto peer = member(5);
  const tml_descriptor d = channel_of_last();
  std::atomic<bool> stop{false};
  std::thread talk([&] {
    while (!stop && peer->send(pl_frame(message(24, 1, 1, 0x0f))))
      std::this_thread::sleep_for(50ms);
  });
  // The kernel's buffers fill first, at whatever pace the machine has.
  const auto full = [&] { return counter(d, "writes_refused") >= 20; };
  EXPECT_TRUE(eventually([&] {
    while (send(d, message(4096), 0) == TML_SUCCESS) {
    }
    return full();
  }));
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_CONGESTED));
  const std::size_t heard = ce.log.messages().size();
  EXPECT_TRUE(ce.log.wait_messages(heard + 40)) << "two dead intervals long it is still heard";
  EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_DOWN), 0u);
  tmlx_channel_info info = TMLX_CHANNEL_INFO_INIT;
  ASSERT_EQ(tmlx_channel_get_info(d, &info), TML_SUCCESS);
  EXPECT_LE(info.queued_octets, 256u * 1024u);
  stop = true;
  talk.join();
}

}  // namespace
}  // namespace e2e
