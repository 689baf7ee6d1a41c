// RFC 2022 section 6.1: what a MARS does for cluster members.
#include "proto/mars/parts.hpp"
#include "tests/unit/ce/multicast/mars/fixture.hpp"

namespace forces::mars::server {
namespace {

// Clients 1 to n are registered.
struct Members : Mars {
  explicit Members(std::uint8_t n, Config c = config_of()) : Mars(std::move(c)) {
    for (std::uint8_t i = 1; i <= n; ++i) registers(i);
    clear();
  }
};

TEST(MarsRegistration, ComesBackPrivatelyWithACmi) {  // section 6.1.2
  Mars mars;
  const auto& sent = mars.registers(1);
  ASSERT_EQ(text(sent), "1 JOIN r");
  EXPECT_EQ(sent[0].m.cmi, 100);
  EXPECT_TRUE(sent[0].m.flags.copy());
  EXPECT_EQ(sent[0].m.flags.sequence(), 9);
  EXPECT_EQ(sent[0].m.msn, 1000U);
  ASSERT_EQ(mars.leaves.size(), 1U);
  EXPECT_EQ(mars.leaves[0], std::tuple('+', ControlVc::Cluster, atm(1)));
}

TEST(MarsRegistration, AgainGivesTheSameCmi) {
  Members mars(2);
  EXPECT_EQ(mars.registers(1)[0].m.cmi, 100);
  EXPECT_TRUE(mars.leaves.empty());
  EXPECT_TRUE(mars.said.empty()) << "the group knows";
  EXPECT_EQ(mars.registers(3)[0].m.cmi, 102);
}

TEST(MarsRegistration, OnAnotherVcTheLeafIsToldAnew) {
  Members mars(1);
  Message m = Mars::message(Operation::Join, 1);
  m.flags = Flags{}.with_registers(true);
  EXPECT_EQ(mars.hear(m, 77)[0].to, "77");
  ASSERT_EQ(mars.leaves.size(), 1U);
}

// It may have begun anew, and would never leave what its earlier life had joined.
TEST(MarsRegistration, OnAnotherVcItIsInWhatItSaysAgain) {
  Config c = config_of();
  c.announce_losses = true;
  Members mars(2, c);
  mars.join(1, one(1));
  mars.join(1, one(2));
  EXPECT_EQ(text(mars.registers(1)), "1 JOIN r");
  EXPECT_EQ(mars.ask(2, 1), "1") << "a retransmission";
  Message m = Mars::message(Operation::Join, 1);
  m.flags = Flags{}.with_registers(true);
  EXPECT_EQ(text(mars.hear(m, 77)), "ccvc LEAVE 1 2, 77 JOIN r");
  EXPECT_EQ(text(mars.said), "client_leave r, client_leave 1, client_leave 2, client_join r");
  EXPECT_EQ(mars.leaves, (std::vector{std::tuple('+', ControlVc::Cluster, atm(1))}));
  EXPECT_EQ(mars.ask(2, 1), "-");
}

TEST(MarsRegistration, OnAnotherVcWhoWasSentSoftlyStaysInItsGroups) {  // RFC 2022 section 5.4.3
  Members mars(2);
  mars.join(1, one(1));
  mars.record(kOther, 0, redirect_entry(107));
  mars.record(kOther, 1, registered(1, 701));
  Message m = Mars::message(Operation::Join, 1);
  m.flags = Flags{}.with_registers(true);
  EXPECT_EQ(text(mars.hear(m, 77)), "77 JOIN r");
  EXPECT_EQ(mars.ask(2, 1), "1");
}

TEST(MarsRegistration, EchoesPairsAsTheyCame) {  // sections 5.2.1 and 5.2.3 differ
  Mars mars;
  Message m = Mars::message(Operation::Join, 1);
  m.flags = Flags{}.with_registers(true);
  m.ranges = {GroupRange{}};
  EXPECT_EQ(mars.hear(m, 1)[0].m.ranges.size(), 1U);
}

TEST(MarsRegistration, WithoutACmiNobodyIsRegistered) {
  Config c = config_of();
  c.protocols[0].cmis = {100, 100};
  Members mars(1, c);
  EXPECT_TRUE(mars.registers(2).empty());
  EXPECT_EQ(mars.dropped(Drop::NoCmi), 1U);
  EXPECT_EQ(mars.notices, std::vector{Notice::What::NoCmi});
  EXPECT_EQ(text(mars.registers(1, Operation::Leave)), "1 LEAVE r");
  EXPECT_EQ(mars.registers(2)[0].m.cmi, 100);
}

TEST(MarsDeregistration, RemovesFromAllGroupsAndTheControlVc) {
  Members mars(2);
  mars.join(1, one(1));
  mars.join(1, block(5, 9));
  EXPECT_EQ(text(mars.registers(1, Operation::Leave)), "1 LEAVE r");
  EXPECT_EQ(mars.leaves[0], std::tuple('-', ControlVc::Cluster, atm(1)));
  EXPECT_EQ(mars.ask(2, 1), "-");
  EXPECT_EQ(mars.ask(2, 6), "-");
}

TEST(MarsDeregistration, IsAnsweredAgain) {
  Members mars(1);
  mars.registers(1, Operation::Leave);
  EXPECT_EQ(text(mars.registers(1, Operation::Leave)), "1 LEAVE r");
  EXPECT_TRUE(mars.said.empty());
}

TEST(MarsJoin, OfASingleGroupIsToldToAll) {  // section 6.1.2
  Members mars(2);
  const auto& sent = mars.join(1, one(1), true);
  ASSERT_EQ(text(sent), "ccvc JOIN 1 3");
  EXPECT_TRUE(sent[0].m.flags.copy());
  EXPECT_EQ(sent[0].m.flags.sequence(), 7);
  EXPECT_EQ(sent[0].m.source, atm(1));
  EXPECT_EQ(mars.ask(2, 1), "1");
}

TEST(MarsJoin, AgainIsToldPrivately) {
  Members mars(2);
  mars.join(1, one(1));
  EXPECT_EQ(text(mars.join(1, one(1))), "1 JOIN 1");
  mars.join(1, block(1, 9));
  EXPECT_EQ(text(mars.join(1, one(2))), "1 JOIN 2") << "a member by its block";
}

TEST(MarsLeave, OfASingleGroupIsToldToAllUnlessABlockRemains) {
  Members mars(2);
  mars.join(1, one(1));
  EXPECT_EQ(text(mars.leave(1, one(1))), "ccvc LEAVE 1");
  EXPECT_EQ(text(mars.leave(1, one(1))), "1 LEAVE 1") << "a repeated one";
  mars.join(1, one(1));
  mars.join(1, block(1, 9));
  EXPECT_EQ(text(mars.leave(1, one(1))), "1 LEAVE 1");
  EXPECT_EQ(mars.ask(2, 1), "1");
}

TEST(MarsBlock, WithoutHolesIsToldToAllAsItIs) {
  Members mars(2);
  EXPECT_EQ(text(mars.join(1, block(1, 9))), "ccvc JOIN 1-9");
  EXPECT_EQ(text(mars.leave(1, block(1, 9))), "ccvc LEAVE 1-9");
}

TEST(MarsBlock, IsPunchedWhereTheNodeIsAMemberAlready) {
  Members mars(2);
  mars.join(1, one(1));
  mars.join(1, one(5));
  EXPECT_EQ(text(mars.join(1, block(1, 9))), "1 JOIN 1-9, ccvc JOIN 2-4 6-9 p");
  EXPECT_EQ(text(mars.leave(1, block(1, 9))), "1 LEAVE 1-9, ccvc LEAVE 2-4 6-9 p");
}

TEST(MarsBlock, ThatIsAllHolesIsToldPrivatelyOnly) {
  Members mars(2);
  mars.join(1, one(1));
  mars.join(1, one(2));
  EXPECT_EQ(text(mars.join(1, block(1, 2))), "1 JOIN 1-2");
  EXPECT_EQ(text(mars.join(1, block(1, 2))), "1 JOIN 1-2") << "and again";
}

TEST(MarsBlock, OfManyPairsGoesInMessagesThatFit) {
  Config c = config_of();
  c.mtu = 100;  // 32 + 20 + 4, then five pairs
  Members mars(2, c);
  for (std::uint32_t g = 1; g < 20; g += 2) mars.join(1, one(g));
  const auto& sent = mars.join(1, block(1, 19));
  EXPECT_EQ(text(sent), "1 JOIN 1-19, ccvc JOIN 2 4 6 8 10 p, ccvc JOIN 12 14 16 18 p");
  for (const auto& s : sent) EXPECT_LE(encoded_size(s.m), 100U);
  EXPECT_EQ(sent[2].m.msn, sent[1].m.msn + 1);
}

TEST(MarsBlock, TheLayer3FlagOfABlockIsReset) {  // section 5.2.1
  Members mars(1);
  mars.join(1, block(1, 9), true);
  ASSERT_EQ(mars.said.size(), 1U);
  EXPECT_FALSE(mars.said[0].entry.flags.layer3_group());
}

TEST(MarsStranger, IsIgnored) {  // sections 6.1.1 and 6.1.2
  Members mars(1);
  EXPECT_TRUE(mars.join(2, one(1)).empty());
  EXPECT_TRUE(mars.leave(2, one(1)).empty());
  EXPECT_EQ(mars.ask(2, 1), "");
  EXPECT_EQ(text(mars.say(Operation::GrouplistRequest, 2, block(0, 9))), "");
  EXPECT_EQ(mars.dropped(Drop::NotRegistered), 4U);
}

TEST(MarsBadInput, IsDroppedAndCountedByItsReason) {
  Members mars(1);
  Message m = Mars::message(Operation::Join, 1);
  m.ranges = {one(1)};
  m.flags = Flags{}.with_copy(true);  // 6.1.2: silently ignored
  EXPECT_TRUE(mars.hear(m, 1).empty());
  m.flags = {};
  m.ranges = {one(1), one(3)};
  EXPECT_TRUE(mars.hear(m, 1).empty());
  EXPECT_EQ(mars.dropped(Drop::NotFromEndpoint), 2U);
  m.ranges = {one(1)};
  m.protocol = kIpv6;
  EXPECT_TRUE(mars.hear(m, 1).empty());
  EXPECT_EQ(mars.dropped(Drop::OtherProtocol), 1U);
  m.protocol = kIpv4;
  m.tlvs = {{.type = 0x8001}};  // Type.x 2: drop and report, before the operation is looked at
  EXPECT_TRUE(mars.hear(m, 1).empty());
  EXPECT_EQ(mars.notices, std::vector{Notice::What::TlvReported});
  m.tlvs = {{.type = 0x4001}};
  EXPECT_TRUE(mars.hear(m, 1).empty());
  EXPECT_EQ(mars.dropped(Drop::Tlv), 2U);
  m.tlvs = {{.type = 0x0001}};  // skipped
  EXPECT_EQ(text(mars.hear(m, 1)), "ccvc JOIN 1");
  mars.server.on_message(Vc{1}, Octets(19), mars.now);
  EXPECT_EQ(mars.dropped(Drop::Malformed), 1U);
}

TEST(MarsLimits, ANodeHasSoManyRanges) {
  Config c = config_of();
  c.ranges_of_a_node = 2;
  Members mars(2, c);
  mars.join(1, one(1));
  mars.join(1, one(2));
  EXPECT_TRUE(mars.join(1, one(3)).empty());
  EXPECT_EQ(mars.notices, std::vector{Notice::What::TooManyRanges});
  EXPECT_TRUE(mars.join(1, one(3)).empty());
  EXPECT_TRUE(mars.notices.empty()) << "once";
  EXPECT_EQ(mars.dropped(Drop::TooManyRanges), 2U);
  EXPECT_EQ(text(mars.join(1, one(2))), "1 JOIN 2");
  EXPECT_EQ(text(mars.join(2, one(3))), "ccvc JOIN 3");
  mars.leave(1, one(1));
  EXPECT_EQ(text(mars.join(1, one(4))), "ccvc JOIN 4");
}

TEST(MarsRequest, NamesSinglesAndBlockJoinersOnce) {
  Members mars(4);
  mars.join(1, one(5));
  mars.join(2, block(1, 9));
  mars.join(3, block(4, 6));
  mars.join(3, one(5));
  EXPECT_EQ(mars.ask(4, 5), "1 2 3");
  EXPECT_EQ(mars.ask(1, 9), "2");
}

TEST(MarsRequest, OfAnEmptyGroupComesBackAsItWas) {  // section 5.1.2
  Members mars(1);
  Message m = Mars::message(Operation::Request, 1);
  m.group = group(3);
  m.null_tlv = true;
  const auto sent = mars.hear(m, 1);
  ASSERT_EQ(text(sent), "1 NAK 3");
  m.operation = Operation::Nak;
  EXPECT_EQ(sent[0].m, m);
}

TEST(MarsRequest, OfManyMembersComesInPartsOfOneNumber) {  // section 5.1.1
  Config c = config_of();
  c.mtu = 100;  // 60 + 20 n: two a part
  Members mars(6, c);
  for (std::uint8_t n = 1; n <= 5; ++n) mars.join(n, one(1));
  EXPECT_EQ(mars.ask(6, 1), "1 2 3 4 5");
  ASSERT_EQ(mars.sent.size(), 3U);
  Assembly all;
  EXPECT_EQ(all.add(mars.sent[0].m), Assembly::Status::More);
  EXPECT_EQ(all.add(mars.sent[1].m), Assembly::Status::More);
  EXPECT_EQ(all.add(mars.sent[2].m), Assembly::Status::Complete);
}

TEST(MarsGrouplist, NamesGroupsWithALayer3Member) {  // section 5.3
  Members mars(3);
  mars.join(1, one(1), true);
  mars.join(2, one(1));
  mars.join(2, one(2));
  mars.join(2, one(7), true);
  mars.join(1, block(1, 9), true);  // a block has no such flag
  const auto list = [&](const GroupRange& range) {
    const auto sent = mars.say(Operation::GrouplistRequest, 3, range);
    EXPECT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].to, "3");
    return sent[0].m.groups;
  };
  EXPECT_EQ(list(block(0, 9)), (std::vector{group(1), group(7)}));
  EXPECT_EQ(list(block(2, 6)), std::vector<ProtocolAddress>{});
  mars.leave(1, one(1));
  EXPECT_EQ(list(block(0, 9)), std::vector{group(7)});
}

TEST(MarsGrouplist, OnlyTheFirstPairCounts) {
  Members mars(1);
  mars.join(1, one(1), true);
  mars.join(1, one(5), true);
  Message m = Mars::message(Operation::GrouplistRequest, 1);
  m.ranges = {block(0, 2), block(4, 6)};
  EXPECT_EQ(mars.hear(m, 1)[0].m.groups, std::vector{group(1)});
}

// Section 6.1.4: a message on the CCVC carries the number and counts it up; a private one carries
// what the next will have.
TEST(MarsSequence, CountsTransmissionsOnTheCcvc) {
  Members mars(2);
  EXPECT_EQ(mars.join(1, one(1))[0].m.msn, 1000U);
  EXPECT_EQ(mars.join(1, one(1))[0].m.msn, 1001U);
  EXPECT_EQ(mars.ask(2, 1), "1");
  EXPECT_EQ(mars.sent[0].m.msn, 1001U);
  EXPECT_EQ(mars.leave(1, one(1))[0].m.msn, 1001U);
  EXPECT_EQ(mars.pass(60s)[0].m.msn, 1002U) << "REDIRECT_MAP";
  EXPECT_EQ(mars.join(1, one(1))[0].m.msn, 1003U);
}

TEST(MarsSequence, IsOfEachProtocol) {  // sections 6 and 6.3
  Config c = config_of();
  c.protocols.push_back({.protocol = kIpv6, .cmis = {100, 199}, .first_csn = 9});
  Members mars(1, c);
  Message m = Mars::message(Operation::Join, 1);
  m.protocol = kIpv6;
  m.ranges = {one(1)};
  EXPECT_TRUE(mars.hear(m, 1).empty()) << "registered for the other protocol";
  m.flags = Flags{}.with_registers(true);
  m.ranges.clear();
  EXPECT_EQ(mars.hear(m, 1)[0].m.msn, 9U);
  mars.join(1, one(1));
  EXPECT_EQ(mars.hear(m, 1)[0].m.msn, 9U);
}

TEST(MarsLeafLost, IsADeregistrationWithoutAnAnswer) {  // section 6.1.2
  Members mars(2);
  mars.join(1, one(1));
  mars.clear();
  mars.server.on_leaf_lost(ControlVc::Cluster, kIpv4, atm(1), mars.now);
  mars.drain();
  EXPECT_TRUE(mars.sent.empty());
  EXPECT_TRUE(mars.leaves.empty()) << "it is off already";
  EXPECT_EQ(mars.ask(2, 1), "-");
  EXPECT_EQ(mars.registers(3)[0].m.cmi, 102) << "the CMI is free, and the last to be used again";
}

TEST(MarsLosses, AreToldWhereNoVcTellsThem) {  // ours
  Config c = config_of();
  c.announce_losses = true;
  Members mars(3, c);
  mars.registers(9, Operation::Mserv);
  mars.say(Operation::Mserv, 9, one(5));
  mars.join(1, one(1));
  mars.join(1, one(3));
  mars.join(1, one(5));
  EXPECT_EQ(text(mars.registers(1, Operation::Leave)),
            "scvc SLEAVE 1 3 5, ccvc LEAVE 1 3 p, 1 LEAVE r");
}

TEST(MarsRedirectMap, NamesUsEveryMinute) {  // section 6.1.3
  Members mars(1);
  mars.registers(9, Operation::Mserv);
  EXPECT_EQ(text(mars.pass(59s)), "");
  const auto& sent = mars.pass(1s);
  ASSERT_EQ(text(sent), "ccvc REDIRECT_MAP, scvc REDIRECT_MAP");
  EXPECT_EQ(sent[0].m.targets, std::vector{atm(kOurs)});
  EXPECT_EQ(sent[0].m.source, atm(kOurs));
  EXPECT_FALSE(sent[0].m.hard);
  EXPECT_EQ(mars.pass(120s).size(), 4U);
}

TEST(MarsRedirectMap, OfNobodyIsNotSent) {
  Mars mars;
  EXPECT_EQ(text(mars.pass(200s)), "");
}

}  // namespace
}  // namespace forces::mars::server
