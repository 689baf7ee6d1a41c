#include "ce/signaling/te/constraints.hpp"

#include <algorithm>

namespace forces::signaling::te {

namespace {

// Whether two sets have so many labels in common.
bool share(const LabelRanges& a, const LabelRanges& b, std::uint64_t wanted) {
  auto x = a.ranges().begin();
  auto y = b.ranges().begin();
  std::uint64_t found = 0;
  while (x != a.ranges().end() && y != b.ranges().end()) {
    const Label first = std::max(x->first, y->first), last = std::min(x->last, y->last);
    if (first <= last) {
      found += std::uint64_t{last} - first + 1;
      if (found >= wanted) return true;
    }
    if (x->last < y->last) {
      ++x;
    } else {
      ++y;
    }
  }
  return found >= wanted;
}

}  // namespace

Constraints::Constraints(const Graph& graph, const Request& request, const Exclusions& exclude,
                         Vertex source, Vertex destination)
    : graph_(graph),
      request_(request),
      exclude_(exclude),
      source_(source),
      destination_(destination),
      bandwidth_(request.signal.bandwidth()) {
  passes_.reserve(graph.edges().size());
  for (const Edge& edge : graph.edges()) passes_.push_back(first_failed(edge));
  if (exclude.empty() && !request.first_labels) return;
  for (EdgeId id = 0; id < passes_.size(); ++id) {
    if (passes_[id] >= kPasses && excluded(graph.edges()[id], id)) passes_[id] = NoPath::Excluded;
  }
}

NoPath Constraints::first_failed(const Edge& edge) const {
  const Node &from = graph_.node(edge.from), &to = graph_.node(edge.to);
  const Link& link = *edge.link;
  if (!from.transit && edge.from != source_) return NoPath::Disconnected;
  if (!to.transit && edge.to != destination_) return NoPath::Disconnected;
  if (!link.up || !from.up || !to.up) return NoPath::Down;
  if (request_.within_domain) {
    const bool inside = from.domain == *request_.within_domain &&
                        (to.domain == *request_.within_domain || edge.to == destination_);
    if (!inside) return NoPath::OtherDomain;
  }
  const Signal& signal = request_.signal;
  if (link.switching != signal.switching) return NoPath::WrongSwitching;
  const bool photonic = link.encoding == Encoding::Lambda || link.encoding == Encoding::Fiber;
  if (link.encoding != signal.encoding && !photonic) return NoPath::WrongEncoding;
  if (!has_room(link, edge.side)) return NoPath::NoBandwidth;
  const Affinities& wanted = request_.affinities;
  if ((link.affinities & wanted.exclude_any) != 0 ||
      (wanted.include_any != 0 && (link.affinities & wanted.include_any) == 0) ||
      (link.affinities & wanted.include_all) != wanted.include_all) {
    return NoPath::NoAffinity;
  }
  return kPasses;
}

bool Constraints::has_room(const Link& link, std::size_t side) const {
  const Direction &there = link.directions[side], &back = link.directions[1 - side];
  const Signal& signal = request_.signal;
  const bool both = request_.bidirectional;
  const auto enough = [&](const Direction& way) {
    return way.free.has_value() || !(way.unreserved < bandwidth_);
  };
  if (!enough(there) || (both && !enough(back))) return false;
  if (!there.free && (!both || !back.free)) return true;
  if (signal.width() > 1 || !request_.shared.empty()) return fits(known(link, side));
  const LabelRanges& one = there.free ? *there.free : *back.free;
  const LabelRanges& other = both && back.free ? *back.free : one;
  return share(one, other, signal.labels());
}

std::optional<LabelRanges> Constraints::free(const Link& link, std::size_t side) const {
  std::optional<LabelRanges> set = link.directions[side].free;
  if (!set) return set;
  for (const LinkEnd& end : link.ends) {
    if (const auto at = request_.shared.find(end); at != request_.shared.end()) *set |= at->second;
  }
  return set;
}

std::optional<LabelRanges> Constraints::known(const Link& link, std::size_t side) const {
  std::optional<LabelRanges> set = free(link, side);
  const auto back = free(link, 1 - side);
  if (request_.bidirectional && back) {
    if (set) {
      *set &= *back;
    } else {
      set = back;
    }
  }
  return set;
}

bool Constraints::free_at(const Link& link, const LinkEnd& from) const {
  return has_room(link, link.side(from));
}

bool Constraints::excluded(const Edge& edge, EdgeId id) const {
  const Node& to = graph_.node(edge.to);
  if (exclude_.nodes.contains(to.id)) return true;
  if (edge.to != destination_ &&
      (exclude_.areas.contains(to.area) || exclude_.domains.contains(to.domain) ||
       exclude_.as_numbers.contains(to.as_number))) {
    return true;
  }
  const Link& link = *edge.link;
  if (exclude_.links.contains(link.ends[0]) || exclude_.links.contains(link.ends[1])) return true;
  if (std::ranges::any_of(link.srlgs,
                          [&](std::uint32_t group) { return exclude_.srlgs.contains(group); })) {
    return true;
  }
  const bool labelled = exclude_.labels.contains(link.ends[0]) ||
                        exclude_.labels.contains(link.ends[1]) ||
                        (request_.first_labels && edge.from == source_);
  return labelled && !fits(labels(id));
}

std::optional<LabelRanges> Constraints::labels(EdgeId id) const {
  const Edge& edge = graph_.edges()[id];
  std::optional<LabelRanges> set = known(*edge.link, edge.side);
  for (const LinkEnd& end : edge.link->ends) {
    const auto at = exclude_.labels.find(end);
    if (at == exclude_.labels.end()) continue;
    if (!set) set = LabelRanges::all();
    *set -= at->second;
  }
  if (request_.first_labels && edge.from == source_) {
    if (set) {
      *set &= *request_.first_labels;
    } else {
      set = request_.first_labels;
    }
  }
  return set;
}

std::optional<LabelRanges> Constraints::labels(EdgeId id,
                                               const std::optional<LabelRanges>& before) const {
  std::optional<LabelRanges> set = labels(id);
  const Edge& edge = graph_.edges()[id];
  if (edge.from == source_ || graph_.node(edge.from).converts_labels || !before) return set;
  if (!set) return before;
  *set &= *before;
  return set;
}

bool Constraints::fits(const std::optional<LabelRanges>& labels) const {
  return !labels || request_.signal.fits(*labels);
}

std::optional<std::vector<std::optional<LabelRanges>>> Constraints::along(
    const EdgePath& path) const {
  std::vector<std::optional<LabelRanges>> sets;
  std::size_t stretch = 0;  // where it begins
  std::optional<LabelRanges> common;
  const auto close = [&](std::size_t end) {
    if (!fits(common)) return false;
    if (common) common = request_.signal.starts(*common);
    for (; stretch < end; ++stretch) sets.push_back(common);
    return true;
  };
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool fresh = i == 0 || graph_.node(graph_.edges()[path[i]].from).converts_labels;
    if (fresh && i != 0 && !close(i)) return std::nullopt;
    common = labels(path[i], fresh ? std::nullopt : common);
  }
  if (!path.empty() && !close(path.size())) return std::nullopt;
  return sets;
}

}  // namespace forces::signaling::te
