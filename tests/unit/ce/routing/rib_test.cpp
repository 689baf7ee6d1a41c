#include "ce/routing/rib/rib.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/unit/ce/routing/support.hpp"

namespace forces::ce::routing {
namespace {

using namespace std::chrono_literals;
using fpm::add;
using fpm::define;
using fpm::group;
using fpm::route;
using fpm::single;
using fpm::undefine;
using fpm::via;
using fpm::withdraw;

class RibTest : public testing::Test {
 protected:
  RibTest() { rib.on_connected(); }

  // What is polled: the prefix, and its next hops or "gone".
  std::map<std::string, std::string> changes() {
    std::map<std::string, std::string> all;
    while (const auto id = rib.poll_change()) {
      const auto r = rib.route(*id);
      EXPECT_TRUE(all.emplace(text(r.prefix), r.live ? hops(r.group) : "gone").second);
      if (!r.live) rib.release(*id);
    }
    return all;
  }
  std::string hops(GroupId g) {
    std::vector<NextHop> out;
    rib.resolve(g, out);
    std::set<std::string> lines;
    for (const NextHop& h : out) {
      lines.insert(h.kind == HopKind::Forward ? text(h.gateway) + str("%", h.ifindex) +
                                                    (h.weight == 1 ? "" : str("*", h.weight))
                                              : str("discard", static_cast<int>(h.kind)));
    }
    std::string all;
    for (const auto& line : lines) all += (all.empty() ? "" : " ") + line;
    return all;
  }
  void give(const fpm::Message& m) { rib.on_message(m, now); }
  // Time passes, as far as the deadline lets.
  void pass(Duration d) {
    now += d;
    rib.on_timer(now);
  }

  using Changes = std::map<std::string, std::string>;
  RibConfig config;
  Rib rib{config};
  Instant now{1h};
};

TEST_F(RibTest, RoutesAreAddedReplacedAndWithdrawn) {
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 3)})));
  give(add(route("2001:db8::/32", {via("fe80::2", 3), via("fe80::3", 4)})));
  EXPECT_EQ(changes(),
            (Changes{{"192.0.2.0/24", "10.98.1.2%3"}, {"2001:db8::/32", "fe80::2%3 fe80::3%4"}}));
  give(add(route("192.0.2.0/24", {via("10.98.2.2", 5)})));
  EXPECT_EQ(changes(), (Changes{{"192.0.2.0/24", "10.98.2.2%5"}}));
  give(withdraw(route("192.0.2.0/24")));
  EXPECT_EQ(changes(), (Changes{{"192.0.2.0/24", "gone"}}));
  EXPECT_EQ(rib.size(), 1u);
}

TEST_F(RibTest, TheSameAgainIsNoChange) {
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 3)})));
  changes();
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 3)})));
  EXPECT_EQ(changes(), Changes{});
}

// zebra replaces by a withdrawal and an addition in one frame.
TEST_F(RibTest, AWithdrawalUndoneBeforeThePollIsOneChange) {
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 3)})));
  const auto id = rib.poll_change();
  give(withdraw(route("192.0.2.0/24")));
  give(add(route("192.0.2.0/24", {via("10.98.2.2", 5)})));
  EXPECT_EQ(rib.poll_change(), id);
  EXPECT_EQ(hops(rib.route(*id).group), "10.98.2.2%5");
  EXPECT_FALSE(rib.poll_change());
}

TEST_F(RibTest, AnIdIsAnotherRoutesOnlyAfterRelease) {
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 3)})));
  const RouteId id = *rib.poll_change();
  give(withdraw(route("192.0.2.0/24")));
  EXPECT_EQ(rib.poll_change(), id);
  give(add(route("198.51.100.0/24", {via("10.98.1.2", 3)})));
  EXPECT_NE(rib.poll_change(), id);
  EXPECT_EQ(rib.route(id).prefix, prefix("192.0.2.0/24"));
  rib.release(id);
  give(add(route("203.0.113.0/24", {via("10.98.1.2", 3)})));
  EXPECT_EQ(rib.poll_change(), id);
}

TEST_F(RibTest, ARouteThatCameBackKeepsItsIdDespiteRelease) {
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 3)})));
  const RouteId id = *rib.poll_change();
  give(withdraw(route("192.0.2.0/24")));
  EXPECT_EQ(rib.poll_change(), id);
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 3)})));
  rib.release(id);
  EXPECT_TRUE(rib.route(id).live);
  EXPECT_EQ(rib.poll_change(), id);
}

TEST_F(RibTest, GroupsMayComeBeforeTheirMembersAndAfterTheirRoutes) {
  give(add(route("192.0.2.0/24", {}, 37)));
  EXPECT_EQ(changes(), (Changes{{"192.0.2.0/24", ""}}));
  give(define(group(37, {{14, 1}, {22, 5}})));
  give(define(single(14, via("10.98.1.2", 3))));
  give(define(single(22, via("10.98.2.2", 5))));
  EXPECT_EQ(changes(), (Changes{{"192.0.2.0/24", "10.98.1.2%3 10.98.2.2%5*5"}}));
}

TEST_F(RibTest, AChangedGroupChangesItsRoutesAndNoOthers) {
  give(define(single(14, via("10.98.1.2", 3))));
  give(define(single(22, via("10.98.2.2", 5))));
  give(define(group(37, {{14, 1}, {22, 1}})));
  give(add(route("192.0.2.0/24", {}, 37)));
  give(add(route("198.51.100.0/24", {}, 14)));
  give(add(route("203.0.113.0/24", {}, 22)));
  changes();
  give(define(single(14, via("10.98.1.2", 3))));
  EXPECT_EQ(changes(), Changes{});
  give(define(single(14, via("10.98.1.9", 3))));
  EXPECT_EQ(changes(), (Changes{{"192.0.2.0/24", "10.98.1.9%3 10.98.2.2%5"},
                                {"198.51.100.0/24", "10.98.1.9%3"}}));
  give(define(group(37, {{22, 1}})));
  EXPECT_EQ(changes(), (Changes{{"192.0.2.0/24", "10.98.2.2%5"}}));
  give(undefine(22));
  EXPECT_EQ(changes(), (Changes{{"192.0.2.0/24", ""}, {"203.0.113.0/24", ""}}));
}

TEST_F(RibTest, WhatNothingUsesIsForgotten) {
  for (std::uint32_t i = 1; i <= 100; ++i) {
    give(define(single(i, via("10.98.1.2", i))));
    give(define(group(1000 + i, {{i, 1}, {5000 + i, 1}})));
    give(add(route(str("192.0.2.", i, "/32"), {}, 1000 + i)));
    give(add(route(str("198.51.100.", i, "/32"), {via("10.98.1.2", i)})));
  }
  changes();
  for (std::uint32_t i = 1; i <= 100; ++i) {
    give(withdraw(route(str("192.0.2.", i, "/32"))));
    give(withdraw(route(str("198.51.100.", i, "/32"))));
    give(undefine(1000 + i));
    give(undefine(i));
  }
  changes();
  EXPECT_EQ(rib.next_hops(), 0u);
  EXPECT_EQ(rib.size(), 0u);
}

TEST_F(RibTest, GroupsInGroupsAreNotFollowedAndNotKept) {
  give(define(group(1, {{2, 1}})));
  give(define(group(2, {{1, 1}})));
  give(define(group(3, {{3, 1}, {1, 1}})));
  give(add(route("192.0.2.0/24", {}, 1)));
  EXPECT_EQ(changes(), (Changes{{"192.0.2.0/24", ""}}));
  give(withdraw(route("192.0.2.0/24")));
  for (std::uint32_t id : {1u, 2u, 3u}) give(undefine(id));
  EXPECT_EQ(rib.next_hops(), 0u);
}

TEST_F(RibTest, DiscardRoutesKeepTheirKind) {
  const auto typed = [](const char* to, fpm::RouteType type) {
    auto r = route(to);
    r.type = type;
    return r;
  };
  give(add(typed("192.0.2.0/24", fpm::RouteType::Blackhole)));
  give(add(typed("198.51.100.0/24", fpm::RouteType::Unreachable)));
  give(add(typed("203.0.113.0/24", fpm::RouteType::Prohibit)));
  give(define(single(3, {.blackhole = true})));
  give(add(route("2001:db8::/32", {}, 3)));
  EXPECT_EQ(changes(), (Changes{{"192.0.2.0/24", "discard1"},
                                {"198.51.100.0/24", "discard2"},
                                {"203.0.113.0/24", "discard3"},
                                {"2001:db8::/32", "discard1"}}));
}

TEST_F(RibTest, WhatIsNotForUnicastForwardingIsCountedByReason) {
  auto other_table = route("192.0.2.0/24", {via("10.98.1.2", 3)});
  other_table.table = 10;
  auto specific = route("2001:db8::/32", {via("fe80::1", 3)});
  specific.source_length = 48;
  auto local = route("192.0.2.1/32", {via("10.98.1.2", 3)});
  local.type = static_cast<fpm::RouteType>(2);
  give(add(other_table));
  give(add(specific));
  give(add(local));
  for (const char* to :
       {"fe80::/64", "ff00::/8", "224.0.0.0/4", "127.0.0.0/8", "::1/128", "169.254.0.0/16"}) {
    give(add(route(to, {via("10.98.1.2", 3)})));
  }
  give(withdraw(route("203.0.113.0/24")));
  give({fpm::MessageKind::Other, 28, 1, {}, {}});
  EXPECT_EQ(changes(), Changes{});
  const RibCounters& c = rib.counters();
  EXPECT_EQ(c.other_table, 1u);
  EXPECT_EQ(c.source_specific, 1u);
  EXPECT_EQ(c.other_type, 1u);
  EXPECT_EQ(c.not_forwarded, 6u);
  EXPECT_EQ(c.unknown_withdrawn, 1u);
  EXPECT_EQ(c.unknown_message, 1u);
}

TEST_F(RibTest, TheLimitOfRoutesHolds) {
  RibConfig small;
  small.max_routes = 2;
  Rib limited(small);
  limited.on_connected();
  for (int i = 0; i < 4; ++i) {
    limited.on_message(add(route(str("192.0.2.", i, "/32"), {via("10.98.1.2", 3)})), now);
  }
  EXPECT_EQ(limited.size(), 2u);
  EXPECT_EQ(limited.counters().over_limit, 2u);
}

// ---- connections, and the end of the table ------------------------------------------------------

class RibResync : public RibTest {
 protected:
  RibResync() {
    for (int i = 0; i < 10; ++i) give(add(numbered(i)));
    pass(config.resync.quiet);
    EXPECT_TRUE(rib.complete());
    changes();
  }
  static fpm::Route numbered(int i, std::vector<fpm::Path> paths = {via("10.98.1.2", 3)}) {
    return route(str("192.0.2.", i, "/32"), std::move(paths));
  }
  void reconnect() {
    rib.on_disconnected();
    pass(1h);
    EXPECT_EQ(rib.size(), 10u);
    rib.on_connected();
  }
};

TEST_F(RibResync, RoutesOutliveTheConnectionAndWhoSaysNothingEndsNothing) {
  reconnect();
  EXPECT_FALSE(rib.next_deadline());
  pass(24h);
  EXPECT_EQ(rib.size(), 10u);
  EXPECT_EQ(changes(), Changes{});
}

TEST_F(RibResync, WhatTheSameZebraDoesNotSendAgainIsRemovedWhenItIsQuiet) {
  reconnect();
  for (int i = 0; i < 3; ++i) {
    give(add(numbered(i)));
    pass(config.resync.quiet - 1ms);  // each confirmation begins the quiet time anew
    EXPECT_FALSE(rib.complete());
  }
  EXPECT_EQ(changes(), Changes{});
  pass(1ms);
  EXPECT_TRUE(rib.complete());
  EXPECT_EQ(rib.size(), 3u);
  EXPECT_EQ(changes().size(), 7u);
  EXPECT_EQ(rib.counters().swept, 7u);
}

TEST_F(RibResync, ChatterThatConfirmsNothingDoesNotPutTheEndOff) {
  reconnect();
  give(add(numbered(0)));
  for (int i = 0; i < 20; ++i) {
    pass(config.resync.quiet / 10);
    give(add(numbered(0, {via("10.98.1.2", 4u + static_cast<unsigned>(i))})));
  }
  EXPECT_TRUE(rib.complete());
}

TEST_F(RibResync, ANewZebraIsGivenTimeUntilItsProtocolsConverged) {
  reconnect();
  for (int i = 0; i < 5; ++i) give(add(numbered(i), 2));
  pass(config.resync.patience - 1ms);
  EXPECT_EQ(rib.size(), 10u);
  give(add(numbered(5), 2));
  pass(config.resync.patience - 1ms);
  EXPECT_EQ(rib.size(), 10u);
  pass(1ms);
  EXPECT_EQ(rib.size(), 6u);
}

TEST_F(RibResync, ANewZebraThatConfirmedNearlyAllIsDoneWhenItIsQuiet) {
  reconnect();
  for (int i = 0; i < 10; ++i) give(add(numbered(i), 2));
  pass(config.resync.quiet);
  EXPECT_TRUE(rib.complete());
  EXPECT_EQ(rib.size(), 10u);
}

TEST_F(RibResync, AMarkerEndsItAtOnce) {
  reconnect();
  give(add(numbered(0), 2));
  give(fpm::end_of_table(2));
  EXPECT_TRUE(rib.complete());
  EXPECT_EQ(rib.size(), 1u);
}

TEST_F(RibResync, TheLimitEndsAFlappingTable) {
  reconnect();
  const Instant end = now + config.resync.limit;
  give(add(numbered(0), 2));
  while (now < end) {
    give(add(numbered(100), 2));
    give(withdraw(numbered(100), 2));
    pass(1s);
  }
  EXPECT_TRUE(rib.complete());
}

TEST_F(RibResync, AConnectionThatBreaksDuringTheReplayRemovesNothing) {
  reconnect();
  give(add(numbered(0)));
  rib.on_disconnected();
  pass(24h);
  EXPECT_EQ(rib.size(), 10u);
  rib.on_connected();
  give(add(numbered(1)));
  pass(config.resync.quiet);
  EXPECT_EQ(rib.size(), 1u);
}

// A new zebra numbers its next hops anew: old routes must not follow the new meaning of a number.
TEST_F(RibResync, NumbersOfNextHopsBelongToTheirConnection) {
  give(define(single(14, via("10.98.1.2", 3))));
  give(add(route("198.51.100.0/24", {}, 14)));
  give(add(route("203.0.113.0/24", {}, 14)));
  changes();
  rib.on_disconnected();
  rib.on_connected();
  give(define(single(14, via("10.98.2.2", 5)), 2));
  give(add(route("198.51.100.0/24", {}, 14), 2));
  EXPECT_EQ(changes(), (Changes{{"198.51.100.0/24", "10.98.2.2%5"}}));
}

}  // namespace
}  // namespace forces::ce::routing
