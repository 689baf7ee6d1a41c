// Clients, MCSs and servers in lives that are told.
#include <gtest/gtest.h>

#include "tests/sim/mars/network.hpp"

namespace forces::test {
namespace {

struct Lis : MarsNetwork {
  // Servers 1 to n; clients 101 to 100 + m, at them in turn; all up.
  Lis(std::uint32_t n, std::uint32_t m, std::uint64_t seed = 1) : MarsNetwork(seed) {
    for (std::uint32_t id = 1; id <= n; ++id) add_server(id);
    for (std::uint32_t id = 1; id <= n; ++id) start_server(id);
    EXPECT_TRUE(run(15s));
    for (std::uint32_t i = 1; i <= m; ++i) {
      std::vector<std::uint32_t> table;
      for (std::uint32_t k = 0; k < n; ++k) table.push_back((i - 1 + k) % n + 1);
      add_client(100 + i, table);
      start_client(100 + i);
    }
    EXPECT_TRUE(run(15s));
  }
  std::size_t leaves(std::uint32_t client, std::uint32_t g) {
    return clients().at(client).paths[group(g)].size();
  }
};

TEST(MarsLis, SixteenServersAnswerAlike) {  // RFC 2443 items 9 to 13
  Lis lis(16, 32);
  for (std::uint32_t i = 1; i <= 32; ++i) {
    lis.join(100 + i, one(i % 4));
    lis.open(100 + i, 0);
  }
  lis.join(101, block(0, 15));
  ASSERT_TRUE(lis.run(1s));
  EXPECT_EQ(lis.judge(), "");
  EXPECT_EQ(lis.leaves(102, 0), 9U);
  for (std::uint32_t i = 1; i <= 32; i += 3) lis.leave(100 + i, one(i % 4));
  ASSERT_TRUE(lis.run(1s));
  EXPECT_EQ(lis.judge(), "");
}

TEST(MarsLis, AServerThatDiesLosesNoMember) {
  Lis lis(3, 6);
  for (std::uint32_t i = 1; i <= 6; ++i) {
    lis.join(100 + i, one(1));
    lis.open(100 + i, 1);
  }
  ASSERT_TRUE(lis.run(1s));
  ASSERT_EQ(lis.judge(), "");
  lis.crash_server(1);
  for (int second = 0; second < 400; ++second) {
    ASSERT_TRUE(lis.run(1s));
    for (const std::uint32_t server : {2U, 3U}) {
      ASSERT_EQ(lis.maps(server).hosts(group(1)).size(), 6U) << second;
    }
    for (std::uint32_t i = 1; i <= 6; ++i) ASSERT_EQ(lis.leaves(100 + i, 1), 5U) << second;
  }
  EXPECT_EQ(lis.judge(), "");
}

TEST(MarsLis, AMemberThatDiesWithItsServerIsGoneInFourMinutes) {  // item 17
  Lis lis(3, 6);
  for (std::uint32_t i = 1; i <= 6; ++i) lis.join(100 + i, one(1));
  ASSERT_TRUE(lis.run(1s));
  lis.crash_server(1);
  lis.crash_client(101);
  ASSERT_TRUE(lis.run(150s));
  EXPECT_EQ(lis.maps(2).hosts(group(1)).size(), 6U) << "not known yet";
  ASSERT_TRUE(lis.run(91s));
  EXPECT_EQ(lis.maps(2).hosts(group(1)).size(), 5U);
  EXPECT_EQ(lis.maps(3).hosts(group(1)).size(), 5U);
}

TEST(MarsLis, AServerThatComesBackAtOnceLosesNoMember) {
  Lis lis(3, 6);
  for (std::uint32_t i = 1; i <= 6; ++i) lis.join(100 + i, one(1));
  ASSERT_TRUE(lis.run(1s));
  lis.crash_server(1);
  ASSERT_TRUE(lis.run(1s));
  lis.start_server(1);
  ASSERT_TRUE(lis.run(100ms));
  for (int second = 0; second < 200; ++second) {
    ASSERT_TRUE(lis.run(1s));
    for (const std::uint32_t server : {1U, 2U, 3U}) {
      ASSERT_EQ(lis.maps(server).hosts(group(1)).size(), 6U) << second;
    }
  }
  EXPECT_EQ(lis.judge(), "");
}

TEST(MarsLis, SidesThatMeetAgainAgree) {
  Lis lis(4, 8);
  for (std::uint32_t i = 1; i <= 8; ++i) {
    lis.join(100 + i, one(1));
    lis.open(100 + i, 1);
  }
  ASSERT_TRUE(lis.run(1s));
  lis.set_side(3, 1);
  lis.set_side(4, 1);
  ASSERT_TRUE(lis.run(300s));
  EXPECT_EQ(lis.maps(1).hosts(group(1)).size(), 4U) << "the others are flushed";
  EXPECT_EQ(lis.maps(3).hosts(group(1)).size(), 4U);
  lis.leave(103, one(1));
  lis.join(104, one(2));
  lis.set_side(3, 0);
  lis.set_side(4, 0);
  ASSERT_TRUE(lis.run(90s));
  EXPECT_EQ(lis.judge(), "");
}

TEST(MarsLis, ASoftRedirectMovesAllAndLosesNobody) {  // RFC 2022 section 5.4.3
  for (const bool hard : {false, true}) {
    Lis lis(2, 4);
    lis.add_client(201, {1, 2}, true);
    lis.start_client(201);
    for (std::uint32_t i = 1; i <= 4; ++i) {
      lis.join(100 + i, one(1));
      lis.join(100 + i, one(2));
      lis.open(100 + i, 1);
      lis.open(100 + i, 2);
    }
    lis.join(201, one(2));
    lis.open(201, 2);
    ASSERT_TRUE(lis.run(70s));  // until the servers have heard of each other
    ASSERT_EQ(lis.judge(), "");
    lis.redirect(1, 2, hard);
    for (int step = 0; step < 400; ++step) {
      ASSERT_TRUE(lis.run(500ms));
      for (const std::uint32_t server : {1U, 2U}) {
        ASSERT_EQ(lis.maps(server).hosts(group(1)).size(), 4U) << step;
        ASSERT_EQ(lis.maps(server).servers(group(2)).size(), 1U) << step;
      }
    }
    EXPECT_TRUE(lis.servers().at(1).core->clusters().front().clients().empty());
    EXPECT_TRUE(lis.servers().at(1).core->clusters().front().servers().empty());
    EXPECT_EQ(lis.clients().at(101).failures, 0U);
    EXPECT_EQ(lis.judge(), "");
  }
}

TEST(MarsLis, AnMcsTakesAGroupOverAndGivesItBack) {  // RFC 2022 sections 5.1.6 and 6.2.2
  Lis lis(2, 4);
  for (std::uint32_t i = 1; i <= 4; ++i) {
    lis.join(100 + i, one(1));
    lis.open(100 + i, 1);
  }
  lis.add_client(201, {2, 1}, true);
  lis.start_client(201);
  ASSERT_TRUE(lis.run(1s));
  EXPECT_EQ(lis.leaves(101, 1), 3U);
  lis.join(201, one(1));
  lis.open(201, 1);
  ASSERT_TRUE(lis.run(12s));
  EXPECT_EQ(lis.leaves(101, 1), 1U);
  EXPECT_EQ(lis.leaves(201, 1), 4U);
  EXPECT_EQ(lis.judge(), "");
  lis.leave(101, one(1));
  ASSERT_TRUE(lis.run(1s));
  EXPECT_EQ(lis.leaves(201, 1), 3U);
  lis.crash_client(201);
  ASSERT_TRUE(lis.run(12s));
  EXPECT_EQ(lis.leaves(102, 1), 2U) << "a mesh again";
  EXPECT_EQ(lis.judge(), "");
}

// RFC 2022 sections 5.1.1 and 6.2.2: neither it nor those who join then are told on the CCVC.
TEST(MarsLis, AnMcsThatComesToAnEmptyGroupIsFound) {
  Lis lis(1, 3);
  lis.add_client(201, {1}, true);
  lis.start_client(201);
  lis.open(101, 1);
  ASSERT_TRUE(lis.run(1s));
  lis.join(201, one(1));
  lis.join(102, one(1));
  ASSERT_TRUE(lis.run(15s));
  EXPECT_EQ(lis.leaves(101, 1), 1U);
  EXPECT_EQ(lis.judge(), "");
}

TEST(MarsLis, WhoComesBackBeforeItIsMissedIsOutOfWhatItNoLongerWants) {
  Lis lis(2, 3);
  lis.half_open = 30s;
  lis.join(101, one(1));
  lis.join(101, one(2));
  ASSERT_TRUE(lis.run(1s));
  lis.crash_client(101);
  lis.leave(101, one(1));
  lis.start_client(101);
  ASSERT_TRUE(lis.run(15s));
  EXPECT_TRUE(lis.maps(1).hosts(group(1)).empty());
  EXPECT_EQ(lis.judge(), "");
}

TEST(MarsLis, ALostMessageIsFoundByItsNumber) {  // section 5.1.4.2
  Lis lis(1, 3);
  lis.open(101, 1);
  ASSERT_TRUE(lis.run(1s));
  lis.loss = lis.control_loss = 1000;
  lis.join(102, one(1));
  ASSERT_TRUE(lis.run(1s));
  lis.loss = lis.control_loss = 0;
  ASSERT_TRUE(lis.run(90s));  // its retransmission is answered privately, the map has the number
  EXPECT_EQ(lis.leaves(101, 1), 1U);
  EXPECT_EQ(lis.judge(), "");
}

}  // namespace
}  // namespace forces::test
