// The CE's end of one association, event by event.
#include "ce/association/core/fe_fsm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sim/steps.hpp"

namespace forces::ce {
namespace {

using namespace std::chrono_literals;
using pl::AssociationResult;
using pl::TeardownReason;
using test::at;
using testing::ElementsAre;
using testing::IsEmpty;

class FeFsmTest : public testing::Test {
 protected:
  std::vector<FeOutput> outputs() { return test::outputs_of(fsm); }
  void associate(Instant now) {
    fsm.on_channel_up(now);
    fsm.on_setup(1, AssociationResult::Success, now);
    (void)outputs();
  }
  auto run_until(Instant end) { return test::run_until(fsm, end); }

  static HeartbeatConfig config() {
    HeartbeatConfig c;
    c.ce_dead = 30s;
    c.poll_interval = 1s;
    c.fe_dead = 10s;
    return c;
  }
  FeFsm fsm{config()};
};

TEST_F(FeFsmTest, ASetupIsAnsweredWithItsCorrelatorAndAssociates) {  // section 7.5.2
  fsm.on_channel_up(at(0s));
  fsm.on_setup(4711, AssociationResult::Success, at(0s));
  EXPECT_THAT(
      outputs(),
      ElementsAre(StateChanged{FeState::Down, FeState::Waiting, Cause::ChannelUp},
                  SendSetupResponse{4711, AssociationResult::Success},
                  StateChanged{FeState::Waiting, FeState::Associated, Cause::SetupGranted}));
}

TEST_F(FeFsmTest, ARefusalIsAnsweredToo) {
  fsm.on_channel_up(at(0s));
  fsm.on_setup(5, AssociationResult::PermissionDenied, at(0s));
  EXPECT_THAT(outputs(),
              ElementsAre(StateChanged{FeState::Down, FeState::Waiting, Cause::ChannelUp},
                          SendSetupResponse{5, AssociationResult::PermissionDenied}));
  EXPECT_FALSE(fsm.associated());
}

TEST_F(FeFsmTest, ASilentFeIsPolledAndGivenUpAfterFeDead) {  // section 7.10, FEHBPolicy 0
  associate(at(0s));
  const auto all = run_until(at(1min));
  int polls = 0;
  for (const auto& [when, output] : all) {
    const auto* heartbeat = std::get_if<SendHeartbeat>(&output);
    if (heartbeat != nullptr && heartbeat->always_ack) ++polls;
  }
  EXPECT_EQ(polls, 9);
  ASSERT_GE(all.size(), 2U);
  EXPECT_EQ(all[all.size() - 2].second, FeOutput(SendTeardown{TeardownReason::LossOfHeartbeats}));
  EXPECT_EQ(all.back(),
            std::pair(Duration(10s), FeOutput(StateChanged{FeState::Associated, FeState::Waiting,
                                                           Cause::LossOfHeartbeats})));
}

TEST_F(FeFsmTest, AnFeThatSpeaksIsNotPolled) {
  associate(at(0s));
  for (Duration t = 0s; t < 60s; t += 500ms) {
    EXPECT_TRUE(fsm.on_message(at(t)));
    for (const auto& [when, output] : run_until(at(t + 499ms))) {
      const auto* heartbeat = std::get_if<SendHeartbeat>(&output);
      EXPECT_FALSE(heartbeat != nullptr && heartbeat->always_ack) << when.count();
    }
  }
}

TEST_F(FeFsmTest, RedirectsAreLifeAsWell) {
  associate(at(0s));
  for (Duration t = 0s; t < 60s; t += 5s) {
    fsm.on_heard(at(t));
    (void)run_until(at(t + 5s));
  }
  EXPECT_TRUE(fsm.associated());
}

TEST_F(FeFsmTest, WithFehbPolicyOneItListensOnlyAndSpeaksThreeTimesInCehdi) {
  auto c = config();
  c.fe_sends = true;
  fsm.set_config(c);
  associate(at(0s));
  int sent = 0;
  for (Duration t = 0s; t < 90s; t += 500ms) {
    (void)fsm.on_message(at(t));
    for (const auto& [when, output] : run_until(at(t + 499ms))) {
      ASSERT_EQ(output, FeOutput(SendHeartbeat{false, 0}));
      ++sent;
    }
  }
  EXPECT_EQ(sent, 8);  // every 10 s of 90, traffic-sensitive from the response on
}

TEST_F(FeFsmTest, WithCehbPolicyOneTheCeSendsNoHeartbeatOfItsOwn) {
  auto c = config();
  c.ce_sends = false;
  c.fe_sends = true;
  c.fe_dead = 1h;
  fsm.set_config(c);
  associate(at(0s));
  EXPECT_THAT(run_until(at(30min)), IsEmpty());
}

TEST_F(FeFsmTest, LossOfTheChannelStartsNoTeardownAndItsReturnContinues) {  // section 4.2.2.3
  associate(at(0s));
  fsm.on_channel_down(at(1s));
  EXPECT_THAT(outputs(), ElementsAre(StateChanged{FeState::Associated, FeState::ChannelLost,
                                                  Cause::ChannelDown}));
  EXPECT_TRUE(fsm.associated());
  EXPECT_THAT(run_until(at(9s)), IsEmpty()) << "nothing can be sent";
  fsm.on_channel_up(at(9s));
  EXPECT_THAT(outputs(), ElementsAre(StateChanged{FeState::ChannelLost, FeState::Associated,
                                                  Cause::ChannelUp}));
}

TEST_F(FeFsmTest, AChannelThatStaysAwayEndsTheAssociationAtFeDead) {
  associate(at(0s));
  fsm.on_channel_down(at(1s));
  (void)outputs();
  const auto all = run_until(at(1min));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0],
            std::pair(Duration(10s), FeOutput(StateChanged{FeState::ChannelLost, FeState::Down,
                                                           Cause::LossOfHeartbeats})));
}

TEST_F(FeFsmTest, ATeardownIsNeverAnswered) {
  associate(at(0s));
  fsm.on_teardown(at(1s));
  EXPECT_THAT(outputs(), ElementsAre(StateChanged{FeState::Associated, FeState::Waiting,
                                                  Cause::TeardownByFe}));
  fsm.on_teardown(at(2s));
  EXPECT_THAT(outputs(), IsEmpty());
}

TEST_F(FeFsmTest, ASecondSetupMeansThatTheFeStartedAgain) {
  associate(at(0s));
  fsm.on_setup(2, AssociationResult::Success, at(5s));
  EXPECT_THAT(
      outputs(),
      ElementsAre(StateChanged{FeState::Associated, FeState::Waiting, Cause::SetupAgain},
                  SendSetupResponse{2, AssociationResult::Success},
                  StateChanged{FeState::Waiting, FeState::Associated, Cause::SetupGranted}));
}

TEST_F(FeFsmTest, AMessageWithoutAssociationIsAnsweredByOneTeardownASecond) {
  fsm.on_channel_up(at(0s));
  (void)outputs();
  EXPECT_FALSE(fsm.on_message(at(0s)));
  EXPECT_FALSE(fsm.on_message(at(900ms)));
  EXPECT_THAT(outputs(), ElementsAre(SendTeardown{TeardownReason::Other}));
  EXPECT_FALSE(fsm.on_message(at(1s)));
  EXPECT_THAT(outputs(), ElementsAre(SendTeardown{TeardownReason::Other}));
}

TEST_F(FeFsmTest, AnFeThatSetsNothingUpIsRemindedOnce) {
  fsm.on_channel_up(at(0s));
  (void)outputs();
  const auto all = run_until(at(1min));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0],
            std::pair(Duration(FeFsm::kSetupWait), FeOutput(SendTeardown{TeardownReason::Other})));
}

TEST_F(FeFsmTest, OurOwnTeardownSaysWhy) {
  associate(at(0s));
  fsm.teardown(TeardownReason::Normal, at(1s));
  EXPECT_THAT(outputs(), ElementsAre(SendTeardown{TeardownReason::Normal},
                                     StateChanged{FeState::Associated, FeState::Waiting,
                                                  Cause::TeardownByUs}));
  fsm.teardown(TeardownReason::Normal, at(2s));
  EXPECT_THAT(outputs(), IsEmpty());
}

TEST_F(FeFsmTest, AnEarlyTimerChangesNothing) {
  associate(at(0s));
  fsm.on_timer(at(500ms));
  EXPECT_THAT(outputs(), IsEmpty());
}

}  // namespace
}  // namespace forces::ce
