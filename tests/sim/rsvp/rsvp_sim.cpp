// Engines on a network that loses, doubles and reorders, with links that break and nodes that are
// killed: in the end every half of every LSP is where it belongs, and nothing that was established
// was ever released by anything but its ingress.
#include <gtest/gtest.h>

#include <cstdlib>

#include "ce/signaling/digest.hpp"
#include "tests/sim/rsvp/owner.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::signaling::engine::sim {
namespace {

using namespace std::chrono_literals;
using namespace forces::test;

struct Storm {
  explicit Storm(std::uint64_t seed, std::uint32_t size, unsigned per_mille_legacy = 0,
                 bool keys = false)
      : net(seed), owners(net) {
    net.keep_sent = false;
    // A ring with chords: every node has neighbours, most pairs several routes.
    std::set<std::pair<std::uint32_t, std::uint32_t>> links;
    for (std::uint32_t i = 0; i < size; ++i) {
      links.insert(std::minmax(i, (i + 1) % size));
      links.insert(
          std::minmax(i, (i + 1 + static_cast<std::uint32_t>(net.world.pick(size - 1))) % size));
    }
    for (const auto& [x, y] : links) {
      if (x == y) continue;
      neighbors[node_id(x + 1)].insert(node_id(y + 1));
      neighbors[node_id(y + 1)].insert(node_id(x + 1));
      edges.emplace_back(node_id(x + 1), node_id(y + 1));
    }
    for (const auto& [id, others] : neighbors) {
      Config c;
      c.node = id;
      c.seed = seed * 100 + id.value;
      c.times.hello = 500ms;
      c.times.refresh = 5s;
      c.restart.restart = 10s;
      c.restart.recovery = 12s;
      const bool legacy = net.world.pick(1'000) < per_mille_legacy;
      for (const NodeId other : others) {
        NeighborConfig n{.node = other};
        if (legacy) n.refresh_reduction = RefreshReduction::Never;
        if (keys) {
          n.security.keys.push_back({.id = 1, .secret = std::vector<std::byte>(16, std::byte{7})});
          c.hmac = hmac;
        }
        c.neighbors.push_back(std::move(n));
      }
      Node& node = net.add(std::move(c));
      owners.own(node);
      node.start(false);
    }
  }

  [[nodiscard]] std::vector<NodeId> walk() {
    auto at = net.nodes().begin();
    std::advance(at, static_cast<std::ptrdiff_t>(net.world.pick(net.nodes().size())));
    std::vector<NodeId> route{at->first};
    std::set<NodeId> seen{at->first};
    const std::size_t length = 2 + net.world.pick(4);
    while (route.size() < length) {
      std::vector<NodeId> next;
      for (const NodeId n : neighbors[route.back()]) {
        if (!seen.contains(n)) next.push_back(n);
      }
      if (next.empty()) break;
      route.push_back(next[net.world.pick(next.size())]);
      seen.insert(route.back());
    }
    return route;
  }
  void one_thing() {
    auto& world = net.world;
    const auto what = world.pick(100);
    if (what < 45) {
      auto route = walk();
      if (route.size() < 2) return;
      const LspKey key = lsp_key(route.front(), route.back(), ++last_tunnel);
      owners.create(key, std::move(route));
    } else if (what < 65) {
      auto at = owners.plans.begin();
      if (owners.plans.empty()) return;
      std::advance(at, static_cast<std::ptrdiff_t>(world.pick(owners.plans.size())));
      if (at->second.wanted) owners.remove(at->first);
    } else if (what < 85) {
      const auto [x, y] = edges[world.pick(edges.size())];
      net.cut(x, y, world.pick(3) == 0);
      world.after(Duration(world.pick(20'000) * 1'000'000), [this, x, y] { net.mend(x, y); });
    } else {
      auto at = net.nodes().begin();
      std::advance(at, static_cast<std::ptrdiff_t>(world.pick(net.nodes().size())));
      Node& node = *at->second;
      if (!node.runs()) return;
      node.stop();
      world.after(Duration(world.pick(15'000) * 1'000'000),
                  [this, &node] { owners.restart(node); });
    }
  }
  void rage(Duration time) {
    const Instant end = net.world.now() + time;
    while (net.world.now() < end) {
      one_thing();
      for (auto& [id, node] : net.nodes()) node->events.clear();
      ASSERT_TRUE(net.run_for(Duration(net.world.pick(1'500) * 1'000'000)));
    }
  }
  void calm(Duration time) {
    net.weather = {};
    ASSERT_TRUE(net.run_for(time));
    owners.operator_round();
    ASSERT_TRUE(net.run_for(30s));
  }
  // What is left over, if anything.
  [[nodiscard]] std::string judge() {
    std::string text;
    std::size_t alive = 0;
    for (const auto& [key, plan] : owners.plans) alive += plan.wanted && plan.established ? 1 : 0;
    if (alive < 10) text += "a storm in a teacup: " + std::to_string(alive) + " LSPs\n";
    for (const std::string& one : owners.wrong) text += one + "\n";
    for (const std::string& one : owners.differences()) text += one + "\n";
    for (auto& [id, node] : net.nodes()) {
      for (const NeighborSnapshot& n : node->engine().snapshot().neighbors) {
        const bool settled = n.state == NeighborState::Up && n.unacknowledged == 0 &&
                             n.unsynchronized == 0 && !n.recovering_them && !n.recovering_us;
        if (!settled) {
          text += "node " + std::to_string(id.value & 0xff) + " with " +
                  std::to_string(n.node.value & 0xff) + ": " + std::string(to_string(n.state)) +
                  ", " + std::to_string(n.unacknowledged) + " unacknowledged, " +
                  std::to_string(n.unsynchronized) + " unsynchronized\n";
        }
      }
    }
    return text;
  }

  Network net;
  Owners owners;
  std::map<NodeId, std::set<NodeId>> neighbors;
  std::vector<std::pair<NodeId, NodeId>> edges;
  std::uint16_t last_tunnel = 0;
};

constexpr Weather kBad{.loss = 50, .twice = 20, .latency = 2ms, .jitter = 20ms};

TEST(RsvpStorm, StatesConverge) {
  play_seeds(seeds(20), [](std::uint64_t seed) {
    Storm storm(seed, 8);
    storm.net.weather = kBad;
    storm.rage(3min);
    storm.calm(3min);
    EXPECT_EQ(storm.judge(), "");
  });
}

TEST(RsvpStorm, StatesConvergeWithKeys) {
  play_seeds(seeds(20) / 4 + 1, [](std::uint64_t seed) {
    Storm storm(seed, 6, 0, true);
    storm.net.weather = kBad;
    storm.rage(2min);
    storm.calm(3min);
    EXPECT_EQ(storm.judge(), "");
  });
}

// Without acknowledgments a tear may be lost each of its three times: no packet is, here.
TEST(RsvpStorm, StatesConvergeAmongNodesWithoutRefreshReduction) {
  play_seeds(seeds(20) / 4 + 1, [](std::uint64_t seed) {
    Storm storm(seed, 6, 400);
    storm.net.weather = {.loss = 0, .twice = 20, .latency = 2ms, .jitter = 20ms};
    storm.rage(2min);
    storm.calm(5min);
    EXPECT_EQ(storm.judge(), "");
  });
}

TEST(RsvpStorm, TheSameSeedIsTheSameStorm) {
  const auto packets = [] {
    Storm storm(7, 6);
    storm.net.weather = kBad;
    storm.rage(1min);
    return storm.net.packets;
  };
  const auto once = packets();
  EXPECT_GT(once, 1'000u);
  EXPECT_EQ(packets(), once);
}

// T19, without the connections' own part: a node with 1,000 LSPs through it is killed.
TEST(RsvpScale, T19AThousandLspsAreRecoveredWithinTheRecoveryTime) {
  Network net;
  net.keep_sent = false;
  Owners owners(net);
  const std::vector<NodeId> line{node_id(1), node_id(2), node_id(3)};
  for (std::size_t i = 0; i < line.size(); ++i) {
    Config c;
    c.node = line[i];
    c.seed = i;
    c.restart.recovery = 60s;
    c.times.hello = 1s;
    if (i > 0) c.neighbors.push_back({.node = line[i - 1]});
    if (i + 1 < line.size()) c.neighbors.push_back({.node = line[i + 1]});
    Node& node = net.add(std::move(c));
    owners.own(node);
    node.start(false);
  }
  ASSERT_TRUE(net.run_for(5s));
  for (std::uint16_t i = 1; i <= 1'000; ++i) {
    owners.create(lsp_key(line[0], line[2], i), line);
    ASSERT_TRUE(net.run_for(1ms));
  }
  ASSERT_TRUE(net.run_for(5s));
  ASSERT_TRUE(owners.differences().empty());
  Node& middle = net.at(line[1]);
  middle.stop();
  ASSERT_TRUE(net.run_for(5s));
  owners.restart(middle);
  const auto before = net.packets;
  ASSERT_TRUE(net.run_for(40s));
  EXPECT_TRUE(owners.differences().empty());
  EXPECT_TRUE(owners.wrong.empty());
  EXPECT_LT(net.packets - before, 12'000u);
  for (const NodeId id : line) {
    for (const auto& n : net.at(id).engine().snapshot().neighbors) EXPECT_EQ(n.unsynchronized, 0u);
  }
}

}  // namespace
}  // namespace forces::signaling::engine::sim
