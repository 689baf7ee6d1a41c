// Random networks against searches that try everything, and what 10,000 computations cost.
#include <chrono>
#include <functional>
#include <random>
#include <set>

#include "tests/unit/ce/signaling/te/network.hpp"

namespace forces::signaling::te {
namespace {

struct Random {
  explicit Random(std::uint32_t seed) : engine(seed) {}
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(engine() % n); }
  std::mt19937 engine;
};

void build(Network& net, Random& random, std::uint32_t nodes, std::uint32_t links) {
  for (std::uint32_t i = 0; i < nodes; ++i) {
    net.set(static_cast<char>('A' + i), [&](Node& n) { n.converts_labels = random.below(2) == 0; });
  }
  for (std::uint32_t i = 0; i < links; ++i) {
    const auto a = static_cast<char>('A' + random.below(nodes));
    const auto b = static_cast<char>('A' + random.below(nodes));
    if (a == b) continue;
    const Link link = net.link(a, b, 1 + random.below(4));
    for (const LinkEnd& end : link.ends) {
      LabelRanges free;
      for (std::uint32_t slot = 1; slot <= 3; ++slot) {
        if (random.below(3) != 0) free.insert(slot << 16);
      }
      net.db.set_free(end, free);
    }
  }
}

// Every path without a node twice that has a label where one must stay the same.
void all_paths(const Network& net, NodeId from, NodeId to,
               const std::function<void(const std::vector<LinkEnd>&, std::uint64_t)>& f) {
  std::vector<LinkEnd> path;
  std::set<NodeId> seen{from};
  const std::function<void(NodeId, std::uint64_t, LabelRanges)> go =
      [&](NodeId at, std::uint64_t cost, const LabelRanges& labels) {
        if (at == to) return f(path, cost);
        const bool anew = at == from || net.db.node(at)->converts_labels;
        for (const Link* link : net.db.links_of(at)) {
          const LinkEnd out = link->ends[0].node == at ? link->ends[0] : link->ends[1];
          const LinkEnd in = link->other(out);
          LabelRanges free = *link->from(out).free & *link->from(in).free;
          if (!anew) free &= labels;
          if (free.empty() || !seen.insert(in.node).second) continue;
          path.push_back(out);
          go(in.node, cost + link->from(out).metric, free);
          path.pop_back();
          seen.erase(in.node);
        }
      };
  go(from, 0, LabelRanges::all());
}

TEST(PathProperty, TheCheapestOfAllThereAre) {
  int found = 0, none = 0;
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    Network net;
    build(net, random, 6, 10);
    std::uint64_t least = ~std::uint64_t{0};
    all_paths(net, node_of('A'), node_of('F'),
              [&](const auto&, std::uint64_t cost) { least = std::min(least, cost); });
    const auto path = net.finder.find(Network::request('A', 'F'));
    ASSERT_EQ(path.has_value(), least != ~std::uint64_t{0}) << "seed " << seed;
    if (path) {
      EXPECT_EQ(path->cost, least) << "seed " << seed;
      for (const PathHop& hop : path->hops) EXPECT_FALSE(hop.labels->empty()) << "seed " << seed;
      ++found;
    } else {
      ++none;
    }
  }
  EXPECT_GT(found, 50);
  EXPECT_GT(none, 20);
}

// Of converting nodes the pair is the cheapest of all pairs; labels may make it dearer.
TEST(PathProperty, ThePairThatCostsLeastTogether) {
  int found = 0;
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    Network net;
    build(net, random, 6, 11);
    for (char c = 'A'; c <= 'F'; ++c) net.set(c, [](Node& n) { n.converts_labels = true; });
    struct One {
      std::vector<LinkEnd> out;
      std::set<NodeId> inner;
      std::uint64_t cost;
    };
    std::vector<One> all;
    all_paths(net, node_of('A'), node_of('F'), [&](const auto& out, std::uint64_t cost) {
      One one{out, {}, cost};
      for (std::size_t i = 1; i < out.size(); ++i) one.inner.insert(out[i].node);
      all.push_back(one);
    });
    for (const bool nodes : {true, false}) {
      std::uint64_t least = ~std::uint64_t{0};
      for (const One& a : all) {
        for (const One& b : all) {
          bool apart = true;
          for (const LinkEnd& x : a.out) {
            for (const LinkEnd& y : b.out) {
              if (net.db.link(x) == net.db.link(y)) apart = false;
            }
          }
          for (const NodeId n : a.inner) {
            if (nodes && b.inner.contains(n)) apart = false;
          }
          if (apart) least = std::min(least, a.cost + b.cost);
        }
      }
      const auto pair = net.finder.find_pair(Network::request('A', 'F'), {.nodes = nodes});
      ASSERT_EQ(pair.has_value(), least != ~std::uint64_t{0}) << "seed " << seed << nodes;
      if (!pair) continue;
      ++found;
      EXPECT_EQ(pair->working.cost + pair->recovery.cost, least) << "seed " << seed << nodes;
      EXPECT_LE(pair->working.cost, pair->recovery.cost);
      std::set<const Link*> used;
      for (const Path* path : {&pair->working, &pair->recovery}) {
        for (const PathHop& hop : path->hops) {
          EXPECT_TRUE(used.insert(net.db.link(hop.out)).second) << "seed " << seed << nodes;
        }
      }
    }
  }
  EXPECT_GT(found, 100);
}

// 100 nodes, 300 links of 64 slots. The bound is loose: it must hold on a busy machine and under a
// sanitizer; tests/bench has the figure.
TEST(PathProperty, ManyComputationsOnAHundredNodes) {
  Random random(4);
  Database db;
  for (std::uint32_t n = 1; n <= 100; ++n) db.set(Node{.id = {n}});
  std::map<std::uint32_t, std::uint32_t> interfaces;
  const auto join = [&](std::uint32_t a, std::uint32_t b) {
    Link link;
    link.ends = {LinkEnd{{a}, ++interfaces[a]}, LinkEnd{{b}, ++interfaces[b]}};
    for (Direction& way : link.directions) {
      way.metric = 1 + random.below(10);
      way.free = LabelRanges::sdh_slots(1, 64);
    }
    ASSERT_TRUE(db.set(link));
  };
  for (std::uint32_t n = 1; n <= 100; ++n) join(n, n % 100 + 1);
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t a = 1 + random.below(100), b = 1 + random.below(100);
    if (a != b) join(a, b);
  }
  PathFinder finder(db);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 2'000; ++i) {
    Request r;
    r.source = {1 + random.below(100)};
    r.destination = {1 + random.below(100)};
    ASSERT_TRUE(finder.find(r));
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  RecordProperty("microseconds_each",
                 static_cast<int>(
                     std::chrono::duration_cast<std::chrono::microseconds>(took).count() / 2'000));
  EXPECT_LT(took, std::chrono::seconds(20));
}

}  // namespace
}  // namespace forces::signaling::te
