// libtml's protocol between a CE and its FEs in virtual time (rows 7, 8, 11, 14 to 19).
//
// FORCES_SEEDS and FORCES_VIRTUAL_HOURS (tests/run --long) make it long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/sim/tml/nodes.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::test {
namespace {

using testing::IsEmpty;

class Simulation {
 public:
  Simulation(std::uint64_t seed, std::uint32_t fes, bool draft_only = false)
      : world(seed), ce(world, findings) {
    for (std::uint32_t id = 1; id <= fes; ++id)
      fe.push_back(std::make_unique<Fe>(world, findings, ce, id, draft_only));
    audit();
  }

  [[nodiscard]] bool run(Duration time) { return world.run_for(time, 200'000'000); }

  bool all_up() const {
    return std::ranges::all_of(fe, [&](const auto& f) {
      return f->up(false) && f->up(true) && f->member && ce.find(f->id, false) &&
             ce.find(f->id, true);
    });
  }
  // Both ends, all levels and sizes, until `end`.
  void talk(Instant end) {
    if (world.now() >= end) return;
    for (const auto& f : fe)
      for (const bool data : {false, true}) {
        const auto here = f->up(data), there = ce.find(f->id, data);
        for (const auto& link : {here, there})
          for (std::uint64_t n = world.pick(4); link && n > 0; --n)
            (void)link->write(static_cast<unsigned>(world.pick(8)), size());
      }
    world.after(std::chrono::milliseconds(20 + world.pick(2000)), [this, end] { talk(end); });
  }
  // One fault after the other, some at the same time, until `end`.
  void break_things(Instant end) {
    if (world.now() >= end) return;
    fault(*fe[world.pick(fe.size())], std::chrono::milliseconds(10 + world.pick(15'000)));
    world.after(std::chrono::milliseconds(500 + world.pick(20'000)),
                [this, end] { break_things(end); });
  }
  // As if nothing had been.
  void repair() {
    for (const auto& f : fe) {
      f->path.latency = 1ms;
      f->path.jitter = 3ms;
      mend(world, f->path);
      if (f->stopped) f->stop(false);
      for (const bool data : {false, true}) f->throttle(data, false);
      f->start();
    }
    if (ce.stopped) ce.stop(false);
    if (!ce.alive) ce.start();
  }

  Findings findings;
  World world;
  Ce ce;
  std::vector<std::unique_ptr<Fe>> fe;

 private:
  std::size_t size() {
    return world.pick(50) == 0 ? 262140 : world.pick(5) == 0 ? 40'000 : 24 + world.pick(100) * 4;
  }
  void audit() {
    ce.audit();
    for (const auto& f : fe) f->audit();
    world.after(250ms, [this] { audit(); });
  }
  void fault(Fe& f, Duration time) {
    switch (world.pick(10)) {
      case 0:
        cut(f.path, kToCe);
        [[fallthrough]];
      case 1:
        cut(f.path, kToFe);
        return world.after(time, [this, &f] { mend(world, f.path); });
      case 2:
        cut(f.path, kToCe);
        return world.after(time, [this, &f] { mend(world, f.path); });
      case 3:
      case 4:
        f.crash(world.pick(2) == 0);
        return world.after(time, [&f] { f.start(); });
      case 5:
        if (world.pick(4) != 0) return;  // all FEs at once: not so often
        ce.crash();
        return world.after(time, [this] {
          if (!ce.alive) ce.start();
        });
      case 6:
        f.stop(true);
        return world.after(time, [&f] { f.stop(false); });
      case 7:
        ce.stop(true);
        return world.after(time / 4, [this] { ce.stop(false); });
      case 8: {
        const bool data = world.pick(2) == 0;
        f.throttle(data, true);
        return world.after(time, [&f, data] { f.throttle(data, false); });
      }
      default:
        if (world.pick(2) == 0) return f.close();
        f.path.latency = time / 10;  // up to 1.5 s, and late by as much again
        f.path.jitter = time / 10;
    }
  }
};

// ---- single events ----

TEST(TmlSim, AllChannelsComeUpAndStay) {
  Simulation sim(1, 20);
  ASSERT_TRUE(sim.run(1s));
  EXPECT_TRUE(sim.all_up());
  ASSERT_TRUE(sim.run(1h));
  EXPECT_TRUE(sim.all_up());
  EXPECT_EQ(sim.findings.ups, 80U);  // both ends, both channels, once
  EXPECT_EQ(sim.findings.lost, 0U);
  EXPECT_GT(sim.findings.round_trips, 20 * 3600U);
  EXPECT_THAT(sim.findings.broken, IsEmpty());
}

TEST(TmlSim, PeersThatKnowTheDraftOnlyStayUpToo) {
  Simulation sim(1, 5, true);
  ASSERT_TRUE(sim.run(10min));
  EXPECT_TRUE(sim.all_up());
  EXPECT_EQ(sim.findings.ups, 20U);
  EXPECT_THAT(sim.findings.broken, IsEmpty());
}

// Each direction by itself: a connection is no better than its worse half.
class TmlSimHalfOpen : public testing::TestWithParam<std::vector<Direction>> {};

TEST_P(TmlSimHalfOpen, IsFoundByBothEndsWithinTheDeadIntervalAndAHeartbeat) {
  Simulation sim(3, 1);
  ASSERT_TRUE(sim.run(10s));
  ASSERT_TRUE(sim.all_up());
  for (const Direction direction : GetParam()) cut(sim.fe[0]->path, direction);
  // The end that hears nothing finds it; its goodbye reaches the other, or that one is deaf as
  // well.
  ASSERT_TRUE(sim.run(5s + 10ms));
  EXPECT_EQ(sim.fe[0]->up(false), nullptr);
  EXPECT_EQ(sim.fe[0]->up(true), nullptr);
  EXPECT_EQ(sim.ce.find(1, false), nullptr);
  EXPECT_EQ(sim.ce.find(1, true), nullptr);
  mend(sim.world, sim.fe[0]->path);
  ASSERT_TRUE(sim.run(60s));
  EXPECT_TRUE(sim.all_up());
  EXPECT_THAT(sim.findings.broken, IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(Cut, TmlSimHalfOpen,
                         testing::Values(std::vector{kToCe, kToFe}, std::vector{kToCe},
                                         std::vector{kToFe}));

TEST(TmlSim, AnFeThatComesBackReplacesItsStaleConnections) {
  Simulation sim(4, 2);
  ASSERT_TRUE(sim.run(10s));
  const auto stale = sim.ce.find(1, false);
  sim.fe[0]->crash(true);  // the CE knows nothing of it
  sim.fe[0]->start();
  ASSERT_TRUE(sim.run(1s));  // before any silence is noticed
  EXPECT_TRUE(sim.all_up());
  EXPECT_NE(sim.ce.find(1, false), stale);
  EXPECT_EQ(stale->fsm.state(), tml::ChannelState::Closed);
  EXPECT_EQ(sim.findings.dead, 0U);
  EXPECT_THAT(sim.findings.broken, IsEmpty());
}

TEST(TmlSim, ACeThatRestartsHasAllFesAgain) {
  Simulation sim(5, 100);
  ASSERT_TRUE(sim.run(10s));
  sim.ce.crash();
  ASSERT_TRUE(sim.run(20s));
  EXPECT_FALSE(sim.all_up());
  sim.ce.start();
  ASSERT_TRUE(sim.run(61s));  // the longest back-off, twice: control, then data
  EXPECT_TRUE(sim.all_up());
  EXPECT_THAT(sim.findings.broken, IsEmpty());
}

TEST(TmlSim, SlowIsNotDead) {
  Simulation sim(6, 1);
  ASSERT_TRUE(sim.run(10s));
  Path& path = sim.fe[0]->path;
  path.piece = 1;  // one octet a second: no heartbeat is ever whole in time
  path.gap = 1s;
  ASSERT_TRUE(sim.run(20min));
  EXPECT_TRUE(sim.fe[0]->up(false) && sim.ce.find(1, false));
  EXPECT_EQ(sim.findings.dead, 0U);
  EXPECT_EQ(sim.findings.lost, 0U);
  EXPECT_THAT(sim.findings.broken, IsEmpty());
}

TEST(TmlSim, AProcessThatSleptDoesNotBlameItsPeers) {
  Simulation sim(7, 10);
  ASSERT_TRUE(sim.run(10s));
  for (int round = 0; round < 20; ++round) {
    sim.ce.stop(true);
    ASSERT_TRUE(sim.run(3s));  // less than the FEs' patience
    sim.ce.stop(false);
    ASSERT_TRUE(sim.run(10s));
  }
  EXPECT_TRUE(sim.all_up());
  EXPECT_EQ(sim.findings.dead, 0U);
  sim.ce.stop(true);  // more: they find it dead, and it finds them gone, not dead
  ASSERT_TRUE(sim.run(30s));
  const std::uint64_t dead = sim.findings.dead;
  EXPECT_GE(dead, 10U);
  sim.ce.stop(false);
  ASSERT_TRUE(sim.run(61s));
  EXPECT_EQ(sim.findings.dead, dead);
  EXPECT_TRUE(sim.all_up());
  EXPECT_THAT(sim.findings.broken, IsEmpty());
}

TEST(TmlSim, AReaderThatStopsIsNotDeadAndLosesNothing) {
  Simulation sim(8, 1);
  ASSERT_TRUE(sim.run(10s));
  sim.fe[0]->throttle(true, true);
  const auto there = sim.ce.find(1, true);
  for (unsigned i = 0; i < 100; ++i) ASSERT_TRUE(there->write(i % 8, 1000));
  ASSERT_TRUE(sim.run(10min));
  EXPECT_EQ(sim.findings.messages, 0U);
  sim.fe[0]->throttle(true, false);
  ASSERT_TRUE(sim.run(1s));
  EXPECT_EQ(sim.findings.messages, 100U);
  EXPECT_EQ(sim.findings.dead, 0U);
  EXPECT_TRUE(sim.all_up());
  EXPECT_THAT(sim.findings.broken, IsEmpty());
}

TEST(TmlSim, AControlledCloseSendsWhatWasWritten) {
  Simulation sim(9, 1);
  ASSERT_TRUE(sim.run(10s));
  for (unsigned i = 0; i < 100; ++i) ASSERT_TRUE(sim.fe[0]->up(true)->write(i % 8, 2000));
  sim.fe[0]->close();
  EXPECT_FALSE(sim.fe[0]->up(true));
  ASSERT_TRUE(sim.run(1s));
  EXPECT_EQ(sim.findings.messages, 100U);
  EXPECT_EQ(sim.findings.peer_closed, 2U);
  EXPECT_THAT(sim.findings.broken, IsEmpty());
}

// ---- everything at once ----

// Faults and traffic for `time`, then peace: everybody is back. Returns the hash of the trace.
std::uint64_t weather(std::uint64_t seed, std::uint32_t fes, Duration time) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Simulation sim(seed, fes);
  const Instant end = sim.world.now() + time;
  sim.talk(end);
  sim.break_things(end);
  EXPECT_TRUE(sim.run(time)) << "the step budget is gone: something spins";
  sim.repair();
  EXPECT_TRUE(sim.run(30s));  // what the last faults still had in store
  sim.repair();
  EXPECT_TRUE(sim.run(90s));
  EXPECT_TRUE(sim.all_up());
  EXPECT_THAT(sim.findings.broken, IsEmpty());
  EXPECT_GT(sim.findings.dead, 0U);
  EXPECT_GT(sim.findings.messages, 100U);
  return sim.world.trace_hash();
}

TEST(TmlSim, InAnyWeatherNoInvariantBreaksAndAllComeBack) {
  play_seeds(seeds(8), [](std::uint64_t seed) { (void)weather(seed, 5, 10min); });
}

TEST(TmlSim, TheSameSeedIsTheSameRun) {
  for (const std::uint64_t seed : {11U, 12U})
    EXPECT_EQ(weather(seed, 4, 5min), weather(seed, 4, 5min));
  EXPECT_NE(weather(11, 4, 5min), weather(12, 4, 5min));
}

TEST(TmlSim, HoursOfIt) { (void)weather(99, 3, virtual_hours()); }

}  // namespace
}  // namespace forces::test
