// Setting up: RFC 4974 sections 6.2, 6.5 and 7.2.
#include <utility>

#include "ce/signaling/ason/call/controller.hpp"

namespace forces::signaling::ason::calls {

using rsvp::ErrorCode;
using rsvp::ErrorValue;

namespace {

constexpr ErrorValue kUnknownCall{ErrorCode::CallManagement, rsvp::call::kUnknownCallId};
constexpr ErrorValue kInvalidCallId{ErrorCode::RoutingProblem, rsvp::routing::kInvalidCallId};
constexpr ErrorValue kDuplicate{ErrorCode::CallManagement, rsvp::call::kDuplicate};
constexpr ErrorValue kContention{ErrorCode::CallManagement, rsvp::call::kIdContention};
constexpr ErrorValue kConnectionsExist{ErrorCode::CallManagement, rsvp::call::kConnectionsExist};
constexpr ErrorValue kQuota{ErrorCode::Policy, rsvp::policy::kQuotaExceeded};
constexpr ErrorValue kNoRoute{ErrorCode::RoutingProblem, rsvp::routing::kNoRouteToDestination};
constexpr ErrorValue kStranger{ErrorCode::Policy, rsvp::policy::kUnauthorizedSender};

// What may change while a call stands. Credentials may be renewed without a word.
bool differs(const Carried& said, const Carried& known) {
  const bool assign = said.call_id && said.call_id->kind == rsvp::CallId::Kind::Assign;
  return said.uni != known.uni || said.attributes != known.attributes ||
         (!assign && said.call_id != known.call_id);
}

}  // namespace

// Identifiers and kinds that the reference point does not know.
bool CallController::lawful(const Came& came) {
  const CallNotify& n = came.notify;
  const bool oif = came.point != nullptr && came.point->profile == Profile::Oif;
  const bool uni = came.point != nullptr && came.point->kind == PointKind::Uni;
  const bool plain = n.kind == kind_for(n.id.ends.end_point);
  if (!plain && !oif) {  // D14
    const auto c_type = std::to_underlying(n.kind);
    const auto session = std::to_underlying(rsvp::Class::Session);
    answer_error(came, {ErrorCode::UnknownCType, rsvp::class_and_c_type(session, c_type)});
    return false;
  }
  // A user may leave both identifiers to the first core node, nobody one of them (RFC 4974 7.2).
  const bool unnamed = n.id.number == 0 && n.id.name.empty();
  const bool named = n.id.number != 0 && !n.id.name.empty();
  if (!named && !(unnamed && uni)) {
    answer_error(came, oif ? kInvalidCallId : kUnknownCall);
    return false;
  }
  const auto& call_id = n.carried.call_id;
  if (call_id && call_id->kind == rsvp::CallId::Kind::Assign && !(oif && uni)) {  // D9
    answer_error(came, kInvalidCallId);
    return false;
  }
  return true;
}

void CallController::on_setup(const Came& came) {
  if (!lawful(came)) return;
  if (Call* const call = find(came)) {
    on_known_setup(*call, came);
  } else {
    on_new_setup(came, 0);
  }
}

std::expected<CallController::Hop, Refusal> CallController::hop_for(const Ends& ends,
                                                                    const Carried& carried) const {
  const ManagerRoute* route = policy_.route_to_user(carried);
  if (route == nullptr && ours(ends.end_point)) return Hop{};
  if (route == nullptr) route = policy_.route_to(ends.end_point);
  if (route == nullptr) {
    return std::unexpected(
        Refusal{kNoRoute, "no call controller towards " + to_text(ends.end_point)});
  }
  Hop hop{route->next, policy_.point(route->point)};
  if (hop.point == nullptr && hop.next) hop.point = policy_.point_of(*hop.next);
  if (hop.next && hop.point == nullptr) {
    return std::unexpected(Refusal{kNoRoute, to_text(*hop.next) + " is behind no reference point"});
  }
  return hop;
}

// RFC 4974 section 6.5, last part. A controller in the middle decides as the ends do.
bool CallController::number_is_free(const Came& came) {
  const CallId& id = came.notify.id;
  const Call* const other = id.number != 0 ? book_.find_number(id.ends, id.number) : nullptr;
  if (other == nullptr) return true;
  const bool theirs_wins = other->pending() && other->id.ends == id.ends.reversed() &&
                           other->id.ends.sender < id.ends.sender;
  if (theirs_wins) return true;  // the other will be told to take another number
  ++counters_.contentions;
  answer_error(came, kContention);
  return false;
}

void CallController::on_new_setup(const Came& came, CallHandle handle) {
  const CallNotify& n = came.notify;
  if (came.point == nullptr) {
    ++counters_.refused;
    return answer_error(came, kStranger);
  }
  const auto hop = hop_for(n.id.ends, n.carried);
  // Whoever is nearer to the callee asks for nothing new: it knows a call that we do not know.
  const bool from_behind = hop && hop->next == came.origin.from;
  if (n.id.number != 0 && (from_behind || ours(n.id.ends.sender))) {
    if (!adopt(came)) send_stray_release(came);
    return;
  }
  ++counters_.setups_received;
  if (!number_is_free(came)) return;
  const auto refuse = [&](ErrorValue error) {
    ++counters_.refused;
    answer_error(came, error);
  };
  if (!hop || from_behind) return refuse(hop ? kNoRoute : hop.error().error);
  if (book_.size() >= config_.max_calls) return refuse(kQuota);
  const CallRequest request{n.id.ends, &n.carried, came.origin.authenticated};
  const Address caller = n.carried.tna(rsvp::UniSubobject::kSourceTna).value_or(n.id.ends.sender);
  auto no = policy_.admit(*came.point, Side::Up, request, usage(*came.point, caller));
  if (!no && hop->point != nullptr) {
    no = policy_.admit(*hop->point, Side::Down, request, usage(*hop->point, caller));
  }
  if (no) return refuse(no->error);

  Call fresh{.handle = handle, .id = n.id, .carried = n.carried, .capability = config_.capability};
  fresh.up = segment(came.origin.from, *came.point, CallState::SetupReceived);
  fresh.up->kind = n.kind;
  fresh.up->capability = n.capability;
  if (n.id.number == 0) {
    fresh.user_assigned = true;
    fresh.id.name = make_name();
    fresh.id.number = book_.free_number(n.id.ends);
    if (fresh.id.number == 0) return refuse(kQuota);
  }
  if (hop->next) {
    fresh.down = segment(*hop->next, *hop->point, CallState::SetupSent);
    fresh.down->kind = kind_for(n.id.ends.end_point);
  }
  Call& call = book_.add(std::move(fresh));
  auto& call_id = call.carried.call_id;
  if (call_id && call_id->kind == rsvp::CallId::Kind::Assign) call_id = oif_call_id(call.handle);
  if (call.terminator()) {
    ++counters_.accepted;
    set_state(call, Side::Up, CallState::Active);
    activate(call, came.now);
  }
  persist(call);
  changed(call);
  if (!call.terminator()) return send_setup(call, came.now);
  const auto ticket = answer(came, CallMessage::Accept, &call);
  if (call.user_assigned) tickets_[ticket] = {call.handle, Purpose::UserAnswer};
}

void CallController::on_known_setup(Call& call, const Came& came) {
  const CallId& id = came.notify.id;
  const bool same_way = id.ends == call.id.ends;
  if (!same_way && call.pending()) return on_collision(call, came);
  const auto side = side_of(call, came.origin.from);
  const bool same = side && (id.number == call.id.number || id.number == 0);
  const CallState state = same ? call.leg(*side)->state : CallState::Null;
  switch (state) {
    case CallState::SetupReceived:
    case CallState::ReleaseReceived:
      ++counters_.ignored;  // it has its answer when we have ours
      return;
    case CallState::SetupSent:
      // It holds the call already: its answer was lost, and this is its refresh.
      accepted(call, came);
      answer(came, CallMessage::Accept, &call);
      return;
    case CallState::ReleaseSent:
      if (call.leg(*side)->declared) return send_release(call, *side, came.now);
      ++counters_.ignored;
      return;
    case CallState::Active:
    case CallState::Recovering:
      if (id.number == 0) {
        tickets_[answer(came, CallMessage::Accept, &call)] = {call.handle, Purpose::UserAnswer};
        return;
      }
      if (*side == Side::Up && same_way && differs(came.notify.carried, call.carried)) {
        return on_change(call, came);
      }
      return on_refresh(call, *side, came);
    case CallState::Null:
      break;
  }
  ++counters_.refused;
  answer_error(came, kDuplicate);  // RFC 4974 section 6.5; the call that is there stays
}

// Both ends ask for a call of the same name.
void CallController::on_collision(Call& call, const Came& came) {
  ++counters_.collisions;
  if (call.id.ends.sender > came.notify.id.ends.sender) return;  // theirs is discarded
  const CallHandle handle = call.handle;
  Call last = call;
  erase(call);
  on_new_setup(came, handle);
  if (book_.find(handle) != nullptr) return;
  gone(last, local_reason("collision", "the other end asked for the same call and was refused"),
       came.now);
}

void CallController::send_setup(Call& call, Instant now) {
  ++counters_.setups_sent;
  Segment& down = *call.down;
  ++down.tries;
  tickets_.erase(down.ticket);
  down.ticket = send(down.peer, notify_of(call, Side::Down, CallMessage::Setup));
  tickets_[down.ticket] = {call.handle, Purpose::Setup};
  book_.set_due(call, Side::Down, now + config_.times.answer);
}

void CallController::on_setup_timer(Call& call, Instant now) {
  if (call.down->tries < config_.times.answer_tries) return send_setup(call, now);
  fail_setup(call,
             local_reason("no_answer", to_text(call.down->peer) + " does not answer", kNoRoute),
             error_spec(kNoRoute), true, now);
}

void CallController::on_accept(const Came& came) {
  const CallNotify& n = came.notify;
  Call* call = find(came);
  if (call == nullptr && n.id.number != 0 && !n.id.name.empty()) {
    // Ours as the user, who asked without identifiers.
    Call* const asked = book_.find_name(n.id.ends, {});
    const bool its = asked != nullptr && asked->id.ends == n.id.ends && asked->down &&
                     asked->down->peer == came.origin.from &&
                     asked->down->state == CallState::SetupSent;
    if (its && book_.find_number(n.id.ends, n.id.number) == nullptr) {
      book_.set_id(*asked, n.id);
      call = asked;
    }
  }
  if (call == nullptr) {
    ++counters_.unknown;
    // Who believes that the call is up shall know better. While calls are given back, its refresh
    // will say more.
    if (came.point != nullptr && !relearning(came.now)) send_stray_release(came);
    return;
  }
  const auto side = side_of(*call, came.origin.from);
  if (!side || n.id.number != call->id.number) {
    ++counters_.ignored;
    return;
  }
  switch (call->leg(*side)->state) {
    case CallState::SetupSent:
      return accepted(*call, came);
    case CallState::Active:
    case CallState::Recovering:
      return on_refresh_answer(*call, *side, came);
    case CallState::Null:
    case CallState::SetupReceived:
    case CallState::ReleaseSent:
    case CallState::ReleaseReceived:
      ++counters_.ignored;
      return;
  }
}

void CallController::accepted(Call& call, const Came& came) {
  ++counters_.accepted;
  tickets_.erase(call.down->ticket);
  call.down->capability = came.notify.capability;
  const auto& given = came.notify.carried.call_id;
  auto& asked = call.carried.call_id;
  if (given && asked && asked->kind == rsvp::CallId::Kind::Assign) asked = given;
  set_state(call, Side::Down, CallState::Active);
  if (call.up) set_state(call, Side::Up, CallState::Active);
  activate(call, came.now);
  persist(call);
  changed(call);
  if (!call.up) return;
  const auto ticket = send(call.up->peer, notify_of(call, Side::Up, CallMessage::Accept));
  if (call.user_assigned) tickets_[ticket] = {call.handle, Purpose::UserAnswer};
}

void CallController::on_error(const Came& came) {
  const CallNotify& n = came.notify;
  ++counters_.errors[{n.error.error.code, n.error.error.value}];
  Call* const call = find(came);
  if (call == nullptr && n.error.error == kConnectionsExist) return alarm_stray(came);
  const auto side = call != nullptr ? side_of(*call, came.origin.from) : std::nullopt;
  if (!side || n.id.number != call->id.number) {  // also of a number that was given up
    ++counters_.ignored;
    return;
  }
  switch (call->leg(*side)->state) {
    case CallState::SetupSent:
      return on_setup_error(*call, came);
    case CallState::Active:
    case CallState::Recovering:
      return on_refresh_error(*call, *side, came);
    case CallState::ReleaseSent:
      if (n.error.error == kConnectionsExist) return release_refused(*call, *side, came);
      [[fallthrough]];  // of a setup that was given up since
    case CallState::Null:
    case CallState::SetupReceived:
    case CallState::ReleaseReceived:
      ++counters_.ignored;
      return;
  }
}

void CallController::on_setup_error(Call& call, const Came& came) {
  const rsvp::ErrorSpec& error = came.notify.error;
  const bool numbers_it = call.initiator() || call.user_assigned;
  if (error.error == kContention && numbers_it && call.id.number != 0 &&
      call.contentions < kContentions) {
    const std::uint16_t number = book_.free_number(call.id.ends);
    if (number != 0) {
      ++counters_.contentions;
      ++call.contentions;
      book_.set_id(call, {call.id.name, number, call.id.ends});
      set_state(call, Side::Down, CallState::SetupSent);
      persist(call);
      return send_setup(call, came.now);
    }
  }
  const bool unable =
      error.error.code == ErrorCode::UnknownClass || error.error.code == ErrorCode::UnknownCType;
  fail_setup(call, reason_of(unable ? "not_supported" : "refused", error), error, false, came.now);
}

// What is downstream does not want it, or shall not have it; upstream is told.
void CallController::fail_setup(Call& call, Reason reason, const rsvp::ErrorSpec& error,
                                bool tear_down, Instant now) {
  ++counters_.failed;
  // Whose memory is lost cannot know whether this was new, or the refresh of a call that stands
  // behind us (R1). What is left of a new one is found by its refresh.
  if (call.up && relearning(now)) {
    tear_down = false;
    if (turned_back_.size() < config_.max_calls) {
      turned_back_[{call.id.ends.pair(), call.id.name}] = call.up->peer;
    }
  }
  call.reason = reason;
  tickets_.erase(call.down->ticket);
  Call last = call;
  if (tear_down) {
    if (call.up) set_state(call, Side::Up, CallState::Null);
    begin_release(call, Side::Down);
    persist(call);
  } else {
    erase(call);
  }
  if (last.up) answer_leg_error(last, Side::Up, error);
  gone(tear_down ? call : last, std::move(reason), now);
  if (tear_down) send_release(call, Side::Down, now);
}

}  // namespace forces::signaling::ason::calls
