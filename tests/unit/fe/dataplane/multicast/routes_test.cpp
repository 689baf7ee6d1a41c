// Rows and the kernel's questions in, routes of flows out.
#include "fe/dataplane/multicast/routes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace forces::fe::dataplane::multicast {
namespace {

using namespace std::chrono_literals;

Address ip(std::uint8_t first, std::uint8_t last) {
  Address out;
  out.octets[0] = first;
  out.octets[3] = last;
  return out;
}
const Address kAny = ip(0, 0);
Flow flow(std::uint8_t group, std::uint8_t source) { return {ip(239, group), ip(10, source)}; }
constexpr Instant kNow{1h};

// Operations as text: "1.7 3>1,2" is group 1, source 7, in at 3, out at 1 and 2; "-1.7" goes.
std::string operations(Routes& routes) {
  std::string out;
  const auto name = [](const Flow& f) {
    return std::to_string(f.group.octets[3]).append(".").append(std::to_string(f.source.octets[3]));
  };
  while (const auto one = routes.poll_operation()) {
    if (!out.empty()) out.append("|");
    if (const auto* gone = std::get_if<DeleteFlow>(&*one)) {
      out.append("-").append(name(gone->flow));
      continue;
    }
    const auto& set = std::get<SetFlow>(*one);
    out.append(name(set.flow)).append(" ").append(std::to_string(set.in_port)).append(">");
    for (const std::uint32_t port : set.out_ports) {
      if (port != set.out_ports.front()) out.append(",");
      out.append(std::to_string(port));
    }
  }
  return out;
}

TEST(MulticastRoutes, AFlowIsAnsweredForWithTheLeavesOfItsGroup) {
  Routes routes;
  routes.set_group(5, GroupRow{.group = ip(239, 1)});
  routes.set_leaf(0, LeafRow{5, 1});
  routes.set_leaf(1, LeafRow{5, 2});
  routes.set_leaf(2, LeafRow{5, 3});
  EXPECT_EQ(operations(routes), "") << "nobody has asked";
  routes.on_packet(flow(1, 7), 3, kNow);
  EXPECT_EQ(operations(routes), "1.7 3>1,2") << "not back to where it came from";
}

TEST(MulticastRoutes, AFlowWithoutAGroupIsDroppedByTheKernel) {
  Routes routes;
  routes.on_packet(flow(1, 7), 3, kNow);
  EXPECT_EQ(operations(routes), "1.7 3>");
  routes.set_group(0, GroupRow{.group = ip(239, 1)});
  routes.set_leaf(0, LeafRow{0, 1});
  EXPECT_EQ(operations(routes), "1.7 3>1") << "and forwarded as soon as there is one";
}

TEST(MulticastRoutes, LeavesComeAndGoWithOneOperationForEachFlow) {
  Routes routes;
  routes.set_leaf(9, LeafRow{0, 1});  // before its group
  routes.set_group(0, GroupRow{.group = ip(239, 1)});
  routes.on_packet(flow(1, 7), 3, kNow);
  routes.on_packet(flow(1, 8), 4, kNow);
  routes.on_packet(flow(2, 7), 3, kNow);
  EXPECT_EQ(operations(routes), "1.7 3>1|1.8 4>1|2.7 3>");
  routes.set_leaf(1, LeafRow{0, 2});
  EXPECT_EQ(operations(routes), "1.7 3>1,2|1.8 4>1,2");
  routes.set_leaf(2, LeafRow{0, 3});
  EXPECT_EQ(operations(routes), "1.8 4>1,2,3") << "nothing has changed for who comes in there";
  routes.set_leaf(1, LeafRow{0, 5});
  EXPECT_EQ(operations(routes), "1.7 3>1,5|1.8 4>1,3,5");
  routes.set_leaf(9, std::nullopt);
  EXPECT_EQ(operations(routes), "1.7 3>5|1.8 4>3,5");
  routes.set_group(0, std::nullopt);
  EXPECT_EQ(operations(routes), "1.7 3>|1.8 4>");
}

TEST(MulticastRoutes, TheRowOfASourceIsForItAlone) {
  Routes routes;
  routes.set_group(0, GroupRow{.group = ip(239, 1)});
  routes.set_group(1, GroupRow{.group = ip(239, 1), .source = ip(10, 7)});
  routes.set_leaf(0, LeafRow{0, 1});
  routes.set_leaf(1, LeafRow{1, 2});
  routes.on_packet(flow(1, 7), 3, kNow);
  routes.on_packet(flow(1, 8), 3, kNow);
  EXPECT_EQ(operations(routes), "1.7 3>2|1.8 3>1");
  routes.set_group(1, std::nullopt);
  EXPECT_EQ(operations(routes), "1.7 3>1");
}

TEST(MulticastRoutes, InPortIsTheOnlyOne) {
  Routes routes;
  routes.set_group(0, GroupRow{.group = ip(239, 1), .in_port = 3});
  routes.set_leaf(0, LeafRow{0, 1});
  routes.on_packet(flow(1, 7), 4, kNow);
  routes.on_packet(flow(1, 8), 3, kNow);
  EXPECT_EQ(operations(routes), "1.7 4>|1.8 3>1");
  routes.on_packet(flow(1, 7), 3, kNow);
  EXPECT_EQ(operations(routes), "1.7 3>1") << "a source that moved";
}

TEST(MulticastRoutes, ARowThatChangesItsGroupLeavesNothingBehind) {
  Routes routes;
  routes.set_group(0, GroupRow{.group = ip(239, 1)});
  routes.set_leaf(0, LeafRow{0, 1});
  routes.on_packet(flow(1, 7), 3, kNow);
  routes.on_packet(flow(2, 7), 3, kNow);
  (void)operations(routes);
  routes.set_group(0, GroupRow{.group = ip(239, 2)});
  EXPECT_EQ(operations(routes), "1.7 3>|2.7 3>1");
}

TEST(MulticastRoutes, LeavesOfTheFesOwnNeedNoRow) {
  Routes routes;
  EXPECT_TRUE(routes.empty());
  routes.set_local(ip(239, 1), 1, SourceFilter{});
  EXPECT_FALSE(routes.empty());
  routes.on_packet(flow(1, 7), 3, kNow);
  routes.on_packet(flow(1, 7), 1, kNow);
  EXPECT_EQ(operations(routes), "1.7 3>1|1.7 1>");
  routes.set_local(ip(239, 1), 2, SourceFilter{});
  EXPECT_EQ(operations(routes), "1.7 1>2");
  routes.on_count(flow(1, 7), 4, kNow);
  EXPECT_EQ(routes.counters().packets, 4U) << "there is a group";
  routes.set_local(ip(239, 1), 2, std::nullopt);
  routes.set_local(ip(239, 1), 1, std::nullopt);
  EXPECT_EQ(operations(routes), "1.7 1>");
  EXPECT_TRUE(routes.empty());
}

TEST(MulticastRoutes, LeavesOfTheFesOwnAreForTheSourcesThatHostsWant) {
  Routes routes;
  routes.set_local(ip(239, 1), 1, SourceFilter{false, {ip(10, 7), ip(10, 8)}});
  routes.set_local(ip(239, 1), 2, SourceFilter{true, {ip(10, 8)}});
  for (std::uint8_t source = 7; source <= 9; ++source) routes.on_packet(flow(1, source), 3, kNow);
  EXPECT_EQ(operations(routes), "1.7 3>1,2|1.8 3>1|1.9 3>2");
  routes.set_local(ip(239, 1), 1, SourceFilter{false, {ip(10, 9)}});
  EXPECT_EQ(operations(routes), "1.7 3>2|1.8 3>|1.9 3>1,2");
}

TEST(MulticastRoutes, LeavesOfTheFesOwnStandBesideThoseOfTheRows) {
  Routes routes;
  routes.set_group(0, GroupRow{.group = ip(239, 1), .in_port = 4});
  routes.set_leaf(0, LeafRow{0, 1});
  routes.set_leaf(1, LeafRow{0, 2});
  routes.set_local(ip(239, 1), 2, SourceFilter{});
  routes.set_local(ip(239, 1), 3, SourceFilter{});
  routes.on_packet(flow(1, 7), 4, kNow);
  routes.on_packet(flow(1, 8), 5, kNow);
  EXPECT_EQ(operations(routes), "1.7 4>1,2,3|1.8 5>2,3") << "InPort is of the row alone";
  routes.set_local(ip(239, 1), 2, std::nullopt);
  EXPECT_EQ(operations(routes), "1.8 5>3");
  routes.enable(false);
  EXPECT_EQ(operations(routes), "1.7 4>|1.8 5>");
}

TEST(MulticastRoutes, APortWithARouterHasEveryGroup) {
  Routes routes;
  routes.on_packet(flow(1, 7), 3, kNow);
  (void)operations(routes);
  routes.set_router(1, true);
  EXPECT_EQ(operations(routes), "1.7 3>1");
  routes.on_packet(flow(2, 7), 3, kNow);
  routes.on_packet(flow(2, 8), 1, kNow);
  EXPECT_EQ(operations(routes), "2.7 3>1|2.8 1>");
  routes.set_router(1, false);
  EXPECT_EQ(operations(routes), "1.7 3>|2.7 3>");
}

TEST(MulticastRoutes, GroupsOfOtherFesLeaveByTheEndpoints) {
  Routes routes;
  routes.set_beyond(ip(239, 1), ip(239, 1), true);
  EXPECT_FALSE(routes.empty());
  routes.set_local(ip(239, 1), 2, SourceFilter{});
  routes.on_packet(flow(1, 7), 3, kNow);
  routes.on_packet(flow(1, 8), Routes::kEndpoints, kNow);
  EXPECT_EQ(operations(routes), "1.7 3>0,2|1.8 0>2") << "not back to where it came from";
  routes.set_local(ip(239, 1), 2, std::nullopt);
  EXPECT_EQ(operations(routes), "1.7 3>0|1.8 0>");
  routes.on_count(flow(1, 7), 4, kNow);
  EXPECT_EQ(routes.counters().packets, 4U) << "there is a group";
  routes.set_local(ip(239, 1), 2, SourceFilter{});
  (void)operations(routes);
  routes.set_beyond(ip(239, 1), ip(239, 1), true);
  routes.set_beyond(ip(239, 1), ip(239, 1), false);
  EXPECT_EQ(operations(routes), "") << "one is left";
  routes.set_beyond(ip(239, 1), ip(239, 1), false);
  EXPECT_EQ(operations(routes), "1.7 3>2");
}

TEST(MulticastRoutes, RangesOfOtherFesLeaveByTheEndpoints) {
  Routes routes;
  for (const std::uint8_t group : std::array<std::uint8_t, 3>{1, 5, 9})
    routes.on_packet(flow(group, 7), 3, kNow);
  (void)operations(routes);
  routes.set_beyond(ip(239, 2), ip(239, 8), true);
  EXPECT_EQ(operations(routes), "5.7 3>0");
  routes.set_beyond(ip(239, 2), ip(239, 9), true);
  EXPECT_EQ(operations(routes), "9.7 3>0");
  routes.set_beyond(ip(239, 2), ip(239, 8), false);
  EXPECT_EQ(operations(routes), "");
  routes.set_beyond(ip(239, 2), ip(239, 9), false);
  EXPECT_EQ(operations(routes), "5.7 3>|9.7 3>");
  EXPECT_TRUE(routes.empty());
}

TEST(MulticastRoutes, ADisabledFeDropsAll) {
  Routes routes;
  routes.set_group(0, GroupRow{.group = ip(239, 1)});
  routes.set_leaf(0, LeafRow{0, 1});
  routes.on_packet(flow(1, 7), 3, kNow);
  (void)operations(routes);
  routes.enable(false);
  EXPECT_EQ(operations(routes), "1.7 3>");
  routes.on_packet(flow(1, 8), 3, kNow);
  EXPECT_EQ(operations(routes), "1.8 3>");
  routes.enable(true);
  EXPECT_EQ(operations(routes), "1.7 3>1|1.8 3>1");
}

TEST(MulticastRoutes, AnIdleFlowGoes) {
  Routes routes;
  routes.on_packet(flow(1, 7), 3, kNow);
  routes.on_packet(flow(1, 8), 3, kNow);
  (void)operations(routes);
  routes.on_count(flow(1, 7), 5, kNow + 100s);
  routes.on_count(flow(1, 7), 5, kNow + 210s);
  routes.on_count(flow(1, 8), 0, kNow + 210s);
  EXPECT_EQ(operations(routes), "-1.8");
  routes.on_count(flow(1, 7), 5, kNow + 310s);
  EXPECT_EQ(operations(routes), "-1.7");
  EXPECT_TRUE(routes.flows().empty());
}

TEST(MulticastRoutes, PacketsAreCountedWithAndWithoutAGroup) {
  Routes routes;
  routes.set_group(0, GroupRow{.group = ip(239, 1)});
  routes.on_packet(flow(1, 7), 3, kNow);
  routes.on_packet(flow(2, 7), 3, kNow);
  routes.on_count(flow(1, 7), 5, kNow);
  routes.on_count(flow(1, 7), 9, kNow);
  routes.on_count(flow(2, 7), 2, kNow);
  routes.on_count(flow(1, 7), 3, kNow);  // the kernel's route was made anew
  EXPECT_EQ(routes.counters().packets, 12U);
  EXPECT_EQ(routes.counters().no_group_packets, 2U);
}

TEST(MulticastRoutes, FlowsAreLimited) {
  Routes routes;
  for (std::uint32_t n = 0; n < Routes::kMostFlows + 5; ++n) {
    Flow one = flow(1, 0);
    one.source.octets[2] = static_cast<std::uint8_t>(n);
    one.source.octets[1] = static_cast<std::uint8_t>(n >> 8);
    routes.on_packet(one, 1, kNow);
  }
  EXPECT_EQ(routes.flows().size(), Routes::kMostFlows);
  EXPECT_EQ(routes.counters().refused, 5U);
}

// Any order of anything: what the kernel was told of a flow is what the rows say now.
TEST(MulticastRoutes, AnyOrderEndsAsTheRowsSay) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<std::uint32_t>(random() % n); };
    Routes routes;
    std::map<std::uint32_t, GroupRow> groups;
    std::map<std::uint32_t, LeafRow> leaves;
    std::map<std::pair<Address, std::uint32_t>, SourceFilter> local;
    std::set<std::uint32_t> routers;
    std::map<Flow, SetFlow> told;
    std::map<Flow, std::uint32_t> came_in;
    for (int step = 0; step < 400; ++step) {
      switch (below(6)) {
        case 4: {
          const auto name = std::pair(ip(239, static_cast<std::uint8_t>(below(2))), 1 + below(4));
          SourceFilter filter{below(2) == 0, {}};
          for (std::uint8_t source = 1; source <= 3; ++source) {
            if (below(2) == 0) filter.sources.push_back(ip(10, source));
          }
          if (below(3) == 0) {
            routes.set_local(name.first, name.second, std::nullopt);
            local.erase(name);
          } else {
            routes.set_local(name.first, name.second, filter);
            local[name] = filter;
          }
          break;
        }
        case 5: {
          const std::uint32_t port = 1 + below(4);
          const bool present = below(4) == 0;
          routes.set_router(port, present);
          if (present) {
            routers.insert(port);
          } else {
            routers.erase(port);
          }
          break;
        }
        case 0: {
          const std::uint32_t index = below(4);
          GroupRow row{ip(239, static_cast<std::uint8_t>(below(2))),
                       below(2) == 0 ? kAny : ip(10, static_cast<std::uint8_t>(1 + below(2))),
                       below(3)};
          bool taken = false;  // keys are unique
          for (const auto& [other, one] : groups) {
            taken = taken || (other != index && one.group == row.group && one.source == row.source);
          }
          if (taken || below(3) == 0) {
            routes.set_group(index, std::nullopt);
            groups.erase(index);
          } else {
            routes.set_group(index, row);
            groups[index] = row;
          }
          break;
        }
        case 1: {
          const std::uint32_t index = below(8);
          const LeafRow row{below(4), 1 + below(4)};
          bool taken = false;
          for (const auto& [other, one] : leaves) {
            taken = taken || (other != index && one.group_index == row.group_index &&
                              one.out_port == row.out_port);
          }
          if (taken || below(3) == 0) {
            routes.set_leaf(index, std::nullopt);
            leaves.erase(index);
          } else {
            routes.set_leaf(index, row);
            leaves[index] = row;
          }
          break;
        }
        case 2: {
          const Flow one{ip(239, static_cast<std::uint8_t>(below(2))),
                         ip(10, static_cast<std::uint8_t>(1 + below(3)))};
          came_in[one] = 1 + below(4);
          routes.on_packet(one, came_in[one], kNow);
          break;
        }
        default:
          routes.enable(below(4) != 0);
          routes.enable(true);
      }
      while (const auto operation = routes.poll_operation()) {
        const auto& set = std::get<SetFlow>(*operation);
        told[set.flow] = set;
      }
      ASSERT_EQ(told.size(), came_in.size());
      for (const auto& [one, set] : told) {
        const GroupRow* row = nullptr;
        std::uint32_t index = 0;
        for (const auto& [i, candidate] : groups) {
          const bool fits =
              candidate.group == one.group &&
              (candidate.source == one.source || (row == nullptr && candidate.source == kAny));
          if (fits) row = &candidate, index = i;
        }
        std::set<std::uint32_t> want;
        for (const auto& [i, leaf] : leaves) {
          if (row != nullptr && leaf.group_index == index && leaf.out_port != came_in[one] &&
              (row->in_port == 0 || row->in_port == came_in[one])) {
            want.insert(leaf.out_port);
          }
        }
        want.insert(routers.begin(), routers.end());
        for (const auto& [name, filter] : local) {
          const auto& [exclude, sources] = filter;
          const bool named = std::ranges::find(sources, one.source) != sources.end();
          if (name.first == one.group && named != exclude) want.insert(name.second);
        }
        want.erase(came_in[one]);
        ASSERT_EQ(set.out_ports.size(), want.size()) << "each once";
        ASSERT_EQ(std::set<std::uint32_t>(set.out_ports.begin(), set.out_ports.end()), want);
        ASSERT_EQ(set.in_port, came_in[one]);
      }
    }
  }
}

}  // namespace
}  // namespace forces::fe::dataplane::multicast
