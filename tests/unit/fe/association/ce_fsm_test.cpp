// The FE's end of one association, event by event.
#include "fe/association/core/ce_fsm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sim/steps.hpp"

namespace forces::fe {
namespace {

using namespace std::chrono_literals;
using pl::AssociationResult;
using pl::TeardownReason;
using test::at;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class CeFsmTest : public testing::Test {
 protected:
  std::vector<CeOutput> outputs() { return test::outputs_of(fsm); }
  std::uint64_t last_setup(const std::vector<CeOutput>& all) {
    std::uint64_t correlator = 0;
    for (const auto& output : all) {
      if (const auto* setup = std::get_if<SendSetup>(&output)) correlator = setup->correlator;
    }
    return correlator;
  }
  void associate(Instant now) {
    fsm.open(now);
    fsm.on_channel_up(now);
    fsm.on_setup_response(last_setup(outputs()), AssociationResult::Success, now);
    (void)outputs();
    ASSERT_EQ(fsm.state(), CeState::Associated);
  }
  auto run_until(Instant end) { return test::run_until(fsm, end); }
  static pl::Header heartbeat(pl::Ack ack) {
    pl::Header h;
    h.type = pl::MsgType::Heartbeat;
    h.correlator = 77;
    h.flags = pl::Flags{}.with_ack(ack).with_priority(5);
    return h;
  }

  lfb::LivenessPolicy policy;
  std::mt19937_64 random{1};
  CeFsm fsm{{}, policy, random};
};

TEST_F(CeFsmTest, OpensChannelsThenSetsUpThenIsAssociated) {
  fsm.open(at(0s));
  EXPECT_THAT(outputs(),
              ElementsAre(OpenChannels{},
                          StateChanged{CeState::Closed, CeState::Connecting, Cause::Opened}));
  fsm.on_channel_up(at(1s));
  EXPECT_THAT(outputs(),
              ElementsAre(SendSetup{1},
                          StateChanged{CeState::Connecting, CeState::SetupSent, Cause::ChannelUp}));
  fsm.on_setup_response(1, AssociationResult::Success, at(2s));
  EXPECT_THAT(outputs(), ElementsAre(StateChanged{CeState::SetupSent, CeState::Associated,
                                                  Cause::SetupGranted}));
}

TEST_F(CeFsmTest, AResponseWithAnotherCorrelatorIsNotOurs) {
  fsm.open(at(0s));
  fsm.on_channel_up(at(0s));
  (void)outputs();
  fsm.on_setup_response(99, AssociationResult::Success, at(0s));
  EXPECT_THAT(outputs(), IsEmpty());
  EXPECT_EQ(fsm.state(), CeState::SetupSent);
}

TEST_F(CeFsmTest, RefusalsAreRetriedWithAWaitThatDoublesUpToItsLimit) {
  fsm.open(at(0s));
  fsm.on_channel_up(at(0s));
  std::uint64_t correlator = last_setup(outputs());
  Instant now = at(0s);
  std::vector<double> waits;
  for (int i = 0; i < 10; ++i) {
    fsm.on_setup_response(correlator, AssociationResult::PermissionDenied, now);
    EXPECT_THAT(outputs(), Contains(CeOutput(AttemptFailed{})));
    const Instant due = fsm.next_deadline().value();
    waits.push_back(std::chrono::duration<double>(due - now).count());
    now = due;
    fsm.on_timer(now);
    correlator = last_setup(outputs());
  }
  double full = 0.5;
  for (const double wait : waits) {
    EXPECT_LE(wait, full);
    EXPECT_GT(wait, full * 0.74);  // jitter takes up to a quarter
    full = std::min(full * 2, 30.0);
  }
}

TEST_F(CeFsmTest, WithoutAResponseTheSetupIsRepeated) {
  fsm.open(at(0s));
  fsm.on_channel_up(at(0s));
  (void)outputs();
  const auto all = run_until(at(6s));
  ASSERT_GE(all.size(), 3U);
  EXPECT_EQ(all[0],
            std::pair(Duration(5s), CeOutput(StateChanged{CeState::SetupSent, CeState::Backoff,
                                                          Cause::SetupTimeout})));
  EXPECT_EQ(all[1].second, CeOutput(AttemptFailed{}));
  EXPECT_EQ(all[2].second, CeOutput(SendSetup{2}));
}

TEST_F(CeFsmTest, WithoutAChannelTheAttemptFailsAgainAndAgain) {
  fsm.open(at(0s));
  (void)outputs();
  const auto all = run_until(at(16s));
  ASSERT_EQ(all.size(), 3U);
  for (const auto& [when, output] : all) EXPECT_EQ(output, CeOutput(AttemptFailed{}));
}

TEST_F(CeFsmTest, AlwaysAckIsAnsweredAtOnceWithItsCorrelatorAndPriority) {  // section 7.10
  associate(at(0s));
  EXPECT_TRUE(fsm.on_heartbeat(heartbeat(pl::Ack::Always), at(1s)));
  EXPECT_THAT(outputs(), ElementsAre(SendHeartbeat{77, 5}));
}

TEST_F(CeFsmTest, OtherAcksAreAsNoAck) {
  associate(at(0s));
  for (const auto ack : {pl::Ack::None, pl::Ack::Success, pl::Ack::Failure}) {
    EXPECT_TRUE(fsm.on_heartbeat(heartbeat(ack), at(1s)));
  }
  EXPECT_THAT(outputs(), IsEmpty());
}

TEST_F(CeFsmTest, AHeartbeatWithoutAssociationIsNotAnswered) {
  fsm.open(at(0s));
  fsm.on_channel_up(at(0s));
  (void)outputs();
  EXPECT_FALSE(fsm.on_heartbeat(heartbeat(pl::Ack::Always), at(1s)));
  EXPECT_THAT(outputs(), IsEmpty());
}

TEST_F(CeFsmTest, ACeSilentForCehdiIsDead) {  // section 7.3.1.1.2.5
  associate(at(0s));
  ASSERT_TRUE(fsm.on_message(at(10s)));
  const auto all = run_until(at(41s));
  ASSERT_GE(all.size(), 2U);
  EXPECT_EQ(all[0],
            std::pair(Duration(40s), CeOutput(SendTeardown{TeardownReason::LossOfHeartbeats})));
  EXPECT_EQ(all[1].second,
            CeOutput(StateChanged{CeState::Associated, CeState::Backoff, Cause::LossOfHeartbeats}));
}

TEST_F(CeFsmTest, WithCehbPolicyOneSilenceIsNoDeath) {
  policy.ce_heartbeat_policy = 1;
  associate(at(0s));
  EXPECT_THAT(run_until(at(1h)), IsEmpty());
  fsm.on_channel_down(at(1h));
  (void)outputs();
  const auto all = run_until(at(2h));
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].first, Duration(1h + 30s)) << "CEHDI counts from the loss of the channel";
}

TEST_F(CeFsmTest, WithFehbPolicyOneItSendsEveryFehiUnlessSomethingElseWasSent) {
  policy.fe_heartbeat_policy = 1;
  policy.fe_interval = 1s;
  associate(at(0s));
  EXPECT_EQ(run_until(at(10s)).size(), 10U);
  fsm.on_sent(at(10s + 900ms));  // a redirect
  const auto all = run_until(at(12s));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].first, Duration(11s + 900ms));
}

TEST_F(CeFsmTest, ALostChannelThatReturnsInTimeIsNoLoss) {  // section 4.2.2.3
  associate(at(0s));
  fsm.on_channel_down(at(1s));
  fsm.on_channel_up(at(20s));
  EXPECT_THAT(
      outputs(),
      ElementsAre(StateChanged{CeState::Associated, CeState::ChannelLost, Cause::ChannelDown},
                  StateChanged{CeState::ChannelLost, CeState::Associated, Cause::ChannelUp},
                  SendHeartbeat{0}))
      << "a CE that was restarted meanwhile learns by it of an association that it does not have";
}

TEST_F(CeFsmTest, AnAssignedIdDoesNotOutliveItsConnection) {
  RetryConfig retry;
  retry.outlives_channel = false;
  fsm = CeFsm(retry, policy, random);
  associate(at(0s));
  fsm.on_channel_down(at(1s));
  EXPECT_THAT(outputs(), ElementsAre(StateChanged{CeState::Associated, CeState::Connecting,
                                                  Cause::ChannelDown}));
}

TEST_F(CeFsmTest, ATeardownOfASettledAssociationIsFollowedByASetupAtOnce) {
  associate(at(0s));
  ASSERT_TRUE(fsm.on_message(at(60s)));
  fsm.on_teardown(at(61s));
  (void)outputs();
  EXPECT_EQ(fsm.next_deadline(), at(61s));
  fsm.on_timer(at(61s));
  EXPECT_THAT(outputs(), Contains(CeOutput(SendSetup{2})));
}

TEST_F(CeFsmTest, ATeardownOfAYoungAssociationIsWaitedOut) {
  associate(at(0s));
  fsm.on_teardown(at(1s));
  EXPECT_GT(fsm.next_deadline().value(), at(1s + 300ms));
}

// A ce that is killed again and again: the wait did not double while it could be spoken to.
TEST_F(CeFsmTest, AnotherProcessBehindARepairedChannelIsSetUpWithAtOnce) {
  associate(at(0s));
  for (int life = 1; life <= 5; ++life) {
    const Instant now = at(life * 2s);
    fsm.on_channel_down(now);
    fsm.on_channel_up(now + 500ms);
    fsm.on_teardown(now + 501ms);  // it knows nothing of us
    EXPECT_EQ(fsm.next_deadline(), now + 501ms);
    fsm.on_timer(now + 501ms);
    ASSERT_TRUE(
        fsm.on_setup_response(last_setup(outputs()), AssociationResult::Success, now + 502ms));
  }
  fsm.on_channel_down(at(13s));
  fsm.on_channel_up(at(14s));
  ASSERT_TRUE(fsm.on_message(at(14s)));  // this one does, and regrets
  fsm.on_teardown(at(15s));
  EXPECT_GT(fsm.next_deadline().value(), at(15s + 300ms));
}

TEST_F(CeFsmTest, ATeardownDuringSetupBelongsToAnEarlierTime) {
  fsm.open(at(0s));
  fsm.on_channel_up(at(0s));
  (void)outputs();
  fsm.on_teardown(at(0s));
  EXPECT_EQ(fsm.state(), CeState::SetupSent);
}

TEST_F(CeFsmTest, AChannelThatThePeerClosedIsOpenedAgain) {
  associate(at(0s));
  fsm.on_control_closed(at(1s));
  (void)outputs();
  std::vector<CeOutput> seen;
  for (const auto& [when, output] : run_until(at(3s))) seen.push_back(output);
  EXPECT_THAT(seen, Contains(CeOutput(OpenChannels{})));
}

TEST_F(CeFsmTest, ADataChannelThatThePeerClosedIsOpenedAgainAndTheAssociationStays) {
  associate(at(0s));
  fsm.on_data_closed(at(1s));
  std::vector<CeOutput> seen;
  for (const auto& [when, output] : run_until(at(3s))) seen.push_back(output);
  EXPECT_THAT(seen, ElementsAre(CeOutput(OpenChannels{})));
  EXPECT_EQ(fsm.state(), CeState::Associated);
}

TEST_F(CeFsmTest, CloseSaysGoodbyeAndThenWantsNothing) {
  associate(at(0s));
  fsm.close(TeardownReason::Normal, at(1s));
  EXPECT_THAT(outputs(),
              ElementsAre(SendTeardown{TeardownReason::Normal}, CloseChannels{},
                          StateChanged{CeState::Associated, CeState::Closed, Cause::TeardownByUs}));
  EXPECT_EQ(fsm.next_deadline(), std::nullopt);
  fsm.on_channel_up(at(2s));
  fsm.on_control_closed(at(2s));
  EXPECT_THAT(outputs(), IsEmpty());
}

}  // namespace
}  // namespace forces::fe
