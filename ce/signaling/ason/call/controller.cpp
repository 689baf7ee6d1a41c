#include "ce/signaling/ason/call/controller.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace forces::signaling::ason::calls {

std::string_view to_string(AlarmKind kind) {
  static constexpr std::array<std::string_view, 4> kNames{"no-answer", "refused", "release-failed",
                                                          "journal-damaged"};
  return kNames[std::to_underlying(kind)];
}

CallController::CallController(CallConfig config)
    : config_(std::move(config)), policy_(config_.policy), book_(config_.seed) {
  // A timer of nothing would be due for ever.
  static constexpr Duration kShortest = std::chrono::milliseconds(1);
  CallTimes& t = config_.times;
  for (Duration* const time : {&t.answer, &t.refresh, &t.hold}) *time = std::max(*time, kShortest);
  t.answer_tries = std::max(t.answer_tries, 1U);
}

bool CallController::on_notify(const NotifyOrigin& origin, const rsvp::Message& message,
                               Instant now) {
  if (!ours(origin.to) || message.type != rsvp::MessageType::Notify) return false;
  const auto* const error = message.find<rsvp::ErrorSpec>();
  if (error == nullptr) return false;
  const auto refused = rsvp::unacceptable(message);
  const ReferencePoint* const point = policy_.point_of(origin.from);
  const bool believed = point == nullptr || !point->authenticated || origin.authenticated;
  bool any = false;
  for (const rsvp::NotifySession& session : rsvp::notify_sessions(message)) {
    const auto notify = parse(*error, session);
    if (!notify) continue;
    any = true;
    const Came came{origin, *notify, point, now};
    const bool asks = notify->what == CallMessage::Setup;
    if (refused) {  // RFC 4974 section 6.2.2: 13 or 14
      if (asks) answer_error(came, *refused);
    } else if (!believed) {
      ++counters_.ignored;
      const auto unauthorized = rsvp::policy::kUnauthorizedSender;
      if (asks) answer_error(came, {rsvp::ErrorCode::Policy, unauthorized});
    } else {
      switch (notify->what) {
        case CallMessage::Setup:
          on_setup(came);
          break;
        case CallMessage::Accept:
          on_accept(came);
          break;
        case CallMessage::Release:
          on_release(came);
          break;
        case CallMessage::Released:
          on_released(came);
          break;
        case CallMessage::Error:
          on_error(came);
          break;
      }
    }
  }
  return any;
}

void CallController::on_notify_delivered(std::uint64_t ticket, Instant) {
  const auto at = tickets_.find(ticket);
  if (at == tickets_.end()) return;
  Call* const call = book_.find(at->second.call);
  if (call != nullptr && at->second.purpose == Purpose::UserAnswer) call->user_told = true;
  tickets_.erase(at);
}

void CallController::on_notify_failed(std::uint64_t ticket, Instant now) {
  const auto at = tickets_.find(ticket);
  if (at == tickets_.end()) return;
  const Ticket t = at->second;
  tickets_.erase(at);
  Call* const call = book_.find(t.call);
  if (call == nullptr || t.purpose != Purpose::Setup || !call->down) return;
  if (call->down->state != CallState::SetupSent || call->down->ticket != ticket) return;
  const rsvp::ErrorValue error{rsvp::ErrorCode::RoutingProblem,
                               rsvp::routing::kNoRouteToDestination};
  fail_setup(*call,
             local_reason("no_acknowledgement", to_text(call->down->peer) + " does not acknowledge",
                          error),
             error_spec(error), true, now);
}

std::optional<Instant> CallController::next_deadline() const {
  const auto due = book_.next_due();
  return relearning_ ? std::min(due.value_or(relearn_until_), relearn_until_) : due;
}

void CallController::on_time(Instant now) {
  if (relearning_ && now >= relearn_until_) end_relearning(now);
  while (const auto due = book_.due(now)) {
    const auto [handle, side] = *due;
    Call& call = *book_.find(handle);
    switch (call.leg(side)->state) {
      case CallState::SetupSent:
        on_setup_timer(call, now);
        break;
      case CallState::ReleaseSent:
        on_release_timer(call, side, now);
        break;
      case CallState::Active:
      case CallState::Recovering:
        on_refresh_timer(call, side, now);
        break;
      case CallState::Null:
      case CallState::SetupReceived:
      case CallState::ReleaseReceived:  // wait for the other side
        book_.set_due(call, side, Instant::max());
        break;
    }
  }
}

bool CallController::ours(const Address& address) const {
  return address == config_.address ||
         std::ranges::find(config_.addresses, address) != config_.addresses.end();
}

Call* CallController::find(const Came& came) {
  const CallId& id = came.notify.id;
  if (!id.name.empty()) return book_.find_name(id.ends, id.name);
  // A user's request without identifiers, sent again, or given up before it had an answer; or ours.
  return book_.find_if(id.ends, [&](const Call& call) {
    const auto& leg = call.id.name.empty() ? call.down : call.up;
    const bool unnamed = call.id.name.empty() || (call.user_assigned && !call.user_told);
    return unnamed && call.id.ends == id.ends && leg && leg->peer == came.origin.from;
  });
}

std::optional<Side> CallController::side_of(const Call& call, const Address& peer) {
  for (const Side side : {Side::Up, Side::Down}) {
    if (call.leg(side) && call.leg(side)->peer == peer) return side;
  }
  return std::nullopt;
}

std::optional<rsvp::LinkCapability> CallController::capability_for(const Call& call,
                                                                   Side side) const {
  const auto& behind = call.leg(other(side));
  if (!behind) return call.capability;
  const ReferencePoint* const point = policy_.point(call.leg(side)->point);
  return point == nullptr || point->pass_capability ? behind->capability : config_.capability;
}

CallNotify CallController::notify_of(const Call& call, Side side, CallMessage what) const {
  const Segment& leg = *call.leg(side);
  CallNotify n{.what = what, .id = call.id, .kind = leg.kind};
  n.carried.call_id = call.carried.call_id;
  n.carried.others = call.carried.others;
  if (what == CallMessage::Setup || what == CallMessage::Accept) {
    n.carried = side == Side::Down && call.change ? *call.change : call.carried;
    n.capability = capability_for(call, side);
  }
  // RFC 3474: behind this border every message names the call in the OIF's way.
  const ReferencePoint* const point = policy_.point(leg.point);
  const bool oif = point != nullptr && point->profile == Profile::Oif;
  if (oif && !n.carried.call_id) n.carried.call_id = oif_call_id(call.handle);
  return n;
}

rsvp::CallId CallController::oif_call_id(CallHandle handle) const {
  rsvp::CallId id{.kind = rsvp::CallId::Kind::Global};
  const auto fill = [](const std::string& from, auto& to) {
    std::copy_n(from.begin(), std::min(from.size(), to.size()), to.begin());
  };
  fill(config_.naming.country, id.global.country);
  fill(config_.naming.carrier, id.global.carrier);
  fill(config_.naming.access_point, id.global.access_point);
  const auto octets = config_.address.octets();
  id.type = config_.address.is_v6() ? rsvp::CallId::kIpv6 : rsvp::CallId::kIpv4;
  id.source.assign(octets.begin(), octets.end());
  id.local_id = handle;
  return id;
}

std::uint64_t CallController::send(const Address& to, const CallNotify& notify) {
  if (notify.what == CallMessage::Error) {
    ++counters_.errors[{notify.error.error.code, notify.error.error.value}];
  }
  out_.push(SendNotify{to, config_.address, compose(notify, config_.address), ++last_ticket_});
  return last_ticket_;
}

// Reflects what came (RFC 4974 section 6.2.1); of a call that is there, with what we have to say.
std::uint64_t CallController::answer(const Came& came, CallMessage what, const Call* call) {
  CallNotify n{.what = what, .id = came.notify.id, .kind = came.notify.kind};
  n.carried.call_id = came.notify.carried.call_id;
  n.carried.others = came.notify.carried.others;
  if (what == CallMessage::Accept) n.carried = came.notify.carried;
  const auto side = call != nullptr ? side_of(*call, came.origin.from) : std::nullopt;
  if (side && what == CallMessage::Accept) n.capability = capability_for(*call, *side);
  if (side && n.id.number == 0) n.id = call->id;
  return send(came.origin.from, n);
}

void CallController::answer_error(const Came& came, rsvp::ErrorValue error) {
  CallNotify n{.what = CallMessage::Error, .id = came.notify.id, .kind = came.notify.kind};
  n.error = error_spec(error);
  n.carried.call_id = came.notify.carried.call_id;
  n.carried.others = came.notify.carried.others;
  (void)send(came.origin.from, n);
}

void CallController::answer_leg_error(const Call& call, Side side, const rsvp::ErrorSpec& error) {
  CallNotify n = notify_of(call, side, CallMessage::Error);
  n.error = error;
  // The user knows its request by nothing else.
  if (side == Side::Up && call.user_assigned && !call.user_told && !call.up->was_active) {
    n.id = {.ends = call.id.ends};
  }
  (void)send(call.leg(side)->peer, n);
}

void CallController::persist(const Call& call) {
  out_.push(PersistCall{journal_key(call.handle), to_journal(call)});
}

void CallController::erase(const Call& call) {
  const CallHandle handle = call.handle;
  out_.push(PersistCall{journal_key(handle), std::nullopt});
  book_.erase(handle);
}

void CallController::set_state(Call& call, Side side, CallState state) {
  Segment& leg = *call.leg(side);
  leg.state = state;
  leg.awaiting = false;
  leg.declared = false;
  leg.tries = 0;
  leg.was_active = leg.was_active || state == CallState::Active;
  book_.set_due(call, side, Instant::max());
}

void CallController::changed(const Call& call) {
  out_.push(CallChanged{call.handle, call.id, call.state(), call.reason});
}

void CallController::gone(Call& call, Reason reason, Instant now) {
  if (call.told_gone) return;
  call.told_gone = true;
  if (!reason.cause.empty()) {
    if (failures_.size() == kFailures) failures_.erase(failures_.begin());
    failures_.push_back({call.handle, call.id, reason, now});
  }
  out_.push(CallChanged{call.handle, call.id, CallState::Null, std::move(reason)});
}

void CallController::alarm(Call& call, Side side, AlarmKind kind, bool raised, Reason reason) {
  Segment& leg = *call.leg(side);
  bool& state = kind == AlarmKind::Refused ? leg.refused : leg.unanswered;
  if (state == raised && kind != AlarmKind::ReleaseFailed) return;
  state = raised;
  out_.push(CallAlarm{call.handle, call.id, kind, raised, std::move(reason)});
}

// Both sides agree: what is needed for connections, and the next refresh.
void CallController::activate(Call& call, Instant now) {
  for (const Side side : {Side::Up, Side::Down}) {
    auto& leg = call.leg(side);
    if (!leg) continue;
    if (leg->plan.realisation != Realisation::Contiguous) {
      book_.set_local_number(call, side, config_.address);
    }
    book_.set_due(call, side, now + spread(config_.times.refresh));
  }
  claim_connections(call);
}

CallUsage CallController::usage(const ReferencePoint& point, const Address& caller) const {
  CallUsage usage;
  if (point.calls == 0 && point.calls_of_caller == 0) return usage;
  for (const auto& [handle, call] : book_.all()) {
    const bool here =
        (call.up && call.up->point == point.name) || (call.down && call.down->point == point.name);
    if (!here || call.told_gone) continue;
    ++usage.calls;
    const auto tna = call.carried.tna(rsvp::UniSubobject::kSourceTna);
    if (tna.value_or(call.id.ends.sender) == caller) ++usage.calls_of_caller;
  }
  return usage;
}

Reason CallController::reason_of(std::string_view cause, const rsvp::ErrorSpec& error) {
  std::string text(rsvp::to_string(error.error.code));
  const auto value = rsvp::value_name(error.error);
  if (!value.empty()) text += ": " + std::string(value);
  return {std::string(cause), error.error, std::move(text), to_text(error.node)};
}

Reason CallController::local_reason(std::string_view cause, std::string text,
                                    rsvp::ErrorValue error) const {
  return {std::string(cause), error, std::move(text), to_text(config_.address)};
}

Duration CallController::spread(Duration period) {
  const auto quarter = static_cast<std::uint64_t>(period.count() / 4 + 1);
  return period - Duration(static_cast<Duration::rep>(book_.random() % quarter));
}

std::string CallController::make_name() {
  char local[20];
  std::snprintf(local, sizeof local, "/%016llx", static_cast<unsigned long long>(book_.random()));
  const CallNaming& naming = config_.naming;
  std::string name = naming.country + '-' + naming.carrier + '-' + naming.access_point + '/' +
                     to_text(config_.address);
  name.resize(std::min(name.size(), std::size_t{255 - 17}));
  return name + local;
}

Segment CallController::segment(const Address& peer, const ReferencePoint& point, CallState state) {
  return {.peer = peer, .point = point.name, .state = state, .plan = point.plan};
}

}  // namespace forces::signaling::ason::calls
