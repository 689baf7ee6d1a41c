// Newness, sequence numbers, purge and restart: RFC 2334 sections 2.4 and B.2.0.2.
#include "tests/unit/ce/multicast/scsp/server.hpp"

namespace forces::multicast::sync::test {
namespace {

using enum AlignmentState;
constexpr auto kRequest = MsgType::CsuRequest;
constexpr auto kReply = MsgType::CsuReply;

struct Two : Server {
  Two() : Two(config({kSmall, kGreat})) {}
  explicit Two(Config c, const std::vector<Csa>& theirs = {}) : Server(std::move(c)) {
    align(kGreat, theirs);
    align(kSmall);
    got.clear();
    events.clear();
  }
};
// Our own entry 4 is in the group, of an earlier process.
std::vector<Csa> left(std::int32_t sequence) { return {{kSelf, 4, sequence, 1, false, "left"}}; }
Config restarted() {
  Config c = Server::config({kSmall, kGreat});
  c.restarted = true;
  c.restart_constant = 100;
  return c;
}

TEST(ScspEntries, Rfc2334Section24AnEntryIsItsKeyAndItsOriginator) {
  Two s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}, {kThird, 1, 2, 5, false, "b"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
  EXPECT_EQ(s.entry(kThird, 1), "2 b");
  EXPECT_EQ(s.engine.snapshot().entries, 2u);
}

TEST(ScspEntries, Rfc2334Section24SequenceNumbersAreSigned) {
  Two s;
  s.request(kGreat, {{kElsewhere, 1, 1, 5, false, "a"}});
  s.request(kGreat, {{kElsewhere, 1, -1, 5, false, "older"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "1 a");
  s.request(kGreat, {{kElsewhere, 1, 2, 5, false, "newer"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "2 newer");
}

TEST(ScspEntries, Rfc2334SectionB202TheFirstInstanceAndTheNext) {
  Two s;
  s.originate(4, "one");
  EXPECT_EQ(s.entry(kSelf, 4), std::to_string(kFirst) + " one");
  s.originate(4, "two");
  EXPECT_EQ(s.entry(kSelf, 4), std::to_string(kFirst + 1) + " two");
}

TEST(ScspEntries, Rfc2334SectionB202NothingIsOriginatedBeforeAligned) {
  Server s(restarted());
  s.originate(4, "old");
  s.originate(4, "mine");
  s.originate(5, "other");
  s.meet(kGreat);
  s.ca(kGreat, {.sequence = 70, .master = true, .initialize = true, .more = true});
  s.ca(kGreat, {.sequence = 71, .master = true}, Server::summaries(left(7)));
  EXPECT_TRUE(s.all(kGreat, kRequest).empty());
  EXPECT_FALSE(s.engine.synchronized());
  s.request(kGreat, left(7));
  ASSERT_EQ(s.alignment(kGreat), Aligned);
  EXPECT_TRUE(s.engine.synchronized());
  EXPECT_EQ(s.entry(kSelf, 4), "107 mine");   // the existing one plus the constant
  EXPECT_EQ(s.entry(kSelf, 5), "100 other");  // none: 0 plus the constant
  EXPECT_EQ(s.records(kGreat, kRequest).size(), 2u);
  ASSERT_EQ(s.events_of<Synchronized>().size(), 1u);
  EXPECT_FALSE(s.events_of<Synchronized>()[0].alone);
  s.originate(4, "next");
  EXPECT_EQ(s.entry(kSelf, 4), "108 next");
}

TEST(ScspEntries, WhatAnEarlierProcessLeftIsReportedAndCanBeEnded) {
  Two s(restarted(), {{kSelf, 4, 7, 1, false, "left"}, {kSelf, 6, 7, 1, false, "left too"}});
  EXPECT_EQ(s.entry(kSelf, 6), "7 left too");
  EXPECT_EQ(s.engine.snapshot().own, 0u);
  s.originate(6, "left, ended");
  EXPECT_EQ(s.entry(kSelf, 6), "107 left, ended");

  Server t(restarted());
  t.align(kGreat, left(7));
  const auto changed = t.events_of<Changed>();
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].id, (EntryId{kSelf, 4}));
}

TEST(ScspEntries, AloneOneWaitsNoLongerThanConfigured) {
  Server s(restarted());
  s.originate(4, "mine");
  s.pass(29'999ms);
  EXPECT_EQ(s.entry(kSelf, 4), "none");
  s.pass(1ms);
  EXPECT_EQ(s.entry(kSelf, 4), "100 mine");
  EXPECT_TRUE(s.events_of<Synchronized>().at(0).alone);

  Server nobody(Server::config({}));
  nobody.originate(4, "mine");
  EXPECT_EQ(nobody.entry(kSelf, 4), std::to_string(kFirst) + " mine");
}

TEST(ScspEntries, OursIsMadeNewerThanWhatComesBackOfAnEarlierProcess) {
  Two s;
  s.originate(4, "mine");
  s.got.clear();
  s.request(kGreat, left(50));
  EXPECT_EQ(s.entry(kSelf, 4), "51 mine");
  EXPECT_EQ(s.records(kGreat, kReply), (std::vector<Csa>{{kSelf, 4, 50}}));
  EXPECT_EQ(s.records(kGreat, kRequest), (std::vector<Csa>{{kSelf, 4, 51, 64, false, "mine"}}));
  EXPECT_EQ(s.records(kSmall, kRequest), (std::vector<Csa>{{kSelf, 4, 51, 64, false, "mine"}}));
  EXPECT_TRUE(s.events_of<Changed>().empty());
  EXPECT_EQ(s.engine.snapshot().reclaimed, 1u);
}

TEST(ScspEntries, Rfc2334SectionB202AtTheEndAnEntryIsPurgedAcknowledgedAndBeginsAgain) {
  Config c = Server::config({kSmall, kGreat});
  c.purge_body = [](Bytes body) {
    Octets gone(body.begin(), body.end());
    gone[0] = std::byte{'-'};
    return gone;
  };
  Two s(c, left(kPurge - 2));
  s.originate(4, "last");  // with the constant of 1: the last one that there is
  EXPECT_EQ(s.entry(kSelf, 4), std::to_string(kPurge - 1) + " last");
  for (const ServerId n : {kSmall, kGreat}) s.reply(n, {{kSelf, 4, kPurge - 1}});
  s.got.clear();
  s.originate(4, "next");
  const std::vector<Csa> purge{{kSelf, 4, kPurge, 64, false, "-ast"}};
  EXPECT_EQ(s.records(kSmall, kRequest), purge);
  EXPECT_EQ(s.records(kGreat, kRequest), purge);
  s.originate(4, "one more");  // the last of them counts
  s.reply(kSmall, {{kSelf, 4, kPurge}});
  EXPECT_EQ(s.records(kSmall, kRequest), purge);  // not yet: "by each DCS"
  s.got.clear();
  s.reply(kGreat, {{kSelf, 4, kPurge}});
  const std::vector<Csa> again{{kSelf, 4, kFirst, 64, false, "one more"}};
  EXPECT_EQ(s.records(kSmall, kRequest), again);
  EXPECT_EQ(s.records(kGreat, kRequest), again);
}

TEST(ScspEntries, Rfc2334SectionB202APurgeRemovesTheEntryOnceAllNeighborsKnow) {
  Two s;
  s.request(kGreat, {{kElsewhere, 1, kPurge - 1, 5, false, "a"}});
  s.reply(kSmall, {{kElsewhere, 1, kPurge - 1}});
  s.events.clear();
  s.got.clear();
  s.request(kGreat, {{kElsewhere, 1, kPurge, 5, false, "gone"}});
  EXPECT_EQ(s.records(kSmall, kRequest),
            (std::vector<Csa>{{kElsewhere, 1, kPurge, 4, false, "gone"}}));
  EXPECT_EQ(s.events_of<Changed>().at(0).change, Change::Purged);
  // What follows it has to wait: our neighbour would take it for older than what it has.
  s.request(kGreat, {{kElsewhere, 1, kFirst, 5, false, "new"}});
  EXPECT_EQ(s.records(kGreat, kReply), (std::vector<Csa>{{kElsewhere, 1, kPurge}}));
  EXPECT_EQ(s.entry(kElsewhere, 1), std::to_string(kPurge) + " gone");
  s.reply(kSmall, {{kElsewhere, 1, kPurge}});
  EXPECT_EQ(s.entry(kElsewhere, 1), "none");
  EXPECT_EQ(s.engine.snapshot().entries, 0u);
  s.request(kGreat, {{kElsewhere, 1, kFirst, 5, false, "new"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), std::to_string(kFirst) + " new");
  EXPECT_EQ(s.records(kGreat, kReply).back(), (Csa{kElsewhere, 1, kFirst}));
}

TEST(ScspEntries, LateCopiesOfAPurgeAreKnownAgain) {
  Two s;
  s.request(kGreat, {{kElsewhere, 1, 5, 5, false, "a"}});
  s.request(kGreat, {{kElsewhere, 1, kPurge, 5, false, "gone"}});
  s.reply(kSmall, {{kElsewhere, 1, kPurge}});
  s.got.clear();
  s.request(kSmall, {{kElsewhere, 1, kPurge, 5, false, "gone"}});
  EXPECT_EQ(s.records(kSmall, kReply), (std::vector<Csa>{{kElsewhere, 1, kPurge}}));
  EXPECT_TRUE(s.all(kGreat, kRequest).empty());
  s.request(kGreat, {{kElsewhere, 1, kFirst, 5, false, "new"}});
  s.request(kSmall, {{kElsewhere, 1, kPurge, 5, false, "gone"}});
  EXPECT_EQ(s.entry(kElsewhere, 1), std::to_string(kFirst) + " new");
  s.reply(kSmall, {{kElsewhere, 1, kFirst}});
  for (int i = 0; i < 40; ++i) {
    s.hello(kSmall);
    s.hello(kGreat);
    s.pass(2s);
  }
  s.request(kSmall, {{kElsewhere, 1, kPurge, 5, false, "another"}});  // by now it is one
  EXPECT_EQ(s.events_of<Changed>().back().change, Change::Purged);
}

TEST(ScspEntries, PurgeRemovesAnOwnEntryEverywhere) {
  Two s;
  s.originate(4, "one");
  EXPECT_EQ(s.purge(4), Status::Done);
  EXPECT_EQ(s.purge(9), Status::NoEntry);
  EXPECT_TRUE(s.events_of<Purged>().empty());
  s.reply(kSmall, {{kSelf, 4, kPurge}});
  s.reply(kGreat, {{kSelf, 4, kPurge}});
  ASSERT_EQ(s.events_of<Purged>().size(), 1u);
  EXPECT_EQ(s.events_of<Purged>()[0].key, 4u);
  EXPECT_EQ(s.entry(kSelf, 4), "none");
  s.originate(4, "again");
  EXPECT_EQ(s.entry(kSelf, 4), std::to_string(kFirst + 1) + " again");
}

// A server that was away during the purge has the old instance, and nothing but the number tells
// it from the new one.
TEST(ScspEntries, WhatBeginsAfterAPurgeIsNewerThanAllThatWasPurged) {
  Two s;
  for (int i = 0; i < 5; ++i) s.originate(4, "old");
  s.originate(5, "kept");
  s.purge(4);
  s.reply(kSmall, {{kSelf, 4, kPurge}});
  s.reply(kGreat, {{kSelf, 4, kPurge}});
  s.originate(4, "new");
  EXPECT_EQ(s.entry(kSelf, 4), std::to_string(kFirst + 5) + " new");
  s.originate(6, "other");
  EXPECT_EQ(s.entry(kSelf, 6), std::to_string(kFirst + 5) + " other");
  EXPECT_EQ(s.entry(kSelf, 5), std::to_string(kFirst) + " kept");
}

TEST(ScspEntries, APurgeDoesNotWaitForANeighborThatIsLost) {
  Two s;
  s.originate(4, "one");
  s.purge(4);
  s.reply(kSmall, {{kSelf, 4, kPurge}});
  s.link(kGreat, false);
  EXPECT_EQ(s.events_of<Purged>().size(), 1u);
}

TEST(ScspEntries, APurgeThatIsUnderWayIsPartOfASummary) {
  Server s({kSmall, kGreat});
  s.align(kSmall);
  s.originate(4, "one");
  s.purge(4);
  s.meet(kGreat);
  s.ca(kGreat, {.sequence = 70, .master = true, .initialize = true, .more = true});
  EXPECT_EQ(s.last(kGreat, MsgType::CacheAlignment).records,
            (std::vector<Csa>{{kSelf, 4, kPurge}}));
  s.reply(kSmall, {{kSelf, 4, kPurge}});  // gone by now
  s.meet(kGreat);
  s.ca(kGreat, {.sequence = 90, .master = true, .initialize = true, .more = true});
  EXPECT_TRUE(s.last(kGreat, MsgType::CacheAlignment).records.empty());
}

TEST(ScspEntries, Rfc2443Section51EntriesOfADeadServerAreForgottenInSilence) {
  Two s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"},
                     {kElsewhere, 2, 3, 5, false, "b"},
                     {kThird, 1, 3, 5, false, "c"}});
  s.originate(7, "ours");
  for (const ServerId n : {kSmall, kGreat}) s.reply(n, {{kSelf, 7, kFirst}});
  s.got.clear();
  s.engine.forget(kElsewhere, s.now);
  s.engine.forget(kSelf, s.now);
  s.drain();
  EXPECT_EQ(s.entry(kElsewhere, 1), "none");
  EXPECT_EQ(s.entry(kThird, 1), "3 c");
  EXPECT_NE(s.entry(kSelf, 7), "none");
  EXPECT_EQ(s.of(kSmall).unacknowledged, 1u);
  s.pass(2s);
  EXPECT_EQ(s.records(kSmall, kRequest).size(), 1u);
  s.solicit(kSmall, {{kElsewhere, 1, 3}});
  EXPECT_TRUE(s.last(kSmall, kRequest).records.at(0).null);
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});  // may come again
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
}

TEST(ScspEntries, SomeEntriesOfADeadServerAreForgottenAndOthersStay) {
  Two s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}, {kElsewhere, 2, 3, 5, false, "b"}});
  s.originate(7, "ours");
  s.engine.forget(kElsewhere, std::vector<std::uint32_t>{1, 9}, s.now);
  s.engine.forget(kSelf, std::vector<std::uint32_t>{7}, s.now);
  s.drain();
  EXPECT_EQ(s.entry(kElsewhere, 1), "none");
  EXPECT_EQ(s.entry(kElsewhere, 2), "3 b");
  EXPECT_NE(s.entry(kSelf, 7), "none");
  EXPECT_EQ(s.of(kSmall).unacknowledged, 2u);  // 2 and ours; 1 is no longer on its way
}

TEST(ScspEntries, CachesAreComparedAnewWhenTheClientAsks) {
  Two s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  s.engine.forget(kElsewhere, s.now);
  s.engine.summarise(s.now);
  s.drain();
  EXPECT_EQ(s.alignment(kGreat), Negotiation);
  EXPECT_EQ(s.alignment(kSmall), Negotiation);
  s.ca(kGreat, {.sequence = 90, .master = true, .initialize = true, .more = true});
  s.ca(kGreat, {.sequence = 91, .master = true}, {{kElsewhere, 1, 3}});
  s.request(kGreat, {{kElsewhere, 1, 3, 1, false, "a"}});
  EXPECT_EQ(s.alignment(kGreat), Aligned);
  EXPECT_EQ(s.entry(kElsewhere, 1), "3 a");
}

// Two lives of a server that nobody saw both of: their numbers must not meet.
TEST(ScspEntries, NumbersAreAboveAllThatAnEarlierProcessUsed) {
  Config c = Server::config({});
  c.used = {1'000};
  Server s(c);
  EXPECT_EQ(s.engine.greatest().value, 1'000);
  s.originate(4, "one");
  s.originate(5, "two");
  s.originate(5, "three");
  EXPECT_EQ(s.entry(kSelf, 4), "1001 one");
  EXPECT_EQ(s.entry(kSelf, 5), "1002 three");
  EXPECT_EQ(s.engine.greatest().value, 1'002);
}

TEST(ScspEntries, NumbersAreAboveThoseUsedAlsoWhereTheGroupHasAnOlderInstance) {
  Config c = Server::config({kSmall, kGreat});
  c.used = {1'000};
  Two s(c, left(7));
  s.originate(4, "mine");
  EXPECT_EQ(s.entry(kSelf, 4), "1001 mine");
}

TEST(ScspEntries, TheClientSeesAllThereIs) {
  Two s;
  s.request(kGreat, {{kElsewhere, 1, 3, 5, false, "a"}});
  s.originate(4, "one");
  std::map<EntryId, std::string> seen;
  s.engine.for_each([&](const Record& r) { seen[r.id] = text(r.body); });
  EXPECT_EQ(seen, (std::map<EntryId, std::string>{{{kSelf, 4}, "one"}, {{kElsewhere, 1}, "a"}}));
  EXPECT_EQ(s.engine.snapshot().own, 1u);
  EXPECT_EQ(s.engine.snapshot().record_octets, 4u);
}

TEST(ScspEntries, AnEntryTakesLessThan200OctetsBesideItsRecord) {
  Server s(Server::config({}));
  for (std::uint32_t k = 0; k < 100'000; ++k) s.originate(k, "0123456789");
  const Snapshot all = s.engine.snapshot();
  EXPECT_EQ(all.entries, 100'000u);
  EXPECT_LT(all.overhead_octets / all.entries, 200u);
}

}  // namespace
}  // namespace forces::multicast::sync::test
