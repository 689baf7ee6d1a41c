// RFC 2443: records that are said and records that come, by the items of the project's checklist.
#include "tests/unit/ce/multicast/mars/fixture.hpp"

namespace forces::mars::server {
namespace {

constexpr auto kMserv = Operation::Mserv, kUnserv = Operation::Unserv;
constexpr auto kJoin = State::ClientJoin, kLeave = State::ClientLeave, kServe = State::McsServe,
               kUnserve = State::McsUnserve;

// Clients 1 and 2 here; 7 is alive, and clients 11 and 12, MCS 31 are registered there.
struct Group : Mars {
  explicit Group(Config c = config_of()) : Mars(std::move(c)) {
    registers(1);
    registers(2);
    record(kOther, 0, redirect_entry(107));
    record(kOther, 1, registered(11, 701));
    record(kOther, 2, registered(12, 702));
    record(kOther, 3, registered(31, 703, kServe));
    clear();
  }
};

TEST(MarsItem9, EveryServerAnswersForEveryGroup) {
  Group mars;
  mars.join(1, one(1));
  mars.record(kOther, 10, entry(kJoin, 11, 701, one(1)));
  EXPECT_EQ(mars.ask(2, 1), "1 11");
}

TEST(MarsItem11, MembersOfOthersAreNoLeavesAndNoClients) {
  Group mars;
  mars.record(kOther, 4, registered(13, 704));
  EXPECT_TRUE(mars.leaves.empty());
  EXPECT_EQ(mars.ask(11, 1), "");
  EXPECT_TRUE(mars.join(11, one(1)).empty());
}

TEST(MarsItem12, ACmiOfOurRangeFromAnotherServerIsAnAlarm) {
  Group mars;
  mars.record(kThird, 1, registered(15, 150));
  EXPECT_EQ(mars.notices, std::vector{Notice::What::CmiOverlap});
  mars.record(kThird, 2, registered(16, 151));
  EXPECT_TRUE(mars.notices.empty()) << "said once";
}

TEST(MarsItem13, RegistrationAndChangesAreSaid) {
  Mars mars;
  mars.registers(1);
  EXPECT_EQ(text(mars.said), "client_join r");
  mars.join(1, block(1, 9));
  EXPECT_EQ(text(mars.said), "client_join 1-9");
  mars.leave(1, block(1, 9));
  EXPECT_EQ(text(mars.said), "client_leave 1-9");
}

TEST(MarsItem14And15, OurRedirectEntryIsRenewedEveryMinute) {
  Mars mars;
  mars.pass(0s);
  std::size_t renewed = 0;
  for (int minute = 0; minute < 10; ++minute) {
    mars.pass(60s);
    for (const auto& said : mars.said) {
      EXPECT_EQ(said.entry.state, State::Redirect);
      EXPECT_EQ(said.key, 0U);
      ++renewed;
    }
  }
  EXPECT_EQ(renewed, 10U);
}

TEST(MarsItem16, ItHasOurAddressAndNothingElse) {
  Mars mars;
  mars.pass(60s);
  ASSERT_EQ(mars.said.size(), 1U);
  EXPECT_EQ(mars.said[0].entry, (CacheEntry{.state = State::Redirect, .source = atm(kOurs)}));
}

TEST(MarsItem17, AServerThatMissesTwoUpdatesIsFlushed) {
  Group mars;
  mars.record(kOther, 10, entry(kJoin, 11, 701, one(1)));
  mars.record(kOther, 11, entry(kServe, 31, 703, one(2)));
  mars.pass(239s);
  EXPECT_EQ(mars.ask(1, 1), "11");
  mars.record(kOther, 0, redirect_entry(107));  // 239 s are no 240 s
  mars.pass(239s);
  EXPECT_EQ(mars.ask(1, 1), "11");
  EXPECT_EQ(text(mars.pass(1s)), "ccvc LEAVE 2")
      << "senders see the leaf of a client drop, but an MCS must be left";
  ASSERT_EQ(mars.forgotten.size(), 1U);
  EXPECT_EQ(mars.forgotten[0].originator, kOther);
  EXPECT_EQ(mars.forgotten[0].keys, (std::vector<std::uint32_t>{1, 2, 3, 10, 11}))
      << "its Redirect Entry stays, so that an older one is no news";
  EXPECT_EQ(mars.notices, std::vector{Notice::What::ServerLost});
  EXPECT_EQ(mars.ask(1, 1), "-");
  EXPECT_EQ(mars.ask(1, 2), "-");
}

TEST(MarsItem17, WhatANeighbourBringsBackIsInertUntilTheServerLives) {
  Group mars;
  mars.pass(240s);
  mars.record(kOther, 1, registered(11, 701));
  EXPECT_TRUE(mars.record(kOther, 10, entry(kJoin, 11, 701, one(1))).empty());
  EXPECT_EQ(mars.ask(1, 1), "-");
  EXPECT_EQ(text(mars.record(kOther, 0, redirect_entry(107))), "ccvc JOIN 1");
  EXPECT_EQ(mars.summarised, std::vector{kOther}) << "what else it said may be known elsewhere";
  EXPECT_EQ(mars.ask(1, 1), "11");
  mars.pass(240s);
  mars.record(kOther, 1, registered(11, 701));
  mars.pass(30s);
  ASSERT_EQ(mars.forgotten.size(), 1U) << "and not kept for ever";
  EXPECT_TRUE(mars.notices.empty());
}

TEST(MarsItem18, AValidUpdatePutsTheSenderIntoTheRedirectMap) {
  Group mars;
  EXPECT_EQ(mars.pass(60s)[0].m.targets, (std::vector{atm(kOurs), atm(107)}));
  mars.record(kOther, 0, redirect_entry(108));
  EXPECT_EQ(mars.pass(60s)[0].m.targets, (std::vector{atm(kOurs), atm(108)}));
  mars.pass(180s);
  EXPECT_EQ(mars.pass(60s)[0].m.targets, std::vector{atm(kOurs)});
}

TEST(MarsItem18, WhatIsLearnedWhileWeBeginIsNoUpdate) {
  Config c = config_of();
  c.alone = false;
  Mars mars(c);
  mars.record(kOther, 0, redirect_entry(107));  // may have died last year
  mars.record(kThird, 0, redirect_entry(109));
  mars.record(kThird, 1, registered(11, 901));
  mars.server.on_aligned(mars.now);
  mars.registers(1);
  EXPECT_EQ(mars.pass(60s)[0].m.targets, std::vector{atm(kOurs)});
  mars.record(kOther, 0, redirect_entry(107));
  EXPECT_EQ(mars.pass(60s)[0].m.targets, (std::vector{atm(kOurs), atm(107)}));
  mars.pass(10s);
  EXPECT_EQ(mars.notices, std::vector{Notice::What::ServerLost}) << "the one without another word";
}

TEST(MarsItem19, TheMapIsUsThenOthersByTheirIdThenConfiguredOnes) {
  Config c = config_of();
  c.backups = {atm(99), atm(107), atm(98)};
  Group mars(c);
  mars.record(ServerId{0xffffffff}, 0, redirect_entry(120));
  mars.record(ServerId{2}, 0, redirect_entry(130));
  const std::vector map{atm(kOurs), atm(130), atm(107), atm(120), atm(99), atm(98)};
  EXPECT_EQ(mars.pass(60s)[0].m.targets, map);
}

TEST(MarsItem20, McsIsSaidWhenItRegistersAndWhenItServes) {
  Mars mars;
  mars.registers(21, kMserv);
  EXPECT_EQ(text(mars.said), "mcs_serve r");
  mars.say(kMserv, 21, one(1));
  EXPECT_EQ(text(mars.said), "mcs_serve 1");
  mars.say(kMserv, 21, one(1));
  EXPECT_EQ(text(mars.said), "");
}

TEST(MarsItem21, ItsLayer3FlagIsZero) {
  Mars mars;
  mars.registers(21, kMserv);
  mars.say(kMserv, 21, one(1), true);
  EXPECT_EQ(text(mars.said), "mcs_serve 1");
}

TEST(MarsItem22, ItHasACmiOfOurRange) {
  Mars mars;
  mars.registers(1);
  mars.registers(21, kMserv);
  EXPECT_EQ(mars.said[0].entry.cmi, 101);
  mars.say(kMserv, 21, one(1));
  EXPECT_EQ(mars.said[0].entry.cmi, 101);
}

TEST(MarsItem23, ARegistrationHasNoGroup) {
  Mars mars;
  mars.registers(21, kMserv);
  EXPECT_FALSE(mars.said[0].entry.range.has_value());
}

TEST(MarsItem24, AnMcsOfAnotherServerMigratesOurClients) {
  Group mars;
  mars.registers(21, kMserv);
  mars.say(kMserv, 21, one(1));
  const auto sent = mars.record(kOther, 11, entry(kServe, 31, 703, one(1)));
  ASSERT_EQ(text(sent), "scvc MSERV 1, ccvc MIGRATE 1");
  EXPECT_EQ(sent[0].m.source, atm(31));
  EXPECT_EQ(sent[1].m.source, atm(kOurs));
  EXPECT_EQ(sent[1].m.targets, (std::vector{atm(21), atm(31)})) << "the whole server map";
  EXPECT_EQ(mars.ask(1, 1), "21 31");
  EXPECT_EQ(text(mars.record(kOther, 11, entry(kServe, 31, 703, one(1)))), "");
  EXPECT_EQ(text(mars.record(kOther, 12, entry(kServe, 31, 703, one(2)))),
            "scvc MSERV 2, ccvc MIGRATE 2")
      << "whatever the host map";
}

TEST(MarsItem24, OursActsByRfc2022Alone) {  // conflict n
  Group mars;
  mars.registers(21, kMserv);
  EXPECT_EQ(text(mars.say(kMserv, 21, one(1))), "scvc MSERV 1");
}

TEST(MarsItem26And27, FlagsAreThoseOfTheJoinAndTheCmiIsOurs) {
  Group mars;
  mars.join(2, one(1), true);
  ASSERT_EQ(text(mars.said), "client_join 1 3");
  EXPECT_EQ(mars.said[0].entry.cmi, 101);
  EXPECT_EQ(mars.said[0].entry.source, atm(2));
  EXPECT_EQ(mars.said[0].entry.source_protocol, ipv4_address(0x0a000102));
}

TEST(MarsItem28, AClientRegistersWithoutAGroup) {
  Mars mars;
  mars.registers(1);
  EXPECT_EQ(text(mars.said), "client_join r");
  EXPECT_FALSE(mars.said[0].entry.range.has_value());
}

TEST(MarsItem30, AnEntryIsMadeOfARegistration) {
  Group mars;
  mars.record(kOther, 10, entry(kJoin, 19, 719, one(1)));
  EXPECT_EQ(mars.ask(1, 1), "-") << "not registered, so far as we know";
  EXPECT_EQ(text(mars.record(kOther, 9, registered(19, 719))), "ccvc JOIN 1");
  EXPECT_EQ(mars.ask(1, 1), "19");
}

TEST(MarsItem31, ADuplicateIsNotSaid) {
  Group mars;
  mars.join(1, one(1));
  mars.join(1, one(1));
  EXPECT_TRUE(mars.said.empty());
  mars.registers(1);
  EXPECT_TRUE(mars.said.empty());
}

TEST(MarsItem31, ASingleWithinABlockIsNoDuplicate) {  // conflict i
  Group mars;
  mars.join(1, block(1, 9));
  mars.join(1, one(5));
  EXPECT_EQ(text(mars.said), "client_join 5");
}

TEST(MarsItem31, ANewLayer3FlagIsSaid) {  // conflict j
  Group mars;
  mars.join(1, one(1));
  const std::uint32_t key = mars.said[0].key;
  EXPECT_EQ(text(mars.join(1, one(1), true)), "1 JOIN 1 3");
  ASSERT_EQ(text(mars.said), "client_join 1 3");
  EXPECT_EQ(mars.said[0].key, key);
  CacheEntry theirs = entry(kJoin, 11, 701, one(6));
  mars.record(kOther, 10, theirs);
  EXPECT_TRUE(mars.maps().layer3_groups(one(6)).empty());
  theirs.flags = theirs.flags.with_layer3_group(true);
  EXPECT_EQ(text(mars.record(kOther, 10, theirs)), "");
  EXPECT_EQ(mars.maps().layer3_groups(one(6)).size(), 1U);
}

TEST(MarsItem32, AJoinElsewhereIsPunchedHere) {
  Group mars;
  mars.record(kOther, 10, entry(kJoin, 11, 701, one(2)));
  EXPECT_EQ(text(mars.sent), "ccvc JOIN 2");
  EXPECT_TRUE(mars.sent[0].m.flags.copy());
  EXPECT_EQ(mars.sent[0].m.cmi, 0);
  EXPECT_EQ(mars.sent[0].m.source, atm(11));
  mars.record(kOther, 11, entry(kServe, 31, 703, one(4)));
  EXPECT_EQ(text(mars.record(kOther, 12, entry(kJoin, 11, 701, block(1, 9)))),
            "ccvc JOIN 1 3 5-9 p");
  EXPECT_EQ(text(mars.record(kOther, 13, entry(kJoin, 11, 701, one(7)))), "")
      << "a member by its block";
  EXPECT_EQ(text(mars.record(kOther, 14, entry(kJoin, 12, 702, one(4)))), "") << "served";
}

TEST(MarsItem33, OnlyWhoHasTheMcsTellsIt) {
  Group mars;
  mars.registers(21, kMserv);
  mars.say(kMserv, 21, one(1));
  mars.record(kOther, 11, entry(kServe, 31, 703, one(2)));
  EXPECT_EQ(text(mars.record(kOther, 12, entry(kJoin, 11, 701, one(1)))), "scvc SJOIN 1");
  EXPECT_EQ(text(mars.record(kOther, 13, entry(kJoin, 11, 701, one(2)))), "");
  EXPECT_EQ(text(mars.join(1, one(2))), "1 JOIN 2") << "the same for a client of ours";
}

TEST(MarsItem34, LeavesAndDeregistrationsAreSaidUnderTheKeyOfTheJoin) {  // conflict d
  Group mars;
  mars.join(1, one(1));
  const std::uint32_t key = mars.said[0].key;
  mars.leave(1, one(1));
  ASSERT_EQ(text(mars.said), "client_leave 1");
  EXPECT_EQ(mars.said[0].key, key);
  mars.join(1, one(2));
  EXPECT_EQ(mars.said[0].key, key) << "a tombstone is used again";
  mars.registers(1, Operation::Leave);
  EXPECT_EQ(text(mars.said), "client_leave r, client_leave 2");
}

TEST(MarsItem35, AClientThatIsLostIsDeregisteredByUs) {
  Group mars;
  mars.join(1, one(1));
  mars.clear();
  mars.server.on_leaf_lost(ControlVc::Cluster, kIpv4, atm(1), mars.now);
  mars.drain();
  EXPECT_EQ(text(mars.said), "client_leave r, client_leave 1");
}

TEST(MarsItem36, ADeregistrationPurgesAllEntriesOfThatClientAndServer) {  // conflict e
  Group mars;
  mars.record(kOther, 10, entry(kJoin, 11, 701, one(1)));
  mars.record(kOther, 11, entry(kJoin, 11, 701, block(3, 5)));
  mars.record(kThird, 0, redirect_entry(109));
  mars.record(kThird, 1, registered(11, 901));
  mars.record(kThird, 2, entry(kJoin, 11, 901, one(1)));
  EXPECT_EQ(text(mars.record(kOther, 1, registered(11, 701, kLeave))), "");
  EXPECT_EQ(mars.ask(1, 4), "-");
  EXPECT_EQ(mars.ask(1, 1), "11") << "by the word of the server that it moved to";
  mars.record(kThird, 1, registered(11, 901, kLeave));
  EXPECT_EQ(mars.ask(1, 1), "-");
}

TEST(MarsItem37, ALeaveOfWhatWasNotJoinedIsNotSaid) {
  Group mars;
  mars.join(1, block(1, 9));
  mars.leave(1, one(5));
  EXPECT_TRUE(mars.said.empty());
  mars.leave(1, block(1, 8));
  EXPECT_TRUE(mars.said.empty());
  EXPECT_EQ(mars.ask(2, 9), "1");
}

TEST(MarsItem38, ALeaveElsewhereIsPunchedHere) {
  Group mars;
  mars.registers(21, kMserv);
  mars.say(kMserv, 21, one(3));
  mars.record(kOther, 10, entry(kJoin, 11, 701, one(2)));
  mars.record(kOther, 11, entry(kJoin, 11, 701, block(1, 5)));
  EXPECT_EQ(text(mars.record(kOther, 11, entry(kLeave, 11, 701, block(1, 5)))),
            "scvc SLEAVE 1 3-5 p, ccvc LEAVE 1 4-5 p");
  EXPECT_EQ(text(mars.record(kOther, 10, entry(kLeave, 11, 701, one(2)))), "ccvc LEAVE 2");
}

TEST(MarsItem39And40, AnMcsThatStopsOrIsLostIsSaid) {
  Mars mars;
  mars.registers(21, kMserv);
  mars.say(kMserv, 21, one(1));
  mars.say(kMserv, 21, one(2));
  mars.say(kUnserv, 21, one(1));
  EXPECT_EQ(text(mars.said), "mcs_unserve 1");
  mars.clear();
  mars.server.on_leaf_lost(ControlVc::Server, kIpv4, atm(21), mars.now);
  mars.drain();
  EXPECT_EQ(text(mars.said), "mcs_unserve r, mcs_unserve 2");
}

TEST(MarsItem41And43, AnMcsThatDeregistersElsewhereIsLeftByOurClients) {
  Group mars;
  mars.registers(21, kMserv);
  mars.record(kOther, 10, entry(kServe, 31, 703, one(1)));
  mars.record(kOther, 11, entry(kServe, 31, 703, one(5)));
  EXPECT_EQ(text(mars.record(kOther, 3, registered(31, 703, kUnserve))),
            "scvc UNSERV 1 5, ccvc LEAVE 1 5");
  EXPECT_EQ(mars.ask(1, 1), "-");
}

TEST(MarsItem42And43, OneGroupOfIt) {
  Group mars;
  mars.record(kOther, 10, entry(kServe, 31, 703, one(1)));
  mars.record(kOther, 11, entry(kServe, 31, 703, one(5)));
  const auto sent = mars.record(kOther, 10, entry(kUnserve, 31, 703, one(1)));
  ASSERT_EQ(text(sent), "ccvc LEAVE 1");
  EXPECT_EQ(sent[0].m.source, atm(31));
  EXPECT_EQ(mars.ask(1, 5), "31");
  EXPECT_EQ(mars.ask(1, 1), "-");
}

TEST(MarsRecord, OfAnMcsWithABlockIsIgnored) {
  Group mars;
  EXPECT_EQ(text(mars.record(kOther, 10, entry(kServe, 31, 703, block(1, 5)))), "");
  EXPECT_EQ(mars.server.counters().records_ignored, 1U);
}

TEST(MarsRecord, ThatCannotBeReadOrIsOfNoProtocolOfOursIsIgnored) {
  Group mars;
  mars.server.on_record(kOther, 10, Octets(19), mars.now);
  CacheEntry six = entry(kJoin, 11, 701, one(1));
  six.protocol = kIpv6;
  mars.record(kOther, 11, six);
  EXPECT_EQ(mars.server.counters().records_ignored, 2U);
}

TEST(MarsRecord, ThatChangesItsProtocolLeavesTheOther) {
  Group mars;
  mars.record(kOther, 10, entry(kJoin, 11, 701, one(1)));
  CacheEntry six = entry(kJoin, 11, 701, one(1));
  six.protocol = kIpv6;
  EXPECT_EQ(text(mars.record(kOther, 10, six)), "ccvc LEAVE 1");
}

TEST(MarsRecord, ThatScspPurgesIsGone) {
  Group mars;
  mars.record(kOther, 10, entry(kJoin, 11, 701, one(1)));
  mars.clear();
  mars.server.on_record_gone(kOther, 10, mars.now);
  mars.drain();
  EXPECT_EQ(text(mars.sent), "ccvc LEAVE 1");
}

}  // namespace
}  // namespace forces::mars::server
