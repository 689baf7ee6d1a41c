#include "ce/signaling/te/path_finder.hpp"

#include <algorithm>
#include <array>

#include "ce/signaling/te/disjoint.hpp"
#include "ce/signaling/te/walk.hpp"

namespace forces::signaling::te {

std::string_view to_string(NoPath reason) {
  static constexpr std::array<std::string_view, 18> kNames{
      "unknown_source", "unknown_destination", "bad_signal",
      "bad_route",      "disconnected",        "down",
      "other_domain",   "wrong_switching",     "wrong_encoding",
      "no_bandwidth",   "no_affinity",         "excluded",
      "along_route",    "label_continuity",    "too_many_hops",
      "bad_egress",     "no_diversity",        "effort"};
  const auto index = static_cast<std::size_t>(reason);
  return index < kNames.size() ? kNames[index] : "unknown";
}

bool Exclusions::empty() const { return *this == Exclusions{}; }

Exclusions& Exclusions::operator|=(const Exclusions& other) {
  nodes.insert(other.nodes.begin(), other.nodes.end());
  links.insert(other.links.begin(), other.links.end());
  srlgs.insert(other.srlgs.begin(), other.srlgs.end());
  areas.insert(other.areas.begin(), other.areas.end());
  domains.insert(other.domains.begin(), other.domains.end());
  as_numbers.insert(other.as_numbers.begin(), other.as_numbers.end());
  for (const auto& [end, set] : other.labels) labels[end] |= set;
  return *this;
}

struct PathFinder::Impl {
  const Database& database;
  Graph graph;

  struct Ends {
    Vertex source, destination;
  };
  std::expected<Ends, Failure> ends(const Request& request) {
    graph.follow(database);
    const auto source = graph.vertex(request.source);
    if (!source) return std::unexpected(Failure{.reason = NoPath::UnknownSource});
    const auto destination = graph.vertex(request.destination);
    if (!destination) return std::unexpected(Failure{.reason = NoPath::UnknownDestination});
    if (request.signal.fault()) return std::unexpected(Failure{.reason = NoPath::BadSignal});
    return Ends{*source, *destination};
  }

  std::expected<Path, Failure> find(const Request& request, const Ends& at) {
    if (!request.avoid.empty()) {
      Exclusions both = request.exclude;
      both |= request.avoid;
      if (auto path = Walk(database, graph, request, both, at.source, at.destination).run()) {
        return path;
      }
    }
    return Walk(database, graph, request, request.exclude, at.source, at.destination).run();
  }

  // The two that cost least together, if they do for labels and risks as well.
  std::optional<PathPair> cheapest_pair(const Request& request, const Ends& at,
                                        const Disjoint& disjoint) {
    if (!request.route.empty() || request.max_hops != 0 || !request.avoid.empty()) {
      return std::nullopt;
    }
    const Constraints constraints(graph, request, request.exclude, at.source, at.destination);
    const Graph::Search search{at.source, at.destination, constraints.passes(), {}};
    const auto pair = disjoint_pair(graph, search, disjoint.nodes);
    if (!pair) return std::nullopt;
    PathPair found;
    for (const auto& [edges, path] :
         {std::pair(&pair->first, &found.working), std::pair(&pair->second, &found.recovery)}) {
      Request along = request;
      for (const EdgeId id : *edges) {
        along.route.push_back({.loose = false, .where = graph.edges()[id].out()});
      }
      auto whole = Walk(database, graph, along, request.exclude, at.source, at.destination).run();
      if (!whole) return std::nullopt;
      *path = std::move(*whole);
    }
    const auto dear = [](const Path& p) { return std::pair(p.cost, p.hops.size()); };
    if (dear(found.recovery) < dear(found.working)) std::swap(found.working, found.recovery);
    if (disjoint.srlgs) {
      const Exclusions risks = apart_from(found.working, disjoint, database);
      const bool shared = std::ranges::any_of(found.recovery.hops, [&](const PathHop& hop) {
        const Link* const link = database.link(hop.out);
        return std::ranges::any_of(
            link->srlgs, [&](std::uint32_t group) { return risks.srlgs.contains(group); });
      });
      if (shared) return std::nullopt;
    }
    return found;
  }
};

PathFinder::PathFinder(const Database& database) : impl_(new Impl{database, {}}) {}
PathFinder::~PathFinder() = default;

std::expected<Path, Failure> PathFinder::find(const Request& request) {
  const auto ends = impl_->ends(request);
  if (!ends) return std::unexpected(ends.error());
  return impl_->find(request, *ends);
}

std::expected<PathPair, Failure> PathFinder::find_pair(const Request& request,
                                                       const Disjoint& disjoint) {
  const auto ends = impl_->ends(request);
  if (!ends) return std::unexpected(ends.error());
  if (ends->source == ends->destination) {
    return std::unexpected(Failure{.reason = NoPath::NoDiversity});
  }
  if (auto pair = impl_->cheapest_pair(request, *ends, disjoint)) return *std::move(pair);
  return best_pair(request, disjoint, impl_->database,
                   [&](const Request& one) { return impl_->find(one, *ends); });
}

}  // namespace forces::signaling::te
