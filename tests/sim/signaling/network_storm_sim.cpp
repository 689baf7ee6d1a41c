// Random networks of whole transport nodes for a day of everything that goes wrong. FORCES_SEEDS=N
// plays seeds 1 to N, FORCES_SEED=N that one, FORCES_VIRTUAL_HOURS=N that long, FORCES_NODES=N;
// FORCES_SAID=FILE writes what all nodes said in a life that failed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/sim/signaling/storm.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::signaling::test {
namespace {

using namespace forces::test;
using ason::calls::Realisation;

StormSize usual() {
  return {.nodes = static_cast<std::uint32_t>(setting("FORCES_NODES", soaks() ? 50 : 20)),
          .life = virtual_hours()};
}

void write_said(Transport& network) {
  const char* const file = std::getenv("FORCES_SAID");
  if (file == nullptr) return;
  std::ofstream out(file);
  for (const auto& [number, member] : network.members) {
    for (const auto& line : member->said) out << "N" << number << " " << line << "\n";
  }
}

std::uint64_t live(std::uint64_t seed, StormSize s) {
  NetworkStorm life(seed, s);
  life.network().keep_messages = std::getenv("FORCES_SAID") != nullptr;
  const auto judge = [&](const char* when, const std::vector<std::string>& problems) {
    for (std::size_t i = 0; i < std::min<std::size_t>(problems.size(), 10); ++i) {
      ADD_FAILURE() << when << problems[i] << " (" << problems.size() << " problems)";
    }
    if (!problems.empty()) write_said(life.network());
    return problems.empty();
  };
  life.storm();
  life.peace();
  bool good = judge("after the storm: ", life.problems());
  life.end();
  good = good && judge("in the end: ", life.leftovers());
  const StormTold& told = life.told();
  EXPECT_GT(told.established, 0U);
  EXPECT_GT(told.kills, 0U);
  if (s.realisation != Realisation::Contiguous) {
    EXPECT_GT(told.segments, 0U);
  }
  std::uint64_t packets = 0;
  for (const auto& [number, member] : life.network().members) packets += member->packets;
  std::cout << "seed " << seed << ": " << told.calls << " calls, " << told.connections
            << " connections, " << told.established << " were up, " << told.released
            << " released, " << told.changes << " changes, " << told.kills << " kills, "
            << told.cuts << " cuts, " << told.fe_losses << " FEs lost, " << told.troubles
            << " troubles, " << told.segments << " segments, " << packets << " packets"
            << (good ? "" : ", FAILED") << std::endl;
  return life.network().world.trace_hash();
}

// In two halves, which run side by side.
void live_every_second(std::uint64_t first, Realisation realisation = {}) {
  StormSize size = usual();
  size.realisation = realisation;
  const std::uint64_t last = std::max<std::uint64_t>(seeds(2) / kSlow, 2);
  play_seeds(last, [&](std::uint64_t seed) { live(seed, size); }, first, 2);
}

TEST(NetworkStorm, NothingIsLeakedHalvedOrReleasedOddSeeds) { live_every_second(1); }
TEST(NetworkStorm, NothingIsLeakedHalvedOrReleasedEvenSeeds) { live_every_second(2); }

// Where domains stitch to segments of their own.
TEST(NetworkStorm, StitchedNothingIsLeakedHalvedOrReleasedOddSeeds) {
  live_every_second(1, Realisation::Stitched);
}
TEST(NetworkStorm, StitchedNothingIsLeakedHalvedOrReleasedEvenSeeds) {
  live_every_second(2, Realisation::Stitched);
}

// Where they nest in adjacencies of their own.
TEST(NetworkStorm, NestedNothingIsLeakedHalvedOrReleasedOddSeeds) {
  live_every_second(1, Realisation::Nested);
}
TEST(NetworkStorm, NestedNothingIsLeakedHalvedOrReleasedEvenSeeds) {
  live_every_second(2, Realisation::Nested);
}

TEST(NetworkStorm, TheSameSeedIsTheSameLife) {
  const StormSize small{.nodes = 10, .life = 10min};
  EXPECT_EQ(live(7, small), live(7, small));
  EXPECT_NE(live(7, small), live(8, small));
}

}  // namespace
}  // namespace forces::signaling::test
