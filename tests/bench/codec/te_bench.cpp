// What a connection costs a node besides its messages: a path on a network of 100 nodes, a disjoint
// pair, and reserve, activate and release in a node of two FEs.
#include <benchmark/benchmark.h>

#include <map>
#include <random>

#include "ce/signaling/te/path_finder.hpp"
#include "tests/support/optical/cross_connects.hpp"

namespace {

using namespace forces::signaling;
using forces::test::ModelFes;
using forces::test::OpticalNode;

std::uint32_t below(std::mt19937& random, std::uint32_t n) {
  return static_cast<std::uint32_t>(random() % n);
}

// A ring of 100 nodes and 200 chords, 64 slots each.
void build(te::Database& db, bool converts) {
  std::mt19937 random(4);
  std::map<std::uint32_t, std::uint32_t> interfaces;
  for (std::uint32_t n = 1; n <= 100; ++n) db.set(te::Node{.id = {n}, .converts_labels = converts});
  const auto join = [&](std::uint32_t a, std::uint32_t b) {
    te::Link link;
    link.ends = {LinkEnd{{a}, ++interfaces[a]}, LinkEnd{{b}, ++interfaces[b]}};
    for (te::Direction& way : link.directions) {
      way.metric = 1 + below(random, 10);
      way.free = te::LabelRanges::sdh_slots(1, 64);
    }
    db.set(link);
  };
  for (std::uint32_t n = 1; n <= 100; ++n) join(n, n % 100 + 1);
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t a = 1 + below(random, 100), b = 1 + below(random, 100);
    if (a != b) join(a, b);
  }
}

te::Request between(std::mt19937& random) {
  te::Request r;
  r.source = {1 + below(random, 100)};
  r.destination = {1 + (r.source.value + below(random, 99)) % 100};
  return r;
}

void path(benchmark::State& state, bool converts) {
  te::Database db;
  build(db, converts);
  te::PathFinder finder(db);
  std::mt19937 random(7);
  for (auto _ : state) benchmark::DoNotOptimize(finder.find(between(random)));
}
void path_of_100_nodes(benchmark::State& state) { path(state, true); }
void path_with_label_continuity(benchmark::State& state) { path(state, false); }
void disjoint_pair_of_100_nodes(benchmark::State& state) {
  te::Database db;
  build(db, true);
  te::PathFinder finder(db);
  std::mt19937 random(7);
  for (auto _ : state) benchmark::DoNotOptimize(finder.find_pair(between(random), {}));
}

void connection_through_a_node(benchmark::State& state) {
  ModelFes fes;
  OpticalNode node(fes);
  for (auto _ : state) {
    const auto wants = OpticalNode::wants(1, 1, 4);
    benchmark::DoNotOptimize(node.manager.reserve(wants, node.now));
    node.run();
    benchmark::DoNotOptimize(node.manager.activate(wants.owner.lsp, {}, node.now));
    node.run();
    node.manager.release(wants.owner.lsp, node.now);
    node.run();
    node.said.clear();
  }
}

BENCHMARK(path_of_100_nodes);
BENCHMARK(path_with_label_continuity);
BENCHMARK(disjoint_pair_of_100_nodes);
BENCHMARK(connection_through_a_node);

}  // namespace

BENCHMARK_MAIN();
