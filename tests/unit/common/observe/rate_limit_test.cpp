#include "common/observe/rate_limit.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace forces::observe {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

TEST(RateLimiter, LetsABurstPassAndHoldsTheRestBack) {
  RateLimiter limiter({.burst = 3, .interval = 1s});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.admit("a", kStart), 0U) << i;
  EXPECT_EQ(limiter.admit("a", kStart), std::nullopt);
  EXPECT_EQ(limiter.admit("a", kStart + 999ms), std::nullopt);
}

TEST(RateLimiter, TheFirstLineOfTheNextIntervalTellsHowManyWereHeldBack) {
  RateLimiter limiter({.burst = 1, .interval = 1s});
  EXPECT_EQ(limiter.admit("a", kStart), 0U);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(limiter.admit("a", kStart + 1ms), std::nullopt);
  EXPECT_EQ(limiter.admit("a", kStart + 1s), 7U);
  EXPECT_EQ(limiter.admit("a", kStart + 2s), 0U);  // told once
  EXPECT_EQ(limiter.suppressed_total(), 7U);
}

TEST(RateLimiter, KeysHaveBudgetsOfTheirOwn) {
  RateLimiter limiter({.burst = 1, .interval = 1s});
  EXPECT_TRUE(limiter.admit("a", kStart));
  EXPECT_TRUE(limiter.admit("b", kStart));
  EXPECT_FALSE(limiter.admit("a", kStart));
}

TEST(RateLimiter, ForgetsTheQuietestKeyRatherThanGrowing) {
  RateLimiter limiter({.burst = 1, .interval = 1s});
  ASSERT_TRUE(limiter.admit("oldest", kStart));
  for (std::size_t i = 0; i < RateLimiter::kMaxKeys; ++i) {
    ASSERT_TRUE(limiter.admit(std::to_string(i), kStart + 1ms));
  }
  EXPECT_EQ(limiter.keys(), RateLimiter::kMaxKeys);
  EXPECT_FALSE(limiter.admit("0", kStart + 2ms));      // still known
  EXPECT_TRUE(limiter.admit("oldest", kStart + 2ms));  // forgotten, so new
  EXPECT_EQ(limiter.keys(), RateLimiter::kMaxKeys);
}

TEST(RateLimiter, ANewLimitHoldsForKnownKeys) {
  RateLimiter limiter({.burst = 1, .interval = 1s});
  ASSERT_TRUE(limiter.admit("a", kStart));
  ASSERT_FALSE(limiter.admit("a", kStart));
  limiter.set_limit({.burst = 2, .interval = 1s});
  EXPECT_TRUE(limiter.admit("a", kStart));
}

}  // namespace
}  // namespace forces::observe
