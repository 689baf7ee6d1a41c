// How often (rows 13, 18), and how long things took.
#include "tml/src/core/pacing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tml/src/core/histogram.hpp"

namespace forces::tml {
namespace {

using namespace std::chrono_literals;

Instant at(Duration d) { return Instant{1000s} + d; }

// How many permits there are at `now`, all of them taken.
int take_all(TokenBucket& bucket, Instant now) {
  int taken = 0;
  while (bucket.take(now) && taken < 1000) ++taken;
  return taken;
}

TEST(TmlTokenBucket, GivesABurstAndThenItsRate) {
  TokenBucket bucket(10, 5);
  EXPECT_EQ(take_all(bucket, at(0s)), 5);
  EXPECT_EQ(take_all(bucket, at(99ms)), 0);
  EXPECT_EQ(take_all(bucket, at(101ms)), 1);
  EXPECT_EQ(take_all(bucket, at(401ms)), 3);
  EXPECT_EQ(take_all(bucket, at(60s)), 5);  // never more than the burst
}

TEST(TmlTokenBucket, LookingTakesNothing) {
  TokenBucket bucket(1, 1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.available(at(0s)));
  EXPECT_TRUE(bucket.take(at(0s)));
  EXPECT_FALSE(bucket.available(at(0s)));
}

TEST(TmlTokenBucket, ManySmallStepsAddUp) {
  TokenBucket bucket(100, 1000);
  EXPECT_EQ(take_all(bucket, at(0s)), 1000);
  int taken = 0;
  for (Duration t = 0s; t < 1s; t += 1ms)
    if (bucket.take(at(t))) ++taken;
  EXPECT_NEAR(taken, 100, 1);
}

TEST(TmlTokenBucket, TimeThatStandsStillOrGoesBackGivesNothing) {
  TokenBucket bucket(10, 1);
  EXPECT_TRUE(bucket.take(at(10s)));
  EXPECT_FALSE(bucket.take(at(10s)));
  EXPECT_FALSE(bucket.take(at(5s)));
  EXPECT_TRUE(bucket.take(at(10101ms)));
}

TEST(TmlBackoff, DoublesFromMinimumToMaximumAndSpreadsOverTheUpperHalf) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    Backoff backoff(100ms, 30s);
    for (Duration step = 100ms; step < 30s; step *= 2) {
      const Duration wait = backoff.next(random);
      ASSERT_GE(wait, step / 2) << seed;
      ASSERT_LE(wait, step) << seed;
    }
    for (int i = 0; i < 10; ++i) {
      const Duration wait = backoff.next(random);
      ASSERT_GE(wait, 15s);
      ASSERT_LE(wait, 30s);
    }
  }
}

TEST(TmlBackoff, AThousandThatFailTogetherComeBackApart) {
  std::mt19937_64 random(7);
  std::vector<int> slots(10);  // of the upper half of the step
  for (int i = 0; i < 1000; ++i) {
    Backoff backoff(1s, 30s);
    const Duration wait = backoff.next(random) - 500ms;
    ++slots.at(static_cast<std::size_t>(std::min<Duration::rep>(wait / 50ms, 9)));
  }
  EXPECT_THAT(slots, testing::Each(testing::Gt(50)));
}

TEST(TmlBackoff, TheSameSeedWaitsTheSame) {
  std::mt19937_64 one(3), two(3);
  Backoff a(100ms, 30s), b(100ms, 30s);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(a.next(one), b.next(two));
}

TEST(TmlBackoff, SuccessStartsOverAndRefusalGoesToTheMaximum) {
  std::mt19937_64 random(1);
  Backoff backoff(100ms, 30s);
  backoff.to_max();
  EXPECT_GE(backoff.next(random), 15s);
  backoff.reset();
  EXPECT_LE(backoff.next(random), 100ms);
}

TEST(TmlHistogram, ABucketHoldsWhatIsBelowItsPowerOfTwo) {
  struct Case {
    std::int64_t ns;
    std::size_t bucket;
  };
  for (const Case& c : {Case{-5, 0}, Case{0, 0}, Case{999, 0}, Case{1000, 1}, Case{1999, 1},
                        Case{2000, 2}, Case{3999, 2}, Case{4000, 3}, Case{1'000'000, 10},
                        Case{4'194'304'000, 23}, Case{INT64_MAX, 23}}) {
    Histogram histogram;
    histogram.add_ns(c.ns);
    EXPECT_EQ(histogram.bucket(c.bucket), 1U) << c.ns;
    EXPECT_EQ(histogram.count(), 1U);
    EXPECT_EQ(histogram.sum_us(), c.ns > 0 ? static_cast<std::uint64_t>(c.ns) / 1000 : 0);
  }
}

}  // namespace
}  // namespace forces::tml
