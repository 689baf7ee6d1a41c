#include "ce/signaling/ason/connection/controller.hpp"

#include <algorithm>
#include <ranges>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

std::string_view state_of(const Lsp& lsp) {
  if (lsp.doomed) return "releasing";
  if (lsp.recovering) return "recovering";
  if (lsp.asked) return "held";
  if (lsp.deleting) return "deleting";
  switch (lsp.plane) {
    case Plane::None:
      return "starting";
    case Plane::Reserving:
      return "reserving";
    case Plane::Reserved:
      return "waiting";
    case Plane::Activating:
      return "activating";
    case Plane::Active:
      return lsp.established ? "up" : "waiting";
    case Plane::Releasing:
      return "rerouting";
  }
  return "unknown";
}

LspView view_of(const Lsp& lsp) {
  return {.key = lsp.key,
          .role = std::string(to_string(lsp.role)),
          .state = std::string(state_of(lsp)),
          .connection = lsp.connection,
          .previous = lsp.previous,
          .next = lsp.next,
          .in = lsp.in,
          .out = lsp.out,
          .in_down = lsp.labels.in,
          .in_up = lsp.labels.upstream_in,
          .out_down = lsp.labels.out,
          .out_up = lsp.labels.upstream_out,
          .call_id = lsp.path_in ? call_id_of(lsp.path()) : std::uint16_t{0},
          .failing = lsp.failing || !lsp.failing_at.empty(),
          .failing_at = {lsp.failing_at.begin(), lsp.failing_at.end()},
          .unsynchronized = lsp.unsynchronized,
          .tries = lsp.attempts.here,
          .contentions = lsp.attempts.contentions,
          .segment_in = lsp.segment_in,
          .segment_out = lsp.segment_out};
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::Ingress:
      return "ingress";
    case Role::Transit:
      return "transit";
    case Role::Egress:
      return "egress";
  }
  return "unknown";
}

std::string_view to_string(AlarmKind kind) {
  switch (kind) {
    case AlarmKind::Unsynchronized:
      return "unsynchronized";
    case AlarmKind::RowsDiffer:
      return "rows_differ";
    case AlarmKind::TransportFailed:
      return "transport_failed";
    case AlarmKind::JournalDamaged:
      return "journal_damaged";
  }
  return "unknown";
}

engine::Status perform(const Output& output, engine::Engine& engine, Instant now) {
  return std::visit(
      Overloaded{
          [&](const SetPath& o) { return engine.set_path(o.key, o.next_hop, *o.path, now); },
          [&](const TearPath& o) { return engine.tear_path(o.key, o.next_hop, *o.tear, now); },
          [&](const SetResv& o) { return engine.set_resv(o.key, *o.resv, now); },
          [&](const TearResv& o) { return engine.tear_resv(o.key, now); },
          [&](const KeepPath& o) { return engine.keep(o.key, now); },
          [&](const SendPathErr& o) {
            const bool moved = o.to != NodeId{} && engine.previous_hop(o.key) != o.to;
            return moved ? engine::Status::Done : engine.send_path_err(o.key, o.error, now);
          },
          [&](const SendResvErr& o) { return engine.send_resv_err(o.key, o.error, now); },
          [&](const SendNotify& o) {
            return engine.notify(o.to, o.message, now) == 0 ? engine::Status::NoNeighbor
                                                            : engine::Status::Done;
          },
          [](const auto&) { return engine::Status::Done; }},
      output);
}

Controller::Controller(const ControllerConfig& config, te::Database& database,
                       te::PathFinder& finder, resource::Manager& manager)
    : core_(std::make_unique<Core>(config, database, finder, manager)) {
  core_->topology = database.version();
  core_->fabric_read = !config.recovering;
}

Controller::~Controller() = default;

void Controller::recover(std::string_view key, std::span<const std::byte> octets, Instant now) {
  core_->recover(key, octets, now);
}
void Controller::start(Instant now, bool whole) {
  core_->whole_journal = whole && !core_->damaged_journal;
  core_->start(now);
}

bool Controller::on_event(const engine::Output& event, Instant now) {
  Core& core = *core_;
  return std::visit(
      Overloaded{
          [&](const engine::PathReceived& e) { return core.on_path(e, now), true; },
          [&](const engine::PathGone& e) { return core.on_path_gone(e, now), true; },
          [&](const engine::ResvReceived& e) { return core.on_resv(e, now), true; },
          [&](const engine::ResvGone& e) { return core.on_resv_gone(e, now), true; },
          [&](const engine::ResvErrReceived& e) { return core.on_resv_err(e, now), true; },
          [&](const engine::PathErrReceived& e) { return core.on_path_err(e, now), true; },
          [&](const engine::TearDelivered& e) { return core.on_tear_delivered(e, now), true; },
          [&](const engine::NotifyFailed& e) { return core.on_notify_failed(e.to, now), false; },
          [&](const engine::RecoveryPathReceived& e) {
            return core.on_recovery_path(e, now), true;
          },
          [&](const engine::RecoveryEnded& e) { return core.on_recovery_ended(e, now), true; },
          [&](const engine::NotifyReceived& e) { return core.on_notify(e, now); },
          [&](const engine::NeighborChanged& e) { return core.neighbor_changed(e, now), true; },
          [&](const engine::Unsynchronized& e) {
            if (Lsp* const lsp = core.find(e.key)) core.unsynchronized(*lsp, true);
            return true;
          },
          [&](const engine::Resynchronized& e) {
            if (Lsp* const lsp = core.find(e.key)) core.unsynchronized(*lsp, false);
            return true;
          },
          [](const auto&) { return false; }},
      event);
}

void Controller::on_event(const resource::Output& event, Instant now) {
  Core& core = *core_;
  std::visit(Overloaded{[&](const resource::Settled& e) { core.on_settled(e, now); },
                        [&](const resource::Yielded& e) { core.on_yielded(e, now); },
                        [&](const resource::Hit& e) { core.on_hit(e, now); },
                        [&](const resource::Found& e) { core.on_found(e, now); },
                        [&](const resource::InterfaceChanged&) { core.try_wanting(now); },
                        [](const auto&) {}},
             event);
}

void Controller::on_fabric_read(Instant now) { core_->on_fabric_read(now); }

void Controller::on_unsent(const Output& output, engine::Status status, Instant now) {
  if (status == engine::Status::Done) return;
  if (const auto* const notify = std::get_if<SendNotify>(&output)) {
    return core_->on_notify_failed(notify->to, now);
  }
  if (const auto* const tear = std::get_if<TearPath>(&output)) {
    return core_->forget_tear({tear->key, tear->next_hop});  // no neighbour of ours any more
  }
  const auto* const path = std::get_if<SetPath>(&output);
  const auto* const resv = std::get_if<SetResv>(&output);
  if (status == engine::Status::NoState || (path == nullptr && resv == nullptr)) return;
  Lsp* const lsp = core_->find(path != nullptr ? path->key : resv->key);
  if (lsp == nullptr || lsp->doomed || lsp->established) return;
  Trouble why =
      core_->trouble(*lsp, {rsvp::ErrorCode::AdmissionControl, rsvp::admission::kBandwidth},
                     {.link = LinkEnd{core_->config.self, lsp->out}});
  why.reason = engine::to_string(status);
  core_->setup_failed(*lsp, std::move(why), now);
}

void Controller::on_call_verdict(const LspKey& key, const CallVerdict& verdict, Instant now) {
  core_->on_call_verdict(key, verdict, now);
}

void Controller::on_calls_changed(std::uint16_t call_id, Instant now) {
  std::vector<LspKey> keys;
  for (const auto& [key, lsp] : core_->lsps) {
    if (lsp.asked && call_id_of(lsp.path()) == call_id) keys.push_back(key);
  }
  std::ranges::sort(keys);
  for (const LspKey& key : keys) core_->ask_call(*core_->find(key), now);
}

// K6, and connections that wait for a way: what may have become possible is tried.
void Controller::on_topology(Instant now) {
  if (core_->database.version() == core_->topology) return;
  core_->topology = core_->database.version();
  for (auto& [name, connection] : core_->connections) {
    if (connection.state != ConnectionState::Broken || connection.frozen ||
        connection.request.recovery != Recovery::Reroute) {
      continue;
    }
    Lsp* const lsp = connection.current ? core_->find(*connection.current) : nullptr;
    if (lsp == nullptr) {
      core_->restore(connection, now);
    } else if (lsp->why != Lsp::Due::Restore) {
      // What failed before may be better now; if not, its node says so. Once in a while, for what
      // a try that failed gives back is news as well.
      connection.broken = {};
      core_->set_timer(*lsp, Lsp::Due::Restore, core_->config.restore_again, now);
    }
  }
}

void Controller::on_time(Instant now) {
  Core& core = *core_;
  core.on_tear_time(now);
  core.on_recovery_time(now);
  core.tell_again(now);
  while (!core.timers.empty() && core.timers.begin()->first <= now) {
    const LspKey key = core.timers.begin()->second;
    Lsp& lsp = *core.find(key);
    const Lsp::Due why = lsp.why;
    core.clear_timer(lsp);
    switch (why) {
      case Lsp::Due::None:
        break;
      case Lsp::Due::Setup: {
        Trouble over = core.trouble(lsp, {rsvp::ErrorCode::RsvpSystem, 0}, {});
        over.reason = "setup_timer";
        if (lsp.last) over.reason += "." + reason_of(lsp.last->spec.error);
        core.give_up_setup(lsp, std::move(over), now);
        break;
      }
      case Lsp::Due::CallHold: {
        if (!lsp.asked) break;
        lsp.asked = false;
        Trouble unknown = core.trouble(lsp, lsp.call_error, {});
        unknown.upstream = true;
        core.setup_failed(lsp, std::move(unknown), now);
        break;
      }
      case Lsp::Due::Graceful:  // RFC 3473 section 7.2.2: an egress that does not know the object
        core.doom(lsp, now);
        break;
      case Lsp::Due::Asked: {  // section 7.3.1: nobody heard of it
        Trouble end = core.trouble(lsp, {rsvp::ErrorCode::Notify, rsvp::notify::kLspFailure}, {});
        core.give_up_setup(lsp, std::move(end), now);
        break;
      }
      case Lsp::Due::History:
        lsp.history.clear();
        lsp.last.reset();
        break;
      case Lsp::Due::Idle:
        core.on_idle(lsp, now);
        break;
      case Lsp::Due::Restore:
        if (Connection* const connection = core.connection_of(lsp)) core.restore(*connection, now);
        break;
    }
  }
}

std::optional<Output> Controller::poll_output() { return core_->out.poll(); }

std::optional<Instant> Controller::next_deadline() const {
  Instant next = std::min(core_->tell_at, core_->recovery_at);
  if (!core_->timers.empty()) next = std::min(next, core_->timers.begin()->first);
  if (!core_->tear_timers.empty()) next = std::min(next, core_->tear_timers.begin()->first);
  return next == Instant::max() ? std::nullopt : std::optional(next);
}

std::expected<LspKey, Failure> Controller::create(const ConnectionRequest& request, Instant now) {
  return core_->create(request, now);
}

bool Controller::give_up(const LspKey& key, Instant now) {
  Core& core = *core_;
  Lsp* const lsp = core.find(key);
  if (lsp == nullptr) {
    core.unclaimed.erase(key);
    if (core.found.erase(key) == 0) return false;
    core.manager.give_back(key, now);
    return true;
  }
  if (!lsp->unsynchronized && !lsp->recovering) return false;
  if (Connection* const connection = core.connection_of(*lsp)) connection->leaving = true;
  if (lsp->recovering || lsp->role == Role::Ingress) {
    core.doom(*lsp, now);
  } else {
    Trouble end = core.trouble(*lsp, {rsvp::ErrorCode::Notify, rsvp::notify::kLspFailure}, {});
    core.give_up_setup(*lsp, std::move(end), now);
  }
  return true;
}

std::vector<ConnectionView> Controller::list() const {
  std::vector<ConnectionView> all;
  for (const auto& [name, connection] : core_->connections) all.push_back(*show(name));
  return all;
}

std::vector<ConnectionView> Controller::list(std::string_view after, std::size_t most,
                                             std::string_view state) const {
  const auto& connections = core_->connections;
  std::vector<ConnectionView> page;
  for (auto at = connections.upper_bound(after); at != connections.end() && page.size() < most;
       ++at) {
    if (state.empty() || to_string(at->second.state) == state) page.push_back(*show(at->first));
  }
  return page;
}

std::optional<ConnectionView> Controller::show(std::string_view name) const {
  const auto at = core_->connections.find(name);
  if (at == core_->connections.end()) return std::nullopt;
  const Connection& connection = at->second;
  ConnectionView view{.name = connection.request.name,
                      .state = connection.state,
                      .call_id = connection.request.call.id,
                      .other = connection.second ? connection.second : connection.replacement,
                      .nominal = connection.nominal,
                      .current = connection.route,
                      .frozen = connection.frozen,
                      .protected_by_other = connection.second.has_value(),
                      .segment = connection.request.segment.has_value(),
                      .adjacency = connection.request.adjacency,
                      .attempts = connection.attempts,
                      .failures = connection.failures,
                      .created = connection.created,
                      .up_since = connection.up_since,
                      .setup_time = connection.setup_time,
                      .recovery_time = connection.recovery_time};
  if (connection.current) {
    view.lsp = *connection.current;
    view.carries = core_->carried_by(view.lsp);
  }
  return view;
}

std::vector<LspView> Controller::lsps() const { return lsps(0, core_->lsps.size()); }

std::vector<LspView> Controller::lsps(std::size_t first, std::size_t most) const {
  std::vector<LspView> page;
  if (first >= core_->lsps.size()) return page;
  for (const auto& [key, lsp] : core_->lsps | std::views::drop(first) | std::views::take(most)) {
    page.push_back(view_of(lsp));
    core_->show_nesting(lsp, page.back());
    page.back().carries = core_->carried_by(key);
  }
  return page;
}

std::size_t Controller::lsp_count() const { return core_->lsps.size(); }

std::size_t Controller::unsynchronized_count() const {
  const Core& core = *core_;
  const auto lsps = std::ranges::count_if(
      core.lsps, [](const auto& entry) { return entry.second.unsynchronized; });
  return static_cast<std::size_t>(lsps) + core.unclaimed.size();
}

std::optional<LspView> Controller::lsp(const LspKey& key) const {
  const Lsp* const lsp = core_->find(key);
  if (lsp == nullptr) return std::nullopt;
  LspView view = view_of(*lsp);
  core_->show_nesting(*lsp, view);
  return view;
}

const Controller::Counters& Controller::counters() const { return core_->counters; }

}  // namespace forces::signaling::ason
