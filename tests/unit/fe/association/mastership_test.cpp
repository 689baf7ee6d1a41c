// RFC 7121 figure 4, transition by transition.
#include "fe/association/core/mastership.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sim/steps.hpp"

namespace forces::fe {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class MastershipTest : public testing::Test {
 protected:
  std::vector<MastershipOutput> outputs() { return test::outputs_of(mastership); }
  void hot_standby() {
    policy.ha_mode = 2;
    policy.failover_policy = 1;
  }
  lfb::FeProtocol policy;
  Mastership mastership{3, policy, 1s};
};

constexpr ElementStateChanged kUp{ElementState::PreAssociation, ElementState::Associated};

TEST_F(MastershipTest, TheFirstRowIsTriedFirst) {
  mastership.start();
  EXPECT_THAT(outputs(), ElementsAre(TryCe{0}));
}

TEST_F(MastershipTest, FailuresGoRoundTheTable) {
  for (std::size_t ce : {0U, 1U, 2U}) {
    mastership.on_attempt_failed(ce);
    EXPECT_THAT(outputs(), ElementsAre(GiveUpCe{ce}, TryCe{(ce + 1) % 3}));
  }
}

TEST_F(MastershipTest, TheFirstAssociatedIsTheMaster) {
  mastership.on_associated(1);
  EXPECT_THAT(outputs(), ElementsAre(MasterChanged{std::nullopt, 1U}, kUp));
}

TEST_F(MastershipTest, InHotStandbyTheOthersAreTriedOnceThereIsAMaster) {
  hot_standby();
  mastership.on_associated(0);
  EXPECT_THAT(outputs(), ElementsAre(MasterChanged{std::nullopt, 0U}, kUp, TryCe{1}, TryCe{2}));
  mastership.on_associated(1);
  mastership.on_attempt_failed(2);
  EXPECT_THAT(outputs(), IsEmpty());
}

TEST_F(MastershipTest, TheNextAssociatedInTheTableTakesOver) {
  hot_standby();
  for (std::size_t ce : {0U, 2U, 1U}) mastership.on_associated(ce);
  (void)outputs();
  mastership.on_lost(0, Instant(1s));
  EXPECT_THAT(outputs(), ElementsAre(MasterChanged{0U, 1U}));
  mastership.on_lost(1, Instant(2s));
  EXPECT_THAT(outputs(), ElementsAre(MasterChanged{1U, 2U}));
  EXPECT_EQ(mastership.state(), ElementState::Associated);
}

TEST_F(MastershipTest, ABackupThatGoesChangesNothing) {
  hot_standby();
  mastership.on_associated(0);
  mastership.on_associated(1);
  (void)outputs();
  mastership.on_lost(1, Instant(1s));
  EXPECT_THAT(outputs(), IsEmpty());
}

TEST_F(MastershipTest, PolicyZeroGoesBackToPreAssociation) {
  mastership.on_associated(0);
  (void)outputs();
  mastership.on_lost(0, Instant(1s));
  EXPECT_THAT(outputs(), ElementsAre(MasterChanged{0U, std::nullopt},
                                     ElementStateChanged{ElementState::Associated,
                                                         ElementState::PreAssociation},
                                     GiveUpCe{0}, TryCe{1}));
  EXPECT_EQ(mastership.next_deadline(), std::nullopt);
}

TEST_F(MastershipTest, PolicyOneWaitsForCeftiAndThenGoesBack) {
  policy.failover_policy = 1;
  policy.failover_timeout = 60s;
  mastership.on_associated(0);
  mastership.on_lost(0, Instant(1s));
  (void)outputs();
  EXPECT_EQ(mastership.state(), ElementState::NotAssociated);
  EXPECT_EQ(mastership.next_deadline(), Instant(61s));
  mastership.on_timer(Instant(60s));
  EXPECT_THAT(outputs(), IsEmpty());
  mastership.on_timer(Instant(61s));
  EXPECT_THAT(outputs(), ElementsAre(ElementStateChanged{ElementState::NotAssociated,
                                                         ElementState::PreAssociation}));
}

TEST_F(MastershipTest, AnAssociationBeforeCeftiCancelsIt) {
  policy.failover_policy = 1;
  mastership.on_associated(0);
  mastership.on_lost(0, Instant(1s));
  mastership.on_associated(1);
  (void)outputs();
  EXPECT_EQ(mastership.state(), ElementState::Associated);
  EXPECT_EQ(mastership.next_deadline(), std::nullopt);
}

// RFC 5810 section 4.2.2.3 keeps the association until CEHDI, RFC 7121 section 3.2 wants a master.
TEST_F(MastershipTest, InHotStandbyAMasterWhoseChannelIsAwayIsReplacedBeforeItIsLost) {
  hot_standby();
  for (std::size_t ce : {0U, 2U, 1U}) mastership.on_associated(ce);
  mastership.on_away(1, Instant(1s));
  EXPECT_EQ(mastership.next_deadline(), std::nullopt) << "a backup";
  mastership.on_away(0, Instant(2s));
  (void)outputs();
  EXPECT_EQ(mastership.next_deadline(), Instant(3s));
  mastership.on_timer(Instant(3s) - Duration(1));
  EXPECT_THAT(outputs(), IsEmpty());
  mastership.on_timer(Instant(3s));
  EXPECT_THAT(outputs(), ElementsAre(MasterChanged{0U, 2U})) << "1 is away too";
  EXPECT_EQ(mastership.next_deadline(), std::nullopt);
  mastership.on_back(0);
  mastership.on_lost(1, Instant(30s));
  EXPECT_THAT(outputs(), IsEmpty());
}

TEST_F(MastershipTest, AMasterThatIsBackInTimeStays) {
  hot_standby();
  for (std::size_t ce : {0U, 1U}) mastership.on_associated(ce);
  (void)outputs();
  mastership.on_away(0, Instant(1s));
  mastership.on_back(0);
  EXPECT_EQ(mastership.next_deadline(), std::nullopt);
  mastership.on_timer(Instant(9s));
  EXPECT_THAT(outputs(), IsEmpty());
}

TEST_F(MastershipTest, WhoeverComesFirstReplacesAMasterThatIsAwayForTooLong) {
  hot_standby();
  for (std::size_t ce : {0U, 1U}) mastership.on_associated(ce);
  mastership.on_away(1, Instant(1s));
  mastership.on_away(0, Instant(1s));
  mastership.on_timer(Instant(2s));
  EXPECT_EQ(mastership.master(), 0U) << "nobody is there";
  EXPECT_EQ(mastership.next_deadline(), std::nullopt);
  mastership.on_back(1);
  EXPECT_EQ(mastership.master(), 1U);
  mastership.on_away(1, Instant(3s));
  mastership.on_timer(Instant(4s));
  mastership.on_associated(2);
  EXPECT_EQ(mastership.master(), 2U);
}

TEST_F(MastershipTest, ALostMasterIsFollowedByWhoIsThereBeforeWhoIsAway) {
  hot_standby();
  for (std::size_t ce : {0U, 1U, 2U}) mastership.on_associated(ce);
  mastership.on_away(1, Instant(1s));
  mastership.on_lost(0, Instant(2s));
  EXPECT_EQ(mastership.master(), 2U);
  mastership.on_lost(2, Instant(3s));
  EXPECT_EQ(mastership.master(), 1U) << "it is associated still";
  EXPECT_EQ(mastership.next_deadline(), Instant(4s));
}

TEST_F(MastershipTest, WithoutHotStandbyAMasterThatIsAwayIsWaitedForUntilItIsLost) {
  policy.ha_mode = 1;
  policy.failover_policy = 1;
  mastership.on_associated(0);
  mastership.on_away(0, Instant(1s));
  EXPECT_EQ(mastership.next_deadline(), std::nullopt);
}

TEST_F(MastershipTest, TheMasterMayHandOverToAnAssociatedCeOnly) {
  hot_standby();
  mastership.on_associated(0);
  mastership.on_associated(2);
  (void)outputs();
  mastership.hand_over(1, Instant(1s));
  EXPECT_THAT(outputs(), IsEmpty());
  mastership.on_away(2, Instant(1s));
  mastership.hand_over(2, Instant(1s));
  EXPECT_THAT(outputs(), IsEmpty());
  mastership.on_back(2);
  mastership.hand_over(2, Instant(1s));
  EXPECT_THAT(outputs(), ElementsAre(MasterChanged{0U, 2U}));
}

TEST_F(MastershipTest, InColdStandbyTheFeGoesToTheCeThatTheMasterNames) {  // RFC 7121 2.1.1
  policy.ha_mode = 1;
  policy.failover_policy = 1;
  policy.failover_timeout = 60s;
  mastership.on_associated(0);
  (void)outputs();
  mastership.hand_over(2, Instant(1s));
  EXPECT_THAT(outputs(), ElementsAre(MasterChanged{0U, std::nullopt},
                                     ElementStateChanged{ElementState::Associated,
                                                         ElementState::NotAssociated},
                                     GiveUpCe{0}, TryCe{2}));
  mastership.on_lost(0, Instant(1s));  // which is what giving up ends in
  EXPECT_THAT(outputs(), IsEmpty());
  EXPECT_EQ(mastership.next_deadline(), Instant(61s));
  mastership.on_attempt_failed(2);  // it is not there: round and round
  EXPECT_THAT(outputs(), ElementsAre(GiveUpCe{2}, TryCe{0}));
}

TEST_F(MastershipTest, WithOneCeThereIsNobodyElseToTry) {
  Mastership alone(1, policy, 1s);
  alone.on_attempt_failed(0);
  EXPECT_EQ(alone.poll_output(), std::nullopt);
  alone.on_associated(0);
  alone.on_lost(0, Instant(1s));
  int tries = 0;
  while (const auto output = alone.poll_output()) tries += std::holds_alternative<TryCe>(*output);
  EXPECT_EQ(tries, 0);
}

}  // namespace
}  // namespace forces::fe
