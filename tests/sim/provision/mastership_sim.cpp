// RFC 7121 seen from the CEs: who may configure, and what becomes of the rows when that changes.
#include <gtest/gtest.h>

#include "tests/sim/provision/fixture.hpp"

namespace forces::test {
namespace {

std::uint32_t master(Provisioned& p) { return p.net.fe().values().protocol.ce_id; }

// Two CEs with the same routes in another order of numbers.
struct Pair : Provisioned {
  Pair() : Provisioned(2, 1) {
    hot_standby();
    fill(*rows[0], 500, 8);
    fill(*rows[1], 500, 8, true);
    net.start();
    (void)world.run_for(5s);
  }
};

TEST(MastershipSim, OnlyTheMasterConfigures) {
  Pair p;
  ASSERT_TRUE(p.net.ce(1).associated(1));
  EXPECT_TRUE(p.net.ce(0).is_master(1));
  EXPECT_FALSE(p.net.ce(1).is_master(1));
  EXPECT_TRUE(p.converged(0));
  EXPECT_EQ(p.sync(1).state(), SyncState::Idle);
  ASSERT_TRUE(p.world.run_for(60s));
  const auto drops = p.net.fe().counters().drops;
  EXPECT_EQ(drops[std::to_underlying(fe::Drop::NotMaster)], 0U);
  const auto& inventory = p.net.ce(1).provisioner(1)->inventory();
  EXPECT_TRUE(inventory.capability_known) << "a backup may ask (RFC 7121 section 3.2)";
  EXPECT_EQ(p.net.ce(1).snapshot(p.world.now()).fes.at(0).master, "another");
  EXPECT_EQ(p.net.ce(1).configure_fe(1, {}, p.world.now()), 0U);
  EXPECT_EQ(p.net.ce(1).switch_master(1, kFirstCe + 1, p.world.now()), 0U);
}

TEST(MastershipSim, ABackupTakesOverAndChangesNothingThatIsRight) {
  Pair p;
  const int configs = p.row_configs;
  p.net.crash_ce(0);
  ASSERT_TRUE(p.world.run_for(10s));
  EXPECT_EQ(master(p), kFirstCe + 1);
  EXPECT_TRUE(p.net.ce(1).is_master(1));
  EXPECT_TRUE(p.converged(1));
  EXPECT_EQ(p.row_configs, configs);
  const auto told = p.all_said<ce::MasterChanged>(1);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].mine);
  // And it is in charge.
  p.rows[1]->erase_prefix(3);
  p.changed(1);
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_TRUE(p.converged(1));
  // The old one comes back as a backup.
  p.net.start_ce(0);
  ASSERT_TRUE(p.world.run_for(60s));
  EXPECT_TRUE(p.net.ce(0).associated(1));
  EXPECT_FALSE(p.net.ce(0).is_master(1));
  EXPECT_TRUE(p.converged(1));
}

TEST(MastershipSim, TheMasterHandsOver) {  // SET of FEPO.CEID
  Pair p;
  const int configs = p.row_configs;
  EXPECT_NE(p.net.ce(0).switch_master(1, kFirstCe + 1, p.world.now()), 0U);
  p.net.poke_ce(0);
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_EQ(master(p), kFirstCe + 1);
  EXPECT_FALSE(p.net.ce(0).is_master(1));
  EXPECT_TRUE(p.net.ce(1).is_master(1)) << "by PrimaryCEChanged, not by asking";
  EXPECT_EQ(p.sync(0).state(), SyncState::Idle);
  EXPECT_TRUE(p.converged(1));
  EXPECT_EQ(p.row_configs, configs);
  const auto answers = p.all_said<ce::Answered>(0);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_FALSE(answers[0].octets.empty());
  const auto told = p.all_said<ce::MasterChanged>(0);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_FALSE(told[1].mine);
  EXPECT_NE(p.net.ce(1).switch_master(1, kFirstCe, p.world.now()), 0U);
  p.net.poke_ce(1);
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_TRUE(p.net.ce(0).is_master(1));
  EXPECT_TRUE(p.converged(0));
}

TEST(MastershipSim, ACeThatIsNotThereCannotBecomeMaster) {
  Pair p;
  EXPECT_NE(p.net.ce(0).switch_master(1, kFirstCe + 7, p.world.now()), 0U);
  p.net.poke_ce(0);
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_TRUE(p.net.ce(0).is_master(1));
  EXPECT_TRUE(p.converged(0));
}

TEST(MastershipSim, ABackupFindsOutWithoutAnEvent) {
  Provisioned p(2, 1);
  p.hot_standby();
  p.lose = [](std::size_t, const pl::MessageView& m) {  // the subscription
    return m.header().type == pl::MsgType::Config;
  };
  p.net.start();
  ASSERT_TRUE(p.world.run_for(3s));
  ASSERT_FALSE(p.net.ce(1).is_master(1));
  p.lose = nullptr;
  p.net.crash_ce(0);
  ASSERT_TRUE(p.world.run_for(9s));
  EXPECT_TRUE(p.net.ce(1).is_master(1));
}

TEST(MastershipSim, TheHeartbeatsAreTheMastersToSet) {
  Provisioned p(2, 1);
  p.hot_standby();
  p.net.ce_config(0).heartbeat.ce_dead = 7s;
  p.net.ce_config(1).heartbeat.ce_dead = 8s;
  p.net.start();
  ASSERT_TRUE(p.world.run_for(5s));
  EXPECT_EQ(p.net.fe().values().protocol.liveness.ce_dead, 7s);
  p.net.crash_ce(0);
  ASSERT_TRUE(p.world.run_for(10s));
  EXPECT_EQ(p.net.fe().values().protocol.liveness.ce_dead, 8s);
}

}  // namespace
}  // namespace forces::test
