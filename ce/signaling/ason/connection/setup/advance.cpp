// The machine of an LSP: what is done next, given what is there.
#include <utility>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

// Nobody comes behind this node: the egress, or both ends are here.
bool last(const Lsp& lsp) { return lsp.next == NodeId{}; }

}  // namespace

Lsp* Controller::Core::find(const LspKey& key) {
  const auto at = lsps.find(key);
  return at == lsps.end() ? nullptr : &at->second;
}

const Lsp* Controller::Core::find(const LspKey& key) const {
  const auto at = lsps.find(key);
  return at == lsps.end() ? nullptr : &at->second;
}

const Lsp* Controller::Core::fellow(const Lsp& lsp) const {
  if (!shares(lsp.path())) return nullptr;
  LspKey first = lsp.key, end = lsp.key;
  first.lsp_id = 0;
  end.lsp_id = 0xffff;
  const Lsp* last = nullptr;
  for (auto at = lsps.lower_bound(first); at != lsps.end() && at->first <= end; ++at) {
    const Lsp& other = at->second;
    if (other.key != lsp.key && !other.doomed && other.path_in) last = &other;
  }
  return last;
}

void Controller::Core::advance(const LspKey& key, Instant now) {
  Lsp* const lsp = find(key);
  if (lsp == nullptr) return;
  switch (lsp->plane) {
    case Plane::None:
      if (lsp->doomed) {
        if (fabric_read) finish(*lsp, now);  // else an FE that is not read may have rows of it
        return;
      }
      if (lsp->recovering || !lsp->awaited.empty()) return;
      return begin(*lsp, now);
    case Plane::Reserving:
    case Plane::Activating:
    case Plane::Releasing:
      return;
    case Plane::Reserved:
      if (lsp->doomed || lsp->rerouting) return let_go(*lsp, now);
      if (last(*lsp)) return activate(*lsp, now);
      if (!lsp->path_out) send_path(*lsp, now);
      if (lsp->resv_in) activate(*lsp, now);
      return;
    case Plane::Active:
      if (lsp->doomed || lsp->rerouting) return let_go(*lsp, now);
      if (lsp->recovering) return;
      if (!last(*lsp) && !lsp->path_out) send_path(*lsp, now);
      if (!last(*lsp) && !lsp->resv_in) return;
      if (lsp->role == Role::Ingress) return lsp_up(*lsp, now);
      if (!lsp->resv_out) send_resv(*lsp, now);
      return;
  }
}

void Controller::Core::begin(Lsp& lsp, Instant now) {
  lsp.rerouting = false;
  if (auto trouble = refused(lsp)) return setup_failed(lsp, *std::move(trouble), now);
  if (!lsp.labels_fixed) leave_segment(lsp, now);
  if (auto trouble = choose_way(lsp)) return setup_failed(lsp, *std::move(trouble), now);
  if (auto trouble = stitch(lsp, now)) return setup_failed(lsp, *std::move(trouble), now);
  if (lsp.awaited.empty()) go_on(lsp, now);
}

void Controller::Core::go_on(Lsp& lsp, Instant now) {
  // Another way than before: downstream state is removed first (RFC 4920 section 6.3.6).
  if (lsp.below && lsp.below->node != lsp.next) tear_downstream(lsp);
  if (!lsp.admitted) ask_call(lsp, now);
  if (!lsp.asked) reserve(lsp, now);
}

void Controller::Core::reserve(Lsp& lsp, Instant now) {
  if (lsp.segment_in) users[*lsp.segment_in].insert(lsp.key);
  auto wanted = wants(lsp);
  if (!wanted) return setup_failed(lsp, std::move(wanted.error()), now);
  const auto reserved = manager.reserve(*wanted, now);
  if (!reserved) return setup_failed(lsp, refusal(lsp, reserved.error()), now);
  lsp.labels = *reserved;
  lsp.plane = Plane::Reserving;
}

void Controller::Core::read_plane(Lsp& lsp) {
  const auto view = manager.connection(lsp.key);
  if (!view) {
    lsp.plane = Plane::None;
    return;
  }
  switch (view->state) {
    case resource::ConnectionState::Found:
      lsp.plane = Plane::None;
      return;
    case resource::ConnectionState::Reserving:
      lsp.plane = Plane::Reserving;
      return;
    case resource::ConnectionState::Reserved:
      lsp.plane = Plane::Reserved;
      return;
    case resource::ConnectionState::Activating:
      lsp.plane = Plane::Activating;
      return;
    case resource::ConnectionState::Active:
      lsp.plane = Plane::Active;
      return;
    case resource::ConnectionState::Releasing:
      lsp.plane = Plane::Releasing;
      return;
  }
}

void Controller::Core::activate(Lsp& lsp, Instant now) {
  std::optional<te::Labels> out_label;
  if (!last(lsp) && lsp.resv_in && !lsp.segment_out) {
    const auto* const label = lsp.resv_in->find<rsvp::Label>();
    if (label == nullptr || label->labels.empty()) return;
    const auto local = manager.to_local(lsp.out, label->labels);
    if (!local) {
      out.push(SendResvErr{lsp.key, resv_err(*lsp.resv_in, refusal(lsp, local.error()).spec)});
      return setup_failed(lsp, refusal(lsp, local.error()), now);
    }
    out_label = *local;
  }
  if (!lsp.persisted) persist(lsp);  // active rows are always somebody's
  const auto activated = manager.activate(lsp.key, out_label, now);
  if (!activated) {
    Trouble why = refusal(lsp, activated.error());
    if (lsp.resv_in) out.push(SendResvErr{lsp.key, resv_err(*lsp.resv_in, why.spec)});
    return setup_failed(lsp, std::move(why), now);
  }
  lsp.labels = *activated;
  lsp.plane = Plane::Activating;
}

void Controller::Core::let_go(Lsp& lsp, Instant now) {
  const LspKey key = lsp.key;
  lsp.plane = Plane::Releasing;
  manager.release(key, now);
  if (manager.connection(key)) return;
  lsp.plane = Plane::None;
  on_settled({.lsp = key, .what = resource::Settled::What::Released}, now);
}

void Controller::Core::doom(Lsp& lsp, Instant now) {
  if (lsp.doomed && lsp.plane != Plane::None) return;
  lsp.doomed = true;
  clear_timer(lsp);
  // R6: who starts anew goes on with it; also where rows are all that there is of it. Before the
  // end that it owes, which alone would leave the rest of it standing.
  if (lsp.path_in && (lsp.persisted || lsp.plane != Plane::None)) persist(lsp);
  tear_downstream(lsp);
  if (lsp.plane == Plane::None) {
    if (manager.connection(lsp.key)) return let_go(lsp, now);  // found, not taken over
    if (fabric_read) finish(lsp, now);                         // else its rows may still be found
    return;
  }
  if (lsp.plane != Plane::Releasing) let_go(lsp, now);
}

void Controller::Core::finish(Lsp& lsp, Instant now) {
  const LspKey key = lsp.key;
  const std::string connection = lsp.connection;
  const bool segment = lsp.link_id != 0;
  const auto after = std::move(lsp.after);
  clear_timer(lsp);
  unsynchronized(lsp, false);
  if (lsp.persisted) forget(key);
  tell_call(lsp, false);
  wanting.erase(key);
  found.erase(key);
  auto gone = lsps.extract(key);
  leave_segment(gone.mapped(), now);
  if (segment) segment_gone(gone.mapped(), now);
  if (!connection.empty()) lsp_gone(key, connection, now);
  if (after) on_path(*after, now);
}

void Controller::Core::on_settled(const resource::Settled& settled, Instant now) {
  using What = resource::Settled::What;
  Lsp* const lsp = find(settled.lsp);
  if (lsp == nullptr) {
    if (settled.what == What::Released) try_wanting(now);
    return;
  }
  switch (settled.what) {
    case What::Reserved:
      if (lsp->plane == Plane::Reserving) lsp->plane = Plane::Reserved;
      return advance(settled.lsp, now);
    case What::Active:
      if (lsp->plane == Plane::Activating || lsp->plane == Plane::Reserving) {
        lsp->plane = Plane::Active;
      }
      if (lsp->failing && lsp->plane == Plane::Active) {
        // While it had no rows here nobody told that its ports work again.
        const auto view = manager.connection(settled.lsp);
        const auto works = [&](std::uint32_t id) { return id == 0 || manager.interface_up(id); };
        if (view && !view->failing && works(lsp->in) && works(lsp->out)) {
          on_hit({.lsp = settled.lsp, .failing = false, .interface = lsp->out}, now);
        }
      }
      return advance(settled.lsp, now);
    case What::Released:
      lsp->plane = Plane::None;
      advance(settled.lsp, now);
      return try_wanting(now);
    case What::ReserveRefused:
    case What::ActivateRefused: {
      const bool reserved = settled.what == What::ActivateRefused;
      lsp->plane = reserved ? Plane::Reserved : Plane::None;
      if (lsp->doomed || lsp->rerouting) return advance(settled.lsp, now);
      Trouble why = trouble(*lsp, {rsvp::ErrorCode::AdmissionControl, rsvp::admission::kBandwidth},
                            {.link = LinkEnd{config.self, lsp->out}});
      why.reason = "fabric_refused";
      if (reserved && lsp->resv_in) {
        out.push(SendResvErr{lsp->key, resv_err(*lsp->resv_in, why.spec)});
      }
      return setup_failed(*lsp, std::move(why), now);
    }
    case What::Lost:  // the manager sets it again
      out.push(ConnectionAlarm{.key = settled.lsp, .kind = AlarmKind::RowsDiffer});
      return;
  }
}

// The manager is already taking its rows away; with others it goes the same way.
void Controller::Core::on_yielded(const resource::Yielded& yielded, Instant now) {
  Lsp* const lsp = find(yielded.loser);
  if (lsp == nullptr) return;
  lsp->plane = Plane::Releasing;
  if (lsp->doomed) return;
  ++lsp->attempts.contentions;
  ++counters.contentions;
  lsp->history.add_labels({config.self, yielded.interface}, yielded.labels, database);
  lsp->rerouting = true;
  lsp->path_out.reset();
  if (lsp->resv_in) tear_downstream(*lsp);
  lsp->resv_in.reset();
  if (!manager.connection(yielded.loser)) {
    lsp->plane = Plane::None;
    advance(yielded.loser, now);
  }
}

void Controller::Core::want(Lsp& lsp) {
  if (!wanting.insert(lsp.key).second) return;
  lsp.labels_fixed = true;
  out.push(ConnectionAlarm{.key = lsp.key, .kind = AlarmKind::RowsDiffer});
}

void Controller::Core::try_wanting(Instant now) {
  for (const LspKey& key : std::vector(wanting.begin(), wanting.end())) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr || lsp->doomed || lsp->plane != Plane::None) continue;
    if (!adopt(*lsp, now)) continue;
    wanting.erase(key);
    out.push(ConnectionAlarm{.key = key, .kind = AlarmKind::RowsDiffer, .raised = false});
    if (lsp->recovering) {
      resume(*lsp, now);
    } else {
      advance(key, now);
    }
  }
}

void Controller::Core::set_timer(Lsp& lsp, Lsp::Due why, Duration wait, Instant now) {
  clear_timer(lsp);
  lsp.why = why;
  lsp.due = now + wait;
  timers.emplace(lsp.due, lsp.key);
}

void Controller::Core::clear_timer(Lsp& lsp) {
  if (lsp.why == Lsp::Due::None) return;
  timers.erase({lsp.due, lsp.key});
  lsp.why = Lsp::Due::None;
  lsp.due = Instant::max();
}

}  // namespace forces::signaling::ason
