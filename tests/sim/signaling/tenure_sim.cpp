// Who runs a node, step by step; takeover_sim.cpp has two of them.
#include <gtest/gtest.h>

#include <chrono>

#include "ce/signaling/service/tenure.hpp"

namespace forces::signaling {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 10s, kPatience = 2 * kLease;

Instant at(Duration since) { return Instant(since); }

TEST(Tenure, WhoHasFesCampaignsAtOnceAndWhoHasNoneWaits) {
  Tenure with(kLease), without(kLease);
  EXPECT_EQ(with.next(false, true, at(0s)), TenureStep::Campaign);
  EXPECT_EQ(without.next(false, false, at(0s)), TenureStep::Wait);
  EXPECT_EQ(without.next(false, false, at(kPatience - 1ns)), TenureStep::Wait);
  EXPECT_EQ(without.next(false, false, at(kPatience)), TenureStep::Campaign);
}

TEST(Tenure, AHolderWithoutFesResignsAndOneWithFesDoesNot) {
  Tenure tenure(kLease);
  EXPECT_EQ(tenure.next(true, true, at(0s)), TenureStep::Wait);
  EXPECT_EQ(tenure.next(true, true, at(1h)), TenureStep::Wait);
  EXPECT_EQ(tenure.next(true, false, at(1h + 1s)), TenureStep::Wait);
  EXPECT_EQ(tenure.next(true, true, at(1h + 2s)), TenureStep::Wait);  // it was a short one
  EXPECT_EQ(tenure.next(true, false, at(2h)), TenureStep::Wait);
  EXPECT_EQ(tenure.next(true, false, at(2h + kPatience)), TenureStep::Resign);
}

TEST(Tenure, FesAreHandedToAHolderOnlyWhenItMustBeAlive) {
  constexpr Duration kDead = kLease + kLease / 4;
  Tenure tenure(kLease);
  for (Duration now = 0s; now < kDead; now += 500ms) {
    ASSERT_EQ(tenure.next(false, true, at(now)), TenureStep::Campaign) << now.count();
    tenure.refused(at(now));
  }
  ASSERT_EQ(tenure.next(false, true, at(kDead)), TenureStep::Campaign);
  tenure.refused(at(kDead));
  EXPECT_EQ(tenure.next(false, true, at(kDead)), TenureStep::HandOver);
  EXPECT_EQ(tenure.next(false, true, at(kDead)), TenureStep::Campaign);  // and not every time
}

TEST(Tenure, WhoHasJustLostTheLeaseHandsOverAtOnce) {
  Tenure tenure(kLease);
  ASSERT_EQ(tenure.next(true, true, at(0s)), TenureStep::Wait);
  ASSERT_EQ(tenure.next(false, true, at(1s)), TenureStep::Campaign);
  tenure.refused(at(1s));
  EXPECT_EQ(tenure.next(false, true, at(1s)), TenureStep::HandOver);
}

}  // namespace
}  // namespace forces::signaling
