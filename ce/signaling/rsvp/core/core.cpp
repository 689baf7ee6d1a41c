#include "ce/signaling/rsvp/core/core.hpp"

#include <algorithm>

#include "ce/signaling/rsvp/core/parts.hpp"

namespace forces::signaling::engine {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(1);  // no timer is set to nothing
constexpr Duration kLongest = std::chrono::hours(24 * 365);

Times sane(Times times) {
  for (Duration* const d :
       {&times.refresh, &times.hello, &times.rapid, &times.ack_delay, &times.resync}) {
    *d = std::clamp(*d, kTick, kLongest);
  }
  times.keep = std::clamp(times.keep, 1U, 1'000U);
  times.delta = std::min(times.delta, 100U);
  times.rapid_limit = std::clamp(times.rapid_limit, 1U, 20U);
  return times;
}

}  // namespace

Engine::Core::Core(const Config& config, Instant now)
    : config_(config),
      now_(now),
      dice_(config.seed),
      epoch_(static_cast<std::uint32_t>(dice_.roll() >> 40)),
      sequence_(config.sequence_base),
      gate_until_(now) {
  config_.times = sane(config.times);
  if (config.restart.recovering) {
    gate_until_ = now + std::min(config.restart.recovery, kLongest);
  }
  for (const NeighborConfig& neighbor : config.neighbors) set_neighbor(neighbor);
}

// --- neighbours ---

Neighbor& Engine::Core::add(const NeighborConfig& config, bool learned) {
  const HelloFsm hello(dice_.roll_not_zero(), config_.times.hello, now_);
  auto owned = std::make_unique<Neighbor>(timers_, config_.hmac, dice_.roll(), hello);
  Neighbor& n = *owned;
  n.learned = learned;
  n.used = now_;
  nodes_[config.node] = std::move(owned);
  if (learned) ++learned_;
  n.ours = config_.restart.recovering && now_ < gate_until_ && config.adjacent && config.hello;
  configure(n, config);
  return n;
}

void Engine::Core::configure(Neighbor& n, const NeighborConfig& config) {
  std::erase_if(addresses_, [&n](const auto& entry) { return entry.second == &n; });
  n.config = config;
  if (n.config.control == 0) n.config.control = config.node.value;
  n.channel = 0;
  addresses_.insert_or_assign(config.node.value, &n);
  addresses_.try_emplace(n.config.control, &n);
  for (const Ipv4 address : config.addresses) addresses_.try_emplace(address, &n);
  const bool ask = !n.learned && config.adjacent;
  n.guard.configure(config.security, ask, now_);
  arm_challenges(n);
  if (config.adjacent && config.hello) {
    n.hello_timer.set(std::max(now_, n.hello.next()));
  } else {
    n.hello_timer.cancel();
  }
}

void Engine::Core::set_neighbor(const NeighborConfig& neighbor) {
  Neighbor* const there = node(neighbor.node);
  if (there == nullptr) {
    add(neighbor, false);
    return;
  }
  if (there->learned) --learned_;
  there->learned = false;
  if (there->config.adjacent && !neighbor.adjacent) forget(*there);
  configure(*there, neighbor);
  rearm_refreshes(*there);
}

void Engine::Core::remove_neighbor(NodeId id) {
  Neighbor* const n = node(id);
  if (n == nullptr) return;
  forget(*n);
  if (n->learned) --learned_;
  std::erase(dirty_, n);
  std::erase_if(addresses_, [n](const auto& entry) { return entry.second == n; });
  nodes_.erase(id);
}

void Engine::Core::set_learned_security(const Security& security) {
  config_.learned_security = security;
  for (const auto& [id, n] : nodes_) {
    if (!n->learned) continue;
    NeighborConfig config = n->config;
    config.security = security;
    configure(*n, config);
  }
}

// All that is shared with it.
void Engine::Core::forget(Neighbor& n) {
  while (!n.ins.empty()) {
    In& in = *n.ins.back();
    Lsp& lsp = in.lsp;
    if (in.half == Half::Upstream) {
      out_.push(PathGone{lsp.key, n.config.node, Gone::NeighborRemoved, nullptr});
      erase_upstream(lsp);
    } else {
      out_.push(ResvGone{lsp.key, n.config.node, Gone::NeighborRemoved, nullptr});
      erase_downstream(lsp);
    }
  }
  while (!n.outs.empty()) {  // Paths without a Resv
    Lsp& lsp = *n.outs.back()->lsps.front();
    out_.push(ResvGone{lsp.key, n.config.node, Gone::NeighborRemoved, nullptr});
    erase_downstream(lsp);
  }
  std::vector<std::uint32_t> waiting;
  for (const auto& [id, p] : pending_) {
    if (p->to == &n) waiting.push_back(id);
  }
  std::ranges::sort(waiting);
  for (const std::uint32_t id : waiting) {
    Pending& p = *pending_.at(id);
    if (p.what == Sent::Notify) out_.push(NotifyFailed{p.ticket, n.config.node});
    tell_delivered(p);
    forget(p);
  }
  n.jobs.clear();
  n.outbox.clear();
  for (Timer* const timer : {&n.work_timer, &n.srefresh_timer, &n.theirs_timer, &n.ours_timer}) {
    timer->cancel();
  }
  n.theirs = n.ours = false;
}

Neighbor* Engine::Core::node(NodeId id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : found->second.get();
}

const Neighbor* Engine::Core::find(NodeId id) const { return node(id); }

Neighbor* Engine::Core::adjacent(NodeId id) const {
  Neighbor* const n = node(id);
  return n != nullptr && n->config.adjacent ? n : nullptr;
}

Neighbor* Engine::Core::at_address(Ipv4 address) const {
  const auto found = addresses_.find(address);
  return found == addresses_.end() ? nullptr : found->second;
}

// Of those that are known for Notify only, the one that was silent longest makes room.
Neighbor* Engine::Core::learn(Ipv4 address) {
  if (!config_.learn || address == 0 || is_ours(address)) return nullptr;
  if (learned_ >= config_.limits.learned_neighbors) {
    Neighbor* oldest = nullptr;
    for (const auto& [id, n] : nodes_) {
      const bool idle = n->learned && n->pending == 0 && !n->dirty;
      if (idle && (oldest == nullptr || n->used < oldest->used)) oldest = n.get();
    }
    if (oldest == nullptr) return nullptr;
    remove_neighbor(oldest->config.node);
  }
  return &add({.node = {address},
               .adjacent = false,
               .hello = false,
               .restart_cap = false,
               .security = config_.learned_security},
              true);
}

bool Engine::Core::is_ours(Ipv4 address) const {
  return address == config_.node.value ||
         std::ranges::find(config_.addresses, address) != config_.addresses.end();
}

// --- channels ---

ChannelId Engine::Core::channel_of(const Neighbor& n) const {
  return n.config.channels.empty() ? 0 : n.config.channels[n.channel];
}

// What it uses reaches us, so we use it too where ours is silent.
void Engine::Core::heard_on(Neighbor& n, ChannelId channel) {
  const auto at = std::ranges::find(n.config.channels, channel);
  if (at == n.config.channels.end()) return;
  const auto index = static_cast<std::size_t>(at - n.config.channels.begin());
  if (index != n.channel && !n.hello.long_ago(n.on_channel, now_)) return;
  n.channel = index;
  n.on_channel = now_;
}

// Another one that is not down, if there is one.
void Engine::Core::next_channel(Neighbor& n) {
  const std::size_t count = n.config.channels.size();
  for (std::size_t i = 1; i < count; ++i) {
    const std::size_t at = (n.channel + i) % count;
    if (channels_.contains(n.config.channels[at])) continue;
    n.channel = at;
    return;
  }
}

void Engine::Core::on_channel(ChannelId channel, bool up) {
  if (up) {
    channels_.erase(channel);
  } else if (channel != 0) {
    channels_[channel] = true;
  }
  for (const auto& [id, n] : nodes_) {
    if (channels_.contains(channel_of(*n))) next_channel(*n);
  }
}

// --- timers ---

void Engine::Core::on_time() {
  while (Timer* const timer = timers_.take_due(now_)) fire(*timer);
}

void Engine::Core::fire(Timer& timer) {
  switch (static_cast<TimerKind>(timer.kind())) {
    case TimerKind::Hello:
      return on_hello_timer(timer.owner<Neighbor>());
    case TimerKind::Challenge:
      return on_challenge_timer(timer.owner<Neighbor>());
    case TimerKind::Acks:
      return flush(timer.owner<Neighbor>());
    case TimerKind::Srefresh:
      return refresh_all(timer.owner<Neighbor>());
    case TimerKind::Work:
      return on_work(timer.owner<Neighbor>());
    case TimerKind::RestartTime: {
      Neighbor& n = timer.owner<Neighbor>();
      out_.push(NeighborChanged{n.config.node, NeighborEvent::RestartTimeOver});
      return;
    }
    case TimerKind::Theirs:
      return end_theirs(timer.owner<Neighbor>());
    case TimerKind::Ours:
      return end_ours(timer.owner<Neighbor>());
    case TimerKind::Lifetime:
      return on_lifetime(timer.owner<In>());
    case TimerKind::Refresh:
      return refresh(timer.owner<Out>());
    case TimerKind::Retry:
      return retry(timer.owner<Pending>());
  }
}

void Engine::Core::on_hello_timer(Neighbor& n) {
  const HelloVerdict verdict = n.hello.on_time(now_);
  if (n.hello.take_turn(now_)) {
    // Before it is lost, and then again and again.
    const bool quiet = n.hello.state() == NeighborState::Up &&
                       n.hello.long_ago(std::max(n.hello.heard(), n.on_channel), now_);
    if (n.lost() || quiet) next_channel(n);
    send_hello(n, n.hello.request());
  }
  n.hello_timer.set(n.hello.next());
  react(n, verdict);
}

// RFC 3473 section 9.2 and RFC 5063 section 4.4: in all Hellos, REQUEST or ACK.
void Engine::Core::send_hello(Neighbor& n, const rsvp::Hello& hello) {
  std::vector<rsvp::Object> objects;
  objects.reserve(3);
  objects.emplace_back(hello);
  if (n.config.restart_cap) {
    const auto ms = [](Duration d) {
      return d >= kLongest ? rsvp::RestartCap::kUnlimited
                           : static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                 whole_milliseconds(d), rsvp::RestartCap::kUnlimited - 1));
    };
    const Restart& restart = config_.restart;
    const std::uint32_t recovery = restart.preserved ? ms(restart.recovery) : 0;
    objects.emplace_back(rsvp::RestartCap{ms(restart.restart), recovery});
    using namespace rsvp::capability;
    std::uint32_t bits = kRecoveryPathTransmit;
    if (recovery != 0) {
      bits |= kRecoveryPathDesired;
      if (n.config.refresh_reduction != RefreshReduction::Never) bits |= kRecoveryPathSrefresh;
    }
    objects.emplace_back(rsvp::Capability{bits});
  }
  ++n.counters.hellos_sent;
  // RFC 4558 section 3: from node ID to node ID.
  send_alone(n, {.type = rsvp::MessageType::Hello, .body = encode_objects(objects)},
             n.config.node.value, n.config.hello_ttl);
}

void Engine::Core::on_challenge_timer(Neighbor& n) {
  for (const rsvp::Challenge& challenge : n.guard.take_challenges(now_)) {
    ++n.counters.challenges_sent;
    send_alone(n, {.type = rsvp::MessageType::IntegrityChallenge, .body = encode_one(challenge)},
               n.config.control, 255);
  }
  arm_challenges(n);
}

void Engine::Core::arm_challenges(Neighbor& n) {
  if (const auto next = n.guard.next_challenge()) {
    n.challenge_timer.set(*next);
  } else {
    n.challenge_timer.cancel();
  }
}

// --- packets ---

Writing Engine::Core::writing(Neighbor& n) {
  if (n.guard.expired(now_)) {
    const std::uint64_t key = n.guard.signing(now_)->id;
    if (key != n.expired_key) out_.push(KeysExpired{n.config.node, key});
    n.expired_key = key;
  } else {
    n.expired_key = 0;
  }
  const RefreshReduction how = n.config.refresh_reduction;
  const bool knows = how == RefreshReduction::Always || (n.heard && n.refresh_reduction());
  return {
      .guard = n.guard,
      .sequence = sequence_,
      .counters = n.counters,
      .now = now_,
      .flags = how == RefreshReduction::Never ? std::uint8_t{0} : rsvp::kRefreshReductionCapable,
      // RFC 2961 section 3.3: MUST NOT be used otherwise. Who is no neighbor may be another process
      // since, and knows nobody by whom a Bundle could come.
      .bundle = knows && n.config.adjacent,
      .limit = config_.limits.packet_octets};
}

void Engine::Core::queue(Neighbor& n, Letter letter) {
  n.outbox.push(std::move(letter));
  if (n.dirty) return;
  n.dirty = true;
  dirty_.push_back(&n);
}

void Engine::Core::send_alone(Neighbor& n, const Letter& letter, Ipv4 destination,
                              std::uint8_t ttl) {
  auto octets = compose(letter, {}, ttl, writing(n));
  if (!octets.empty()) send_packet(n, std::move(octets), destination, ttl);
}

void Engine::Core::send_packet(Neighbor& n, rsvp::Octets octets, Ipv4 destination,
                               std::uint8_t ttl) {
  ++n.counters.packets_sent;
  out_.push(Send{channel_of(n), config_.node.value, destination, ttl, std::move(octets)});
}

void Engine::Core::flush(Neighbor& n) {
  n.dirty = false;
  n.ack_timer.cancel();
  for (rsvp::Octets& octets : n.outbox.take(writing(n))) {
    send_packet(n, std::move(octets), n.config.control, 255);
  }
}

std::optional<Output> Engine::Core::poll() {
  auto output = out_.poll();
  if (output || dirty_.empty()) return output;
  for (Neighbor* const n : dirty_) {
    if (n->dirty) flush(*n);
  }
  dirty_.clear();
  return out_.poll();
}

void Engine::Core::set_restart(const Restart& restart) {
  const bool recovering = config_.restart.recovering;
  config_.restart = restart;
  config_.restart.recovering = recovering;
}

const Lsp* Engine::Core::find(const LspKey& key) const {
  const auto found = lsps_.find(key);
  return found == lsps_.end() ? nullptr : &found->second;
}

Snapshot Engine::Core::snapshot() const {
  Snapshot s{.node = config_.node, .epoch = epoch_, .lsps = lsps_.size(), .strangers = strangers_};
  for (const auto& [id, n] : nodes_) {
    const auto sent = static_cast<std::size_t>(
        std::ranges::count(n->outs, Half::Downstream, [](const Out* out) { return out->half; }));
    const Key* const key = n->guard.signing(now_);
    s.neighbors.push_back({.node = id,
                           .adjacent = n->config.adjacent,
                           .learned = n->learned,
                           .state = n->hello.state(),
                           .since = n->hello.since(),
                           .refresh_reduction = n->refresh_reduction(),
                           .channel = channel_of(*n),
                           .our_instance = n->hello.ours(),
                           .their_instance = n->hello.theirs(),
                           .restart_cap = n->restart.has_value(),
                           .restart_ms = n->restart ? n->restart->restart_ms : 0,
                           .recovery_ms = n->restart ? n->restart->recovery_ms : 0,
                           .capability = n->capability,
                           .recovering_them = n->theirs,
                           .recovering_us = n->ours,
                           .paths_received = n->paths_in,
                           .resvs_received = n->resvs_in,
                           .paths_sent = sent,
                           .resvs_sent = n->outs.size() - sent,
                           .unacknowledged = n->pending,
                           .unsynchronized = n->unsynchronized,
                           .key = key == nullptr ? 0 : key->id,
                           .counters = n->counters});
  }
  return s;
}

}  // namespace forces::signaling::engine
