// Who runs a node: Tenure with a lease and an FE of a model, in virtual time.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string>

#include "ce/signaling/service/tenure.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::signaling {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 10s, kPatience = 2 * kLease, kStep = 100ms;
constexpr int kNobody = -1;

Instant at(Duration since) { return Instant(since); }

TEST(Tenure, WhoHasFesCampaignsAtOnceAndWhoHasNoneWaits) {
  Tenure with(kPatience), without(kPatience);
  EXPECT_EQ(with.next(false, true, at(0s)), TenureStep::Campaign);
  EXPECT_EQ(without.next(false, false, at(0s)), TenureStep::Wait);
  EXPECT_EQ(without.next(false, false, at(kPatience - 1ns)), TenureStep::Wait);
  EXPECT_EQ(without.next(false, false, at(kPatience)), TenureStep::Campaign);
}

TEST(Tenure, AHolderWithoutFesResignsAndOneWithFesDoesNot) {
  Tenure tenure(kPatience);
  EXPECT_EQ(tenure.next(true, true, at(0s)), TenureStep::Wait);
  EXPECT_EQ(tenure.next(true, true, at(1h)), TenureStep::Wait);
  EXPECT_EQ(tenure.next(true, false, at(1h + 1s)), TenureStep::Wait);
  EXPECT_EQ(tenure.next(true, true, at(1h + 2s)), TenureStep::Wait);  // it was a short one
  EXPECT_EQ(tenure.next(true, false, at(2h)), TenureStep::Wait);
  EXPECT_EQ(tenure.next(true, false, at(2h + kPatience)), TenureStep::Resign);
}

TEST(Tenure, FesAreHandedToAHolderOnlyWhenItMustBeAlive) {
  Tenure tenure(kPatience);
  for (Duration now = 0s; now < kPatience; now += 1s) {
    ASSERT_EQ(tenure.next(false, true, at(now)), TenureStep::Campaign) << now.count();
    tenure.refused(at(now));
  }
  ASSERT_EQ(tenure.next(false, true, at(kPatience)), TenureStep::Campaign);
  tenure.refused(at(kPatience));
  EXPECT_EQ(tenure.next(false, true, at(kPatience)), TenureStep::HandOver);
  EXPECT_EQ(tenure.next(false, true, at(kPatience)), TenureStep::Campaign);  // and not every time
}

TEST(Tenure, WhoHasJustLostTheLeaseHandsOverAtOnce) {
  Tenure tenure(kPatience);
  ASSERT_EQ(tenure.next(true, true, at(0s)), TenureStep::Wait);
  ASSERT_EQ(tenure.next(false, true, at(1s)), TenureStep::Campaign);
  tenure.refused(at(1s));
  EXPECT_EQ(tenure.next(false, true, at(1s)), TenureStep::HandOver);
}

struct Candidate {
  Tenure tenure{kPatience};
  bool alive = true, etcd = true, fe = true;  // reached
  bool holds = false;
  Instant good_until{}, renew_at{};
};

// Two candidates, one FE with hot standby, one lease.
struct Model {
  std::array<Candidate, 2> all{};
  int holder = kNobody, master = 0;
  Instant expires{}, now{};

  [[nodiscard]] bool reaches_fe(int i) const { return i >= 0 && all[i].alive && all[i].fe; }
  [[nodiscard]] bool ours(int i) const { return master == i && reaches_fe(i); }
  [[nodiscard]] bool acts(int i) const {
    return all[i].alive && all[i].holds && now < all[i].good_until;
  }
  void step() {
    now += kStep;
    if (holder != kNobody && now >= expires) holder = kNobody;
    if (!reaches_fe(master)) master = reaches_fe(0) ? 0 : reaches_fe(1) ? 1 : kNobody;
    for (int i = 0; i < 2; ++i) step(i);
  }
  void step(int i) {
    Candidate& one = all[i];
    if (!one.alive) return;
    if (one.holds && now >= one.good_until) one.holds = false;
    if (one.holds && one.etcd && now >= one.renew_at) renew(i);
    switch (one.tenure.next(one.holds, ours(i), now)) {
      case TenureStep::Wait:
        break;
      case TenureStep::Resign:
        one.holds = false;
        if (one.etcd && holder == i) holder = kNobody;
        break;
      case TenureStep::Campaign:
      case TenureStep::HandOver:
        campaign(i);
    }
  }
  void renew(int i) {
    all[i].good_until = now + kLease;
    all[i].renew_at = now + kLease / 3;
    expires = now + kLease;
  }
  void campaign(int i) {
    Candidate& one = all[i];
    if (!one.etcd) return;
    if (holder == kNobody || holder == i) {
      holder = i;
      one.holds = true;
      return renew(i);
    }
    one.tenure.refused(now);
    if (one.tenure.next(false, ours(i), now) != TenureStep::HandOver) return;
    if (reaches_fe(holder)) master = holder;
  }
  void crash(int i) { all[i] = {.alive = false, .etcd = all[i].etcd, .fe = all[i].fe}; }
};

// Whatever fails: never two act, and when all is well again one has both the lease and the FE.
TEST(TenureSim, NeverTwoActAndTheLeaseAndTheFeComeTogether) {
  forces::test::play_seeds(forces::test::seeds(3) * 20, [](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Model model;
    const auto run = [&](Duration time, bool faults) {
      for (const Instant end = model.now + time; model.now < end;) {
        if (faults && random() % 100 == 0) {
          const int i = static_cast<int>(random() % 2);
          switch (random() % 4) {
            case 0:
              model.all[i].etcd = !model.all[i].etcd;
              break;
            case 1:
              model.all[i].fe = !model.all[i].fe;
              break;
            case 2:
              model.crash(i);
              break;
            default:
              model.all[i].alive = true;
          }
        }
        model.step();
        ASSERT_FALSE(model.acts(0) && model.acts(1)) << model.now.time_since_epoch().count();
      }
    };
    ASSERT_NO_FATAL_FAILURE(run(20min, true));
    for (Candidate& one : model.all) one.alive = one.etcd = one.fe = true;
    ASSERT_NO_FATAL_FAILURE(run(4 * kPatience, false));
    const int who = model.holder;
    ASSERT_NE(who, kNobody);
    EXPECT_TRUE(model.acts(who));
    EXPECT_EQ(model.master, who);
    ASSERT_NO_FATAL_FAILURE(run(1h, false));
    EXPECT_EQ(model.holder, who);  // and so it stays
    EXPECT_EQ(model.master, who);
  });
}

}  // namespace
}  // namespace forces::signaling
