// Google Benchmark of ce/signaling/rsvp: what a connection costs a node, and what 10,000 of them
// cost it for as long as they last.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "ce/signaling/digest.hpp"
#include "tests/sim/rsvp/owner.hpp"

namespace forces::signaling::engine::sim {
namespace {

using namespace std::chrono_literals;

struct Line {
  explicit Line(bool keys = false) : owners(net) {
    net.keep_sent = false;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      Config c;
      c.node = nodes[i];
      c.seed = i + 1;
      const Security security =
          keys ? Security{.keys = {{.id = 1, .secret = std::vector<std::byte>(16)}}} : Security{};
      c.hmac = hmac;
      if (i > 0) c.neighbors.push_back({.node = nodes[i - 1], .security = security});
      if (i + 1 < nodes.size()) c.neighbors.push_back({.node = nodes[i + 1], .security = security});
      Node& node = net.add(std::move(c));
      owners.own(node);
      node.start(false);
    }
    run(20s);
  }
  void run(Duration time) {
    if (!net.run_for(time)) std::abort();
    for (auto& [id, node] : net.nodes()) node->events.clear();
  }
  void set_up(std::uint16_t count) {
    for (std::uint16_t i = 0; i < count; ++i) {
      owners.create(lsp_key(nodes.front(), nodes.back(), ++last), nodes);
      run(1ms);
    }
    run(1s);
  }

  Network net;
  Owners owners;
  std::vector<NodeId> nodes{node_id(1), node_id(2), node_id(3), node_id(4)};
  std::uint16_t last = 0;
};

// Four nodes, three hops: Path, Resv and their acknowledgments; then PathTear. With the part of the
// owner and of the network, which is not small.
void set_up_and_tear(benchmark::State& state) {
  Line line(state.range(0) != 0);
  std::size_t connections = 0;
  for (auto _ : state) {
    line.set_up(1'000);
    state.PauseTiming();
    if (!line.owners.differences().empty()) std::abort();
    state.ResumeTiming();
    for (auto& [key, plan] : line.owners.plans) line.owners.remove(key);
    line.run(1s);
    state.PauseTiming();
    line.owners.plans.clear();
    line.last = 0;
    state.ResumeTiming();
    connections += 1'000;
  }
  const auto each = static_cast<double>(connections * line.nodes.size());
  state.counters["per connection and node"] =
      benchmark::Counter(each, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(set_up_and_tear)->Arg(0)->Arg(1)->ArgName("keys")->Unit(benchmark::kMillisecond);

// An hour of four nodes with 10,000 LSPs through each: CPU seconds divided by 4 * 3,600 is the part
// of a core that a node needs.
void an_hour_of_refreshes(benchmark::State& state) {
  Line line;
  for (int i = 0; i < 10; ++i) line.set_up(1'000);
  double hours = 0;
  for (auto _ : state) {
    line.run(1h);
    ++hours;
  }
  state.counters["part of a core"] =
      benchmark::Counter(hours * 3'600 * static_cast<double>(line.nodes.size()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(an_hour_of_refreshes)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace forces::signaling::engine::sim

BENCHMARK_MAIN();
