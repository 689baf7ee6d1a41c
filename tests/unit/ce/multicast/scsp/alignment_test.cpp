// Cache Alignment: RFC 2334 section 2.2.
#include "tests/unit/ce/multicast/scsp/server.hpp"

namespace forces::multicast::sync::test {
namespace {

constexpr auto kCa = MsgType::CacheAlignment;
using enum AlignmentState;

Ca invitation(std::uint32_t sequence) {
  return {.sequence = sequence, .master = true, .initialize = true, .more = true};
}
// Entries of a server that nobody here is.
std::vector<Csa> entries(std::uint32_t from, std::uint32_t count, std::int32_t sequence = 7) {
  std::vector<Csa> made;
  for (std::uint32_t k = from; k < from + count; ++k) {
    made.push_back({kElsewhere, k, sequence, 1, false, "body"});
  }
  return made;
}
// A server with `count` entries and a small packet limit, and a new neighbour in Negotiation.
struct WithEntries : Server {
  WithEntries(std::uint32_t count, ServerId neighbor, std::size_t packet)
      : Server(small_packets(neighbor, packet)) {
    align(kThird, entries(0, count));
    meet(neighbor);
  }
  static Config small_packets(ServerId neighbor, std::size_t packet) {
    Config c = config({kThird, neighbor});
    c.limits.packet_octets = packet;
    return c;
  }
};

TEST(ScspAlignment, Rfc2334Section22TheFirstCaHasMIOAndNoRecordsAndIsRepeated) {
  Server s;
  s.meet(kGreat);
  ASSERT_EQ(s.all(kGreat, kCa).size(), 1u);
  const Got first = s.last(kGreat, kCa);
  EXPECT_EQ(first.alignment, (scsp::AlignmentPart{1'000, true, true, true}));
  EXPECT_TRUE(first.records.empty());
  EXPECT_EQ(first.receiver, kGreat.value);
  s.hello(kGreat);
  s.pass(3s);
  s.hello(kGreat);
  s.pass(3s);
  ASSERT_EQ(s.all(kGreat, kCa).size(), 3u);
  EXPECT_EQ(s.last(kGreat, kCa).alignment, first.alignment);
}

TEST(ScspAlignment, Rfc2334Section221TheGreaterIdIsMasterWeAreSlave) {
  Server s;
  s.meet(kGreat);
  s.got.clear();
  s.ca(kGreat, invitation(500));
  EXPECT_EQ(s.alignment(kGreat), CacheSummarize);
  EXPECT_FALSE(s.of(kGreat).master);
  EXPECT_EQ(s.last(kGreat, kCa).alignment, (scsp::AlignmentPart{500, false, false, false}));
  s.ca(kGreat, {.sequence = 501, .master = true});
  EXPECT_EQ(s.last(kGreat, kCa).alignment, (scsp::AlignmentPart{501, false, false, false}));
  EXPECT_EQ(s.trail(kGreat), (std::vector{Negotiation, CacheSummarize, UpdateCache, Aligned}));
}

TEST(ScspAlignment, Rfc2334Section221TheGreaterIdIsMasterWeAreMaster) {
  Server s({kSmall});
  s.meet(kSmall);
  s.got.clear();
  s.ca(kSmall, invitation(500));  // of one that is smaller
  EXPECT_EQ(s.alignment(kSmall), Negotiation);
  EXPECT_TRUE(s.got.empty());
  s.ca(kSmall, {.sequence = 1'000});
  EXPECT_EQ(s.alignment(kSmall), CacheSummarize);
  EXPECT_TRUE(s.of(kSmall).master);
  EXPECT_EQ(s.last(kSmall, kCa).alignment, (scsp::AlignmentPart{1'001, true, false, false}));
  s.ca(kSmall, {.sequence = 1'001});
  EXPECT_EQ(s.trail(kSmall), (std::vector{Negotiation, CacheSummarize, UpdateCache, Aligned}));
  EXPECT_EQ(s.all(kSmall, kCa).size(), 1u);
}

TEST(ScspAlignment, Rfc2334Section2213EverythingElseIsIgnoredInNegotiation) {
  Server s({kSmall, kGreat});
  s.meet(kSmall);
  s.meet(kGreat);
  s.got.clear();
  s.ca(kGreat, invitation(5), entries(1, 1));                   // with records
  s.ca(kGreat, {.sequence = 5, .master = true, .more = true});  // without I
  s.ca(kGreat, {.sequence = 1'000});                            // a slave that is greater
  s.ca(kSmall, {.sequence = 999});                              // of an earlier negotiation
  s.ca(kSmall, {.sequence = 1'000, .initialize = true});
  EXPECT_EQ(s.alignment(kGreat), Negotiation);
  EXPECT_EQ(s.alignment(kSmall), Negotiation);
  EXPECT_TRUE(s.got.empty());
}

TEST(ScspAlignment, Rfc2334Section2221AWrongMasterBitOrAnInitializeBitNegotiatesAgain) {
  for (const Ca wrong :
       {Ca{.sequence = 71}, Ca{.sequence = 71, .master = true, .initialize = true}}) {
    Server s;
    s.meet(kGreat);
    s.ca(kGreat, invitation(70));
    s.got.clear();
    s.ca(kGreat, wrong);
    EXPECT_EQ(s.alignment(kGreat), Negotiation);
    EXPECT_EQ(s.last(kGreat, kCa).alignment, (scsp::AlignmentPart{1'001, true, true, true}))
        << "another sequence number than ever before";
  }
  for (const Ca wrong : {Ca{.sequence = 1'001, .master = true}, invitation(1'001)}) {
    Server s({kSmall});
    s.meet(kSmall);
    s.ca(kSmall, {.sequence = 1'000});
    s.ca(kSmall, wrong);
    EXPECT_EQ(s.alignment(kSmall), Negotiation);
    EXPECT_EQ(s.last(kSmall, kCa).alignment.sequence, 1'002u);
  }
}

TEST(ScspAlignment, Rfc2334Section2222AMasterDiscardsADuplicate) {
  WithEntries s(60, kSmall, 500);
  s.ca(kSmall, {.sequence = 1'000, .more = true}, entries(100, 1));
  const std::size_t sent = s.all(kSmall, kCa).size();
  s.ca(kSmall, {.sequence = 1'000, .more = true}, entries(100, 1));
  EXPECT_EQ(s.all(kSmall, kCa).size(), sent);
  EXPECT_EQ(s.of(kSmall).wanted, 1u);
  EXPECT_EQ(s.alignment(kSmall), CacheSummarize);
}

TEST(ScspAlignment, Rfc2334Section2223AnyOtherNumberNegotiatesAgain) {
  WithEntries s(60, kSmall, 500);
  s.ca(kSmall, {.sequence = 1'000});
  s.ca(kSmall, {.sequence = 1'004});
  EXPECT_EQ(s.alignment(kSmall), Negotiation);
}

TEST(ScspAlignment, Rfc2334Section2224ASlaveRepeatsItsAnswerToADuplicate) {
  WithEntries s(60, kGreat, 500);
  s.ca(kGreat, invitation(70));
  const Got first = s.last(kGreat, kCa);
  s.got.clear();
  s.ca(kGreat, invitation(70));  // our first answer was lost: not a new negotiation
  EXPECT_EQ(s.alignment(kGreat), CacheSummarize);
  EXPECT_EQ(s.last(kGreat, kCa).records, first.records);
  s.ca(kGreat, {.sequence = 71, .master = true});
  const Got second = s.last(kGreat, kCa);
  EXPECT_NE(second.records, first.records);
  s.got.clear();
  s.ca(kGreat, {.sequence = 71, .master = true});
  EXPECT_EQ(s.last(kGreat, kCa).records, second.records);
}

TEST(ScspAlignment, Rfc2334Section2226ASlaveThatGetsAnotherNumberNegotiatesAgain) {
  WithEntries s(60, kGreat, 500);
  s.ca(kGreat, invitation(70));
  s.ca(kGreat, {.sequence = 72, .master = true});
  EXPECT_EQ(s.alignment(kGreat), Negotiation);
}

TEST(ScspAlignment, Rfc2334Section2225ASlaveSendsItsCacheInSetsAndEndsWithTheMaster) {
  WithEntries s(60, kGreat, 500);  // 23 summaries a packet
  s.got.clear();
  s.ca(kGreat, invitation(70));
  std::uint32_t sequence = 70;
  while (s.last(kGreat, kCa).alignment.more) {
    ASSERT_LT(sequence, 80u);
    s.ca(kGreat, {.sequence = ++sequence, .master = true});
  }
  EXPECT_EQ(s.all(kGreat, kCa).size(), 3u);
  EXPECT_EQ(s.records(kGreat, kCa), Server::summaries(entries(0, 60)));
  EXPECT_EQ(s.alignment(kGreat), Aligned);  // 2b: with its last set, for the master had no more
}

TEST(ScspAlignment, Rfc2334Section2225ASlaveWaitsForAMasterThatHasMore) {
  Server s;
  s.meet(kGreat);
  s.ca(kGreat, invitation(70));
  s.ca(kGreat, {.sequence = 71, .master = true, .more = true}, entries(1, 1));
  EXPECT_EQ(s.alignment(kGreat), CacheSummarize);
  s.ca(kGreat, {.sequence = 72, .master = true}, entries(2, 1));
  EXPECT_EQ(s.alignment(kGreat), UpdateCache);
  EXPECT_EQ(s.records(kGreat, MsgType::CsuSolicit), Server::summaries(entries(1, 2)));
}

TEST(ScspAlignment, Rfc2334Section2223AMasterSendsItsCacheInSetsAndItsTimerRuns) {
  WithEntries s(60, kSmall, 500);
  s.got.clear();
  s.ca(kSmall, {.sequence = 1'000});
  EXPECT_TRUE(s.last(kSmall, kCa).alignment.more);
  EXPECT_EQ(s.last(kSmall, kCa).records.size(), 23u);
  s.hello(kSmall);
  s.pass(3s);  // the answer was lost
  EXPECT_EQ(s.all(kSmall, kCa).size(), 2u);
  EXPECT_EQ(s.last(kSmall, kCa).alignment.sequence, 1'001u);
  s.got.clear();
  s.ca(kSmall, {.sequence = 1'001});
  s.ca(kSmall, {.sequence = 1'002, .more = true});
  EXPECT_EQ(s.last(kSmall, kCa).alignment, (scsp::AlignmentPart{1'003, true, false, false}));
  EXPECT_EQ(s.records(kSmall, kCa).size(), 37u);
  s.ca(kSmall, {.sequence = 1'003, .more = true});  // we have no more, the slave has: d2
  EXPECT_EQ(s.last(kSmall, kCa).alignment, (scsp::AlignmentPart{1'004, true, false, false}));
  EXPECT_TRUE(s.last(kSmall, kCa).records.empty());
  s.ca(kSmall, {.sequence = 1'004});
  EXPECT_EQ(s.alignment(kSmall), Aligned);
}

TEST(ScspAlignment, Rfc2334Section2222ASlaveKeepsItsLastCaUntilItsTimer) {
  Server s;
  s.align(kGreat);
  s.ca(kGreat, {.sequence = 71, .master = true});
  EXPECT_EQ(s.all(kGreat, kCa).size(), 1u);  // the same again
  EXPECT_EQ(s.alignment(kGreat), Aligned);
  s.pass(3s);
  s.ca(kGreat, {.sequence = 71, .master = true});
  EXPECT_EQ(s.alignment(kGreat), Negotiation);
}

TEST(ScspAlignment, Rfc2334Section2222ASlaveKeepsItsLastCaUntilACsus) {
  Server s;
  s.align(kGreat);
  s.solicit(kGreat, {{kElsewhere, 1, 1}});
  s.ca(kGreat, {.sequence = 71, .master = true});
  EXPECT_EQ(s.alignment(kGreat), Negotiation);
}

TEST(ScspAlignment, AMasterInUpdateCacheDiscardsACopyOfTheSlavesLastCa) {
  Server s({kSmall});
  s.align(kSmall);
  s.ca(kSmall, {.sequence = 1'001});
  EXPECT_EQ(s.alignment(kSmall), Aligned);
  s.ca(kSmall, {.sequence = 1'000});
  EXPECT_EQ(s.alignment(kSmall), Negotiation);
}

TEST(ScspAlignment, AnInvitationOfAMasterThatBeganAgainIsAnsweredAtOnce) {
  Server s;
  s.align(kGreat);
  s.ca(kGreat, invitation(900));
  EXPECT_EQ(s.last(kGreat, kCa).alignment, (scsp::AlignmentPart{900, false, false, false}));
  EXPECT_EQ(s.alignment(kGreat), CacheSummarize);
}

// Section 2.2.1 2d literally: the master says "more" with the last set that it has, and then
// nothing, for it has no more and we have said so too.
TEST(ScspAlignment, ASlaveDoesNotWaitForEverForAMasterThatSaidMore) {
  Server s;
  s.meet(kGreat);
  s.ca(kGreat, invitation(70));
  s.ca(kGreat, {.sequence = 71, .master = true, .more = true}, entries(1, 1));
  s.pass(8'999ms);
  s.hello(kGreat);
  EXPECT_EQ(s.alignment(kGreat), CacheSummarize);
  s.pass(1ms);
  EXPECT_EQ(s.alignment(kGreat), UpdateCache);

  Server told;
  told.meet(kGreat);
  told.ca(kGreat, invitation(70));
  told.ca(kGreat, {.sequence = 71, .master = true, .more = true});
  told.solicit(kGreat, {{kElsewhere, 1, 1}});  // only in Update Cache does one send this
  EXPECT_EQ(told.alignment(kGreat), Aligned);
  EXPECT_TRUE(told.last(kGreat, MsgType::CsuRequest).records.at(0).null);
}

// It is late of an exchange that was begun anew; what the master has is not known yet.
TEST(ScspAlignment, ACsuBeforeTheFirstSetOfTheMasterEndsNoSummary) {
  Server s;
  s.meet(kGreat);
  s.ca(kGreat, invitation(70));
  s.request(kGreat, entries(1, 1));
  EXPECT_EQ(s.alignment(kGreat), CacheSummarize);
  EXPECT_EQ(s.of(kGreat).counters.packets_ignored, 1u);
  s.ca(kGreat, {.sequence = 71, .master = true}, entries(1, 2));
  EXPECT_EQ(s.last(kGreat, MsgType::CsuSolicit).records, Server::summaries(entries(1, 2)));
}

TEST(ScspAlignment, ASlaveWithMoreToSayNegotiatesAgainWhenItsMasterIsSilent) {
  WithEntries s(60, kGreat, 500);
  s.ca(kGreat, invitation(70));
  s.pass(8s);
  s.hello(kGreat);
  s.pass(1s);
  EXPECT_EQ(s.alignment(kGreat), Negotiation);
}

TEST(ScspAlignment, Rfc2334Section2223OnlyWhatIsNewerThereIsAskedFor) {
  Server s({kThird, kGreat});
  s.align(kThird, {{kElsewhere, 1, 5, 1, false, "a"},
                   {kElsewhere, 2, 5, 1, false, "b"},
                   {kElsewhere, 3, 5, 1, false, "c"}});
  s.meet(kGreat);
  s.ca(kGreat, invitation(70));
  s.ca(kGreat, {.sequence = 71, .master = true, .more = true},
       {{kElsewhere, 1, 4},
        {kElsewhere, 2, 5},
        {kElsewhere, 3, 6},
        {kElsewhere, 4, -9},
        {kSmall, 1, 1}});
  EXPECT_EQ(s.of(kGreat).wanted, 3u);
  s.ca(kGreat, {.sequence = 72, .master = true});
  EXPECT_EQ(s.alignment(kGreat), UpdateCache);
  EXPECT_EQ(s.records(kGreat, MsgType::CsuSolicit),
            (std::vector<Csa>{{kElsewhere, 3, 6}, {kElsewhere, 4, -9}, {kSmall, 1, 1}}));
}

TEST(ScspAlignment, Rfc2334Section223OneCsusAtATimeUntilAllHasCome) {
  Config c = Server::config({kGreat});
  c.limits.packet_octets = 100;  // three summaries
  Server s(c);
  s.meet(kGreat);
  s.ca(kGreat, invitation(70));
  s.ca(kGreat, {.sequence = 71, .master = true}, entries(1, 5));
  ASSERT_EQ(s.all(kGreat, MsgType::CsuSolicit).size(), 1u);
  EXPECT_EQ(s.last(kGreat, MsgType::CsuSolicit).records, Server::summaries(entries(1, 3)));
  s.request(kGreat, entries(1, 2));
  EXPECT_EQ(s.all(kGreat, MsgType::CsuSolicit).size(), 1u);
  s.hello(kGreat);
  s.pass(2'999ms);
  EXPECT_EQ(s.all(kGreat, MsgType::CsuSolicit).size(), 1u);
  s.pass(1ms);  // the third was lost: again, with others
  ASSERT_EQ(s.all(kGreat, MsgType::CsuSolicit).size(), 2u);
  EXPECT_EQ(s.last(kGreat, MsgType::CsuSolicit).records, Server::summaries(entries(3, 3)));
  EXPECT_EQ(s.alignment(kGreat), UpdateCache);
  s.request(kGreat, entries(3, 3));
  EXPECT_EQ(s.alignment(kGreat), Aligned);
  EXPECT_EQ(s.engine.snapshot().entries, 5u);
}

TEST(ScspAlignment, Rfc2334Section223WhenAllOfACsusHasComeTheNextGoesAtOnce) {
  Config c = Server::config({kGreat});
  c.limits.packet_octets = 100;
  Server s(c);
  s.meet(kGreat);
  s.ca(kGreat, invitation(70));
  s.ca(kGreat, {.sequence = 71, .master = true}, entries(1, 5));
  s.request(kGreat, entries(1, 3));
  EXPECT_EQ(s.last(kGreat, MsgType::CsuSolicit).records, Server::summaries(entries(4, 2)));
}

TEST(ScspAlignment, Rfc2334Section23ANullCsaAnswersItsCsas) {
  Server s;
  s.meet(kGreat);
  s.ca(kGreat, invitation(70));
  s.ca(kGreat, {.sequence = 71, .master = true}, entries(1, 1));
  EXPECT_EQ(s.alignment(kGreat), UpdateCache);
  s.request(kGreat, {{kElsewhere, 1, 7, 1, true}});
  EXPECT_EQ(s.alignment(kGreat), Aligned);
  EXPECT_EQ(s.entry(kElsewhere, 1), "none");
  EXPECT_EQ(s.last(kGreat, MsgType::CsuReply).records,
            (std::vector<Csa>{{kElsewhere, 1, 7, 1, true}}));
}

TEST(ScspAlignment, Rfc2334Section223WhatIsForAnotherReceiverIsDiscarded) {
  Server s;
  s.meet(kGreat);
  s.packet(kGreat, Server::write(kGreat, kCa, {}, invitation(70), kSmall));
  EXPECT_EQ(s.alignment(kGreat), Negotiation);
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);
  s.align(kGreat);
  s.packet(kGreat, Server::write(kGreat, MsgType::CsuSolicit, {{kElsewhere, 1, 1}}, {}, kSmall));
  EXPECT_TRUE(s.got.empty());
  EXPECT_EQ(s.of(kGreat).counters.packets_discarded, 2u);
}

TEST(ScspAlignment, WhatChangesDuringTheSummaryIsSentBehindIt) {
  WithEntries s(60, kGreat, 500);
  s.ca(kGreat, invitation(70));
  s.got.clear();
  // The first of it was in our first set already.
  s.request(kThird, {{kElsewhere, 0, 9, 5, false, "new"}, {kElsewhere, 99, 1, 5, false, "more"}});
  EXPECT_TRUE(s.all(kGreat, MsgType::CsuRequest).empty());  // section 2.3: not now
  s.ca(kGreat, {.sequence = 71, .master = true});
  s.ca(kGreat, {.sequence = 72, .master = true});
  ASSERT_EQ(s.alignment(kGreat), Aligned);
  EXPECT_EQ(s.records(kGreat, MsgType::CsuRequest),
            (std::vector<Csa>{{kElsewhere, 0, 9, 4, false, "new"},
                              {kElsewhere, 99, 1, 4, false, "more"}}));
}

TEST(ScspAlignment, WhatCameByAnotherWayIsNotAskedFor) {
  Config c = Server::config({kThird, kGreat});
  c.limits.packet_octets = 100;
  Server s(c);
  s.align(kThird);
  s.meet(kGreat);
  s.ca(kGreat, invitation(70));
  s.ca(kGreat, {.sequence = 71, .master = true}, entries(1, 5));
  s.request(kThird, {{kElsewhere, 4, 8, 5, false, "newer"}});
  s.request(kGreat, entries(1, 3));
  EXPECT_EQ(s.last(kGreat, MsgType::CsuSolicit).records, Server::summaries(entries(5, 1)));
}

TEST(ScspAlignment, ASummaryThatNeverEndsTakesNoMoreThanACache) {
  Config c = Server::config({kGreat});
  c.limits.entries = 50;
  Server s(c);
  s.meet(kGreat);
  s.ca(kGreat, invitation(70));
  for (std::uint32_t i = 1; i <= 10; ++i) {
    s.ca(kGreat, {.sequence = 70 + i, .master = true, .more = true}, entries(i * 20, 20));
  }
  EXPECT_EQ(s.of(kGreat).wanted, 50u);
}

}  // namespace
}  // namespace forces::multicast::sync::test
