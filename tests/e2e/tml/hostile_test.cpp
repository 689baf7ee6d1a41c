// Bad input, and what it gets: the answer of the decision list, a counter, an event for the log,
// and no effect on another FE that is connected all the while.
#include <sys/resource.h>

#include <thread>

#include "proto/tml/frame.hpp"
#include "tests/e2e/tml/harness.hpp"
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
    ce.start();
    innocent.open_both(ce);
  }
  void TearDown() override {
    // Nobody else noticed.
    const std::size_t before = ce.log.messages().size();
    EXPECT_EQ(send(innocent.control_channel, message(64, 77)), TML_SUCCESS);
    EXPECT_EQ(send(innocent.data_channel, redirect(64, 78)), TML_SUCCESS);
    EXPECT_TRUE(ce.log.wait_messages(before + 2));
    EXPECT_EQ(innocent.log.count(TMLX_EVENT_CHANNEL_DOWN), 0u);
    EXPECT_EQ(innocent.log.count(TMLX_EVENT_CLOSE), 0u);
  }
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
  tml_descriptor channel_of_last() { return ce.channel(TML_CHANNEL_CONTROL); }
  Ce ce;
  Fe innocent{9};
};

struct Stream {
  const char* name;
  OctetString octets;
  ReasonCode answer;
  const char* counter;
};
class HostileStream : public Hostile, public testing::WithParamInterface<Stream> {};

TEST_P(HostileStream, OnAnEstablishedChannelGetsItsChannelCloseAndItsCounter) {
  auto peer = member(5);
  const tml_descriptor d = channel_of_last();
  ASSERT_TRUE(peer->send(GetParam().octets));
  EXPECT_EQ(peer->close_reason(), static_cast<int>(GetParam().answer));
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_PROTOCOL_ERROR));
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_DOWN));
  EXPECT_EQ(counter(d, GetParam().counter), 1u);
}
TEST_P(HostileStream, AsFirstFrameIsRefused) {
  RawPeer peer(control());
  ASSERT_TRUE(peer.send(GetParam().octets));
  EXPECT_EQ(peer.close_reason(), static_cast<int>(GetParam().answer));
  EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_UP, TML_CHANNEL_CONTROL), 1u)
      << "only the innocent one";
}
INSTANTIATE_TEST_SUITE_P(
    Rows1To4, HostileStream,
    testing::Values(
        Stream{"VersionTwo", {0x20, 0x02, 0x00, 0x04}, ReasonCode::Version, "version_errors"},
        Stream{"VersionZero", {0x00, 0x02, 0x00, 0x04}, ReasonCode::Version, "version_errors"},
        Stream{"LengthThree", {0x10, 0x02, 0x00, 0x03}, ReasonCode::Framing, "framing_errors"},
        Stream{"LengthZero", {0x10, 0x02, 0x00, 0x00}, ReasonCode::Framing, "framing_errors"},
        Stream{
            "LengthAboveTheLimit", {0x10, 0x02, 0x10, 0x04}, ReasonCode::Framing, "framing_errors"},
        Stream{"PlLengthZeroWords",
               {0x10, 0x40, 0, 0x1c, 0x10, 0x03, 0x00, 0x00},
               ReasonCode::Framing,
               "framing_errors"},
        Stream{"PlLengthOneWord",
               {0x10, 0x40, 0, 0x1c, 0x10, 0x03, 0x00, 0x01},
               ReasonCode::Framing,
               "framing_errors"},
        Stream{"PlLengthFiveWords",
               {0x10, 0x40, 0, 0x1c, 0x10, 0x03, 0x00, 0x05},
               ReasonCode::Framing,
               "framing_errors"}),
    [](const auto& p) { return p.param.name; });

TEST_F(Hostile, ReservedBitsAreIgnored) {
  auto peer = member(5);
  ASSERT_TRUE(peer->send(pl_frame(message(24, 3), 0x1fff)));  // reserved and type bits set
  EXPECT_TRUE(ce.log.wait_messages(1));
}

TEST_F(Hostile, UnknownTypesAreSkippedByTheirLength) {
  auto peer = member(5);
  ASSERT_TRUE(peer->send(OctetString{0x10, 0x30, 0x00, 0x08, 1, 2, 3, 4}));
  ASSERT_TRUE(peer->send(pl_frame(message(24, 3))));
  ASSERT_TRUE(ce.log.wait_messages(1)) << "the stream is still in step";
  EXPECT_EQ(counter(channel_of_last(), "tml_messages_skipped", "unknown_type"), 1u);
}

TEST_F(Hostile, ATruncatedTlvCostsItsMessageOnly) {
  auto peer = member(5);
  ASSERT_TRUE(peer->send(OctetString{0x10, 0x02, 0x00, 0x08, 0x00, 0x01, 0x00, 0x40}));
  ASSERT_TRUE(eventually(
      [&] { return counter(channel_of_last(), "tml_messages_skipped", "malformed") == 1; }));
  EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_DOWN), 0u);
}

TEST_F(Hostile, ATruncatedTlvInTheFirstFrameIsRefused) {
  RawPeer peer(control());
  ASSERT_TRUE(peer.send(OctetString{0x10, 0x02, 0x00, 0x08, 0x00, 0x01, 0x00, 0x40}));
  EXPECT_EQ(peer.close_reason(), static_cast<int>(ReasonCode::Protocol));
  EXPECT_EQ(counter(ce.context, "peers_refused", "first_frame"), 1u);
}

TEST_F(Hostile, DataWithoutControlIsParkedThenRefused) {
  RawPeer peer(data());
  ASSERT_TRUE(peer.send(hello(5, forces::tml::kChannelData)));
  EXPECT_EQ(peer.close_reason(), static_cast<int>(ReasonCode::Protocol));
  EXPECT_EQ(counter(ce.context, "peers_refused", "unpaired"), 1u);
  EXPECT_GE(ce.log.count(TMLX_EVENT_AUTH_FAILED), 1u);
}

TEST_F(Hostile, DataThatComesBeforeControlIsPairedWhenControlComes) {
  RawPeer early(data());
  ASSERT_TRUE(early.send(OctetString{0x10, 0x02, 0x00, 0x04}));  // says nothing: paired by address
  // The innocent FE has its data channel, so the one peer of this address without is FE 5.
  auto peer = member(5);
  EXPECT_TRUE(early.receive()) << "a first Heartbeat: it was taken in";
}

TEST_F(Hostile, WrongTokenIsRefused) {
  auto peer = member(5);
  RawPeer foreign(data());
  Message m = hello(5, forces::tml::kChannelData);
  m.pair_token = forces::tml::PairToken{};
  ASSERT_TRUE(foreign.send(m));
  EXPECT_EQ(foreign.close_reason(), static_cast<int>(ReasonCode::Auth));
  EXPECT_EQ(counter(ce.context, "peers_refused", "token"), 1u);
}

TEST_F(Hostile, ForeignControlChannelsTokenIsRefused) {
  forces::tml::PairToken token{};
  auto five = member(5, &token);
  auto six = member(6);
  RawPeer foreign(data());
  Message m = hello(6, forces::tml::kChannelData);
  m.pair_token = token;  // of FE 5
  ASSERT_TRUE(foreign.send(m));
  EXPECT_EQ(foreign.close_reason(), static_cast<int>(ReasonCode::Auth));
}

TEST_F(Hostile, ControlHelloOnTheDataPortIsRefused) {
  RawPeer peer(data());
  ASSERT_TRUE(peer.send(hello(5)));
  EXPECT_EQ(peer.close_reason(), static_cast<int>(ReasonCode::Protocol));
}

TEST_F(Hostile, APlIdOfNoFeIsRefused) {
  RawPeer peer(control());
  ASSERT_TRUE(peer.send(hello(0xc0000001)));
  EXPECT_EQ(peer.close_reason(), static_cast<int>(ReasonCode::Protocol));
}

TEST_F(Hostile, WithoutIdentityASecondPeerOfTheSameIdIsRefusedAndTheFirstStays) {
  RawPeer peer(control());
  ASSERT_TRUE(peer.send(hello(9)));
  EXPECT_EQ(peer.close_reason(), static_cast<int>(ReasonCode::Auth));
  EXPECT_EQ(counter(ce.context, "peers_refused", "id_in_use"), 1u);
}

TEST_F(Hostile, RedirectOnControlAndConfigOnDataAreDroppedAndCounted) {
  forces::tml::PairToken token{};
  auto peer = member(5, &token);
  const tml_descriptor on_control = channel_of_last();
  RawPeer other(data());
  Message m = hello(5, forces::tml::kChannelData);
  m.pair_token = token;
  ASSERT_TRUE(other.send(m));
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, 2, TML_CHANNEL_DATA));
  const tml_descriptor on_data = ce.channel(TML_CHANNEL_DATA);
  ASSERT_TRUE(peer->send(pl_frame(redirect(24))));
  ASSERT_TRUE(other.send(pl_frame(message(24))));
  ASSERT_TRUE(other.send(pl_frame(message(24, 1, 1, 0x0f))))
      << "a PL Heartbeat is welcome on both (row 10)";
  EXPECT_TRUE(ce.log.wait_messages(1));
  EXPECT_TRUE(eventually([&] { return counter(on_control, "drops", "wrong_channel") == 1; }));
  EXPECT_EQ(counter(on_data, "drops", "wrong_channel"), 1u);
  EXPECT_EQ(ce.log.messages().size(), 1u);
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
}

TEST_F(Hostile, SilenceAfterTheConnectionEndsInTime) {
  RawPeer peer(control());
  EXPECT_EQ(peer.close_reason(), static_cast<int>(ReasonCode::Protocol));
  EXPECT_EQ(counter(ce.context, "peers_refused", "handshake_timeout"), 1u);
}

TEST_F(Hostile, OneOctetAtATimeIsUnderstoodAndMissesTheDeadlineAlone) {
  auto slow = member(5);
  for (const std::uint8_t octet : pl_frame(message(24, 3)))
    ASSERT_TRUE(slow->send(OctetString{octet}));
  EXPECT_TRUE(ce.log.wait_messages(1));
  RawPeer dawdler(control());  // never finishes its first frame
  ASSERT_TRUE(dawdler.send(OctetString{0x10}));
  ASSERT_TRUE(dawdler.send(OctetString{0x02}));
  EXPECT_EQ(dawdler.close_reason(), static_cast<int>(ReasonCode::Protocol));
}

class HostileCrowd : public Hostile {
  void tune() override {
    ce.config.handshake_timeout_ms = 30'000;
    ce.config.max_half_open = 200;
  }
};
TEST_F(HostileCrowd, HalfOpenConnectionsBeyondTheLimitPushOutTheOldest) {
  const std::size_t crowd = std::getenv("FORCES_LONG") != nullptr ? 10'000 : 1'000;
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (std::size_t i = 0; i < crowd; ++i) {
    peers.push_back(std::make_unique<RawPeer>(control()));
    ASSERT_TRUE(peers.back()->connected());
    if (peers.size() > 300) peers.erase(peers.begin());
  }
  ASSERT_TRUE(eventually([&] {
    return counter(ce.context, "connections_refused", "half_open_limit") >= crowd - 300;
  }));
  auto honest = member(5);  // in spite of the crowd
  EXPECT_TRUE(honest);
}

class HostileSloth : public Hostile {
  void tune() override {
    for (auto* a : {&ce.control, &ce.data}) {
      a->options.send_queue = 256 * 1024;
      a->options.heartbeat_ms = 100;
      a->options.dead_ms = 1000;
    }
    ce.data.options.message_ttl_ms = -1;
  }
};
TEST_F(HostileSloth, APeerThatNeverReadsFillsItsOwnQueueOnly) {
  auto peer = member(5);
  const tml_descriptor d = channel_of_last();
  std::size_t accepted = 0;
  while (accepted < 100'000 && send(d, message(4096, accepted), 50) == TML_SUCCESS) ++accepted;
  EXPECT_LT(accepted, 100'000u) << "the queue has no bound";
  tmlx_channel_info info = TMLX_CHANNEL_INFO_INIT;
  if (tmlx_channel_get_info(d, &info) == TML_SUCCESS) {
    EXPECT_LE(info.queued_octets, 256u * 1024u);
  }
  EXPECT_GE(counter(d, "writes_refused"), 1u);
  // It says nothing either, so it is found dead; the CE keeps serving the others throughout.
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_DOWN));
  EXPECT_EQ(ce.log.last(TMLX_EVENT_CHANNEL_DOWN).reason, TMLX_REASON_DEAD_PEER);
}

}  // namespace
}  // namespace e2e
