#include "ce/routing/fib/topology.hpp"

#include <algorithm>
#include <tuple>

namespace forces::ce::routing {

Topology::Topology(const std::vector<InterFeLink>& links) : links_(links) {
  for (const InterFeLink& link : links_) {
    for (const LinkEnd* end : {&link.a, &link.b}) index_.emplace(end->port.fe, 0);
  }
  std::size_t next = 0;
  for (auto& [fe, at] : index_) at = next++;
  edges_.resize(next);
  for (std::uint32_t i = 0; i < links_.size(); ++i) {
    const InterFeLink& l = links_[i];
    if (!l.up || l.a.port.fe == l.b.port.fe) continue;
    const std::size_t a = index_.at(l.a.port.fe), b = index_.at(l.b.port.fe);
    edges_[a].push_back({b, l.b.port.fe, l.a.port.port, i, true});
    edges_[b].push_back({a, l.a.port.fe, l.b.port.port, i, false});
  }
  for (auto& edges : edges_) {
    std::ranges::sort(edges, {},
                      [](const Edge& e) { return std::tuple(e.neighbour, e.from_port); });
  }
  for (const Family family : {Family::V4, Family::V6}) {
    first(family).assign(next * next, kNoEdge);
    for (std::size_t from = 0; from < next; ++from) search(from, family);
  }
}

// Breadth first: every link is one hop.
void Topology::search(std::size_t from, Family family) {
  const std::size_t n = edges_.size();
  std::uint32_t* const first_edge = first(family).data() + from * n;
  std::vector<std::size_t> queue{from};
  for (std::size_t head = 0; head < queue.size(); ++head) {
    const std::size_t at = queue[head];
    for (std::uint32_t i = 0; i < edges_[at].size(); ++i) {
      const Edge& edge = edges_[at][i];
      const InterFeLink& link = links_[edge.link];
      if (edge.to == from || first_edge[edge.to] != kNoEdge) continue;
      if (link.a.address(family).unspecified() || link.b.address(family).unspecified()) continue;
      first_edge[edge.to] = at == from ? i : first_edge[at];
      queue.push_back(edge.to);
    }
  }
}

std::optional<Topology::Via> Topology::towards(FeId from, FeId to, Family family) const {
  const auto f = index_.find(from), t = index_.find(to);
  if (f == index_.end() || t == index_.end()) return std::nullopt;
  const auto& table = family == Family::V4 ? first_v4_ : first_v6_;
  const std::uint32_t position = table[f->second * edges_.size() + t->second];
  if (position == kNoEdge) return std::nullopt;
  const Edge& edge = edges_[f->second][position];
  const InterFeLink& link = links_[edge.link];
  return Via{edge.from_port, link.mtu, (edge.forward ? link.b : link.a).address(family)};
}

}  // namespace forces::ce::routing
