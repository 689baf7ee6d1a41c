// Tearing down: RFC 4974 section 6.6.
#include <algorithm>
#include <utility>

#include "ce/signaling/ason/call/controller.hpp"

namespace forces::signaling::ason::calls {
namespace {

constexpr rsvp::ErrorValue kConnectionsExist{rsvp::ErrorCode::CallManagement,
                                             rsvp::call::kConnectionsExist};
constexpr rsvp::ErrorValue kNoPart{rsvp::ErrorCode::Policy, rsvp::policy::kUnauthorizedSender};
constexpr rsvp::ErrorValue kGivenUp{rsvp::ErrorCode::Policy, rsvp::policy::kGeneric};

bool standing(const std::optional<Segment>& leg) {
  return leg && (leg->state == CallState::Active || leg->state == CallState::Recovering);
}

}  // namespace

void CallController::on_release(const Came& came) {
  ++counters_.releases_received;
  const CallId& id = came.notify.id;
  Call* const call = find(came);
  if (call == nullptr || (id.number != call->id.number && id.number != 0)) {
    ++counters_.unknown;
    answer(came, CallMessage::Released);  // section 6.6.5: in the affirmative
    return;
  }
  const auto side = side_of(*call, came.origin.from);
  if (!side) return answer_error(came, kNoPart);
  const auto& behind = call->leg(other(*side));
  switch (call->leg(*side)->state) {
    case CallState::SetupReceived: {  // given up; connections there are none
      set_state(*call, *side, CallState::Null);
      begin_release(*call, Side::Down);
      persist(*call);
      answer(came, CallMessage::Released);
      gone(*call, local_reason("released_by_peer", "given up by " + to_text(came.origin.from)),
           came.now);
      return send_release(*call, Side::Down, came.now);
    }
    case CallState::SetupSent:  // what we ask for, downstream does not want
      fail_setup(
          *call,
          local_reason("released_by_peer", "given up by " + to_text(came.origin.from), kGivenUp),
          error_spec(kGivenUp), false, came.now);
      answer(came, CallMessage::Released);
      return;
    case CallState::Active:
    case CallState::Recovering:
      if (!call->connections.empty()) return answer_error(came, kConnectionsExist);
      if (behind && behind->state != CallState::Null) {
        set_state(*call, *side, CallState::ReleaseReceived);
        const bool begin = standing(behind);
        if (begin) begin_release(*call, other(*side));
        persist(*call);
        changed(*call);
        if (begin) send_release(*call, other(*side), came.now);
        return;
      }
      break;
    case CallState::ReleaseSent:  // both at once: their request answers ours
      release_done(*call, *side, came.now);
      answer(came, CallMessage::Released);
      return;
    case CallState::ReleaseReceived:
      ++counters_.ignored;
      return;
    case CallState::Null:
      answer(came, CallMessage::Released);
      return;
  }
  ++counters_.released;
  Call last = *call;
  erase(*call);
  answer(came, CallMessage::Released);
  gone(last, {}, came.now);
}

void CallController::on_released(const Came& came) {
  Call* const call = find(came);
  const auto side = call != nullptr ? side_of(*call, came.origin.from) : std::nullopt;
  const bool awaited = side && came.notify.id.number == call->id.number &&
                       call->leg(*side)->state == CallState::ReleaseSent;
  if (awaited) return release_done(*call, *side, came.now);
  ++counters_.ignored;  // nothing ends by an answer to what was not asked
}

void CallController::begin_release(Call& call, Side side) {
  call.change.reset();
  set_state(call, side, CallState::ReleaseSent);
}

void CallController::send_release(Call& call, Side side, Instant now) {
  ++counters_.releases_sent;
  Segment& leg = *call.leg(side);
  ++leg.tries;
  (void)send(leg.peer, notify_of(call, side, CallMessage::Release));
  const Duration wait = leg.declared ? config_.times.refresh : config_.times.answer;
  book_.set_due(call, side, std::min(now + wait, leg.declared ? leg.forget : Instant::max()));
}

// For a call that is not there: nothing is kept of it, and nothing waits for the answer.
void CallController::send_stray_release(const Came& came) {
  ++counters_.unknown;
  ++counters_.releases_sent;
  CallNotify n{.what = CallMessage::Release, .id = came.notify.id, .kind = came.notify.kind};
  n.carried.call_id = came.notify.carried.call_id;
  (void)send(came.origin.from, n);
  if (strays_.size() >= config_.max_calls) strays_.clear();
  strays_.try_emplace({n.id.ends.pair(), n.id.name}, false);
}

// A call that is not there has connections at a peer: the operator's to judge, said once.
void CallController::alarm_stray(const Came& came) {
  const CallId& id = came.notify.id;
  const auto at = strays_.find({id.ends.pair(), id.name});
  if (at == strays_.end() || std::exchange(at->second, true)) {
    ++counters_.ignored;
    return;
  }
  out_.push(CallAlarm{.id = id,
                      .kind = AlarmKind::ReleaseFailed,
                      .reason = reason_of("connections_exist", came.notify.error)});
}

void CallController::release_done(Call& call, Side side, Instant now) {
  ++counters_.released;
  set_state(call, side, CallState::Null);
  const auto& behind = call.leg(other(side));
  if (behind && behind->state == CallState::ReleaseSent) return persist(call);
  const bool tell = behind && behind->state == CallState::ReleaseReceived;
  Call last = call;
  erase(call);
  if (tell) {
    (void)send(last.leg(other(side))->peer, notify_of(last, other(side), CallMessage::Released));
  }
  gone(last, last.reason, now);
}

// 32/2: the other end has connections, so the call stays as it was, for everybody.
void CallController::release_refused(Call& call, Side side, const Came& came) {
  const rsvp::ErrorSpec& error = came.notify.error;
  Segment& leg = *call.leg(side);
  const auto& behind = call.leg(other(side));
  const bool whole = !behind || behind->state == CallState::ReleaseReceived;
  if (leg.declared || !leg.was_active || !whole || call.told_gone) {
    // It was said to be gone, so it does not come back (R6), and its identifiers are not free as
    // long as the other end has it: that is asked until its connections have ended.
    if (leg.declared) leg.forget = came.now + config_.times.quarantine * config_.times.refresh;
    if (leg.declared && std::exchange(leg.refused, true)) return;  // said once
    return alarm(call, side, AlarmKind::ReleaseFailed, true, reason_of("connections_exist", error));
  }
  const bool tell = behind && behind->state == CallState::ReleaseReceived;
  call.reason = reason_of("connections_exist", error);
  set_state(call, side, CallState::Active);
  if (behind) set_state(call, other(side), CallState::Active);
  activate(call, came.now);
  persist(call);
  if (tell) answer_leg_error(call, other(side), error);
  changed(call);
}

void CallController::on_release_timer(Call& call, Side side, Instant now) {
  Segment& leg = *call.leg(side);
  if (leg.declared && now >= leg.forget) {
    set_state(call, side, CallState::Null);
    const auto& behind = call.leg(other(side));
    if (behind && behind->state != CallState::Null) return persist(call);
    return erase(call);
  }
  if (leg.declared || leg.tries < config_.times.answer_tries) return send_release(call, side, now);
  // RFC 4974 section 6.6.3: deleted, but its identifiers wait. Until they are free it is asked for
  // once in a refresh period, so that a peer that comes back has no half of a call.
  ++counters_.unconfirmed;
  const Reason reason =
      local_reason("unconfirmed", to_text(leg.peer) + " does not confirm the release");
  leg.declared = true;
  leg.forget = now + config_.times.quarantine * config_.times.refresh;
  const auto& behind = call.leg(other(side));
  const bool tell = behind && behind->state == CallState::ReleaseReceived;
  if (tell) set_state(call, other(side), CallState::Null);
  persist(call);
  if (tell) (void)send(behind->peer, notify_of(call, other(side), CallMessage::Released));
  alarm(call, side, AlarmKind::ReleaseFailed, true, reason);
  gone(call, call.reason.cause.empty() ? reason : call.reason, now);
  book_.set_due(call, side, std::min(now + config_.times.refresh, leg.forget));
}

}  // namespace forces::signaling::ason::calls
