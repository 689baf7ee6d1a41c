// What is sent until it is acknowledged (RFC 2961 section 6), and what is sent again and again as
// long as it is true (RFC 2205 section 3.7, RFC 2961 section 5).
#include <algorithm>

#include "ce/signaling/rsvp/core/core.hpp"
#include "ce/signaling/rsvp/core/parts.hpp"

namespace forces::signaling::engine {

using rsvp::MessageType;
using rsvp::Octets;

namespace {

constexpr Duration kLongestRetry = std::chrono::hours(1);

}  // namespace

void Engine::Core::enlist(Out& out, Neighbor& n) {
  out.to = &n;
  out.index = n.outs.size();
  n.outs.push_back(&out);
}

void Engine::Core::withdraw(Out& out) {
  if (out.pending != nullptr) forget(*out.pending);
  if (out.id != 0) published_.erase(out.id);
  out.timer.cancel();
  Neighbor& n = *out.to;
  n.outs[out.index] = n.outs.back();
  n.outs[out.index]->index = out.index;
  n.outs.pop_back();
}

// Section 4.5: a trigger message has an identifier greater than any before.
void Engine::Core::trigger(Out& out) {
  if (out.pending != nullptr) forget(*out.pending);
  if (out.id != 0) published_.erase(out.id);
  out.id = next_id();
  published_[out.id] = &out;
  out.sent = false;
  send_state(out);
}

void Engine::Core::send_state(Out& out) {
  Neighbor& n = *out.to;
  out.acknowledged = false;
  if (n.lost()) return;  // when it is back
  out.sent = true;
  out.identified = n.refresh_reduction();
  ++n.counters.triggers_sent;
  const bool path = out.half == Half::Downstream;
  const MessageType type = path ? MessageType::Path : MessageType::Resv;
  Octets body = recovery_body(out);
  if (out.identified) {
    Pending& p = await(n, path ? Sent::Path : Sent::Resv, type, out.id);
    p.out = &out;
    p.body = std::move(body);
    out.pending = &p;
    transmit(p);
  } else {
    queue(n, {.type = type, .body = body.empty() ? out.body : std::move(body)});
  }
  arm_refresh(out);
}

// RFC 3473 section 9.5.3: to a node that restarted, with the label that it gave. Empty: as it is.
Octets Engine::Core::recovery_body(const Out& out) const {
  if (out.half != Half::Downstream || !out.to->theirs || !out.to->preserved) return {};
  const Downstream& down = *out.lsps.front()->down;
  if (!down.resv || !down.resv->stale) return {};
  auto label = recovery_label(*down.resv->message);
  if (!label || down.path_message.find<rsvp::RecoveryLabel>() != nullptr) return {};
  const Octets more = encode_one(*std::move(label));
  Octets body = out.body;
  body.insert(body.end(), more.begin(), more.end());
  return body;
}

// --- until acknowledged ---

Pending& Engine::Core::await(Neighbor& n, Sent what, MessageType type, std::uint32_t id) {
  auto& owned = pending_[id];
  owned = std::make_unique<Pending>(timers_);
  Pending& p = *owned;
  p.id = id;
  p.to = &n;
  p.what = what;
  p.type = type;
  p.wait = config_.times.rapid;
  ++n.pending;
  return p;
}

Pending& Engine::Core::post(Neighbor& n, Sent what, MessageType type, Octets body) {
  Pending& p = await(n, what, type, next_id());
  p.body = std::move(body);
  p.with_id = what == Sent::Notify || n.refresh_reduction();
  if (what == Sent::Tear && n.lost()) return p;  // when it is back
  // Without acknowledgments only what must not be lost is said more than once.
  if (!p.with_id && what != Sent::Tear && what != Sent::RecoveryPath) {
    p.sends = config_.times.rapid_limit - 1;
  }
  transmit(p);
  return p;
}

void Engine::Core::transmit(Pending& p) {
  ++p.sends;
  Letter letter{.type = p.type};
  if (p.with_id) letter.id = rsvp::MessageId{rsvp::MessageId::kAckDesired, epoch_, p.id};
  letter.body = p.body.empty() && p.out != nullptr ? p.out->body : p.body;
  queue(*p.to, std::move(letter));
  p.timer.set(now_ + p.wait);
  p.wait = std::min(p.wait * (1 + static_cast<int>(config_.times.delta)), kLongestRetry);
}

void Engine::Core::retry(Pending& p) {
  Neighbor& n = *p.to;
  const bool enough = p.sends >= config_.times.rapid_limit;
  // A tear is not given up: established state at the other side would stay for ever (R1).
  const bool slowly = enough && p.what == Sent::Tear && p.with_id;
  if (!enough || slowly) {
    ++n.counters.retransmissions;
    transmit(p);
    if (slowly) p.timer.set(now_ + config_.times.refresh);
    return;
  }
  if (p.with_id) ++n.counters.unacknowledged;
  const Sent what = p.what;
  const bool again = p.with_id && n.theirs;  // RFC 5063 section 4.5.1: as a new message
  const LspKey key = p.key;
  auto stamps = std::move(p.stamps);
  if (what == Sent::Notify) out_.push(NotifyFailed{p.ticket, n.config.node});
  tell_delivered(p);
  forget(p);
  if (what == Sent::RecoveryPath && again) send_recovery_path(n, key);
  if (what == Sent::RecoveryList && again) send_recovery_list(n, std::move(stamps));
}

void Engine::Core::tell_delivered(const Pending& p) {
  if (p.what != Sent::Tear || p.type != MessageType::PathTear) return;
  out_.push(TearDelivered{p.key, p.to->config.node});
}

void Engine::Core::forget(Pending& p) {
  if (p.out != nullptr) p.out->pending = nullptr;
  if (p.what == Sent::RecoveryPath) {
    const Lsp* const lsp = lsp_of(p.key);
    if (lsp != nullptr && lsp->up && lsp->up->recovery == &p) lsp->up->recovery = nullptr;
  }
  if (p.what == Sent::Tear || p.what == Sent::Notify) {
    const auto [first, last] = by_lsp_.equal_range(p.key);
    const auto at = std::find_if(first, last, [&p](const auto& one) { return one.second == &p; });
    if (at != last) by_lsp_.erase(at);
  }
  --p.to->pending;
  pending_.erase(p.id);
}

// What is set up again is not torn by what was said before, and of an LSP only the last is news.
void Engine::Core::forget_sent(const LspKey& key, const Neighbor& n, MessageType type) {
  for (;;) {
    const auto [first, last] = by_lsp_.equal_range(key);
    const auto at = std::find_if(first, last, [&](const auto& one) {
      return one.second->to == &n && one.second->type == type;
    });
    if (at == last) return;
    forget(*at->second);
  }
}

bool Engine::Core::tearing(const LspKey& key, const Neighbor& n, MessageType type) const {
  const auto [first, last] = by_lsp_.equal_range(key);
  return std::any_of(first, last, [&](const auto& one) {
    return one.second->to == &n && one.second->type == type;
  });
}

void Engine::Core::on_ack(Neighbor& n, const rsvp::MessageIdAck& ack) {
  if (ack.epoch != epoch_) return;
  const auto found = pending_.find(ack.id);
  if (found == pending_.end() || found->second->to != &n) return;
  Pending& p = *found->second;
  if (p.what == Sent::Notify) out_.push(NotifyDelivered{p.ticket, n.config.node});
  if (p.out != nullptr) p.out->acknowledged = true;
  tell_delivered(p);
  forget(p);
}

// Section 5.4: it has no such state. RFC 5063 section 5.3.3: nor do we, but the neighbour below us.
void Engine::Core::on_nack(Neighbor& n, const rsvp::MessageIdAck& nack) {
  if ((nack.flags & rsvp::MessageIdAck::kRecoveryPath) != 0) {
    const auto [first, last] = n.by_stamp.equal_range(Stamp{nack.epoch, nack.id}.key());
    for (auto at = first; at != last; ++at) {
      const In& in = *at->second;
      if (in.half != Half::Upstream || !in.stale || !n.theirs) continue;
      n.jobs.push_back({.kind = Job::Kind::RecoveryPath, .key = in.lsp.key});
    }
    return start_work(n, recovery_time(n) / 2);
  }
  if (nack.epoch != epoch_) return;
  const auto found = published_.find(nack.id);
  if (found == published_.end() || found->second->to != &n) return;
  Out& out = *found->second;
  if (out.sent && out.pending == nullptr) send_state(out);
}

// --- as long as it is true ---

std::size_t Engine::Core::ids_per_message() const {
  constexpr std::size_t kBeside = 100;  // headers, INTEGRITY, MESSAGE_ID
  const std::size_t limit = std::min<std::size_t>(config_.limits.packet_octets, 60'000);
  return limit > kBeside + 4 ? (limit - kBeside) / 4 : 1;
}

void Engine::Core::refresh_all(Neighbor& n) {
  if (!n.refresh_reduction() || n.lost() || n.outs.empty()) return;
  // Section 5.3: not longer than the period of the states.
  n.srefresh_timer.set(now_ + dice_.between(config_.times.refresh, 800, 1'000));
  std::vector<std::uint32_t> ids;
  for (const Out* const out : n.outs) {
    if (!out->sent || !out->identified || out->pending != nullptr) continue;
    ids.push_back(out->id);
    if (ids.size() < ids_per_message()) continue;
    send_summary(n, ids, false);
    ids.clear();
  }
  if (!ids.empty()) send_summary(n, ids, false);
}

void Engine::Core::send_summary(Neighbor& n, const std::vector<std::uint32_t>& ids, bool reliably) {
  ++n.counters.srefreshes_sent;
  n.counters.refreshes_sent += ids.size();
  auto body = encode_one(rsvp::MessageIdList{0, epoch_, ids});
  if (reliably) {
    post(n, Sent::Srefresh, MessageType::Srefresh, std::move(body));
  } else {
    queue(n, {.type = MessageType::Srefresh, .body = std::move(body)});
  }
}

// RFC 2205 section 3.7: from 0.5 R to 1.5 R.
void Engine::Core::arm_refresh(Out& out) {
  Neighbor& n = *out.to;
  if (n.refresh_reduction() && out.identified) {
    out.timer.cancel();
    n.srefresh_timer.set_if_idle(now_ + dice_.between(config_.times.refresh, 800, 1'000));
  } else {
    out.timer.set(now_ + dice_.between(config_.times.refresh, 500, 1'500));
  }
}

void Engine::Core::refresh(Out& out) {
  Neighbor& n = *out.to;
  if (n.lost() || !out.sent) return;
  if (n.refresh_reduction()) {
    if (!out.identified) trigger(out);  // it has learned what a MESSAGE_ID is
    return;
  }
  ++n.counters.refreshes_sent;
  Octets body = recovery_body(out);
  queue(n, {.type = out.half == Half::Downstream ? MessageType::Path : MessageType::Resv,
            .body = body.empty() ? out.body : std::move(body)});
  arm_refresh(out);
}

void Engine::Core::rearm_refreshes(Neighbor& n) {
  if (n.lost()) return;
  for (Out* const out : n.outs) {
    if (out->sent) arm_refresh(*out);
  }
}

// Section 4.8: "the generator MUST re-send the original message without the MESSAGE_ID object".
void Engine::Core::resend_without_ids(Neighbor& n) {
  if (n.no_message_id || n.config.refresh_reduction == RefreshReduction::Always) return;
  n.no_message_id = true;
  std::vector<std::uint32_t> others;
  for (const auto& [id, p] : pending_) {
    if (p->to == &n && p->out == nullptr && p->what != Sent::Notify) others.push_back(id);
  }
  std::ranges::sort(others);
  for (const std::uint32_t id : others) {
    Pending& p = *pending_.at(id);
    p.with_id = false;
    if (p.what != Sent::Tear) p.sends = config_.times.rapid_limit - 1;
    if (!n.lost()) transmit(p);
  }
  for (Out* const out : std::vector<Out*>(n.outs)) {
    if (!out->sent) continue;
    if (out->pending != nullptr) forget(*out->pending);
    send_state(*out);
  }
}

}  // namespace forces::signaling::engine
