// What the connection controller asks and says: RFC 4974 sections 6.3 and 6.7.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "ce/signaling/ason/call/controller.hpp"

namespace forces::signaling::ason::calls {

using rsvp::ErrorCode;

// An LSP of that segment: it goes from this controller to its peer, or comes from there.
bool CallController::is_within(const Call& call, Side side, const Ends& lsp) const {
  const auto& leg = call.leg(side);
  return leg && leg->plan.realisation != Realisation::Contiguous &&
         Ends{config_.address, leg->peer}.pair() == lsp.pair();
}

// By both ends and the short Call ID; an LSP of one segment has the two controllers as its ends and
// the long Call ID as its Session Name (RFC 4974 section 6.3), for numbers of theirs are not
// exchanged.
Call* CallController::call_of(const ConnectionAsk& ask) {
  if (!ask.name.empty()) {
    Call* const named = book_.find_name(ask.ends, ask.name);
    if (named != nullptr && named->id.number == ask.call_id) return named;
  }
  if (Call* const call = book_.find_number(ask.ends, ask.call_id)) return call;
  const auto between = [&](const Call& call) {
    return is_within(call, Side::Up, ask.ends) || is_within(call, Side::Down, ask.ends);
  };
  Call* const named = ask.name.empty() ? nullptr : book_.find_name(std::string_view(ask.name));
  if (named != nullptr && between(*named)) return named;
  return ask.name.empty() ? book_.find_local(ask.ends, ask.call_id) : nullptr;
}

namespace {

Ends ends_of(const LspKey& key) {
  return {Address::v4(key.sender.value), Address::v4(key.end_point.value)};
}

// Of one that is asked for at a leg: what the call has there beside it. With SE style it takes the
// place of another LSP of its session (RFC 3209 section 4.6.4), and is nothing on top; with FF each
// has labels of its own.
ConnectionUsage usage_of(const Call& call, const ConnectionAsk& ask, const auto& crosses) {
  ConnectionUsage usage;
  if (!ask.promise) return usage;
  bool takes_place = ask.shared;
  for (const auto* all : {&call.connections, &call.promised}) {
    for (const Connection& one : *all) {
      if (one.state == ConnectionState::Gone || one.key == ask.key || !crosses(ends_of(one.key))) {
        continue;
      }
      if (same_session(one.key, ask.key) && std::exchange(takes_place, false)) continue;
      ++usage.connections;
      usage.bandwidth += one.bandwidth;
    }
  }
  return usage;
}

}  // namespace

ConnectionVerdict CallController::may_connect(const ConnectionAsk& ask) {
  using Answer = ConnectionVerdict::Answer;
  ConnectionVerdict verdict;
  if (ask.call_id == 0) return verdict;  // RFC 4974 section 6.4
  const ReferencePoint* const at = ask.neighbor ? policy_.point_of(*ask.neighbor) : nullptr;
  const bool oif = at != nullptr && at->profile == Profile::Oif;
  verdict.error = oif ? rsvp::ErrorValue{ErrorCode::RoutingProblem, rsvp::routing::kInvalidCallId}
                      : rsvp::ErrorValue{ErrorCode::CallManagement, rsvp::call::kUnknownCallId};
  verdict.hold = config_.times.hold;
  verdict.answer = Answer::Wait;
  Call* const call = call_of(ask);
  if (call == nullptr) {
    verdict.text = "the call is not known";
    return verdict;
  }
  verdict.call = call->handle;
  verdict.id = call->id;
  if (call->up) verdict.up = call->up->plan;
  if (call->down) verdict.down = call->down->plan;
  if (call->releasing()) verdict.answer = Answer::No;
  if (!call->established()) {
    verdict.text = "the call is " + std::string(to_string(call->state()));
    return verdict;
  }
  for (const Side side : {Side::Up, Side::Down}) {
    const auto& leg = call->leg(side);
    const ReferencePoint* const point = leg ? policy_.point(leg->point) : nullptr;
    // LSPs of one segment do not cross the other one's reference point.
    const auto crosses = [&](const Ends& lsp) { return !is_within(*call, other(side), lsp); };
    if (point == nullptr || !crosses(ask.ends)) continue;
    const ConnectionUsage usage = usage_of(*call, ask, crosses);
    verdict.hide_route = verdict.hide_route || point->hide_route;
    if (auto no = Policy::admit_connection(*point, ask.request, usage)) {
      verdict.answer = Answer::No;
      verdict.error = no->error;
      verdict.text = std::move(no->text);
      return verdict;
    }
  }
  if (ask.promise) {
    std::erase_if(call->promised, [&](const Connection& one) { return one.key == ask.key; });
    call->promised.push_back({.key = ask.key, .bandwidth = ask.request.bandwidth});
  }
  verdict.answer = Answer::Yes;
  verdict.error = {};
  verdict.hold = {};
  return verdict;
}

bool CallController::on_connection(const ConnectionAsk& ask, const Connection& connection,
                                   Instant) {
  Call* const owner = book_.find_lsp(connection.key);
  Call* const call = ask.call_id != 0 ? call_of(ask) : nullptr;
  if (call != nullptr) {
    std::erase_if(call->promised, [&](const Connection& one) { return one.key == connection.key; });
  }
  // A call is never imposed on an LSP that is there, nor taken from it (RFC 4974 section 6.1).
  if (owner != nullptr && owner != call) {
    if (connection.state != ConnectionState::Gone) return false;
    book_.erase_lsp(*owner, connection.key);
    persist(*owner);
    return true;
  }
  if (ask.call_id == 0) return true;
  if (call == nullptr) {
    const std::pair key(ask.ends.pair(), ask.call_id);
    const auto at = unclaimed_.find(key);
    if (at != unclaimed_.end()) {
      std::erase_if(at->second,
                    [&](const Unclaimed& u) { return u.connection.key == connection.key; });
    }
    if (connection.state != ConnectionState::Gone && unclaimed_.size() < config_.max_calls) {
      unclaimed_[key].push_back({ask, connection});
    } else if (at != unclaimed_.end() && at->second.empty()) {
      unclaimed_.erase(at);
    }
    return true;
  }
  const auto known = std::ranges::find(call->connections, connection.key, &Connection::key);
  if (connection.state == ConnectionState::Gone) {
    if (known == call->connections.end()) return true;
    book_.erase_lsp(*call, connection.key);
    persist(*call);
    return true;
  }
  const bool was = known != call->connections.end() && *known == connection;
  if (known == call->connections.end()) {
    book_.add_lsp(*call, connection);
  } else {
    *known = connection;
  }
  // One that is starting has nothing yet to be associated again after a restart.
  if (!was && connection.state == ConnectionState::Up) persist(*call);
  return true;
}

void CallController::on_connections_recovered(std::span<const LspKey> alive, Instant) {
  const std::unordered_set<LspKey> live(alive.begin(), alive.end());
  for (auto& [handle, call] : book_.all()) {
    std::vector<LspKey> gone;
    for (const Connection& connection : call.connections) {
      if (!live.contains(connection.key)) gone.push_back(connection.key);
    }
    for (const LspKey& key : gone) book_.erase_lsp(call, key);
    if (!gone.empty()) persist(call);
  }
}

// Connections that came back before their call did (R4).
void CallController::claim_connections(Call& call) {
  const auto contiguous = [](const std::optional<Segment>& leg) {
    return !leg || leg->plan.realisation == Realisation::Contiguous;
  };
  // LSPs of one segment have ends and numbers that only their name leads from to the call.
  const bool all = !contiguous(call.up) || !contiguous(call.down);
  auto at = all ? unclaimed_.begin() : unclaimed_.find({call.id.ends.pair(), call.id.number});
  while (at != unclaimed_.end()) {
    auto& list = at->second;
    std::erase_if(list, [&](const Unclaimed& u) {
      if (call_of(u.ask) != &call || book_.find_lsp(u.connection.key) != nullptr) return false;
      book_.add_lsp(call, u.connection);
      return true;
    });
    at = list.empty() ? unclaimed_.erase(at) : std::next(at);
    if (!all) break;
  }
}

std::optional<CallId> CallController::segment_id(CallHandle handle, Side side) const {
  const Call* const call = book_.find(handle);
  if (call == nullptr || !call->leg(side) || call->leg(side)->local_number == 0) {
    return std::nullopt;
  }
  const Segment& leg = *call->leg(side);
  return CallId{call->id.name, leg.local_number, {config_.address, leg.peer}};
}

}  // namespace forces::signaling::ason::calls
