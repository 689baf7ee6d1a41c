// RFC 7121 section 3.2 and RFC 5810 section 8.1: one FE, several CEs, in virtual time.
#include <gtest/gtest.h>

#include "tests/sim/association/network.hpp"

namespace forces::test {
namespace {

using namespace std::chrono_literals;

std::uint32_t master(Network& net) { return net.fe().values().protocol.ce_id; }
fe::lfb::FeState fe_state(Network& net) { return net.fe().values().object.state; }

void hot_standby(Network& net) {
  net.fe_config(0).fepo.failover_policy = 1;
  net.fe_config(0).fepo.ha_mode = 2;
}

TEST(HaSim, TheFirstCeOfTheTableIsTheMasterAndTheOthersAreLeftAlone) {
  World world;
  Network net(world, 3, 1);
  net.start();
  ASSERT_TRUE(world.run_for(10s));
  EXPECT_EQ(master(net), kFirstCe);
  EXPECT_EQ(net.fe().state(1), fe::CeState::Closed);
  EXPECT_FALSE(net.ce(1).associated(1));
}

TEST(HaSim, WithoutTheFirstCeTheNextOneIsTried) {
  World world;
  Network net(world, 2, 1);
  net.start();
  net.crash_ce(0);
  ASSERT_TRUE(world.run_for(30s));
  EXPECT_EQ(master(net), kFirstCe + 1);
  EXPECT_EQ(net.fe().state(0), fe::CeState::Closed);
}

TEST(HaSim, InHotStandbyEveryCeIsAssociatedAndOneIsObeyed) {
  World world;
  Network net(world, 3, 1);
  hot_standby(net);
  net.start();
  ASSERT_TRUE(world.run_for(5s));
  for (std::size_t ce = 0; ce < 3; ++ce) EXPECT_TRUE(net.ce(ce).associated(1)) << ce;
  EXPECT_EQ(master(net), kFirstCe);
  EXPECT_EQ(net.fe().redirect_target(), 0U);
}

TEST(HaSim, InHotStandbyALostMasterIsReplacedByTheNextWithoutAPause) {
  World world;
  Network net(world, 3, 1);
  hot_standby(net);
  net.fe_config(0).fepo.ce_dead = 3s;
  net.ce_config(0).heartbeat.ce_dead = net.ce_config(1).heartbeat.ce_dead =
      net.ce_config(2).heartbeat.ce_dead = 3s;
  net.start();
  ASSERT_TRUE(world.run_for(20s));
  net.crash_ce(0);
  ASSERT_TRUE(world.run_for(4s));
  EXPECT_EQ(master(net), kFirstCe + 1);
  EXPECT_EQ(net.fe().values().protocol.last_ce_id, kFirstCe);
  EXPECT_EQ(fe_state(net), fe::lfb::FeState::OperEnable);
  EXPECT_EQ(net.fe().redirect_target(), 1U);
  net.start_ce(0);  // the old master comes back as a backup
  ASSERT_TRUE(world.run_for(30s));
  EXPECT_TRUE(net.ce(0).associated(1));
  EXPECT_EQ(master(net), kFirstCe + 1);
}

// Its peers see the connection break; CEHDI is 30 s.
TEST(HaSim, InHotStandbyAKilledMasterIsReplacedLongBeforeCehdi) {
  World world;
  Network net(world, 3, 1);
  hot_standby(net);
  net.start();
  ASSERT_TRUE(world.run_for(20s));
  net.crash_ce(0);
  ASSERT_TRUE(world.run_for(2s));
  EXPECT_EQ(master(net), kFirstCe + 1);
  EXPECT_TRUE(net.ce(1).is_master(1));
  net.start_ce(0);
  ASSERT_TRUE(world.run_for(2s));
  EXPECT_TRUE(net.ce(0).associated(1)) << "a backup, at once";
  EXPECT_EQ(master(net), kFirstCe + 1);
}

TEST(HaSim, PolicyOneKeepsForwardingUntilCefti) {  // CEFailoverPolicy 1
  World world;
  Network net(world, 1, 1);
  net.fe_config(0).fepo.failover_policy = 1;
  net.fe_config(0).fepo.failover_timeout = 60s;
  net.fe_config(0).fepo.ce_dead = 3s;
  net.start();
  ASSERT_TRUE(world.run_for(2s));
  net.cut(0, 0);
  ASSERT_TRUE(world.run_for(30s));
  EXPECT_FALSE(net.fe().has_master());
  EXPECT_EQ(fe_state(net), fe::lfb::FeState::OperEnable);
  ASSERT_TRUE(world.run_for(60s));
  EXPECT_EQ(fe_state(net), fe::lfb::FeState::OperDisable);
  net.mend(0, 0);
  ASSERT_TRUE(world.run_for(5s));
  EXPECT_EQ(fe_state(net), fe::lfb::FeState::OperEnable);
}

TEST(HaSim, PolicyZeroStopsAtOnce) {  // CEFailoverPolicy 0
  World world;
  Network net(world, 1, 1);
  net.fe_config(0).fepo.ce_dead = 3s;
  net.start();
  ASSERT_TRUE(world.run_for(2s));
  net.cut(0, 0);
  ASSERT_TRUE(world.run_for(10s));
  EXPECT_EQ(fe_state(net), fe::lfb::FeState::OperDisable);
}

}  // namespace
}  // namespace forces::test
