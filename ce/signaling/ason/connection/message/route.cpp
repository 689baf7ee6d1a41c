#include "ce/signaling/ason/connection/message/route.hpp"

#include <algorithm>
#include <iterator>

namespace forces::signaling::ason {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;

constexpr ErrorValue hop_error(std::uint16_t value) { return {ErrorCode::RoutingProblem, value}; }

// Label subobjects from `at` on, at most one for each direction; false: more, or one upstream of
// an LSP of one direction.
bool take_labels(const rsvp::Route& route, std::size_t& at, bool bidirectional,
                 ExplicitLabels& labels) {
  for (; at < route.size(); ++at) {
    const auto* const label = route[at].as<rsvp::LabelHop>();
    if (label == nullptr) return true;
    auto& place = label->upstream() ? labels.up : labels.down;
    if (place || label->labels.empty() || (label->upstream() && !bidirectional)) return false;
    place = label->labels;
  }
  return true;
}

}  // namespace

bool covers(const rsvp::PrefixHop& hop, NodeId node) {
  if (hop.address.is_v6() || hop.prefix > 32) return false;
  const std::uint32_t mask = hop.prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - hop.prefix);
  return (hop.address.v4() & mask) == (node.value & mask);
}

OwnHops own_hops(NodeId self, LinkEnd from, LinkEnd in, bool bidirectional,
                 const rsvp::Route& received) {
  OwnHops own;
  const auto refuse = [&own](std::uint16_t value) {
    own.error = hop_error(value);
    return own;
  };
  std::size_t at = 0;
  // ason.md 2.3: a label without an interface before it.
  if (!received.empty() && received.front().as<rsvp::LabelHop>() != nullptr) {
    return refuse(rsvp::routing::kBadStrictNode);
  }
  while (at < received.size() && !own.out) {
    const rsvp::Subobject& hop = received[at];
    if (const auto* const prefix = hop.as<rsvp::PrefixHop>()) {
      if (!covers(*prefix, self)) break;
      ++at;
      continue;
    }
    const auto* const link = hop.as<rsvp::UnnumberedHop>();
    if (link == nullptr) break;
    if (link->router_id == self.value) {
      ++at;
      ExplicitLabels labels;
      if (!take_labels(received, at, bidirectional, labels)) {
        return refuse(rsvp::routing::kBadExplicitRoute);
      }
      if (in.interface == 0 || link->interface_id != in.interface) {
        own.out = link->interface_id;
        own.labels = std::move(labels);
      }
      continue;
    }
    if (from.interface != 0 && link->router_id == from.node.value) {
      // The link that the sender of the Path was told to take: it says in HOP which it took.
      if (at != 0 || link->interface_id != from.interface) {
        return refuse(rsvp::routing::kBadExplicitRoute);
      }
      ++at;
      ExplicitLabels labels;
      if (!take_labels(received, at, bidirectional, labels)) {
        return refuse(rsvp::routing::kBadExplicitRoute);
      }
      continue;
    }
    break;
  }
  own.rest.assign(received.begin() + static_cast<std::ptrdiff_t>(at), received.end());
  if (!own.rest.empty() && own.rest.front().as<rsvp::LabelHop>() != nullptr) {
    return refuse(rsvp::routing::kBadExplicitRoute);
  }
  // RFC 3209 section 4.3.4.1 step 1: a strict hop that is no part of this node, at the front.
  if (in.interface != 0 && at == 0 && !own.rest.empty() && !own.rest.front().loose) {
    return refuse(rsvp::routing::kBadInitialSubobject);
  }
  return own;
}

std::optional<NodeId> node_of(const rsvp::Subobject& hop) {
  if (const auto* const prefix = hop.as<rsvp::PrefixHop>()) {
    if (prefix->address.is_v6() || prefix->prefix != 32) return std::nullopt;
    return NodeId{prefix->address.v4()};
  }
  if (const auto* const link = hop.as<rsvp::UnnumberedHop>()) return NodeId{link->router_id};
  return std::nullopt;
}

bool names(const rsvp::Route& route, NodeId node) {
  return std::ranges::any_of(route, [node](const auto& hop) { return node_of(hop) == node; });
}

rsvp::Route tail_of(const rsvp::Route& route) {
  std::size_t at = route.size();
  while (at > 0 && route[at - 1].as<rsvp::LabelHop>() != nullptr) --at;
  if (at == 0 || route[at - 1].as<rsvp::UnnumberedHop>() == nullptr) return {};
  return {route.begin() + static_cast<std::ptrdiff_t>(at) - 1, route.end()};
}

rsvp::Subobject node_hop(NodeId node, bool loose) {
  return {.loose = loose, .hop = rsvp::PrefixHop{.address = rsvp::Address::v4(node.value)}};
}

rsvp::Subobject link_hop(LinkEnd end, bool loose) {
  return {.loose = loose,
          .hop = rsvp::UnnumberedHop{.router_id = end.node.value, .interface_id = end.interface}};
}

rsvp::Route egress_hops(LinkEnd end, const ExplicitLabels& labels) {
  rsvp::Route route;
  if (end.interface == 0) return route;
  route.push_back(link_hop(end));
  if (labels.down) route.push_back({.hop = rsvp::LabelHop{.labels = *labels.down}});
  if (labels.up) {
    route.push_back(
        {.hop = rsvp::LabelHop{.flags = rsvp::LabelHop::kUpstream, .labels = *labels.up}});
  }
  return route;
}

void collect_labels(const rsvp::Route& recorded, std::map<LinkEnd, te::LabelRanges>& labels) {
  std::optional<LinkEnd> link;
  for (const rsvp::Subobject& hop : recorded) {
    if (const auto* const end = hop.as<rsvp::UnnumberedHop>()) {
      link = LinkEnd{{end->router_id}, end->interface_id};
    } else if (const auto* const label = hop.as<rsvp::LabelHop>()) {
      if (link && !label->upstream()) labels[*link] |= te::LabelRanges::of(label->labels);
    } else if (hop.as<rsvp::AttributesHop>() == nullptr) {  // which stands between (RFC 5420 7.3.1)
      link.reset();
    }
  }
}

void record(rsvp::Route& route, LinkEnd out, const ExplicitLabels& labels) {
  rsvp::Route own = egress_hops(out, labels);
  if (out.interface == 0) own.push_back(node_hop(out.node));
  route.insert(route.begin(), std::make_move_iterator(own.begin()),
               std::make_move_iterator(own.end()));
}

}  // namespace forces::signaling::ason
