// Maps of a MARS in, rows of FEs out, and in which order they may be there.
#include "ce/multicast/forwarding/forwarding.hpp"

#include <gtest/gtest.h>

#include <string>

namespace forces::multicast::forwarding {
namespace {

using namespace std::chrono_literals;
using mars::AtmAddress;
using mars::GroupRange;
using provision::CopyTable;

constexpr std::uint16_t kMember = 5000, kServer = 5001;

AtmAddress member(std::uint32_t fe) {
  return mars::encode_element({{fe}, {0x0a000000 + fe, kMember}});
}
AtmAddress mcs(std::uint32_t fe) {
  return mars::encode_element({{fe}, {0x0a000000 + fe, kServer}});
}
GroupRange group(std::uint32_t n) {
  const auto address = mars::ipv4_address(0xef010100 + n);
  return {address, address};
}

// FEs 1, 2, 3 are ours and answer at once unless told otherwise.
class CopiesForwarding : public testing::Test {
 protected:
  CopiesForwarding() {
    for (const std::uint32_t fe : {1U, 2U, 3U}) {
      forwarding.on_fe(fe, now);
      forwarding.set_member(Family::Ipv4, member(fe), true, now);
    }
    settle();
  }
  void hosts(const std::vector<std::uint32_t>& fes, const std::vector<std::uint32_t>& servers = {},
             std::uint32_t n = 1) {
    std::vector<AtmAddress> members, mcss;
    for (const std::uint32_t fe : fes) members.push_back(member(fe));
    for (const std::uint32_t fe : servers) mcss.push_back(mcs(fe));
    forwarding.set_group(Family::Ipv4, group(n), members, mcss, now);
  }
  void answer(std::uint32_t fe) { forwarding.on_set(fe, forwarding.version(fe), now); }
  void settle() {
    while (const auto fe = forwarding.poll_changed()) answer(*fe);
  }
  void pass(Duration d) {
    now += d;
    forwarding.on_timer(now);
  }
  // "2:5000 3:5000": where FE `fe` sends group n; with `served`, what its MCS gives to whom.
  std::string sends(std::uint32_t fe, std::uint32_t n = 1, bool served = false) {
    std::string out;
    for (const auto& row : forwarding.rows(fe)) {
      const bool table = row.table == (served ? CopyTable::Served4 : CopyTable::Copies4);
      if (!table || row.first[3] != n || row.last[3] != n) continue;
      if (!out.empty()) out.append(" ");
      out.append(std::to_string(row.address & 0xff)).append(":").append(std::to_string(row.port));
    }
    return out;
  }
  std::string serves(std::uint32_t fe) { return sends(fe, 1, true); }
  std::string hears(std::uint32_t fe) {
    std::string out;
    for (const auto& row : forwarding.rows(fe)) {
      if (row.table != CopyTable::Peers) continue;
      if (!out.empty()) out.append(" ");
      out.append(std::to_string(row.address & 0xff)).append(":").append(std::to_string(row.port));
    }
    return out;
  }
  Instant now{1h};
  Forwarding forwarding;
};

TEST_F(CopiesForwarding, EachSendsToTheMembersButItself) {
  hosts({2, 3});
  EXPECT_EQ(sends(1), "2:5000 3:5000");
  EXPECT_EQ(sends(2), "3:5000");
  EXPECT_EQ(sends(3), "2:5000");
  EXPECT_EQ(hears(1), "1:5000 2:5000 3:5000") << "whoever is registered may send";
  hosts({3});
  EXPECT_EQ(sends(1), "3:5000");
  EXPECT_EQ(sends(3), "");
  hosts({});
  EXPECT_EQ(sends(1), "");
}

TEST_F(CopiesForwarding, WhoNeedsNoRowsIsNotTroubled) {
  hosts({2});
  settle();
  const std::uint64_t before = forwarding.version(2);
  hosts({2}, {}, 7);
  EXPECT_EQ(forwarding.version(2), before) << "it is the only member";
  hosts({2}, {}, 7);
  EXPECT_EQ(forwarding.poll_changed(), 1U);
  EXPECT_EQ(forwarding.poll_changed(), 3U);
  EXPECT_EQ(forwarding.poll_changed(), std::nullopt);
}

TEST_F(CopiesForwarding, AnMcsIsReadyBeforeAnybodySendsToIt) {
  hosts({1, 3});
  settle();
  hosts({1, 3}, {2});
  EXPECT_EQ(serves(2), "1:5000 3:5000");
  EXPECT_EQ(hears(3), "1:5000 2:5000 2:5001 3:5000");
  EXPECT_EQ(sends(1), "3:5000") << "not yet";
  answer(1);
  answer(2);
  EXPECT_EQ(sends(1), "3:5000") << "FE 3 does not hear the MCS yet";
  answer(3);
  EXPECT_EQ(sends(1), "2:5001");
  EXPECT_EQ(sends(2), "2:5001") << "the member beside it likewise";
  EXPECT_EQ(sends(3), "2:5001");
}

TEST_F(CopiesForwarding, AnMcsServesOnUntilItsLastPacketHasCome) {
  hosts({1, 3}, {2});
  settle();
  hosts({1, 3});
  EXPECT_EQ(sends(1), "3:5000");
  EXPECT_EQ(serves(2), "1:5000 3:5000");
  pass(9s);
  EXPECT_EQ(serves(2), "1:5000 3:5000");
  pass(1s);
  EXPECT_EQ(serves(2), "");
  EXPECT_EQ(hears(3), "1:5000 2:5000 3:5000");
  EXPECT_EQ(forwarding.next_deadline(), std::nullopt);
}

TEST_F(CopiesForwarding, AGroupThatComesBackInTimeStays) {
  hosts({1, 3}, {2});
  settle();
  hosts({1, 3});
  pass(5s);
  hosts({1, 3}, {2});
  settle();
  pass(60s);
  EXPECT_EQ(serves(2), "1:5000 3:5000");
  EXPECT_EQ(sends(1), "2:5001");
}

TEST_F(CopiesForwarding, MembersOfAServedGroupComeAndGoAtTheMcs) {
  hosts({1}, {2});
  settle();
  hosts({1, 3}, {2});
  EXPECT_EQ(serves(2), "1:5000 3:5000");
  hosts({3}, {2});
  EXPECT_EQ(serves(2), "3:5000");
  EXPECT_EQ(sends(1), "2:5001");
}

TEST_F(CopiesForwarding, OfSeveralMcssTheLowestIsSentTo) {
  hosts({1}, {3, 2});
  settle();
  EXPECT_EQ(sends(1), "2:5001");
  EXPECT_EQ(serves(2), "1:5000");
  EXPECT_EQ(serves(3), "1:5000");
  hosts({1}, {3});
  settle();
  EXPECT_EQ(sends(1), "3:5001");
}

TEST_F(CopiesForwarding, AnFeThatDoesNotAnswerHoldsTheOthersUpForAWhile) {
  hosts({1, 3}, {2});
  answer(1);
  answer(2);
  pass(1900ms);
  EXPECT_EQ(sends(1), "");
  EXPECT_EQ(forwarding.next_deadline(), now + 100ms);
  pass(100ms);
  EXPECT_EQ(sends(1), "2:5001");
  EXPECT_EQ(forwarding.counters().impatient, 1U);
  hosts({1}, {}, 9);
  EXPECT_EQ(sends(2, 9), "1:5000") << "and for nothing that comes later";
}

TEST_F(CopiesForwarding, AnFeThatGoesHoldsUpNobody) {
  hosts({1, 3}, {2});
  answer(1);
  answer(2);
  forwarding.on_fe_gone(3);
  EXPECT_EQ(forwarding.version(3), 0U);
  pass(1s);
  EXPECT_EQ(sends(1), "2:5001") << "FE 3 is another CE's now";
}

TEST_F(CopiesForwarding, WhereAnMcsOfAnotherCeComesItsRowsAreWaitedFor) {
  hosts({1}, {9});
  settle();
  EXPECT_EQ(sends(2), "");
  pass(1s);
  EXPECT_EQ(sends(2), "9:5001");
  EXPECT_EQ(hears(1), "1:5000 2:5000 3:5000 9:5001");
}

TEST_F(CopiesForwarding, ABlockIsARowOfItsOwn) {
  const GroupRange all{mars::ipv4_address(0xe0000000), mars::ipv4_address(0xefffffff)};
  forwarding.set_group(Family::Ipv4, all, {member(2)}, {}, now);
  bool found = false;
  for (const auto& row : forwarding.rows(1)) {
    found = found || (row.table == CopyTable::Copies4 && row.first[0] == 0xe0 &&
                      row.last[0] == 0xef && row.address == 0x0a000002);
  }
  EXPECT_TRUE(found);
}

TEST_F(CopiesForwarding, Ipv6HasTablesOfItsOwnAndTheSamePeers) {
  std::array<std::byte, 16> octets{std::byte{0xff}, std::byte{0x1e}};
  const auto address = *mars::ProtocolAddress::from(octets);
  forwarding.set_member(Family::Ipv6, member(1), true, now);
  forwarding.set_group(Family::Ipv6, {address, address}, {member(2)}, {mcs(3)}, now);
  settle();
  std::size_t copies = 0, served = 0;
  for (const auto& row : forwarding.rows(1)) copies += row.table == CopyTable::Copies6 ? 1 : 0;
  for (const auto& row : forwarding.rows(3)) served += row.table == CopyTable::Served6 ? 1 : 0;
  EXPECT_EQ(copies, 1U);
  EXPECT_EQ(served, 1U);
  forwarding.set_member(Family::Ipv4, member(1), false, now);
  pass(10s);
  EXPECT_EQ(hears(2), "1:5000 2:5000 3:5000 3:5001") << "IPv6 still has it";
  forwarding.set_member(Family::Ipv6, member(1), false, now);
  pass(10s);
  EXPECT_EQ(hears(2), "2:5000 3:5000 3:5001");
}

TEST_F(CopiesForwarding, AddressesOfNoFeAreLeftOutAndCounted) {
  forwarding.set_member(Family::Ipv4, mars::encode_element({{0x40000001}, {}}), true, now);
  forwarding.set_group(Family::Ipv4, group(1),
                       {member(2), mars::encode_element({{9}, {}}), AtmAddress{}}, {}, now);
  EXPECT_EQ(sends(1), "2:5000");
  EXPECT_EQ(hears(1), "1:5000 2:5000 3:5000");
  EXPECT_EQ(forwarding.counters().foreign, 3U);
}

// An FE refuses such a row, and with it every other one of its message, again and again.
TEST_F(CopiesForwarding, GroupsThatNobodyForwardsAreNoRowsOfFes) {
  const auto rows = forwarding.rows(1);
  const auto v4 = [](std::uint32_t a) { return mars::ipv4_address(a); };
  const auto v6 = [](std::uint8_t first, std::uint8_t second) {
    std::array<std::byte, 16> octets{std::byte{first}, std::byte{second}};
    octets[15] = std::byte{1};
    return *mars::ProtocolAddress::from(octets);
  };
  for (const GroupRange& range :
       {GroupRange{v4(0xe0000001), v4(0xe0000001)}, GroupRange{v4(0x0a000001), v4(0x0a000001)},
        GroupRange{v4(0), v4(0xffffffff)}, GroupRange{v6(0xff, 0x1e), v6(0xff, 0x1e)}}) {
    forwarding.set_group(Family::Ipv4, range, {member(2)}, {}, now);
  }
  forwarding.set_group(Family::Ipv6, {v6(0xff, 0x02), v6(0xff, 0x02)}, {member(2)}, {}, now);
  forwarding.set_group(Family::Ipv6, {group(1)}, {member(2)}, {}, now);
  EXPECT_EQ(forwarding.rows(1), rows);
  EXPECT_EQ(forwarding.counters().foreign, 6U);
  for (const std::uint32_t address : {0xe0010101U, 0xf0000001U, 0x00000001U}) {
    forwarding.set_member(Family::Ipv4, mars::encode_element({{8}, {address, kMember}}), true, now);
  }
  EXPECT_EQ(forwarding.rows(1), rows);
}

// An FE that comes back with another ID, before the old one is missed.
TEST_F(CopiesForwarding, AnMcsGoesOnGivingToTheEndpointOfAnotherFe) {
  hosts({1, 2}, {3});
  EXPECT_EQ(sends(3, 1, true), "1:5000 2:5000");
  const auto again = mars::encode_element({{7}, {0x0a000002, kMember}});
  forwarding.set_group(Family::Ipv4, group(1), {member(1), member(2), again}, {mcs(3)}, now);
  forwarding.set_group(Family::Ipv4, group(1), {member(1), again}, {mcs(3)}, now);
  EXPECT_EQ(sends(3, 1, true), "1:5000 2:5000");
}

TEST_F(CopiesForwarding, AnFeThatComesBackIsGivenAllAtOnce) {
  hosts({1, 3}, {2});
  hosts({3}, {}, 2);
  settle();
  const auto rows = forwarding.rows(2);
  forwarding.on_fe_gone(2);
  forwarding.on_fe(2, now);
  EXPECT_EQ(forwarding.rows(2), rows);
  EXPECT_EQ(sends(2, 2), "3:5000");
}

TEST_F(CopiesForwarding, AnOperatorSeesWhatIsWantedWhereAndWhoHasIt) {
  hosts({2, 3});
  auto seen = forwarding.snapshot();
  ASSERT_EQ(seen.fes.size(), 3U);
  EXPECT_EQ(seen.fes[0].id, 1U);
  EXPECT_EQ(seen.fes[0].rows, 5U) << "three peers, two members";
  EXPECT_EQ(seen.fes[1].rows, 4U);
  EXPECT_FALSE(seen.fes[0].set);
  answer(1);
  seen = forwarding.snapshot();
  EXPECT_TRUE(seen.fes[0].set);
  EXPECT_FALSE(seen.fes[1].set);
  settle();
  EXPECT_EQ(seen.waiting, 0U);
  hosts({2, 3}, {1});
  EXPECT_EQ(forwarding.snapshot().waiting, 1U) << "the MCS is not ready";
}

}  // namespace
}  // namespace forces::multicast::forwarding
