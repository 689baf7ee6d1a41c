// RFC 2022 section 6.2: multicast servers.
#include "tests/unit/ce/multicast/mars/fixture.hpp"

namespace forces::mars::server {
namespace {

constexpr auto kMserv = Operation::Mserv, kUnserv = Operation::Unserv;

// Clients 1 to 3; MCSs 21 and 22.
struct Both : Mars {
  Both() {
    for (std::uint8_t n = 1; n <= 3; ++n) registers(n);
    registers(21, kMserv);
    registers(22, kMserv);
    clear();
  }
};

TEST(MarsMcs, RegistersOnTheScvcWithoutACmi) {  // section 6.2.3
  Mars mars;
  const auto& sent = mars.registers(21, kMserv);
  ASSERT_EQ(text(sent), "21 MSERV r");
  EXPECT_EQ(sent[0].m.cmi, 0);
  EXPECT_EQ(sent[0].m.msn, 5000U);
  EXPECT_TRUE(sent[0].m.flags.copy());
  EXPECT_EQ(mars.leaves[0], std::tuple('+', ControlVc::Server, atm(21)));
}

TEST(MarsMcs, ThatIsNotRegisteredIsIgnored) {  // section 6.2.2
  Both mars;
  EXPECT_TRUE(mars.say(kMserv, 1, one(1)).empty());
  EXPECT_TRUE(mars.say(kUnserv, 1, one(1)).empty());
  EXPECT_EQ(mars.dropped(Drop::NotRegistered), 2U);
}

TEST(MarsMcs, TheFirstOfAGroupWithMembersMigratesIt) {
  Both mars;
  mars.join(1, one(1));
  const auto sent = mars.say(kMserv, 21, one(1));
  ASSERT_EQ(text(sent), "scvc MSERV 1, ccvc MIGRATE 1");
  EXPECT_EQ(sent[1].m.source, atm(kOurs));
  EXPECT_EQ(sent[1].m.source_protocol, ipv4_address(0x0a000005));
  EXPECT_EQ(sent[1].m.targets, std::vector{atm(21)});
  EXPECT_TRUE(sent[0].m.flags.copy());
}

TEST(MarsMcs, TheFirstOfAGroupWithoutMembersTellsNoClient) {
  Both mars;
  EXPECT_EQ(text(mars.say(kMserv, 21, one(1))), "scvc MSERV 1");
}

TEST(MarsMcs, AnotherOneJoins) {
  Both mars;
  mars.join(1, one(1));
  mars.say(kMserv, 21, one(1));
  const auto sent = mars.say(kMserv, 22, one(1), true);
  ASSERT_EQ(text(sent), "scvc MSERV 1, ccvc JOIN 1") << "layer3grp is 0";
  EXPECT_EQ(sent[1].m.source, atm(22));
  EXPECT_TRUE(sent[1].m.flags.copy());
}

TEST(MarsMcs, ARepeatedMservIsPrivateAndMigratesNobody) {
  Both mars;
  mars.join(1, one(1));
  mars.say(kMserv, 21, one(1));
  const auto sent = mars.say(kMserv, 21, one(1), true);
  ASSERT_EQ(text(sent), "21 MSERV 1");
  EXPECT_TRUE(sent[0].m.flags.copy());
}

TEST(MarsMcs, UnservIsALeaveToTheClients) {
  Both mars;
  mars.join(1, one(1));
  mars.say(kMserv, 21, one(1));
  EXPECT_EQ(text(mars.say(kUnserv, 21, one(1), true)), "scvc UNSERV 1, ccvc LEAVE 1");
  EXPECT_EQ(mars.ask(2, 1), "1") << "a mesh again";
  EXPECT_EQ(text(mars.say(kUnserv, 21, one(1))), "21 UNSERV 1");
}

TEST(MarsMcs, ServesSingleGroupsOnly) {
  Both mars;
  EXPECT_TRUE(mars.say(kMserv, 21, block(1, 2)).empty());
  EXPECT_TRUE(mars.say(kUnserv, 21, block(1, 2)).empty());
  EXPECT_EQ(mars.dropped(Drop::BlockOfServer), 2U);
}

TEST(MarsMcs, DeregistrationOrLossLeavesItsGroups) {  // section 6.2.3; RFC 2443 5.5
  for (const bool lost : {false, true}) {
    Both mars;
    mars.say(kMserv, 21, one(1));
    mars.say(kMserv, 21, one(3));
    mars.say(kMserv, 22, one(3));
    if (lost) {
      mars.clear();
      mars.server.on_leaf_lost(ControlVc::Server, kIpv4, atm(21), mars.now);
      mars.drain();
      EXPECT_EQ(text(mars.sent), "scvc UNSERV 1 3, ccvc LEAVE 1 3");
      EXPECT_TRUE(mars.leaves.empty());
    } else {
      EXPECT_EQ(text(mars.registers(21, kUnserv)), "scvc UNSERV 1 3, ccvc LEAVE 1 3, 21 UNSERV r");
      EXPECT_EQ(mars.leaves[0], std::tuple('-', ControlVc::Server, atm(21)));
    }
    EXPECT_EQ(mars.ask(1, 3), "22");
  }
}

TEST(MarsMcs, NobodyIsInBothMaps) {  // section 6.2, appendix F
  Both mars;
  mars.registers(21);
  mars.registers(1, kMserv);
  mars.say(kMserv, 21, one(1));
  EXPECT_TRUE(mars.join(21, one(1)).empty());
  EXPECT_TRUE(mars.join(21, block(0, 9)).empty());
  mars.join(1, one(2));
  EXPECT_TRUE(mars.say(kMserv, 1, one(2)).empty());
  EXPECT_EQ(mars.dropped(Drop::BothMaps), 3U);
}

TEST(MarsMcsRequest, GetsTheHostsAndMembersGetTheMcs) {  // section 6.2.1
  Both mars;
  mars.join(1, one(1));
  mars.join(2, block(0, 9));
  mars.say(kMserv, 21, one(1));
  EXPECT_EQ(mars.ask(21, 1), "1 2");
  EXPECT_EQ(mars.sent[0].m.msn, 5001U) << "SSN, after one MSERV";
  EXPECT_EQ(mars.ask(1, 1), "21");
  EXPECT_EQ(mars.ask(1, 2), "2");
}

TEST(MarsMcsRequest, OfAGroupThatItDoesNotServeIsDropped) {
  Both mars;
  mars.join(1, one(1));
  mars.say(kMserv, 21, one(1));
  EXPECT_EQ(mars.ask(22, 1), "");
  EXPECT_EQ(mars.ask(21, 2), "");
  EXPECT_EQ(mars.dropped(Drop::NotRegistered), 2U);
}

TEST(MarsMcsRequest, WithoutHostsIsANak) {
  Both mars;
  mars.say(kMserv, 21, one(1));
  EXPECT_EQ(mars.ask(21, 1), "-");
}

TEST(MarsServed, ASingleJoinGoesToTheMcsAndBackPrivately) {  // section 6.2.4
  Both mars;
  mars.say(kMserv, 21, one(1));
  const auto sent = mars.join(1, one(1), true);
  ASSERT_EQ(text(sent), "scvc SJOIN 1 3, 1 JOIN 1 3");
  EXPECT_TRUE(sent[0].m.flags.copy());
  EXPECT_EQ(sent[0].m.source, atm(1));
  EXPECT_EQ(text(mars.join(1, one(1), true)), "1 JOIN 1 3") << "again";
  EXPECT_EQ(text(mars.leave(1, one(1))), "scvc SLEAVE 1, 1 LEAVE 1");
  EXPECT_EQ(text(mars.leave(1, one(1))), "1 LEAVE 1");
}

TEST(MarsServed, ABlockIsPunchedForClientsAndWholeForMcss) {
  Both mars;
  mars.say(kMserv, 21, one(4));
  mars.join(1, one(2));
  EXPECT_EQ(text(mars.join(1, block(1, 9))), "scvc SJOIN 1 3-9 p, 1 JOIN 1-9, ccvc JOIN 1 3 5-9 p");
  EXPECT_EQ(text(mars.leave(1, block(1, 9))),
            "scvc SLEAVE 1 3-9 p, 1 LEAVE 1-9, ccvc LEAVE 1 3 5-9 p");
}

TEST(MarsServed, ABlockThatIsAllServedTellsNoClient) {
  Both mars;
  mars.say(kMserv, 21, one(4));
  mars.say(kMserv, 21, one(5));
  EXPECT_EQ(text(mars.join(1, block(4, 5))), "scvc SJOIN 4-5, 1 JOIN 4-5");
}

TEST(MarsServed, ABlockBesideServedGroupsIsWhole) {
  Both mars;
  mars.say(kMserv, 21, one(10));
  EXPECT_EQ(text(mars.join(1, block(1, 9))), "ccvc JOIN 1-9");
}

TEST(MarsServed, SsnCountsTheScvcOnly) {  // section 6.2.5
  Both mars;
  EXPECT_EQ(mars.say(kMserv, 21, one(1))[0].m.msn, 5000U);
  const auto sent = mars.join(1, one(1));
  EXPECT_EQ(sent[0].m.msn, 5001U);
  EXPECT_EQ(sent[1].m.msn, 1000U);
  EXPECT_EQ(mars.join(1, one(2))[0].m.msn, 1000U);
  EXPECT_EQ(mars.say(kMserv, 21, one(1))[0].m.msn, 5002U);
}

}  // namespace
}  // namespace forces::mars::server
