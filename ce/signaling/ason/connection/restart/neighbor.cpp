// Neighbours that are lost, back, or new: what they must be told again, and who may not have heard
// of an end.
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {

void Controller::Core::leave_ghost(const Lsp& lsp, Instant now) {
  if (!lsp.torn || lsp.next == NodeId{} || !lsp.path_in) return;
  PathHop hop{.out = {config.self, lsp.out},
              .ero = lsp.onward,
              .rro = {},
              .label_sets = {},
              .suggested = {},
              .upstream = lsp.labels.upstream_out,
              .recovery = lsp.labels.out,
              .exclude = {}};
  rsvp::Message path = path_for_hop(lsp.path(), hop);
  set_admin_status(path, rsvp::admin_status::kDelete);
  Ghost ghost{.next = lsp.next,
              .path = std::make_shared<const rsvp::Message>(std::move(path)),
              .until = now + config.tear_guard};
  drop_ghost(lsp.key);
  ghost_timers.emplace(ghost.until, lsp.key);
  ghosts.emplace(lsp.key, std::move(ghost));
}

void Controller::Core::drop_ghost(const LspKey& key) {
  const auto at = ghosts.find(key);
  if (at == ghosts.end()) return;
  ghost_timers.erase({at->second.until, key});
  ghosts.erase(at);
}

void Controller::Core::on_ghost_time(Instant now) {
  while (!ghost_timers.empty() && ghost_timers.begin()->first <= now) {
    const LspKey key = ghost_timers.begin()->second;
    const NodeId next = ghosts.at(key).next;
    if (lost.contains(next)) {  // not seen yet whether it heard
      Ghost& ghost = ghosts.at(key);
      ghost_timers.erase(ghost_timers.begin());
      ghost.until = now + config.tear_guard;
      ghost_timers.emplace(ghost.until, key);
      continue;
    }
    drop_ghost(key);
    if (find(key) == nullptr) forget(key);
  }
}

// The neighbour is there, and knows all that it will know.
void Controller::Core::tear_waiting(NodeId neighbor, Instant now) {
  lost.erase(neighbor);
  for (auto& [key, ghost] : ghosts) {
    if (ghost.next != neighbor) continue;
    if (ghost.given_back) out.push(TearPath{.key = key});
    ghost.given_back = false;
    ghost_timers.erase({ghost.until, key});
    ghost.until = now + config.tear_guard;
    ghost_timers.emplace(ghost.until, key);
  }
  std::vector<LspKey> keys;
  for (const auto& [key, lsp] : lsps) {
    if (lsp.tear_waits && lsp.next == neighbor) keys.push_back(key);
  }
  std::ranges::sort(keys);
  for (const LspKey& key : keys) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr) continue;
    lsp->tear_waits = false;
    tear_downstream(*lsp);
    if (lsp->plane == Plane::None) finish(*lsp, now);
  }
}

void Controller::Core::neighbor_changed(const engine::NeighborChanged& event, Instant now) {
  switch (event.event) {
    case engine::NeighborEvent::Lost:
      lost.insert(event.node);
      tell_degraded(event.node, true);
      return;
    case engine::NeighborEvent::Restarted:
      tell_degraded(event.node, false);
      // Until it has its state again an end could not be told: RecoveryEnded comes.
      lost.insert(event.node);
      for (auto& [key, ghost] : ghosts) {
        if (ghost.next != event.node || ghost.given_back) continue;
        ghost.given_back = true;
        out.push(SetPath{key, ghost.next, ghost.path});
      }
      if (!event.preserved) tear_waiting(event.node, now);
      return;
    case engine::NeighborEvent::Back:
      tell_degraded(event.node, false);
      // Of our own restart the end is told by RecoveryEnded.
      if (!config.recovering || recovered_with.contains(event.node)) tear_waiting(event.node, now);
      return;
    case engine::NeighborEvent::Up:
      if (!config.recovering || recovered_with.contains(event.node)) tear_waiting(event.node, now);
      return;
    case engine::NeighborEvent::RestartTimeOver:
      return;
  }
}

}  // namespace forces::signaling::ason
