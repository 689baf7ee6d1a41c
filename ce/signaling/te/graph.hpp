// The graph of a TE database, kept as long as nodes and links stay the same, and the searches in
// it. Edges are numbered by (node, next node, interface): of paths that cost the same the one with
// the lower numbers is taken.
#pragma once

#include <boost/graph/adjacency_list.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "ce/signaling/te/request.hpp"

namespace forces::signaling::te {

using Vertex = std::uint32_t;
using EdgeId = std::uint32_t;

struct Edge {  // one direction of a link
  Vertex from = 0, to = 0;
  const Link* link = nullptr;
  std::size_t side = 0;  // where it begins
  EdgeId back = 0;       // the other direction

  [[nodiscard]] const Direction& direction() const { return link->directions[side]; }
  [[nodiscard]] const LinkEnd& out() const { return link->ends[side]; }
  [[nodiscard]] const LinkEnd& in() const { return link->ends[1 - side]; }
};

struct Cost {
  std::uint64_t metric = 0;
  std::uint32_t hops = 0;
  friend auto operator<=>(const Cost&, const Cost&) = default;
  friend Cost operator+(const Cost& a, const Cost& b) {
    return {a.metric + b.metric, a.hops + b.hops};
  }
};
inline constexpr Cost kNoWay{~std::uint64_t{0}, ~std::uint32_t{0}};

using EdgePath = std::vector<EdgeId>;

// Which edges a request may use: for each the first constraint that it fails, in the order of
// NoPath.
using Passes = std::vector<NoPath>;
inline constexpr NoPath kPasses = NoPath::AlongRoute;  // all constraints of single edges

class Graph {
 public:
  // Follows the database.
  void follow(const Database& database);

  [[nodiscard]] std::optional<Vertex> vertex(NodeId node) const;
  [[nodiscard]] const Node& node(Vertex v) const { return *nodes_[v]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::span<const Edge> edges() const { return edges_; }
  [[nodiscard]] std::span<const EdgeId> out(Vertex v) const { return out_[v]; }
  // From this end outward.
  [[nodiscard]] std::optional<EdgeId> edge(const LinkEnd& out) const;
  // A node that cannot convert labels is among them.
  [[nodiscard]] bool any_transparent() const;

  struct Search {
    Vertex from = 0, to = 0;
    std::span<const NoPath> passes{};      // by edge
    std::span<const std::uint8_t> kept{};  // by vertex: not 0, not to be passed through
  };
  // The shortest path (Dijkstra).
  [[nodiscard]] std::optional<EdgePath> shortest(const Search& search);
  // Whether there is any by edges that fail nothing up to `level`.
  [[nodiscard]] bool reaches(const Search& search, NoPath level) const;
  // Fewest hops by edges that pass; nullopt: there is none.
  [[nodiscard]] std::optional<std::uint32_t> fewest_hops(const Search& search) const;

 private:
  struct Index {
    EdgeId id = 0;
  };
  // Its edges lead backwards: distances are those to the end of a path.
  using Backward =
      boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Index>;
  [[nodiscard]] std::optional<std::uint32_t> hops(const Search& search, NoPath level) const;

  std::uint64_t structure_ = ~std::uint64_t{0};
  std::vector<const Node*> nodes_;
  std::unordered_map<NodeId, Vertex> vertices_;
  std::vector<Edge> edges_;
  std::map<LinkEnd, EdgeId> by_out_;
  std::vector<std::vector<EdgeId>> out_;
  Backward backward_;
  std::vector<Cost> distance_;
  std::vector<std::size_t> before_;
};

}  // namespace forces::signaling::te
