// Connections at their ingress: made, up, failed, gone.
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;

constexpr std::size_t kFailures = 16;

Failure invalid(std::string reason, Instant now,
                ErrorValue error = {ErrorCode::RoutingProblem, rsvp::routing::kBadExplicitRoute}) {
  return {.error = error, .reason = std::move(reason), .at = now};
}

// The way as a strict route, for the one who computed it: links out, and then the end.
rsvp::Route strict_route(const te::Path& path) {
  rsvp::Route route;
  for (const te::PathHop& hop : path.hops) route.push_back(link_hop(hop.out));
  return route;
}

}  // namespace

Connection* Controller::Core::connection_of(const Lsp& lsp) {
  if (lsp.connection.empty()) return nullptr;
  const auto at = connections.find(lsp.connection);
  return at == connections.end() ? nullptr : &at->second;
}

std::uint16_t Controller::Core::free_tunnel() {
  for (unsigned tries = 0; tries < 0xffff; ++tries) {
    if (++last_tunnel == 0) ++last_tunnel;
    if (tunnels.contains(last_tunnel)) continue;
    const bool taken = std::ranges::any_of(found, [&](const LspKey& key) {
      return key.sender == config.self && key.tunnel_id == last_tunnel;
    });
    if (taken) continue;
    tunnels.insert(last_tunnel);
    return last_tunnel;
  }
  return 0;
}

void Controller::Core::remember(Connection& connection, Failure failure) {
  if (connection.failures.size() >= kFailures)
    connection.failures.erase(connection.failures.begin());
  connection.failures.push_back(std::move(failure));
}

void Controller::Core::set_state(Connection& connection, ConnectionState state,
                                 const Failure* failure) {
  connection.state = state;
  persist(connection);
  ConnectionChanged changed{.name = connection.request.name, .state = state};
  if (failure != nullptr) changed.failure = *failure;
  out.push(std::move(changed));
}

std::expected<LspKey, Failure> Controller::Core::create(const ConnectionRequest& request,
                                                        Instant now) {
  if (request.name.empty() || request.name.size() > 255) {
    return std::unexpected(invalid("name", now));
  }
  if (connections.contains(request.name)) return std::unexpected(invalid("name_in_use", now));
  if (request.egress == NodeId{}) return std::unexpected(invalid("no_egress", now));
  const auto terminal = [&](const Terminal& one) {
    return request.segment ||
           (one.end.node == config.self && manager.interface(one.end.interface) != nullptr);
  };
  if (!terminal(request.ingress)) {
    Failure failure = invalid("unknown_ingress_interface", now);
    failure.link = request.ingress.end;
    return std::unexpected(std::move(failure));
  }
  if (lsps.size() + 2 > config.max_lsps) return std::unexpected(invalid("too_many_lsps", now));
  Connection fresh{.request = request, .created = now, .began = now};
  std::optional<te::PathPair> pair;
  if (request.recovery == Recovery::OnePlusOne) {
    if (!terminal(request.recovery_ingress)) {
      return std::unexpected(invalid("unknown_ingress_interface", now));
    }
    te::Request ask{.source = config.self, .destination = request.egress};
    rsvp::Message probe{.type = rsvp::MessageType::Path};
    probe.objects = {request.label_request, request.tspec};
    ask.signal = signal_of(probe);
    ask.bidirectional = request.bidirectional;
    if (request.affinities) {
      ask.affinities = {request.affinities->exclude_any, request.affinities->include_any,
                        request.affinities->include_all};
    }
    collect(rsvp::ExcludeRoute{request.exclude}, ask.exclude);
    const auto found_pair = finder.find_pair(ask, request.disjoint);
    if (!found_pair) {
      // T14: what a service level needs and the network cannot give.
      const std::uint16_t value =
          request.service_level ? rsvp::routing::kServiceLevel : rsvp::routing::kDiversity;
      return std::unexpected(
          invalid("no_route." + std::string(te::to_string(found_pair.error().reason)), now,
                  {ErrorCode::RoutingProblem, value}));
    }
    pair = *found_pair;
  }

  fresh.tunnel_id = free_tunnel();
  if (fresh.tunnel_id == 0) return std::unexpected(invalid("no_tunnel_id", now));
  Connection& connection = connections.emplace(request.name, std::move(fresh)).first->second;
  ++counters.setups;
  set_state(connection, ConnectionState::Setup);
  LspRoleInCall role{.shared_explicit = request.recovery == Recovery::Reroute};
  if (pair) {
    // RFC 4872 section 5: each names the other; the association is the working one's LSP ID.
    const std::uint16_t association = connection.tunnel_id;
    role.lsp_flags = rsvp::Protection::kOnePlusOneBidi;
    role.association_id = association;
    const LspKey working =
        start_lsp(connection, role, request.ingress, request.egress_end, request.explicit_route,
                  te::apart_from(pair->recovery, request.disjoint, database),
                  strict_route(pair->working), now);
    connection.current = working;
    role.protection = rsvp::Protection::kProtecting;
    connection.second =
        start_lsp(connection, role, request.recovery_ingress, request.recovery_egress, {},
                  te::apart_from(pair->working, request.disjoint, database),
                  strict_route(pair->recovery), now);
    persist(connection);
    advance(*connection.second, now);
    advance(working, now);
    return working;
  }
  const LspKey key = start_lsp(connection, role, request.ingress, request.egress_end,
                               request.explicit_route, {}, std::nullopt, now);
  connection.current = key;
  persist(connection);
  advance(key, now);
  return key;
}

LspKey Controller::Core::start_lsp(Connection& connection, const LspRoleInCall& role,
                                   const Terminal& ingress, const Terminal& egress,
                                   const rsvp::Route& route, const te::Exclusions& away,
                                   std::optional<rsvp::Route> first_route, Instant now) {
  const ConnectionRequest& request = connection.request;
  Lsp lsp;
  lsp.key = {.end_point = request.egress,
             .extended_tunnel_id = config.self.value,
             .sender = config.self,
             .tunnel_id = connection.tunnel_id,
             .lsp_id = ++connection.last_lsp};
  lsp.role = Role::Ingress;
  lsp.connection = request.name;
  if (request.segment) lsp.link_id = segment_link(lsp.key);
  if (request.adjacency != 0) {
    lsp.link_id = request.adjacency;
    adjacencies[lsp.link_id] = lsp.key;
  }
  lsp.in = ingress.end.interface;
  lsp.in_labels = ingress.labels;
  lsp.both_ways = request.bidirectional;
  lsp.away = away;
  lsp.created = now;
  rsvp::Message base = base_path(request, lsp.key, role);
  // The route that is demanded; it ends at the egress interface (RFC 4003).
  rsvp::Route demanded = route;
  rsvp::Route end{node_hop(request.egress, true)};
  const rsvp::Route tail = egress_hops(egress.end, egress.labels);
  end.insert(end.end(), tail.begin(), tail.end());
  if (!demanded.empty() || !tail.empty()) {
    demanded.insert(demanded.end(), end.begin(), end.end());
    base.objects.insert(base.objects.begin() + 1, rsvp::ExplicitRoute{demanded});
  }
  if (first_route) {
    end.front().loose = true;
    first_route->insert(first_route->end(), end.begin(), end.end());
    lsp.first_route = std::move(first_route);
  }
  lsp.path_in = std::make_shared<const rsvp::Message>(std::move(base));
  const LspKey key = lsp.key;
  connection.lsps.insert(key);
  Lsp& placed = lsps.emplace(key, std::move(lsp)).first->second;
  set_timer(placed, Lsp::Due::Setup, request.limits.setup, now);
  return key;
}

void Controller::Core::lsp_up(Lsp& lsp, Instant now) {
  const bool first = !lsp.established;
  if (first) {
    lsp.established = true;
    lsp.up_at = now;
    persist(lsp);
    tell_call(lsp, true);
    set_timer(lsp, Lsp::Due::History, config.history_hold, now);
  }
  Connection* const connection = connection_of(lsp);
  if (connection == nullptr) return;
  connection->attempts = lsp.attempts;
  if (connection->current == lsp.key) {
    connection->route = recorded(lsp);
    if (!first) return;
    if (connection->nominal.empty()) connection->nominal = connection->route;
    connection->setup_time = now - connection->began;
    connection->up_since = now;
    ++counters.up;
    const bool whole = !connection->second || (find(*connection->second) != nullptr &&
                                               find(*connection->second)->established);
    if (!whole) return persist(*connection);
    set_state(*connection, ConnectionState::Up);
    if (connection->request.segment) return segment_up(*connection, now);
    if (connection->request.adjacency != 0) return adjacency_up(lsp, now);
    return judge_transport(lsp, {}, nullptr, now);
  }
  if (!first) return;
  if (connection->second == lsp.key) {
    const Lsp* const working = connection->current ? find(*connection->current) : nullptr;
    if (working != nullptr && working->established && connection->state == ConnectionState::Setup) {
      set_state(*connection, ConnectionState::Up);
    }
    return;
  }
  if (connection->replacement != lsp.key) return;
  const auto old = connection->current;
  if (connection->state == ConnectionState::Broken ||
      connection->state == ConnectionState::Restoring) {
    connection->recovery_time = now - connection->broken_since;
  }
  connection->current = lsp.key;
  connection->replacement.reset();
  connection->route = recorded(lsp);
  if (connection->nominal.empty()) connection->nominal = connection->route;
  connection->broken = {};
  connection->up_since = now;
  set_state(*connection, ConnectionState::Up);
  judge_transport(lsp, {}, nullptr, now);
  if (!old) return;
  if (Lsp* const before = find(*old)) doom(*before, now);
}

void Controller::Core::lsp_failed(Lsp& lsp, const Failure& failure, Instant now) {
  Connection* const connection = connection_of(lsp);
  if (connection == nullptr) return;
  connection->attempts = lsp.attempts;
  remember(*connection, failure);
  if (connection->leaving) return;
  if (connection->replacement == lsp.key) {
    connection->replacement.reset();
    const Lsp* const current = connection->current ? find(*connection->current) : nullptr;
    const bool works = current != nullptr && current->established && current->failing_at.empty();
    set_state(*connection, works ? ConnectionState::Up : ConnectionState::Broken, &failure);
    return;
  }
  if (connection->second == lsp.key) {
    connection->second.reset();
    if (connection->state == ConnectionState::Up) return persist(*connection);
    // Both were asked for: without one of them it is not what was asked for.
    ++counters.failed;
    set_state(*connection, ConnectionState::Failed, &failure);
    const auto working = connection->current;
    connection->current.reset();
    if (working && find(*working) != nullptr) doom(*find(*working), now);
    return;
  }
  if (connection->current != lsp.key) return;
  connection->current.reset();
  if (connection->request.carries_others()) return segment_failed(*connection, failure, now);
  const bool was_up = connection->state != ConnectionState::Setup;
  if (!was_up) ++counters.failed;
  if (was_up && connection->replacement) return persist(*connection);
  if (was_up) {
    connection->broken_since = now;
    set_state(*connection, ConnectionState::Broken, &failure);
    if (connection->request.recovery == Recovery::Reroute && !connection->frozen) {
      te::Exclusions away;
      if (failure.link) away.links.insert(*failure.link);
      connection->broken |= away;
      restore(*connection, now);
    }
    return;
  }
  set_state(*connection, ConnectionState::Failed, &failure);
  const auto second = std::exchange(connection->second, std::nullopt);
  if (second && find(*second) != nullptr) doom(*find(*second), now);
}

void Controller::Core::lsp_gone(const LspKey& key, const std::string& name, Instant now) {
  const auto at = connections.find(name);
  if (at == connections.end()) return;
  Connection& connection = at->second;
  connection.lsps.erase(key);
  const auto drop = [&key](std::optional<LspKey>& one) {
    if (one == key) one.reset();
  };
  drop(connection.replacement);
  drop(connection.second);
  if (connection.current == key) {
    connection.current.reset();
    // Its end was asked for from the other side.
    if (connection.state == ConnectionState::Up) connection.leaving = true;
  }
  if (!connection.leaving) return persist(connection);
  if (!connection.lsps.empty()) return release(connection, now);
  if (connection.request.carries_others()) {
    tell_waiting(connection,
                 {.error = {ErrorCode::AdmissionControl, rsvp::admission::kBandwidth},
                  .node = config.self,
                  .reason = "released",
                  .at = now},
                 now);
  }
  ++counters.released;
  forget_connection(name);
  tunnels.erase(connection.tunnel_id);
  out.push(ConnectionChanged{.name = name, .state = ConnectionState::Released});
  connections.erase(name);
}

}  // namespace forces::signaling::ason
