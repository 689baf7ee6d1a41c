// Cache Alignment (RFC 2334 section 2.2).
#include <utility>

#include "ce/multicast/scsp/core/core.hpp"

namespace forces::multicast::sync {
namespace {

// How often a master that hears nothing has repeated itself before its slave draws conclusions.
constexpr int kSilence = 3;

bool is_invitation(const scsp::Packet& p) {
  return p.alignment.master && p.alignment.initialize && p.alignment.more && p.records.empty();
}

}  // namespace

// The first CA of a negotiation, with a sequence number that was never used with this neighbour.
void Engine::Core::negotiate(Neighbor& n) {
  n.sequence = ++n.proposed;
  scsp::Head h = head(n, scsp::MsgType::CacheAlignment);
  h.alignment = {.sequence = n.sequence, .master = true, .initialize = true, .more = true};
  n.last_ca = finish(n, scsp::PacketWriter(h, options(n, config_.limits.packet_octets)));
  repeat_alignment(n);
  n.ca_due = now_ + config_.times.ca;
}

void Engine::Core::repeat_alignment(Neighbor& n) { send(n, n.last_ca); }

void Engine::Core::on_alignment(Neighbor& n, const scsp::Packet& packet) {
  const auto& a = packet.alignment;
  switch (n.state) {
    case AlignmentState::Down:
      ++n.counters.packets_ignored;
      return;
    case AlignmentState::Negotiation:
      return negotiated(n, packet);
    case AlignmentState::CacheSummarize:
      return summarize(n, packet);
    case AlignmentState::UpdateCache:
    case AlignmentState::Aligned:
      break;
  }
  // The end of the exchange, repeated because its answer was lost or is still on its way.
  if (!a.initialize && a.master && !n.master && a.sequence == n.sequence && !n.last_ca.empty()) {
    return repeat_alignment(n);
  }
  if (!a.initialize && !a.master && n.master && a.sequence + 1 == n.sequence) return;
  const bool fresh = is_invitation(packet) && a.sequence != n.sequence;
  renegotiate(n);
  if (fresh) negotiated(n, packet);
}

// Section 2.2.1. IDs are four octets, so their order is that of numbers.
void Engine::Core::negotiated(Neighbor& n, const scsp::Packet& packet) {
  const auto& a = packet.alignment;
  if (is_invitation(packet) && n.config.id > config_.id) {
    n.master = false;
    n.sequence = a.sequence;
    enter(n, AlignmentState::CacheSummarize);
    return send_summaries(n);
  }
  // A slave has taken our sequence number over; another one answers an earlier negotiation.
  if (!a.master && !a.initialize && n.config.id < config_.id && a.sequence == n.sequence) {
    n.master = true;
    enter(n, AlignmentState::CacheSummarize);
    take_summaries(n, packet);
    n.proposed = ++n.sequence;
    return send_summaries(n);
  }
  ++n.counters.packets_ignored;
}

// Section 2.2.2.
void Engine::Core::summarize(Neighbor& n, const scsp::Packet& packet) {
  const auto& a = packet.alignment;
  if (!n.master && a.master && a.sequence == n.sequence) return repeat_alignment(n);
  if (a.master == n.master || a.initialize) {
    const bool fresh = is_invitation(packet) && a.sequence != n.sequence;
    renegotiate(n);
    if (fresh) negotiated(n, packet);
    return;
  }
  if (n.master) {
    if (a.sequence + 1 == n.sequence) return;
    if (a.sequence != n.sequence) return renegotiate(n);
    take_summaries(n, packet);
    n.proposed = ++n.sequence;
    // The slave ends when both have said that there is no more.
    if (!n.last_more && !a.more) return enter(n, AlignmentState::UpdateCache);
    return send_summaries(n);
  }
  if (a.sequence != n.sequence + 1) return renegotiate(n);
  take_summaries(n, packet);
  n.sequence = a.sequence;
  send_summaries(n);
  if (!a.more && !n.last_more) enter(n, AlignmentState::UpdateCache);
}

// What the neighbour has newer goes on the CRL (section 2.2.2.1).
void Engine::Core::take_summaries(Neighbor& n, const scsp::Packet& packet) {
  n.summarizing = true;
  for (const scsp::RecordView r : packet.records) {
    const EntryId id{{*scsp::id_number(r.originator)}, *scsp::id_number(r.key)};
    const std::uint32_t slot = cache_.find(id);
    if (slot != Cache::kNone) {
      const Entry& e = cache_.at(slot);
      if (!e.gone && r.sequence <= e.sequence) continue;
      if (e.purged && r.sequence == scsp::kPurgeSequence) continue;
    }
    // One that never ends its summary takes no more memory than a cache may.
    if (n.wanted.size() < config_.limits.entries) n.wanted.want(id, r.sequence);
  }
}

bool Engine::Core::more_to_send(Neighbor& n) const {
  while (n.cursor < cache_.slots() && !cache_.at(n.cursor).live()) ++n.cursor;
  return n.cursor < cache_.slots();
}

// The next set of CSAS records. Entries that come behind the cursor's back are in n.queue.
void Engine::Core::send_summaries(Neighbor& n) {
  scsp::Head h = head(n, scsp::MsgType::CacheAlignment);
  h.alignment = {.sequence = n.sequence, .master = n.master};
  scsp::PacketWriter w(h, options(n, config_.limits.packet_octets));
  std::array<std::byte, 8> ids{};
  while (more_to_send(n) && w.record(summary(cache_.at(n.cursor), ids))) ++n.cursor;
  n.last_more = more_to_send(n);
  w.set_more(n.last_more);
  n.last_ca = finish(n, std::move(w));
  repeat_alignment(n);
  n.ca_due = now_ + (n.master ? config_.times.ca : kSilence * config_.times.ca);
}

void Engine::Core::on_alignment_timer(Neighbor& n) {
  n.ca_due.reset();
  switch (n.state) {
    case AlignmentState::Down:
      return;
    case AlignmentState::Negotiation:
      n.ca_due = now_ + config_.times.ca;
      return repeat_alignment(n);
    case AlignmentState::CacheSummarize:
      if (n.master) {
        n.ca_due = now_ + config_.times.ca;
        return repeat_alignment(n);
      }
      // A master that had said "more" with its last set (section 2.2.1 2d) says nothing further
      // once it has all of ours. Any other one is lost.
      return n.last_more ? renegotiate(n) : enter(n, AlignmentState::UpdateCache);
    case AlignmentState::UpdateCache:
    case AlignmentState::Aligned:
      n.last_ca = {};
      return;
  }
}

// The next CSUS, when there is none outstanding (section 2.2.3).
void Engine::Core::solicit(Neighbor& n) {
  if (!n.exchanging() || n.wanted.outstanding()) return;
  n.csus_due.reset();
  std::optional<scsp::PacketWriter> w;
  while (const RequestList::Wanted* const next = n.wanted.next()) {
    // It may have come by another way since.
    const std::uint32_t slot = cache_.find(next->id);
    if (slot != Cache::kNone && cache_.at(slot).live() &&
        cache_.at(slot).sequence >= next->sequence) {
      n.wanted.drop();
      continue;
    }
    if (!w) w.emplace(writer(n, scsp::MsgType::CsuSolicit));
    const auto key = scsp::id_octets(next->id.key);
    const auto originator = scsp::id_octets(next->id.originator.value);
    if (!w->record({.sequence = next->sequence, .key = key, .originator = originator})) break;
    n.wanted.ask();
    ++n.counters.solicited;
  }
  if (w && w->count() > 0) {
    n.csus_due = now_ + config_.times.csus;
    return send(n, finish(n, std::move(*w)));
  }
  if (n.state == AlignmentState::UpdateCache) enter(n, AlignmentState::Aligned);
}

}  // namespace forces::multicast::sync
