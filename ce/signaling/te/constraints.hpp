// What a request asks of single edges, and of labels along a path.
#pragma once

#include <optional>
#include <vector>

#include "ce/signaling/te/graph.hpp"

namespace forces::signaling::te {

class Constraints {
 public:
  // All must outlive it. `exclude` stands in for what the request says.
  Constraints(const Graph& graph, const Request& request, const Exclusions& exclude, Vertex source,
              Vertex destination);

  [[nodiscard]] const Passes& passes() const { return passes_; }
  // Labels that may be used on this edge: free in the directions that are needed and not excluded.
  // nullopt: not known, anything may do.
  [[nodiscard]] std::optional<LabelRanges> labels(EdgeId id) const;
  // Those on an edge that leaves a node at which `before` came in.
  [[nodiscard]] std::optional<LabelRanges> labels(EdgeId id,
                                                  const std::optional<LabelRanges>& before) const;
  [[nodiscard]] bool fits(const std::optional<LabelRanges>& labels) const;
  // For each edge of a path the labels that do on all of its stretch, as PathHop.labels; nullopt:
  // there are not enough on some stretch.
  [[nodiscard]] std::optional<std::vector<std::optional<LabelRanges>>> along(
      const EdgePath& path) const;
  [[nodiscard]] bool free_at(const Link& link, const LinkEnd& from) const;

 private:
  [[nodiscard]] NoPath first_failed(const Edge& edge) const;
  [[nodiscard]] bool excluded(const Edge& edge, EdgeId id) const;
  [[nodiscard]] bool has_room(const Link& link, std::size_t side) const;
  [[nodiscard]] std::optional<LabelRanges> free(const Link& link, std::size_t side) const;
  [[nodiscard]] std::optional<LabelRanges> known(const Link& link, std::size_t side) const;

  const Graph& graph_;
  const Request& request_;
  const Exclusions& exclude_;
  Vertex source_, destination_;
  double bandwidth_;
  Passes passes_;
};

}  // namespace forces::signaling::te
