// Fib: what it hands out, and what comes back or is read back.
#include <cerrno>
#include <utility>

#include "common/core/assert.hpp"
#include "fe/dataplane/kernel/fib.hpp"

namespace forces::fe::dataplane::kernel {

std::optional<Request> Fib::poll_operation() {
  if (reading_ || unanswered_ >= kMaxInFlight) return {};
  if (auto request = poll_object(burial_queue_, Need::Bury)) return request;
  if (auto request = poll_object(next_hop_queue_, Need::Set)) return request;
  if (deletions_unanswered_ > 0) {  // nothing but more of them, as long as nothing else waits
    const bool alone =
        unanswered_ == deletions_unanswered_ && set_queue_.empty() && route_queue_.empty();
    return alone ? poll_object(deletion_queue_, Need::Delete) : std::nullopt;
  }
  if (next_hops_unanswered_ > 0) return {};
  if (auto request = poll_object(set_queue_, Need::Set)) return request;
  if (sets_unanswered_ > 0) return {};
  if (auto request = poll_route()) return request;
  // A route that is still to be looked at may have to leave the object first.
  if (unanswered_ > 0 || reviewing()) return {};
  return poll_object(deletion_queue_, Need::Delete);
}

std::optional<Request> Fib::poll_object(std::deque<ObjectId>& queue, Need kind) {
  while (!queue.empty()) {
    const ObjectId id = queue.front();
    queue.pop_front();
    Object* o = find(id);
    if (o == nullptr || o->queued != kind || o->in_flight) continue;
    o->queued = Need::Nothing;
    if (need(*o) != kind) {
      touch(id);
      continue;
    }
    o->in_flight = true;
    Flight flight;
    flight.object = id;
    flight.deletion = kind != Need::Set;
    flight.set = o->set;
    flight.replaces = o->installed;
    ++unanswered_like(flight);
    if (flight.deletion) return hand_out(std::move(flight), DeleteObject{id});
    if (o->set) {
      flight.members = available(*o);
      auto members = flight.members;
      return hand_out(std::move(flight), SetMembers{id, std::move(members), !o->installed});
    }
    flight.next_hop = o->next_hop;
    if (const LinkState* link = link_of(o->next_hop)) flight.downs = link->downs;
    return hand_out(std::move(flight), SetNextHop{id, o->next_hop, !o->installed});
  }
  return {};
}

std::optional<Request> Fib::poll_route() {
  while (!route_queue_.empty()) {
    const Slot slot = route_queue_.front();
    route_queue_.pop_front();
    Row& row = routes_[slot];
    row.queued = false;
    const Need what = need(row);
    if (what == Need::Nothing) {
      touch(slot);
      continue;
    }
    row.in_flight = true;
    Flight flight;
    flight.slot = slot;
    flight.deletion = what == Need::Delete;
    if (flight.deletion) return hand_out(std::move(flight), DeleteRoute{row.prefix()});
    const Object& target = *find(row.desired);
    flight.object = row.desired;
    flight.epoch = target.epoch;
    flight.mtu = target.effective_mtu;
    flight.reject = target.effective_reject;
    return hand_out(std::move(flight), SetRoute{row.prefix(), row.desired, target.effective_mtu,
                                                target.effective_reject});
  }
  return {};
}

std::size_t& Fib::unanswered_like(const Flight& flight) {
  if (flight.deletion) return deletions_unanswered_;
  return flight.set ? sets_unanswered_ : next_hops_unanswered_;
}

Request Fib::hand_out(Flight flight, Operation operation) {
  flights_.push_back(std::move(flight));
  ++unanswered_;
  return {first_ticket_ + flights_.size() - 1, std::move(operation)};
}

bool Fib::on_result(std::uint64_t ticket, int error) {
  const std::uint64_t index = ticket - first_ticket_;
  if (index >= flights_.size() || flights_[index].answered) return false;
  const Flight flight = std::move(flights_[index]);
  flights_[index].answered = true;
  while (!flights_.empty() && flights_.front().answered) {
    flights_.pop_front();
    ++first_ticket_;
  }
  --unanswered_;
  if (flight.slot != RouteTable::kNone) return route_result(flight, error);
  --unanswered_like(flight);
  return object_result(flight, error);
}

bool Fib::object_result(const Flight& flight, int error) {
  const ObjectId id = flight.object;
  Object& o = *find(id);
  o.in_flight = false;
  const bool doubt = std::exchange(o.doubt, false);
  if (flight.deletion) {
    // Were it refused, asking again would not help; reading back shows what is there.
    gone(id);
    return error != 0 && error != ENOENT;
  }
  const LinkState* link = link_of(flight.next_hop);
  const bool flapped = link != nullptr && link->downs != flight.downs;
  const bool was_usable = usable(o);
  if (error == ENOENT && flight.replaces) {  // dropped, with its routes; the news may never come
    gone(id);
    return false;
  }
  if (error != 0) {
    // What was refused may be what nobody wants any more, or the link went meanwhile.
    const bool current =
        o.set ? available(o) == flight.members : o.next_hop == flight.next_hop && !flapped;
    const bool refused = o.wanted && current && !doubt;
    if (refused) o.error = error;
    if (o.installed && (doubt || (o.set && o.members_installed.empty()))) {
      bury(id);
    } else {
      if (was_usable != usable(o)) touch_users(id);
      touch(id);
    }
    return refused;
  }
  o.installed = true;
  if (o.set) {
    const auto former = std::exchange(o.members_installed, {});
    // A member that went while this was under way has left the set again.
    for (const Member& member : flight.members) {
      const Object* hop = find(member.next_hop);
      if (hop != nullptr && hop->installed) o.members_installed.push_back(member);
    }
    link_set(id, o.members_installed);
    unlink_set(id, former);
  } else {
    o.next_hop_installed = flight.next_hop;
  }
  if (flapped || doubt || (o.set && o.members_installed.empty())) {
    bury(id);
    return false;
  }
  if (was_usable != usable(o)) touch_users(id);
  touch(id);
  return false;
}

bool Fib::route_result(const Flight& flight, int error) {
  Row& row = routes_[flight.slot];
  row.in_flight = false;
  const bool doubt = row.doubt;
  row.doubt = false;
  bool refused = false;
  if (doubt) {
    row.installed = kForeign;  // whatever it is, it is to be replaced or deleted
  } else if (flight.deletion) {
    refused = error != 0 && error != ESRCH && error != ENOENT;
    if (!refused) row.installed = kNoObject;
  } else if (error == 0) {
    row.installed = installed_as(flight.object, flight.reject);
    row.seen = mark_;
    row.installed_epoch = flight.epoch;  // another one now: it went with its object meanwhile
    row.installed_mtu = flight.mtu;
  } else {
    const Object* o = find(flight.object);
    refused =
        row.desired == flight.object && o != nullptr && usable(*o) && o->epoch == flight.epoch;
  }
  if (refused) row.error = static_cast<std::uint16_t>(error);
  touch(flight.slot);
  return refused;
}

void Fib::begin_read_back() {
  FORCES_ASSERT(unanswered_ == 0);
  if (reading_ || reviewing()) {  // of an unfinished one some rows are marked, some not
    for (Slot slot = 0; slot < routes_.slots(); ++slot) routes_[slot].seen = mark_;
  }
  reading_ = true;
  mark_ = !mark_;
  review_at_ = RouteTable::kNone;
  for (auto& [number, o] : objects_) o.seen = false;
}

void Fib::end_read_back() {
  FORCES_ASSERT(reading_);
  reading_ = false;
  std::vector<ObjectId> lost;
  for (const auto& [number, o] : objects_) {
    if (o.installed && !o.seen) lost.push_back(ObjectId{number});
  }
  for (const ObjectId id : lost) gone(id);
  touch_all();
}

void Fib::review(std::size_t most) {
  for (; reviewing() && !reading_ && most > 0; --most) {
    if (review_at_ >= routes_.slots()) {
      review_at_ = RouteTable::kNone;
      return;
    }
    const Slot slot = review_at_++;
    Row& row = routes_[slot];
    if (row.used && row.seen != mark_) {
      row.seen = mark_;
      row.installed = kNoObject;
    }
    touch(slot);
  }
}

bool Fib::has_work() const {
  return reviewing() || unanswered_ > 0 || !route_queue_.empty() || !next_hop_queue_.empty() ||
         !set_queue_.empty() || !deletion_queue_.empty() || !burial_queue_.empty();
}

std::optional<RowStatus> Fib::status(const Prefix& prefix) const {
  const Slot slot = routes_.find(prefix);
  if (slot == RouteTable::kNone || routes_[slot].desired == kNoObject) return {};
  return status(routes_[slot]);
}

RowStatus Fib::status(const Row& row) const {
  if (row.error != 0) return {RowState::Failed, row.error};
  if (row.in_flight || need(row) != Need::Nothing) return {RowState::Pending};
  const Object* target = find(row.desired);
  return {target != nullptr && usable(*target) ? RowState::Installed : RowState::Waiting};
}

std::optional<RowStatus> Fib::status(ObjectId id) const {
  const Object* o = find(id);
  if (o == nullptr || !o->wanted) return {};
  if (o->error != 0) return RowStatus{RowState::Failed, o->error};
  if (o->in_flight || need(*o) == Need::Set) return RowStatus{RowState::Pending};
  return RowStatus{need(*o) == Need::Nothing && o->installed ? RowState::Installed
                                                             : RowState::Waiting};
}

std::vector<FailedRow> Fib::failed_rows(std::size_t most) const {
  std::vector<FailedRow> failed;
  for (const auto& [number, o] : objects_) {
    if (failed.size() == most) break;
    if (o.wanted && o.error != 0) failed.push_back({ObjectId{number}, o.error});
  }
  const std::size_t objects = failed.size();
  for (Slot slot = 0; slot < routes_.slots() && failed.size() < objects + most; ++slot) {
    const Row& row = routes_[slot];
    if (!row.used || row.desired == kNoObject || row.error == 0) continue;
    failed.push_back({row.prefix(), row.error});
  }
  return failed;
}

RouteCounts Fib::count_routes() const {
  RouteCounts counts;
  for (Slot slot = 0; slot < routes_.slots(); ++slot) {
    const Row& row = routes_[slot];
    if (!row.used) continue;
    if (row.desired == kNoObject) {
      counts.stale += row.stale ? 1 : 0;
      continue;
    }
    switch (status(row).state) {
      case RowState::Waiting:
        ++counts.waiting;
        break;
      case RowState::Pending:
        ++counts.pending;
        break;
      case RowState::Installed:
        ++counts.installed;
        break;
      case RowState::Failed:
        ++counts.failed;
        break;
    }
  }
  return counts;
}

}  // namespace forces::fe::dataplane::kernel
