// Messages: whether they may be believed, and what is the same for all of them.
#include <algorithm>

#include "ce/signaling/rsvp/core/core.hpp"
#include "ce/signaling/rsvp/core/parts.hpp"
#include "proto/rsvp/grammar.hpp"

namespace forces::signaling::engine {

using rsvp::Class;
using rsvp::ErrorCode;
using rsvp::MessageType;
using rsvp::MessageView;

namespace {

constexpr unsigned kResponsesPerSecond = 20;
constexpr std::size_t kMaxAcks = 20'000;  // that wait to leave

}  // namespace

void Engine::Core::on_packet(const Datagram& packet) {
  if (!is_ours(packet.destination)) {  // RFC 3473 section 4.3: on, unmodified
    ++strangers_.packets_received;
    if (packet.ttl <= 1) return;
    out_.push(Forward{packet.source,
                      packet.destination,
                      static_cast<std::uint8_t>(packet.ttl - 1),
                      {packet.octets.begin(), packet.octets.end()}});
    return;
  }
  const auto view = MessageView::parse(packet.octets);
  Neighbor* n = at_address(packet.source);
  bool new_one = false;
  if (n == nullptr && view && view->header().type == MessageType::Notify) {
    n = learn(packet.source);
    new_one = n != nullptr;
  }
  if (n == nullptr || !view) {
    Counters& counters = n == nullptr ? strangers_ : n->counters;
    ++counters.packets_received;
    ++counters.drops[static_cast<std::size_t>(view ? Drop::Stranger : Drop::Malformed)];
    return;
  }
  ++n->counters.packets_received;
  n->used = now_;
  heard_on(*n, packet.channel);
  if (view->header().type == MessageType::Bundle) {
    const auto parts = rsvp::split_bundle(*view);
    if (!parts) return drop(*n, Drop::Malformed);
    ++n->counters.bundles_received;
    for (const rsvp::SubMessage& part : *parts) {
      // Offsets of errors are not used here, and digests are over the message alone.
      const auto inner = MessageView::parse(part.octets);
      if (inner) {
        on_message(*n, *inner);
      } else {
        drop(*n, Drop::Malformed);
      }
    }
    return;
  }
  const std::uint64_t before = n->counters.messages_received;
  on_message(*n, *view);
  // Nobody gets a place among the neighbours by a message that is not believed.
  if (new_one && n->counters.messages_received == before) {
    for (std::size_t i = 0; i < kDrops; ++i) strangers_.drops[i] += n->counters.drops[i];
    if (!n->guard.next_challenge()) remove_neighbor(n->config.node);
  }
}

void Engine::Core::on_message(Neighbor& n, const MessageView& view) {
  const MessageType type = view.header().type;
  if (type == MessageType::IntegrityChallenge) return on_challenge(n, view);
  if (n.guard.secured()) {
    const auto why = n.guard.check(view, now_);
    if (why) drop(n, *why);
    arm_challenges(n);
    if (why) return;
  }
  ++n.counters.messages_received;
  note_flags(n, view.header().flags);
  if (type == MessageType::IntegrityResponse) return;
  if (type == MessageType::Hello) return on_hello(n, view);
  std::optional<rsvp::MessageId> id;
  bool plain = true;  // nothing in it for which it must be refused
  for (const rsvp::ObjectView object : view.objects()) {
    const rsvp::Treatment treatment = rsvp::treatment(object.number, object.c_type);
    plain = plain && treatment != rsvp::Treatment::RejectClass &&
            treatment != rsvp::Treatment::RejectCType;
    if (object.class_number() == Class::MessageId && !id) {
      id = rsvp::decode_as<rsvp::MessageId>(object);
    } else if (object.class_number() == Class::MessageIdAck) {
      const auto ack = rsvp::decode_as<rsvp::MessageIdAck>(object);
      if (!ack) continue;
      ++(ack->nack ? n.counters.nacks_received : n.counters.acks_received);
      if (ack->nack) {
        on_nack(n, *ack);
      } else {
        on_ack(n, *ack);
      }
    }
  }
  if (!plain) {
    // An Srefresh may hold lists of multicast, which are not for us.
    if (const auto refusal = rsvp::unacceptable(view); refusal && type != MessageType::Srefresh) {
      if (refusal->answer) answer(n, view, *refusal->answer);
      return drop(n, Drop::Unacceptable);
    }
  }
  dispatch(n, view, id);
}

void Engine::Core::dispatch(Neighbor& n, const MessageView& view,
                            std::optional<rsvp::MessageId> id) {
  const MessageType type = view.header().type;
  switch (type) {
    case MessageType::Ack:
      return;
    case MessageType::Notify:
      return on_notify(n, view, id);
    case MessageType::ResvConf: {
      auto message = decode(n, view);
      if (!message) return;
      acknowledge(n, id);
      if (!first_time(n, id)) return;
      strip(*message);
      out_.push(ResvConfReceived{n.config.node,
                                 std::make_shared<const rsvp::Message>(std::move(*message))});
      return;
    }
    default:
      break;
  }
  if (!n.config.adjacent) return drop(n, Drop::WrongType);
  if (gated(n)) return drop(n, Drop::NotYetRecovered);
  if (id) note_epoch(n, id->epoch);
  switch (type) {
    case MessageType::Srefresh:
      return on_srefresh(n, view, id);
    case MessageType::Path:
    case MessageType::Resv: {
      const Half half = type == MessageType::Path ? Half::Upstream : Half::Downstream;
      if (id && refresh(n, *stamp_of(id), half)) {
        ++n.counters.refreshes_received;
        return acknowledge(n, id);
      }
      return half == Half::Upstream ? on_path(n, view, id) : on_resv(n, view, id);
    }
    case MessageType::PathTear:
      return on_path_tear(n, view, id);
    case MessageType::ResvTear:
      return on_resv_tear(n, view, id);
    case MessageType::PathErr:
      return on_path_err(n, view, id);
    case MessageType::ResvErr:
      return on_resv_err(n, view, id);
    case MessageType::RecoveryPath:
      return on_recovery_path(n, view, id);
    default:
      return drop(n, Drop::WrongType);
  }
}

std::optional<rsvp::Message> Engine::Core::decode(Neighbor& n, const MessageView& view) {
  auto message = rsvp::decode_message(view);
  if (!message) {
    if (message.error().answer) answer(n, view, *message.error().answer);
    drop(n, Drop::Malformed);
    return std::nullopt;
  }
  if (rsvp::missing(*message)) {
    drop(n, Drop::Incomplete);
    return std::nullopt;
  }
  return std::move(*message);
}

// RFC 2205 section 3.10: of a Path a PathErr, of a Resv a ResvErr, of others nothing.
void Engine::Core::answer(Neighbor& n, const MessageView& view, rsvp::ErrorValue error) {
  const MessageType type = view.header().type;
  if ((type != MessageType::Path && type != MessageType::Resv) || !n.config.adjacent) return;
  if (full(n) || gated(n)) return;
  auto body = refusal_of(view, error, config_.node);
  if (body.empty()) return;
  ++n.counters.errors_answered;
  post(n, Sent::Error, type == MessageType::Path ? MessageType::PathErr : MessageType::ResvErr,
       std::move(body));
}

// RFC 2961 section 2.
void Engine::Core::note_flags(Neighbor& n, std::uint8_t flags) {
  const bool capable = (flags & rsvp::kRefreshReductionCapable) != 0;
  if (n.heard && n.capable == capable) return;
  const bool before = n.refresh_reduction();
  n.heard = true;
  n.capable = capable;
  if (before != n.refresh_reduction()) rearm_refreshes(n);
}

void Engine::Core::note_epoch(Neighbor& n, std::uint32_t epoch) {
  if (n.epoch != epoch && n.epoch != 0) n.new_epoch = true;
  n.epoch = epoch;
}

// RFC 2747 section 4.3: not authenticated itself, so it is not worth much.
void Engine::Core::on_challenge(Neighbor& n, const MessageView& view) {
  const auto object = view.find(Class::Challenge);
  const auto challenge = object ? rsvp::decode_as<rsvp::Challenge>(*object) : std::nullopt;
  if (!challenge) return drop(n, Drop::Malformed);
  if (n.guard.find(challenge->key_id) == nullptr) return drop(n, Drop::UnknownKey);
  if (now_ - n.responses_since >= std::chrono::seconds(1)) {
    n.responses_since = now_;
    n.responses = 0;
  }
  if (++n.responses > kResponsesPerSecond) return drop(n, Drop::Limit);
  ++n.counters.responses_sent;
  send_alone(n,
             {.type = MessageType::IntegrityResponse,
              .body = encode_one(*challenge),
              .key = challenge->key_id},
             n.config.control, 255);
}

void Engine::Core::on_hello(Neighbor& n, const MessageView& view) {
  if (!n.config.adjacent) return drop(n, Drop::WrongType);
  std::optional<rsvp::Hello> hello;
  std::optional<rsvp::RestartCap> restart;
  std::uint32_t capability = 0;
  for (const rsvp::ObjectView object : view.objects()) {
    switch (object.class_number()) {
      case Class::Hello:
        if (!hello) hello = rsvp::decode_as<rsvp::Hello>(object);
        break;
      case Class::RestartCap:
        if (!restart) restart = rsvp::decode_as<rsvp::RestartCap>(object);
        break;
      case Class::Capability:
        if (const auto bits = rsvp::decode_as<rsvp::Capability>(object)) capability = bits->bits;
        break;
      default:
        break;
    }
  }
  if (!hello) return drop(n, Drop::Incomplete);
  ++n.counters.hellos_received;
  n.restart = restart;
  // RFC 5063 sections 4.4.1, 5.2.1: no R without RESTART_CAP, no S without R.
  using namespace rsvp::capability;
  if (!restart) capability &= ~kRecoveryPathDesired;
  if ((capability & kRecoveryPathDesired) == 0) capability &= ~kRecoveryPathSrefresh;
  n.capability = capability;
  const HelloVerdict verdict = n.hello.on_hello(*hello, now_);
  if (!hello->ack) send_hello(n, n.hello.answer());
  if (!n.config.hello) return;
  n.hello_timer.set(std::max(now_, n.hello.next()));
  react(n, verdict);
}

// RFC 2961 section 5.3 and 5.4; RFC 5063 section 5.3.2.
void Engine::Core::on_srefresh(Neighbor& n, const MessageView& view,
                               std::optional<rsvp::MessageId> id) {
  ++n.counters.srefreshes_received;
  acknowledge(n, id);
  for (const rsvp::ObjectView object : view.objects()) {
    if (object.class_number() != Class::MessageIdList) continue;
    const auto list = rsvp::decode_as<rsvp::MessageIdList>(object);
    if (!list) continue;
    if ((list->flags & rsvp::MessageIdList::kRecoveryPath) != 0) {
      on_recovery_list(n, *list);
      continue;
    }
    for (const std::uint32_t one : list->ids) {
      if (refresh(n, {list->epoch, one}, std::nullopt)) {
        ++n.counters.refreshes_received;
      } else {
        add_ack(n, {.nack = true, .epoch = list->epoch, .id = one});
      }
    }
  }
}

void Engine::Core::on_notify(Neighbor& n, const MessageView& view,
                             std::optional<rsvp::MessageId> id) {
  auto message = decode(n, view);
  if (!message) return;
  acknowledge(n, id);
  if (!first_time(n, id)) return;
  strip(*message);
  out_.push(NotifyReceived{n.config.node,
                           std::make_shared<const rsvp::Message>(std::move(*message)), id});
}

// RFC 2961 section 4.6: only what asks for it is acknowledged.
void Engine::Core::acknowledge(Neighbor& n, const std::optional<rsvp::MessageId>& id) {
  if (!id || (id->flags & rsvp::MessageId::kAckDesired) == 0) return;
  add_ack(n, {.epoch = id->epoch, .id = id->id});
}

void Engine::Core::add_ack(Neighbor& n, const rsvp::MessageIdAck& ack) {
  if (n.outbox.acks() >= kMaxAcks) return drop(n, Drop::Limit);
  n.outbox.acknowledge(ack);
  n.ack_timer.set_if_idle(now_ + config_.times.ack_delay);
}

bool Engine::Core::first_time(Neighbor& n, const std::optional<rsvp::MessageId>& id) {
  const auto stamp = stamp_of(id);
  return !stamp || n.seen.add(*stamp);
}

// --- states that came ---

void Engine::Core::attach(In& in, Neighbor& n) {
  in.from = &n;
  in.index = n.ins.size();
  n.ins.push_back(&in);
  ++(in.half == Half::Upstream ? n.paths_in : n.resvs_in);
}

void Engine::Core::detach(In& in) {
  Neighbor& n = *in.from;
  mark(in, std::nullopt);
  if (in.unsynchronized) --n.unsynchronized;
  in.unsynchronized = in.stale = false;
  n.ins[in.index] = n.ins.back();
  n.ins[in.index]->index = in.index;
  n.ins.pop_back();
  --(in.half == Half::Upstream ? n.paths_in : n.resvs_in);
  in.timer.cancel();
}

void Engine::Core::mark(In& in, std::optional<Stamp> stamp) {
  if (in.stamp == stamp) return;
  auto& index = in.from->by_stamp;
  if (in.stamp) {
    const auto [first, last] = index.equal_range(in.stamp->key());
    index.erase(std::find_if(first, last, [&in](const auto& one) { return one.second == &in; }));
  }
  in.stamp = stamp;
  if (stamp) index.emplace(stamp->key(), &in);
}

// Every LSP of the message that had this identifier, if it was of this kind.
bool Engine::Core::refresh(Neighbor& n, Stamp stamp, std::optional<Half> half) {
  const auto [first, last] = n.by_stamp.equal_range(stamp.key());
  if (first == last || (half && first->second->half != *half)) return false;
  for (auto at = first; at != last; ++at) heard(*at->second);
  return true;
}

void Engine::Core::heard(In& in) {
  in.stale = false;
  in.deadline = now_ + in.lifetime;
  if (!in.timer.armed() || in.deadline < in.timer.when()) in.timer.set(in.deadline);
  if (in.unsynchronized) {
    in.unsynchronized = false;
    --in.from->unsynchronized;
    out_.push(Resynchronized{in.lsp.key, in.half, in.from->config.node});
  }
  if (in.half == Half::Downstream) return;
  Upstream& up = *in.lsp.up;
  if (up.recovery != nullptr) forget(*up.recovery);
  if (!up.awaiting_path) return;
  up.awaiting_path = false;  // RFC 3473 section 9.5.3: its Path came, so it gets our Resv
  if (up.resv) publish(*up.resv);
}

// RFC 2205 section 3.7, but for what is established (RFC 4139: R1).
void Engine::Core::on_lifetime(In& in) {
  if (now_ < in.deadline) return in.timer.set(in.deadline);
  const Neighbor& n = *in.from;
  if (!established(in)) {
    out_.push(PathGone{in.lsp.key, n.config.node, Gone::Timeout, nullptr});
    return erase_upstream(in.lsp);
  }
  if (n.lost() || n.theirs) {  // RFC 3473 section 9.3: as if it were refreshed
    in.deadline = now_ + in.lifetime;
    return in.timer.set(in.deadline);
  }
  report(in);
}

void Engine::Core::report(In& in) {
  if (in.unsynchronized) return;
  in.unsynchronized = true;
  ++in.from->unsynchronized;
  out_.push(Unsynchronized{in.lsp.key, in.half, in.from->config.node});
}

}  // namespace forces::signaling::engine
