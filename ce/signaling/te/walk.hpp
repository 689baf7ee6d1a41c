// One attempt at a path: along the route of a request, stretch by stretch, then to the destination.
#pragma once

#include <expected>
#include <map>

#include "ce/signaling/te/constraints.hpp"

namespace forces::signaling::te {

class Walk {
 public:
  // All must outlive it.
  Walk(const Database& database, Graph& graph, const Request& request, const Exclusions& exclude,
       Vertex source, Vertex destination);

  [[nodiscard]] std::expected<Path, Failure> run();
  // The edges of the path that run() gave.
  [[nodiscard]] const EdgePath& edges() const { return path_; }
  [[nodiscard]] const Constraints& constraints() const { return constraints_; }

 private:
  using Done = std::expected<void, Failure>;
  [[nodiscard]] std::unexpected<Failure> fail(NoPath reason) const;
  [[nodiscard]] Done follow(const RouteHop& hop);
  [[nodiscard]] Done to_any(const std::vector<Vertex>& nodes, bool loose);
  [[nodiscard]] Done to_interface(const LinkEnd& end, const RouteHop& hop);
  [[nodiscard]] Done leave_by(const RouteHop& hop, const LinkEnd& end);
  [[nodiscard]] Done reach(Vertex to, bool loose);
  [[nodiscard]] std::expected<EdgePath, NoPath> stretch(Vertex to, bool loose);
  [[nodiscard]] Done take(EdgeId id);
  void append(EdgeId id);
  [[nodiscard]] Done judge_egress(const LinkEnd& end);
  [[nodiscard]] std::expected<Path, Failure> finish();
  [[nodiscard]] NoPath reason(NoPath found) const;

  const Database& database_;
  Graph& graph_;
  const Request& request_;
  Constraints constraints_;
  Vertex source_, destination_, at_;
  bool careful_;  // labels must stay the same somewhere, or hops are limited
  EdgePath path_;
  std::vector<std::uint8_t> kept_;       // nodes of the path so far
  std::optional<LabelRanges> labels_;    // with which `at_` was reached, if it must keep them
  std::map<std::size_t, Labels> fixed_;  // by hop: what the route says
  std::optional<std::size_t> hop_;       // of the route, that is being followed
  Path found_;
};

}  // namespace forces::signaling::te
