// Two paths that have nothing in common (J. W. Suurballe, 1974, with the nodes split in two), and
// the search for pairs where that does not do.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "ce/signaling/te/graph.hpp"
#include "ce/signaling/te/path_finder.hpp"

namespace forces::signaling::te {

// The cheapest two, by edges that pass; nodes or only links shall differ.
[[nodiscard]] std::optional<std::pair<EdgePath, EdgePath>> disjoint_pair(
    const Graph& graph, const Graph::Search& search, bool nodes);

inline constexpr std::size_t kPairEffort = 200;  // working paths that are tried

// Working paths from the cheapest on, each by leaving out a link of one before; for each the
// cheapest path that keeps away from it.
using Find = std::function<std::expected<Path, Failure>(const Request&)>;
[[nodiscard]] std::expected<PathPair, Failure> best_pair(const Request& request,
                                                         const Disjoint& disjoint,
                                                         const Database& database,
                                                         const Find& find);

}  // namespace forces::signaling::te
