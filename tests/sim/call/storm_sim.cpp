// Random calls over a bad network whose controllers crash, forget and are cut off: in the end no
// half call, nothing stuck, and nothing released that nobody asked to release.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/sim/call/network.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::test {
namespace {

struct Storm : P2 {
  std::set<std::string> established;               // at their initiator
  std::set<std::string> ending;                    // somebody asked for it
  std::map<std::string, std::uint32_t> connected;  // where it has an LSP

  explicit Storm(std::uint64_t seed) : P2(seed) {
    jitter = 60ms;
    disk = 20ms;
    for (auto& [address, n] : nodes()) n.config.times.refresh = 20s;
    point(kN3, "d2").plan = point(kN4, "d2").plan = {calls::Realisation::Stitched, 2, 0};
    // What is not durable yet at its initiator may still be given up by a crash.
    told = [this](std::uint32_t n, const calls::CallChanged& change) {
      if (change.state != CallState::Active) return;
      world.after(100ms, [this, n, handle = change.handle, life = node(n).life] {
        if (node(n).life != life) return;
        const calls::Call* const call = at(n).show(handle);
        if (call != nullptr && call->initiator() && call->state() == CallState::Active) {
          established.insert(call->id.name);
        }
      });
    };
  }

  static constexpr std::uint32_t kEnds[]{kU, kN1, kN6};
  static constexpr std::uint32_t kAll[]{kU, kN1, kN3, kN4, kN6};
  std::uint32_t any(std::span<const std::uint32_t> of) { return of[world.pick(of.size())]; }

  void act(bool memory_lasts) {
    switch (world.pick(memory_lasts ? 11 : 12)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const std::uint32_t from = any(kEnds), to = any(kEnds);
        if (from == to || !alive(from)) return;
        // Names that meet from both ends now and then, and some that the network gives.
        const std::string name = std::to_string(world.pick(40)) + '/' +
                                 std::to_string(std::min(from, to)) + '/' +
                                 std::to_string(std::max(from, to));
        calls::CreateCall request{.name = name, .service_level = 1};
        if (from == kU && world.pick(2) == 0) {
          request.name.clear();
          request.network_names = true;
        }
        if (!request.name.empty() && established.contains(name)) return;  // a name is used once
        (void)create(from, to, request);
        return;
      }
      case 4:
      case 5: {
        const std::uint32_t end = any(kEnds);
        if (!alive(end) || at(end).list().empty()) return;
        const auto list = at(end).list();
        const calls::Call call = *list[world.pick(list.size())];
        if (connected.contains(call.id.name) || (call.up && call.down)) return;
        if (remove(end, call.handle)) return;
        ending.insert(call.id.name);
        return;
      }
      case 6: {
        const std::uint32_t end = any(kEnds);
        if (!alive(end) || at(end).list().empty()) return;
        const auto list = at(end).list();
        const calls::Call call = *list[world.pick(list.size())];
        // An LSP needs both ends; what only one of them takes for a call gets none (X1).
        if (!call.established() || ending.contains(call.id.name)) return;
        if (!established.contains(call.id.name)) return;
        if (!connected.emplace(call.id.name, end).second) return;
        EXPECT_TRUE(at(end).on_connection({.ends = call.id.ends, .call_id = call.id.number},
                                          lsp(call, true), {}));
        pump(end);
        return;
      }
      case 7: {
        const std::uint32_t end = any(kEnds);
        if (!alive(end) || at(end).list().empty()) return;
        const auto list = at(end).list();
        const CallHandle handle = list[world.pick(list.size())]->handle;
        const auto level = static_cast<std::uint8_t>(world.pick(4));
        (void)at(end).modify(handle, {.service_level = level}, world.now());
        pump(end);
        return;
      }
      case 8: {
        const std::uint32_t n = any(kAll);
        node(n).cut = true;
        world.after(Duration(world.pick(30'000'000'000)), [this, n] { node(n).cut = false; });
        return;
      }
      case 9:
      case 10:
        return restart(any(kAll), calls::JournalKept::Yes);
      case 11:
        return restart(any(kAll), calls::JournalKept::No);
    }
  }
  void restart(std::uint32_t n, calls::JournalKept kept) {
    if (!alive(n)) return;
    crash(n);
    world.after(Duration(world.pick(20'000'000'000)), [this, n, kept] {
      start(n, kept);
      // The connection controller says what there is, before or after the call comes back.
      for (const auto& [name, where] : connected) {
        const calls::Call* const call = where == n ? named(n, name) : nullptr;
        if (call != nullptr) {
          (void)at(n).on_connection({.ends = call->id.ends, .call_id = call->id.number},
                                    lsp(*call, true), {});
        }
      }
      pump(n);
    });
  }
  static calls::Connection lsp(const calls::Call& call, bool up) {
    return {.key = {.end_point = {call.id.ends.end_point.v4()},
                    .sender = {call.id.ends.sender.v4()},
                    .tunnel_id = call.id.number,
                    .lsp_id = 1},
            .state = up ? calls::ConnectionState::Up : calls::ConnectionState::Gone};
  }
};

// How many calls stand in the end.
std::size_t live(std::uint64_t seed, bool memory_lasts) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Storm p(seed);
  p.loss = 20;
  p.start_all(memory_lasts ? calls::JournalKept::Yes : calls::JournalKept::No);
  for (int i = 0; i < 300; ++i) {
    p.act(memory_lasts);
    EXPECT_TRUE(p.run(Duration(p.world.pick(1'500'000'000))));
  }
  p.loss = 0;
  EXPECT_TRUE(p.run(30s));
  for (auto& [address, n] : p.nodes()) EXPECT_TRUE(n.core && !n.cut);
  // Two times the quarantine: what was lost was given back, what was unconfirmed is confirmed.
  EXPECT_TRUE(p.run(2 * 5 * 20s + 60s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.malformed, 0U);
  std::size_t stand = 0;
  for (const std::string& name : p.established) {
    if (p.ending.contains(name)) continue;
    ++stand;
    // Every call passes N1. A memory that was lost may have held the only trace of one.
    const bool knows = p.named(kN1, name) != nullptr;
    EXPECT_TRUE(knows || !memory_lasts) << name;
  }
  return stand;
}

TEST(CallStorm, NoHalfCallAndNothingReleasedUnasked) {
  std::size_t stand = 0;
  for (std::uint64_t seed = 1; seed <= seeds(100); ++seed) stand += live(seed, true);
  EXPECT_GT(stand, 0U);
}

TEST(CallStorm, NoHalfCallWhenMemoriesAreLost) {
  std::size_t stand = 0;
  for (std::uint64_t seed = 1; seed <= seeds(100); ++seed) stand += live(seed, false);
  EXPECT_GT(stand, 0U);
}

TEST(CallStorm, TheSameSeedIsTheSameLife) {
  const auto life = [] {
    Storm p(7);
    p.loss = 20;
    p.watch = [&](const CallNetwork::Packet& packet) {
      p.world.trace(packet.message.find<rsvp::SessionAttribute>()->name);
    };
    p.start_all();
    for (int i = 0; i < 100; ++i) {
      p.act(true);
      EXPECT_TRUE(p.run(1s));
    }
    return p.world.trace_hash();
  };
  EXPECT_EQ(life(), life());
}

}  // namespace
}  // namespace forces::test
