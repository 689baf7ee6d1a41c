// Cache State Update: RFC 2334 section 2.3.
#include "tests/unit/ce/multicast/scsp/server.hpp"

namespace forces::multicast::sync::test {
namespace {

using enum AlignmentState;
constexpr auto kRequest = MsgType::CsuRequest;
constexpr auto kReply = MsgType::CsuReply;
constexpr auto kCsus = MsgType::CsuSolicit;

struct Three : Server {  // all Aligned
  Three() : Three(config({kSmall, kGreat, kThird})) {}
  explicit Three(Config c) : Server(std::move(c)) {
    for (const ServerId n : {kSmall, kGreat, kThird}) align(n);
    got.clear();
    events.clear();
  }
  void hellos() {
    for (const ServerId n : {kSmall, kGreat, kThird}) hello(n);
  }
};

TEST(ScspUpdate, Rfc2334Section23AnOwnChangeGoesToEveryDcs) {
  Three s;
  EXPECT_EQ(s.originate(4, "one"), Status::Done);
  for (const ServerId n : {kSmall, kGreat, kThird}) {
    EXPECT_EQ(s.records(n, kRequest), (std::vector<Csa>{{kSelf, 4, kFirst, 64, false, "one"}}));
    EXPECT_EQ(s.last(n, kRequest).receiver, n.value);
  }
}

TEST(ScspUpdate, Rfc2334Section23ANewerCsaGoesToEveryDcsButItsSenderAndIsAcknowledged) {
  Three s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}, {kElsewhere, 2, 3, 2, false, "b"}});
  const std::vector<Csa> relayed{{kElsewhere, 1, 3, 4, false, "a"},
                                 {kElsewhere, 2, 3, 1, false, "b"}};
  EXPECT_EQ(s.records(kSmall, kRequest), relayed);
  EXPECT_EQ(s.records(kThird, kRequest), relayed);
  EXPECT_TRUE(s.records(kGreat, kRequest).empty());
  EXPECT_EQ(s.records(kGreat, kReply), (std::vector<Csa>{{kElsewhere, 1, 3}, {kElsewhere, 2, 3}}));
  EXPECT_TRUE(s.all(kSmall, kReply).empty());
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
  ASSERT_EQ(s.events_of<Changed>().size(), 2u);
  EXPECT_EQ(s.events_of<Changed>()[0].id, (EntryId{kElsewhere, 1}));
  EXPECT_EQ(s.events_of<Changed>()[0].change, Change::New);
  s.request(kThird, {{kElsewhere, 1, 4, 5, false, "c"}});
  EXPECT_EQ(s.events_of<Changed>().back().change, Change::Updated);
}

TEST(ScspUpdate, Rfc2334SectionB202AtItsLastHopACsaIsKeptAndNotRelayed) {
  Three s;
  s.request(kGreat, {{kElsewhere, 1, 3, 1, false, "a"}, {kElsewhere, 2, 3, 0, false, "b"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
  EXPECT_EQ(s.entry(kElsewhere, 2), "3 b");
  EXPECT_TRUE(s.records(kSmall, kRequest).empty());
  EXPECT_EQ(s.records(kGreat, kReply).size(), 2u);
  EXPECT_EQ(s.of(kGreat).counters.hop_limited, 2u);
}

// A hop count of 1 says that it answers us; what is on our other side has not seen it either.
TEST(ScspUpdate, WhatWasSolicitedIsNewOnOurSideOfTheGroupToo) {
  Server s({kSmall, kGreat});
  s.align(kSmall);
  s.align(kGreat, {{kElsewhere, 1, 3, 1, false, "a"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
  s.got.clear();
  s.hello(kSmall);
  s.hello(kGreat);
  s.pass(2s);
  EXPECT_EQ(s.records(kSmall, kRequest),
            (std::vector<Csa>{{kElsewhere, 1, 3, 64, false, "a"}}));  // unacknowledged: again
}

// The answer to a CSUS of an exchange that was begun anew since, while in this one the record waits
// for its turn to be asked for.
TEST(ScspUpdate, WhatIsStillWantedIsNewOnOurSideOfTheGroupHoweverLate) {
  Config c = Server::config({kSmall, kGreat});
  c.limits.packet_octets = 100;  // three summaries
  Server s(c);
  s.align(kSmall);
  s.meet(kGreat);
  s.ca(kGreat, {.sequence = 70, .master = true, .initialize = true, .more = true});
  std::vector<Csa> wanted;
  for (std::uint32_t k = 1; k <= 5; ++k) wanted.push_back({kElsewhere, k, 3, 1, false, "a"});
  s.ca(kGreat, {.sequence = 71, .master = true}, wanted);
  s.got.clear();
  s.request(kGreat, {wanted.back()});
  EXPECT_EQ(s.records(kSmall, kRequest), (std::vector<Csa>{{kElsewhere, 5, 3, 64, false, "a"}}));
}

TEST(ScspUpdate, Rfc2334Section23ACsusIsAnsweredToItsSenderOnlyWithAHopCountOfOne) {
  Three s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  for (const ServerId n : {kSmall, kThird}) s.reply(n, {{kElsewhere, 1, 3}});
  s.got.clear();
  s.solicit(kSmall, {{kElsewhere, 1, 2}});
  EXPECT_EQ(s.records(kSmall, kRequest), (std::vector<Csa>{{kElsewhere, 1, 3, 1, false, "a"}}));
  EXPECT_TRUE(s.all(kThird, kRequest).empty());
  EXPECT_TRUE(s.all(kGreat, kRequest).empty());
}

TEST(ScspUpdate, ANewerInstanceGoesFurtherThanTheSolicitedOneItReplaces) {
  Three s;
  s.originate(4, "one");
  for (const ServerId n : {kSmall, kGreat, kThird}) s.reply(n, {{kSelf, 4, kFirst}});
  s.solicit(kSmall, {{kSelf, 4, kFirst}});
  EXPECT_EQ(s.last(kSmall, kRequest).records.at(0).hops, 1);
  s.originate(4, "two");
  EXPECT_EQ(s.last(kSmall, kRequest).records.at(0).hops, 64);
}

TEST(ScspUpdate, Rfc2334Section23ACsusForWhatIsGoneIsAnsweredWithNull) {
  Three s;
  s.solicit(kSmall, {{kElsewhere, 1, -2}});
  EXPECT_EQ(s.records(kSmall, kRequest), (std::vector<Csa>{{kElsewhere, 1, -2, 1, true}}));
  EXPECT_EQ(s.of(kSmall).counters.nulls_sent, 1u);
}

TEST(ScspUpdate, Rfc2334Section23ANullCsaBesideOthersIsAcknowledgedAndChangesNothing) {
  Three s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  s.request(kGreat, {{kElsewhere, 1, 9, 1, true}, {kElsewhere, 2, 1, 5, false, "b"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
  EXPECT_EQ(s.entry(kElsewhere, 2), "1 b");
  EXPECT_EQ(s.last(kGreat, kReply).records,
            (std::vector<Csa>{{kElsewhere, 1, 9, 1, true}, {kElsewhere, 2, 1}}));
}

TEST(ScspUpdate, Rfc2334Section23AnOlderCsaIsAcknowledgedWithWhatWeHave) {
  Three s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  s.got.clear();
  s.request(kSmall, {{kElsewhere, 1, 2, 5, false, "old"}});
  EXPECT_EQ(s.records(kSmall, kReply), (std::vector<Csa>{{kElsewhere, 1, 3}}));
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
  EXPECT_TRUE(s.all(kThird, kRequest).empty());
}

TEST(ScspUpdate, TheSameCsaAgainIsAcknowledgedAndGoesNoFurther) {
  Three s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  s.got.clear();
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  EXPECT_EQ(s.records(kGreat, kReply), (std::vector<Csa>{{kElsewhere, 1, 3}}));
  EXPECT_TRUE(s.all(kSmall, kRequest).empty());
  EXPECT_EQ(s.events_of<Changed>().size(), 1u);
}

TEST(ScspUpdate, Rfc2334Section23TheSameCsaFromADcsThatHasItQueuedIsAnImplicitAcknowledgment) {
  Three s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  EXPECT_EQ(s.of(kSmall).unacknowledged, 1u);
  s.request(kSmall, {{kElsewhere, 1, 3, 9, false, "a"}});
  EXPECT_EQ(s.of(kSmall).unacknowledged, 0u);
  EXPECT_EQ(s.of(kThird).unacknowledged, 1u);
  EXPECT_EQ(s.records(kSmall, kReply), (std::vector<Csa>{{kElsewhere, 1, 3}}));
}

TEST(ScspUpdate, Rfc2334Section23AMatchingReplyEndsRetransmission) {
  Three s;
  s.originate(4, "one");
  s.reply(kSmall, {{kSelf, 4, kFirst}});
  s.reply(kGreat, {{kSelf, 5, kFirst}});       // another key
  s.reply(kThird, {{kElsewhere, 4, kFirst}});  // another originator
  s.got.clear();
  s.pass(2s);
  EXPECT_TRUE(s.records(kSmall, kRequest).empty());
  EXPECT_EQ(s.records(kGreat, kRequest).size(), 1u);
  EXPECT_EQ(s.records(kThird, kRequest).size(), 1u);
}

TEST(ScspUpdate, Rfc2334Section23AReplyOfAnOlderInstanceIsIgnored) {
  Three s;
  s.originate(4, "one");
  s.originate(4, "two");
  s.reply(kSmall, {{kSelf, 4, kFirst}});
  EXPECT_EQ(s.of(kSmall).unacknowledged, 1u);
  s.reply(kSmall, {{kSelf, 4, kFirst + 1}});
  EXPECT_EQ(s.of(kSmall).unacknowledged, 0u);
}

TEST(ScspUpdate, Rfc2334Section23AReplyOfANewerInstanceIsSolicited) {
  Three s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  s.got.clear();
  s.reply(kSmall, {{kElsewhere, 1, 8}});
  EXPECT_EQ(s.of(kSmall).unacknowledged, 0u);
  EXPECT_EQ(s.records(kSmall, kCsus), (std::vector<Csa>{{kElsewhere, 1, 8}}));
  EXPECT_EQ(s.alignment(kSmall), Aligned);
  s.hellos();
  s.pass(3s);  // "all normal CSUS processing": it is repeated
  EXPECT_EQ(s.records(kSmall, kCsus).size(), 2u);
  s.request(kSmall, {{kElsewhere, 1, 8, 1, false, "z"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "8 z");
  s.hellos();
  s.pass(1s);
  EXPECT_EQ(s.records(kSmall, kCsus).size(), 2u);
}

TEST(ScspUpdate, Rfc2334Section23OnlyWhatIsNotAcknowledgedIsRepeatedToItsDcs) {
  Three s;
  s.originate(4, "one");
  s.originate(5, "two");
  s.reply(kGreat, {{kSelf, 4, kFirst}, {kSelf, 5, kFirst}});
  s.reply(kThird, {{kSelf, 4, kFirst}, {kSelf, 5, kFirst}});
  s.reply(kSmall, {{kSelf, 5, kFirst}});
  s.got.clear();
  s.pass(1'999ms);
  EXPECT_TRUE(s.all(kSmall, kRequest).empty());
  s.pass(1ms);
  EXPECT_EQ(s.records(kSmall, kRequest), (std::vector<Csa>{{kSelf, 4, kFirst, 64, false, "one"}}));
  EXPECT_EQ(s.last(kSmall, kRequest).receiver, kSmall.value);
  EXPECT_TRUE(s.all(kGreat, kRequest).empty());
  EXPECT_EQ(s.of(kSmall).counters.retransmissions, 1u);
}

TEST(ScspUpdate, Rfc2334Section23WithoutAcknowledgmentTheHfsmGoesToWaiting) {
  Three s;
  s.originate(4, "one");
  s.reply(kGreat, {{kSelf, 4, kFirst}});
  s.reply(kThird, {{kSelf, 4, kFirst}});
  for (int i = 0; i < 9; ++i) {
    s.pass(1s);
    s.hellos();
  }
  EXPECT_EQ(s.records(kSmall, kRequest).size(), 5u);
  EXPECT_EQ(s.alignment(kSmall), Aligned);
  s.pass(1s);
  EXPECT_EQ(s.hello_state(kSmall), HelloState::Waiting);
  EXPECT_EQ(s.alignment(kSmall), Down);
  EXPECT_EQ(s.of(kSmall).unacknowledged, 0u);
  EXPECT_EQ(s.events_of<Abnormal>().at(0).error.field, "scsp.csu_reply");
  EXPECT_EQ(s.alignment(kGreat), Aligned);
}

TEST(ScspUpdate, Rfc2334Section23OnlyTheNewestInstanceIsQueued) {
  Three s;
  for (int i = 0; i < 50; ++i) s.originate(4, std::to_string(i));
  EXPECT_EQ(s.of(kSmall).unacknowledged + s.of(kSmall).unsent, 1u);
  s.got.clear();
  s.pass(2s);
  EXPECT_EQ(s.records(kSmall, kRequest),
            (std::vector<Csa>{{kSelf, 4, kFirst + 49, 64, false, "49"}}));
  // A newer one from the DCS itself takes the older one off its queue.
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  EXPECT_EQ(s.of(kSmall).unacknowledged, 2u);
  s.request(kSmall, {{kElsewhere, 1, 4, 5, false, "b"}});
  EXPECT_EQ(s.of(kSmall).unacknowledged, 1u);
}

TEST(ScspUpdate, Rfc2334Section23ARequestToAllIsAnsweredToItsSender) {
  Three s;
  s.packet(kGreat, Server::write(kGreat, kRequest, {{kElsewhere, 1, 3, 5, false, "a"}}, {},
                                 ServerId{0xffffffff}));
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
  EXPECT_EQ(s.last(kGreat, kReply).receiver, kGreat.value);
}

TEST(ScspUpdate, Rfc2334Section23ACsuForAnotherReceiverIsDiscarded) {
  Three s;
  s.packet(kGreat,
           Server::write(kGreat, kRequest, {{kElsewhere, 1, 3, 5, false, "a"}}, {}, kSmall));
  EXPECT_EQ(s.entry(kElsewhere, 1), "none");
  EXPECT_EQ(s.alignment(kGreat), Aligned);
  EXPECT_TRUE(s.got.empty());
}

TEST(ScspUpdate, Rfc2334Section23CsuMessagesCountInUpdateCacheAndAlignedOnly) {
  Server s({kGreat});
  s.meet(kGreat);
  s.got.clear();
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  s.solicit(kGreat, {{kElsewhere, 1, 3}});
  EXPECT_TRUE(s.got.empty());
  s.originate(4, "one");  // and nothing is sent
  EXPECT_TRUE(s.all(kGreat, kRequest).empty());
  s.ca(kGreat, {.sequence = 70, .master = true, .initialize = true, .more = true});
  s.ca(kGreat, {.sequence = 71, .master = true}, {{kElsewhere, 2, 1}});
  EXPECT_EQ(s.alignment(kGreat), UpdateCache);
  EXPECT_TRUE(s.all(kGreat, kRequest).empty());  // it is in our summary
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
  EXPECT_EQ(s.records(kGreat, kReply).size(), 1u);
}

Config judging() {
  Config c = Server::config({kSmall, kGreat, kThird});
  c.check_body = [](Bytes body, std::size_t base) -> Result<void> {
    if (text(body) == "unknown") return fail(Errc::BadValue, "csa.state", base);
    if (text(body) == "cut") return fail(Errc::Truncated, "csa.state", base);
    return {};
  };
  return c;
}

TEST(ScspUpdate, Rfc2443Item6AnUnknownRecordIsDiscardedAcknowledgedAndNotRelayed) {
  Three s(judging());
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "unknown"}, {kElsewhere, 2, 3, 5, false, "b"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "none");
  EXPECT_EQ(s.entry(kElsewhere, 2), "3 b");
  EXPECT_EQ(s.records(kSmall, kRequest), (std::vector<Csa>{{kElsewhere, 2, 3, 4, false, "b"}}));
  EXPECT_EQ(s.records(kGreat, kReply).size(), 2u);
  EXPECT_EQ(s.of(kGreat).counters.records_discarded, 1u);
  EXPECT_EQ(s.alignment(kGreat), Aligned);
}

TEST(ScspUpdate, AnUnknownRecordDoesNotKeepNeighborsFromAligning) {
  Three s(judging());
  s.reply(kGreat, {});
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  s.reply(kSmall, {{kElsewhere, 1, 8}});
  ASSERT_EQ(s.of(kSmall).wanted, 1u);
  s.request(kSmall, {{kElsewhere, 1, 8, 1, false, "unknown"}});
  EXPECT_EQ(s.of(kSmall).wanted, 0u);
}

TEST(ScspUpdate, AMalformedRecordCostsThePacketAndIsAnAbnormalEvent) {
  Three s(judging());
  s.request(kGreat, {{kElsewhere, 2, 3, 5, false, "b"}, {kElsewhere, 1, 3, 5, false, "cut"}});
  EXPECT_EQ(s.entry(kElsewhere, 2), "none");
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
  EXPECT_TRUE(s.all(kGreat, kReply).empty());
  EXPECT_EQ(s.alignment(kSmall), Aligned);
}

TEST(ScspUpdate, Rfc2334Section23WhatThereIsNoRoomForIsNotAcknowledged) {
  Config c = Server::config({kSmall, kGreat, kThird});
  c.limits.entries = 1;
  Three s(std::move(c));
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}, {kElsewhere, 2, 3, 5, false, "b"}});
  EXPECT_EQ(s.records(kGreat, kReply), (std::vector<Csa>{{kElsewhere, 1, 3}}));
  EXPECT_EQ(s.records(kSmall, kRequest).size(), 1u);
  EXPECT_EQ(s.of(kGreat).counters.records_refused, 1u);
  EXPECT_EQ(s.originate(4, "own"), Status::Full);
}

TEST(ScspUpdate, NoMoreIsOnItsWayThanTheWindowHolds) {
  Config c = Server::config({kSmall, kGreat, kThird});
  c.limits.window = 3;
  Three s(std::move(c));
  for (std::uint32_t k = 0; k < 5; ++k) s.originate(k, "x");
  EXPECT_EQ(s.records(kSmall, kRequest).size(), 3u);
  EXPECT_EQ(s.of(kSmall).unsent, 2u);
  s.reply(kSmall, {{kSelf, 0, kFirst}, {kSelf, 1, kFirst}});
  EXPECT_EQ(s.records(kSmall, kRequest).size(), 5u);

  Config d = Server::config({kSmall, kGreat, kThird});
  d.limits.window = 3;
  Three t(std::move(d));  // in one packet too
  std::vector<Csa> five;
  for (std::uint32_t k = 0; k < 5; ++k) five.push_back({kElsewhere, k, 1, 5, false, "x"});
  t.request(kGreat, five);
  EXPECT_EQ(t.records(kSmall, kRequest).size(), 3u);
}

TEST(ScspUpdate, PacketsStayWithinTheirLimitAndALargerRecordGoesAlone) {
  Config c = Server::config({kSmall, kGreat, kThird});
  c.limits.packet_octets = 200;
  Three s(std::move(c));
  std::vector<Csa> many;
  for (std::uint32_t k = 0; k < 40; ++k) many.push_back({kElsewhere, k, 1, 5, false, "0123456789"});
  many.push_back({kElsewhere, 99, 1, 5, false, std::string(1'000, 'x')});
  s.request(kGreat, many);
  EXPECT_EQ(s.records(kSmall, kRequest).size(), 41u);
  EXPECT_EQ(s.records(kGreat, kReply).size(), 41u);
  for (const Got& g : s.got) {
    EXPECT_TRUE(g.size <= 200 || (g.size == 28 + 20 + 1'000 && g.records.size() == 1)) << g.size;
  }
  EXPECT_EQ(s.originate(1, std::string(65'500, 'x')), Status::TooLarge);
}

}  // namespace
}  // namespace forces::multicast::sync::test
