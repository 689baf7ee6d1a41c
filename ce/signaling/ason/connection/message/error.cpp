#include "ce/signaling/ason/connection/message/error.hpp"

#include <algorithm>

#include "ce/signaling/ason/connection/message/route.hpp"

namespace forces::signaling::ason {
namespace {

using rsvp::Address;
using rsvp::InterfaceTlv;
using Type = rsvp::InterfaceTlvType;

InterfaceTlv interface_tlv(Type type, LinkEnd end) {
  return InterfaceTlv::of(type, rsvp::IfIndex{Address::v4(end.node.value), end.interface});
}

InterfaceTlv label_tlv(Type type, const rsvp::Words& labels) {
  InterfaceTlv tlv = InterfaceTlv::of(type, labels.front());
  for (std::size_t i = 1; i < labels.size(); ++i) {
    const InterfaceTlv more = InterfaceTlv::of(type, labels[i]);
    tlv.value.insert(tlv.value.end(), more.value.begin(), more.value.end());
  }
  return tlv;
}

std::optional<LinkEnd> link_of(const InterfaceTlv& tlv) {
  const auto index = tlv.if_index();
  if (!index || index->address.is_v6()) return std::nullopt;
  return LinkEnd{{index->address.v4()}, index->id};
}

std::optional<NodeId> node_of_tlv(const InterfaceTlv& tlv) {
  if (tlv.type == Type::NodeId) {
    const auto number = tlv.number();
    return number ? std::optional(NodeId{*number}) : std::nullopt;
  }
  const auto address = tlv.address();
  if (!address || address->is_v6()) return std::nullopt;
  return NodeId{address->v4()};
}

}  // namespace

rsvp::ErrorSpec error_spec(NodeId self, rsvp::ErrorValue error, const Blocked& blocked,
                           bool path_state_removed) {
  rsvp::ErrorSpec spec{.node = Address::v4(self.value), .error = error, .if_id = true};
  if (path_state_removed) spec.flags = rsvp::ErrorSpec::kPathStateRemoved;
  auto& tlvs = spec.tlvs;
  if (blocked.link) {
    tlvs.push_back(interface_tlv(Type::IfIndex, *blocked.link));
  } else {
    tlvs.push_back(InterfaceTlv::of(Type::Ipv4, Address::v4(blocked.node.value_or(self).value)));
  }
  if (!blocked.down.empty()) tlvs.push_back(label_tlv(Type::DownstreamLabel, blocked.down));
  if (!blocked.up.empty()) tlvs.push_back(label_tlv(Type::UpstreamLabel, blocked.up));
  if (blocked.node) tlvs.push_back(InterfaceTlv::of(Type::NodeId, blocked.node->value));
  const std::span<const rsvp::Subobject> ero(blocked.ero);
  if (!ero.empty()) {
    if (auto tlv = InterfaceTlv::of(Type::EroContext, ero.first(1))) {
      tlvs.push_back(*std::move(tlv));
    }
  }
  if (ero.size() > 1) {
    if (auto tlv = InterfaceTlv::of(Type::EroNextContext, ero.subspan(1, 1))) {
      tlvs.push_back(*std::move(tlv));
    }
  }
  if (blocked.incoming) tlvs.push_back(interface_tlv(Type::IncomingIfIndex, *blocked.incoming));
  tlvs.push_back(InterfaceTlv::of(Type::ReportingNodeId, self.value));
  add_exclusions(spec, blocked.nodes, blocked.links);
  return spec;
}

void add_exclusions(rsvp::ErrorSpec& spec, const std::set<NodeId>& nodes,
                    const std::set<LinkEnd>& links) {
  spec.if_id = true;
  const auto add = [&spec](Type type, std::vector<InterfaceTlv> more) {
    if (more.empty()) return;
    const auto old = std::ranges::find(spec.tlvs, type, &InterfaceTlv::type);
    std::vector<InterfaceTlv> all;
    if (old != spec.tlvs.end()) all = old->exclusions().value_or(std::vector<InterfaceTlv>{});
    for (InterfaceTlv& tlv : more) {
      if (std::ranges::find(all, tlv) == all.end()) all.push_back(std::move(tlv));
    }
    auto made = InterfaceTlv::of(type, std::span<const InterfaceTlv>(all));
    if (!made) return;  // longer than a TLV can be: what was there stays
    if (old != spec.tlvs.end()) {
      *old = *std::move(made);
    } else {
      spec.tlvs.push_back(*std::move(made));
    }
  };
  std::vector<InterfaceTlv> tlvs;
  for (const NodeId node : nodes) tlvs.push_back(InterfaceTlv::of(Type::NodeId, node.value));
  add(Type::NodeExclusions, std::move(tlvs));
  tlvs.clear();
  for (const LinkEnd link : links) tlvs.push_back(interface_tlv(Type::IfIndex, link));
  add(Type::LinkExclusions, std::move(tlvs));
}

bool about_label(rsvp::ErrorValue error) {
  using namespace rsvp::routing;
  return error.code == rsvp::ErrorCode::RoutingProblem &&
         (error.value == kUnacceptableLabel || error.value == kLabelAllocation ||
          error.value == kLabelSet);
}

bool contention(rsvp::ErrorValue error) {
  return error ==
         rsvp::ErrorValue{rsvp::ErrorCode::RoutingProblem, rsvp::routing::kLabelAllocation};
}

bool collect(const rsvp::ErrorSpec& spec, te::Exclusions& into) {
  const te::Exclusions before = into;
  std::optional<LinkEnd> link;
  std::optional<NodeId> node;
  rsvp::Words labels;
  for (const InterfaceTlv& tlv : spec.tlvs) {
    switch (tlv.type) {
      case Type::IfIndex:
        if (!link) link = link_of(tlv);
        break;
      case Type::Ipv4:
      case Type::NodeId:
        if (const auto named = node_of_tlv(tlv); named && !node) node = named;
        break;
      case Type::DownstreamLabel:
      case Type::UpstreamLabel:
        if (const auto words = tlv.labels()) {
          labels.insert(labels.end(), words->begin(), words->end());
        }
        break;
      case Type::OspfArea:
        if (const auto area = tlv.number()) into.areas.insert(*area);
        break;
      case Type::NodeExclusions:
        for (const InterfaceTlv& one : tlv.exclusions().value_or(std::vector<InterfaceTlv>{})) {
          if (const auto named = node_of_tlv(one)) into.nodes.insert(*named);
        }
        break;
      case Type::LinkExclusions:
        for (const InterfaceTlv& one : tlv.exclusions().value_or(std::vector<InterfaceTlv>{})) {
          if (const auto named = link_of(one)) into.links.insert(*named);
        }
        break;
      default:
        break;
    }
  }
  if (link && !labels.empty() && about_label(spec.error)) {
    into.labels[*link] |= te::LabelRanges::of(labels);
  } else if (link) {
    into.links.insert(*link);
  } else if (node) {
    into.nodes.insert(*node);
  }
  return into != before || link || node;
}

rsvp::Route exclude_route(const te::Exclusions& exclusions) {
  rsvp::Route route;
  for (const NodeId node : exclusions.nodes) {
    rsvp::Subobject hop = node_hop(node);
    std::get<rsvp::PrefixHop>(hop.hop).flags = rsvp::kExcludeNode;
    route.push_back(std::move(hop));
  }
  for (const LinkEnd link : exclusions.links) route.push_back(link_hop(link));
  return route;
}

void collect(const rsvp::ExcludeRoute& route, te::Exclusions& into) {
  for (const rsvp::Subobject& hop : route.route) {
    if (const auto* const link = hop.as<rsvp::UnnumberedHop>()) {
      if (link->attribute == rsvp::kExcludeNode) {
        into.nodes.insert(NodeId{link->router_id});
      } else if (link->attribute == rsvp::kExcludeInterface) {
        into.links.insert({NodeId{link->router_id}, link->interface_id});
      }
    } else if (const auto* const prefix = hop.as<rsvp::PrefixHop>()) {
      if (!prefix->address.is_v6() && prefix->prefix == 32 && prefix->flags == rsvp::kExcludeNode) {
        into.nodes.insert(NodeId{prefix->address.v4()});
      }
    }
  }
}

}  // namespace forces::signaling::ason
