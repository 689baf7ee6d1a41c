// Groups that we send to: section 5.1.
#include <utility>

#include "fe/multicast/client/client.hpp"

namespace forces::mars::client {

void Client::open(const ProtocolAddress& group, Instant now) {
  const auto [at, fresh] = paths_.try_emplace(group);
  if (!fresh && (at->second.open || at->second.due != Instant::max())) return;
  if (state_ == State::Registered) ask(group, at->second, now);
}

void Client::close(const ProtocolAddress& group) {
  const auto at = paths_.find(group);
  if (at == paths_.end()) return;
  set_leaves(group, at->second, {});
  arm(Timer::Path, {group, group}, at->second.due, Instant::max());
  paths_.erase(at);
}

void Client::ask(const ProtocolAddress& group, Path& path, Instant now) {
  path.asking = true;
  path.broken = false;
  path.parts = {};
  path.meanwhile.clear();
  if (path.tries++ > 0) ++counters_.retransmitted;
  Message m = message_of(Operation::Request);
  m.group = group;
  send(current_, m);
  arm(Timer::Path, {group, group}, path.due, now + config_.times.retransmit);
}

void Client::on_path_timer(const ProtocolAddress& group, Instant now) {
  Path& path = paths_.at(group);
  if (path.tries > config_.times.retransmissions) {
    path.tries = 0;
    return fail_mars(now);
  }
  ask(group, path, now);
}

// Section 5.1.1: in order and of one sequence number; if not, the last one is waited for and all
// asked for again.
void Client::on_multi(const Message& part, Instant now) {
  const auto at = paths_.find(part.group);
  if (at == paths_.end() || !at->second.asking) {
    if (part.last) track(part.msn, now);
    return;
  }
  Path& path = at->second;
  const auto status = path.parts.add(part);
  path.broken = path.broken || status == Assembly::Status::Broken;
  if (!part.last) {
    arm(Timer::Path, {at->first, at->first}, path.due, now + config_.times.retransmit);
    return;
  }
  if (path.broken) {
    ++counters_.broken_parts;
    return ask(at->first, path, now);
  }
  const auto& targets = path.parts.result()->targets;
  std::set<AtmAddress> leaves(targets.begin(), targets.end());
  // What overtook the answer on the other VC.
  for (const auto& [who, add] : std::exchange(path.meanwhile, {})) {
    if (add) {
      leaves.insert(who);
    } else {
      leaves.erase(who);
    }
  }
  path.asking = false;
  path.tries = 0;
  path.open = true;
  set_leaves(at->first, path, std::move(leaves));
  rest(at->first, path, now);
  track(part.msn, now, &at->first);
}

// An answer is taken. Where nobody else is in the group it is asked again after 5 to 10 s and not
// before (section 5.1.1): whoever joins a group that an MCS serves is not told on the CCVC, nor is
// an MCS that comes while nobody is in it (section 6.2.2).
void Client::rest(const ProtocolAddress& group, Path& path, Instant now) {
  const Duration least = config_.times.nobody;
  const auto span = static_cast<std::uint64_t>(least.count()) + 1;
  arm(Timer::Path, {group, group}, path.due,
      path.leaves.empty() ? now + least + Duration(static_cast<Duration::rep>(random_() % span))
                          : Instant::max());
}

void Client::on_nak(const Message& m, Instant now) {
  const auto at = paths_.find(m.group);
  if (at == paths_.end() || !at->second.asking) return;
  Path& path = at->second;
  set_leaves(at->first, path, {});
  path.open = path.asking = false;
  path.tries = 0;
  rest(at->first, path, now);
}

void Client::on_migrate(const Message& m, Instant now) {
  const auto at = paths_.find(m.group);
  if (at == paths_.end()) return;
  Path& path = at->second;
  set_leaves(at->first, path, {});  // the VC is closed, and another opened
  path.open = true;
  path.asking = false;
  path.tries = 0;
  set_leaves(at->first, path, {m.targets.begin(), m.targets.end()});
  rest(at->first, path, now);
}

// JOIN and LEAVE on the CCVC, SJOIN and SLEAVE on the SCVC (section 5.1.4.1).
void Client::on_change(const Message& m, Instant now) {
  const bool add = m.operation == (mcs() ? Operation::Sjoin : Operation::Join);
  const bool remove = m.operation == (mcs() ? Operation::Sleave : Operation::Leave);
  if (!add && !remove) return;
  for (const GroupRange& range : m.ranges) {
    const auto end = paths_.upper_bound(range.max);
    for (auto at = paths_.lower_bound(range.min); at != end; ++at) {
      Path& path = at->second;
      if (path.asking) path.meanwhile.emplace_back(m.source, add);
      if (path.open) {
        const bool alone = path.leaves.empty();
        change_leaf(at->first, path, m.source, add);
        if (alone || !path.leaves.empty()) continue;
        path.open = false;  // the VC is closed; the next packet asks, and we do not wait for it
        if (!path.asking) ask(at->first, path, now);
      } else if (add && !path.asking && m.source != config_.address) {
        ask(at->first, path, now);
      }
    }
  }
}

void Client::change_leaf(const ProtocolAddress& group, Path& path, const AtmAddress& who,
                         bool add) {
  std::set<AtmAddress> leaves = path.leaves;
  if (add) {
    leaves.insert(who);
  } else {
    leaves.erase(who);
  }
  set_leaves(group, path, std::move(leaves));
}

// The node itself is never a leaf of its own.
void Client::set_leaves(const ProtocolAddress& group, Path& path, std::set<AtmAddress> leaves) {
  leaves.erase(config_.address);
  for (const AtmAddress& who : path.leaves) {
    if (!leaves.contains(who)) out_.push(LeafDropped{group, who});
  }
  for (const AtmAddress& who : leaves) {
    if (!path.leaves.contains(who)) out_.push(LeafAdded{group, who});
  }
  path.leaves = std::move(leaves);
}

void Client::on_leaf_lost(const ProtocolAddress& group, const AtmAddress& leaf, Instant now) {
  const auto at = paths_.find(group);
  if (at == paths_.end() || !at->second.open) return;
  change_leaf(group, at->second, leaf, false);
  if (at->second.due == Instant::max() && state_ == State::Registered) {
    arm(Timer::Path, {group, group}, at->second.due, now + random());
  }
}

void Client::revalidate(Instant now, const ProtocolAddress* except) {
  ++counters_.revalidations;
  for (auto& [group, path] : paths_) {
    if (except != nullptr && group == *except) continue;
    if (path.due == Instant::max()) arm(Timer::Path, {group, group}, path.due, now + random());
  }
}

// Section 5.1.4.2.
void Client::track(std::uint32_t msn, Instant now, const ProtocolAddress* except) {
  const std::uint32_t difference = msn - std::exchange(hsn_, msn);
  if (difference > 1) revalidate(now, except);
}

}  // namespace forces::mars::client
