// Upstream halves: the Path that came, the Resv that goes back.
#include <algorithm>

#include "ce/signaling/rsvp/core/core.hpp"
#include "ce/signaling/rsvp/core/parts.hpp"

namespace forces::signaling::engine {

using rsvp::ErrorCode;
using rsvp::Message;
using rsvp::MessageType;
using rsvp::MessageView;

namespace {

constexpr std::size_t kMaxTorn = 4'096;  // remembered of a neighbour
constexpr std::size_t kMaxSharing = 32;  // LSPs in one Resv
constexpr Duration kShortestLifetime = std::chrono::milliseconds(100);

LspKey session_of(LspKey key) {
  key.sender = {};
  key.lsp_id = 0;
  return key;
}

}  // namespace

void Engine::Core::on_path(Neighbor& n, const MessageView& view,
                           std::optional<rsvp::MessageId> id) {
  auto message = decode(n, view);
  if (!message) return;
  const auto key = key_of(*message);
  if (!key) {  // of IPv6
    const auto session = view.find(rsvp::Class::Session);
    answer(n, view,
           {ErrorCode::UnknownCType, rsvp::class_and_c_type(session->number, session->c_type)});
    return drop(n, Drop::Unacceptable);
  }
  const auto stamp = stamp_of(id);
  Lsp* lsp = lsp_of(*key);
  Upstream* up = lsp == nullptr ? nullptr : lsp->up.get();
  const bool moved = up != nullptr && up->path.from != &n;
  if (stamp) {  // RFC 2961 section 4.5
    const bool known = up != nullptr && !moved && up->path.stamp;
    const auto torn = n.torn.find(*key);
    if ((known && stamp->before(*up->path.stamp)) ||
        (torn != n.torn.end() && stamp->before(torn->second))) {
      return drop(n, Drop::OutOfOrder);
    }
  }
  if ((up == nullptr || moved) && n.paths_in >= config_.limits.states_per_neighbor) {
    answer(n, view, {ErrorCode::RsvpSystem, 0});
    return drop(n, Drop::Limit);
  }
  acknowledge(n, id);
  ++n.counters.triggers_received;
  const Duration period = strip(*message);
  PathReceived event{.key = *key, .from = n.config.node};
  if (up == nullptr) {
    lsp = &lsps_[*key];
    lsp->key = *key;
    lsp->up = std::make_unique<Upstream>(timers_, *lsp);
    up = lsp->up.get();
    attach(up->path, n);
    event.change = message->find<rsvp::RecoveryLabel>() != nullptr && n.ours ? PathChange::Recovery
                                                                             : PathChange::New;
  } else {
    event.change = PathChange::Modified;
    event.before = up->path.from->config.node;
    if (moved) {
      leave(*lsp);
      if (up->recovery != nullptr) forget(*up->recovery);
      up->awaiting_path = up->kept = false;
      detach(up->path);
      attach(up->path, n);
    }
  }
  In& in = up->path;
  const bool changed = in.message == nullptr || moved || !same_content(*in.message, *message);
  const bool new_process = in.stamp && stamp && in.stamp->epoch != stamp->epoch;
  if (changed) in.message = std::make_shared<const Message>(std::move(*message));
  mark(in, stamp);
  // RFC 2205 section 3.7: L >= (K + 0.5) * 1.5 * R
  in.lifetime = std::max(period * 3 * (2 * config_.times.keep + 1) / 4, kShortestLifetime);
  const bool awaited = up->awaiting_path;
  heard(in);
  if (changed) {
    event.path = in.message;
    out_.push(std::move(event));
  }
  if (new_process && !awaited && up->resv) publish(*up->resv);
}

void Engine::Core::on_path_tear(Neighbor& n, const MessageView& view,
                                std::optional<rsvp::MessageId> id) {
  auto message = decode(n, view);
  if (!message) return;
  const auto key = key_of(*message);
  if (!key) return drop(n, Drop::Incomplete);
  const auto stamp = stamp_of(id);
  Lsp* const lsp = lsp_of(*key);
  const bool here = lsp != nullptr && lsp->up && lsp->up->path.from == &n;
  if (here && stamp && lsp->up->path.stamp && stamp->before(*lsp->up->path.stamp)) {
    return drop(n, Drop::OutOfOrder);
  }
  acknowledge(n, id);
  if (stamp) remember_torn(n, *key, *stamp);
  if (!here) drop(n, Drop::NoState);
  if (!here && lsp != nullptr && lsp->up) return;  // it has come another way since
  strip(*message);
  out_.push(PathGone{*key, n.config.node, Gone::Torn,
                     std::make_shared<const Message>(std::move(*message))});
  if (here) erase_upstream(*lsp);
}

void Engine::Core::remember_torn(Neighbor& n, const LspKey& key, const Stamp& stamp) {
  const auto [at, fresh] = n.torn.try_emplace(key, stamp);
  if (!fresh) {
    if (!stamp.before(at->second)) at->second = stamp;
    return;
  }
  n.torn_order.push_back(key);
  if (n.torn_order.size() <= kMaxTorn) return;
  n.torn.erase(n.torn_order.front());
  n.torn_order.pop_front();
}

void Engine::Core::on_resv_err(Neighbor& n, const MessageView& view,
                               std::optional<rsvp::MessageId> id) {
  auto message = decode(n, view);
  if (!message) return;
  acknowledge(n, id);
  if (!first_time(n, id)) return;
  strip(*message);
  const auto error = std::make_shared<const Message>(std::move(*message));
  bool any = false;
  for (const LspKey& key : filter_keys(*error)) {
    Lsp* const lsp = lsp_of(key);
    if (lsp == nullptr || !lsp->up || lsp->up->path.from != &n || !lsp->up->resv) continue;
    any = true;
    // RFC 2961 section 4.5: an implicit acknowledgment.
    Out& resv = *lsp->up->resv;
    if (resv.pending != nullptr && resv.lsps.size() == 1) forget(*resv.pending);
    out_.push(ResvErrReceived{key, n.config.node, error});
  }
  if (!any) drop(n, Drop::NoState);
}

void Engine::Core::erase_upstream(Lsp& lsp) {
  leave(lsp);
  if (lsp.up->recovery != nullptr) forget(*lsp.up->recovery);
  detach(lsp.up->path);
  lsp.up.reset();
  end_if_empty(lsp);
}

Lsp* Engine::Core::lsp_of(const LspKey& key) {
  const auto found = lsps_.find(key);
  return found == lsps_.end() ? nullptr : &found->second;
}

void Engine::Core::end_if_empty(Lsp& lsp) {
  if (lsp.up || lsp.down) return;
  const LspKey key = lsp.key;
  lsps_.erase(key);
}

// --- Resvs: one for an LSP, or one for several of a session (RFC 2205 section 1.3: SE) ---

std::shared_ptr<Out> Engine::Core::sharing(const Lsp& lsp) const {
  const auto found = sessions_.find(session_of(lsp.key));
  if (found == sessions_.end()) return nullptr;
  for (const auto& out : found->second) {
    const auto other = std::ranges::find_if(out->lsps, [&](const Lsp* one) { return one != &lsp; });
    const bool room = out->lsps.size() < kMaxSharing || lsp.up->resv == out;
    if (other != out->lsps.end() && room && out->to == lsp.up->path.from &&
        may_share(lsp.up->resv_message, (*other)->up->resv_message)) {
      return out;
    }
  }
  return nullptr;
}

void Engine::Core::join(Lsp& lsp) {
  Upstream& up = *lsp.up;
  auto out = sharing(lsp);
  if (up.resv && up.resv != out) {
    // Alone in its Resv, and with nobody to share: it stays the same one, with another content.
    if (!out && up.resv->lsps.size() == 1) out = up.resv;
    if (up.resv != out) leave(lsp);
  }
  if (!out) {
    out = std::make_shared<Out>(timers_, Half::Upstream);
    enlist(*out, *up.path.from);
    sessions_[session_of(lsp.key)].push_back(out);
  }
  if (!up.resv) {
    out->lsps.push_back(&lsp);
    up.resv = out;
  }
  publish(*out);
}

// Without a word: a ResvTear is the caller's to send.
void Engine::Core::leave(Lsp& lsp) {
  const auto out = std::move(lsp.up->resv);
  lsp.up->resv = nullptr;
  if (!out) return;
  std::erase(out->lsps, &lsp);
  if (!out->lsps.empty()) {  // what is left was advertised already: no trigger
    std::vector<const Message*> resvs;
    for (const Lsp* const one : out->lsps) {
      if (!one->up->awaiting_path) resvs.push_back(&one->up->resv_message);
    }
    if (resvs.empty()) return publish(*out);
    out->body = put_together(resvs);
    return;
  }
  withdraw(*out);
  const auto session = sessions_.find(session_of(lsp.key));
  std::erase(session->second, out);
  if (session->second.empty()) sessions_.erase(session);
}

void Engine::Core::publish(Out& resv) {
  std::vector<const Message*> resvs;
  for (const Lsp* const lsp : resv.lsps) {
    if (!lsp->up->awaiting_path) resvs.push_back(&lsp->up->resv_message);
  }
  if (resvs.empty()) {  // until the first Path comes
    if (resv.pending != nullptr) forget(*resv.pending);
    resv.sent = false;
    resv.timer.cancel();
    return;
  }
  resv.body = put_together(resvs);
  trigger(resv);
}

Status Engine::Core::set_resv(const LspKey& key, Message resv) {
  Lsp* const lsp = lsp_of(key);
  if (lsp == nullptr || !lsp->up) return Status::NoState;
  Upstream& up = *lsp->up;
  Neighbor& n = *up.path.from;
  if (!prepare(resv, MessageType::Resv, config_.node, config_.times.refresh)) {
    return Status::Malformed;
  }
  const auto keys = filter_keys(resv);
  if (keys.size() != 1 || keys.front() != key || encode_objects(resv.objects).empty()) {
    return Status::Malformed;
  }
  if (up.resv && up.resv_message.objects == resv.objects) return Status::Done;
  if (full(n)) return Status::Limit;
  forget_sent(key, n, MessageType::ResvTear);
  up.resv_message = std::move(resv);
  join(*lsp);
  return Status::Done;
}

Status Engine::Core::tear_resv(const LspKey& key) {
  const Lsp* const lsp = lsp_of(key);
  if (lsp == nullptr || !lsp->up || !lsp->up->resv) return Status::NoState;
  return tear_resv(key, tear_of(lsp->up->resv_message));
}

Status Engine::Core::tear_resv(const LspKey& key, Message tear) {
  Lsp* const lsp = lsp_of(key);
  if (lsp == nullptr || !lsp->up) return Status::NoState;
  if (!prepare(tear, MessageType::ResvTear, config_.node, config_.times.refresh)) {
    return Status::Malformed;
  }
  const auto keys = filter_keys(tear);
  auto body = encode_objects(tear.objects);
  if (body.empty() || keys.size() != 1 || keys.front() != key) return Status::Malformed;
  In& in = lsp->up->path;
  leave(*lsp);
  // It is no longer established: from now on it has to be refreshed.
  lsp->up->kept = false;
  in.timer.set_if_idle(now_ + in.lifetime);
  Pending& p = post(*in.from, Sent::Tear, MessageType::ResvTear, std::move(body));
  p.key = key;
  by_lsp_.emplace(key, &p);
  return Status::Done;
}

Status Engine::Core::keep(const LspKey& key) {
  Lsp* const lsp = lsp_of(key);
  if (lsp == nullptr || !lsp->up) return Status::NoState;
  lsp->up->kept = true;
  return Status::Done;
}

Status Engine::Core::send_path_err(const LspKey& key, Message error) {
  Lsp* const lsp = lsp_of(key);
  if (lsp == nullptr || !lsp->up) return Status::NoState;
  Neighbor& n = *lsp->up->path.from;
  if (!prepare(error, MessageType::PathErr, config_.node, config_.times.refresh) ||
      key_of(error) != key) {
    return Status::Malformed;
  }
  auto body = encode_objects(error.objects);
  if (body.empty()) return Status::Malformed;
  if (full(n)) return Status::Limit;
  const auto* const spec = error.find<rsvp::ErrorSpec>();
  const bool removed = (spec->flags & rsvp::ErrorSpec::kPathStateRemoved) != 0;
  if (removed) erase_upstream(*lsp);
  post(n, Sent::Error, MessageType::PathErr, std::move(body));
  return Status::Done;
}

}  // namespace forces::signaling::engine
