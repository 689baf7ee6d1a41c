#include "ce/signaling/te/graph.hpp"

#include <algorithm>
#include <boost/graph/dijkstra_shortest_paths_no_color_map.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/property_map/function_property_map.hpp>
#include <deque>
#include <functional>
#include <tuple>

namespace forces::signaling::te {

void Graph::follow(const Database& database) {
  if (structure_ == database.structure()) return;
  structure_ = database.structure();
  nodes_.clear();
  vertices_.clear();
  for (const auto& [id, node] : database.nodes()) {
    vertices_[id] = static_cast<Vertex>(nodes_.size());
    nodes_.push_back(&node);
  }
  edges_.clear();
  for (const Link* link : database.links()) {
    const auto a = vertex(link->ends[0].node), b = vertex(link->ends[1].node);
    if (!a || !b) continue;
    edges_.push_back({.from = *a, .to = *b, .link = link, .side = 0});
    edges_.push_back({.from = *b, .to = *a, .link = link, .side = 1});
  }
  std::ranges::sort(edges_, {},
                    [](const Edge& e) { return std::tuple(e.from, e.to, e.out().interface); });
  by_out_.clear();
  out_.assign(nodes_.size(), {});
  backward_ = Backward(nodes_.size());
  for (EdgeId id = 0; id < edges_.size(); ++id) {
    by_out_[edges_[id].out()] = id;
    out_[edges_[id].from].push_back(id);
    boost::add_edge(edges_[id].to, edges_[id].from, Index{id}, backward_);
  }
  for (Edge& edge : edges_) edge.back = by_out_.at(edge.in());
  distance_.resize(nodes_.size());
  before_.resize(nodes_.size());
}

std::optional<Vertex> Graph::vertex(NodeId node) const {
  const auto at = vertices_.find(node);
  return at == vertices_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<EdgeId> Graph::edge(const LinkEnd& out) const {
  const auto at = by_out_.find(out);
  return at == by_out_.end() ? std::nullopt : std::optional(at->second);
}

bool Graph::any_transparent() const {
  return std::ranges::any_of(nodes_, [](const Node* node) { return !node->converts_labels; });
}

std::optional<EdgePath> Graph::shortest(const Search& search) {
  struct Usable {
    const Graph* graph = nullptr;
    const Search* search = nullptr;
    const Backward* backward = nullptr;
    bool operator()(const boost::graph_traits<Backward>::edge_descriptor& e) const {
      const EdgeId id = (*backward)[e].id;
      const Vertex to = graph->edges_[id].to;
      return search->passes[id] >= kPasses &&
             (search->kept.empty() || search->kept[to] == 0 || to == search->to);
    }
  };
  const boost::filtered_graph<Backward, Usable> usable(backward_,
                                                       Usable{this, &search, &backward_});
  const auto index = boost::get(boost::vertex_index, backward_);
  const auto weight =
      boost::make_function_property_map<boost::graph_traits<Backward>::edge_descriptor, Cost>(
          [this](const boost::graph_traits<Backward>::edge_descriptor& e) {
            return Cost{edges_[backward_[e].id].direction().metric, 1};
          });
  boost::dijkstra_shortest_paths_no_color_map(
      usable, static_cast<std::size_t>(search.to),
      boost::make_iterator_property_map(before_.begin(), index),
      boost::make_iterator_property_map(distance_.begin(), index), weight, index, std::less<Cost>(),
      std::plus<Cost>(), kNoWay, Cost{}, boost::dijkstra_visitor<>());

  if (distance_[search.from] == kNoWay) return std::nullopt;
  EdgePath path;
  for (Vertex at = search.from; at != search.to;) {
    const Vertex before = at;
    for (const EdgeId id : out_[at]) {
      const Edge& edge = edges_[id];
      const bool passes =
          search.passes[id] >= kPasses &&
          (search.kept.empty() || search.kept[edge.to] == 0 || edge.to == search.to);
      if (!passes || distance_[edge.to] == kNoWay) continue;
      if (distance_[edge.to] + Cost{edge.direction().metric, 1} != distance_[at]) continue;
      path.push_back(id);
      at = edge.to;
      break;
    }
    if (at == before) return std::nullopt;
  }
  return path;
}

bool Graph::reaches(const Search& search, NoPath level) const {
  return hops(search, level).has_value();
}

std::optional<std::uint32_t> Graph::fewest_hops(const Search& search) const {
  return hops(search, NoPath::Excluded);
}

std::optional<std::uint32_t> Graph::hops(const Search& search, NoPath level) const {
  std::vector<std::uint8_t> seen(nodes_.size(), 0);
  std::deque<std::pair<Vertex, std::uint32_t>> todo{{search.from, 0}};
  seen[search.from] = 1;
  while (!todo.empty()) {
    const auto [at, count] = todo.front();
    todo.pop_front();
    if (at == search.to) return count;
    for (const EdgeId id : out_[at]) {
      const Vertex to = edges_[id].to;
      if (search.passes[id] <= level || seen[to] != 0) continue;
      if (!search.kept.empty() && search.kept[to] != 0 && to != search.to) continue;
      seen[to] = 1;
      todo.emplace_back(to, count + 1);
    }
  }
  return std::nullopt;
}

}  // namespace forces::signaling::te
