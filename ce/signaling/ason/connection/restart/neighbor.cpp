// Neighbours that are lost, back, or new, and the ends that they must hear of.
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {

// Before the message leaves it is in the journal: a process of ours that comes later tells it.
void Controller::Core::owe_tear(const LspKey& key, NodeId next, rsvp::Message message) {
  const TearId id{key, next};
  forget_tear(id);
  Tear& tear = tears[id];
  tear.message = std::make_shared<const rsvp::Message>(std::move(message));
  persist(id, tear);
  out.push(TearPath{key, next, tear.message});
}

void Controller::Core::forget_tear(const TearId& id) {
  const auto at = tears.find(id);
  if (at == tears.end()) return;
  tear_timers.erase({at->second.until, id});
  tears.erase(at);
  forget(id);
}

void Controller::Core::on_tear_delivered(const engine::TearDelivered& event, Instant now) {
  const TearId id{event.key, event.to};
  const auto at = tears.find(id);
  if (at == tears.end()) return;
  tear_timers.erase({at->second.until, id});
  at->second.until = now + config.tear_guard;
  tear_timers.emplace(at->second.until, id);
}

void Controller::Core::on_tear_time(Instant now) {
  while (!tear_timers.empty() && tear_timers.begin()->first <= now) {
    forget_tear(TearId(tear_timers.begin()->second));
  }
}

void Controller::Core::neighbor_changed(const engine::NeighborChanged& event, Instant now) {
  (void)now;
  switch (event.event) {
    case engine::NeighborEvent::Lost:
      lost.insert(event.node);
      tell_degraded(event.node, true);
      return;
    case engine::NeighborEvent::Restarted:
      tell_degraded(event.node, false);
      if (event.preserved) {
        lost.insert(event.node);  // until RecoveryEnded it knows nothing of a D bit's LSP
      } else {
        lost.erase(event.node);
      }
      for (auto& [id, tear] : tears) {
        if (id.second != event.node || tear.until == Instant::max()) continue;
        tear_timers.erase({tear.until, id});
        tear.until = Instant::max();
        out.push(TearPath{id.first, id.second, tear.message});
      }
      return;
    case engine::NeighborEvent::Back:
      tell_degraded(event.node, false);
      lost.erase(event.node);
      return;
    case engine::NeighborEvent::Up:
      lost.erase(event.node);
      return;
    case engine::NeighborEvent::RestartTimeOver:
      return;
  }
}

}  // namespace forces::signaling::ason
