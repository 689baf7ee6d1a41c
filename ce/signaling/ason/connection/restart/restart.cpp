// After a restart of this node, or of a neighbour (RFC 3473 section 9, RFC 5063, ason.md 2.8).
//
// Three things are put together for each LSP: rows that FEs kept, the journal if there is one, and
// what neighbours give back: a Path with RECOVERY_LABEL from upstream, a RecoveryPath from
// downstream. An LSP goes on when its rows are taken over and its upstream half is there again;
// without a journal also when its way on is known. What is missing for ever leaves it as it is,
// with an alarm (R1); pending work that nobody gives back is undone (R5).
#include <algorithm>
#include <utility>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {

void request_of(const rsvp::Message& path, ConnectionRequest& request);  // journal.cpp

namespace {

// Of a contiguous concatenation each label stands for several slots; the first one names it.
rsvp::Words firsts(std::vector<Label> labels, std::uint32_t width) {
  rsvp::Words words;
  for (std::size_t i = 0; i < labels.size(); i += std::max<std::uint32_t>(width, 1)) {
    words.push_back(labels[i]);
  }
  return words;
}

}  // namespace

void Controller::Core::start(Instant now) {
  if (config.recovering) recovery_at = now + config.recovery;
  if (whole_journal || damaged_journal) last_tunnel = config.last_tunnel;
  recover_segments(now);
  for (const auto& [id, tear] : tears) out.push(TearPath{id.first, id.second, tear.message});
  std::vector<LspKey> keys;
  for (const auto& [key, lsp] : lsps) {
    keys.push_back(key);
    if (lsp.next != NodeId{}) lost.insert(lsp.next);
  }
  std::ranges::sort(keys);
  for (const LspKey& key : keys) {
    Lsp& lsp = *find(key);
    if (Connection* const connection = connection_of(lsp)) {
      connection->lsps.insert(key);
      if (connection->leaving) lsp.doomed = true;
    } else if (lsp.role == Role::Ingress) {
      lsp.doomed = true;  // of a connection that is no more
    }
    if (lsp.role == Role::Ingress && lsp.deleting) lsp.doomed = true;  // R6
    if (lsp.doomed) doom(lsp, now);
  }
  for (auto& [name, connection] : connections) {
    const auto there = [&](std::optional<LspKey>& key) {
      if (key && !connection.lsps.contains(*key)) key.reset();
    };
    there(connection.current);
    there(connection.replacement);
    const Lsp* const next = connection.replacement ? find(*connection.replacement) : nullptr;
    if (next != nullptr && next->doomed) connection.replacement.reset();
    there(connection.second);
    if (connection.state == ConnectionState::Restoring && !connection.replacement) {
      connection.state = ConnectionState::Broken;  // it had not begun, or had ended
    }
  }
  for (const auto& name : [&] {
         std::vector<std::string> names;
         for (const auto& [name, connection] : connections) names.push_back(name);
         return names;
       }()) {
    finish_halves(connections.find(name)->second, now);
    const auto at = connections.find(name);
    if (at == connections.end()) continue;
    Connection& connection = at->second;
    if (connection.leaving &&
        (connection.lsps.empty() || connection.state == ConnectionState::Up)) {
      release(connection, now);
    } else if (!connection.current && (connection.state == ConnectionState::Setup)) {
      retry(connection, now);
    }
  }
}

// Records of one event may be in several batches, and the last of them be lost: what was begun in
// the first is carried through.
void Controller::Core::finish_halves(Connection& connection, Instant now) {
  const auto up = [&](const std::optional<LspKey>& key) {
    const Lsp* const lsp = key ? find(*key) : nullptr;
    return lsp != nullptr && lsp->established && !lsp->doomed;
  };
  // lsp_up() of a new way, and of the first one.
  const bool other = up(connection.replacement);
  if (other) connection.current = std::exchange(connection.replacement, std::nullopt);
  if (other || (connection.state == ConnectionState::Setup && up(connection.current) &&
                (!connection.second || up(connection.second)))) {
    connection.route = recorded(*find(*connection.current));
    if (connection.nominal.empty()) connection.nominal = connection.route;
    set_state(connection, ConnectionState::Up);
  }
  // lsp_gone(). Of a damaged journal its LSP may be the one that is not known.
  if (whole_journal && !connection.current && connection.state == ConnectionState::Up) {
    connection.leaving = true;
  }
  std::set<LspKey> others = connection.lsps;
  for (const auto& its : {connection.current, connection.replacement, connection.second}) {
    if (its) others.erase(*its);
  }
  for (const LspKey& key : others) {
    if (Lsp* const lsp = find(key); lsp != nullptr && !lsp->doomed) doom(*lsp, now);
  }
}

void Controller::Core::on_found(const resource::Found& event, Instant now) {
  const LspKey key = event.owner.lsp;
  Lsp* const lsp = find(key);
  if (lsp == nullptr) {
    if (ended.contains(key)) return manager.give_back(key, now), void();
    found.insert(key);
    return;
  }
  if (lsp->doomed) {
    if (lsp->plane == Plane::None) let_go(*lsp, now);
    return;
  }
  if (!lsp->recovering || lsp->plane != Plane::None) return;
  if (!lsp->journaled) {
    found.insert(key);
    if (!bind_rows(*lsp)) return;
  }
  if (!adopt(*lsp, now)) return;
  keep(*lsp);
  resume(*lsp, now);
}

void Controller::Core::on_fabric_read(Instant now) {
  fabric_read = true;
  std::vector<LspKey> keys;
  for (const auto& [key, lsp] : lsps) {
    if ((lsp.recovering || lsp.doomed) && lsp.plane == Plane::None) keys.push_back(key);
  }
  std::ranges::sort(keys);
  // Segments first: they have no rows, which would keep their labels for them.
  for (const LspKey& key : keys) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr || !is_end(*lsp) || !lsp->recovering || !lsp->established || lsp->doomed) {
      continue;
    }
    if (adopt(*lsp, now)) resume(*lsp, now);
  }
  for (const LspKey& key : keys) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr || lsp->plane != Plane::None) continue;
    if (lsp->doomed) {
      finish(*lsp, now);
      continue;
    }
    if (!lsp->recovering) continue;
    // Its rows are nowhere: what was up is set again, what was under way begins again.
    if (!lsp->journaled) {
      if (found.contains(key)) {
        still_waits(*lsp);
        continue;
      }
    } else if (lsp->established) {
      want(*lsp);
    } else {
      lsp->labels_fixed = false;
      lsp->labels = {};
    }
    resume(*lsp, now);
  }
  tell_unclaimed();
  try_wanting(now);
}

bool Controller::Core::bind_rows(Lsp& lsp) const {
  const auto view = manager.connection(lsp.key);
  if (!view) return false;
  if (lsp.role == Role::Ingress) {
    // The side towards the neighbour that sent the RecoveryPath is the way out.
    for (const auto& [begin, end] : view->ways) {
      for (const auto& one : {begin, end}) {
        const auto far = far_end(one.interface);
        if (far && far->node == lsp.next) {
          lsp.out = one.interface;
        } else {
          lsp.in = one.interface;
        }
      }
    }
  }
  if (lsp.in == 0) return false;
  std::vector<Label> in, out_words, up_in, up_out;
  for (const auto& [begin, end] : view->ways) {
    if (begin.interface == lsp.in) {
      lsp.out = end.interface;
      in.push_back(begin.label);
      out_words.push_back(end.label);
    } else if (end.interface == lsp.in) {
      up_in.push_back(end.label);
      up_out.push_back(begin.label);
    }
  }
  if (in.empty() || lsp.out == 0) return false;
  if (!bind_way_over(lsp)) return false;
  const std::uint32_t width = signal_of(lsp.path()).width();
  lsp.labels = {.in = firsts(in, width),
                .out = firsts(out_words, width),
                .upstream_in = firsts(up_in, width),
                .upstream_out = firsts(up_out, width),
                .yielded = {}};
  lsp.labels_fixed = true;
  lsp.established = view->active_rows;
  if (lsp.role != Role::Ingress) {
    const auto far = far_end(lsp.out);
    const bool ends = !far || lsp.key.end_point == config.self;
    lsp.next = ends ? NodeId{} : lsp.segment_out ? lsp.segment_out->end_point : far->node;
    if (!ends) lsp.below = LinkEnd{lsp.next, out_link(lsp).interface};
    lsp.role = ends ? Role::Egress : Role::Transit;
  } else if (lsp.in != 0) {
    lsp.in_labels = {.down = lsp.labels.in, .up = lsp.labels.upstream_in};
    if (lsp.labels.upstream_in.empty()) lsp.in_labels.up.reset(), lsp.both_ways = false;
  }
  return true;
}

bool Controller::Core::adopt(Lsp& lsp, Instant now) {
  const auto wanted = wants(lsp);
  if (!wanted) return false;
  const auto reserved = manager.reserve(*wanted, now);
  if (!reserved) {
    if (lsp.established && !found.contains(lsp.key)) {
      want(lsp);
    } else if (reserved.error().why == resource::Refusal::Why::Differs) {
      out.push(ConnectionAlarm{.key = lsp.key, .kind = AlarmKind::RowsDiffer});
    }
    return false;
  }
  found.erase(lsp.key);
  if (is_adjacency(lsp.path()) && (lsp.role == Role::Egress || lsp.role == Role::Ingress)) {
    join_adjacency(lsp);
    bind_stitched(now);  // who may have waited for it
  }
  for (const auto& segment : {lsp.segment_in, lsp.segment_out}) {
    if (segment) users[*segment].insert(lsp.key);
  }
  lsp.labels = *reserved;
  read_plane(lsp);
  return true;
}

void Controller::Core::path_of_recovered(Lsp& lsp, const engine::PathReceived& event, Instant now) {
  if (lsp.bound() && moved(lsp, event)) {
    // While we were away upstream took another way, or other labels: what was is over, and this is
    // a new one when its rows are gone.
    lsp.after = event;
    return doom(lsp, now);
  }
  lsp.path_in = event.path;
  lsp.previous = event.from;
  lsp.given_back = true;
  came_by(lsp);
  if (lsp.deleting && (admin_status(*event.path) & rsvp::admin_status::kDelete) == 0) {
    lsp.deleting = false;
  }
  if (is_adjacency(lsp) && lsp.role == Role::Egress) {  // the other end still has it
    join_adjacency(lsp);
    claim_link(lsp);
  }
  if (!lsp.journaled && is_segment(lsp.path()) && lsp.key.end_point == config.self) {
    bind_segment(lsp);
    if (fabric_read && lsp.established && lsp.plane == Plane::None) (void)adopt(lsp, now);
    bind_stitched(now);
  } else if (!lsp.journaled && lsp.labels.in.empty()) {
    if (const auto at = recovery_paths.find(lsp.key); at != recovery_paths.end()) {
      lsp.recovery_path = at->second.path;
      recovery_paths.erase(at);
    }
    if (bind_rows(lsp)) (void)adopt(lsp, now);
  } else if (lsp.plane == Plane::None && fabric_read) {
    (void)adopt(lsp, now);
  }
  if (const auto* const label = event.path->find<rsvp::RecoveryLabel>();
      label != nullptr && !lsp.labels.in.empty() && !lsp.segment_in) {
    const auto local = manager.to_local(lsp.in, label->labels);
    if (!local || *local != lsp.labels.in) {
      out.push(ConnectionAlarm{.key = lsp.key, .kind = AlarmKind::RowsDiffer});
    }
  }
  keep(lsp);
  resume(lsp, now);
}

void Controller::Core::resume(Lsp& lsp, Instant now) {
  if (!lsp.recovering || lsp.doomed) return;
  if (lsp.role != Role::Ingress && !lsp.given_back) return;
  if (lsp.plane == Plane::None) {
    // Without rows: only when it is sure that there are none is it a new one, or when its neighbour
    // has waited for FEs as long as it was told.
    if (!fabric_read && (lsp.journaled || found.contains(lsp.key) || early(lsp.previous))) return;
    if (waits_for_segment(lsp)) return still_waits(lsp);
    if (lsp.established) return;
    lsp.recovering = false;
    unsynchronized(lsp, false);
    if (lsp.role == Role::Ingress && lsp.why == Lsp::Due::None) {
      set_timer(lsp, Lsp::Due::Setup, rules(lsp).limits.setup, now);
    }
    return advance(lsp.key, now);
  }
  if (!lsp.journaled && lsp.next != NodeId{}) {
    // Its way on, as the next node was told it.
    if (lsp.recovery_path) {
      const auto* const ero = lsp.recovery_path->find<rsvp::ExplicitRoute>();
      lsp.onward = ero == nullptr ? rsvp::Route{} : ero->route;
    } else {
      const auto* const ero = lsp.path().find<rsvp::ExplicitRoute>();
      const OwnHops own =
          own_hops(config.self, lsp.from, {config.self, lsp.in}, lsp.bidirectional(),
                   ero == nullptr ? rsvp::Route{} : ero->route);
      if (own.out != lsp.out && !recovered_with.contains(lsp.next)) return still_waits(lsp);
      lsp.onward = own.rest;
    }
  }
  lsp.recovering = false;
  lsp.admitted = true;
  unsynchronized(lsp, false);
  const LspKey key = lsp.key;
  Connection* const connection = connection_of(lsp);
  if (connection != nullptr && lsp.established && !lsp.deleting) {
    // How its transport is was told to an earlier process: all nodes are asked to say it again.
    rsvp::Message base = lsp.path();
    set_admin_status(base, rsvp::admin_status::kReflect);
    lsp.path_in = std::make_shared<const rsvp::Message>(std::move(base));
    if (!lsp.failing) lsp.failing_at.erase(config.self);
    judge_transport(lsp, {}, nullptr, now);
  }
  if (lsp.next != NodeId{}) send_path(lsp, now);
  if (lsp.established) tell_transport(lsp);  // what an earlier process had told may be over
  if (lsp.role == Role::Ingress && !lsp.established) {
    set_timer(lsp, Lsp::Due::Setup, rules(lsp).limits.setup, now);
  }
  if (lsp.role == Role::Ingress && lsp.established) tell_call(lsp, true);
  if (connection != nullptr && !lsp.journaled) persist(*connection);  // of what a neighbour told
  persist(lsp);
  if (is_adjacency(lsp)) adjacency_back(lsp, now);
  advance(key, now);
}

void Controller::Core::on_recovery_path(const engine::RecoveryPathReceived& event, Instant now) {
  Lsp* lsp = find(event.key);
  if (lsp == nullptr && tears.contains({event.key, event.from})) return;  // it will hear of it
  if (lsp == nullptr && event.key.sender == config.self) {
    if (whole_journal) {  // nothing was announced that is not in it: this one is over
      const auto link = incoming_link(*event.path);
      return owe_tear(event.key, event.from,
                      tear_for_hop(*event.path, link.value_or(LinkEnd{config.self, 0})));
    }
    lsp = ingress_of_recovery_path(event, now);
  }
  if (lsp == nullptr) {
    if (const auto at = ended.find(event.key); at != ended.end()) {
      const auto link = incoming_link(*event.path);
      return owe_tear(event.key, event.from,
                      tear_for_hop(*at->second, link.value_or(LinkEnd{config.self, 0})));
    }
    if (recovery_paths.size() < config.max_lsps) recovery_paths[event.key] = event;
    return;
  }
  if (!lsp->recovering || lsp->doomed) return;
  if (lsp->next != NodeId{} && lsp->next != event.from) {
    out.push(ConnectionAlarm{.key = event.key, .kind = AlarmKind::RowsDiffer});
    return;
  }
  lsp->recovery_path = event.path;
  if (const auto* const label = event.path->find<rsvp::RecoveryLabel>();
      label != nullptr && lsp->labels_fixed && !lsp->labels.out.empty() && !lsp->segment_out) {
    const auto local = manager.to_local(lsp->out, label->labels);
    if (!local || *local != lsp->labels.out) {
      // RFC 5063 section 4.5.2: no forwarding state is made of it; it is told.
      out.push(ConnectionAlarm{.key = event.key, .kind = AlarmKind::RowsDiffer});
    }
  }
  if (lsp->plane == Plane::None && !lsp->journaled && found.contains(event.key)) {
    if (bind_rows(*lsp)) (void)adopt(*lsp, now);
  }
  resume(*lsp, now);
}

// The journal of an ingress is lost: the connection is made anew of what the next node has of it.
Lsp* Controller::Core::ingress_of_recovery_path(const engine::RecoveryPathReceived& event,
                                                Instant now) {
  Lsp lsp;
  lsp.key = event.key;
  lsp.role = Role::Ingress;
  lsp.next = event.from;
  lsp.recovering = true;
  lsp.given_back = true;
  lsp.both_ways = bidirectional(*event.path);
  lsp.created = now;
  rsvp::Message base = path_for_hop(*event.path, {});
  std::erase_if(base.objects, [](const rsvp::Object& object) {
    return std::holds_alternative<rsvp::Hop>(object);
  });
  base.type = rsvp::MessageType::Path;
  lsp.path_in = std::make_shared<const rsvp::Message>(std::move(base));
  ConnectionRequest request;
  request_of(lsp.path(), request);
  if (request.name.empty()) request.name = "recovered";
  Connection* connection = nullptr;
  for (auto& [name, one] : connections) {
    if (one.tunnel_id == event.key.tunnel_id) connection = &one;
  }
  if (connection == nullptr) {
    if (is_segment(lsp.path())) name_segment(request);
    if (connections.contains(request.name)) {
      request.name += "/" + std::to_string(event.key.tunnel_id);
    }
    Connection fresh{.request = request, .state = ConnectionState::Up, .created = now};
    fresh.tunnel_id = event.key.tunnel_id;
    tunnels.insert(fresh.tunnel_id);
    connection = &connections.emplace(request.name, std::move(fresh)).first->second;
  }
  connection->last_lsp = std::max(connection->last_lsp, event.key.lsp_id);
  if (!connection->current) {
    connection->current = event.key;
  } else if (!connection->second) {
    connection->second = event.key;
  }
  connection->lsps.insert(event.key);
  lsp.connection = connection->request.name;
  lsp.unsynchronized = unclaimed.erase(event.key) != 0;
  Lsp& placed = lsps.emplace(event.key, std::move(lsp)).first->second;
  if (is_adjacency(placed.path())) {
    const auto link = tunnel_link(placed.path());
    const Adaptation* const adaptation = adaptation_of(link->interface);
    if (link->node == config.self && adaptation != nullptr) {
      connection->request.adjacency = placed.link_id = adaptation->client;
      connection->request.ingress.end = {config.self, adaptation->server};
      join_adjacency(placed);
    }
  }
  if (!connection->request.segment) return &placed;
  placed.recovery_path = event.path;
  bind_segment(placed);
  if (fabric_read && placed.established) (void)adopt(placed, now);
  bind_stitched(now);
  rest_if_idle(*connection, now);  // it may have been nobody's, as a spare one is
  return &placed;
}

void Controller::Core::on_recovery_ended(const engine::RecoveryEnded& event, Instant now) {
  std::vector<LspKey> keys;
  lost.erase(event.node);
  if (!event.ours) return;
  recovered_with.insert(event.node);
  for (const auto& [key, lsp] : lsps) {
    if (lsp.recovering && !lsp.doomed) keys.push_back(key);
  }
  std::ranges::sort(keys);
  for (const LspKey& key : keys) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr || !lsp->recovering || lsp->doomed) continue;
    if (lsp->previous == event.node && lsp->role != Role::Ingress && !lsp->given_back) {
      // It had its time, and says nothing of this one: R5 and R6 for what was under way.
      if (!lsp->established || lsp->deleting) {
        doom(*lsp, now);
      } else {
        unsynchronized(*lsp, true);
      }
      continue;
    }
    if (lsp->next == event.node || lsp->previous == event.node) resume(*lsp, now);
  }
}

// The Recovery Time after our start is over: an operator hears of what is established and nobody
// has confirmed. It stays (R1); the alarm is over when somebody does confirm it.
void Controller::Core::on_recovery_time(Instant now) {
  if (now < recovery_at) return;
  recovery_at = Instant::max();
  recovery_over = true;
  for (auto& [key, lsp] : lsps) {
    if (!lsp.recovering || lsp.doomed || lsp.deleting) continue;
    if (lsp.established || found.contains(key)) unsynchronized(lsp, true);
  }
  tell_unclaimed();
}

// Nobody says whose these rows are.
void Controller::Core::tell_unclaimed() {
  if (!recovery_over) return;
  for (const LspKey& key : found) {
    const auto view = manager.connection(key);
    if (!view || !view->active_rows || find(key) != nullptr) continue;
    if (!unclaimed.insert(key).second) continue;
    out.push(ConnectionAlarm{.key = key, .kind = AlarmKind::Unsynchronized});
  }
}

// Upstream ends what only its rows or a neighbour downstream tell of: our journal was lost. The
// rows may not be read yet, the RecoveryPath not be there, so it is remembered.
void Controller::Core::end_unknown(const engine::PathGone& event, Instant now) {
  if (!config.recovering || !event.tear || ended.size() >= config.max_lsps) return;
  ended[event.key] = event.tear;
  unclaimed.erase(event.key);
  if (found.erase(event.key) != 0) manager.give_back(event.key, now);
  if (const auto at = recovery_paths.find(event.key); at != recovery_paths.end()) {
    const engine::RecoveryPathReceived below = std::move(at->second);
    recovery_paths.erase(at);
    on_recovery_path(below, now);
  }
}

// Its Paths may be of LSPs whose rows have not been read yet.
bool Controller::Core::early(NodeId neighbor) const {
  return !fabric_read && !recovered_with.contains(neighbor);
}

void Controller::Core::keep(const Lsp& lsp) {
  if (lsp.established && lsp.given_back && lsp.role != Role::Ingress) out.push(KeepPath{lsp.key});
}

// Upstream has given it back; how it goes on from here nobody has said.
void Controller::Core::still_waits(Lsp& lsp) {
  if (recovery_over) unsynchronized(lsp, true);
}

void Controller::Core::unsynchronized(Lsp& lsp, bool is) {
  if (lsp.unsynchronized == is) return;
  lsp.unsynchronized = is;
  out.push(ConnectionAlarm{.key = lsp.key, .kind = AlarmKind::Unsynchronized, .raised = is});
}

}  // namespace forces::signaling::ason
