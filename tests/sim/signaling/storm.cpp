#include "tests/sim/signaling/storm.hpp"

#include <algorithm>
#include <array>

namespace forces::signaling::test {

using ason::ConnectionState;
using Rooms = TransportNode::Rooms;

namespace {

// In every second life each change is a batch of its own, so that a crash keeps a part of what one
// event changed.
NetworkPlan plan_of(std::uint64_t seed, const StormSize& size) {
  NetworkPlan plan = random_plan(seed, size.nodes, size.realisation);
  if (seed % 2 == 0) plan.base.most_changes = 1;
  return plan;
}

}  // namespace

NetworkStorm::NetworkStorm(std::uint64_t seed, StormSize size)
    : network_(plan_of(seed, size), seed), size_(size) {
  for (auto& channel : network_.channels) {
    channel.loss = 1;
    channel.repeat = 1;
    channel.jitter = 2ms;
  }
  for (const auto& [number, member] : network_.members) member->disk = 3ms;
  network_.start();
  network_.run(30s);  // Hellos are 5 s apart
}

std::uint32_t NetworkStorm::any_node() {
  return network_.plan.nodes[pick(network_.plan.nodes.size())].number;
}

Duration NetworkStorm::pick(Duration from, Duration to) {
  return from + Duration(static_cast<Duration::rep>(
                    pick(static_cast<std::uint64_t>((to - from).count()))));
}

template <class Book>
typename Book::iterator NetworkStorm::any(Book& book) {
  auto at = book.begin();
  if (!book.empty()) std::advance(at, static_cast<std::ptrdiff_t>(pick(book.size())));
  return at;
}

void NetworkStorm::after(Duration wait, std::function<void()> what) {
  network_.world.after(wait, [this, what = std::move(what)] {
    if (!peace_) what();
  });
}

// --- owners ---

void NetworkStorm::call() {
  const std::uint32_t from = any_node(), to = any_node();
  if (from == to || !network_.at(from).running() || calls_.size() >= size_.nodes) return end_call();
  std::string name("call");
  name.append(std::to_string(++names_));
  const auto handle = network_.at(from).operate([&](Rooms& rooms) {
    return rooms.calls.create({.name = name, .end_point = rsvp::Address::v4(node_id(to).value)},
                              network_.world.now());
  });
  if (!handle) return;
  ++told_.calls;
  calls_[name] = {.from = from, .to = to, .handle = *handle};
}

void NetworkStorm::connect() {
  if (connections_.size() >= 2 * size_.nodes) return release();
  Wish wish{.from = any_node(), .to = any_node(), .both_ways = pick(8) != 0};
  ason::CallReference reference;
  if (const auto of = any(calls_); of != calls_.end() && pick(2) == 0) {
    const auto& [name, its] = *of;
    if (!its.established || its.ending || !network_.at(its.from).running()) return;
    wish.from = its.from;
    wish.to = its.to;
    wish.call = name;
    const auto* const known =
        network_.at(its.from).operate([&](Rooms& rooms) { return rooms.calls.show(name); });
    if (known == nullptr) return;  // look() says so
    reference = {.id = known->id.number, .name = name};
  }
  if (wish.from == wish.to || !network_.at(wish.from).running()) return;
  ason::ConnectionRequest request{.name = std::string("c").append(std::to_string(++names_))};
  request.ingress.end = {node_id(wish.from), 1};
  request.egress = node_id(wish.to);
  request.egress_end.end = {node_id(wish.to), 1};
  request.call = reference;
  request.bidirectional = wish.both_ways;
  request.label_request = {
      .encoding = rsvp::LabelRequest::kSdh, .switching = rsvp::LabelRequest::kTdm, .g_pid = 34};
  request.tspec.traffic = rsvp::SonetSdh{
      .signal_type = network_.plan.adaptations.empty() ? std::uint8_t{6} : std::uint8_t{2},
      .multiplier = 1};
  constexpr std::array kScopes{ason::CrankbackScope::None, ason::CrankbackScope::EndToEnd,
                               ason::CrankbackScope::Boundary, ason::CrankbackScope::Segment};
  request.crankback = kScopes[pick(kScopes.size())];
  request.recovery = pick(2) == 0 ? ason::Recovery::None : ason::Recovery::Reroute;
  const auto made = network_.at(wish.from).operate(
      [&](Rooms& rooms) { return rooms.connections.create(request, network_.world.now()); });
  if (!made) return;
  ++told_.connections;
  connections_[request.name] = std::move(wish);
}

void NetworkStorm::release() {
  const auto at = any(connections_);
  if (at == connections_.end() || !network_.at(at->second.from).running()) return;
  at->second.ending = true;
  ++told_.released;
  network_.at(at->second.from).operate([&](Rooms& rooms) {
    return rooms.connections.release(at->first, network_.world.now());
  });
}

// Either end may; a call that has connections stays.
void NetworkStorm::end_call() {
  const auto at = any(calls_);
  if (at == calls_.end()) return;
  const auto& [name, its] = *at;
  const bool used =
      std::ranges::any_of(connections_, [&](const auto& one) { return one.second.call == name; });
  Member& member = network_.at(pick(2) == 0 ? its.from : its.to);
  if (used || !member.running()) return;
  member.operate([&](Rooms& rooms) {
    const auto* const known = rooms.calls.show(name);
    if (known == nullptr) return;
    if (!rooms.calls.remove(known->handle, network_.world.now())) at->second.ending = true;
  });
}

void NetworkStorm::change() {
  if (const auto at = any(calls_); at != calls_.end() && pick(3) == 0) {
    Member& member = network_.at(at->second.from);
    if (!member.running()) return;
    member.operate([&](Rooms& rooms) {
      const auto level = static_cast<std::uint8_t>(pick(4));
      (void)rooms.calls.modify(at->second.handle, {.service_level = level}, network_.world.now());
    });
    return;
  }
  const auto at = any(connections_);
  if (at == connections_.end() || !network_.at(at->second.from).running()) return;
  ++told_.changes;
  const auto what = pick(5);
  network_.at(at->second.from).operate([&](Rooms& rooms) {
    const Instant now = network_.world.now();
    ason::Controller& its = rooms.connections;
    if (what == 0) (void)its.reroute(at->first, {}, now);
    if (what == 1) (void)its.revert(at->first, now);
    if (what == 2) (void)its.retry(at->first, now);
    if (what == 3) (void)its.freeze(at->first, pick(2) == 0, now);
    if (what == 4) (void)its.make_permanent(at->first, now);
  });
}

// --- what goes wrong ---

void NetworkStorm::kill() {
  const std::uint32_t number = any_node();
  Member& member = network_.at(number);
  if (!member.running()) return;
  ++told_.kills;
  member.kill(pick(3));
  // Mostly back within the Restart Time (60 s), sometimes much later.
  const auto luck = pick(10);
  const Duration down = luck < 5   ? pick(Duration(1s), 60s)
                        : luck < 9 ? pick(Duration(1min), 5min)
                                   : pick(Duration(5min), 20min);
  after(down, [&member] {
    if (!member.running()) member.boot();
  });
}

void NetworkStorm::cut() {
  const std::size_t fibre = any_fibre();
  const auto what = pick(3);  // the light, the control channel, or both
  ++told_.cuts;
  network_.cut(fibre, what == 1, what == 0);
  after(pick(Duration(1s), 5min), [this, fibre] { network_.cut(fibre, true, true); });
}

void NetworkStorm::lose_fe() {
  const std::uint32_t number = any_node();
  Member& member = network_.at(number);
  const auto fes = network_.plan.fes(number);
  const std::uint32_t fe = fes[pick(fes.size())];
  if (!member.fe_up(fe)) return;
  ++told_.fe_losses;
  member.lose_fe(fe);
  const bool anew = pick(8) == 0;  // without its rows
  after(pick(Duration(1s), 3min), [&member, fe, anew] { member.find_fe(fe, anew); });
}

void NetworkStorm::trouble() {
  Member& member = network_.at(any_node());
  ++told_.troubles;
  switch (pick(3)) {
    case 0:
      member.refuse = 300;
      break;
    case 1:
      member.silent = 100;
      break;
    default:
      member.disk_writes = false;
  }
  after(pick(Duration(1s), 1min), [&member] {
    member.refuse = member.silent = 0;
    member.disk_writes = true;
    member.pump();
  });
}

void NetworkStorm::weather() {
  const std::size_t fibre = any_fibre();
  Transport::Channel& channel = network_.channels[fibre];
  ++told_.troubles;
  channel.loss = static_cast<std::uint32_t>(50 + pick(250));
  channel.repeat = static_cast<std::uint32_t>(pick(200));
  channel.jitter = pick(Duration(1ms), 300ms);
  after(pick(Duration(10s), 5min), [&channel] {
    channel.loss = channel.repeat = 1;
    channel.jitter = 2ms;
  });
}

void NetworkStorm::step() {
  const auto luck = pick(100);
  if (luck < 14) return call();
  if (luck < 40) return connect();
  if (luck < 50) return release();
  if (luck < 55) return end_call();
  if (luck < 67) return change();
  if (luck < 74) return kill();
  if (luck < 84) return cut();
  if (luck < 89) return lose_fe();
  if (luck < 94) return trouble();
  return weather();
}

void NetworkStorm::look() {
  const auto say = [&](const std::string& name, const std::string& what) {
    const double now =
        std::chrono::duration<double>(network_.world.now().time_since_epoch()).count();
    wrong_.push_back(name + " at " + std::to_string(now) + ": " + what);
  };
  for (auto at = connections_.begin(); at != connections_.end();) {
    auto& [name, wish] = *at;
    Member& owner = network_.at(wish.from);
    if (!owner.running()) {
      ++at;
      continue;
    }
    const auto view = owner.operate([&](Rooms& rooms) { return rooms.connections.show(name); });
    if (!view && !owner.durable()) {  // it may come back, if its node is killed now
      ++at;
      continue;
    }
    if (!view) {
      if (wish.established && !wish.ending) say(name, "an established connection is gone");
      at = connections_.erase(at);
      continue;
    }
    const auto state = view->state;
    if (state == ConnectionState::Up && owner.durable() && !std::exchange(wish.established, true)) {
      ++told_.established;
    }
    const bool over = state == ConnectionState::Failed || state == ConnectionState::Releasing ||
                      state == ConnectionState::Setup;
    if (wish.established && !wish.ending && over) {
      say(name, "an established connection is " + std::string(to_string(state)));
      wish.ending = true;
    }
    ++at;
  }
  for (auto at = calls_.begin(); at != calls_.end();) {
    auto& [name, wish] = *at;
    Member& owner = network_.at(wish.from);
    if (!owner.running()) {
      ++at;
      continue;
    }
    const auto* const known = owner.operate([&](Rooms& rooms) { return rooms.calls.show(name); });
    if (known == nullptr || known->told_gone) {
      if (wish.established && !wish.ending) say(name, "an established call is gone");
      at = calls_.erase(at);
      continue;
    }
    wish.handle = known->handle;
    if (known->state() == ason::calls::CallState::Active && owner.durable())
      wish.established = true;
    ++at;
  }
}

void NetworkStorm::count_segments() {
  std::uint64_t used = 0;
  for (const auto& [number, member] : network_.members) {
    if (!member->running()) continue;
    for (const auto& one : member->operate([](Rooms& r) { return r.connections.list(); })) {
      used += one.carries.empty() ? 0U : 1U;
    }
  }
  told_.segments = std::max(told_.segments, used);
}

void NetworkStorm::storm() {
  // As often as a network of this size has it in bad times, or, of a short life, as it can bear.
  const Duration mean = std::clamp<Duration>(size_.life / 1'500, 3s, 60s);
  const Instant end = network_.world.now() + size_.life;
  Instant count = network_.world.now();
  while (network_.world.now() < end && !network_.spins) {
    step();
    network_.run(pick(Duration(1ms), 2 * mean));
    look();
    if (network_.world.now() < count) continue;
    count += 5min;
    count_segments();
  }
}

void NetworkStorm::peace() {
  peace_ = true;
  for (auto& channel : network_.channels) channel = {.transport = channel.transport, .jitter = 2ms};
  for (std::size_t i = 0; i < network_.channels.size(); ++i) network_.cut(i, true, true);
  for (const auto& [number, member] : network_.members) {
    member->refuse = member->silent = 0;
    member->disk_writes = true;
    for (const std::uint32_t fe : network_.plan.fes(number)) member->find_fe(fe);
    if (!member->running()) member->boot();
    member->pump();
  }
  for (const auto& [name, wish] : connections_) {
    network_.at(wish.from).operate(
        [&](Rooms& rooms) { (void)rooms.connections.freeze(name, false, network_.world.now()); });
  }
  // Restart, Recovery and claim times, restoration, and five periods in which a release of a call
  // is asked for once.
  network_.run(20min);
  look();
}

void NetworkStorm::end() {
  for (auto& [name, wish] : connections_) wish.ending = true;
  // Also those whose end was not durable when their node was killed.
  for (const auto& [number, member] : network_.members) {
    member->operate([&](Rooms& rooms) {
      for (const auto& one : rooms.connections.list()) {
        if (!one.segment && one.adjacency == 0)
          (void)rooms.connections.release(one.name, network_.world.now());
      }
    });
  }
  network_.run(5min);
  for (auto& [name, wish] : calls_) wish.ending = true;
  // Also those that came back because their other end could not let go of them, with an alarm.
  for (const auto& [number, member] : network_.members) {
    member->operate([&](Rooms& rooms) {
      for (const auto* const call : rooms.calls.list()) {
        if (call->initiator()) (void)rooms.calls.remove(call->handle, network_.world.now());
      }
    });
  }
  network_.run(10min);
  look();
}

}  // namespace forces::signaling::test
