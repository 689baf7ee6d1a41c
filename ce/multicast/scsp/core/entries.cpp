// The cache: what neighbours bring into it, what is flooded out of it, and the entries of our own
// (RFC 2334 sections 2.3, 2.4 and B.2.0.2).
#include <algorithm>
#include <cstring>
#include <utility>

#include "ce/multicast/scsp/core/core.hpp"

namespace forces::multicast::sync {

// A CSAS of an entry; `ids` holds what it points to.
scsp::Csas Engine::Core::summary(const Entry& e, std::array<std::byte, 8>& ids,
                                 std::uint16_t hops) const {
  wire::store_be<4>(ids.data(), e.id.key);
  wire::store_be<4>(ids.data() + 4, e.id.originator.value);
  return {.hop_count = hops,
          .sequence = e.sequence,
          .key = Bytes(ids).first<4>(),
          .originator = Bytes(ids).last<4>()};
}

// A newer instance: into the cache, on to all others, and to the client.
void Engine::Core::accept(Neighbor& n, const scsp::RecordView& record, std::uint32_t slot,
                          bool asked) {
  const bool known = slot != Cache::kNone && cache_.at(slot).live();
  if (slot == Cache::kNone) {
    slot = cache_.insert({{*scsp::id_number(record.originator)}, *scsp::id_number(record.key)});
  }
  Entry& e = cache_.at(slot);
  e.gone = e.owned = false;
  e.sequence = record.sequence;
  cache_.set_body(slot, record.body);
  // What was solicited has a hop count of 1 and is new on this side of the group all the same.
  std::uint16_t hops = record.hop_count;
  if (asked && hops <= 1) {
    hops = config_.hop_count;
  } else {
    hops = hops == 0 ? 0 : static_cast<std::uint16_t>(hops - 1);
  }
  if (hops == 0) ++n.counters.hop_limited;
  if (hops > 0) flood(slot, hops, &n);
  dequeue(n, slot);
  const bool purge = record.sequence == scsp::kPurgeSequence;
  out_.push(Changed{cache_.at(slot).id, purge   ? Change::Purged
                                        : known ? Change::Updated
                                                : Change::New});
  settle(slot);
}

void Engine::Core::flood(std::uint32_t slot, std::uint16_t hops, const Neighbor* except) {
  for (auto& [id, n] : neighbors_) {
    if (&n == except || !n.summarized()) continue;
    if (n.queue.push(slot, hops)) ++cache_.at(slot).queued;
  }
}

void Engine::Core::dequeue(Neighbor& n, std::uint32_t slot) {
  if (!n.queue.erase(slot)) return;
  --cache_.at(slot).queued;
  settle(slot);
}

void Engine::Core::clear_queue(Neighbor& n) {
  std::vector<std::uint32_t> purged;
  n.queue.clear([&](std::uint32_t slot) {
    Entry& e = cache_.at(slot);
    --e.queued;
    if (e.sequence == scsp::kPurgeSequence) purged.push_back(slot);
  });
  for (const std::uint32_t slot : purged) settle(slot);
}

// A purge that all neighbours know of is over.
void Engine::Core::settle(std::uint32_t slot) {
  Entry& e = cache_.at(slot);
  if (!e.live() || e.sequence != scsp::kPurgeSequence || e.queued > 0) return;
  const EntryId id = e.id;
  e.gone = e.purged = true;
  e.owned = false;
  cache_.set_body(slot, {});
  purges_.emplace_back(now_ + config_.times.purge, id);
  if (id.originator != config_.id) return;
  if (auto next = after_purge_.extract(id.key)) return establish(id.key, next.mapped());
  out_.push(Purged{id.key});
}

void Engine::Core::end_purges() {
  while (!purges_.empty() && now_ >= purges_.front().first) {
    const EntryId id = purges_.front().second;
    purges_.pop_front();
    const std::uint32_t slot = cache_.find(id);
    if (slot == Cache::kNone) continue;
    const auto same = [&](const auto& later) { return later.second == id; };
    if (std::ranges::any_of(purges_, same)) continue;  // it was purged again
    cache_.at(slot).purged = false;
    if (cache_.at(slot).gone) cache_.erase(slot);
  }
}

Status Engine::Core::originate(std::uint32_t key, Bytes body, Instant now) {
  now_ = now;
  constexpr std::size_t kRoom = 128;  // header, IDs, record, extensions
  if (body.size() > wire::kMaxSnapPayload - kRoom) return Status::TooLarge;
  if (synchronized_) {
    const bool known = cache_.find({config_.id, key}) != Cache::kNone;
    if (!known && full()) return Status::Full;
    establish(key, body);
    return Status::Done;
  }
  if (!held_.contains(key) && full()) return Status::Full;
  held_[key].assign(body.begin(), body.end());
  return Status::Done;
}

void Engine::Core::establish(std::uint32_t key, Bytes body) {
  std::uint32_t slot = cache_.find({config_.id, key});
  const bool live = slot != Cache::kNone && cache_.at(slot).live();
  const bool ours = live && cache_.at(slot).owned;
  std::optional<SequenceNumber> next = scsp::kFirstSequence;
  if (live) {
    const Entry& e = cache_.at(slot);
    if (e.sequence == scsp::kPurgeSequence) {
      after_purge_[key].assign(body.begin(), body.end());
      return;
    }
    next = e.owned ? scsp::next_sequence(e.sequence)
                   : scsp::sequence_after_restart(e.sequence, config_.restart_constant);
  } else if (slot == Cache::kNone && config_.restarted) {
    next = scsp::sequence_after_restart(std::nullopt, config_.restart_constant);
  }
  if (!ours && next && floor_ < scsp::kLastSequence) {
    next = std::max(*next, SequenceNumber{floor_.value + 1});
  }
  if (slot == Cache::kNone) slot = cache_.insert({config_.id, key});
  Entry& e = cache_.at(slot);
  e.owned = true;
  e.gone = false;
  if (!next) {
    after_purge_[key].assign(body.begin(), body.end());
    return start_purge(slot);
  }
  e.sequence = *next;
  greatest_ = std::max(greatest_, *next);
  cache_.set_body(slot, body);
  flood(slot, config_.hop_count, nullptr);
}

// The same content with the next sequence number.
void Engine::Core::renew(std::uint32_t slot) {
  const Bytes body = cache_.at(slot).body();
  const Octets kept(body.begin(), body.end());
  establish(cache_.at(slot).id.key, kept);
}

void Engine::Core::start_purge(std::uint32_t slot) {
  if (config_.purge_body) {
    const Octets body = config_.purge_body(cache_.at(slot).body());
    cache_.set_body(slot, body);
  }
  cache_.at(slot).sequence = scsp::kPurgeSequence;
  flood(slot, config_.hop_count, nullptr);
  settle(slot);
}

Status Engine::Core::purge(std::uint32_t key, Instant now) {
  now_ = now;
  held_.erase(key);
  after_purge_.erase(key);
  const std::uint32_t slot = cache_.find({config_.id, key});
  if (slot == Cache::kNone || !cache_.at(slot).live()) return Status::NoEntry;
  const SequenceNumber last = cache_.at(slot).sequence;
  if (last == scsp::kPurgeSequence) return Status::Done;
  if (last < scsp::kLastSequence) floor_ = std::max(floor_, last);
  start_purge(slot);
  return Status::Done;
}

void Engine::Core::forget(ServerId originator, Instant now) {
  now_ = now;
  if (originator == config_.id) return;
  for (std::uint32_t slot = 0; slot < cache_.slots(); ++slot) {
    const Entry& e = cache_.at(slot);
    if (e.live() && e.id.originator == originator) drop(slot);
  }
}

void Engine::Core::forget(ServerId originator, std::span<const std::uint32_t> keys, Instant now) {
  now_ = now;
  if (originator == config_.id) return;
  for (const std::uint32_t key : keys) {
    const std::uint32_t slot = cache_.find({originator, key});
    if (slot != Cache::kNone && cache_.at(slot).live()) drop(slot);
  }
}

void Engine::Core::drop(std::uint32_t slot) {
  for (auto& [id, n] : neighbors_) n.queue.erase(slot);
  cache_.erase(slot);
}

void Engine::Core::summarise(Instant now) {
  now_ = now;
  for (auto& [id, n] : neighbors_) {
    if (n.summarized()) renegotiate(n);
  }
}

void Engine::Core::synchronize(bool alone) {
  synchronized_ = true;
  out_.push(Synchronized{alone});
  const auto held = std::exchange(held_, {});
  for (const auto& [key, body] : held) establish(key, body);
}

std::optional<Record> Engine::Core::record(const EntryId& id) const {
  const std::uint32_t slot = cache_.find(id);
  if (slot == Cache::kNone || !cache_.at(slot).live()) return std::nullopt;
  return Record{id, cache_.at(slot).sequence, cache_.at(slot).body()};
}

void Engine::Core::for_each(const std::function<void(const Record&)>& visit) const {
  for (std::uint32_t slot = 0; slot < cache_.slots(); ++slot) {
    const Entry& e = cache_.at(slot);
    if (e.live()) visit({e.id, e.sequence, e.body()});
  }
}

}  // namespace forces::multicast::sync
