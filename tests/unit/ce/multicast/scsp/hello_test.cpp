// The Hello protocol: RFC 2334 sections 2.1 and B.2.5.
#include "tests/support/octets/vectors.hpp"
#include "tests/unit/ce/multicast/scsp/server.hpp"

namespace forces::multicast::sync::test {
namespace {

TEST(ScspHello, Rfc2334Section21HellosBeginWithTheVcAndComeWithinTheirInterval) {
  Server s;
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Down);
  s.pass(10s);
  EXPECT_TRUE(s.got.empty());
  s.link(kGreat);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
  ASSERT_EQ(s.got.size(), 1u);
  EXPECT_EQ(s.got[0].hello, (scsp::HelloPart{3, 3, 0}));
  EXPECT_EQ(s.got[0].receiver, 0u);  // B.2.5: nobody was heard
  EXPECT_EQ(s.got[0].size, 32u);
  for (int i = 0; i < 10; ++i) {
    s.got.clear();
    s.pass(3s);
    EXPECT_GE(s.got.size(), 1u);
    EXPECT_LE(s.got.size(), 2u);
  }
}

TEST(ScspHello, Rfc2334Section21WhoDoesNotListUsIsUnidirectionalWhoDoesIsBidirectional) {
  Server s;
  s.link(kGreat);
  s.hello(kGreat, {.heard = {}});
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Unidirectional);
  EXPECT_EQ(s.alignment(kGreat), AlignmentState::Down);
  s.hello(kGreat, {.heard = {kElsewhere}});
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Unidirectional);
  s.hello(kGreat);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);
  EXPECT_EQ(s.alignment(kGreat), AlignmentState::Negotiation);

  Server other;
  other.meet(kGreat);
  EXPECT_EQ(other.hello_state(kGreat), HelloState::Bidirectional);
}

TEST(ScspHello, Rfc2334SectionB25WeMayBeAnyOfItsReceivers) {
  Server s;
  s.link(kGreat);
  s.hello(kGreat, {.heard = {kSmall, kElsewhere, kSelf}});
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);
}

TEST(ScspHello, Rfc2334Section21WhoWasHeardIsListedAndAtOnce) {
  Server s({kSmall, kGreat});
  s.link(kGreat);
  s.link(kSmall);
  s.got.clear();
  s.hello(kGreat, {.heard = {}});
  ASSERT_EQ(s.all(kGreat, MsgType::Hello).size(), 1u);
  EXPECT_EQ(s.last(kGreat, MsgType::Hello).receiver, kGreat.value);
  EXPECT_TRUE(s.all(kSmall, MsgType::Hello).empty());
  s.hello(kGreat, {.heard = {}});  // not an answer to each one
  EXPECT_EQ(s.all(kGreat, MsgType::Hello).size(), 1u);
  s.pass(3s);
  EXPECT_EQ(s.last(kGreat, MsgType::Hello).receiver, kGreat.value);
  EXPECT_EQ(s.last(kSmall, MsgType::Hello).receiver, 0u);
}

TEST(ScspHello, Rfc2334Section21SilenceForItsIntervalTimesItsDeadFactorIsWaiting) {
  Server s;
  s.link(kGreat);
  s.hello(kGreat, {.interval = 7, .dead_factor = 2});
  s.pass(13'999ms);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);
  s.hello(kGreat, {.interval = 7, .dead_factor = 2});
  s.pass(13'999ms);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);
  s.pass(1ms);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
  EXPECT_EQ(s.alignment(kGreat), AlignmentState::Down);
  s.got.clear();
  s.pass(3s);
  EXPECT_EQ(s.last(kGreat, MsgType::Hello).receiver, 0u);  // not listed any more

  s.hello(kGreat, {.heard = {}, .interval = 7, .dead_factor = 2});
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Unidirectional);
  s.pass(14s);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
}

TEST(ScspHello, AnIntervalOrFactorOfZeroIsOne) {
  Server s;
  s.link(kGreat);
  s.hello(kGreat, {.interval = 0, .dead_factor = 0});
  s.pass(999ms);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);
  s.pass(1ms);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
}

TEST(ScspHello, Rfc2334Section21WhoNoLongerListsUsHasStoppedHearingUs) {
  Server s;
  s.align(kGreat);
  s.hello(kGreat, {.heard = {kSmall}});
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Unidirectional);
  EXPECT_EQ(s.alignment(kGreat), AlignmentState::Down);
  s.hello(kGreat);
  EXPECT_EQ(s.alignment(kGreat), AlignmentState::Negotiation);
}

TEST(ScspHello, Rfc2334Section21AMalformedMessageIsWaitingAndTheNextHelloBidirectional) {
  Server s({kSmall, kGreat});
  s.align(kSmall);
  s.align(kGreat);
  Octets bad = Server::write(kGreat, MsgType::CsuRequest, {});
  bad[5] ^= std::byte{1};  // checksum
  s.packet(kGreat, bad);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
  EXPECT_EQ(s.alignment(kGreat), AlignmentState::Down);
  ASSERT_EQ(s.events_of<Abnormal>().size(), 1u);
  EXPECT_EQ(s.events_of<Abnormal>()[0].error.code, Errc::BadChecksum);
  EXPECT_EQ(s.of(kGreat).counters.abnormal[static_cast<std::size_t>(Errc::BadChecksum)], 1u);
  s.packet(kGreat, bad);  // in Waiting it stays
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
  EXPECT_EQ(s.alignment(kSmall), AlignmentState::Aligned);  // nobody else is harmed
  s.hello(kGreat);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);

  Server one;
  one.link(kGreat);
  one.hello(kGreat, {.heard = {}});
  one.packet(kGreat, bad);
  EXPECT_EQ(one.hello_state(kGreat), HelloState::Waiting);
}

TEST(ScspHello, Rfc2334Section21LossOfTheVcIsDown) {
  Server s;
  s.align(kGreat);
  s.link(kGreat, false);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Down);
  EXPECT_EQ(s.alignment(kGreat), AlignmentState::Down);
  s.got.clear();
  s.hello(kGreat);  // out of a VC that is not there
  s.pass(10s);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Down);
  EXPECT_TRUE(s.got.empty());
}

TEST(ScspHello, ANewVcInPlaceOfTheOldOneBeginsAgain) {
  Server s;
  s.align(kGreat);
  s.link(kGreat);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
  EXPECT_EQ(s.alignment(kGreat), AlignmentState::Down);
}

TEST(ScspHello, Rfc2334Section21OtherMessagesAreIgnoredUntilBidirectional) {
  Server s;
  s.link(kGreat);
  s.hello(kGreat, {.heard = {}});
  s.got.clear();
  s.ca(kGreat, {.sequence = 1, .master = true, .initialize = true, .more = true});
  s.request(kGreat, {{kGreat, 1, 1, 5, false, "x"}});
  s.solicit(kGreat, {{kGreat, 1, 1}});
  s.reply(kGreat, {{kGreat, 1, 1}});
  EXPECT_TRUE(s.got.empty());
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Unidirectional);
  EXPECT_EQ(s.of(kGreat).counters.packets_ignored, 4u);
  EXPECT_EQ(s.entry(kGreat, 1), "none");
}

TEST(ScspHello, AnotherSenderOnThisVcIsAnAbnormalEvent) {
  Server s({kSmall, kGreat});
  s.align(kGreat);
  s.packet(kGreat, Server::write(kElsewhere, MsgType::CsuRequest, {}));
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
}

TEST(ScspHello, Rfc2334Section21AnotherServerGroupIsNoneOfOurs) {
  Server s;
  s.align(kGreat);
  s.hello(kGreat, {.heard = {}, .group = 24});
  EXPECT_EQ(s.alignment(kGreat), AlignmentState::Aligned);
  EXPECT_EQ(s.of(kGreat).counters.packets_discarded, 1u);
}

TEST(ScspHello, Rfc2443Item3KeysAndOriginatorsOfAnotherLengthAreMalformed) {
  Server s;
  s.align(kGreat);
  const auto sender = scsp::id_octets(kGreat.value), to = scsp::id_octets(kSelf.value);
  const Octets five(5);
  scsp::PacketWriter w(
      {.type = MsgType::CsuRequest, .server_group = kGroup, .sender = sender, .receiver = to});
  ASSERT_TRUE(w.record({.hop_count = 3, .key = five, .originator = sender}));
  s.packet(kGreat, *std::move(w).finish());
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
}

// Those of tests/vectors: to 10.1.1.2 from 10.1.1.1.
TEST(ScspHello, NegativeVectorsTakeTheFsmWhereRfc2334Says) {
  std::size_t seen = 0;
  for (const auto& vector : forces::test::load_vectors("scsp/scsp.hex")) {
    if (!vector.name.starts_with("neg_")) continue;
    SCOPED_TRACE(vector.name);
    Config c{.id = {0x0a010102}, .server_group = kGroup};
    c.neighbors.push_back({.id = {0x0a010101}});
    Engine engine(c, {});
    engine.on_link_up({0x0a010101}, {});
    const auto hello = forces::test::hex(
        "01050024e4ad000000030003000000000003001700000000040400000a0101010a010102");
    engine.on_packet({0x0a010101}, hello, {});
    ASSERT_EQ(engine.snapshot().neighbors[0].hello, HelloState::Bidirectional);
    engine.on_packet({0x0a010101}, vector.octets, {});
    const bool for_another = vector.name.starts_with("neg_not_for_me");
    EXPECT_EQ(engine.snapshot().neighbors[0].hello,
              for_another ? HelloState::Bidirectional : HelloState::Waiting);
    EXPECT_EQ(engine.snapshot().neighbors[0].alignment,
              for_another ? AlignmentState::Negotiation : AlignmentState::Down);
    ++seen;
  }
  EXPECT_EQ(seen, 4u);
}

TEST(ScspHello, TimesOfZeroDoNotSpin) {
  Config c = Server::config({kGreat});
  c.times = {.hello = 0s, .dead_factor = 0, .ca = 0s, .csus = 0s, .csu = 0s};
  c.limits.window = 0;
  Server s(c);
  s.align(kGreat, {{kElsewhere, 1, 1, 1, false, "a"}});
  s.originate(1, "one");
  EXPECT_EQ(s.records(kGreat, MsgType::CsuRequest).size(), 1u);
  s.pass(10s);  // asserts that every deadline is later than the one before
}

TEST(ScspHello, NeighborsComeAndGo) {
  Server s;
  s.engine.set_neighbor({.id = kSmall}, s.now);
  s.align(kSmall);
  s.engine.remove_neighbor(kSmall, s.now);
  s.drain();
  EXPECT_EQ(s.trail(kSmall).back(), AlignmentState::Down);
  EXPECT_EQ(s.engine.snapshot().neighbors.size(), 1u);
  s.hello(kSmall);  // a stranger now
  s.pass(10s);
  EXPECT_TRUE(s.all(kSmall, MsgType::Hello).empty());
}

}  // namespace
}  // namespace forces::multicast::sync::test
