#include "ce/multicast/scsp/core/core.hpp"

#include <algorithm>
#include <utility>

#include "ce/multicast/scsp/guard.hpp"

namespace forces::multicast::sync {

using scsp::Fault;
using scsp::MsgType;

namespace {

// Values with which nothing spins, and something can be said.
Config sane(Config c) {
  c.times.hello = std::clamp(c.times.hello, std::chrono::seconds(1), std::chrono::seconds(65'535));
  c.times.dead_factor = std::max<std::uint16_t>(c.times.dead_factor, 1);
  for (Duration* const t : {&c.times.ca, &c.times.csus, &c.times.csu}) {
    *t = std::max<Duration>(*t, std::chrono::milliseconds(10));
  }
  c.limits.packet_octets =
      std::clamp(c.limits.packet_octets, std::size_t{100}, wire::kMaxSnapPayload);
  c.limits.window = std::max<std::size_t>(c.limits.window, 1);
  c.limits.csu_sends = std::clamp(c.limits.csu_sends, 1U, 200U);
  c.hop_count = std::max<std::uint16_t>(c.hop_count, 1);
  c.restart_constant = std::max<std::uint16_t>(c.restart_constant, 1);
  return c;
}

}  // namespace

Engine::Core::Core(Config config, Instant now)
    : config_(sane(std::move(config))),
      id_octets_(scsp::id_octets(config_.id.value)),
      now_(now),
      floor_(config_.used),
      greatest_(config_.used) {
  for (NeighborConfig& n : config_.neighbors) add_neighbor(std::move(n));
  config_.neighbors.clear();
  if (neighbors_.empty()) {
    synchronize(true);
  } else {
    alone_due_ = now + config_.times.alone;
  }
}

void Engine::Core::add_neighbor(NeighborConfig neighbor) {
  const ServerId id = neighbor.id;
  if (id == config_.id) return;
  neighbors_.try_emplace(id, Neighbor{.config = std::move(neighbor),
                                      .id_octets = scsp::id_octets(id.value),
                                      .hello = HelloFsm(config_.times.hello),
                                      .proposed = config_.ca_sequence - 1});
}

void Engine::Core::set_neighbor(NeighborConfig neighbor, Instant now) {
  now_ = now;
  const auto found = neighbors_.find(neighbor.id);
  if (found == neighbors_.end()) return add_neighbor(std::move(neighbor));
  found->second.config = std::move(neighbor);
}

void Engine::Core::remove_neighbor(ServerId id, Instant now) {
  on_link(id, false, now);
  neighbors_.erase(id);
}

void Engine::Core::on_link(ServerId id, bool up, Instant now) {
  now_ = now;
  const auto found = neighbors_.find(id);
  if (found == neighbors_.end()) return;
  Neighbor& n = found->second;
  const HelloState before = n.hello.state();
  n.hello.on_link_down();
  hello_moved(n, before);
  if (!up) return;
  n.hello.on_link_up(now);
  hello_moved(n, HelloState::Down);
  if (n.hello.take_due(now_)) send_hello(n);
}

// RFC 2443 section 4: IDs and keys of four octets. Another server at the end of this VC, or one
// that has another ID now, is no neighbour of ours.
Result<void> Engine::Core::check(const Neighbor& n, const scsp::Packet& packet) const {
  const scsp::Addressee self{config_.protocol, config_.server_group, id_octets_};
  if (const auto ours = scsp::check_addressee(packet, self); !ours) return ours;
  if (!scsp::same_id(packet.sender, n.id_octets)) {
    return fail(Errc::BadValue, "scsp.sender_id", scsp::kFixedPart + scsp::kCommonPart);
  }
  if (const auto real = verify(packet, n.config.security, config_.hmac, now_); !real) return real;
  for (const scsp::RecordView r : packet.records) {
    if (r.key.size() == 4 && r.originator.size() == 4) continue;
    return fail(Errc::BadLength, "scsp.record.key_length", r.offset + 4);
  }
  return {};
}

// An abnormal event, or nothing at all, as the error has it.
void Engine::Core::refuse(Neighbor& n, const Error& error) {
  if (scsp::fault_of(error) == Fault::DiscardPacket) {
    ++n.counters.packets_discarded;
    return;
  }
  ++n.counters.abnormal[std::to_underlying(error.code) % n.counters.abnormal.size()];
  if (error.field == kFieldAuthentication) ++n.counters.authentication_failures;
  out_.push(Abnormal{n.config.id, error});
  const HelloState before = n.hello.state();
  n.hello.on_abnormal();
  hello_moved(n, before);
}

void Engine::Core::on_packet(ServerId from, Bytes octets, Instant now) {
  now_ = now;
  const auto found = neighbors_.find(from);
  if (found == neighbors_.end()) return;
  Neighbor& n = found->second;
  ++n.counters.packets_received;
  if (n.hello.state() == HelloState::Down) {
    ++n.counters.packets_ignored;
    return;
  }
  const auto packet = scsp::decode_packet(octets);
  if (!packet) return refuse(n, packet.error());
  if (const auto good = check(n, *packet); !good) return refuse(n, good.error());
  if (packet->type == MsgType::Hello) {
    const HelloState before = n.hello.state();
    n.hello.on_hello(packet->hello, scsp::hears(*packet, id_octets_), now_);
    if (n.hello.take_due(now_)) send_hello(n);  // in front of a CA: it may be the first to list it
    return hello_moved(n, before);
  }
  // Below Bidirectional the CAFSM is Down, and ignores them (section 2.1).
  switch (packet->type) {
    case MsgType::CacheAlignment:
      return on_alignment(n, *packet);
    case MsgType::CsuRequest:
      return on_request(n, *packet);
    case MsgType::CsuReply:
      return on_reply(n, *packet);
    case MsgType::CsuSolicit:
      return on_solicit(n, *packet);
    default:
      return;
  }
}

void Engine::Core::hello_moved(Neighbor& n, HelloState before) {
  const HelloState state = n.hello.state();
  if (state == before) return;
  out_.push(HelloChanged{n.config.id, state});
  if (state == HelloState::Bidirectional) return renegotiate(n);
  if (before == HelloState::Bidirectional) enter(n, AlignmentState::Down);
}

void Engine::Core::enter(Neighbor& n, AlignmentState state) {
  n.state = state;
  out_.push(AlignmentChanged{n.config.id, state});
  switch (state) {
    case AlignmentState::Down:
    case AlignmentState::Negotiation:
      n.ca_due.reset();
      n.csus_due.reset();
      n.last_ca = {};
      n.wanted.clear();
      clear_queue(n);
      if (state == AlignmentState::Negotiation) negotiate(n);
      return;
    case AlignmentState::CacheSummarize:
      n.cursor = 0;
      n.summarizing = false;
      return;
    case AlignmentState::UpdateCache:
      n.ca_due.reset();
      if (n.master) {
        n.last_ca = {};
      } else {
        n.ca_due = now_ + config_.times.ca;
      }
      return solicit(n);
    case AlignmentState::Aligned:
      ++n.counters.alignments;
      if (!synchronized_) synchronize(false);
      return;
  }
}

void Engine::Core::on_time(Instant now) {
  now_ = now;
  for (auto& [id, n] : neighbors_) {
    const HelloState before = n.hello.state();
    n.hello.on_time(now);
    hello_moved(n, before);
    if (n.hello.take_due(now)) send_hello(n);
    if (n.ca_due && now >= *n.ca_due) on_alignment_timer(n);
    if (n.csus_due && now >= *n.csus_due) {
      n.csus_due.reset();
      n.wanted.give_up();
      solicit(n);
    }
    on_update_timer(n);
  }
  if (alone_due_ && now >= *alone_due_ && !synchronized_) synchronize(true);
  end_purges();
}

std::optional<Output> Engine::Core::poll_output() {
  if (auto next = out_.poll()) return next;
  // One packet of each in turn.
  auto at = neighbors_.upper_bound(turn_);
  for (std::size_t i = 0; i < neighbors_.size(); ++i, ++at) {
    if (at == neighbors_.end()) at = neighbors_.begin();
    auto packet = compose_request(at->second);
    if (!packet) continue;
    turn_ = at->first;
    return Send{at->first, std::move(*packet)};
  }
  return out_.poll();  // composing may have ended a purge
}

std::optional<Instant> Engine::Core::next_deadline() const {
  std::optional<Instant> next;
  const auto consider = [&next](const std::optional<Instant>& due) {
    if (due && (!next || *due < *next)) next = due;
  };
  for (const auto& [id, n] : neighbors_) {
    consider(n.hello.next_deadline());
    consider(n.ca_due);
    consider(n.csus_due);
    consider(n.queue.next_due());
  }
  if (!synchronized_) consider(alone_due_);
  if (!purges_.empty()) consider(purges_.front().first);
  return next;
}

scsp::Head Engine::Core::head(const Neighbor& n, MsgType type) const {
  return {.type = type,
          .protocol = config_.protocol,
          .server_group = config_.server_group,
          .sender = id_octets_,
          .receiver = n.id_octets};
}

scsp::WriterOptions Engine::Core::options(const Neighbor& n, std::size_t limit) const {
  scsp::WriterOptions o{.limit = limit};
  if (const Key* key = signing_key(n.config.security, now_)) o.spi = key->spi;
  return o;
}

scsp::PacketWriter Engine::Core::writer(const Neighbor& n, MsgType type) const {
  return scsp::PacketWriter(head(n, type), options(n, config_.limits.packet_octets));
}

Octets Engine::Core::finish(Neighbor& n, scsp::PacketWriter writer) {
  const Key* const key = signing_key(n.config.security, now_);
  auto octets = std::move(writer).finish();
  const bool dropped = key == nullptr && !n.config.security.send.empty();
  if (!octets || dropped || (key != nullptr && !sign(*octets, *key, config_.hmac))) {
    ++n.counters.unsigned_packets;
    return {};
  }
  return std::move(*octets);
}

void Engine::Core::send(Neighbor& n, Octets packet) {
  if (packet.empty()) return;
  ++n.counters.packets_sent;
  out_.push(Send{n.config.id, std::move(packet)});
}

void Engine::Core::send_hello(Neighbor& n) {
  scsp::Head h = head(n, MsgType::Hello);
  if (!n.hello.heard()) h.receiver = {};
  h.hello.interval = static_cast<std::uint16_t>(config_.times.hello.count());
  h.hello.dead_factor = config_.times.dead_factor;
  send(n, finish(n, scsp::PacketWriter(h, options(n, config_.limits.packet_octets))));
}

Snapshot Engine::Core::snapshot() const {
  Snapshot s{.id = config_.id,
             .synchronized = synchronized_,
             .record_octets = cache_.record_octets(),
             .overhead_octets = cache_.overhead_octets(),
             .reclaimed = reclaimed_};
  for (std::uint32_t slot = 0; slot < cache_.slots(); ++slot) {
    const Entry& e = cache_.at(slot);
    s.entries += e.live() ? 1 : 0;
    s.own += e.live() && e.owned ? 1 : 0;
  }
  for (const auto& [id, n] : neighbors_) {
    s.neighbors.push_back({.id = id,
                           .hello = n.hello.state(),
                           .alignment = n.state,
                           .master = n.master,
                           .unsent = n.queue.unsent(),
                           .unacknowledged = n.queue.unacknowledged(),
                           .wanted = n.wanted.size(),
                           .counters = n.counters});
  }
  return s;
}

}  // namespace forces::multicast::sync
