// An established call: refreshes, changes, capabilities. RFC 4974 section 6.7.
#include <utility>

#include "ce/signaling/ason/call/controller.hpp"

namespace forces::signaling::ason::calls {

using rsvp::ErrorCode;
using rsvp::UniSubobject;

namespace {

constexpr rsvp::ErrorValue kInvalidCallId{ErrorCode::RoutingProblem, rsvp::routing::kInvalidCallId};
constexpr rsvp::ErrorValue kUnreachable{ErrorCode::RoutingProblem,
                                        rsvp::routing::kNoRouteToDestination};

// Whose call it is: no controller alters this, and no refresh changes it.
bool same_call(const Carried& a, const Carried& b) {
  const auto same_id = !a.call_id || !b.call_id || a.call_id == b.call_id ||
                       a.call_id->kind == rsvp::CallId::Kind::Assign;
  return same_id && a.tna(UniSubobject::kSourceTna) == b.tna(UniSubobject::kSourceTna) &&
         a.tna(UniSubobject::kDestinationTna) == b.tna(UniSubobject::kDestinationTna);
}

}  // namespace

void CallController::on_refresh(Call& call, Side side, const Came& came) {
  ++counters_.refreshes_received;
  learn_capability(call, side, came.notify.capability, came.now);
  if (side == Side::Up) call.user_told = true;  // it knows the identifiers
  // The answer to a change is still to come.
  if (!(side == Side::Down && call.change)) refreshed(call, side, came.now);
  answer(came, CallMessage::Accept, &call);
}

// A refresh of the caller's side that says something new: it goes on to the callee first.
void CallController::on_change(Call& call, const Came& came) {
  if (call.change) {
    ++counters_.ignored;
    return;
  }
  const Carried& wanted = came.notify.carried;
  if (!same_call(wanted, call.carried)) return answer_error(came, kInvalidCallId);
  for (const Side side : {Side::Up, Side::Down}) {
    const auto& leg = call.leg(side);
    const ReferencePoint* const point = leg ? policy_.point(leg->point) : nullptr;
    if (point == nullptr) continue;
    if (const auto no = policy_.admit_level(*point, wanted)) {
      ++counters_.refused;
      return answer_error(came, no->error);
    }
  }
  learn_capability(call, Side::Up, came.notify.capability, came.now);
  refreshed(call, Side::Up, came.now);
  if (call.down) {
    call.change = wanted;
    call.down->tries = 0;
    return send_refresh(call, Side::Down, came.now);
  }
  call.carried = wanted;
  persist(call);
  changed(call);
  answer(came, CallMessage::Accept, &call);
}

void CallController::on_refresh_answer(Call& call, Side side, const Came& came) {
  learn_capability(call, side, came.notify.capability, came.now);
  if (side != Side::Down || !call.change) return refreshed(call, side, came.now);
  // An answer to a refresh from before is none to the change.
  if (came.notify.carried.service_level() != call.change->service_level()) return;
  refreshed(call, side, came.now);
  call.carried = *std::exchange(call.change, std::nullopt);
  call.reason = {};
  persist(call);
  changed(call);
  if (call.up) (void)send(call.up->peer, notify_of(call, Side::Up, CallMessage::Accept));
}

// R1: the call stays, whatever the other side makes of a refresh.
void CallController::on_refresh_error(Call& call, Side side, const Came& came) {
  const rsvp::ErrorSpec& error = came.notify.error;
  Segment& leg = *call.leg(side);
  const bool changing = side == Side::Down && call.change;
  if (!leg.awaiting) {
    ++counters_.ignored;
    return;
  }
  leg.awaiting = false;
  book_.set_due(call, side, came.now + spread(config_.times.refresh));
  if (changing) return drop_change(call, reason_of("refused", error), error);
  alarm(call, side, AlarmKind::Refused, true, reason_of("refused", error));
}

void CallController::drop_change(Call& call, Reason reason, const rsvp::ErrorSpec& error) {
  call.change.reset();
  call.reason = std::move(reason);
  if (call.up) answer_leg_error(call, Side::Up, error);
  changed(call);
}

void CallController::send_refresh(Call& call, Side side, Instant now) {
  ++counters_.refreshes_sent;
  Segment& leg = *call.leg(side);
  ++leg.tries;
  leg.awaiting = true;
  (void)send(leg.peer, notify_of(call, side, CallMessage::Setup));
  book_.set_due(call, side, now + config_.times.answer);
}

void CallController::on_refresh_timer(Call& call, Side side, Instant now) {
  Segment& leg = *call.leg(side);
  if (!leg.awaiting) leg.tries = 0;
  if (leg.tries < config_.times.answer_tries) return send_refresh(call, side, now);
  leg.awaiting = false;
  const Reason reason = local_reason("no_answer", to_text(leg.peer) + " does not answer a refresh");
  alarm(call, side, AlarmKind::NoAnswer, true, reason);
  book_.set_due(call, side, now + spread(config_.times.refresh));
  if (side == Side::Down && call.change) drop_change(call, reason, error_spec(kUnreachable));
}

// The peer has the call: by its answer, or by its own refresh.
void CallController::refreshed(Call& call, Side side, Instant now) {
  Segment& leg = *call.leg(side);
  leg.awaiting = false;
  leg.tries = 0;
  alarm(call, side, AlarmKind::NoAnswer, false, {});
  alarm(call, side, AlarmKind::Refused, false, {});
  if (leg.state == CallState::Recovering) {
    set_state(call, side, CallState::Active);
    persist(call);
    if (call.state() == CallState::Active) changed(call);
  }
  book_.set_due(call, side, now + spread(config_.times.refresh));
}

void CallController::learn_capability(Call& call, Side side,
                                      const std::optional<rsvp::LinkCapability>& what,
                                      Instant now) {
  Segment& leg = *call.leg(side);
  if (leg.capability == what) return;
  leg.capability = what;
  persist(call);
  // The other end learns it by our next refresh, which is now.
  const auto& behind = call.leg(other(side));
  const ReferencePoint* const point = behind ? policy_.point(behind->point) : nullptr;
  if (!behind || behind->awaiting || (point != nullptr && !point->pass_capability)) return;
  if (behind->state == CallState::Active) book_.set_due(call, other(side), now);
}

}  // namespace forces::signaling::ason::calls
