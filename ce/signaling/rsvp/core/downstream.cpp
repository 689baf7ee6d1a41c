// Downstream halves: the Path that we sent, the Resv that came.
#include <algorithm>

#include "ce/signaling/rsvp/core/core.hpp"
#include "ce/signaling/rsvp/core/parts.hpp"

namespace forces::signaling::engine {

using rsvp::ErrorCode;
using rsvp::Message;
using rsvp::MessageType;
using rsvp::MessageView;

void Engine::Core::on_resv(Neighbor& n, const MessageView& view,
                           std::optional<rsvp::MessageId> id) {
  auto message = decode(n, view);
  if (!message) return;
  const Duration period = strip(*message);
  auto parts = take_apart(*message);
  if (parts.empty()) return drop(n, Drop::Incomplete);
  const auto stamp = stamp_of(id);
  ++n.counters.triggers_received;
  bool taken = false;
  for (ResvPart& part : parts) {
    Lsp* const lsp = lsp_of(part.key);
    if (lsp == nullptr || !lsp->down || lsp->down->path.to != &n) {
      drop(n, Drop::NoState);
      taken = true;
      // RFC 3473 section 9.5.2: silence while we recover; and where our PathTear is on its way, it
      // says all.
      if (n.ours || full(n) || tearing(part.key, n, MessageType::PathTear)) continue;
      Message error = resv_err(part.message, {ErrorCode::NoPathInformation, 0});
      if (auto* const hop = error.find<rsvp::Hop>()) hop->address = {};
      if (!prepare(error, MessageType::ResvErr, config_.node, config_.times.refresh)) continue;
      ++n.counters.errors_answered;
      post(n, Sent::Error, MessageType::ResvErr, encode_objects(error.objects));
      continue;
    }
    Downstream& down = *lsp->down;
    const auto known = down.resv ? down.resv->stamp : down.floor;
    if (stamp && known && stamp->before(*known)) {
      drop(n, Drop::OutOfOrder);
      continue;
    }
    taken = true;
    take_resv(n, *lsp, std::move(part.message), stamp);
    down.resv->lifetime = std::max<Duration>(period * 3 * (2 * config_.times.keep + 1) / 4,
                                             std::chrono::milliseconds(100));
    heard(*down.resv);
  }
  if (taken) acknowledge(n, id);
}

void Engine::Core::take_resv(Neighbor& n, Lsp& lsp, Message message, std::optional<Stamp> stamp) {
  Downstream& down = *lsp.down;
  ResvReceived event{.key = lsp.key, .from = n.config.node, .modified = down.resv != nullptr};
  if (!down.resv) {
    down.resv = std::make_unique<In>(timers_, lsp, Half::Downstream);
    attach(*down.resv, n);
  }
  In& in = *down.resv;
  mark(in, stamp);
  if (in.message && same_content(*in.message, message)) return;
  in.message = std::make_shared<const Message>(std::move(message));
  event.resv = in.message;
  out_.push(std::move(event));
}

void Engine::Core::on_resv_tear(Neighbor& n, const MessageView& view,
                                std::optional<rsvp::MessageId> id) {
  auto message = decode(n, view);
  if (!message) return;
  strip(*message);
  const auto stamp = stamp_of(id);
  bool taken = false;
  auto parts = take_apart(*message);
  for (ResvPart& part : parts) {
    Lsp* const lsp = lsp_of(part.key);
    if (lsp == nullptr || !lsp->down || lsp->down->path.to != &n) {
      taken = true;
      drop(n, Drop::NoState);
      if (lsp != nullptr && lsp->down) continue;  // it goes another way since
      out_.push(ResvGone{part.key, n.config.node, Gone::Torn,
                         std::make_shared<const Message>(std::move(part.message))});
      continue;
    }
    Downstream& down = *lsp->down;
    if (stamp && down.resv && down.resv->stamp && stamp->before(*down.resv->stamp)) {
      drop(n, Drop::OutOfOrder);
      continue;
    }
    taken = true;
    if (stamp && !(down.floor && stamp->before(*down.floor))) down.floor = stamp;
    if (!down.resv) continue;
    drop_resv(*lsp);
    out_.push(ResvGone{part.key, n.config.node, Gone::Torn,
                       std::make_shared<const Message>(std::move(part.message))});
  }
  if (taken) acknowledge(n, id);
  if (parts.empty()) drop(n, Drop::Incomplete);
}

void Engine::Core::on_path_err(Neighbor& n, const MessageView& view,
                               std::optional<rsvp::MessageId> id) {
  auto message = decode(n, view);
  if (!message) return;
  const auto* const spec = message->find<rsvp::ErrorSpec>();
  // RFC 2961 section 4.8: a node that does not know MESSAGE_ID.
  const std::uint16_t class_number = spec->error.value >> 8;
  if (spec->error.code == ErrorCode::UnknownClass &&
      class_number == static_cast<std::uint16_t>(rsvp::Class::MessageId)) {
    return resend_without_ids(n);
  }
  const auto key = key_of(*message);
  if (!key) return drop(n, Drop::Incomplete);
  acknowledge(n, id);
  if (!first_time(n, id)) return;
  Lsp* const lsp = lsp_of(*key);
  if (lsp == nullptr || !lsp->down || lsp->down->path.to != &n) return drop(n, Drop::NoState);
  const bool removed = (spec->flags & rsvp::ErrorSpec::kPathStateRemoved) != 0;
  // It has answered a Path of ours since: what it had removed was the state of an earlier one.
  const In* const resv = lsp->down->resv.get();
  const auto stamp = stamp_of(id);
  if (removed && stamp && resv != nullptr && resv->stamp && stamp->before(*resv->stamp)) {
    return drop(n, Drop::OutOfOrder);
  }
  Out& path = lsp->down->path;
  if (path.pending != nullptr) forget(*path.pending);  // section 4.5: an implicit acknowledgment
  strip(*message);
  out_.push(PathErrReceived{*key, n.config.node, removed,
                            std::make_shared<const Message>(std::move(*message))});
  if (removed) erase_downstream(*lsp);
}

void Engine::Core::drop_resv(Lsp& lsp) {
  detach(*lsp.down->resv);
  lsp.down->resv.reset();
}

void Engine::Core::erase_downstream(Lsp& lsp) {
  if (lsp.down->resv) drop_resv(lsp);
  withdraw(lsp.down->path);
  lsp.down.reset();
  end_if_empty(lsp);
}

Status Engine::Core::set_path(const LspKey& key, NodeId next_hop, Message path) {
  Neighbor* const n = adjacent(next_hop);
  if (n == nullptr) return Status::NoNeighbor;
  if (!prepare(path, MessageType::Path, config_.node, config_.times.refresh) ||
      key_of(path) != key) {
    return Status::Malformed;
  }
  auto body = encode_objects(path.objects);
  if (body.empty()) return Status::Malformed;
  Lsp* lsp = lsp_of(key);
  if (lsp != nullptr && lsp->down && lsp->down->path.to == n && lsp->down->path.body == body) {
    return Status::Done;
  }
  if (full(*n)) return Status::Limit;
  if (lsp != nullptr && lsp->down && lsp->down->path.to != n) {
    static_cast<void>(tear_path(key));
    lsp = lsp_of(key);
  }
  forget_sent(key, *n, MessageType::PathTear);
  if (lsp == nullptr) {
    lsp = &lsps_[key];
    lsp->key = key;
  }
  if (!lsp->down) {
    lsp->down = std::make_unique<Downstream>(timers_);
    lsp->down->path.lsps.assign(1, lsp);
    enlist(lsp->down->path, *n);
  }
  lsp->down->path.body = std::move(body);
  lsp->down->path_message = std::move(path);
  trigger(lsp->down->path);
  return Status::Done;
}

Status Engine::Core::tear_path(const LspKey& key) {
  const Lsp* const lsp = lsp_of(key);
  if (lsp == nullptr || !lsp->down) return Status::NoState;
  return tear_path(key, std::nullopt, tear_of(lsp->down->path_message));
}

Status Engine::Core::tear_path(const LspKey& key, std::optional<NodeId> next_hop, Message tear) {
  Lsp* const lsp = lsp_of(key);
  const bool here = lsp != nullptr && lsp->down != nullptr;
  if (!next_hop && !here) return Status::NoState;
  Neighbor* const n = next_hop ? adjacent(*next_hop) : lsp->down->path.to;
  if (n == nullptr) return Status::NoNeighbor;
  if (!prepare(tear, MessageType::PathTear, config_.node, config_.times.refresh) ||
      key_of(tear) != key) {
    return Status::Malformed;
  }
  auto body = encode_objects(tear.objects);
  if (body.empty()) return Status::Malformed;
  if (here && lsp->down->path.to == n) erase_downstream(*lsp);
  forget_sent(key, *n, MessageType::PathTear);
  Pending& p = post(*n, Sent::Tear, MessageType::PathTear, std::move(body));
  p.key = key;
  by_lsp_.emplace(key, &p);
  return Status::Done;
}

Status Engine::Core::send_resv_err(const LspKey& key, Message error) {
  const Lsp* const lsp = lsp_of(key);
  if (lsp == nullptr || !lsp->down || !lsp->down->resv) return Status::NoState;
  Neighbor& n = *lsp->down->path.to;
  if (!prepare(error, MessageType::ResvErr, config_.node, config_.times.refresh)) {
    return Status::Malformed;
  }
  const auto keys = filter_keys(error);
  auto body = encode_objects(error.objects);
  if (body.empty() || std::ranges::find(keys, key) == keys.end()) return Status::Malformed;
  if (full(n)) return Status::Limit;
  post(n, Sent::Error, MessageType::ResvErr, std::move(body));
  return Status::Done;
}

}  // namespace forces::signaling::engine
