#include "ce/signaling/te/walk.hpp"

#include <algorithm>

#include "ce/signaling/te/label_search.hpp"
#include "common/core/outputs.hpp"

namespace forces::signaling::te {

Walk::Walk(const Database& database, Graph& graph, const Request& request,
           const Exclusions& exclude, Vertex source, Vertex destination)
    : database_(database),
      graph_(graph),
      request_(request),
      constraints_(graph, request, exclude, source, destination),
      source_(source),
      destination_(destination),
      at_(source),
      careful_(request.max_hops != 0 || graph.any_transparent()),
      kept_(graph.size(), 0) {
  kept_[source] = 1;
}

std::unexpected<Failure> Walk::fail(NoPath reason) const {
  Failure failure{.reason = reason};
  if (reason == NoPath::BadRoute || reason == NoPath::AlongRoute) failure.route_hop = hop_;
  return std::unexpected(failure);
}

std::expected<Path, Failure> Walk::run() {
  for (std::size_t i = 0; i < request_.route.size(); ++i) {
    hop_ = i;
    if (const Done done = follow(request_.route[i]); !done) return std::unexpected(done.error());
  }
  if (const Done done = reach(destination_, true); !done) return std::unexpected(done.error());
  return finish();
}

Walk::Done Walk::follow(const RouteHop& hop) {
  if (found_.egress) return fail(NoPath::BadRoute);  // it has left already
  return std::visit(Overloaded{
                        [&](const LinkEnd& end) { return to_interface(end, hop); },
                        [&](const RouteHop::As& as) {
                          std::vector<Vertex> nodes;
                          for (Vertex v = 0; v < graph_.size(); ++v) {
                            if (graph_.node(v).as_number == as.number) nodes.push_back(v);
                          }
                          return to_any(nodes, hop.loose);
                        },
                        [&](const RouteHop::Prefix& prefix) {
                          if (prefix.length >= 32) {
                            if (const auto v = graph_.vertex({prefix.address})) {
                              return to_any({*v}, hop.loose);
                            }
                            const auto end = database_.by_address(prefix.address);
                            if (!end) return Done(fail(NoPath::BadRoute));
                            return to_interface(*end, hop);
                          }
                          std::vector<Vertex> nodes;
                          const std::uint32_t mask =
                              prefix.length == 0 ? 0 : ~0U << (32 - prefix.length);
                          for (Vertex v = 0; v < graph_.size(); ++v) {
                            if (((graph_.node(v).id.value ^ prefix.address) & mask) == 0)
                              nodes.push_back(v);
                          }
                          return to_any(nodes, hop.loose);
                        },
                    },
                    hop.where);
}

// To the nearest of the nodes of an abstract node (RFC 3209 section 4.3.3).
Walk::Done Walk::to_any(const std::vector<Vertex>& nodes, bool loose) {
  if (nodes.empty()) return fail(NoPath::BadRoute);
  if (std::ranges::find(nodes, at_) != nodes.end()) return {};
  std::optional<EdgePath> best;
  Cost least = kNoWay;
  NoPath reason_of_none = NoPath::AlongRoute;
  for (const Vertex v : nodes) {
    const auto way = stretch(v, loose);
    if (!way) {
      reason_of_none = way.error();
      continue;
    }
    Cost cost;
    for (const EdgeId id : *way) {
      cost = cost + Cost{graph_.edges()[id].direction().metric, 1};
    }
    if (cost < least) {
      least = cost;
      best = *way;
    }
  }
  if (!best) return fail(reason(reason_of_none));
  for (const EdgeId id : *best) append(id);
  return {};
}

Walk::Done Walk::to_interface(const LinkEnd& end, const RouteHop& hop) {
  const auto node = graph_.vertex(end.node);
  if (!node) return fail(NoPath::BadRoute);
  const auto out = graph_.edge(end);
  const auto pin = [&] {  // a label follows its interface
    if (hop.label && !path_.empty()) fixed_[path_.size() - 1] = *hop.label;
  };
  const bool user_side =
      out && graph_.edges()[*out].link->reference == ReferencePoint::Uni && *node == destination_;
  if (*node == destination_ && (at_ == destination_ || !out || user_side)) {
    if (at_ == destination_ && out && !path_.empty() && graph_.edges()[path_.back()].in() == end) {
      pin();  // the interface by which it came
      return {};
    }
    if (const Done done = reach(destination_, hop.loose); !done) return done;
    return leave_by(hop, end);
  }
  if (!out) return fail(NoPath::BadRoute);
  const Edge& edge = graph_.edges()[*out];
  if (at_ == *node) {
    const bool came_by_it = !path_.empty() && graph_.edges()[path_.back()].link == edge.link;
    if (!came_by_it) {
      if (const Done done = take(*out); !done) return done;
    }
    pin();
    return {};
  }
  const bool inward = edge.to == at_ || *node == destination_;
  if (const Done done = reach(inward ? edge.to : *node, hop.loose); !done) return done;
  if (const Done done = take(inward ? edge.back : *out); !done) return done;
  pin();
  return {};
}

Walk::Done Walk::leave_by(const RouteHop& hop, const LinkEnd& end) {
  if (const Done done = judge_egress(end); !done) return done;
  found_.egress = end;
  found_.egress_label = hop.label;
  found_.egress_upstream_label = hop.upstream_label;
  return {};
}

Walk::Done Walk::judge_egress(const LinkEnd& end) {
  Failure bad{.reason = NoPath::BadEgress, .link = end};
  if (end.node != request_.destination) return std::unexpected(bad);
  const Link* const link = database_.link(end);
  if (link == nullptr) return {};  // no TE link: the destination will judge
  const bool came_by_it = !path_.empty() && graph_.edges()[path_.back()].link == link;
  if (came_by_it || !link->up || !constraints_.free_at(*link, end)) return std::unexpected(bad);
  return {};
}

Walk::Done Walk::reach(Vertex to, bool loose) {
  if (to == at_) return {};
  const auto way = stretch(to, loose);
  if (!way) return fail(reason(way.error()));
  for (const EdgeId id : *way) append(id);
  return {};
}

std::expected<EdgePath, NoPath> Walk::stretch(Vertex to, bool loose) {
  if (to == at_) return EdgePath{};
  if (kept_[to] != 0) return std::unexpected(NoPath::AlongRoute);  // no node twice
  std::uint32_t left = 0;
  if (request_.max_hops != 0) {
    if (path_.size() >= request_.max_hops) return std::unexpected(NoPath::TooManyHops);
    left = request_.max_hops - static_cast<std::uint32_t>(path_.size());
  }
  if (!loose) {  // a strict hop: next to this node
    std::optional<EdgeId> best;
    for (const EdgeId id : graph_.out(at_)) {
      const Edge& edge = graph_.edges()[id];
      if (edge.to != to || constraints_.passes()[id] < kPasses) continue;
      if (!constraints_.fits(constraints_.labels(id, labels_))) continue;
      if (!best || edge.direction().metric < graph_.edges()[*best].direction().metric) best = id;
    }
    if (!best) return std::unexpected(NoPath::AlongRoute);
    return EdgePath{*best};
  }
  const std::uint8_t end = kept_[destination_];
  kept_[destination_] = 1;  // not passed through on the way to somewhere else
  const Graph::Search search{at_, to, constraints_.passes(), kept_};
  std::expected<EdgePath, NoPath> way;
  if (careful_) {
    way = search_by_labels(graph_, constraints_, search, labels_, left);
  } else if (auto shortest = graph_.shortest(search)) {
    way = std::move(*shortest);
  } else {
    way = std::unexpected(NoPath::Disconnected);
  }
  kept_[destination_] = end;
  return way;
}

Walk::Done Walk::take(EdgeId id) {
  const Edge& edge = graph_.edges()[id];
  if (kept_[edge.to] != 0 || constraints_.passes()[id] < kPasses ||
      !constraints_.fits(constraints_.labels(id, labels_))) {
    return fail(NoPath::AlongRoute);
  }
  append(id);
  return {};
}

void Walk::append(EdgeId id) {
  const Edge& edge = graph_.edges()[id];
  path_.push_back(id);
  if (careful_) {
    labels_ = constraints_.labels(id, labels_);
    if (graph_.node(edge.to).converts_labels) labels_.reset();
  }
  at_ = edge.to;
  kept_[at_] = 1;
}

// Why there is none: constraints one after the other, from end to end.
NoPath Walk::reason(NoPath found) const {
  if (found == NoPath::Effort) return found;
  const Graph::Search all{source_, destination_, constraints_.passes(), {}};
  for (const NoPath level :
       {NoPath::Disconnected, NoPath::Down, NoPath::OtherDomain, NoPath::WrongSwitching,
        NoPath::WrongEncoding, NoPath::NoBandwidth, NoPath::NoAffinity, NoPath::Excluded}) {
    if (!graph_.reaches(all, level)) return level;
  }
  if (request_.max_hops != 0 && graph_.fewest_hops(all).value_or(0) > request_.max_hops) {
    return NoPath::TooManyHops;
  }
  if (hop_) return NoPath::AlongRoute;
  return found == NoPath::Disconnected ? NoPath::AlongRoute : found;
}

std::expected<Path, Failure> Walk::finish() {
  if (request_.max_hops != 0 && path_.size() > request_.max_hops) return fail(NoPath::TooManyHops);
  const auto sets = constraints_.along(path_);
  if (!sets) return fail(NoPath::LabelContinuity);
  for (std::size_t i = 0; i < path_.size(); ++i) {
    const Edge& edge = graph_.edges()[path_[i]];
    PathHop hop{.out = edge.out(),
                .in = edge.in(),
                .metric = edge.direction().metric,
                .labels = (*sets)[i],
                .reference = edge.link->reference};
    if (const auto at = fixed_.find(i); at != fixed_.end()) {
      const bool good = request_.signal.acceptable(at->second) &&
                        (!hop.labels || hop.labels->contains_all(at->second));
      if (!good) return fail(NoPath::AlongRoute);
      hop.labels = LabelRanges::of(at->second);
    }
    found_.cost += hop.metric;
    found_.hops.push_back(std::move(hop));
  }
  if (!found_.egress && request_.egress) {
    if (const Done done = judge_egress(*request_.egress); !done) {
      return std::unexpected(done.error());
    }
    found_.egress = request_.egress;
  } else if (found_.egress && request_.egress && *found_.egress != *request_.egress) {
    return std::unexpected(Failure{.reason = NoPath::BadEgress, .link = request_.egress});
  }
  return found_;
}

}  // namespace forces::signaling::te
