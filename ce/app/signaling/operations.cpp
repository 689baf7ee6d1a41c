#include "ce/app/signaling/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ce/app/lfb/question.hpp"
#include "ce/app/signaling/views.hpp"

namespace forces::ce {

namespace ason = signaling::ason;
namespace calls = signaling::ason::calls;
using control::Error;
using control::Response;
using signaling::LspKey;

namespace {

Response shown(const calls::Call& call) {
  Response response;
  *response.mutable_call() = call_of(call, true);
  return response;
}

Response shown(const ason::ConnectionView& view, const calls::Call* call, Instant now) {
  Response response;
  *response.mutable_connection() = connection_of(view, now);
  if (call != nullptr) response.mutable_connection()->set_call(call->id.name);
  return response;
}

control::SignalingReason cause(std::string_view what, std::string_view word) {
  control::SignalingReason reason;
  reason.set_what(std::string(what));
  reason.set_cause(std::string(word));
  return reason;
}

// The last that is known of a call that is gone.
control::SignalingReason why_gone(const Operations::Rooms& rooms, calls::CallHandle call) {
  const auto& all = rooms.calls.failures();
  const auto at = std::ranges::find(all.rbegin(), all.rend(), call, &calls::Failed::handle);
  return at != all.rend() ? reason_of(at->reason) : cause("call", "released");
}

control::SignalingReason last_failure(const ason::ConnectionView& view, Instant now) {
  return view.failures.empty() ? cause("connection", "failed")
                               : reason_of(view.failures.back(), now);
}

bool gone(const calls::Call* call) { return call == nullptr || call->told_gone; }

std::string name_of(const calls::Call& call) {
  return call.id.name.empty() ? std::to_string(call.handle) : call.id.name;
}

// RFC 3473 section 7.2.1: also of those whose ingress is another node.
void end_connections(Operations::Rooms& rooms, const calls::Call& call, Instant now) {
  for (const calls::Connection& one : std::vector(call.connections)) {
    const auto lsp = rooms.connections.lsp(one.key);
    if (lsp && !lsp->connection.empty()) {
      (void)rooms.connections.release(lsp->connection, now);
    } else {
      (void)rooms.connections.ask_release(one.key, now);
    }
  }
}

}  // namespace

Response Operations::begin(Rooms& rooms, Operation operation, Instant now) {
  forget_old(now);
  const std::uint64_t ticket = next_++;
  ++going_;
  step(rooms, operations_.emplace(ticket, std::move(operation)).first->second, now);
  return taken(rooms, ticket);
}

void Operations::finish(Operation& operation, Response answer, Instant now) {
  operation.phase = Phase::Writing;
  operation.answer = std::move(answer);
  operation.ended = now;
}

void Operations::forget_old(Instant now) {
  std::erase_if(operations_, [&](const auto& one) {
    return one.second.phase == Phase::Over && now - one.second.ended > kAnswerLife;
  });
  for (auto at = operations_.begin(); at != operations_.end() && operations_.size() > kMostKept;) {
    at = at->second.phase == Phase::Over ? operations_.erase(at) : std::next(at);
  }
}

bool Operations::look(Rooms& rooms, Instant now) {
  bool again = false;
  for (auto& [ticket, operation] : operations_) {
    if (operation.phase == Phase::Writing) {
      write(rooms, operation);
    } else if (operation.phase != Phase::Over) {
      step(rooms, operation, now);
      again |= operation.phase == Phase::Writing;
    }
  }
  return again;
}

// Whether what it has done was written nobody here knows, nor what becomes of the rest.
void Operations::node_gone(Instant now) {
  for (auto& [ticket, operation] : operations_) {
    if (operation.phase == Phase::Over) continue;
    operation = {.answer = failure(Error::FAILED,
                                   "this ce has given up the node before all was done and written; "
                                   "ask the one that runs it now how things are"),
                 .ended = now};
  }
  going_ = 0;
}

// What the last step has persisted the journal knows only behind the event that it was of.
void Operations::write(const Rooms& rooms, Operation& operation) {
  if (!operation.persisted) operation.persisted = rooms.journal.persisted();
  if (!rooms.journal.durable(*operation.persisted)) return;
  operation.phase = Phase::Over;
  --going_;
}

// One step at a time, as far as it goes now.
void Operations::step(Rooms& rooms, Operation& operation, Instant now) {
  for (Phase before = Phase::Over; before != operation.phase;) {
    before = operation.phase;
    switch (operation.phase) {
      case Phase::CallSetup:
        on_call_setup(rooms, operation, now);
        break;
      case Phase::CallChange:
        on_call_change(rooms, operation, now);
        break;
      case Phase::Connecting:
        on_connecting(rooms, operation, now);
        break;
      case Phase::Moving:
        on_moving(rooms, operation, now);
        break;
      case Phase::EndOfConnections:
        on_end_of_connections(rooms, operation, now);
        break;
      case Phase::EndOfCall:
        on_end_of_call(rooms, operation, now);
        break;
      case Phase::Writing:
      case Phase::Over:
        return;
    }
  }
}

// --- begin ---

Response Operations::create_call(Rooms& rooms, const calls::CreateCall& request, Instant now) {
  const auto call = rooms.calls.create(request, now);
  if (!call) return failed_with("the call was not set up", reason_of(call.error()));
  return begin(rooms, {.phase = Phase::CallSetup, .call = *call}, now);
}

Response Operations::create_spc(Rooms& rooms, Spc spc, Instant now) {
  const auto taken = [&](const std::string& name) {
    return rooms.connections.show(name) || std::ranges::any_of(operations_, [&](const auto& one) {
             return one.second.phase != Phase::Over && one.second.connection == name;
           });
  };
  std::string& name = spc.connection.name;
  if (!name.empty() && taken(name)) {
    return failed_with("no connection was set up", cause("connection", "name_in_use"));
  }
  for (unsigned i = 1; name.empty(); ++i) {
    if (const auto free = fmt::format("spc-{}", i); !taken(free)) name = free;
  }
  Operation operation{.phase = Phase::CallSetup,
                      .call = spc.call,
                      .keep = spc.keep,
                      .connection = name,
                      .request = std::move(spc.connection)};
  if (spc.new_call) {
    const auto call = rooms.calls.create(*spc.new_call, now);
    if (!call) return failed_with("the call was not set up", reason_of(call.error()));
    operation.call = *call;
    operation.ends_call = true;
  }
  return begin(rooms, std::move(operation), now);
}

Response Operations::modify_call(Rooms& rooms, calls::CallHandle call, std::uint8_t level,
                                 Instant now) {
  if (const auto why = rooms.calls.modify(call, {.service_level = level}, now)) {
    return failed_with("the call stays as it was", reason_of(*why));
  }
  return begin(rooms, {.phase = Phase::CallChange, .call = call, .level = level}, now);
}

Response Operations::end_call(Rooms& rooms, calls::CallHandle handle, bool connections,
                              Instant now) {
  const calls::Call* const call = rooms.calls.show(handle);
  if (call == nullptr) return failure(Error::NOT_FOUND, "there is no such call");
  Operation operation{.phase = Phase::EndOfConnections, .call = handle, .ends_call = true};
  operation.answer = done(fmt::format("call {} is released", name_of(*call)));
  if (connections) {
    end_connections(rooms, *call, now);
  } else if (!call->connections.empty()) {
    const std::size_t count = call->connections.size();
    return failed_with(
        "the call stays",
        reason_of(calls::Reason{
            .cause = "connections_exist",
            .error = {rsvp::ErrorCode::CallManagement, rsvp::call::kConnectionsExist},
            .text = fmt::format("it has {} connection{}; --connections ends them first", count,
                                count == 1 ? "" : "s")}));
  }
  return begin(rooms, std::move(operation), now);
}

Response Operations::end_connection(Rooms& rooms, const std::string& name, Instant now) {
  if (!rooms.connections.release(name, now)) {
    return failure(Error::NOT_FOUND, fmt::format("there is no connection \"{}\"", name));
  }
  Operation operation{.phase = Phase::EndOfConnections, .connection = name};
  operation.answer = done(fmt::format("connection {} is released", name));
  return begin(rooms, std::move(operation), now);
}

Response Operations::wait_for_move(Rooms& rooms, const std::string& name, const LspKey& before,
                                   Instant now) {
  return begin(rooms, {.phase = Phase::Moving, .connection = name, .before = before}, now);
}

// --- steps ---

void Operations::on_call_setup(Rooms& rooms, Operation& operation, Instant now) {
  if (operation.call == 0) return connect(rooms, operation, now);
  const calls::Call* const call = rooms.calls.show(operation.call);
  if (gone(call)) {
    return finish(operation,
                  failed_with("the call was not set up", why_gone(rooms, operation.call)), now);
  }
  if (call->releasing()) {
    return finish(operation, failed_with("the call ends", cause("call", "released")), now);
  }
  if (!call->established() && !call->local()) return;
  if (!operation.request) return finish(operation, shown(*call), now);
  operation.request->call.id = call->id.number;
  operation.request->call.name = call->id.name;
  connect(rooms, operation, now);
}

void Operations::connect(Rooms& rooms, Operation& operation, Instant now) {
  const auto made = rooms.connections.create(*operation.request, now);
  if (!made) {
    auto why = failed_with("no connection was set up", reason_of(made.error(), now));
    operation.connection.clear();  // there is none, or it is another's
    return undo(rooms, operation, std::move(why), now);
  }
  operation.phase = Phase::Connecting;
}

void Operations::on_connecting(Rooms& rooms, Operation& operation, Instant now) {
  const auto view = rooms.connections.show(operation.connection);
  if (!view || view->state == ason::ConnectionState::Releasing) {
    auto why = failed_with("no connection was set up", cause("connection", "released"));
    return undo(rooms, operation, std::move(why), now);
  }
  if (view->state == ason::ConnectionState::Failed) {
    auto why = failed_with("no connection was set up", last_failure(*view, now));
    if (operation.keep) return finish(operation, std::move(why), now);
    return undo(rooms, operation, std::move(why), now);
  }
  if (view->state == ason::ConnectionState::Setup) return;
  const calls::Call* const call = operation.call != 0 ? rooms.calls.show(operation.call) : nullptr;
  finish(operation, shown(*view, call, now), now);
}

void Operations::on_call_change(const Rooms& rooms, Operation& operation, Instant now) {
  const calls::Call* const call = rooms.calls.show(operation.call);
  if (gone(call)) {
    return finish(operation, failed_with("the call is gone", why_gone(rooms, operation.call)), now);
  }
  if (call->change) return;
  if (call->carried.service_level() == operation.level) {
    return finish(operation, shown(*call), now);
  }
  finish(operation, failed_with("the call stays as it was", reason_of(call->reason)), now);
}

void Operations::on_moving(const Rooms& rooms, Operation& operation, Instant now) {
  const auto view = rooms.connections.show(operation.connection);
  if (!view) {
    return finish(operation, failed_with("the connection is gone", cause("connection", "released")),
                  now);
  }
  using State = ason::ConnectionState;
  if (view->state == State::Setup || view->state == State::Restoring || view->other) return;
  if (view->state == State::Up && view->lsp != operation.before) {
    return finish(operation, shown(*view, nullptr, now), now);
  }
  finish(operation, failed_with("the connection stays as it was", last_failure(*view, now)), now);
}

// What is there goes again; `answer` is given when it has.
void Operations::undo(Rooms& rooms, Operation& operation, Response answer, Instant now) {
  if (!operation.connection.empty()) (void)rooms.connections.release(operation.connection, now);
  operation.answer = std::move(answer);
  operation.phase = Phase::EndOfConnections;
}

void Operations::on_end_of_connections(Rooms& rooms, Operation& operation, Instant now) {
  if (!operation.connection.empty() && rooms.connections.show(operation.connection)) return;
  if (!operation.ends_call) return finish(operation, std::move(operation.answer), now);
  const calls::Call* const call = rooms.calls.show(operation.call);
  if (!gone(call) && !call->connections.empty()) return;
  operation.phase = Phase::EndOfCall;
  if (!gone(call)) release_call(rooms, operation, now);
}

void Operations::release_call(Rooms& rooms, Operation& operation, Instant now) {
  ++operation.releases;
  operation.release_at = now + kReleaseAgain;
  if (const auto why = rooms.calls.remove(operation.call, now)) {
    finish(operation, failed_with("the call stays", reason_of(*why)), now);
  }
}

void Operations::on_end_of_call(Rooms& rooms, Operation& operation, Instant now) {
  const calls::Call* const call = rooms.calls.show(operation.call);
  if (gone(call)) {
    const auto why = why_gone(rooms, operation.call);
    if (why.cause() == "unconfirmed" && operation.answer.has_done()) {
      operation.answer.mutable_done()->add_warnings(text_of(why));
    }
    return finish(operation, std::move(operation.answer), now);
  }
  if (call->releasing()) return;
  if (operation.releases >= kReleases || call->reason.cause != "connections_exist") {
    return finish(operation, failed_with("the call stays", reason_of(call->reason)), now);
  }
  if (now >= operation.release_at) release_call(rooms, operation, now);
}

// --- answers ---

Response Operations::taken(const Rooms& rooms, std::uint64_t ticket) {
  const auto at = operations_.find(ticket);
  if (at == operations_.end()) {
    return failure(Error::NOT_FOUND, fmt::format("there is no ticket {}", ticket));
  }
  const Operation& operation = at->second;
  if (operation.phase == Phase::Over) return operation.answer;
  Response response;
  auto& pending = *response.mutable_pending();
  pending.set_ticket(ticket);
  if (operation.phase == Phase::Writing) {
    pending.set_progress("done; waits until the state is written");
    return response;
  }
  const calls::Call* const call = operation.call != 0 ? rooms.calls.show(operation.call) : nullptr;
  const auto view = rooms.connections.show(operation.connection);
  if (operation.phase == Phase::CallSetup || operation.phase == Phase::CallChange ||
      operation.phase == Phase::EndOfCall) {
    pending.set_progress(fmt::format("{} call {}: {}",
                                     operation.phase == Phase::EndOfCall ? "end of" : "set-up of",
                                     call != nullptr ? name_of(*call) : std::string("-"),
                                     call != nullptr ? to_string(call->state()) : "gone"));
  } else {
    const auto lsp = view ? rooms.connections.lsp(view->lsp) : std::nullopt;
    pending.set_progress(fmt::format("connection {}: {}{}", operation.connection,
                                     view ? to_string(view->state) : "gone",
                                     lsp ? fmt::format(" ({})", lsp->state) : ""));
  }
  return response;
}

}  // namespace forces::ce
