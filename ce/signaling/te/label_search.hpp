// Shortest path where a label must stay the same through some nodes, or the number of hops is
// limited: a search by states of (node, labels that still do), of which one that costs no less and
// allows no more than another is dropped. Exact, and bounded.
#pragma once

#include <expected>

#include "ce/signaling/te/constraints.hpp"

namespace forces::signaling::te {

inline constexpr std::size_t kSearchEffort = 50'000;  // states

// `before`: the labels with which the search's first node was reached. The error is
// LabelContinuity (or too many hops), or Effort.
[[nodiscard]] std::expected<EdgePath, NoPath> search_by_labels(
    const Graph& graph, const Constraints& constraints, const Graph::Search& search,
    const std::optional<LabelRanges>& before, std::uint32_t max_hops);

}  // namespace forces::signaling::te
