#include "ce/signaling/rsvp/link/outbox.hpp"

#include <algorithm>

#include "proto/rsvp/integrity.hpp"

namespace forces::signaling::engine {
namespace {

using rsvp::MessageType;
using rsvp::Octets;

constexpr std::uint8_t kTtl = 255;
constexpr std::size_t kAckSize = 12;

// RFC 2961 section 4.1: standard messages, of neighbours that know each other.
bool may_carry_acks(MessageType type) {
  switch (type) {
    case MessageType::Path:
    case MessageType::Resv:
    case MessageType::PathErr:
    case MessageType::ResvErr:
    case MessageType::PathTear:
    case MessageType::ResvTear:
    case MessageType::Srefresh:
    case MessageType::Notify:
    case MessageType::RecoveryPath:
      return true;
    default:
      return false;
  }
}

}  // namespace

Octets compose(const Letter& letter, std::span<const rsvp::MessageIdAck> acks, std::uint8_t ttl,
               const Writing& writing) {
  const Guard& guard = writing.guard;
  const Key* key = nullptr;
  if (letter.type != MessageType::IntegrityChallenge) {  // RFC 2747 section 4.3
    key = letter.key != 0 ? guard.find(letter.key) : guard.signing(writing.now);
  }
  rsvp::MessageWriter w(letter.type, writing.flags, ttl);
  if (key != nullptr) w.object(Guard::blank(*key, ++writing.sequence));
  for (const rsvp::MessageIdAck& ack : acks) w.object(ack);
  if (letter.id) w.object(*letter.id);
  w.message(letter.body);
  auto octets = std::move(w).finish(key == nullptr);
  if (!octets || (key != nullptr && !guard.seal(*octets, *key))) return {};
  ++writing.counters.messages_sent;
  for (const rsvp::MessageIdAck& ack : acks) {
    ++(ack.nack ? writing.counters.nacks_sent : writing.counters.acks_sent);
  }
  return std::move(*octets);
}

std::vector<Octets> Outbox::take(const Writing& writing) {
  std::vector<Octets> packets;
  std::vector<Octets> gathered;  // for the next Bundle
  std::size_t size = rsvp::kHeaderSize;
  std::span<const rsvp::MessageIdAck> acks(acks_);
  const auto close = [&] {
    if (gathered.size() == 1) packets.push_back(std::move(gathered.front()));
    if (gathered.size() > 1) {
      rsvp::MessageWriter w(MessageType::Bundle, writing.flags, kTtl);
      for (const Octets& message : gathered) w.message(message);
      if (auto bundle = std::move(w).finish()) packets.push_back(std::move(*bundle));
      ++writing.counters.bundles_sent;
    }
    gathered.clear();
    size = rsvp::kHeaderSize;
  };
  const auto add = [&](Octets message) {
    if (message.empty()) return;
    const bool fits = size + message.size() <= writing.limit && gathered.size() < rsvp::kMaxBundled;
    if (!gathered.empty() && !(writing.bundle && fits)) close();
    size += message.size();
    gathered.push_back(std::move(message));
  };
  const auto some_acks = [&](std::size_t taken) {
    const std::size_t room = writing.limit > taken ? (writing.limit - taken) / kAckSize : 0;
    const auto some = acks.first(std::min({acks.size(), room, rsvp::kMaxObjects / 2}));
    acks = acks.subspan(some.size());
    return some;
  };
  // An INTEGRITY object and the headers of a message in a Bundle.
  constexpr std::size_t kBeside = 100;
  for (const Letter& letter : letters_) {
    const auto carried =
        may_carry_acks(letter.type) ? some_acks(letter.body.size() + kBeside) : acks.first(0);
    add(compose(letter, carried, kTtl, writing));
  }
  while (!acks.empty()) {
    auto some = some_acks(kBeside);
    if (some.empty()) {  // a limit that is too small for anything
      some = acks.first(1);
      acks = acks.subspan(1);
    }
    add(compose({.type = MessageType::Ack}, some, kTtl, writing));
  }
  close();
  clear();
  return packets;
}

}  // namespace forces::signaling::engine
