#include "ce/routing/rib/next_hops.hpp"

#include <algorithm>
#include <utility>

namespace forces::ce::routing {
namespace {

std::uint64_t hash_of(std::span<const NextHop> hops) {
  std::uint64_t h = hops.size();
  for (const NextHop& hop : hops) {
    h = mix(h, static_cast<std::uint64_t>(hop.ifindex) << 32 |
                   static_cast<std::uint64_t>(hop.weight) << 8 |
                   static_cast<std::uint64_t>(hop.kind) << 1 | (hop.encapsulated ? 1u : 0u));
    h = mix(h, routing::hash_of(hop.gateway));
  }
  return h;
}

}  // namespace

GroupId NextHops::make() {
  GroupId group;
  if (free_.empty()) {
    group = static_cast<GroupId>(groups_.size());
    groups_.emplace_back();
  } else {
    group = free_.back();
    free_.pop_back();
  }
  groups_[group].version = ++clock_;
  return group;
}

GroupId NextHops::by_id(std::uint32_t id) {
  if (const auto at = by_id_.find(id); at != by_id_.end()) return at->second;
  const GroupId group = make();
  groups_[group].id = id;
  groups_[group].references = 1;
  by_id_.emplace(id, group);
  return group;
}

void NextHops::define(const fpm::NextHop& hop) {
  std::vector<NextHop> direct;
  std::vector<Member> members;
  if (hop.members.empty()) {
    direct.push_back({.kind = hop.path.blackhole ? HopKind::Blackhole : HopKind::Forward,
                      .encapsulated = hop.path.encapsulated,
                      .ifindex = hop.path.ifindex,
                      .gateway = hop.path.gateway});
  }
  const GroupId group = by_id(hop.id);
  // One level: no group is ever a member, so there is no cycle.
  if (groups_[group].parents.empty()) {
    for (const fpm::GroupMember& m : hop.members) {
      const GroupId member = by_id(m.id);
      if (member != group && groups_[member].members.empty()) {
        members.push_back({member, m.weight});
      }
    }
  }
  const Group& old = groups_[group];
  if (old.defined && old.direct == direct && old.members == members) return;
  set(group, std::move(direct), std::move(members), true);
}

void NextHops::undefine(std::uint32_t id) {
  const auto at = by_id_.find(id);
  if (at == by_id_.end()) return;
  set(at->second, {}, {}, false);
}

void NextHops::forget_ids() {
  for (const auto& [id, group] : std::exchange(by_id_, {})) {
    groups_[group].id = 0;
    --groups_[group].references;
    free_if_unused(group);
  }
}

GroupId NextHops::intern(std::span<const NextHop> hops) {
  const std::uint64_t hash = hash_of(hops);
  const auto [from, to] = interned_.equal_range(hash);
  for (auto at = from; at != to; ++at) {
    if (std::ranges::equal(groups_[at->second].direct, hops)) return at->second;
  }
  const GroupId group = make();
  groups_[group].direct.assign(hops.begin(), hops.end());
  groups_[group].defined = groups_[group].interned = true;
  interned_.emplace(hash, group);
  return group;
}

void NextHops::release(GroupId group) {
  --groups_[group].references;
  free_if_unused(group);
}

void NextHops::free_if_unused(GroupId group) {
  Group& g = groups_[group];
  // A number that nothing defines and nothing uses is not worth remembering.
  if (g.id != 0 && !g.defined && g.references == 1) {
    by_id_.erase(g.id);
    g.references = 0;
  }
  if (g.references != 0) return;
  if (g.interned) {
    const auto [from, to] = interned_.equal_range(hash_of(g.direct));
    interned_.erase(std::find_if(from, to, [&](const auto& at) { return at.second == group; }));
  }
  const std::vector<Member> members = std::move(g.members);
  g = Group{};
  free_.push_back(group);
  for (const Member& m : members) {
    std::vector<GroupId>& parents = groups_[m.group].parents;
    parents.erase(std::ranges::find(parents, group));
    release(m.group);
  }
}

void NextHops::set(GroupId group, std::vector<NextHop> direct, std::vector<Member> members,
                   bool defined) {
  for (const Member& m : members) {
    ++groups_[m.group].references;
    groups_[m.group].parents.push_back(group);
  }
  Group& g = groups_[group];
  const std::vector<Member> old = std::exchange(g.members, std::move(members));
  g.direct = std::move(direct);
  g.defined = defined;
  mark(group);
  for (const Member& m : old) {
    std::vector<GroupId>& parents = groups_[m.group].parents;
    parents.erase(std::ranges::find(parents, group));
    release(m.group);
  }
  free_if_unused(group);
}

void NextHops::mark(GroupId group) {
  const auto one = [this](GroupId g) {
    groups_[g].version = ++clock_;
    if (groups_[g].first_route != kNone) changed_.push_back(g);
  };
  one(group);
  for (const GroupId parent : groups_[group].parents) one(parent);
}

void NextHops::resolve(GroupId group, std::vector<NextHop>& out) const {
  const Group& g = groups_[group];
  out.insert(out.end(), g.direct.begin(), g.direct.end());
  for (const Member& m : g.members) {
    for (NextHop hop : groups_[m.group].direct) {
      hop.weight = m.weight;
      out.push_back(hop);
    }
  }
}

}  // namespace forces::ce::routing
