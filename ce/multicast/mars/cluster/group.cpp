// The server group: records that come, what follows from them here, records that we say (RFC 2443).
#include <algorithm>
#include <utility>

#include "ce/multicast/mars/cluster.hpp"
#include "proto/wire/writer.hpp"

namespace forces::mars::server {

void Cluster::emit(std::uint32_t key, const CacheEntry& entry) {
  wire::ByteWriter w;
  encode_entry(entry, w);
  auto body = std::move(w).finish();
  if (!body) return;
  ++shared_.counters.records_originated;
  shared_.out.push(Originate{key, std::move(*body)});
}

void Cluster::originate(std::uint32_t key, const CacheEntry& entry) {
  own_.insert_or_assign(key, entry);
  emit(key, entry);
}

// A newer instance of the same record says that it is over; its key may say something else then.
void Cluster::retract(std::uint32_t key, const Claim& claim) {
  own_.erase(key);
  emit(key, entry_of(config_.protocol, claim, true));
  shared_.keys.release(key);
}

void Cluster::originate_redirect() {
  originate(
      redirect_key_,
      {.protocol = config_.protocol, .state = State::Redirect, .source = shared_.config.address});
}

void Cluster::on_record(Holder at, const CacheEntry* entry, Instant now) {
  const Times& times = shared_.config.times;
  Replica::Effects effects;
  if (entry != nullptr && entry->state == State::Redirect) {
    replica_.put(at, std::nullopt, effects);
    Peer& peer = peers_[at.server];
    if (!replica_.alive(at.server)) {
      notice(Notice::What::ServerFound, at.server, entry->source);
    }
    peer.address = entry->source;
    peer.heard = now;
    // What we learn while we begin may be the last word of a server that died long ago: it has a
    // period to say another.
    peer.listed = peer.listed || ready_;
    peer.until = now + (peer.listed ? times.flush : times.flush / 2 + times.settle);
    if (std::exchange(peer.forgotten, false)) shared_.out.push(Summarise{at.server});
    replica_.set_alive(at.server, true, effects);
    return perform(effects, now);
  }
  const bool says =
      entry != nullptr && (entry->state == State::McsServe || entry->state == State::ClientJoin);
  std::optional<Claim> claim;
  if (says) claim = claim_of(*entry);
  if (claim && claim->mcs && claim->range && !claim->range->single()) {  // MSERV knows <X,X> only
    ++shared_.counters.records_ignored;
    claim.reset();
  }
  const bool again = claim && claim->range && replica_.joins_again(at, *claim);
  replica_.put(at, claim, effects);
  if (again) take_over(*claim, now);
  if (claim) {
    // Of a server that is not alive: inert, and only until its word would have come, or servers
    // that begin would go on learning of it from each other.
    Peer& peer = peers_[at.server];
    if (!peer.until) peer.until = now + 3 * times.settle;
    if (cmis_.range().contains(claim->cmi) && overlapping_.insert(at.server).second) {
      notice(Notice::What::CmiOverlap, at.server, claim->who);
    }
  }
  perform(effects, now);
}

bool Cluster::repeat(std::uint32_t key) {
  const auto ours = own_.find(key);
  if (ours == own_.end()) return false;
  emit(key, ours->second);
  return true;
}

// From before we started. It stands for a while, for its client to come back; what comes later is a
// word that others missed, and is taken back at once.
void Cluster::on_own_record(std::uint32_t key, const CacheEntry& entry, Instant now) {
  const Claim claim = claim_of(entry);
  if (key < Keys::kFirst || !inheriting_ ||
      replica_.registered_beside(us(), claim.mcs, claim.who)) {
    return emit(key, entry_of(config_.protocol, claim, true));
  }
  Replica::Effects effects;
  shared_.keys.take(key);
  cmis_.reserve(claim.cmi);
  replica_.put({us(), key}, claim, effects);
  perform(effects, now);
}

void Cluster::disown(std::uint32_t key, bool tell, Instant now) {
  const auto claim = replica_.claim({us(), key});
  if (!claim) return;
  Replica::Effects effects;
  replica_.put({us(), key}, std::nullopt, effects);
  if (tell) {
    retract(key, *claim);
  } else {
    shared_.keys.release(key);
  }
  perform(effects, now);
}

void Cluster::perform(const Replica::Effects& effects, Instant now) {
  for (auto at = effects.begin(); at != effects.end();) {
    if (!at->claim.range) {
      if (at->on) on_registered_elsewhere(*at, now);
      ++at;
      continue;
    }
    // Ranges of one node are told at once.
    const auto end = std::find_if(at, effects.end(), [&](const Effect& e) {
      return !e.claim.range || e.claim.mcs != at->claim.mcs || e.claim.who != at->claim.who ||
             e.on != at->on || e.said != at->said || e.claim.layer3 != at->claim.layer3 ||
             e.claim.range->min.size() != at->claim.range->min.size();
    });
    perform_run({at, end});
    at = end;
  }
}

void Cluster::perform_run(std::span<const Effect> run) {
  const Effect& first = run.front();
  const AtmAddress& who = first.claim.who;
  Ranges whole, changed;
  for (const Effect& effect : run) {
    const GroupRange& range = *effect.claim.range;
    whole.push_back(range);
    if (first.claim.mcs) {
      const bool news = first.on ? maps_.serve(who, range.min, effect.holder)
                                 : maps_.unserve(who, range.min, effect.holder);
      if (news) changed.push_back(range);
    } else {
      const Ranges part = first.on ? maps_.join(who, range, effect.holder, effect.claim.layer3)
                                   : maps_.leave(who, range, effect.holder);
      changed.insert(changed.end(), part.begin(), part.end());
    }
  }
  whole = merged(std::move(whole));
  changed = merged(std::move(changed));
  if (changed.empty()) return;
  const ProtocolAddress& source = first.claim.source_protocol;
  if (!first.claim.mcs) {
    if (!first.on && !first.said && !shared_.config.announce_losses) return;
    Message m = message_of(first.on ? Operation::Join : Operation::Leave, who, source);
    m.flags = m.flags.with_layer3_group(first.claim.layer3);
    return distribute(std::move(m), whole, changed, nullptr);
  }
  if (!first.on) return drop_servers(who, source, changed);
  // RFC 2443 section 5.2, whatever the host map; with the whole server map, for RFC 2022 would have
  // told of a second MCS by a JOIN.
  transmit_pairs(ControlVc::Server, message_of(Operation::Mserv, who, source), changed);
  for (const GroupRange& group : changed) migrate(group.min, maps_.servers(group.min));
}

// A node of ours registered with another server. The younger registration is right, and a record
// may be late: whose registration is older, lets go first. Whom we sent there softly does not
// rejoin there: we say its ranges as if it had joined them once more, by the next sequence of their
// flags, which tells that server to take them over. (What is said again with nothing new may answer
// a word of an earlier life.)
void Cluster::on_registered_elsewhere(const Effect& effect, Instant now) {
  if (effect.holder.server == us()) return;
  const bool mcs = effect.claim.mcs;
  const auto at = nodes(mcs).find(effect.claim.who);
  if (at == nodes(mcs).end()) return disinherit(mcs, effect.claim.who, now);
  const Duration settle = shared_.config.times.settle;
  const auto peer = peers_.find(effect.holder.server);
  const bool sent = first_ && peer != peers_.end() && peer->second.address == *first_;
  if (sent && !hard_) {
    for (const auto& [range, held] : at->second.ranges) {
      CacheEntry entry = own_.at(held.key);
      entry.flags =
          entry.flags.with_sequence(static_cast<std::uint8_t>(entry.flags.sequence() + 1));
      originate(held.key, entry);
    }
  }
  // Its word may be of an earlier life, and be taken back when it hears ours.
  const Duration wait = settle * (us() < effect.holder.server ? 2 : 1);
  contest(mcs, *at, std::max(at->second.since + settle, now + (sent ? handover() : wait)));
}

// Who was ours in an earlier life and is elsewhere does not come back, and must not be contested
// there.
void Cluster::disinherit(bool mcs, const AtmAddress& who, Instant now) {
  for (const std::uint32_t key : replica_.keys(us(), mcs, who)) disown(key, true, now);
}

void Cluster::contest(bool mcs, Nodes::value_type& node, Instant until) {
  due_.erase({node.second.contested, mcs, node.first});
  node.second.contested = until;
  if (until != Instant::max()) due_.insert({until, mcs, node.first});
}

// Another server says what a node is in that has just come to us as if it joined once more.
void Cluster::take_over(const Claim& claim, Instant now) {
  const auto at = nodes(claim.mcs).find(claim.who);
  if (at == nodes(claim.mcs).end() || now > at->second.since + shared_.config.times.settle) return;
  const GroupRange& range = *claim.range;
  if (at->second.ranges.contains(range) || at->second.left.contains(range)) return;
  const Held* const held = hold(*at, claim.mcs, range, claim.layer3);
  if (held == nullptr) return refuse_range(*at);
  Effect effect{{us(), held->key}, claim, true, false};
  perform_run({&effect, 1});  // as a rule it was in it already, and nothing is told
}

// RFC 2443 section 5.1. Its Redirect Entry stays in SCSP's cache, so that an older one is not news.
void Cluster::flush(ServerId server, Peer& peer, Instant now) {
  peer.until.reset();
  peer.listed = false;
  Replica::Effects effects;
  if (replica_.alive(server)) {
    ++shared_.counters.servers_flushed;
    notice(Notice::What::ServerLost, server, peer.address);
  }
  replica_.set_alive(server, false, effects);
  perform(effects, now);
  auto keys = replica_.forget(server);
  peer.forgotten = peer.forgotten || !keys.empty();
  if (!keys.empty()) shared_.out.push(Forget{server, std::move(keys)});
}

void Cluster::end_inheritance(Instant now) {
  Replica::Effects effects;
  replica_.set_alive(us(), false, effects);
  perform(effects, now);
  for (const auto& [key, claim] : replica_.records(us())) retract(key, claim);
  (void)replica_.forget(us());
  cmis_.end_reservations();
}

}  // namespace forces::mars::server
