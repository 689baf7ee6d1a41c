// What an operator does to connections: release, another way, back, and no more of its own accord.
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

namespace bits = rsvp::admin_status;

// The links of an RRO, as a route that can be asked for; the labels are not.
rsvp::Route links_of(const rsvp::Route& recorded, const te::Database& database) {
  rsvp::Route route;
  for (const rsvp::Subobject& hop : recorded) {
    const auto* const link = hop.as<rsvp::UnnumberedHop>();
    if (link == nullptr) continue;
    const LinkEnd end{{link->router_id}, link->interface_id};
    if (database.link(end) != nullptr) route.push_back(link_hop(end));
  }
  return route;
}

}  // namespace

// RFC 3473 section 7.2.1: first all nodes are told that its end is no fault.
void Controller::Core::delete_lsp(Lsp& lsp, Instant now) {
  if (lsp.doomed) return;
  if (Connection* const connection = connection_of(lsp)) {
    if (!connection->leaving && connection->current == lsp.key) {
      connection->leaving = true;
      set_state(*connection, ConnectionState::Releasing);
    }
  }
  const bool alone = lsp.next == NodeId{};
  if (!lsp.established || lsp.recovering || alone || !lsp.below || lost.contains(lsp.next)) {
    return doom(lsp, now);
  }
  if (lsp.deleting) return;
  lsp.deleting = true;
  rsvp::Message base = lsp.path();
  set_admin_status(base, bits::kReflect | bits::kDelete);
  lsp.path_in = std::make_shared<const rsvp::Message>(std::move(base));
  manager.set_alarm_mask(lsp.key, ~std::uint32_t{0}, now);
  send_path(lsp, now);
  set_timer(lsp, Lsp::Due::Graceful, config.graceful, now);
}

void Controller::Core::release(Connection& connection, Instant now) {
  const std::string name = connection.request.name;
  if (!connection.leaving || connection.state != ConnectionState::Releasing) {
    connection.leaving = true;
    set_state(connection, ConnectionState::Releasing);
  }
  if (connection.lsps.empty()) {
    ++counters.released;
    forget_connection(name);
    tunnels.erase(connection.tunnel_id);
    out.push(ConnectionChanged{.name = name, .state = ConnectionState::Released});
    connections.erase(name);
    return;
  }
  for (const LspKey& key : std::vector(connection.lsps.begin(), connection.lsps.end())) {
    if (Lsp* const lsp = find(key); lsp != nullptr && !lsp->deleting) delete_lsp(*lsp, now);
  }
}

void Controller::Core::retry(Connection& connection, Instant now) {
  if (connection.state == ConnectionState::Broken) return restore(connection, now);
  connection.began = now;
  connection.attempts = {};
  set_state(connection, ConnectionState::Setup);
  const ConnectionRequest& request = connection.request;
  const LspRoleInCall role{.shared_explicit = request.recovery == Recovery::Reroute};
  const LspKey key = start_lsp(connection, role, request.ingress, request.egress_end,
                               request.explicit_route, {}, std::nullopt, now);
  connection.current = key;
  persist(connection);
  advance(key, now);
}

// RFC 4872 section 11: a new LSP of the same session, SE style; the old one goes when it is up.
bool Controller::Core::replace(Connection& connection, const rsvp::Route& route,
                               const te::Exclusions& away, Instant now) {
  if (connection.leaving || connection.replacement) return false;
  const ConnectionRequest& request = connection.request;
  LspRoleInCall role{.lsp_flags = rsvp::Protection::kRerouting, .shared_explicit = true};
  Terminal ingress = request.ingress;
  if (connection.current) {
    role.sharing_id = connection.current->lsp_id;
    if (const Lsp* const old = find(*connection.current)) {
      // The user stays on his label, also where he left the choice to us.
      if (!old->labels.in.empty()) ingress.labels.down = old->labels.in;
      if (!old->labels.upstream_in.empty()) ingress.labels.up = old->labels.upstream_in;
    }
  }
  const LspKey key =
      start_lsp(connection, role, ingress, request.egress_end, route, away, std::nullopt, now);
  connection.replacement = key;
  ++counters.restorations;
  persist(connection);
  advance(key, now);
  return true;
}

void Controller::Core::restore(Connection& connection, Instant now) {
  if (connection.frozen || connection.leaving || connection.replacement) return;
  if (connection.state != ConnectionState::Broken) return;
  set_state(connection, ConnectionState::Restoring);
  (void)replace(connection, connection.request.explicit_route, connection.broken, now);
}

bool Controller::Core::ask_release(Lsp& lsp, Instant now) {
  if (lsp.doomed || !lsp.established || lsp.recovering) return false;
  if (lsp.role == Role::Ingress) {
    delete_lsp(lsp, now);
    return true;
  }
  if (lsp.role == Role::Egress) {
    // RFC 3473 section 7.2.1, from the egress.
    ResvHop hop{.label = lsp.labels.in};
    if (lsp.path().find<rsvp::RecordRoute>() != nullptr) hop.rro = recorded(lsp);
    rsvp::Message resv = resv_for_hop(lsp.path(), nullptr, hop);
    set_admin_status(resv, bits::kReflect | bits::kDelete);
    out.push(SetResv{lsp.key, std::make_shared<const rsvp::Message>(std::move(resv))});
  } else {
    const auto* const to = lsp.path().find<rsvp::NotifyRequest>();
    if (to == nullptr || to->address.is_v6()) return false;
    const rsvp::ErrorSpec none{.node = rsvp::Address::v4(config.self.value)};
    out.push(SendNotify{{to->address.v4()}, lsp_notify(lsp.path(), none, bits::kDelete)});
  }
  lsp.deleting = true;
  manager.set_alarm_mask(lsp.key, ~std::uint32_t{0}, now);
  persist(lsp);
  set_timer(lsp, Lsp::Due::Asked, config.graceful, now);
  return true;
}

bool Controller::release(std::string_view name, Instant now) {
  const auto at = core_->connections.find(name);
  if (at == core_->connections.end()) return false;
  core_->release(at->second, now);
  return true;
}

bool Controller::retry(std::string_view name, Instant now) {
  const auto at = core_->connections.find(name);
  if (at == core_->connections.end()) return false;
  Connection& connection = at->second;
  if (connection.leaving || connection.replacement) return false;
  if (connection.state == ConnectionState::Failed && !connection.lsps.empty()) return false;
  if (connection.state != ConnectionState::Failed && connection.state != ConnectionState::Broken) {
    return false;
  }
  core_->retry(connection, now);
  return true;
}

bool Controller::reroute(std::string_view name, const te::Exclusions& exclude, Instant now) {
  const auto at = core_->connections.find(name);
  if (at == core_->connections.end()) return false;
  Connection& connection = at->second;
  if (connection.second || connection.request.carries_others() ||
      (connection.state != ConnectionState::Up && connection.state != ConnectionState::Broken)) {
    return false;
  }
  te::Exclusions away = exclude;
  if (away.empty()) {
    for (const rsvp::Subobject& hop : links_of(connection.route, core_->database)) {
      const auto& link = *hop.as<rsvp::UnnumberedHop>();
      away.links.insert({{link.router_id}, link.interface_id});
    }
  }
  return core_->replace(connection, connection.request.explicit_route, away, now);
}

bool Controller::freeze(std::string_view name, bool frozen, Instant now) {
  const auto at = core_->connections.find(name);
  if (at == core_->connections.end()) return false;
  at->second.frozen = frozen;
  core_->persist(at->second);
  if (!frozen && at->second.request.recovery == Recovery::Reroute) {
    core_->restore(at->second, now);
  }
  return true;
}

bool Controller::revert(std::string_view name, Instant now) {
  const auto at = core_->connections.find(name);
  if (at == core_->connections.end()) return false;
  Connection& connection = at->second;
  const rsvp::Route nominal = links_of(connection.nominal, core_->database);
  if (connection.second || nominal.empty() ||
      nominal == links_of(connection.route, core_->database)) {
    return false;
  }
  return core_->replace(connection, nominal, {}, now);
}

bool Controller::make_permanent(std::string_view name, Instant now) {
  (void)now;
  const auto at = core_->connections.find(name);
  if (at == core_->connections.end() || at->second.state != ConnectionState::Up) return false;
  at->second.nominal = at->second.route;
  core_->persist(at->second);
  return true;
}

bool Controller::ask_release(const LspKey& key, Instant now) {
  Lsp* const lsp = core_->find(key);
  return lsp != nullptr && core_->ask_release(*lsp, now);
}

}  // namespace forces::signaling::ason
