// A real MARS: what becomes of messages of clients and records of other servers.
#include "ce/multicast/forwarding/follower.hpp"

#include <gtest/gtest.h>

#include "proto/mars/csa.hpp"
#include "proto/mars/message.hpp"

namespace forces::multicast::forwarding {
namespace {

using namespace std::chrono_literals;
using mars::AtmAddress;
using mars::GroupRange;
using mars::Message;
using mars::Operation;
using provision::CopyTable;

AtmAddress element(std::uint32_t fe, std::uint16_t port = 5000) {
  return mars::encode_element({{fe}, {0x0a000000 + fe, port}});
}
GroupRange range(std::uint32_t first, std::uint32_t last) {
  return {mars::ipv4_address(0xef000000 + first), mars::ipv4_address(0xef000000 + last)};
}

class CopiesFollower : public testing::Test {
 protected:
  CopiesFollower() : server_(config()) {
    server_.start(now_);
    forwarding_.on_fe(1, now_);
  }
  static mars::server::Config config() {
    mars::server::Config config;
    config.id = mars::server::ServerId{1};
    config.address = mars::encode_element({{0x40000001}, {}});
    config.alone = true;
    return config;
  }
  void say(Operation operation, const AtmAddress& who, std::optional<GroupRange> groups) {
    Message m{.operation = operation, .source = who};
    m.source_protocol = mars::ipv4_address(0x0a000001);
    m.flags = mars::Flags{}.with_registers(!groups).with_sequence(9);
    if (groups) m.ranges = {*groups};
    const auto octets = mars::encode_message(m);
    ASSERT_TRUE(octets);
    const auto vc = mars::server::Vc{load(who)};
    server_.on_message(vc, *octets, now_);
    while (server_.poll_output()) {
    }
  }
  static std::uint64_t load(const AtmAddress& who) {
    return wire::load_be<8>(who.number.octets.octets().data() + 2);
  }
  void join(std::uint32_t fe, GroupRange groups) {
    say(Operation::Join, element(fe), std::nullopt);
    say(Operation::Join, element(fe), groups);
  }
  // And FE 1 answers.
  bool follow() {
    const bool any = follower_.follow(server_, forwarding_, now_);
    forwarding_.on_set(1, forwarding_.version(1), now_);
    return any;
  }
  // "4 >2,3": of group 239.0.0.4 FE 1 sends to FEs 2 and 3.
  std::string copies() {
    std::string out;
    const provision::CopyRow* before = nullptr;
    for (const auto& row : forwarding_.rows(1)) {
      if (row.table != CopyTable::Copies4) continue;
      if (before == nullptr || !before->same_group(row)) {
        if (!out.empty()) out.append("|");
        out.append(std::to_string(row.first[3]));
        if (row.last != row.first) out.append("-").append(std::to_string(row.last[3]));
        out.append(" >");
      } else {
        out.append(",");
      }
      out.append(std::to_string(row.address & 0xff));
      before = &row;
    }
    return out;
  }
  std::size_t peers() {
    std::size_t count = 0;
    for (const auto& row : forwarding_.rows(1)) count += row.table == CopyTable::Peers ? 1 : 0;
    return count;
  }

  Instant now_{1h};
  mars::server::Server server_;
  Forwarding forwarding_;
  Follower follower_;
};

TEST_F(CopiesFollower, WhatClientsSayBecomesRows) {
  EXPECT_FALSE(follow());
  join(2, range(4, 4));
  join(3, range(4, 4));
  EXPECT_TRUE(follow());
  EXPECT_EQ(copies(), "4 >2,3");
  EXPECT_EQ(peers(), 2U);
  EXPECT_FALSE(follow());
  say(Operation::Leave, element(2), range(4, 4));
  EXPECT_TRUE(follow());
  EXPECT_EQ(copies(), "4 >3");
  say(Operation::Leave, element(3), std::nullopt);  // deregisters
  EXPECT_TRUE(follow());
  EXPECT_EQ(copies(), "");
}

TEST_F(CopiesFollower, WhoJoinsABlockIsAMemberOfItsGroups) {
  join(2, range(4, 4));
  EXPECT_TRUE(follow());
  join(3, range(0, 255));
  EXPECT_TRUE(follow());
  EXPECT_EQ(copies(), "0-255 >3|4 >2,3");
  say(Operation::Leave, element(2), range(4, 4));
  EXPECT_TRUE(follow());
  EXPECT_EQ(copies(), "0-255 >3") << "the block is enough";
  say(Operation::Leave, element(3), range(0, 255));
  EXPECT_TRUE(follow());
  EXPECT_EQ(copies(), "");
}

TEST_F(CopiesFollower, AnMcsIsSentToInstead) {
  join(2, range(4, 4));
  say(Operation::Mserv, element(3, 5001), std::nullopt);
  say(Operation::Mserv, element(3, 5001), range(4, 4));
  EXPECT_TRUE(follow());
  now_ += 1s;  // FE 3 is not ours
  forwarding_.on_timer(now_);
  EXPECT_EQ(copies(), "4 >3");
  say(Operation::Unserv, element(3, 5001), range(4, 4));
  EXPECT_TRUE(follow());
  EXPECT_EQ(copies(), "4 >2");
}

TEST_F(CopiesFollower, RecordsOfOtherServersCount) {
  const auto record = [&](std::uint32_t key, mars::State state, bool registers,
                          const AtmAddress& who) {
    mars::CacheEntry entry;
    entry.state = state;
    entry.flags = mars::Flags{}.with_registers(registers);
    entry.source = who;
    if (state != mars::State::Redirect) {
      entry.cmi = 2000;
      entry.source_protocol = mars::ipv4_address(0x0a000005);
      if (!registers) entry.range = range(4, 4);
    }
    wire::ByteWriter w;
    mars::encode_entry(entry, w);
    const auto body = std::move(w).finish();
    ASSERT_TRUE(body);
    server_.on_record(mars::server::ServerId{2}, key, *body, now_);
    while (server_.poll_output()) {
    }
  };
  record(1, mars::State::Redirect, false, mars::encode_element({{0x40000002}, {}}));
  record(2, mars::State::ClientJoin, true, element(5));
  record(3, mars::State::ClientJoin, false, element(5));
  EXPECT_TRUE(follow());
  EXPECT_EQ(copies(), "4 >5");
  EXPECT_EQ(peers(), 1U);
}

}  // namespace
}  // namespace forces::multicast::forwarding
