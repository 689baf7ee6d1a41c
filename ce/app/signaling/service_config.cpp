// From what the configuration says to what a Service takes.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "ce/app/signaling/config.hpp"
#include "ce/app/signaling/text.hpp"

namespace forces::ce {
namespace {

namespace engine = signaling::engine;
namespace resource = signaling::resource;
namespace calls = signaling::ason::calls;
using signaling::LinkEnd;
using signaling::NodeId;

template <class T>
using Made = std::expected<T, std::string>;

Made<std::vector<engine::Key>> keys_of(const SignalingSettings& s, const std::string* node) {
  std::vector<engine::Key> keys;
  for (const KeySettings& key : s.keys) {
    const bool theirs =
        node != nullptr && std::ranges::find(key.neighbors, *node) != key.neighbors.end();
    if (!key.neighbors.empty() && !theirs) continue;
    auto secret = read_secret(fmt::format("[[signaling.key]] {}", key.id), key.secret_file);
    if (!secret) return std::unexpected(secret.error());
    keys.push_back({.id = key.id,
                    .digest = key.digest,
                    .secret = std::move(*secret),
                    .send_from = instant_of(key.send_from, Instant::min()),
                    .send_until = instant_of(key.send_until, Instant::max()),
                    .accept_from = instant_of(key.accept_from, Instant::min()),
                    .accept_until = instant_of(key.accept_until, Instant::max())});
  }
  return keys;
}

signaling::te::LabelRanges labels_of(const std::vector<std::string>& texts) {
  return labels_in(texts).value_or(signaling::te::LabelRanges{});
}

signaling::te::Link link_of(const TeLinkSettings& settings) {
  // Of a compound link nobody but its ends knows how labels are numbered: any will do.
  constexpr double kUnlimited = 1e15;
  signaling::te::Link link = settings.values;
  for (auto& direction : link.directions) {
    direction.metric = settings.metric;
    if (settings.compound) {
      direction.unreserved = kUnlimited;
    } else {
      direction.free = labels_of(settings.labels);
    }
  }
  return link;
}

resource::InterfaceConfig interface_of(const InterfaceSettings& settings, const TeSettings& te,
                                       NodeId self) {
  resource::InterfaceConfig interface = settings.values;
  interface.labels = labels_of(settings.labels);
  const LinkEnd near{self, interface.id};
  for (const TeLinkSettings& link : te.links) {
    const auto& ends = link.values.ends;
    if (ends[0] != near && ends[1] != near) continue;
    interface.remote = link.values.other(near);
    interface.switching = link.values.switching;
    interface.encoding = link.values.encoding;
    interface.compound = link.compound;
    interface.discover = link.discover;
    if (settings.labels.empty()) interface.labels = labels_of(link.labels);
  }
  return interface;
}

calls::PolicyConfig policy_of(const PolicySettings& settings) {
  calls::PolicyConfig policy;
  policy.default_point = settings.default_point;
  policy.levels = settings.levels;
  for (const PointSettings& point : settings.points) policy.points.push_back(point.values);
  for (const ManagerRouteSettings& route : settings.routes) {
    calls::ManagerRoute made{.point = route.point};
    made.destination = prefix_in(route.destination).value_or(calls::Prefix{});
    if (const auto next = node_in(route.next)) made.next = calls::Address::v4(next->value);
    policy.routes.push_back(std::move(made));
  }
  return policy;
}

signaling::ason::Adaptation adaptation_of(const AdaptationSettings& settings) {
  constexpr std::uint8_t kVc4 = 6, kVc3 = 5;  // RFC 4606 section 2.1
  const std::uint8_t type = settings.signal == 0 ? kVc4 : kVc3;
  return {.client = settings.client,
          .server = settings.server,
          .label_request = {.encoding = rsvp::LabelRequest::kSdh,
                            .switching = rsvp::LabelRequest::kTdm},
          .tspec = {.traffic = rsvp::SonetSdh{.signal_type = type, .multiplier = 1}}};
}

void add_fes(signaling::NodeConfig& node, const std::vector<resource::FeConfig>& special) {
  std::set<std::uint32_t> ids;
  for (const auto& interface : node.interfaces) ids.insert(interface.port.fe);
  for (const auto& link : node.inter_fe_links) ids.insert({link.a.fe, link.b.fe});
  for (const std::uint32_t id : ids) {
    const auto at = std::ranges::find(special, id, &resource::FeConfig::id);
    node.fes.push_back(at != special.end() ? *at : resource::FeConfig{.id = id});
  }
}

// The nodes at the other ends of this node's TE links.
Made<std::vector<engine::NeighborConfig>> neighbors_of(const AsonSettings& s) {
  const NodeId self = node_in(s.signaling.node).value_or(NodeId{});
  std::map<NodeId, engine::NeighborConfig> neighbors;
  for (const TeLinkSettings& link : s.te.links) {
    const auto& ends = link.values.ends;
    for (std::size_t i = 0; i < 2; ++i) {
      if (ends[i].node != self) continue;
      auto& neighbor = neighbors[ends[1 - i].node];
      neighbor.node = ends[1 - i].node;
      neighbor.channels.push_back(ends[i].interface);
    }
  }
  for (const NeighborSettings& one : s.signaling.neighbors) {
    const auto at = neighbors.find(one.values.node);
    if (at == neighbors.end()) continue;
    auto channels = std::move(at->second.channels);
    at->second = one.values;
    at->second.channels = std::move(channels);
  }
  std::vector<engine::NeighborConfig> all;
  for (auto& [node, neighbor] : neighbors) {
    const std::string text = calls::to_text(calls::Address::v4(node.value));
    auto keys = keys_of(s.signaling, &text);
    if (!keys) return std::unexpected(keys.error());
    neighbor.security = s.signaling.security;
    neighbor.security.keys = std::move(*keys);
    std::ranges::sort(neighbor.channels);
    all.push_back(std::move(neighbor));
  }
  return all;
}

}  // namespace

Made<signaling::ServiceConfig> signaling_config(const AsonSettings& s) {
  signaling::ServiceConfig config;
  config.store = s.signaling.store;
  if (config.store.in_memory) config.store.file.clear();
  if (s.signaling.kind == StoreKind::Etcd) {
    config.etcd = s.signaling.etcd;
    if (config.etcd->group.empty()) config.etcd->group = s.signaling.node;
  }
  signaling::NodeConfig& node = config.node;
  node.id = node_in(s.signaling.node).value_or(NodeId{});
  for (const TeNodeSettings& one : s.te.nodes) node.nodes.push_back(one.values);
  for (const TeLinkSettings& one : s.te.links) node.links.push_back(link_of(one));
  for (const InterfaceSettings& one : s.signaling.interfaces) {
    node.interfaces.push_back(interface_of(one, s.te, node.id));
  }
  for (const InterFeLinkSettings& one : s.signaling.inter_fe_links) {
    node.inter_fe_links.push_back({.a = port_in(one.a).value_or(signaling::FePort{}),
                                   .b = port_in(one.b).value_or(signaling::FePort{}),
                                   .labels = labels_of(one.labels)});
  }
  add_fes(node, s.signaling.fes);
  for (const LabelMapSettings& row : s.signaling.label_map) {
    node.label_map.push_back({row.interface, row.local, row.remote});
  }
  node.claim_time = s.signaling.claim_time;
  node.engine.times = s.signaling.times;
  node.engine.restart = s.signaling.restart;
  auto neighbors = neighbors_of(s);
  if (!neighbors) return std::unexpected(neighbors.error());
  node.engine.neighbors = std::move(*neighbors);
  auto keys = keys_of(s.signaling, nullptr);
  if (!keys) return std::unexpected(keys.error());
  node.engine.learned_security = s.signaling.security;
  node.engine.learned_security.keys = std::move(*keys);
  node.connections = s.signaling.connections;
  node.connections.repair = s.signaling.limits;
  for (const AdaptationSettings& one : s.signaling.adaptations) {
    node.connections.adaptations.push_back(adaptation_of(one));
  }
  if (!s.policy.levels.empty()) {
    auto& levels = node.connections.service_levels.emplace();
    for (const calls::ServiceLevel& level : s.policy.levels) {
      if (level.available) levels.insert(level.level);
    }
  }
  node.calls = s.signaling.calls;
  node.calls.policy = policy_of(s.policy);
  node.connections.ask_transit = calls::Policy::limits_connections(node.calls.policy);
  for (const NodeId peer : segment_peers(node)) {
    auto& known = node.engine.neighbors;
    if (std::ranges::find(known, peer, &engine::NeighborConfig::node) != known.end()) continue;
    const std::string text = calls::to_text(calls::Address::v4(peer.value));
    auto theirs = keys_of(s.signaling, &text);
    if (!theirs) return std::unexpected(theirs.error());
    known.push_back(signaling::far_neighbor(peer));
    known.back().security = s.signaling.security;
    known.back().security.keys = std::move(*theirs);
  }
  return config;
}

}  // namespace forces::ce
