#include "fe/dataplane/kernel/fib.hpp"

#include <limits>
#include <utility>

namespace forces::fe::dataplane::kernel {
namespace {
bool names(const std::vector<Member>& members, ObjectId id) {
  return std::ranges::find(members, id, &Member::next_hop) != members.end();
}
}  // namespace

// Wanted rows.

template <class Change>
bool Fib::want(ObjectId id, Change&& change) {
  Object& o = object(id);
  const bool new_row = !o.wanted;
  o.wanted = true;
  o.stale = false;
  o.error = 0;
  change(o);
  update_routes(id);
  if (new_row) touch_users(id);  // it may be installed since before
  touch(id);
  return true;
}

bool Fib::set_next_hop(ObjectId id, const NextHop& next_hop, std::uint16_t mtu, Reject reject) {
  if (!is_valid(id) || is_set(id)) return false;
  if (reject != Reject::No && !next_hop.discard) return false;
  NextHop wanted = next_hop;
  if (wanted.discard) {
    wanted = {.discard = true};
  } else {
    if (wanted.interface == 0) return false;
    if (!wanted.gateway) wanted.on_link = false;
    if (wanted.gateway && family_of(id) == Family::Ipv6 && wanted.gateway->family != Family::Ipv6) {
      return false;
    }
  }
  return want(id, [&](Object& o) {
    o.next_hop = wanted;
    o.mtu = mtu;
    o.reject = reject;
  });
}

bool Fib::set_members(ObjectId id, std::vector<Member> members) {
  if (!is_set(id) || members.size() > kMaxMembers) return false;
  std::vector<std::uint32_t> numbers;
  for (const Member& member : members) {
    const ObjectId hop = member.next_hop;
    if (!is_valid(hop) || is_set(hop) || family_of(hop) != family_of(id)) return false;
    if (member.weight == 0 || member.weight > kMaxWeight) return false;
    numbers.push_back(hop.value);
  }
  std::ranges::sort(numbers);
  if (std::ranges::adjacent_find(numbers) != numbers.end()) return false;
  return want(id, [&](Object& o) {
    const auto former = std::exchange(o.members, std::move(members));
    link_set(id, o.members);
    unlink_set(id, former);
  });
}

void Fib::remove_object(ObjectId id) {
  Object* o = find(id);
  if (o == nullptr) return;
  o->wanted = false;
  o->stale = false;
  o->error = 0;
  const auto former = std::exchange(o->members, {});
  update_routes(id);
  unlink_set(id, former);
  touch_users(id);
  touch(id);
}

bool Fib::set_route(const Prefix& prefix, ObjectId target) {
  if (!is_valid(prefix) || !is_valid(target)) return false;
  if (family_of(target) != prefix.address.family) return false;
  want(routes_.find_or_insert(prefix, mark_), target);
  return true;
}

void Fib::remove_route(const Prefix& prefix) {
  if (const Slot slot = routes_.find(prefix); slot != RouteTable::kNone) want(slot, kNoObject);
}

void Fib::want(Slot slot, ObjectId target) {
  Row& row = routes_[slot];
  row.error = 0;
  row.stale = false;
  const ObjectId former = row.desired;
  if (former != target) {
    if (former != kNoObject) {
      if (row.previous == RouteTable::kNone) {
        object(former).first = row.next;
      } else {
        routes_[row.previous].next = row.next;
      }
      if (row.next != RouteTable::kNone) routes_[row.next].previous = row.previous;
    }
    row.desired = target;
    row.previous = row.next = RouteTable::kNone;
    if (target != kNoObject) {
      Object& o = object(target);
      row.next = o.first;
      if (o.first != RouteTable::kNone) routes_[o.first].previous = slot;
      o.first = slot;
    }
    if (former != kNoObject) touch(former);
  }
  touch(slot);
}

void Fib::sweep() {
  swept_ = true;
  touch_all();
}

void Fib::retry_failed() {
  for (auto& [number, o] : objects_) o.error = 0;
  for (Slot slot = 0; slot < routes_.slots(); ++slot) routes_[slot].error = 0;
  touch_all();
}

// What the kernel says.

void Fib::on_link(std::uint32_t interface, bool up, std::uint32_t mtu) {
  LinkState& link = links_[interface];
  const bool came = up && !link.up, mtu_changed = link.mtu != mtu;
  if (!up) ++link.downs;
  link.up = up;
  link.mtu = mtu;
  if (up && !came && !mtu_changed) return;
  std::vector<ObjectId> dropped, concerned;
  for (const auto& [number, o] : objects_) {
    if (o.set) continue;
    if (!up && o.installed && !o.next_hop_installed.discard &&
        o.next_hop_installed.interface == interface) {
      dropped.push_back(ObjectId{number});
    }
    if (o.wanted && o.next_hop.interface == interface) {
      concerned.push_back(ObjectId{number});
    }
  }
  for (const ObjectId id : dropped) bury(id);
  for (const ObjectId id : concerned) {
    if (came) object(id).error = 0;
    if (mtu_changed) update_routes(id);
    touch(id);
  }
}

void Fib::on_address(std::uint32_t interface) {
  std::vector<ObjectId> failed;
  for (const auto& [number, o] : objects_) {
    if (o.error != 0 && !o.set && o.next_hop.interface == interface) {
      failed.push_back(ObjectId{number});
    }
  }
  for (const ObjectId id : failed) {
    object(id).error = 0;
    touch(id);
  }
}

void Fib::on_object_seen(const ObjectRow& seen) {
  Object& o = object(seen.id);
  o.seen = true;
  if (o.in_flight) {
    o.doubt = true;
    return;
  }
  const bool was_usable = usable(o);
  if (!o.wanted && !o.installed) o.stale = true;
  o.installed = true;
  if (reading_) o.dead = false;
  o.next_hop_installed = seen.next_hop;
  const auto former = std::exchange(o.members_installed, seen.members);
  if (!is_valid(seen.id)) o.set = !seen.members.empty();
  link_set(seen.id, o.members_installed);
  unlink_set(seen.id, former);
  if (reading_) return;
  if (usable(o) != was_usable) touch_users(seen.id);
  touch(seen.id);
}

void Fib::on_object_gone(ObjectId id) {
  Object* o = find(id);
  if (o == nullptr) return;
  if (o->in_flight) {
    o->doubt = true;
  } else if (o->installed) {
    bury(id);
  }
}

void Fib::on_route_seen(const RouteRow& seen) {
  const Slot slot = routes_.find_or_insert(seen.prefix, mark_);
  Row& row = routes_[slot];
  row.seen = mark_;
  row.doubt = row.in_flight;
  if (row.in_flight) return;
  if (row.desired == kNoObject && row.installed == kNoObject) row.stale = true;
  const Object* o = find(seen.target);
  const bool rejects = seen.reject != Reject::No;
  const bool ours = (rejects || (o != nullptr && o->installed)) && seen.plain &&
                    seen.mtu <= std::numeric_limits<std::uint16_t>::max();
  row.installed = ours ? installed_as(seen.target, seen.reject) : kForeign;
  row.installed_epoch = ours && !rejects ? o->epoch : std::uint16_t{0};
  row.installed_mtu = ours ? static_cast<std::uint16_t>(seen.mtu) : std::uint16_t{0};
  if (!reading_) touch(slot);
}

void Fib::on_route_gone(const Prefix& prefix) {
  const Slot slot = routes_.find(prefix);
  if (slot == RouteTable::kNone) return;
  routes_[slot].doubt = routes_[slot].in_flight;
  if (routes_[slot].in_flight) return;
  if (!reading_) routes_[slot].seen = mark_;
  // The news may be older than our last operation on it: replace or delete it in any case.
  routes_[slot].installed = kForeign;
  touch(slot);
}

// What is missing.

Fib::Object* Fib::find(ObjectId id) {
  const auto at = objects_.find(id.value);
  return at == objects_.end() ? nullptr : &at->second;
}
const Fib::Object* Fib::find(ObjectId id) const { return const_cast<Fib*>(this)->find(id); }

Fib::Object& Fib::object(ObjectId id) {
  const auto [at, made] = objects_.try_emplace(id.value);
  if (made) {
    at->second.set = is_set(id);
    at->second.epoch = ++epoch_;
  }
  return at->second;
}

const Fib::LinkState* Fib::link_of(const NextHop& next_hop) const {
  const auto at = links_.find(next_hop.interface);
  return next_hop.discard || at == links_.end() ? nullptr : &at->second;
}

std::vector<Member> Fib::available(const Object& set) const {
  std::vector<Member> members;
  for (const Member& member : set.members) {
    const Object* hop = find(member.next_hop);
    if (hop != nullptr && usable(*hop)) members.push_back(member);
  }
  return members;
}

Fib::Need Fib::need(const Object& o) const {
  if (o.dead) return Need::Bury;
  if (o.wanted && o.error == 0) {
    if (o.set) {
      const auto members = available(o);
      if (!members.empty()) {
        return o.installed && o.members_installed == members ? Need::Nothing : Need::Set;
      }
    } else if (const LinkState* link = link_of(o.next_hop);
               o.next_hop.discard || (link != nullptr && link->up)) {
      return o.installed && o.next_hop_installed == o.next_hop ? Need::Nothing : Need::Set;
    }
  }
  return o.installed && (!o.stale || swept_) ? Need::Delete : Need::Nothing;
}

bool Fib::in_kernel(const Row& row) const {
  if (!names_object(row.installed)) return row.installed != kNoObject;
  const Object* o = find(row.installed);
  return o != nullptr && o->installed && o->epoch == row.installed_epoch;
}

Fib::Need Fib::need(const Row& row) const {
  if (row.error != 0) return Need::Nothing;
  const bool has = in_kernel(row);
  if (row.desired == kNoObject) {
    return has && (!row.stale || swept_) ? Need::Delete : Need::Nothing;
  }
  const Object* target = find(row.desired);
  if (target != nullptr && usable(*target)) {
    const bool right = has &&
                       row.installed == installed_as(row.desired, target->effective_reject) &&
                       row.installed_mtu == target->effective_mtu;
    return right ? Need::Nothing : Need::Set;
  }
  // An installed object that is not usable is going to be deleted, and takes the route along.
  return has && row.installed != row.desired ? Need::Delete : Need::Nothing;
}

void Fib::touch(ObjectId id) {
  Object* o = find(id);
  if (o == nullptr || o->in_flight || reading_) return;
  const Need what = need(*o);
  if (what != o->queued) {
    o->queued = what;
    if (what == Need::Bury) burial_queue_.push_back(id);
    if (what == Need::Delete) deletion_queue_.push_back(id);
    if (what == Need::Set) (o->set ? set_queue_ : next_hop_queue_).push_back(id);
  }
  if (what != Need::Nothing || o->wanted || o->installed) return;
  if (o->first == RouteTable::kNone && o->sets.empty()) objects_.erase(id.value);
}

void Fib::touch(Slot slot) {
  Row& row = routes_[slot];
  if (!row.used || row.in_flight || row.queued || reading_) return;
  if (need(row) != Need::Nothing) {
    row.queued = true;
    route_queue_.push_back(slot);
  } else if (row.desired == kNoObject && !in_kernel(row)) {
    routes_.erase(slot);
  }
}

void Fib::touch_all() {
  std::vector<ObjectId> ids;
  for (const auto& [number, o] : objects_) ids.push_back(ObjectId{number});
  for (const ObjectId id : ids) touch(id);
  review_at_ = 0;
}

void Fib::touch_users(ObjectId id) {
  const Object* o = find(id);
  if (o == nullptr) return;
  const auto sets = o->sets;
  for (Slot slot = o->first; slot != RouteTable::kNone; slot = routes_[slot].next) {
    routes_[slot].error = 0;
    touch(slot);
  }
  for (const ObjectId set : sets) {  // last: what a set lets go of may be this object
    object(set).error = 0;
    touch(set);
  }
}

void Fib::gone(ObjectId id) {
  Object& o = object(id);
  o.installed = false;
  o.dead = false;
  o.stale = false;
  o.epoch = ++epoch_;
  const auto former = std::exchange(o.members_installed, {});
  for (Slot slot = o.first; slot != RouteTable::kNone; slot = routes_[slot].next) {
    routes_[slot].error = 0;
    touch(slot);
  }
  const auto sets = o.sets;
  for (const ObjectId set_id : sets) {
    Object& set = object(set_id);
    set.error = 0;
    const bool was_member = std::erase_if(set.members_installed,
                                          [&](const Member& m) { return m.next_hop == id; }) != 0;
    if (was_member && set.members_installed.empty() && !set.in_flight) {
      gone(set_id);
    } else {
      touch(set_id);
    }
  }
  unlink_set(id, former);
  touch(id);
}

void Fib::bury(ObjectId id) {
  object(id).dead = true;
  touch_users(id);
  touch(id);
}

void Fib::link_set(ObjectId set, const std::vector<Member>& members) {
  for (const Member& member : members) {
    auto& sets = object(member.next_hop).sets;
    if (std::ranges::find(sets, set) == sets.end()) sets.push_back(set);
  }
}

void Fib::unlink_set(ObjectId set, const std::vector<Member>& former) {
  const Object* o = find(set);
  for (const Member& member : former) {
    if (o != nullptr &&
        (names(o->members, member.next_hop) || names(o->members_installed, member.next_hop))) {
      continue;
    }
    if (Object* hop = find(member.next_hop)) {
      std::erase(hop->sets, set);
      touch(member.next_hop);
    }
  }
}

void Fib::update_routes(ObjectId id) {
  Object& o = object(id);
  std::uint16_t mtu = 0;
  Reject reject = o.wanted ? o.reject : Reject::No;
  if (o.set) {
    for (const Member& member : o.members) {
      const Object* hop = find(member.next_hop);
      const std::uint16_t other = hop == nullptr ? std::uint16_t{0} : hop->effective_mtu;
      if (other != 0 && (mtu == 0 || other < mtu)) mtu = other;
    }
    const Object* only = o.members.size() == 1 ? find(o.members.front().next_hop) : nullptr;
    if (only != nullptr) reject = only->effective_reject;
  } else if (const LinkState* link = link_of(o.next_hop); o.wanted && link != nullptr) {
    // More than the link takes would be lost; as much as it takes needs no saying.
    if (o.mtu < link->mtu) mtu = o.mtu;
  }
  if (mtu == o.effective_mtu && reject == o.effective_reject) return;
  o.effective_mtu = mtu;
  o.effective_reject = reject;
  const auto sets = o.sets;
  touch_users(id);
  for (const ObjectId set : sets) {
    if (find(set) != nullptr) update_routes(set);
  }
}

}  // namespace forces::fe::dataplane::kernel
