// Which way an LSP goes on from here: as the route says, or as path computation finds.
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;

constexpr ErrorValue way_error(std::uint16_t value) { return {ErrorCode::RoutingProblem, value}; }

// RFC 3209 section 4.3 as path computation has it; what it does not know is left out.
te::Route computed_route(const rsvp::Route& route) {
  te::Route hops;
  for (const rsvp::Subobject& hop : route) {
    if (const auto* const prefix = hop.as<rsvp::PrefixHop>()) {
      if (prefix->address.is_v6()) continue;
      hops.push_back({.loose = hop.loose,
                      .where = te::RouteHop::Prefix{prefix->address.v4(), prefix->prefix}});
    } else if (const auto* const link = hop.as<rsvp::UnnumberedHop>()) {
      hops.push_back({.loose = hop.loose, .where = LinkEnd{{link->router_id}, link->interface_id}});
    } else if (const auto* const as = hop.as<rsvp::AsHop>()) {
      hops.push_back({.loose = hop.loose, .where = te::RouteHop::As{as->number}});
    } else if (const auto* const label = hop.as<rsvp::LabelHop>();
               label != nullptr && !hops.empty()) {
      (label->upstream() ? hops.back().upstream_label : hops.back().label) = label->labels;
    }
  }
  return hops;
}

ErrorValue error_of(te::NoPath reason) {
  switch (reason) {
    case te::NoPath::BadSignal:
      return {ErrorCode::TrafficControl, rsvp::traffic::kUnsupportedService};
    case te::NoPath::BadRoute:
    case te::NoPath::AlongRoute:
    case te::NoPath::BadEgress:
      return way_error(rsvp::routing::kBadExplicitRoute);
    case te::NoPath::WrongSwitching:
      return way_error(rsvp::routing::kSwitchingType);
    case te::NoPath::WrongEncoding:
      return way_error(rsvp::routing::kEncoding);
    case te::NoPath::NoBandwidth:
    case te::NoPath::LabelContinuity:
      return {ErrorCode::AdmissionControl, rsvp::admission::kBandwidth};
    case te::NoPath::Excluded:
      return way_error(rsvp::routing::kRouteExcluded);
    case te::NoPath::NoDiversity:
      return way_error(rsvp::routing::kDiversity);
    default:
      return way_error(rsvp::routing::kNoRouteToDestination);
  }
}

bool excluded(const te::Exclusions& blocked, LinkEnd near, LinkEnd far) {
  return blocked.links.contains(near) || blocked.links.contains(far) ||
         blocked.nodes.contains(far.node);
}

}  // namespace

std::optional<LinkEnd> Controller::Core::far_end(std::uint32_t interface) const {
  const auto* const known = manager.interface(interface);
  if (known == nullptr || known->remote.node == NodeId{}) return std::nullopt;
  return known->remote;
}

bool Controller::Core::is_access(std::uint32_t interface) const {
  const auto* const known = manager.interface(interface);
  const bool adapts = std::ranges::any_of(config.adaptations, [&](const Adaptation& one) {
    return one.client == interface || one.server == interface;
  });
  return known != nullptr && known->remote.node == NodeId{} && !adapts;
}

std::uint32_t Controller::Core::domain_of(NodeId node) const {
  const te::Node* const known = database.node(node);
  return known == nullptr ? 0 : known->domain;
}

bool Controller::Core::is_border(NodeId node) const {
  const std::uint32_t own = domain_of(node);
  return std::ranges::any_of(database.links_of(node), [&](const te::Link* link) {
    const LinkEnd& other = link->ends[0].node == node ? link->ends[1] : link->ends[0];
    return link->reference == te::ReferencePoint::ENni || domain_of(other.node) != own;
  });
}

std::optional<Trouble> Controller::Core::egress_way(Lsp& lsp, std::uint32_t interface) {
  lsp.next = {};
  lsp.out = interface;
  lsp.onward.clear();
  if (lsp.role != Role::Ingress) lsp.role = Role::Egress;
  if (interface == 0 || manager.interface(interface) != nullptr) return std::nullopt;
  Blocked blocked{.link = LinkEnd{config.self, interface}};
  if (lsp.out_labels.down) blocked.down = *lsp.out_labels.down;
  if (lsp.out_labels.up) blocked.up = *lsp.out_labels.up;
  const bool oif = config.oif.contains(lsp.in);  // D7
  return trouble(
      lsp, way_error(oif ? rsvp::routing::kInvalidSpcInterface : rsvp::routing::kBadExplicitRoute),
      std::move(blocked));
}

std::optional<Trouble> Controller::Core::choose_way(Lsp& lsp) {
  if (lsp.labels_fixed) return std::nullopt;
  static const rsvp::Route kNone;
  const auto* const ero = lsp.path().find<rsvp::ExplicitRoute>();
  const rsvp::Route& received = lsp.first_route ? *lsp.first_route : ero ? ero->route : kNone;
  const LinkEnd in = lsp.role == Role::Ingress ? LinkEnd{} : LinkEnd{config.self, lsp.in};
  OwnHops own = own_hops(config.self, lsp.from, in, lsp.bidirectional(), received);
  lsp.out_labels = own.labels;
  if (own.error) {
    Trouble why = trouble(lsp, *own.error, {});
    why.upstream = true;
    return why;
  }
  if (!own.out) {
    const bool ends = own.rest.empty() && lsp.key.end_point == config.self;
    if (ends && config.ason && is_segment(lsp.path())) {
      if (!config.stitching) {  // RFC 5150 section 5.1.1
        return trouble(lsp, way_error(rsvp::routing::kStitchingUnsupported), {});
      }
      if (auto why = egress_way(lsp, 0)) return why;
      end_segment_here(lsp);
      return std::nullopt;
    }
    if (ends && config.ason && is_adjacency(lsp.path())) return end_adjacency(lsp);
    if (ends) {
      // No interface is demanded: the first one of a user that can carry this.
      for (const std::uint32_t id : manager.interfaces()) {
        if (id == lsp.in || !is_access(id) || !manager.interface_up(id)) continue;
        if (signal_of(lsp.path()).fits(manager.free_labels(id))) return egress_way(lsp, id);
      }
      return trouble(lsp, way_error(rsvp::routing::kNoRouteToDestination), {});
    }
    return compute_way(lsp, own.rest);
  }
  const auto far = far_end(*own.out);
  if (!far || (own.rest.empty() && lsp.key.end_point == config.self)) {
    if (!own.rest.empty()) {
      Trouble why = trouble(lsp, way_error(rsvp::routing::kBadExplicitRoute),
                            {.link = LinkEnd{config.self, *own.out}});
      why.upstream = true;
      return why;
    }
    return egress_way(lsp, *own.out);
  }
  // The ingress computes the whole of the way, also behind a first hop that was asked for. A repair
  // goes another way than the one that upstream computed.
  if (lsp.role == Role::Ingress) return compute_way(lsp, received);
  const LinkEnd near{config.self, *own.out};
  if (lsp.attempts.here > 0 || excluded(lsp.history.current(database), near, *far)) {
    lsp.out_labels = {};
    return compute_way(lsp, own.rest);
  }
  lsp.out = *own.out;
  lsp.next = far->node;
  lsp.onward = std::move(own.rest);
  lsp.tried.insert(near);
  return std::nullopt;
}

te::Request Controller::Core::te_request(const Lsp& lsp, const rsvp::Route& rest) const {
  const rsvp::Message& path = lsp.path();
  te::Request request{.source = config.self,
                      .destination = lsp.key.end_point,
                      .signal = signal_of(path),
                      .bidirectional = lsp.bidirectional()};
  const rsvp::Route tail = tail_of(rest);
  if (!tail.empty()) {
    const auto& link = *tail.front().as<rsvp::UnnumberedHop>();
    request.egress = LinkEnd{{link.router_id}, link.interface_id};
    // RFC 4208 section 3.3: the route ends at a core node, behind it is a user that routing may
    // not know.
    if (database.node(request.destination) == nullptr) request.destination = request.egress->node;
    if (request.egress->node != request.destination) request.egress.reset();
  }
  if (const auto* const attribute = path.find<rsvp::SessionAttribute>();
      attribute != nullptr && attribute->affinities) {
    request.affinities = {.exclude_any = attribute->affinities->exclude_any,
                          .include_any = attribute->affinities->include_any,
                          .include_all = attribute->affinities->include_all};
  }
  if (const auto* const xro = path.find<rsvp::ExcludeRoute>()) {
    rsvp::ExcludeRoute must, should;
    for (const rsvp::Subobject& hop : xro->route) (hop.loose ? should : must).route.push_back(hop);
    collect(must, request.exclude);
    collect(should, request.avoid);
  }
  request.exclude |= lsp.away;
  // A segment is of its domain (RFC 5150 section 2): also when a way apart from others is asked for
  // that only other domains have.
  if (const std::uint32_t own = domain_of(config.self);
      own != 0 && (is_segment(path) || is_adjacency(path)) && domain_of(lsp.key.sender) == own &&
      domain_of(lsp.key.end_point) == own) {
    request.within_domain = own;
  }
  // Never back to where it came from, also where its route is not recorded (RFC 3209
  // section 4.4.4).
  if (lsp.role != Role::Ingress) request.exclude.nodes.insert(lsp.from.node);
  if (const auto* const rro = path.find<rsvp::RecordRoute>()) {
    for (const rsvp::Subobject& hop : rro->route) {  // it would come back to them
      if (const auto node = node_of(hop); node && *node != config.self) {
        request.exclude.nodes.insert(*node);
      }
    }
  }
  if (const Lsp* const other = fellow(lsp); other != nullptr && other->next != NodeId{}) {
    // What it has on the way is there for this one as well, as far as it is known here.
    request.shared[{config.self, other->out}] = te::LabelRanges::of(other->labels.out);
    const auto* const rro = other->resv_in ? other->resv_in->find<rsvp::RecordRoute>() : nullptr;
    if (rro != nullptr) collect_labels(rro->route, request.shared);
  }
  share_segments(lsp, request);
  const te::Node* const self = database.node(config.self);
  if (self != nullptr && !self->converts_labels && !lsp.segment_in) {
    std::vector<resource::LabelSetPart> parts;
    for (const rsvp::LabelSet& set : path.all<rsvp::LabelSet>()) {
      parts.push_back({static_cast<resource::LabelSetPart::Action>(set.action), set.subchannels});
    }
    if (const auto set = resource::read_label_set(parts); set && !parts.empty()) {
      request.first_labels = manager.to_local(lsp.in, *set);
    }
  }
  // A repair may leave what somebody upstream computed, never what was demanded: loose hops and the
  // end of the route. At the ingress all of it was demanded.
  const bool repairs = lsp.role != Role::Ingress && !lsp.history.empty();
  rsvp::Route kept;
  for (const rsvp::Subobject& hop : rest) {
    if (!repairs || hop.loose) kept.push_back(hop);
  }
  if (repairs && !tail.empty()) {
    kept.push_back(node_hop(request.destination, true));
    kept.insert(kept.end(), tail.begin(), tail.end());
  }
  request.route = computed_route(kept);
  return request;
}

std::optional<Trouble> Controller::Core::compute_way(Lsp& lsp, const rsvp::Route& rest) {
  te::Request request = te_request(lsp, rest);
  request.exclude |= lsp.history.current(database);
  // The first link of ours that is down or full, and leads where the way might have gone.
  const auto blocked_here = [&]() -> std::optional<LinkEnd> {
    for (const te::Link* const one : database.links_of(config.self)) {
      const LinkEnd& near = one->ends[0].node == config.self ? one->ends[0] : one->ends[1];
      if (excluded(request.exclude, near, one->other(near))) continue;
      if (!one->up || !request.signal.fits(manager.free_labels(near.interface))) return near;
    }
    return std::nullopt;
  };
  const auto path = finder.find(request);
  if (!path) {
    const te::Failure& failure = path.error();
    ErrorValue error = error_of(failure.reason);
    std::optional<LinkEnd> link = failure.link;
    if (failure.reason == te::NoPath::Down || failure.reason == te::NoPath::NoBandwidth ||
        failure.reason == te::NoPath::Excluded) {
      // K3: what is blocked is named, where it is ours.
      link = blocked_here();
      if (link) error = {ErrorCode::AdmissionControl, rsvp::admission::kBandwidth};
    }
    Trouble why = trouble(lsp, error, {.link = link});
    why.no_way = true;
    why.reason = "no_route." + std::string(te::to_string(failure.reason));
    return why;
  }
  if (path->hops.empty()) {  // the destination is here
    if (!path->egress) return trouble(lsp, way_error(rsvp::routing::kNoRouteToDestination), {});
    lsp.out_labels = {.down = path->egress_label, .up = path->egress_upstream_label};
    return egress_way(lsp, path->egress->interface);
  }
  const te::PathHop& first = path->hops.front();
  lsp.out = first.out.interface;
  lsp.next = first.in.node;
  lsp.tried.insert(first.out);
  lsp.out_labels = {};
  for (const te::RouteHop& hop : request.route) {
    const auto* const end = std::get_if<LinkEnd>(&hop.where);
    if (end != nullptr && *end == first.out) {
      lsp.out_labels = {.down = hop.label, .up = hop.upstream_label};
    }
  }
  lsp.onward = onward(*path, rest, request.destination);
  return std::nullopt;
}

rsvp::Route Controller::Core::onward(const te::Path& path, const rsvp::Route& rest,
                                     NodeId destination) const {
  const std::uint32_t own = domain_of(config.self);
  const te::Route wanted = computed_route(rest);
  const auto labels_of = [&wanted](LinkEnd end) -> ExplicitLabels {
    for (const te::RouteHop& hop : wanted) {
      const auto* const link = std::get_if<LinkEnd>(&hop.where);
      if (link != nullptr && *link == end) return {hop.label, hop.upstream_label};
    }
    return {};
  };
  rsvp::Route route;
  std::set<NodeId> passed{config.self};
  bool whole = true;
  for (std::size_t i = 0; i < path.hops.size(); ++i) {
    const NodeId node = path.hops[i].in.node;
    passed.insert(node);
    const std::uint32_t domain = domain_of(node);
    if (own != 0 && domain != own && i + 1 < path.hops.size()) {
      whole = false;  // the next domain knows its ways itself
      break;
    }
    if (i + 1 < path.hops.size()) {
      const rsvp::Route link = egress_hops(path.hops[i + 1].out, labels_of(path.hops[i + 1].out));
      route.insert(route.end(), link.begin(), link.end());
    }
  }
  if (!whole) {
    for (const rsvp::Subobject& hop : rest) {
      const auto node = node_of(hop);
      if (!hop.loose || !node || passed.contains(*node) || *node == destination) continue;
      route.push_back(hop);
    }
  }
  const rsvp::Route tail = tail_of(rest);
  if (!tail.empty() || !whole || path.hops.back().in.node == destination) {
    route.push_back(node_hop(destination, !whole));
  }
  if (!tail.empty() && node_of(tail.front()) == destination) {
    route.insert(route.end(), tail.begin(), tail.end());
  }
  return route;
}

}  // namespace forces::signaling::ason
