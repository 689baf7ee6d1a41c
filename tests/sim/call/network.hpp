// Call controllers on a virtual network. Below each stands what the engine and the state store do:
// a Notify is sent three times until it is acknowledged, comes once, and its ticket is told; a Send
// leaves when every Persist before it is durable, which takes a while; a crash loses the rest.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ce/signaling/ason/call/controller.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::test {

using namespace std::chrono_literals;
namespace calls = signaling::ason::calls;
using calls::CallHandle;
using calls::CallState;

inline calls::Address v4(std::uint32_t value) { return calls::Address::v4(value); }

class CallNetwork {
 public:
  struct Node {
    calls::CallConfig config;
    std::unique_ptr<calls::CallController> core;
    std::map<std::string, std::vector<std::byte>> journal;
    std::deque<calls::CallOutput> outbox;                    // nothing of it is durable or has left
    std::set<std::pair<std::uint32_t, std::uint64_t>> seen;  // Notify messages, once each
    std::vector<calls::CallChanged> changes;
    std::vector<calls::CallAlarm> alarms;
    std::uint64_t life = 0;
    std::uint64_t sent = 0;
    std::optional<Instant> armed;
    bool cut = false;     // no packet to or from it
    bool legacy = false;  // acknowledges nothing, does nothing
    bool mute = false;    // acknowledges, answers nothing
  };
  struct Packet {  // for a test to look at, or to lose
    calls::Address from, to;
    const rsvp::Message& message;
  };

  explicit CallNetwork(std::uint64_t seed = 1) : world(seed) {}

  World world;
  std::uint64_t loss = 0;  // of 100 packets
  Duration delay = 5ms;
  Duration jitter = 0ms;
  Duration disk = 0ms;                       // up to this, until an output is durable
  std::function<bool(const Packet&)> lose;   // true: this one does not arrive
  std::function<void(const Packet&)> watch;  // those that arrive
  std::function<void(std::uint32_t, const calls::CallChanged&)> told;

  Node& node(std::uint32_t address) { return nodes_.at(address); }
  calls::CallController& at(std::uint32_t address) { return *nodes_.at(address).core; }
  std::map<std::uint32_t, Node>& nodes() { return nodes_; }

  Node& add(std::uint32_t address) {
    Node& n = nodes_[address];
    n.config.address = v4(address);
    n.config.times.refresh = 60s;
    n.journal[std::string(calls::kWholeKey)] = {std::byte{1}};
    return n;
  }
  void start(std::uint32_t address, calls::JournalKept kept = calls::JournalKept::Yes) {
    Node& n = nodes_.at(address);
    n.config.seed = world.random()();
    n.core = std::make_unique<calls::CallController>(n.config);
    ++n.life;
    n.armed.reset();
    n.seen.clear();
    if (kept == calls::JournalKept::No) n.journal.clear();
    std::vector<calls::JournalEntry> entries;
    for (const auto& [key, octets] : n.journal) entries.push_back({key, octets});
    n.core->start(entries, kept, world.now());
    pump(address);
  }
  void crash(std::uint32_t address) {
    Node& n = nodes_.at(address);
    n.core.reset();
    n.outbox.clear();
    ++n.life;
  }
  bool alive(std::uint32_t address) { return nodes_.at(address).core != nullptr; }
  bool run(Duration time) { return world.run_for(time, 20'000'000); }

  // After a call into a core: its outputs, and its timer.
  void pump(std::uint32_t address) {
    Node& n = nodes_.at(address);
    if (!n.core) return;
    while (auto output = n.core->poll_output()) {
      if (const auto* const change = std::get_if<calls::CallChanged>(&*output)) {
        n.changes.push_back(*change);
        if (told) told(address, *change);
      } else if (const auto* const alarm = std::get_if<calls::CallAlarm>(&*output)) {
        n.alarms.push_back(*alarm);
      } else {
        n.outbox.push_back(std::move(*output));
        const Duration wait = disk == 0ms ? 0ns : Duration(world.pick(disk.count() + 1));
        world.after(wait, [this, address, life = n.life] { flush_one(address, life); });
      }
    }
    const auto due = n.core->next_deadline();
    if (!due || (n.armed && *n.armed <= *due)) return;
    n.armed = *due;
    world.at(*due, [this, address, life = n.life, when = *due] {
      Node& node = nodes_.at(address);
      if (node.life != life || !node.core || node.armed != when) return;
      node.armed.reset();
      node.core->on_time(world.now());
      pump(address);
    });
  }

  // A message of no controller of ours.
  void inject(std::uint32_t from, std::uint32_t to, const rsvp::Message& message) {
    arrive(from, to, message, ++injected_ + (1ULL << 40));
  }

 private:
  // In order: the first that is not done yet.
  void flush_one(std::uint32_t address, std::uint64_t life) {
    Node& n = nodes_.at(address);
    if (n.life != life || n.outbox.empty()) return;
    calls::CallOutput output = std::move(n.outbox.front());
    n.outbox.pop_front();
    if (const auto* const persist = std::get_if<calls::PersistCall>(&output)) {
      if (persist->octets) {
        n.journal[persist->key] = *persist->octets;
      } else {
        n.journal.erase(persist->key);
      }
      return;
    }
    const auto& send = std::get<calls::SendNotify>(output);
    ++n.sent;
    attempt(address, send.to.v4(), std::make_shared<rsvp::Message>(send.message), send.ticket, life,
            1);
  }

  void attempt(std::uint32_t from, std::uint32_t to, const std::shared_ptr<rsvp::Message>& message,
               std::uint64_t ticket, std::uint64_t life, int tries) {
    if (nodes_.at(from).life != life) return;
    const auto lost = [&] { return loss > 0 && world.pick(100) < loss; };
    const bool open = !nodes_.at(from).cut && nodes_.contains(to) && !nodes_.at(to).cut;
    const bool taken = lose && lose({v4(from), v4(to), *message});
    const bool answered = !lost();
    if (open && !taken && !lost()) {
      world.after(flight(), [this, from, to, message, ticket, life, answered] {
        const bool acknowledged = arrive(from, to, *message, life << 32 | ticket);
        if (!acknowledged || !answered) return;
        world.after(flight(), [this, from, ticket, life] { report(from, ticket, life, true); });
      });
    }
    const Duration wait = 500ms * (1 << (tries - 1));
    world.after(wait, [this, from, to, message, ticket, life, tries] {
      const Node& n = nodes_.at(from);
      if (n.life != life || reported_.contains({from, life, ticket})) return;
      if (tries < 3) return attempt(from, to, message, ticket, life, tries + 1);
      report(from, ticket, life, false);
    });
  }
  void report(std::uint32_t from, std::uint64_t ticket, std::uint64_t life, bool good) {
    Node& n = nodes_.at(from);
    if (n.life != life || !n.core || !reported_.insert({from, life, ticket}).second) return;
    if (good) {
      n.core->on_notify_delivered(ticket, world.now());
    } else {
      n.core->on_notify_failed(ticket, world.now());
    }
    pump(from);
  }
  // True: it is acknowledged.
  bool arrive(std::uint32_t from, std::uint32_t to, const rsvp::Message& message,
              std::uint64_t id) {
    Node& n = nodes_.at(to);
    if (!n.core || n.cut || n.legacy) return false;
    if (!n.seen.emplace(from, id).second || n.mute) return true;
    if (watch) watch({v4(from), v4(to), message});
    // As octets, so that nothing passes that the codec does not carry.
    const auto octets = rsvp::encode_message(message);
    const auto decoded = octets ? rsvp::decode_message(*octets) : std::unexpected(rsvp::Refusal{});
    if (!decoded) {
      ++malformed;
      return true;
    }
    n.core->on_notify({v4(from), v4(to), authenticated}, *decoded, world.now());
    pump(to);
    return true;
  }
  Duration flight() {
    return delay + (jitter == 0ms ? 0ns : Duration(world.pick(jitter.count() + 1)));
  }

 public:
  std::size_t malformed = 0;
  bool authenticated = true;

 private:
  std::map<std::uint32_t, Node> nodes_;
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>> reported_;
  std::uint64_t injected_ = 0;
};

// P2 of ason.md 7: call controllers N1 | N3 - N4 | N6 in three domains, a user behind N1 and N6. N1
// has calls of its own users and of the edge node U that signals over a UNI.
inline constexpr std::uint32_t kU = 0x0a000001, kN1 = 0x0a010001, kN3 = 0x0a020003,
                               kN4 = 0x0a020004, kN6 = 0x0a030006;

struct P2 : CallNetwork {
  explicit P2(std::uint64_t seed = 1) : CallNetwork(seed) {
    for (const std::uint32_t address : {kU, kN1, kN3, kN4, kN6}) add(address);
    using enum calls::PointKind;
    row(kU, kN1, {.name = "uni", .kind = Uni}, {0, 0, kN1});
    row(kN1, kU, {.name = "uni", .kind = Uni}, {kU, 32, kU});
    row(kN1, kN3, {.name = "d1-d2", .kind = Enni}, {0, 0, kN3});
    row(kN3, kN1, {.name = "d1-d2", .kind = Enni}, {kN1, 16, kN1});
    row(kN3, kN4, {.name = "d2", .kind = Inni}, {0, 0, kN4});
    row(kN4, kN3, {.name = "d2", .kind = Inni}, {0, 0, kN3});
    row(kN4, kN6, {.name = "d2-d3", .kind = Enni}, {kN6, 16, kN6});
    row(kN6, kN4, {.name = "d2-d3", .kind = Enni}, {0, 0, kN4});
    // Calls to U go by N1, which U is behind.
    node(kN3).config.policy.routes.push_back({{v4(kU), 32}, v4(kN1), "d1-d2"});
  }
  calls::ReferencePoint& point(std::uint32_t node_address, std::string_view name) {
    for (auto& p : node(node_address).config.policy.points) {
      if (p.name == name) return p;
    }
    throw std::out_of_range("no such reference point");
  }
  void start_all(calls::JournalKept kept = calls::JournalKept::Yes) {
    for (auto& [address, n] : nodes()) start(address, kept);
  }

  std::expected<CallHandle, calls::Reason> create(std::uint32_t from, std::uint32_t to,
                                                  calls::CreateCall request = {}) {
    request.end_point = v4(to);
    auto handle = at(from).create(request, world.now());
    pump(from);
    return handle;
  }
  std::optional<calls::Reason> remove(std::uint32_t from, CallHandle handle) {
    auto reason = at(from).remove(handle, world.now());
    pump(from);
    return reason;
  }
  // The calls of a node in this state.
  std::size_t count(std::uint32_t address, CallState state) {
    std::size_t n = 0;
    for (const auto* const call : at(address).list()) n += call->state() == state;
    return n;
  }
  std::size_t held() {
    std::size_t n = 0;
    for (auto& [address, node] : nodes()) n += node.core ? node.core->held() : 0;
    return n;
  }
  const calls::Call* named(std::uint32_t address, const std::string& name) {
    return at(address).show(std::string_view(name));
  }
  const calls::Call* only(std::uint32_t address) {
    const auto list = at(address).list();
    return list.size() == 1 ? list.front() : nullptr;
  }
  calls::Reason last_reason(std::uint32_t address) {
    const auto& changes = node(address).changes;
    return changes.empty() ? calls::Reason{} : changes.back().reason;
  }

  // What is wrong with the calls as a whole; empty: nothing. A call is established at every
  // controller of its way, or at none.
  std::string judge() {
    for (auto& [address, n] : nodes()) {
      if (!n.core) return "a node is down";
      for (const calls::Call* const call : n.core->list()) {
        const std::string where = calls::to_text(v4(address)) + " " + call->id.name + ": ";
        if (call->state() != CallState::Active) {
          return where + std::string(calls::to_string(call->state()));
        }
        for (const auto side : {calls::Side::Up, calls::Side::Down}) {
          const auto& leg = call->leg(side);
          if (!leg) continue;
          if (!alive(leg->peer.v4())) return where + "the peer is down";
          const calls::Call* const theirs = pair_of(*call, leg->peer.v4());
          if (theirs == nullptr) return where + "half a call, not at " + calls::to_text(leg->peer);
          const auto& back = theirs->leg(calls::other(side));
          if (!back || back->peer != v4(address) || back->state != CallState::Active) {
            return where + "half a call, other at " + calls::to_text(leg->peer);
          }
          if (theirs->id != call->id) return where + "identifiers differ";
        }
      }
    }
    return {};
  }

 private:
  struct To {
    std::uint32_t destination;
    unsigned length;
    std::uint32_t next;
  };
  const calls::Call* pair_of(const calls::Call& call, std::uint32_t peer) {
    for (const calls::Call* const other : at(peer).list()) {
      if (other->id.name == call.id.name && other->id.ends.pair() == call.id.ends.pair()) {
        return other;
      }
    }
    return nullptr;
  }
  void row(std::uint32_t at_node, std::uint32_t peer, calls::ReferencePoint p, To to) {
    p.peers = {{v4(peer), 32}};
    auto& policy = node(at_node).config.policy;
    const std::string name = p.name;
    policy.points.push_back(std::move(p));
    policy.routes.push_back({{v4(to.destination), to.length}, v4(to.next), name});
  }
};

}  // namespace forces::test
