// Starting, coming back, moving between servers, sending clients away: what the RFCs leave open.
#include <set>

#include "tests/unit/ce/multicast/mars/fixture.hpp"

namespace forces::mars::server {
namespace {

Config grouped() {
  Config c = config_of();
  c.alone = false;
  return c;
}

TEST(MarsStart, ServesNobodyUntilItKnowsWhatTheGroupKnows) {
  Mars mars(grouped());
  EXPECT_TRUE(mars.registers(1).empty());
  EXPECT_EQ(mars.dropped(Drop::NotReady), 1U);
  EXPECT_TRUE(mars.said.empty());
  mars.server.on_aligned(mars.now);
  mars.drain();
  EXPECT_EQ(text(mars.said), "redirect");
  EXPECT_EQ(text(mars.registers(1)), "1 JOIN r");
}

TEST(MarsStart, WaitsForNeighboursNotForEver) {
  Mars mars(grouped());
  mars.pass(9s);
  EXPECT_FALSE(mars.server.ready());
  mars.pass(1s);
  EXPECT_TRUE(mars.server.ready());
  EXPECT_EQ(text(mars.said), "redirect");
}

// What SCSP found in the caches of others: client 3 was in group 1 and in block 5 to 9.
struct Restarted : Mars {
  explicit Restarted(Config c = grouped()) : Mars(std::move(c)) {
    record(kUs, 300, registered(3, 100));
    record(kUs, 301, entry(State::ClientJoin, 3, 100, one(1)));
    record(kUs, 302, entry(State::ClientJoin, 3, 100, block(5, 9)));
    EXPECT_TRUE(said.empty());
    server.on_aligned(now);
    drain();
    registers(1);
    clear();
  }
};

TEST(MarsRestart, MembersOfTheEarlierLifeStandForAWhile) {  // conflict h
  Restarted mars;
  EXPECT_EQ(mars.ask(1, 1), "3");
  EXPECT_EQ(mars.registers(2)[0].m.cmi, 102) << "their CMIs are not given out";
  mars.pass(89s);
  EXPECT_EQ(mars.ask(1, 6), "3");
  mars.pass(1s);
  EXPECT_EQ(text(mars.said), "client_leave r, client_leave 1, client_leave 5-9");
  EXPECT_EQ(mars.said[1].key, 301U);
  EXPECT_EQ(mars.ask(1, 1), "-");
}

TEST(MarsRestart, WhoComesBackIsNeverOut) {
  Restarted mars;
  EXPECT_EQ(text(mars.registers(3)), "3 JOIN r");
  EXPECT_EQ(mars.ask(1, 1), "3");
  EXPECT_EQ(text(mars.join(3, one(1))), "3 JOIN 1") << "nothing changes for anybody";
  EXPECT_EQ(text(mars.said), "client_join 1");
  EXPECT_EQ(text(mars.pass(90s)), "ccvc REDIRECT_MAP") << "of a loss, senders see the leaf drop";
  EXPECT_EQ(mars.ask(1, 6), "-") << "it does not want that any more";
  EXPECT_EQ(mars.ask(1, 1), "3");
}

TEST(MarsRestart, AWordFromBeforeThatComesLateIsTakenBack) {
  Restarted mars;
  mars.pass(90s);
  mars.record(kUs, 400, entry(State::ClientJoin, 4, 100, one(8)));
  EXPECT_EQ(text(mars.said), "client_leave 8");
  EXPECT_EQ(mars.said[0].key, 400U);
  mars.record(kUs, 400, entry(State::ClientLeave, 4, 100, one(8)));
  EXPECT_TRUE(mars.said.empty());
}

TEST(MarsRestart, WhoIsElsewhereIsNotWaitedFor) {
  Restarted mars;
  mars.record(kOther, 0, redirect_entry(107));
  mars.record(kOther, 1, registered(4, 701));
  mars.record(kUs, 400, registered(4, 150));
  EXPECT_EQ(text(mars.said), "client_leave r") << "or that server would let it go";
}

TEST(MarsRestart, NorWhoTurnsOutToBeElsewhere) {
  Restarted mars;
  mars.record(kOther, 0, redirect_entry(107));
  EXPECT_EQ(mars.ask(1, 1), "3");
  mars.record(kOther, 1, registered(3, 701));
  EXPECT_EQ(text(mars.said), "client_leave r, client_leave 1, client_leave 5-9");
  EXPECT_EQ(mars.ask(1, 1), "-");
  mars.record(kOther, 2, entry(State::ClientJoin, 3, 701, one(1)));
  EXPECT_EQ(mars.ask(1, 1), "3");
}

TEST(MarsRestart, WhatOthersHaveUnderAKeyOfOursIsSetRight) {
  Restarted mars;
  mars.join(1, one(4));
  const std::uint32_t key = mars.said[0].key;
  mars.record(kUs, key, entry(State::ClientJoin, 9, 150, one(8)));
  EXPECT_EQ(text(mars.said), "client_join 4");
  EXPECT_EQ(mars.said[0].key, key);
  mars.record(kUs, 0, redirect_entry(1));
  EXPECT_EQ(text(mars.said), "redirect");
}

TEST(MarsRestart, AlsoWhenItIsOfAnotherProtocolOfOurs) {
  Config both = grouped();
  both.protocols.push_back({.protocol = kIpv6, .cmis = both.protocols[0].cmis});
  Restarted mars(std::move(both));
  mars.join(1, one(4));
  const std::uint32_t key = mars.said[0].key;
  CacheEntry six = entry(State::ClientJoin, 9, 150, one(8));
  six.protocol = kIpv6;
  mars.record(kUs, key, six);
  EXPECT_EQ(text(mars.said), "client_join 4");
  EXPECT_EQ(mars.said[0].key, key);
}

TEST(MarsRestart, AKeyOfTheEarlierLifeIsOfOneFact) {
  Config both = grouped();
  both.protocols.push_back({.protocol = kIpv6, .cmis = both.protocols[0].cmis});
  Restarted mars(std::move(both));
  EXPECT_EQ(mars.ask(1, 6), "3");
  CacheEntry six = registered(4, 150);
  six.protocol = kIpv6;
  mars.record(kUs, 302, six);
  EXPECT_EQ(mars.ask(1, 6), "-") << "what it said before is over";
  mars.record(kUs, 301, entry(State::ClientLeave, 3, 100, one(1)));
  EXPECT_EQ(text(mars.said), "client_leave 1") << "or nobody behind us would hear of it";
  EXPECT_EQ(mars.ask(1, 1), "-");
  mars.pass(90s);
  EXPECT_EQ(text(mars.said), "redirect, redirect, client_leave r, client_leave r") << "each once";
  std::set<std::uint32_t> keys;
  for (std::uint8_t n = 11; n < 20; ++n) {
    mars.registers(n);
    EXPECT_TRUE(keys.insert(mars.said.at(0).key).second) << int{n};
  }
}

TEST(MarsRestart, OfAProtocolThatIsNoLongerOursIsTakenBack) {
  Restarted mars;
  CacheEntry six = entry(State::ClientJoin, 4, 100, one(8));
  six.protocol = kIpv6;
  mars.record(kUs, 500, six);
  EXPECT_EQ(text(mars.said), "client_leave 8");
}

// Client 1 here, in group 1; 7 is alive.
struct Moving : Mars {
  explicit Moving(Config c = config_of()) : Mars(std::move(c)) {
    record(kOther, 0, redirect_entry(107));
    registers(1);
    registers(2);
    join(1, one(1));
    pass(30s);
    clear();
  }
};

TEST(MarsMove, WhoseRegistrationIsOlderLetsGo) {  // conflict e
  Config c = config_of();
  c.id = ServerId{8};
  Moving mars(c);
  mars.record(kOther, 10, entry(State::ClientJoin, 1, 701, one(1)));
  mars.record(kOther, 11, registered(1, 701));
  mars.pass(9s);
  EXPECT_TRUE(mars.leaves.empty()) << "the other server may take back what an earlier life said";
  mars.pass(1s);
  ASSERT_EQ(mars.leaves.size(), 1U);
  EXPECT_EQ(mars.leaves[0], std::tuple('-', ControlVc::Cluster, atm(1)));
  EXPECT_EQ(text(mars.said), "client_leave r, client_leave 1");
  EXPECT_EQ(text(mars.sent), "1 LEAVE r")
      << "it is a member as before, and told that it is not ours";
  EXPECT_TRUE(mars.sent[0].m.flags.copy());
  EXPECT_EQ(mars.notices, std::vector{Notice::What::NodeMoved});
  EXPECT_EQ(mars.ask(2, 1), "1");
}

TEST(MarsMove, OfTwoOldOnesTheLowerIdWaits) {
  Moving mars;  // 5 is below 7
  mars.record(kOther, 11, registered(1, 701));
  EXPECT_TRUE((mars.pass(19s), mars.leaves.empty()));
  mars.record(kOther, 11, registered(1, 701, State::ClientLeave));  // the other one let go
  mars.pass(60s);
  EXPECT_TRUE(mars.leaves.empty());
  mars.record(kOther, 11, registered(1, 702));
  mars.pass(20s);
  EXPECT_EQ(mars.leaves.size(), 1U);
}

TEST(MarsMove, AYoungRegistrationIsNotGivenUpForALateRecord) {
  Config c = config_of();
  c.id = ServerId{8};
  Moving mars(c);
  mars.registers(3);
  mars.record(kOther, 11, registered(3, 701));
  mars.pass(5s);
  EXPECT_TRUE(mars.leaves.empty());
  mars.record(kOther, 11, registered(3, 701, State::ClientLeave));
  mars.pass(60s);
  EXPECT_TRUE(mars.leaves.empty());
}

// Softly redirected clients only register (RFC 2022 section 5.4.3); what they are in is handed over
// by the old server, which says it once more.
TEST(MarsMove, WhomWeSendAwaySoftlyIsHandedOver) {
  Moving mars;
  mars.record(kOther, 0, redirect_entry(107));
  EXPECT_TRUE(mars.server.redirect(atm(107), false, mars.now));
  mars.record(kOther, 10, registered(1, 701));
  EXPECT_EQ(text(mars.said), "client_join 1");
  EXPECT_EQ(mars.said[0].entry.flags.sequence(), 1) << "told from a repetition";
  mars.server.on_leaf_lost(ControlVc::Cluster, kIpv4, atm(1), mars.now);
  mars.pass(9s);
  EXPECT_TRUE(mars.said.empty());
  EXPECT_EQ(mars.ask(2, 1), "1");
  mars.record(kOther, 11, entry(State::ClientJoin, 1, 701, one(1)));
  mars.pass(1s);
  EXPECT_EQ(text(mars.said), "client_leave r, client_leave 1");
  EXPECT_TRUE(mars.leaves.empty()) << "its leaf is off already";
  EXPECT_EQ(mars.ask(2, 1), "1");
}

TEST(MarsMove, WhoGoesElsewhereIsRemovedAllTheSame) {
  Moving mars;
  mars.record(kOther, 0, redirect_entry(107));
  EXPECT_TRUE(mars.server.redirect(atm(107), false, mars.now));
  mars.server.on_leaf_lost(ControlVc::Cluster, kIpv4, atm(1), mars.now);
  mars.pass(10s);
  EXPECT_EQ(text(mars.said), "client_leave r, client_leave 1");
}

TEST(MarsMove, WhoDeregistersWhereWeSentItAwayIsHandedOver) {
  Moving mars;
  mars.record(kOther, 0, redirect_entry(107));
  EXPECT_TRUE(mars.server.redirect(atm(107), true, mars.now));
  mars.drain();
  Message m = Mars::message(Operation::Leave, 1);
  m.flags = Flags{}.with_registers(true);
  EXPECT_EQ(text(mars.hear(m, 1)), "1 LEAVE r");
  EXPECT_EQ(mars.leaves, (std::vector{std::tuple('-', ControlVc::Cluster, atm(1))}));
  EXPECT_TRUE(mars.said.empty()) << "until it has rejoined there";
  EXPECT_EQ(mars.ask(2, 1), "1");
  EXPECT_EQ(text(mars.pass(20s)), "") << "it knows";
  EXPECT_EQ(text(mars.said), "client_leave r, client_leave 1");
}

TEST(MarsMove, WhoComesBackInsteadStays) {
  Moving mars;
  mars.record(kOther, 0, redirect_entry(107));
  EXPECT_TRUE(mars.server.redirect(atm(107), true, mars.now));
  mars.server.on_leaf_lost(ControlVc::Cluster, kIpv4, atm(1), mars.now);
  Message m = Mars::message(Operation::Join, 1);
  m.flags = Flags{}.with_registers(true);
  mars.drain();
  EXPECT_EQ(text(mars.hear(m, 77)), "77 JOIN r") << "on another VC, and in its group as before";
  EXPECT_EQ(mars.leaves[0], std::tuple('+', ControlVc::Cluster, atm(1)));
  mars.pass(60s);
  EXPECT_TRUE(mars.leaves.empty());
  EXPECT_EQ(mars.ask(2, 1), "1");
}

struct Coming : Moving {
  Coming() {
    record(kOther, 20, registered(11, 701));
    for (const std::uint32_t g : {3U, 4U}) record(kOther, 20 + g, theirs(g));
    registers(11);
  }
  static CacheEntry theirs(std::uint32_t g) { return entry(State::ClientJoin, 11, 701, one(g)); }
  // By the next sequence of its flags: as if it had joined once more.
  static CacheEntry again(CacheEntry e) {
    e.flags = e.flags.with_sequence(1);
    return e;
  }
};

TEST(MarsMove, WhatIsJoinedOnceMoreOfAClientThatCameIsTakenOver) {
  Coming mars;
  EXPECT_EQ(text(mars.record(kOther, 23, Coming::again(Coming::theirs(3)))), "");
  EXPECT_EQ(text(mars.said), "client_join 3");
  mars.record(kOther, 20, registered(11, 701, State::ClientLeave));
  EXPECT_EQ(mars.ask(1, 3), "11");
  EXPECT_EQ(mars.ask(1, 4), "-") << "not said again: the client rejoins";
}

TEST(MarsMove, ButNotWhatItLeftMeanwhileNorLater) {
  Coming mars;
  mars.leave(11, one(3));
  mars.record(kOther, 23, Coming::again(Coming::theirs(3)));
  EXPECT_TRUE(mars.said.empty());
  mars.pass(11s);
  mars.record(kOther, 24, Coming::again(Coming::theirs(4)));
  EXPECT_TRUE(mars.said.empty());
}

// A server that hears a word of its earlier life says the present one once more, with nothing new.
TEST(MarsMove, ARepetitionHandsNobodyOver) {
  Coming mars;
  mars.record(kOther, 23, Coming::theirs(3));
  EXPECT_TRUE(mars.said.empty());
}

TEST(MarsMove, AnMcsIsTakenOverToo) {
  Moving mars;
  mars.record(kOther, 20, registered(31, 701, State::McsServe));
  mars.record(kOther, 21, entry(State::McsServe, 31, 701, one(1)));
  mars.registers(31, Operation::Mserv);
  const CacheEntry again = Coming::again(entry(State::McsServe, 31, 701, one(1)));
  EXPECT_EQ(text(mars.record(kOther, 21, again)), "");
  EXPECT_EQ(text(mars.said), "mcs_serve 1");
  EXPECT_EQ(text(mars.record(kOther, 20, registered(31, 701, State::McsUnserve))), "");
  EXPECT_EQ(mars.ask(2, 1), "31");
  EXPECT_EQ(mars.ask(31, 1), "1");
}

TEST(MarsRedirect, PutsAnotherFirstAndUsLast) {  // RFC 2022 section 5.4.3; conflict a
  Moving mars;
  mars.registers(21, Operation::Mserv);
  mars.clear();
  EXPECT_TRUE(mars.server.redirect(atm(107), true, mars.now));
  mars.drain();
  ASSERT_EQ(text(mars.sent), "ccvc REDIRECT_MAP, scvc REDIRECT_MAP");
  EXPECT_EQ(mars.sent[0].m.targets, (std::vector{atm(107), atm(kOurs)}));
  EXPECT_TRUE(mars.sent[0].m.hard);
  mars.record(kOther, 0, redirect_entry(107));
  EXPECT_TRUE(mars.pass(60s)[0].m.hard);
  mars.clear();
  EXPECT_TRUE(mars.server.redirect(std::nullopt, true, mars.now));
  mars.drain();
  EXPECT_EQ(mars.sent[0].m.targets, (std::vector{atm(kOurs), atm(107)}));
  EXPECT_FALSE(mars.sent[0].m.hard);
}

TEST(MarsRedirect, GoesToNobodyWhoIsNotHeardOf) {
  Moving mars;
  EXPECT_FALSE(mars.server.redirect(atm(108), true, mars.now));
  EXPECT_TRUE(mars.server.redirect(atm(107), false, mars.now));
  EXPECT_EQ(mars.pass(30s)[0].m.targets[0], atm(107));
  EXPECT_EQ(mars.pass(60s)[0].m.targets[0], atm(kOurs)) << "silent for two minutes";
  EXPECT_FALSE(mars.server.redirect(atm(107), false, mars.now));
}

}  // namespace
}  // namespace forces::mars::server
