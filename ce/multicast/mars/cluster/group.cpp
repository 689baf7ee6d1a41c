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
  Replica::Effects effects;
  if (entry != nullptr && entry->state == State::Redirect) {
    replica_.put(at, std::nullopt, effects);
    Peer& peer = peers_[at.server];
    if (!replica_.alive(at.server)) {
      notice(Notice::What::ServerFound, at.server, entry->source);
    }
    peer.address = entry->source;
    peer.until = now + shared_.config.times.flush;
    // What we learn while we begin may be the last word of a server that died long ago; its next
    // word is not.
    peer.listed = peer.listed || ready_;
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
  replica_.put(at, claim, effects);
  if (claim) {
    // Of a server that is not alive: inert, and not for ever.
    Peer& peer = peers_[at.server];
    if (!peer.until) peer.until = now + shared_.config.times.flush;
    if (cmis_.range().contains(claim->cmi) && overlapping_.insert(at.server).second) {
      notice(Notice::What::CmiOverlap, at.server, claim->who);
    }
  }
  perform(effects, now);
}

// From before we started. It stands for a while, for its client to come back; what comes later is a
// word that others missed, and is taken back at once.
void Cluster::on_own_record(std::uint32_t key, const CacheEntry& entry, Instant now) {
  if (const auto ours = own_.find(key); ours != own_.end()) return emit(key, ours->second);
  if (entry.state != State::McsServe && entry.state != State::ClientJoin) return;
  const Claim claim = claim_of(entry);
  if (key < Keys::kFirst || !inheriting_) {
    return emit(key, entry_of(config_.protocol, claim, true));
  }
  Replica::Effects effects;
  shared_.keys.take(key);
  cmis_.reserve(claim.cmi);
  replica_.put({us(), key}, claim, effects);
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
// may be late: whose registration is older, lets go first.
void Cluster::on_registered_elsewhere(const Effect& effect, Instant now) {
  if (effect.holder.server == us()) return;
  const bool mcs = effect.claim.mcs;
  const auto at = nodes(mcs).find(effect.claim.who);
  if (at == nodes(mcs).end()) return;
  const Duration settle = shared_.config.times.settle;
  const Instant earliest = us() < effect.holder.server ? now + settle : now;
  at->second.contested = std::max(at->second.since + settle, earliest);
  set_due(mcs, *at);
}

void Cluster::set_due(bool mcs, Nodes::value_type& node) {
  due_.erase({node.second.due, mcs, node.first});
  node.second.due = std::min(node.second.contested, node.second.rejoined_by);
  if (node.second.due != Instant::max()) due_.insert({node.second.due, mcs, node.first});
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
  if (!keys.empty()) shared_.out.push(Forget{server, std::move(keys)});
}

// What it is in by the word of another server, or of ours before we started, is said by us now: it
// moved without leaving (a soft redirect), or will rejoin what it still wants.
void Cluster::adopt(bool mcs, Nodes::value_type& node, Instant now) {
  for (const auto& [holder, claim] : replica_.claims(mcs, node.first)) {
    if (!claim.range || node.second.ranges.contains(*claim.range)) continue;
    Held* const held = hold(node, mcs, *claim.range, claim.layer3);
    if (held == nullptr) break;
    held->adopted = true;
    ++node.second.adopted;
    if (mcs) {
      (void)maps_.serve(node.first, claim.range->min, {us(), held->key});
    } else {
      (void)maps_.join(node.first, *claim.range, {us(), held->key}, claim.layer3);
    }
  }
  if (node.second.adopted == 0) return;
  node.second.rejoined_by = now + shared_.config.times.rejoin;
  set_due(mcs, node);
}

// Who rejoins at least half of what was adopted rejoins what it wants (section 5.4.1), and the rest
// is over. Who does not, was redirected softly, and keeps all.
void Cluster::end_rejoin(bool mcs, Nodes::value_type& node) {
  node.second.rejoined_by = Instant::max();
  const bool rejoins = node.second.confirmed * 2 >= node.second.adopted;
  Ranges whole, changed;
  for (auto at = node.second.ranges.begin(); at != node.second.ranges.end();) {
    const auto [range, held] = *at++;
    if (!held.adopted) continue;
    node.second.ranges.at(range).adopted = false;
    if (!rejoins) continue;
    const Holder holder{us(), held.key};
    whole.push_back(range);
    if (!mcs) {
      const Ranges part = maps_.leave(node.first, range, holder);
      changed.insert(changed.end(), part.begin(), part.end());
    } else if (maps_.unserve(node.first, range.min, holder)) {
      changed.push_back(range);
    }
    let_go(node, mcs, range);
  }
  const ProtocolAddress& source = node.second.source_protocol;
  if (mcs) return drop_servers(node.first, source, changed);
  distribute(message_of(Operation::Leave, node.first, source), merged(std::move(whole)),
             merged(std::move(changed)), nullptr);
}

void Cluster::give_up_inherited(bool mcs, const AtmAddress& who, Instant now) {
  Replica::Effects effects;
  for (const auto& [holder, claim] : replica_.claims(mcs, who)) {
    if (holder.server != us()) continue;
    replica_.put(holder, std::nullopt, effects);
    retract(holder.key, claim);
  }
  perform(effects, now);
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
