#include "tests/sim/signaling/plan.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>

namespace forces::signaling::test {
namespace {

constexpr std::uint32_t kJointSlots = 64;

te::LabelRanges slots(std::uint32_t count) { return te::LabelRanges::sdh_slots(1, count); }

// The next of each domain on the way to each other one, by the fewest borders; and the fibre there.
using Borders = std::map<std::pair<std::uint32_t, std::uint32_t>, NetworkPlan::Fibre>;
Borders next_borders(const NetworkPlan& plan) {
  std::map<std::uint32_t, std::vector<std::pair<std::uint32_t, NetworkPlan::Fibre>>> beside;
  for (const auto& fibre : plan.fibres) {
    const std::uint32_t a = plan.node(number_of(fibre.a.node)).domain;
    const std::uint32_t b = plan.node(number_of(fibre.b.node)).domain;
    if (a == b) continue;
    beside[a].emplace_back(b, fibre);
    beside[b].emplace_back(a, NetworkPlan::Fibre{fibre.b, fibre.a, fibre.reference, fibre.slots});
  }
  Borders next;
  for (const auto& [from, borders] : beside) {
    std::deque<std::uint32_t> due{from};
    while (!due.empty()) {
      const std::uint32_t at = due.front();
      due.pop_front();
      for (const auto& [domain, fibre] : beside[at]) {
        if (domain == from || next.contains({from, domain})) continue;
        next.emplace(std::pair(from, domain), at == from ? fibre : next.at({from, at}));
        due.push_back(domain);
      }
    }
  }
  return next;
}

void add_call_routes(NetworkPlan& plan) {
  const Borders borders = next_borders(plan);
  for (const auto& at : plan.nodes) {
    for (const auto& to : plan.nodes) {
      std::uint32_t next = at.number == to.number ? 0 : to.number;
      if (at.domain != to.domain) next = number_of(borders.at({at.domain, to.domain}).b.node);
      plan.routes.push_back({at.number, to.number, next});
    }
  }
}

}  // namespace

const NetworkPlan::Node& NetworkPlan::node(std::uint32_t number) const {
  return *std::ranges::find(nodes, number, &Node::number);
}

FePort NetworkPlan::port(const LinkEnd& end) const {
  const std::uint32_t number = number_of(end.node);
  return {number + kNodesOfFes * (end.interface % node(number).fes), end.interface};
}

std::vector<std::uint32_t> NetworkPlan::fes(std::uint32_t number) const {
  std::vector<std::uint32_t> all;
  for (std::uint32_t i = 0; i < node(number).fes; ++i) all.push_back(number + kNodesOfFes * i);
  return all;
}

NodeConfig NetworkPlan::config(std::uint32_t number) const {
  NodeConfig config = base;
  config.id = node_id(number);
  for (const Node& one : nodes) {
    config.nodes.push_back({.id = node_id(one.number),
                            .name = std::string("N").append(std::to_string(one.number)),
                            .domain = one.domain});
  }
  for (const std::uint32_t fe : fes(number)) config.fes.push_back({.id = fe});
  if (node(number).fes == 2) {
    config.inter_fe_links.push_back(
        {.a = {number, kJoint}, .b = {number + kNodesOfFes, kJoint}, .labels = slots(kJointSlots)});
  }
  auto& neighbors = config.engine.neighbors;
  for (const Fibre& fibre : fibres) {
    te::Link link{.ends = {fibre.a, fibre.b}, .reference = fibre.reference};
    for (te::Direction& direction : link.directions) {
      direction.metric = fibre.metric;
      if (fibre.compound) {
        direction.unreserved = 1e15;  // nobody but its ends knows its labels
      } else {
        direction.free = slots(fibre.slots);
      }
    }
    config.links.push_back(link);
    for (const auto& [near, far] : {std::pair(fibre.a, fibre.b), std::pair(fibre.b, fibre.a)}) {
      if (near.node != config.id) continue;
      config.interfaces.push_back({.id = near.interface,
                                   .port = port(near),
                                   .remote = far,
                                   .labels = slots(fibre.slots),
                                   .compound = fibre.compound,
                                   .discover = fibre.discover});
      const auto known = std::ranges::find(neighbors, far.node, &engine::NeighborConfig::node);
      if (known == neighbors.end()) {
        neighbors.push_back({.node = far.node, .channels = {near.interface}});
      } else {
        known->channels.push_back(near.interface);
      }
    }
  }
  for (const User& user : users) {
    if (user.end.node != config.id) continue;
    config.interfaces.push_back(
        {.id = user.end.interface, .port = port(user.end), .labels = slots(user.slots)});
  }
  for (const Adaptation& one : adaptations) {
    if (one.at != number) continue;
    for (const std::uint32_t id : {one.client, one.server}) {
      config.interfaces.push_back({.id = id,
                                   .port = port({config.id, id}),
                                   .labels = slots(id == one.client ? one.slots : 1)});
    }
    // VC-4s, in which there is room for VC-12s.
    config.connections.adaptations.push_back(
        {.client = one.client,
         .server = one.server,
         .label_request = {.encoding = rsvp::LabelRequest::kSdh,
                           .switching = rsvp::LabelRequest::kTdm,
                           .g_pid = 34},
         .tspec = {.traffic = rsvp::SonetSdh{.signal_type = 6, .multiplier = 1}}});
  }
  using namespace ason::calls;
  PolicyConfig& policy = config.calls.policy;
  policy.points.push_back(
      {.name = "network", .kind = PointKind::Enni, .peers = {Prefix::all_v4()}});
  policy.points.back().connections_of_call = connections_of_call;
  config.connections.ask_transit = Policy::limits_connections(policy);
  std::map<std::uint32_t, std::string> names;
  for (const Point& point : points) {
    if (point.a != number && point.b != number) continue;
    const std::uint32_t other = point.a == number ? point.b : point.a;
    std::string& name = names[other];
    name = std::string("to N").append(std::to_string(other));
    policy.points.push_back({.name = name,
                             .kind = PointKind::Inni,
                             .peers = {{rsvp::Address::v4(node_id(other).value), 32}},
                             .plan = point.plan});
  }
  for (const CallRoute& route : routes) {
    if (route.at != number) continue;
    ManagerRoute made{.destination = {rsvp::Address::v4(node_id(route.to).value), 32},
                      .point = names.contains(route.next) ? names.at(route.next) : "network"};
    if (route.next != 0) made.next = rsvp::Address::v4(node_id(route.next).value);
    policy.routes.push_back(made);
  }
  return config;
}

void NetworkPlan::adapt(std::uint32_t number, std::uint32_t count, std::uint32_t slots) {
  for (std::uint32_t i = 1; i <= count; ++i) {
    adaptations.push_back({number, kClients + i, kServers + i, slots});
  }
}

std::optional<FePort> NetworkPlan::inside(const FePort& server) const {
  for (const Adaptation& one : adaptations) {
    if (port({node_id(one.at), one.server}) == server) return port({node_id(one.at), one.client});
  }
  return std::nullopt;
}

std::optional<FePort> NetworkPlan::around(const FePort& client) const {
  for (const Adaptation& one : adaptations) {
    if (port({node_id(one.at), one.client}) == client) return port({node_id(one.at), one.server});
  }
  return std::nullopt;
}

NetworkPlan line_of_four() {
  using te::ReferencePoint;
  NetworkPlan plan;
  plan.nodes = {{1, 1}, {2, 2}, {3, 2}, {6, 3}};
  plan.fibres = {{{node_id(1), 12}, {node_id(2), 21}, ReferencePoint::ENni},
                 {{node_id(2), 23}, {node_id(3), 32}, ReferencePoint::INni},
                 {{node_id(3), 36}, {node_id(6), 63}, ReferencePoint::ENni}};
  plan.users = {{{node_id(1), 1}}, {{node_id(6), 7}}};
  for (std::size_t at = 0; at < plan.nodes.size(); ++at) {
    for (std::size_t to = 0; to < plan.nodes.size(); ++to) {
      const std::size_t next = to > at ? at + 1 : at - 1;
      plan.routes.push_back(
          {plan.nodes[at].number, plan.nodes[to].number, to == at ? 0 : plan.nodes[next].number});
    }
  }
  plan.base.engine.times.hello = 100ms;
  return plan;
}

NetworkPlan three_domains(const ason::calls::SegmentPlan& between, bool direct) {
  using te::ReferencePoint;
  NetworkPlan plan;
  plan.nodes = {{1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 2}, {6, 3}, {7, 2}};
  const auto fibre = [&](std::uint32_t a, std::uint32_t b, ReferencePoint reference) {
    plan.fibres.push_back({{node_id(a), 10 * a + b}, {node_id(b), 10 * b + a}, reference});
  };
  fibre(1, 2, ReferencePoint::INni);
  fibre(2, 3, ReferencePoint::ENni);
  fibre(3, 7, ReferencePoint::INni);
  fibre(7, 4, ReferencePoint::INni);
  fibre(4, 6, ReferencePoint::ENni);
  fibre(2, 5, ReferencePoint::ENni);
  plan.fibres.back().metric = 10;  // by N3, if that can be
  fibre(5, 4, ReferencePoint::INni);
  if (direct) fibre(3, 4, ReferencePoint::INni);
  plan.users = {{{node_id(1), 1}},
                {{node_id(1), 2}},
                {{node_id(6), 7}},
                {{node_id(6), 8}},
                {{node_id(4), 9}}};
  constexpr std::uint32_t kManagers[]{1, 3, 4, 6};
  for (std::size_t at = 0; at < std::size(kManagers); ++at) {
    for (std::size_t to = 0; to < std::size(kManagers); ++to) {
      const std::uint32_t next = to == at ? 0 : kManagers[to > at ? at + 1 : at - 1];
      plan.routes.push_back({kManagers[at], kManagers[to], next});
    }
  }
  plan.points = {{3, 4, between}, {5, 4, between}, {3, 5, between}};
  if (between.realisation == ason::calls::Realisation::Nested) {
    for (const std::uint32_t border : {3U, 4U, 5U}) plan.adapt(border, 2);
  }
  plan.base.engine.times.hello = 100ms;
  return plan;
}

NetworkPlan random_plan(std::uint64_t seed, std::uint32_t nodes,
                        ason::calls::Realisation realisation) {
  using ason::calls::Realisation;
  NetworkPlan plan;
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15);
  const auto pick = [&](std::uint64_t below) {
    return static_cast<std::uint32_t>(random() % below);
  };
  std::map<std::uint32_t, std::uint32_t> interfaces;
  const auto join = [&](std::uint32_t a, std::uint32_t b, te::ReferencePoint reference) {
    const auto end = [&](std::uint32_t n) { return LinkEnd{node_id(n), 11 + interfaces[n]++}; };
    plan.fibres.push_back({end(a), end(b), reference, 4 + pick(5)});
  };
  const std::uint32_t domains = std::clamp(nodes / 9, 2U, 6U);
  std::map<std::uint32_t, std::vector<std::uint32_t>> members;
  for (std::uint32_t n = 1; n <= nodes; ++n) {
    const std::uint32_t domain = 1 + (n - 1) * domains / nodes;
    plan.nodes.push_back({n, domain, pick(4) == 0 ? 2U : 1U});
    plan.users.push_back({{node_id(n), 1}, 8});
    members[domain].push_back(n);
  }
  for (const auto& [domain, ring] : members) {
    const auto size = static_cast<std::uint32_t>(ring.size());
    for (std::uint32_t i = 0; i < size; ++i) {
      if (size > 2 || i == 0) join(ring[i], ring[(i + 1) % size], te::ReferencePoint::INni);
    }
    for (std::uint32_t i = 0; i < size / 2; ++i) {
      const std::uint32_t a = ring[pick(size)], b = ring[pick(size)];
      if (a != b) join(a, b, te::ReferencePoint::INni);
    }
    // Two fibres to the next domain, the last with the first.
    const auto& next = members.at(domain % domains + 1);
    for (int i = 0; i < 2; ++i) {
      // One after the other: compilers differ in which of two arguments they draw first.
      const std::uint32_t other = next[pick(next.size())];
      join(ring[pick(size)], other, te::ReferencePoint::ENni);
    }
    for (std::size_t a = 0; realisation != Realisation::Contiguous && a < ring.size(); ++a) {
      if (realisation == Realisation::Nested) plan.adapt(ring[a], 4);
      for (std::size_t b = a + 1; b < ring.size(); ++b) {
        plan.points.push_back({ring[a], ring[b], {realisation}});
      }
    }
  }
  add_call_routes(plan);
  return plan;
}

NetworkPlan dumbbell(std::uint32_t edges, std::uint32_t connections) {
  NetworkPlan plan;
  const auto [left, right] = kMiddle;
  plan.nodes = {{left}, {right}};
  for (std::uint32_t i = 1; i <= (connections + kStm256 - 1) / kStm256; ++i) {
    plan.fibres.push_back({{node_id(left), i}, {node_id(right), i}, {}, kStm256});
  }
  for (std::uint32_t i = 0; i < edges; ++i) {
    const std::uint32_t edge = 3 + i;
    plan.nodes.push_back({edge});
    plan.fibres.push_back(
        {{node_id(edge), 2}, {node_id(kMiddle[i % 2]), 1'000 + edge}, {}, kStm256});
    plan.users.push_back({{node_id(edge), 1}, kStm256});
  }
  add_call_routes(plan);
  return plan;
}

}  // namespace forces::signaling::test
