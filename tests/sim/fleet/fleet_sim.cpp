// A thousand FEs with random loss, restarts and failovers for a day end converged.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "tests/sim/fleet/fleet.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::test {
namespace {

FleetSize size() {
  FleetSize s;
  s.fes = setting("FORCES_FES", soaks() ? 1000 : 60);
  s.life = virtual_hours();
  return s;
}

std::uint64_t live(std::uint64_t seed, FleetSize s, bool talk = false) {
  Fleet fleet(seed, s);
  EXPECT_TRUE(fleet.storm()) << "the cores spin";
  EXPECT_TRUE(fleet.peace()) << "the cores spin";
  const auto problems = fleet.problems();
  for (std::size_t i = 0; i < std::min<std::size_t>(problems.size(), 10); ++i) {
    ADD_FAILURE() << problems[i] << " (" << problems.size() << " problems)";
  }
  const FleetTold& told = fleet.told();
  EXPECT_GT(told.cuts, 0U);
  EXPECT_GT(told.fe_restarts, 0U);
  EXPECT_GT(told.ce_crashes, 0U);
  EXPECT_GT(told.changes, 0U);
  EXPECT_GT(told.completed, 0U);
  if (talk) {
    std::cout << "seed " << seed << ": " << told.cuts << " cuts, " << told.fe_restarts
              << " FE restarts, " << told.ce_crashes << " CE crashes, " << told.hangs << " hangs, "
              << told.switches << " switches, " << told.takeovers << " takeovers, " << told.changes
              << " changes, " << told.completed << " of " << told.transactions << " transactions, "
              << fleet.messages() << " messages\n";
  }
  return fleet.trace_hash();
}

// In two halves, which run side by side.
void live_every_second(std::uint64_t first) {
  const std::uint64_t last = std::max<std::uint64_t>(seeds(2) / kSlow, 2);
  play_seeds(last, [](std::uint64_t seed) { live(seed, size(), true); }, first, 2);
}

TEST(FleetSim, EndsConvergedOddSeeds) { live_every_second(1); }
TEST(FleetSim, EndsConvergedEvenSeeds) { live_every_second(2); }

TEST(FleetSim, TheSameSeedGivesTheSameTrace) {
  const FleetSize small{.fes = 12};
  EXPECT_EQ(live(7, small), live(7, small));
  EXPECT_NE(live(7, small), live(8, small));
}

}  // namespace
}  // namespace forces::test
