#include "ce/signaling/te/disjoint.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths_no_color_map.hpp>
#include <boost/property_map/function_property_map.hpp>
#include <functional>
#include <queue>
#include <set>

namespace forces::signaling::te {

namespace {

constexpr EdgeId kNoEdge = ~EdgeId{0};

struct Arc {  // of the split graph: a node is 2v where it is entered and 2v + 1 where it is left
  std::size_t from = 0, to = 0;
  std::uint64_t weight = 0;
  EdgeId edge = kNoEdge;  // none: through a node
  bool reversed = false;  // takes back what the first path uses
};

// Metric first, then hops: one number, so that it can be a potential.
constexpr int kHopBits = 20;
std::uint64_t weight_of(const Edge& edge) {
  return std::uint64_t{edge.direction().metric} << kHopBits | 1U;
}

class SplitGraph {
 public:
  using Boost = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS,
                                      boost::no_property, std::size_t>;

  explicit SplitGraph(std::size_t vertices) : vertices_(vertices) {}
  std::vector<Arc> arcs;

  // Distances of all vertices to `to`.
  [[nodiscard]] std::vector<Cost> distances(std::size_t to) const {
    Boost backward(vertices_);
    for (std::size_t i = 0; i < arcs.size(); ++i) {
      boost::add_edge(arcs[i].to, arcs[i].from, i, backward);
    }
    std::vector<Cost> distance(vertices_);
    std::vector<std::size_t> before(vertices_);
    const auto index = boost::get(boost::vertex_index, backward);
    const auto weight =
        boost::make_function_property_map<boost::graph_traits<Boost>::edge_descriptor, Cost>(
            [&](const boost::graph_traits<Boost>::edge_descriptor& e) {
              return Cost{arcs[backward[e]].weight, 1};
            });
    boost::dijkstra_shortest_paths_no_color_map(
        backward, to, boost::make_iterator_property_map(before.begin(), index),
        boost::make_iterator_property_map(distance.begin(), index), weight, index,
        std::less<Cost>(), std::plus<Cost>(), kNoWay, Cost{}, boost::dijkstra_visitor<>());
    return distance;
  }
  // By the arcs that come first where several are as good.
  [[nodiscard]] std::optional<std::vector<std::size_t>> path(
      std::size_t from, std::size_t to, const std::vector<Cost>& distance) const {
    if (distance[from] == kNoWay) return std::nullopt;
    std::vector<std::vector<std::size_t>> out(vertices_);
    for (std::size_t i = 0; i < arcs.size(); ++i) out[arcs[i].from].push_back(i);
    std::vector<std::size_t> taken;
    while (from != to) {
      const auto next = std::ranges::find_if(out[from], [&](std::size_t i) {
        const Cost& rest = distance[arcs[i].to];
        return rest != kNoWay && rest + Cost{arcs[i].weight, 1} == distance[from];
      });
      if (next == out[from].end()) return std::nullopt;
      taken.push_back(*next);
      from = arcs[*next].to;
    }
    return taken;
  }

 private:
  std::size_t vertices_;
};

// One path along these edges; a way that comes back to a node is cut short.
EdgePath unwind(const Graph& graph, std::set<EdgeId>& edges, Vertex from, Vertex to) {
  EdgePath path;
  std::vector<Vertex> nodes{from};
  while (nodes.back() != to) {
    const auto next = std::ranges::find_if(
        edges, [&](EdgeId id) { return graph.edges()[id].from == nodes.back(); });
    if (next == edges.end()) return {};
    const Vertex reached = graph.edges()[*next].to;
    path.push_back(*next);
    edges.erase(next);
    const auto before = std::ranges::find(nodes, reached);
    if (before == nodes.end()) {
      nodes.push_back(reached);
    } else {
      const auto kept = static_cast<std::size_t>(before - nodes.begin());
      nodes.resize(kept + 1);
      path.resize(kept);
    }
  }
  return path;
}

}  // namespace

std::optional<std::pair<EdgePath, EdgePath>> disjoint_pair(const Graph& graph,
                                                           const Graph::Search& search,
                                                           bool nodes) {
  const auto entered = [&](Vertex v) { return std::size_t{v} * 2; };
  const auto left = [&](Vertex v) { return std::size_t{v} * 2 + (nodes ? 1 : 0); };
  SplitGraph split(graph.size() * 2);
  if (nodes) {
    for (Vertex v = 0; v < graph.size(); ++v) {
      split.arcs.push_back({.from = entered(v), .to = left(v)});
    }
  }
  for (EdgeId id = 0; id < graph.edges().size(); ++id) {
    const Edge& edge = graph.edges()[id];
    if (search.passes[id] < kPasses || edge.to == search.from || edge.from == search.to) continue;
    split.arcs.push_back(
        {.from = left(edge.from), .to = entered(edge.to), .weight = weight_of(edge), .edge = id});
  }
  const std::size_t from = left(search.from), to = entered(search.to);
  const std::vector<Cost> potential = split.distances(to);
  const auto first = split.path(from, to, potential);
  if (!first) return std::nullopt;

  std::set<EdgeId> used;
  std::vector<std::uint8_t> on_path(split.arcs.size(), 0);
  std::set<EdgeId> opposite;
  for (const std::size_t i : *first) {
    on_path[i] = 1;
    if (split.arcs[i].edge == kNoEdge) continue;
    used.insert(split.arcs[i].edge);
    opposite.insert(graph.edges()[split.arcs[i].edge].back);
  }
  SplitGraph rest(graph.size() * 2);
  for (std::size_t i = 0; i < split.arcs.size(); ++i) {
    Arc arc = split.arcs[i];
    if (potential[arc.from] == kNoWay || potential[arc.to] == kNoWay) continue;
    if (on_path[i] != 0) {
      std::swap(arc.from, arc.to);
      arc.weight = 0;
      arc.reversed = true;
    } else {
      if (arc.edge != kNoEdge && opposite.contains(arc.edge)) continue;
      // Potentials are distances to the end, so this is not negative.
      arc.weight = arc.weight + potential[arc.to].metric - potential[arc.from].metric;
    }
    rest.arcs.push_back(arc);
  }
  const auto second = rest.path(from, to, rest.distances(to));
  if (!second) return std::nullopt;
  for (const std::size_t i : *second) {
    const Arc& arc = rest.arcs[i];
    if (arc.edge == kNoEdge) continue;
    if (arc.reversed) {
      used.erase(arc.edge);
    } else {
      used.insert(arc.edge);
    }
  }
  EdgePath one = unwind(graph, used, search.from, search.to);
  EdgePath other = unwind(graph, used, search.from, search.to);
  if (one.empty() || other.empty()) return std::nullopt;
  return std::pair(std::move(one), std::move(other));
}

Exclusions apart_from(const Path& path, const Disjoint& disjoint, const Database& database) {
  Exclusions apart;
  for (std::size_t i = 0; i < path.hops.size(); ++i) {
    const PathHop& hop = path.hops[i];
    apart.links.insert(hop.out);
    if (disjoint.nodes && i + 1 < path.hops.size()) apart.nodes.insert(hop.in.node);
    const Link* const link = database.link(hop.out);
    if (disjoint.srlgs && link != nullptr)
      apart.srlgs.insert(link->srlgs.begin(), link->srlgs.end());
  }
  return apart;
}

std::expected<PathPair, Failure> best_pair(const Request& request, const Disjoint& disjoint,
                                           const Database& database, const Find& find) {
  struct Candidate {
    Path path;
    std::set<LinkEnd> without;
  };
  const auto dearer = [](const Candidate& a, const Candidate& b) {
    if (a.path.cost != b.path.cost) return a.path.cost > b.path.cost;
    if (a.path.hops.size() != b.path.hops.size()) return a.path.hops.size() > b.path.hops.size();
    return a.without > b.without;
  };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(dearer)> queue(dearer);
  std::set<std::set<LinkEnd>> tried;
  std::set<std::vector<LinkEnd>> seen;
  std::size_t effort = 0;
  bool given_up = false;
  std::optional<PathPair> best;
  std::uint64_t least = ~std::uint64_t{0};

  const auto offer = [&](std::set<LinkEnd> without) -> std::optional<Failure> {
    if (!tried.insert(without).second) return std::nullopt;
    if (++effort > kPairEffort) {
      given_up = true;
      return std::nullopt;
    }
    Request working = request;
    working.exclude.links.insert(without.begin(), without.end());
    auto path = find(working);
    if (!path) return path.error();
    queue.push({std::move(*path), std::move(without)});
    return std::nullopt;
  };
  if (const auto failure = offer({})) return std::unexpected(*failure);
  while (!queue.empty()) {
    const Candidate candidate = queue.top();
    queue.pop();
    // With this one or a later one as the cheaper of two, nothing better can come.
    if (best && request.route.empty() && candidate.path.cost * 2 >= least) break;
    std::vector<LinkEnd> links;
    for (const PathHop& hop : candidate.path.hops) links.push_back(hop.out);
    if (seen.insert(links).second) {
      Request recovery = request;
      recovery.route.clear();
      recovery.egress = candidate.path.egress;
      recovery.exclude |= apart_from(candidate.path, disjoint, database);
      if (auto path = find(recovery)) {
        const std::uint64_t cost = candidate.path.cost + path->cost;
        if (cost < least) {
          least = cost;
          path->egress_label = candidate.path.egress_label;
          path->egress_upstream_label = candidate.path.egress_upstream_label;
          best = PathPair{candidate.path, std::move(*path)};
        }
      }
    }
    for (const LinkEnd& end : links) {
      std::set<LinkEnd> without = candidate.without;
      without.insert(end);
      (void)offer(std::move(without));
    }
  }
  if (!best) {
    return std::unexpected(Failure{.reason = given_up ? NoPath::Effort : NoPath::NoDiversity});
  }
  if (request.route.empty() && best->recovery.cost < best->working.cost) {
    std::swap(best->working, best->recovery);
  }
  return *best;
}

}  // namespace forces::signaling::te
