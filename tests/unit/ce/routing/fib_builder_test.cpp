#include "ce/routing/fib/fib_builder.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "tests/unit/ce/routing/fe_copy.hpp"
#include "tests/unit/ce/routing/support.hpp"

namespace forces::ce::routing {
namespace {

using namespace std::chrono_literals;
using fpm::add;
using fpm::define;
using fpm::group;
using fpm::route;
using fpm::single;
using fpm::via;
using fpm::withdraw;

InterFeLink link(FeId a, FeId b) {
  const auto end = [](FeId self, FeId other) {
    const std::string tail = str(self, other);
    return LinkEnd{{self, 100 + other}, ip("10.255.0." + tail), ip("2001:db8:ffff::" + tail)};
  };
  return {end(a, b), end(b, a), 9000, true};
}

using Routes = std::map<std::string, std::string>;

// Three FEs in a line, 1 - 2 - 3, each with two ports: interfaces 11, 12, 21, 22, 31, 32.
class FibBuilderTest : public testing::Test {
 protected:
  FibBuilderTest() {
    rib.on_connected();
    for (FeId fe = 1; fe <= 3; ++fe) {
      for (std::uint32_t port = 1; port <= 2; ++port) {
        fib.on_interface(fe * 10 + port, {fe, port}, 1500);
      }
      fib.on_fe(fe);
    }
    fib.set_links({link(1, 2), link(2, 3)});
  }
  void give(const fpm::Message& m) { rib.on_message(m, Instant{1h}); }
  Routes at(FeId fe) {
    fib.update();
    FeCopy& copy = fes.at(fe);
    EXPECT_FALSE(copy.take(fib));
    return copy.routes();
  }
  void all() {
    for (auto& [fe, copy] : fes) at(fe);
  }

  Rib rib;
  FibBuilder fib{rib};
  std::map<FeId, FeCopy> fes{{1, FeCopy(1)}, {2, FeCopy(2)}, {3, FeCopy(3)}};
};

TEST_F(FibBuilderTest, TheFeThatOwnsTheInterfaceSendsDirectlyTheOthersOverTheLink) {
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 11)})));
  EXPECT_EQ(at(1), (Routes{{"192.0.2.0/24", "p1 via 10.98.1.2 mtu 1500"}}));
  EXPECT_EQ(at(2), (Routes{{"192.0.2.0/24", "p101 via 10.255.0.12 mtu 9000"}}));
  EXPECT_EQ(at(3), (Routes{{"192.0.2.0/24", "p102 via 10.255.0.23 mtu 9000"}}));
}

TEST_F(FibBuilderTest, Ipv6IsTheSameWithTheLinksIpv6Addresses) {
  give(add(route("2001:db8:1::/48", {via("fe80::2", 11)})));
  EXPECT_EQ(at(1), (Routes{{"2001:db8:1::/48", "p1 via fe80::2 mtu 1500"}}));
  EXPECT_EQ(at(2), (Routes{{"2001:db8:1::/48", "p101 via 2001:db8:ffff::12 mtu 9000"}}));
}

TEST_F(FibBuilderTest, AConnectedPrefixIsOnTheLinkAtItsFe) {
  give(add(route("10.98.1.0/24", {{.ifindex = 22}})));
  EXPECT_EQ(at(2), (Routes{{"10.98.1.0/24", "p2 via 0.0.0.0 mtu 1500"}}));
  EXPECT_EQ(at(1), (Routes{{"10.98.1.0/24", "p102 via 10.255.0.21 mtu 9000"}}));
}

TEST_F(FibBuilderTest, EqualCostPathsAreASetWithTheirWeights) {
  give(define(single(1, via("10.98.1.2", 11))));
  give(define(single(2, via("10.98.2.2", 21))));
  give(define(group(3, {{1, 1}, {2, 4}})));
  give(add(route("0.0.0.0/0", {}, 3)));
  EXPECT_EQ(at(1),
            (Routes{{"0.0.0.0/0", "p1 via 10.98.1.2 mtu 1500 | p102 via 10.255.0.21 mtu 9000*4"}}));
  EXPECT_EQ(
      at(3),
      (Routes{{"0.0.0.0/0", "p102 via 10.255.0.23 mtu 9000 | p102 via 10.255.0.23 mtu 9000*4"}}));
  EXPECT_TRUE(fes.at(1).prefixes().begin()->second.ecmp_flag);
  give(define(group(3, {{1, 1}})));
  EXPECT_EQ(at(1), (Routes{{"0.0.0.0/0", "p1 via 10.98.1.2 mtu 1500"}}));
  EXPECT_FALSE(fes.at(1).prefixes().begin()->second.ecmp_flag);
}

TEST_F(FibBuilderTest, ASetOf512Paths) {
  std::vector<fpm::Path> paths;
  for (int i = 0; i < 512; ++i) {
    paths.push_back(via(str("10.98.", i / 200, ".", 1 + i % 200), 11));
  }
  give(add(route("192.0.2.0/24", paths)));
  give(add(route("198.51.100.0/24", paths)));
  at(1);
  EXPECT_EQ(fes.at(1).next_hops(), 512u);
  EXPECT_EQ(fes.at(1).sets(), 1u);
}

TEST_F(FibBuilderTest, NextHopsAreSharedAndGoWithTheirLastRoute) {
  for (int i = 0; i < 10; ++i) {
    give(add(route(str("192.0.2.", i, "/32"), {via("10.98.1.2", 11)})));
  }
  all();
  EXPECT_EQ(fes.at(2).next_hops(), 1u);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(fib.next_hops(), 1u);
    give(withdraw(route(str("192.0.2.", i, "/32"))));
    fib.update();
  }
  all();
  EXPECT_EQ(fes.at(2).next_hops(), 0u);
  EXPECT_EQ(fib.next_hops(), 0u);
  EXPECT_EQ(fib.prefixes(), 0u);
}

TEST_F(FibBuilderTest, AChangedRouteTouchesOnlyItsRow) {
  for (int i = 0; i < 100; ++i) {
    give(add(route(str("192.0.2.", i, "/32"), {via("10.98.1.2", 11)})));
  }
  all();
  const int before = fes.at(2).deltas;
  give(add(route("192.0.2.7/32", {via("10.98.1.3", 11)})));
  all();
  EXPECT_EQ(fes.at(2).deltas - before, 2);  // its next hop, and itself
}

TEST_F(FibBuilderTest, ALinkThatFailsChangesNextHopsAndNoPrefixes) {
  for (int i = 0; i < 100; ++i) {
    give(add(route(str("192.0.2.", i, "/32"), {via("10.98.1.2", 11), via("10.98.3.2", 31)})));
  }
  all();
  const int before = fes.at(1).prefix_deltas, unaffected = fes.at(2).deltas;
  fib.set_links({link(1, 2), link(2, 3), link(1, 3)});
  EXPECT_EQ(at(1).at("192.0.2.0/32"), "p1 via 10.98.1.2 mtu 1500 | p103 via 10.255.0.31 mtu 9000");
  fib.set_links({link(1, 2)});
  EXPECT_EQ(at(1).at("192.0.2.0/32"), "p1 via 10.98.1.2 mtu 1500");
  EXPECT_EQ(at(3).at("192.0.2.0/32"), "p1 via 10.98.3.2 mtu 1500");
  fib.set_links({link(1, 2), link(2, 3)});
  all();
  EXPECT_EQ(fes.at(1).prefix_deltas, before);
  EXPECT_LE(fes.at(2).deltas - unaffected, 6);
}

TEST_F(FibBuilderTest, WhereNoLinkLeadsPacketsAreDropped) {
  fib.set_links({});
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 11)})));
  EXPECT_EQ(at(1), (Routes{{"192.0.2.0/24", "p1 via 10.98.1.2 mtu 1500"}}));
  EXPECT_EQ(at(3), (Routes{{"192.0.2.0/24", "discard2"}}));
}

TEST_F(FibBuilderTest, DiscardRoutesSelectTheirOutput) {
  auto r = route("192.0.2.0/24");
  for (const auto& [type, want] : {std::pair(fpm::RouteType::Blackhole, "discard1"),
                                   std::pair(fpm::RouteType::Unreachable, "discard2"),
                                   std::pair(fpm::RouteType::Prohibit, "discard3")}) {
    r.type = type;
    give(add(r));
    EXPECT_EQ(at(2), (Routes{{"192.0.2.0/24", want}}));
  }
}

TEST_F(FibBuilderTest, WhatDoesNotLeaveByAnFePortIsNoRowOfAnFe) {
  give(add(route("0.0.0.0/0", {via("172.16.0.1", 99)})));
  give(add(route("192.0.2.0/24", {via("172.16.0.1", 99), via("10.98.1.2", 11)})));
  give(add(route("198.51.100.0/24", {via("fe80::1", 11)})));
  auto labelled = via("10.98.1.2", 11);
  labelled.encapsulated = true;
  give(add(route("203.0.113.0/24", {labelled})));
  EXPECT_EQ(at(1), (Routes{{"192.0.2.0/24", "p1 via 10.98.1.2 mtu 1500"}}));
  EXPECT_EQ(fib.unresolved(), 3u);
  EXPECT_EQ(fib.counters().not_an_fe_port, 2u);
  EXPECT_EQ(fib.counters().other_family, 1u);
  EXPECT_EQ(fib.counters().encapsulated, 1u);
}

TEST_F(FibBuilderTest, AnInterfaceThatComesOrGoesOrChangesTakesItsRoutesAlong) {
  give(add(route("192.0.2.0/24", {via("172.16.0.1", 99)})));
  EXPECT_EQ(at(1), Routes{});
  fib.on_interface(99, {1, 9}, 1400);
  EXPECT_EQ(at(1), (Routes{{"192.0.2.0/24", "p9 via 172.16.0.1 mtu 1400"}}));
  fib.on_interface(99, {1, 9}, 1300);
  EXPECT_EQ(at(1), (Routes{{"192.0.2.0/24", "p9 via 172.16.0.1 mtu 1300"}}));
  fib.on_interface(99, {2, 9}, 1300);
  EXPECT_EQ(at(1), (Routes{{"192.0.2.0/24", "p102 via 10.255.0.21 mtu 9000"}}));
  fib.on_interface_gone(99);
  EXPECT_EQ(at(1), Routes{});
  EXPECT_EQ(fes.at(1).next_hops(), 0u);
}

TEST_F(FibBuilderTest, AnFeThatBeginsAnewIsGivenEverything) {
  give(add(route("192.0.2.0/24", {via("10.98.1.2", 11)})));
  give(add(route("198.51.100.0/24", {via("10.98.1.2", 11), via("10.98.2.2", 21)})));
  const Routes before = at(2);
  EXPECT_EQ(before.size(), 2u);
  fes.at(2).clear();
  fib.on_fe(2);
  EXPECT_EQ(at(2), before);
}

TEST_F(FibBuilderTest, AZebraThatRestartsWithOtherNumbersChangesNoRow) {
  const auto tell = [&](std::uint32_t offset, std::uint32_t sender) {
    give(define(single(offset + 1, via("10.98.1.2", 11)), sender));
    give(define(single(offset + 2, via("10.98.2.2", 21)), sender));
    give(define(group(offset + 3, {{offset + 1, 1}, {offset + 2, 1}}), sender));
    for (int i = 0; i < 50; ++i) {
      give(add(route(str("192.0.2.", i, "/32"), {}, offset + 1 + static_cast<std::uint32_t>(i) % 3),
               sender));
    }
  };
  tell(0, 1);
  all();
  const int before = fes.at(3).deltas;
  rib.on_disconnected();
  rib.on_connected();
  tell(100, 2);
  rib.on_timer(Instant{2h});
  EXPECT_TRUE(rib.complete());
  EXPECT_EQ(at(3).size(), 50u);
  EXPECT_EQ(fes.at(3).deltas, before);
}

// ---- any order of events ------------------------------------------------------------------------

// What happened, kept simply; replayed into a fresh Rib and FibBuilder it must give the same tables
// as the events did one by one.
struct Model {
  std::map<std::string, fpm::Route> routes;
  std::map<std::uint32_t, fpm::NextHop> hops;
  std::map<std::uint32_t, std::pair<FePort, std::uint32_t>> interfaces;
  std::vector<InterFeLink> links;

  [[nodiscard]] Routes at(FeId fe) const {
    Rib rib;
    FibBuilder fib(rib);
    rib.on_connected();
    for (const auto& [id, hop] : hops) rib.on_message(define(hop), {});
    for (const auto& [to, r] : routes) rib.on_message(add(r), {});
    for (const auto& [ifindex, i] : interfaces) fib.on_interface(ifindex, i.first, i.second);
    fib.set_links(links);
    fib.on_fe(fe);
    fib.update();
    FeCopy copy(fe);
    copy.take(fib);
    return copy.routes();
  }
};

class FibProperty : public testing::TestWithParam<unsigned> {};

TEST_P(FibProperty, EventsOneByOneGiveWhatFromScratchGives) {
  std::mt19937 random(GetParam());
  const auto dice = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  Model model;
  Rib rib;
  FibBuilder fib(rib);
  std::map<FeId, std::unique_ptr<FeCopy>> fes;
  Instant now{1h};
  std::uint32_t sender = 1;
  rib.on_connected();

  const auto some_path = [&](bool v6) {
    const std::uint32_t ifindex = 11 + dice(4) * 10 + dice(2);
    if (dice(5) == 0)
      return fpm::Path{.ifindex = ifindex, .gateway = {v6 ? Family::V6 : Family::V4, {}}};
    return via(str(v6 ? "fe80::" : "10.0.0.", 1 + dice(3)), ifindex);
  };
  const auto some_prefix = [&](bool v6) {
    return str(v6 ? "2001:db8:" : "10.", 1 + dice(10), v6 ? "::/48" : ".0.0/16");
  };
  for (int step = 0; step < 400; ++step) {
    const bool v6 = dice(2) == 0;
    switch (dice(16)) {
      case 0:
      case 1:
      case 2: {  // a route with paths of its own
        auto r = route(some_prefix(v6));
        for (std::uint32_t n = 1 + dice(3); n > 0; --n) r.paths.push_back(some_path(v6));
        if (dice(8) == 0) r.type = fpm::RouteType::Blackhole;
        model.routes[text(r.prefix)] = r;
        rib.on_message(add(r, sender), now);
        break;
      }
      case 3:
      case 4:
      case 5: {  // by number, perhaps one not defined
        const auto r = route(some_prefix(v6), {}, 1 + dice(12));
        model.routes[text(r.prefix)] = r;
        rib.on_message(add(r, sender), now);
        break;
      }
      case 6:
      case 7: {
        const auto to = some_prefix(v6);
        model.routes.erase(to);
        rib.on_message(withdraw(route(to), sender), now);
        break;
      }
      case 8: {
        const auto hop = single(1 + dice(8), some_path(v6));
        model.hops[hop.id] = hop;
        rib.on_message(define(hop, sender), now);
        break;
      }
      case 9: {
        auto g = group(9 + dice(4), {});
        for (std::uint32_t n = 1 + dice(3); n > 0; --n) {
          g.members.push_back({1 + dice(8), static_cast<std::uint16_t>(1 + dice(2))});
        }
        model.hops[g.id] = g;
        rib.on_message(define(g, sender), now);
        break;
      }
      case 10: {
        const std::uint32_t id = 1 + dice(12);
        model.hops.erase(id);
        rib.on_message(fpm::undefine(id, sender), now);
        break;
      }
      case 11: {
        const std::uint32_t fe = 1 + dice(4), port = 1 + dice(2);
        if (dice(3) == 0) {
          model.interfaces.erase(fe * 10 + port);
          fib.on_interface_gone(fe * 10 + port);
        } else {
          const std::uint32_t mtu = 1400 + dice(2) * 100;
          model.interfaces[fe * 10 + port] = {{fe, port}, mtu};
          fib.on_interface(fe * 10 + port, {fe, port}, mtu);
        }
        break;
      }
      case 12: {
        model.links.clear();
        for (FeId a = 1; a <= 4; ++a) {
          for (FeId b = a + 1; b <= 4; ++b) {
            if (dice(2) == 0) model.links.push_back(link(a, b));
          }
        }
        fib.set_links(model.links);
        break;
      }
      case 13: {
        const FeId fe = 1 + dice(4);
        if (fes.contains(fe) && dice(2) == 0) {
          fes.erase(fe);
          fib.on_fe_gone(fe);
        } else {
          fes[fe] = std::make_unique<FeCopy>(fe);
          fib.on_fe(fe);
        }
        break;
      }
      case 14: {  // zebra comes again, and sends what it has
        rib.on_disconnected();
        rib.on_connected();
        sender += dice(2);
        for (const auto& [id, hop] : model.hops) rib.on_message(define(hop, sender), now);
        for (auto it = model.routes.begin(); it != model.routes.end();) {
          if (dice(5) == 0) {  // lost meanwhile
            it = model.routes.erase(it);
            continue;
          }
          rib.on_message(add(it->second, sender), now);
          ++it;
        }
        rib.on_message(fpm::end_of_table(sender), now);
        break;
      }
      default:
        fib.update();
        for (auto& [fe, copy] : fes) copy->take(fib, static_cast<int>(dice(6)));
        break;
    }
    if (HasFatalFailure()) return;
    if (step % 40 != 39) continue;
    fib.update();
    for (auto& [fe, copy] : fes) {
      copy->take(fib);
      ASSERT_EQ(copy->routes(), model.at(fe)) << "FE " << fe << " at step " << step;
    }
  }
  // Nothing is kept of what is gone.
  for (const auto& [to, r] : model.routes) rib.on_message(withdraw(r, sender), now);
  for (std::uint32_t id = 1; id <= 12; ++id) rib.on_message(fpm::undefine(id, sender), now);
  fib.update();
  for (auto& [fe, copy] : fes) {
    copy->take(fib);
    EXPECT_TRUE(copy->routes().empty());
    EXPECT_EQ(copy->next_hops(), 0u);
    EXPECT_EQ(copy->sets(), 0u);
  }
  EXPECT_EQ(fib.next_hops(), 0u);
  EXPECT_EQ(fib.sets(), 0u);
  EXPECT_EQ(rib.next_hops(), 0u);
  EXPECT_EQ(rib.size(), 0u);
}
INSTANTIATE_TEST_SUITE_P(Seeds, FibProperty, testing::Range(1u, 41u));

}  // namespace
}  // namespace forces::ce::routing
