// RFC 5810 sections 4.2 to 4.4 and 7.10 between one CE and its FEs, in virtual time.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/sim/association/network.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::test {
namespace {

using namespace std::chrono_literals;

// Of one FE, by name.
std::uint64_t counted(const daemon::CounterSamples& all, std::string_view name,
                      std::string_view reason = "") {
  for (const auto& c : all) {
    if (c.name == name && c.reason == reason) return c.value;
  }
  ADD_FAILURE() << "no counter " << name;
  return 0;
}
std::uint64_t at_ce(Network& net, std::string_view name, std::size_t fe = 0) {
  return counted(net.ce().snapshot(Instant{}).fes.at(fe).counters, name);
}

TEST(AssociationSim, EveryFeAssociatesAndStaysForHours) {
  World world;
  Network net(world, 1, 20);
  net.start();
  ASSERT_TRUE(world.run_for(2s));
  for (std::uint32_t fe = 1; fe <= 20; ++fe) EXPECT_TRUE(net.ce().associated(fe)) << fe;
  for (auto hours = virtual_hours(); hours > 0h; --hours) {
    ASSERT_TRUE(world.run_for(1h));
  }
  for (std::size_t fe = 0; fe < 20; ++fe) {
    EXPECT_EQ(net.fe(fe).state(0), fe::CeState::Associated);
    EXPECT_EQ(at_ce(net, "pl_associations", fe), 1U);
    EXPECT_EQ(at_ce(net, "pl_associations_lost", fe), 0U);
  }
}

TEST(AssociationSim, AnFeThatIsNotConfiguredIsRefusedAndAsksAgainWithPatience) {
  World world;
  Network net(world, 1, 1);
  net.ce_config(0).fes.clear();
  net.start();
  ASSERT_TRUE(world.run_for(60s));
  EXPECT_FALSE(net.ce().associated(1));
  const std::uint64_t setups = at_ce(net, "pl_setups");
  EXPECT_GE(setups, 4U);  // 0.5, 1, 2, 4 ... 30 seconds
  EXPECT_LE(setups, 10U);
  EXPECT_EQ(at_ce(net, "pl_setups_refused"), setups);
  EXPECT_FALSE(net.fe().redirect_target().has_value());
}

TEST(AssociationSim, AShortLossOfTheChannelIsNoLossOfTheAssociation) {  // section 4.2.2.3
  World world;
  Network net(world, 1, 1);
  net.start();
  ASSERT_TRUE(world.run_for(2s));
  net.cut(0, 0);
  ASSERT_TRUE(world.run_for(5s));
  EXPECT_EQ(net.fe().state(0), fe::CeState::ChannelLost);
  EXPECT_FALSE(net.fe().redirect_target().has_value());
  net.mend(0, 0);
  ASSERT_TRUE(world.run_for(2s));
  EXPECT_EQ(net.fe().state(0), fe::CeState::Associated);
  EXPECT_EQ(at_ce(net, "pl_associations"), 1U);
  EXPECT_TRUE(net.fe().redirect_target().has_value());
}

TEST(AssociationSim, ALongLossOfTheChannelEndsItAtBothEndsAndItReturns) {
  World world;
  Network net(world, 1, 1);
  net.start();
  ASSERT_TRUE(world.run_for(2s));
  net.cut(0, 0);
  ASSERT_TRUE(world.run_for(60s));
  EXPECT_FALSE(net.ce().associated(1));                                      // after fe_dead, 10 s
  EXPECT_EQ(net.fe().state(0), fe::CeState::Connecting);                     // after CEHDI, 30 s
  EXPECT_EQ(net.fe().values().object.state, fe::lfb::FeState::OperDisable);  // CEFailoverPolicy 0
  net.mend(0, 0);
  ASSERT_TRUE(world.run_for(3s));
  EXPECT_TRUE(net.ce().associated(1));
  EXPECT_EQ(at_ce(net, "pl_associations"), 2U);
}

TEST(AssociationSim, ASilentCeIsGivenUpAfterCehdiThoughTheChannelIsUp) {  // 7.3.1.1.2.5
  World world;
  Network net(world, 1, 1);
  net.fe_config(0).fepo.ce_dead = 4s;
  net.start();
  ASSERT_TRUE(world.run_for(2s));
  net.freeze_ce(0, true);
  ASSERT_TRUE(world.run_for(6s));
  EXPECT_FALSE(net.fe().has_master());
  EXPECT_EQ(net.fe().counters().associations_lost, 1U);
  net.freeze_ce(0, false);
  ASSERT_TRUE(world.run_for(40s));
  EXPECT_TRUE(net.fe().has_master());
}

TEST(AssociationSim, ARestartedCeHasItsFesBackWithinSecondsNotCehdi) {
  World world;
  Network net(world, 1, 5);
  net.start();
  ASSERT_TRUE(world.run_for(20s));
  net.crash_ce(0);
  ASSERT_TRUE(world.run_for(1s));
  net.start_ce(0);
  ASSERT_TRUE(world.run_for(5s));  // FeFsm::kSetupWait and a round trip, far below 30 s
  for (std::uint32_t fe = 1; fe <= 5; ++fe) EXPECT_TRUE(net.ce().associated(fe)) << fe;
}

TEST(AssociationSim, ARestartedFeIsAssociatedAnewThoughTheCeHadNotNoticed) {
  World world;
  Network net(world, 1, 1);
  net.start();
  ASSERT_TRUE(world.run_for(20s));
  net.crash_fe(0);
  net.start_fe(0);
  ASSERT_TRUE(world.run_for(2s));
  EXPECT_EQ(net.fe().state(0), fe::CeState::Associated);
  EXPECT_EQ(at_ce(net, "pl_associations"), 2U);
}

TEST(AssociationSim, HeartbeatsAreTrafficSensitive) {  // section 4.3.3
  World world;
  Network net(world, 1, 1);
  net.ce_config(0).heartbeat.fe_sends = true;  // FEHBPolicy 1, FEHI 500 ms
  net.ce_config(0).heartbeat.configure_fe = true;
  net.start();
  ASSERT_TRUE(world.run_for(10s));
  const std::uint64_t alone = net.fe().counters().heartbeats_sent;
  EXPECT_NEAR(static_cast<double>(alone), 20, 3);
  for (int i = 0; i < 100; ++i) {  // redirects are traffic: no heartbeat is needed
    net.fe().on_data_traffic(0, {.sent_packets = 1, .sent_at = world.now()});
    ASSERT_TRUE(world.run_for(100ms));
  }
  EXPECT_LE(net.fe().counters().heartbeats_sent, alone + 1);
}

TEST(AssociationSim, ACeThatPollsHearsAnAnswerToEveryPoll) {  // section 7.10, FEHBPolicy 0
  World world;
  Network net(world, 1, 1);
  net.start();
  ASSERT_TRUE(world.run_for(60s));
  EXPECT_GT(at_ce(net, "pl_heartbeats_received"), 50U);
  EXPECT_EQ(net.fe().counters().heartbeats_sent, net.fe().counters().heartbeats_received);
}

TEST(AssociationSim, StopOfEitherSideTellsTheOther) {
  World world;
  Network net(world, 1, 2);
  net.start();
  ASSERT_TRUE(world.run_for(20s));
  net.stop_fe(0);
  ASSERT_TRUE(world.run_for(1s));
  EXPECT_FALSE(net.ce().associated(1));
  EXPECT_TRUE(net.ce().associated(2));
  EXPECT_EQ(at_ce(net, "pl_teardowns_received", 0), 1U);
}

TEST(AssociationSim, TheCeConfiguresHeartbeatsOfTheFe) {
  World world;
  Network net(world, 1, 1);
  net.ce_config(0).heartbeat.configure_fe = true;
  net.ce_config(0).heartbeat.ce_dead = 7s;
  net.start();
  ASSERT_TRUE(world.run_for(2s));
  EXPECT_EQ(net.fe().values().protocol.liveness.ce_dead, 7s);
  EXPECT_EQ(at_ce(net, "pl_configs_done"), 1U);
  EXPECT_EQ(at_ce(net, "pl_configs_failed"), 0U);
}

TEST(AssociationSim, AnFeWithoutAnIdGetsOne) {  // section 6.1
  World world;
  Network net(world, 1, 1);
  net.fe_config(0).fe_id = 0;
  net.ce_config(0).fes.clear();
  net.ce_config(0).assign_first = 100;
  net.ce_config(0).assign_last = 109;
  net.start();
  ASSERT_TRUE(world.run_for(2s));
  EXPECT_EQ(net.fe().fe_id(), 100U);
  EXPECT_TRUE(net.ce().associated(100));
  ASSERT_TRUE(world.run_for(60s));  // heartbeats and polls find it under its new ID
  EXPECT_TRUE(net.ce().associated(100));
  EXPECT_EQ(net.fe().state(0), fe::CeState::Associated);
}

// Every kind of trouble at random, then peace: all must be well again, and twice the same.
std::uint64_t storm(std::uint64_t seed) {
  World world(seed);
  Network net(world, 1, 8);
  net.start();
  for (int i = 0; i < 60; ++i) {
    const std::size_t fe = world.pick(8);
    switch (world.pick(6)) {
      case 0:
        net.cut(fe, 0);
        break;
      case 1:
        net.mend(fe, 0);
        break;
      case 2:
        net.crash_fe(fe);
        net.start_fe(fe);
        break;
      case 3:
        net.crash_ce(0);
        net.start_ce(0);
        break;
      default:
        break;
    }
    EXPECT_TRUE(world.run_for(std::chrono::milliseconds(world.pick(15'000)))) << "seed " << seed;
  }
  for (std::size_t fe = 0; fe < 8; ++fe) net.mend(fe, 0);
  EXPECT_TRUE(world.run_for(120s)) << "seed " << seed;
  for (std::size_t fe = 0; fe < 8; ++fe) {
    EXPECT_TRUE(net.ce().associated(static_cast<std::uint32_t>(fe + 1)))
        << "seed " << seed << " fe " << fe + 1;
    EXPECT_EQ(net.fe(fe).state(0), fe::CeState::Associated) << "seed " << seed;
    EXPECT_TRUE(net.fe(fe).redirect_target().has_value()) << "seed " << seed;
    EXPECT_EQ(at_ce(net, "pl_heartbeats_received", fe) > 0, true);
  }
  return world.trace_hash();
}

TEST(AssociationSim, RecoversFromAnyStorm) {
  play_seeds(seeds(20), [](std::uint64_t seed) { storm(seed); });
}

TEST(AssociationSim, TheSameSeedGivesTheSameTrace) {
  EXPECT_EQ(storm(7), storm(7));
  EXPECT_NE(storm(7), storm(8));
}

}  // namespace
}  // namespace forces::test
