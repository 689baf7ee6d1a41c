#include "ce/signaling/te/label_search.hpp"

#include <algorithm>
#include <queue>
#include <tuple>

namespace forces::signaling::te {

namespace {

struct State {
  Cost cost;
  Vertex at = 0;
  std::optional<LabelRanges> labels{};  // nullopt: any
  EdgePath path{};
};

// The cheapest first; of the same cost the one with the lower numbers.
struct Later {
  const std::vector<State>* states;
  bool operator()(std::size_t a, std::size_t b) const {
    const State &x = (*states)[a], &y = (*states)[b];
    return std::tie(y.cost, y.path) < std::tie(x.cost, x.path);
  }
};

bool allows(const std::optional<LabelRanges>& more, const std::optional<LabelRanges>& less) {
  return !more || (less && more->contains(*less));
}

}  // namespace

std::expected<EdgePath, NoPath> search_by_labels(const Graph& graph, const Constraints& constraints,
                                                 const Graph::Search& search,
                                                 const std::optional<LabelRanges>& before,
                                                 std::uint32_t max_hops) {
  std::vector<State> states;
  std::vector<std::vector<std::size_t>> settled(graph.size());
  std::priority_queue<std::size_t, std::vector<std::size_t>, Later> queue(Later{&states});
  states.push_back({.cost = {}, .at = search.from, .labels = before});
  queue.push(0);
  while (!queue.empty()) {
    const std::size_t index = queue.top();
    queue.pop();
    const State state = states[index];  // the vector grows below
    if (state.at == search.to) return state.path;
    const bool dominated = std::ranges::any_of(settled[state.at], [&](std::size_t other) {
      const State& o = states[other];
      return o.cost.hops <= state.cost.hops && allows(o.labels, state.labels);
    });
    if (dominated) continue;
    settled[state.at].push_back(index);
    if (max_hops != 0 && state.cost.hops >= max_hops) continue;
    for (const EdgeId id : graph.out(state.at)) {
      const Edge& edge = graph.edges()[id];
      if (constraints.passes()[id] < kPasses) continue;
      if (!search.kept.empty() && search.kept[edge.to] != 0 && edge.to != search.to) continue;
      if (edge.to == search.from) continue;
      auto labels = constraints.labels(id, state.labels);
      if (!constraints.fits(labels)) continue;
      if (graph.node(edge.to).converts_labels) labels.reset();
      State next{.cost = state.cost + Cost{edge.direction().metric, 1},
                 .at = edge.to,
                 .labels = std::move(labels),
                 .path = state.path};
      next.path.push_back(id);
      if (states.size() >= kSearchEffort) return std::unexpected(NoPath::Effort);
      states.push_back(std::move(next));
      queue.push(states.size() - 1);
    }
  }
  return std::unexpected(NoPath::LabelContinuity);
}

}  // namespace forces::signaling::te
