// Servers of a group with an engine and a client each, and the VCs between them: late, lost,
// doubled, reordered packets, cuts, servers that are killed, clocks that do not agree.
//
// The client is as much of RFC 2443 as the cache needs: facts that begin and end, a heartbeat under
// key 0 every minute, and whoever has not been heard of for four minutes is dead with all it said.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ce/multicast/scsp/engine.hpp"
#include "tests/support/sim/clock.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::multicast::sync::sim {

using namespace std::chrono_literals;
using test::LocalClock;

inline constexpr Duration kHeartbeat = 60s, kDead = 240s;
inline const std::string kEnded = "ended";

inline Bytes octets(const std::string& text) { return std::as_bytes(std::span(text)); }
inline std::string text(Bytes body) {
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

struct Weather {
  unsigned loss = 0, twice = 0;  // of 1,000 packets
  Duration latency = 1ms, jitter{};
};

class Network;

class Server {
 public:
  Server(Network& network, Config config) : network_(network), config_(std::move(config)) {}

  void start();
  void stop();  // kill -9
  [[nodiscard]] bool runs() const { return engine_ != nullptr; }
  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] const Engine& engine() const { return *engine_; }
  [[nodiscard]] ServerId id() const { return config_.id; }
  [[nodiscard]] Config& config() { return config_; }
  [[nodiscard]] Instant now() const;

  void set(std::uint32_t key, const std::string& body);
  void end(std::uint32_t key);
  void purge(std::uint32_t key);  // of a fact that ended
  void deliver(ServerId from, const Octets& packet);
  void link(ServerId to, bool up);

  // What this server believes of living ones.
  [[nodiscard]] std::map<EntryId, std::string> view() const;
  [[nodiscard]] std::map<EntryId, std::string> cache() const;
  // The neighbours whose VC is there and that are not Aligned.
  [[nodiscard]] std::string unaligned() const;

  std::map<std::uint32_t, std::string> facts;
  std::set<std::uint32_t> ended;
  LocalClock clock;
  std::uint64_t alignments = 0, changes = 0, life = 0;

 private:
  void pump();
  void perform(const Output& output);
  void sweep();
  void beat();
  // As long as this life lasts.
  void later(Duration wait, void (Server::*what)());

  Network& network_;
  Config config_;
  std::unique_ptr<Engine> engine_;
  Instant armed_ = Instant::max();
  struct Heard {
    SequenceNumber sequence{};
    Instant at{};
    bool alive = false;
  };
  std::map<ServerId, Heard> heard_;  // by heartbeat; or, not alive, that there is something
  std::uint64_t beats_ = 0, starts_ = 0;
};

class Network {
 public:
  explicit Network(std::uint64_t seed = 1) : world(seed) {}

  static ServerId id(std::uint32_t n) { return {0x0a010100 + n}; }

  Server& add(Config config) {
    const ServerId id = config.id;
    return *(servers_[id] = std::make_unique<Server>(*this, std::move(config)));
  }
  // n servers and these pairs of them.
  void build(std::uint32_t n, const std::set<std::pair<std::uint32_t, std::uint32_t>>& pairs,
             const Config& base = {}) {
    for (std::uint32_t i = 0; i < n; ++i) {
      Config c = base;
      c.id = id(i);
      for (const auto& [a, b] : pairs) {
        if (a == i) c.neighbors.push_back({.id = id(b)});
        if (b == i) c.neighbors.push_back({.id = id(a)});
      }
      add(std::move(c));
    }
    for (const auto& [a, b] : pairs) vcs_.insert({std::minmax(id(a), id(b)), Vc{}});
  }
  void start() {
    for (auto& [id, server] : servers_) server->start();
    connect();
  }
  [[nodiscard]] Server& at(ServerId id) { return *servers_.at(id); }
  [[nodiscard]] Server& at(std::uint32_t n) { return at(id(n)); }
  [[nodiscard]] std::map<ServerId, std::unique_ptr<Server>>& servers() { return servers_; }

  struct Vc {
    bool up = false;
    std::uint64_t epoch = 0;
    unsigned cut = 0;  // 1: from the lower ID, 2: to it: octets vanish, and nobody is told
  };
  std::map<std::pair<ServerId, ServerId>, Vc>& vcs() { return vcs_; }
  [[nodiscard]] Vc& vc(ServerId a, ServerId b) { return vcs_.at(std::minmax(a, b)); }

  // Every VC whose servers both run is there.
  void connect() {
    for (auto& [ends, vc] : vcs_) connect(ends, vc);
  }
  void connect(std::pair<ServerId, ServerId> ends, Vc& vc) {
    if (vc.up || !at(ends.first).runs() || !at(ends.second).runs()) return;
    vc.up = true;
    ++vc.epoch;
    at(ends.first).link(ends.second, true);
    at(ends.second).link(ends.first, true);
  }
  void disconnect(std::pair<ServerId, ServerId> ends, Vc& vc) {
    if (!vc.up) return;
    vc.up = false;
    ++vc.epoch;
    at(ends.first).link(ends.second, false);
    at(ends.second).link(ends.first, false);
  }
  void restart(ServerId id) {
    at(id).start();
    for (auto& [ends, vc] : vcs_) {
      if (ends.first == id || ends.second == id) connect(ends, vc);
    }
  }
  void kill(ServerId id) {
    at(id).stop();
    for (auto& [ends, vc] : vcs_) {
      if (ends.first == id || ends.second == id) disconnect(ends, vc);
    }
  }

  void send(ServerId from, ServerId to, const Octets& packet) {
    ++packets;
    octets += packet.size();
    world.trace({reinterpret_cast<const char*>(packet.data()), packet.size()});
    const Vc& way = vc(from, to);
    if (!way.up || (way.cut & (from < to ? 1U : 2U)) != 0) return;
    if (world.pick(1'000) < weather.loss) return;
    const int copies = world.pick(1'000) < weather.twice ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto more = weather.jitter.count() > 0
                            ? world.pick(static_cast<std::uint64_t>(weather.jitter.count()))
                            : 0;
      world.after(weather.latency + Duration(more), [this, from, to, packet, epoch = way.epoch] {
        if (vc(from, to).epoch == epoch && at(to).runs()) at(to).deliver(from, packet);
      });
    }
  }
  [[nodiscard]] bool run_for(Duration time) { return world.run_for(time, 50'000'000); }

  // Empty when all servers that run have the same cache, believe exactly what those servers say,
  // and are aligned; else the first difference.
  [[nodiscard]] std::string difference();

  test::World world;
  Weather weather;
  std::uint64_t packets = 0, octets = 0;

 private:
  std::map<ServerId, std::unique_ptr<Server>> servers_;
  std::map<std::pair<ServerId, ServerId>, Vc> vcs_;
};

inline Instant Server::now() const { return clock.at(network_.world.now()); }

inline void Server::start() {
  ++life;
  ++starts_;
  Config c = config_;
  c.restarted = starts_ > 1;
  // No two lives of a server use the same number for different things.
  ASSERT_LT(starts_, 65u);
  c.restart_constant = static_cast<std::uint16_t>(1'000 * starts_);
  c.ca_sequence = static_cast<std::uint32_t>(starts_ << 20);
  heard_.clear();
  facts.clear();
  ended.clear();
  armed_ = Instant::max();
  engine_ = std::make_unique<Engine>(c, now());
  pump();
  beat();
  sweep();
}

inline void Server::stop() {
  engine_.reset();
  ++life;
}

inline void Server::later(Duration wait, void (Server::*what)()) {
  network_.world.after(wait, [this, what, mine = life] {
    if (engine_ && life == mine) (this->*what)();
  });
}

inline void Server::beat() {
  set(0, std::string("beat ").append(std::to_string(++beats_)));
  later(kHeartbeat, &Server::beat);
}

inline void Server::sweep() {
  const Instant dead = now() - kDead;
  for (auto& [id, heard] : heard_) {
    if (id == this->id() || heard.at > dead) continue;
    heard.alive = false;
    heard.at = now();  // and again, should some of it come back
    engine_->forget(id, now());
  }
  pump();
  later(5s, &Server::sweep);
}

inline void Server::set(std::uint32_t key, const std::string& body) {
  facts[key] = body;
  ended.erase(key);
  EXPECT_EQ(engine_->originate(key, sim::octets(body), now()), Status::Done);
  pump();
}

inline void Server::end(std::uint32_t key) {
  if (facts.erase(key) == 0) return;
  ended.insert(key);
  EXPECT_EQ(engine_->originate(key, sim::octets(kEnded), now()), Status::Done);
  pump();
}

inline void Server::purge(std::uint32_t key) {
  if (ended.erase(key) == 0) return;
  static_cast<void>(engine_->purge(key, now()));
  pump();
}

inline void Server::deliver(ServerId from, const Octets& packet) {
  engine_->on_packet(from, packet, now());
  pump();
}

inline void Server::link(ServerId to, bool up) {
  if (!engine_) return;
  up ? engine_->on_link_up(to, now()) : engine_->on_link_down(to, now());
  pump();
}

inline void Server::perform(const Output& output) {
  if (const auto* const send = std::get_if<Send>(&output)) {
    network_.send(id(), send->to, send->packet);
  } else if (const auto* const moved = std::get_if<AlignmentChanged>(&output)) {
    alignments += moved->state == AlignmentState::Aligned ? 1 : 0;
  } else if (const auto* const changed = std::get_if<Changed>(&output)) {
    ++changes;
    const EntryId entry = changed->id;
    const auto record = engine_->record(entry);
    if (entry.originator == id()) {
      if (changed->change == Change::Purged || !record) return;
      // Of an earlier life, or it was purged: it is what we say now, or nothing.
      const auto fact = facts.find(entry.key);
      const std::string& body = fact == facts.end() ? kEnded : fact->second;
      if (fact == facts.end()) ended.insert(entry.key);
      EXPECT_EQ(engine_->originate(entry.key, sim::octets(body), now()), Status::Done);
      return;
    }
    Heard& heard =
        heard_.try_emplace(entry.originator, Heard{scsp::kReservedSequence, now(), false})
            .first->second;
    // What was known before is no sign of life.
    if (entry.key == 0 && record && record->sequence > heard.sequence) {
      heard = {record->sequence, now(), true};
    }
  }
}

inline void Server::pump() {
  if (!engine_) return;
  while (const auto output = engine_->poll_output()) perform(*output);
  const auto next = engine_->next_deadline();
  if (!next || *next >= armed_) return;
  armed_ = *next;
  network_.world.at(clock.when(*next), [this, mine = life, when = *next] {
    if (!engine_ || life != mine || when != armed_) return;
    armed_ = Instant::max();
    engine_->on_time(now());
    pump();
  });
}

inline std::map<EntryId, std::string> Server::cache() const {
  std::map<EntryId, std::string> all;
  engine_->for_each([&](const Record& r) {
    all[r.id] = std::to_string(r.sequence.value).append(" ").append(text(r.body));
  });
  return all;
}

inline std::map<EntryId, std::string> Server::view() const {
  std::map<EntryId, std::string> all;
  engine_->for_each([&](const Record& r) {
    const auto heard = heard_.find(r.id.originator);
    const bool alive = r.id.originator == id() || (heard != heard_.end() && heard->second.alive);
    if (alive && r.id.key != 0 && text(r.body) != kEnded) all[r.id] = text(r.body);
  });
  return all;
}

inline std::string Server::unaligned() const {
  for (const NeighborSnapshot& n : engine_->snapshot().neighbors) {
    if (n.alignment == AlignmentState::Aligned || !network_.at(n.id).runs()) continue;
    return std::to_string(n.id.value).append(" ").append(to_string(n.alignment));
  }
  return {};
}

inline std::string Network::difference() {
  const auto name = [](ServerId id) { return std::to_string(id.value & 0xff); };
  std::map<EntryId, std::string> truth;
  const Server* first = nullptr;
  for (const auto& [id, server] : servers_) {
    if (!server->runs()) continue;
    if (first == nullptr) first = server.get();
    for (const auto& [key, body] : server->facts) {
      if (key != 0) truth[{id, key}] = body;
    }
  }
  const auto compare = [&](const auto& want, const auto& have) -> std::string {
    for (const auto& [entry, body] : want) {
      const auto found = have.find(entry);
      if (found != have.end() && found->second == body) continue;
      return name(entry.originator) + '/' + std::to_string(entry.key) + ": '" + body + "' is " +
             (found == have.end() ? "missing" : '\'' + found->second + '\'');
    }
    for (const auto& [entry, body] : have) {
      if (want.contains(entry)) continue;
      return name(entry.originator) + '/' + std::to_string(entry.key) + ": '" + body +
             "' is a ghost";
    }
    return {};
  };
  for (const auto& [id, server] : servers_) {
    if (!server->runs()) continue;
    if (const auto who = server->unaligned(); !who.empty()) return name(id) + " with " + who;
    if (const auto d = compare(truth, server->view()); !d.empty()) return name(id) + " view " + d;
    if (const auto d = compare(first->cache(), server->cache()); !d.empty()) {
      return name(id) + " cache " + d;
    }
  }
  return {};
}

}  // namespace forces::multicast::sync::sim
