// A thousand FEs with random loss, restarts and failovers for a day end converged.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "tests/sim/fleet/fleet.hpp"

namespace forces::test {
namespace {

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

// Under a sanitizer everything takes ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSlow = 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t kSlow = 20;
#else
constexpr std::uint64_t kSlow = 1;
#endif
#else
constexpr std::uint64_t kSlow = 1;
#endif

FleetSize size() {
  FleetSize s;
  s.fes = number("FORCES_FES", std::getenv("FORCES_LONG") != nullptr ? 1000 : 60);
  s.life = std::chrono::hours(number("FORCES_VIRTUAL_HOURS", 1));
  return s;
}

std::uint64_t live(std::uint64_t seed, FleetSize s, bool talk = false) {
  SCOPED_TRACE("FORCES_SEED=" + std::to_string(seed));
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
  if (const std::uint64_t one = number("FORCES_SEED", 0); one != 0) {
    if (one % 2 == first % 2) live(one, size(), true);
    return;
  }
  const std::uint64_t last = std::max<std::uint64_t>(number("FORCES_SEEDS", 2) / kSlow, 2);
  for (std::uint64_t seed = first; seed <= last; seed += 2) live(seed, size(), true);
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
