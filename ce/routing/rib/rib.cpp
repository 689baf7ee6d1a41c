#include "ce/routing/rib/rib.hpp"

#include <utility>

namespace forces::ce::routing {
namespace {

std::optional<HopKind> discard_of(fpm::RouteType type) {
  switch (type) {
    case fpm::RouteType::Blackhole:
      return HopKind::Blackhole;
    case fpm::RouteType::Unreachable:
      return HopKind::Unreachable;
    case fpm::RouteType::Prohibit:
      return HopKind::Prohibit;
    default:
      return std::nullopt;
  }
}

// Multicast, loopback and link-local destinations: unicast tables do not forward to them (RFC 1812
// section 5.3.7, RFC 3927 section 2.7, RFC 4291 section 2.5.6), and zebra has one fe80::/64 for
// whichever interface came last.
bool never_forwarded(const IpPrefix& p) {
  const auto& o = p.address.octets;
  if (p.address.family == Family::V4) {
    return (p.length >= 4 && (o[0] & 0xf0) == 0xe0) || (p.length >= 8 && o[0] == 127) ||
           (p.length >= 16 && o[0] == 169 && o[1] == 254);
  }
  IpAddress one{Family::V6, {}};
  one.octets[15] = 1;
  const bool loopback = p.length == 128 && p.address == one;
  return loopback || (p.length >= 8 && o[0] == 0xff) ||
         (p.length >= 10 && o[0] == 0xfe && (o[1] & 0xc0) == 0x80);
}

}  // namespace

void Rib::on_connected() { connected_ = fresh_ = true; }

void Rib::on_disconnected() {
  connected_ = fresh_ = false;
  resync_.stop();
}

// Only a message makes a connection count: who connects and says nothing changes nothing.
void Rib::begin_connection(std::uint32_t sender, Instant now) {
  fresh_ = false;
  complete_ = false;
  ++generation_;
  next_hops_.forget_ids();
  resync_.begin(live_, sender_ == sender, now);
  sender_ = sender;
}

void Rib::on_message(const fpm::Message& message, Instant now) {
  if (!connected_) return;
  if (fresh_) begin_connection(message.sender, now);
  switch (message.kind) {
    case fpm::MessageKind::RouteAdd:
      add(message.route, now);
      break;
    case fpm::MessageKind::RouteDelete:
      withdraw(message.route, now);
      break;
    case fpm::MessageKind::NextHopAdd:
      ++counters_.next_hops_defined;
      next_hops_.define(message.next_hop);
      mark_changed_groups();
      break;
    case fpm::MessageKind::NextHopDelete:
      ++counters_.next_hops_deleted;
      next_hops_.undefine(message.next_hop.id);
      mark_changed_groups();
      break;
    case fpm::MessageKind::EndOfTable:
      if (resync_.running()) end_of_table();
      break;
    case fpm::MessageKind::Other:
      ++counters_.unknown_message;
      break;
  }
}

void Rib::on_timer(Instant now) {
  const auto due = resync_.next_deadline();
  if (due && now >= *due) end_of_table();
}

void Rib::end_of_table() {
  resync_.stop();
  complete_ = true;
  ++counters_.ends_of_table;
  for (RouteId id = 0; id < routes_.size(); ++id) {
    if (routes_[id].group == kNone || routes_[id].generation == generation_) continue;
    remove(id);
    ++counters_.swept;
  }
}

bool Rib::refuse(const fpm::Route& route) {
  if (route.table != config_.table) {
    ++counters_.other_table;
  } else if (route.source_length != 0) {
    ++counters_.source_specific;
  } else if (never_forwarded(route.prefix)) {
    ++counters_.not_forwarded;
  } else {
    return false;
  }
  return true;
}

void Rib::add(const fpm::Route& route, Instant now) {
  if (refuse(route)) return;
  if (route.type != fpm::RouteType::Unicast && !discard_of(route.type)) {
    ++counters_.other_type;
    return;
  }
  RouteId id = find(route.prefix);
  if (id == kNone) {
    if (live_ >= config_.max_routes) {
      ++counters_.over_limit;
      return;
    }
    if (free_.empty()) {
      id = static_cast<RouteId>(routes_.size());
      routes_.emplace_back();
    } else {
      id = free_.back();
      free_.pop_back();
    }
    routes_[id] = {.prefix = route.prefix, .used = true};
    index_.insert(route.prefix, id);
  }
  Route& held = routes_[id];
  const bool existed = held.group != kNone;
  const bool stale = existed && held.generation != generation_;
  if (stale) ++counters_.confirmed;
  if (stale || !existed) resync_.on_progress(stale, now);
  held.generation = generation_;
  held.protocol = route.protocol;
  const GroupId group = group_of(route);
  if (held.group == group) return;
  next_hops_.acquire(group);
  if (existed) {
    counters_.replaced += stale ? 0 : 1;
    leave(id);
  } else {
    ++counters_.added;
    ++live_;
  }
  join(id, group);
  mark(id);
}

void Rib::withdraw(const fpm::Route& route, Instant now) {
  if (refuse(route)) return;
  const RouteId id = find(route.prefix);
  if (id == kNone || routes_[id].group == kNone) {
    ++counters_.unknown_withdrawn;
    return;
  }
  if (routes_[id].generation != generation_) resync_.on_progress(true, now);
  remove(id);
  ++counters_.withdrawn;
}

void Rib::remove(RouteId id) {
  leave(id);
  --live_;
  mark(id);
}

GroupId Rib::group_of(const fpm::Route& route) {
  scratch_.clear();
  if (const auto kind = discard_of(route.type)) {
    scratch_.push_back({.kind = *kind});
  } else if (route.next_hop_id != 0) {
    return next_hops_.by_id(route.next_hop_id);
  } else {
    for (const fpm::Path& p : route.paths) {
      scratch_.push_back({.encapsulated = p.encapsulated,
                          .weight = p.weight,
                          .ifindex = p.ifindex,
                          .gateway = p.gateway});
    }
  }
  return next_hops_.intern(scratch_);
}

// The reference was acquired before.
void Rib::join(RouteId id, GroupId group) {
  Route& r = routes_[id];
  RouteId& first = next_hops_.first_route(group);
  r.group = group;
  r.previous = kNone;
  r.next = first;
  if (first != kNone) routes_[first].previous = id;
  first = id;
}

void Rib::leave(RouteId id) {
  Route& r = routes_[id];
  (r.previous == kNone ? next_hops_.first_route(r.group) : routes_[r.previous].next) = r.next;
  if (r.next != kNone) routes_[r.next].previous = r.previous;
  r.previous = r.next = kNone;
  next_hops_.release(std::exchange(r.group, kNone));
}

void Rib::mark(RouteId id) {
  if (std::exchange(routes_[id].dirty, true)) return;
  dirty_.push_back(id);
}

void Rib::mark_changed_groups() {
  for (const GroupId group : next_hops_.changed()) {
    for (RouteId id = next_hops_.first_route(group); id != kNone; id = routes_[id].next) mark(id);
  }
  next_hops_.changed().clear();
}

void Rib::touch_all() {
  for (RouteId id = 0; id < routes_.size(); ++id) {
    if (routes_[id].group != kNone) mark(id);
  }
}

std::optional<RouteId> Rib::poll_change() {
  if (dirty_.empty()) return std::nullopt;
  const RouteId id = dirty_.back();
  dirty_.pop_back();
  routes_[id].dirty = false;
  return id;
}

Rib::RouteView Rib::route(RouteId id) const {
  const Route& r = routes_[id];
  return {r.prefix, r.protocol, r.group != kNone, r.group};
}

void Rib::release(RouteId id) {
  Route& r = routes_[id];
  if (!r.used || r.group != kNone || r.dirty) return;
  index_.erase(r.prefix, id);
  r.used = false;
  free_.push_back(id);
}

RouteId Rib::find(const IpPrefix& prefix) const {
  static_assert(PrefixIndex::kEmpty == kNone);
  return index_.find(
      prefix, [this](std::uint32_t slot) -> const IpPrefix& { return routes_[slot].prefix; });
}

}  // namespace forces::ce::routing
