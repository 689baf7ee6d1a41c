// Two ce for one node (issue 4): who runs it, in virtual time. The FE and the controllers are the
// real cores with what they say to each other, heartbeat settings of FEPO among it; the lease in
// etcd is a model, and so is the thread that asks Tenure.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>

#include "ce/signaling/service/tenure.hpp"
#include "tests/sim/association/network.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::signaling {
namespace {

using namespace std::chrono_literals;
using test::Network;
using test::World;

constexpr Duration kLease = 10s, kPatience = 2 * kLease, kPause = 1s;
constexpr Duration kLate = 1s;  // etcd ends a lease so much later, or less
constexpr std::uint32_t kFe = 1;
// A channel that is lost and the FE's patience, a lease that ends, and who asks for it in turns.
constexpr Duration kFollows = kLease + kLate + kPause + 3s;

struct Candidate {
  Tenure tenure{kLease};
  bool etcd = true;  // reached
  bool holds = false;
  int taken = 0;  // how often it began to run the node
  Instant good_until{}, renew_at{};
};

class Model {
 public:
  explicit Model(std::uint64_t seed) : world_(seed), net_(world_, 2, 1) {
    net_.fe_config(0).fepo.failover_policy = 1;
    net_.fe_config(0).fepo.failover_timeout = 24h;
    net_.fe_config(0).fepo.ha_mode = 2;
    // As in a ce without a configuration of it: the FE is told what CEHDI is.
    for (std::size_t i : {0U, 1U}) net_.ce_config(i).heartbeat = {};
    net_.start();
    for (std::size_t i : {0U, 1U}) tick(i);
    look();
  }

  void run(Duration time) { ASSERT_TRUE(world_.run_for(time)); }
  [[nodiscard]] Duration pick(Duration below) {
    return std::chrono::milliseconds(world_.pick(static_cast<std::uint64_t>(below / 1ms)));
  }
  // Runs until one acts for whom the FE is, at most so long.
  [[nodiscard]] std::optional<std::size_t> actor_within(Duration limit) {
    for (const Instant end = now() + limit;; run(100ms)) {
      for (std::size_t i : {0U, 1U}) {
        if (acts(i) && ours(i)) return i;
      }
      if (now() >= end || testing::Test::HasFailure()) return std::nullopt;
    }
  }
  void crash(std::size_t i) {
    if (!net_.ce_runs(i)) return;
    net_.crash_ce(i);
    all_[i] = {.etcd = all_[i].etcd, .taken = all_[i].taken};
  }
  void start(std::size_t i) {
    if (!net_.ce_runs(i)) net_.start_ce(i);
  }
  void cut(std::size_t i, bool is) {
    if (is) {
      net_.cut(0, i);
    } else {
      net_.mend(0, i);
    }
  }
  void restart_fe() {
    net_.crash_fe(0);
    net_.start_fe(0);
  }
  void reach_etcd(std::size_t i, bool is) { all_[i].etcd = is; }
  [[nodiscard]] bool reaches_etcd(std::size_t i) const { return all_[i].etcd; }

  [[nodiscard]] Instant now() const { return world_.now(); }
  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] bool runs(std::size_t i) const { return net_.ce_runs(i); }
  [[nodiscard]] bool ours(std::size_t i) {
    return net_.ce_runs(i) && net_.ce(i).is_master(kFe) &&
           net_.fe(0).values().protocol.ce_id == id(i);
  }
  [[nodiscard]] bool acts(std::size_t i) const {
    return net_.ce_runs(i) && all_[i].holds && now() < all_[i].good_until;
  }
  [[nodiscard]] int taken(std::size_t i) const { return all_[i].taken; }

 private:
  static std::uint32_t id(std::size_t i) { return test::kFirstCe + static_cast<std::uint32_t>(i); }

  void look() {  // never two act
    EXPECT_FALSE(acts(0) && acts(1)) << now().time_since_epoch().count();
    world_.after(100ms, [this] { look(); });
  }
  void tick(std::size_t i) {
    if (net_.ce_runs(i)) step(i);
    world_.after(kPause - pick(100ms), [this, i] { tick(i); });
  }
  void step(std::size_t i) {
    Candidate& one = all_[i];
    if (holder_ && now() >= expires_) holder_.reset();
    if (one.holds && now() >= one.good_until) one.holds = false;
    if (one.holds && one.etcd && now() >= one.renew_at) renew(i);
    switch (one.tenure.next(one.holds, net_.ce(i).is_master(kFe), now())) {
      case TenureStep::Wait:
        break;
      case TenureStep::Resign:
        one.holds = false;
        if (one.etcd && holder_ == i) holder_.reset();
        break;
      case TenureStep::Campaign:
      case TenureStep::HandOver:
        campaign(i);
    }
  }
  void renew(std::size_t i) {
    if (holder_ != i) {
      all_[i].holds = false;  // etcd has ended it
      return;
    }
    all_[i].good_until = now() + kLease;
    all_[i].renew_at = now() + kLease / 3;
    expires_ = now() + kLease + pick(kLate);
  }
  void campaign(std::size_t i) {
    Candidate& one = all_[i];
    if (!one.etcd) return;
    if (!holder_) {
      holder_ = i;
      one.holds = true;
      ++one.taken;
      return renew(i);
    }
    if (holder_ == i) return;  // of before a restart
    const bool ours = net_.ce(i).is_master(kFe);
    one.tenure.refused(now());
    if (one.tenure.next(false, ours, now()) != TenureStep::HandOver || !ours) return;
    (void)net_.ce(i).switch_master(kFe, id(*holder_), now());
    net_.poke_ce(i);
  }

  World world_;
  Network net_;
  std::array<Candidate, 2> all_{};
  std::optional<std::size_t> holder_;
  Instant expires_{};
};

constexpr std::uint64_t kSeeds = 60;

TEST(TakeoverSim, AKilledCeIsFollowedWithinItsLeaseAndTheLeaseIsTakenOnce) {
  test::play_seeds(test::seeds(kSeeds), [](std::uint64_t seed) {
    Model model(seed);
    ASSERT_EQ(model.actor_within(10s), 0U);
    model.run(1min + model.pick(kPatience));
    model.crash(0);
    ASSERT_EQ(model.actor_within(kFollows), 1U);
    EXPECT_EQ(model.taken(1), 1);
    model.start(0);  // who comes back stands by
    model.run(10min);
    EXPECT_EQ(model.actor_within(0s), 1U);
    EXPECT_EQ(model.taken(0) + model.taken(1), 2);
  });
}

TEST(TakeoverSim, OneThatIsBackBeforeItsLeaseEndsDisturbsNobody) {
  test::play_seeds(test::seeds(kSeeds), [](std::uint64_t seed) {
    Model model(seed);
    ASSERT_EQ(model.actor_within(10s), 0U);
    model.run(1min);
    model.crash(0);
    const Duration away = model.pick(kLease);
    model.run(away);
    model.start(0);
    ASSERT_TRUE(model.actor_within(kFollows - away));
    model.run(10min);
    EXPECT_TRUE(model.actor_within(0s));
    EXPECT_EQ(model.taken(0) + model.taken(1), 2);
  });
}

TEST(TakeoverSim, AnFeThatWasCutOffGoesBackToWhoRunsTheNode) {
  test::play_seeds(test::seeds(kSeeds), [](std::uint64_t seed) {
    Model model(seed);
    ASSERT_EQ(model.actor_within(10s), 0U);
    model.run(1min);
    model.cut(0, true);
    model.run(1500ms + model.pick(5s));
    model.cut(0, false);
    EXPECT_FALSE(model.ours(0));
    ASSERT_EQ(model.actor_within(kLease + kLease / 4 + kPause + 1s), 0U);
    model.run(10min);
    EXPECT_EQ(model.actor_within(0s), 0U);
    EXPECT_EQ(model.taken(1), 0);
  });
}

// Cut off for longer the lease follows the FE, or the FE goes back.
TEST(TakeoverSim, AChannelThatBreaksDoesNotTakeTheNodeAway) {
  test::play_seeds(test::seeds(kSeeds), [](std::uint64_t seed) {
    Model model(seed);
    ASSERT_EQ(model.actor_within(10s), 0U);
    model.run(1min);
    model.cut(0, true);
    model.run(model.pick(1min));
    model.cut(0, false);
    ASSERT_TRUE(model.actor_within(kPatience + kPause + 3s));
    model.run(10min);
    EXPECT_TRUE(model.actor_within(0s));
  });
}

// They are killed in turns, for an hour: whenever nothing happens for a while one acts.
TEST(TakeoverSim, APairThatFlapsDoesNotStarveTheFe) {
  test::play_seeds(test::seeds(kSeeds) / 6 + 1, [](std::uint64_t seed) {
    Model model(seed);
    for (const Instant end = model.now() + 1h; model.now() < end;) {
      const std::size_t i = model.world().pick(2);
      model.crash(i);
      model.run(model.pick(3s));
      model.start(i);
      model.run(model.pick(3s));
      if (model.world().pick(3) != 0) continue;
      ASSERT_TRUE(model.actor_within(2 * kFollows));
    }
  });
}

// Whatever fails: never two act, and when all is well again one has both the lease and the FE.
TEST(TakeoverSim, NeverTwoActAndTheLeaseAndTheFeComeTogether) {
  test::play_seeds(test::seeds(kSeeds) / 2, [](std::uint64_t seed) {
    Model model(seed);
    std::array<bool, 2> cut{};
    for (const Instant end = model.now() + 20min; model.now() < end;) {
      model.run(model.pick(20s));
      const std::size_t i = model.world().pick(2);
      switch (model.world().pick(5)) {
        case 0:
          model.reach_etcd(i, !model.reaches_etcd(i));
          break;
        case 1:
          cut[i] = !cut[i];
          model.cut(i, cut[i]);
          break;
        case 2:
          model.crash(i);
          break;
        case 3:
          model.start(i);
          break;
        default:
          model.restart_fe();
      }
      ASSERT_FALSE(testing::Test::HasFailure());
    }
    for (std::size_t i : {0U, 1U}) {
      model.start(i);
      model.reach_etcd(i, true);
      model.cut(i, false);
    }
    model.run(4 * kPatience);
    const auto who = model.actor_within(0s);
    ASSERT_TRUE(who);
    for (int minute = 0; minute < 60; ++minute) {  // and so it stays
      model.run(1min);
      EXPECT_EQ(model.actor_within(0s), who);
    }
  });
}

}  // namespace
}  // namespace forces::signaling
