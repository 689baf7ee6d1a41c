#include "ce/multicast/mars/data/maps.hpp"

#include <algorithm>
#include <utility>

namespace forces::mars::server {
namespace {

// What of an ordered map by group lies in a range.
template <class Map>
auto within(Map& map, const GroupRange& range) {
  return std::ranges::subrange(map.lower_bound(range.min), map.upper_bound(range.max));
}

}  // namespace

// `range` without the groups that the host is in by other ranges. RFC 2022 section 6.1.2 names
// single joins only, for blocks of one member may not overlap; whose do, gets no message twice.
Ranges Maps::uncovered(const Host& host, const GroupRange& range) {
  Ranges holes;
  if (!range.single()) {
    for (const auto& [group, by] : within(host.singles, range)) holes.push_back({group, group});
  }
  for (const auto& [block, by] : host.blocks) {
    if (block != range && block.min <= range.max && range.min <= block.max) holes.push_back(block);
  }
  std::ranges::sort(holes);
  return subtract({range}, holes);
}

Ranges Maps::join(const AtmAddress& who, const GroupRange& range, Holder holder, bool layer3) {
  Host& host = hosts_[who];
  Holdings& held = holdings(host, range);
  const bool before = !held.empty();
  auto at = std::ranges::find(held, holder, &Holding::holder);
  const bool again = at != held.end();
  if (!again) at = held.insert(held.end(), {holder, false});
  if (range.single()) {
    Group& group = groups_[range.min];
    group.hosts.insert(who);
    group.layer3 = group.layer3 - (at->layer3 ? 1 : 0) + (layer3 ? 1 : 0);
  } else {
    blocks_[range].insert(who);
  }
  at->layer3 = layer3;
  if (before) return {};
  note(range);
  return uncovered(host, range);
}

Ranges Maps::leave(const AtmAddress& who, const GroupRange& range, Holder holder) {
  const auto found = hosts_.find(who);
  if (found == hosts_.end()) return {};
  Host& host = found->second;
  Holdings& held = holdings(host, range);
  const auto at = std::ranges::find(held, holder, &Holding::holder);
  const bool was = at != held.end();
  const bool layer3 = was && at->layer3;
  if (was) held.erase(at);
  const bool gone = held.empty();
  if (range.single()) {
    const auto group = groups_.find(range.min);
    if (layer3) --group->second.layer3;
    if (gone) host.singles.erase(range.min);
    if (gone && group != groups_.end()) {
      group->second.hosts.erase(who);
      if (group->second.hosts.empty()) groups_.erase(group);
    }
  } else if (gone) {
    host.blocks.erase(range);
    const auto block = blocks_.find(range);
    if (block != blocks_.end()) {
      block->second.erase(who);
      if (block->second.empty()) blocks_.erase(block);
    }
  }
  Ranges left;
  if (was && gone) {
    note(range);
    left = uncovered(host, range);
  }
  if (host.singles.empty() && host.blocks.empty()) hosts_.erase(found);
  return left;
}

std::vector<AtmAddress> Maps::hosts(const ProtocolAddress& group) const {
  std::vector<AtmAddress> all;
  if (const auto at = groups_.find(group); at != groups_.end()) {
    all.assign(at->second.hosts.begin(), at->second.hosts.end());
  }
  const std::size_t singles = all.size();
  for (const auto& [block, members] : blocks_) {
    if (block.contains(group)) all.insert(all.end(), members.begin(), members.end());
  }
  if (all.size() != singles) {
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
  }
  if (const auto at = served_.find(group); at != served_.end()) {
    std::erase_if(all, [&](const AtmAddress& who) { return at->second.contains(who); });
  }
  return all;
}

bool Maps::is_member(const AtmAddress& who, const ProtocolAddress& group) const {
  const auto host = hosts_.find(who);
  if (host == hosts_.end()) return false;
  return host->second.singles.contains(group) ||
         std::ranges::any_of(host->second.blocks,
                             [&](const auto& block) { return block.first.contains(group); });
}

std::vector<ProtocolAddress> Maps::layer3_groups(const GroupRange& range) const {
  std::vector<ProtocolAddress> all;
  for (const auto& [group, members] : within(groups_, range)) {
    if (members.layer3 > 0) all.push_back(group);
  }
  return all;
}

bool Maps::serve(const AtmAddress& who, const ProtocolAddress& group, Holder holder) {
  auto& held = served_[group][who];
  if (std::ranges::find(held, holder) != held.end()) return false;
  held.push_back(holder);
  if (held.size() != 1) return false;
  note({group, group});
  return true;
}

bool Maps::unserve(const AtmAddress& who, const ProtocolAddress& group, Holder holder) {
  const auto at = served_.find(group);
  if (at == served_.end()) return false;
  const auto server = at->second.find(who);
  if (server == at->second.end()) return false;
  std::erase(server->second, holder);
  if (!server->second.empty()) return false;
  at->second.erase(server);
  if (at->second.empty()) served_.erase(at);
  note({group, group});
  return true;
}

std::vector<AtmAddress> Maps::servers(const ProtocolAddress& group) const {
  std::vector<AtmAddress> all;
  if (const auto at = served_.find(group); at != served_.end()) {
    for (const auto& [who, by] : at->second) all.push_back(who);
  }
  return all;
}

bool Maps::serves(const AtmAddress& who, const GroupRange& range) const {
  return std::ranges::any_of(within(served_, range),
                             [&](const auto& group) { return group.second.contains(who); });
}

Ranges Maps::served(const Ranges& among) const {
  Ranges all;
  for (const GroupRange& range : among) {
    for (const auto& [group, by] : within(served_, range)) all.push_back({group, group});
  }
  return all;
}

bool Maps::served_by(ServerId server, const Ranges& among) const {
  const auto here = [&](const auto& one) {
    return std::ranges::any_of(one.second, [&](Holder h) { return h.server == server; });
  };
  return std::ranges::any_of(among, [&](const GroupRange& range) {
    return std::ranges::any_of(within(served_, range), [&](const auto& group) {
      return std::ranges::any_of(group.second, here);
    });
  });
}

std::vector<ProtocolAddress> Maps::groups(const ProtocolAddress& after, std::size_t most) const {
  std::vector<ProtocolAddress> found;
  auto joined = groups_.upper_bound(after);
  auto served = served_.upper_bound(after);
  while (found.size() < most && (joined != groups_.end() || served != served_.end())) {
    const bool first =
        served == served_.end() || (joined != groups_.end() && joined->first <= served->first);
    const ProtocolAddress group = first ? joined->first : served->first;
    found.push_back(group);
    if (joined != groups_.end() && joined->first == group) ++joined;
    if (served != served_.end() && served->first == group) ++served;
  }
  return found;
}

std::vector<Maps::Change> Maps::take_changes() {
  if (!std::exchange(followed_, true)) {
    for (const auto& [group, members] : groups_) changed_.insert({group, group});
    for (const auto& [group, by] : served_) changed_.insert({group, group});
    for (const auto& [block, members] : blocks_) changed_.insert(block);
  }
  // Who joins a block is a member of every group in it.
  std::set<GroupRange> all = changed_;
  for (const GroupRange& range : changed_) {
    if (range.single()) continue;
    for (const auto& [group, members] : within(groups_, range)) all.insert({group, group});
    for (const auto& [group, by] : within(served_, range)) all.insert({group, group});
  }
  changed_.clear();
  std::vector<Change> out;
  for (const GroupRange& range : all) {
    Change& change = out.emplace_back(Change{.range = range});
    if (!range.single()) {
      if (const auto at = blocks_.find(range); at != blocks_.end()) {
        change.hosts.assign(at->second.begin(), at->second.end());
      }
    } else if (groups_.contains(range.min) || served_.contains(range.min)) {
      change.hosts = hosts(range.min);
      change.servers = servers(range.min);
    }
  }
  return out;
}

}  // namespace forces::mars::server
