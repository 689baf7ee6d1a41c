// Cache State Update (RFC 2334 section 2.3).
#include <utility>

#include "ce/multicast/scsp/core/core.hpp"

namespace forces::multicast::sync {
namespace {

EntryId id_of(const scsp::RecordView& r) {
  return {{*scsp::id_number(r.originator)}, *scsp::id_number(r.key)};
}

}  // namespace

// CSU messages are looked at in Update Cache and Aligned only. A master that sends one has left
// Cache Summarize, also when it did not say so; but not before its first set, for then it is late
// of an earlier exchange.
bool Engine::Core::ready(Neighbor& n) {
  if (n.state == AlignmentState::CacheSummarize && !n.master && !n.last_more && n.summarizing) {
    enter(n, AlignmentState::UpdateCache);
  }
  if (n.exchanging()) return true;
  ++n.counters.packets_ignored;
  return false;
}

void Engine::Core::on_request(Neighbor& n, const scsp::Packet& packet) {
  if (!ready(n)) return;
  const auto judge = [this](const scsp::RecordView& r) -> Result<void> {
    if (r.null || !config_.check_body) return {};
    return config_.check_body(r.body, r.body_offset());
  };
  bool discard = false;  // some record
  for (const scsp::RecordView r : packet.records) {
    const auto good = judge(r);
    if (good) continue;
    if (scsp::fault_of(good.error()) != scsp::Fault::DiscardRecord) {
      return refuse(n, good.error());
    }
    discard = true;
  }
  std::optional<scsp::PacketWriter> reply;
  const auto acknowledge = [&](const scsp::Csas& csas) {
    if (reply && reply->record(csas)) return;
    if (reply) send(n, finish(n, std::move(*reply)));
    reply.emplace(writer(n, scsp::MsgType::CsuReply));
    static_cast<void>(reply->record(csas));
  };
  for (const scsp::RecordView r : packet.records) {
    ++n.counters.records_received;
    Ack ack = Ack::Received;
    // What this version does not understand is acknowledged all the same: or it would come until
    // the neighbour gives us up.
    if (r.null || (discard && !judge(r))) {
      n.wanted.answer(id_of(r));
      n.counters.records_discarded += r.null ? 0 : 1;
    } else {
      ack = take(n, r);
    }
    if (ack == Ack::Received) {
      acknowledge(scsp::stand_alone(r));
    } else if (ack == Ack::Cached) {
      std::array<std::byte, 8> ids{};
      acknowledge(summary(cache_.at(cache_.find(id_of(r))), ids));
    }
  }
  if (reply) send(n, finish(n, std::move(*reply)));
  solicit(n);
}

Engine::Core::Ack Engine::Core::take(Neighbor& n, const scsp::RecordView& record) {
  const EntryId id = id_of(record);
  // Late, it answers a CSUS of an earlier exchange, and may still wait for its turn in this one.
  const bool asked = n.wanted.size() > 0;
  static_cast<void>(n.wanted.answer(id));
  const std::uint32_t slot = cache_.find(id);
  if (slot == Cache::kNone) {
    if (full()) {
      ++n.counters.records_refused;
      return Ack::None;
    }
    ++n.counters.newer;
    accept(n, record, slot, asked);
    return Ack::Received;
  }
  Entry& e = cache_.at(slot);
  const bool purging = e.live() && e.sequence == scsp::kPurgeSequence;
  if (e.purged && !purging && record.sequence == scsp::kPurgeSequence) {  // a late copy
    ++n.counters.same;
    return Ack::Received;
  }
  const auto newness = e.gone ? scsp::Newness::Newer : scsp::newness(record.sequence, e.sequence);
  switch (newness) {
    case scsp::Newness::Same:  // also an implicit acknowledgment
      ++n.counters.same;
      dequeue(n, slot);
      return Ack::Received;
    case scsp::Newness::Older:
      ++n.counters.older;
      if (!purging) return Ack::Cached;
      // What follows the purge has to wait until all neighbours know of it.
      ++n.counters.records_refused;
      return Ack::None;
    case scsp::Newness::Newer:
      break;
  }
  ++n.counters.newer;
  if (id.originator == config_.id && e.owned && !e.gone) {
    // Left over from an earlier process, or from before a purge: ours has to be newer.
    ++reclaimed_;
    dequeue(n, slot);
    e.sequence = record.sequence;
    renew(slot);
    return Ack::Received;
  }
  accept(n, record, slot, asked);
  return Ack::Received;
}

void Engine::Core::on_reply(Neighbor& n, const scsp::Packet& packet) {
  if (!ready(n)) return;
  for (const scsp::RecordView r : packet.records) {
    const std::uint32_t slot = cache_.find(id_of(r));
    if (slot == Cache::kNone || !n.queue.contains(slot)) continue;
    switch (scsp::newness(r.sequence, cache_.at(slot).sequence)) {
      case scsp::Newness::Older:  // of an instance that was sent before this one
        break;
      case scsp::Newness::Same:
        dequeue(n, slot);
        break;
      case scsp::Newness::Newer:
        dequeue(n, slot);
        n.wanted.want(id_of(r), r.sequence);
        break;
    }
  }
  solicit(n);
}

void Engine::Core::on_solicit(Neighbor& n, const scsp::Packet& packet) {
  if (!ready(n)) return;
  n.last_ca = {};  // the master has our last CA (section 2.2.2)
  n.ca_due.reset();
  std::optional<scsp::PacketWriter> nulls;
  for (const scsp::RecordView r : packet.records) {
    const std::uint32_t slot = cache_.find(id_of(r));
    if (slot != Cache::kNone && cache_.at(slot).live()) {
      if (n.queue.push(slot, 1)) ++cache_.at(slot).queued;
      continue;
    }
    scsp::Csas null = r;
    null.null = true;
    ++n.counters.nulls_sent;
    if (nulls && nulls->record(null)) continue;
    if (nulls) send(n, finish(n, std::move(*nulls)));
    nulls.emplace(writer(n, scsp::MsgType::CsuRequest));
    static_cast<void>(nulls->record(null));
  }
  if (nulls) send(n, finish(n, std::move(*nulls)));
}

void Engine::Core::on_update_timer(Neighbor& n) {
  while (const RetransmitQueue::Item* const late = n.queue.take_expired(now_)) {
    if (late->sends >= config_.limits.csu_sends) {
      return refuse(n, {Errc::Missing, 0, "scsp.csu_reply"});
    }
    ++n.counters.retransmissions;
  }
}

// What waits for this neighbour, as much as one packet holds.
std::optional<Octets> Engine::Core::compose_request(Neighbor& n) {
  if (!n.exchanging() || n.queue.first_unsent() == nullptr) return std::nullopt;
  if (n.queue.unacknowledged() >= config_.limits.window) return std::nullopt;
  scsp::PacketWriter w = writer(n, scsp::MsgType::CsuRequest);
  std::array<std::byte, 8> ids{};
  while (const RetransmitQueue::Item* const item = n.queue.first_unsent()) {
    if (n.queue.unacknowledged() >= config_.limits.window) break;
    const Entry& e = cache_.at(item->slot);
    if (!w.record(summary(e, ids, item->hops), e.body())) {
      if (w.count() > 0) break;
      // A neighbour has larger packets than we would make.
      w = scsp::PacketWriter(head(n, scsp::MsgType::CsuRequest), options(n, wire::kMaxSnapPayload));
      if (!w.record(summary(e, ids, item->hops), e.body())) {
        dequeue(n, item->slot);
        return compose_request(n);
      }
    }
    ++n.counters.records_sent;
    n.queue.sent(now_ + config_.times.csu);
  }
  Octets packet = finish(n, std::move(w));
  if (packet.empty()) return std::nullopt;
  ++n.counters.packets_sent;
  return packet;
}

}  // namespace forces::multicast::sync
