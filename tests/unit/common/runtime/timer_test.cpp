#include "common/runtime/timer.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/timerfd.h>

namespace forces::runtime {
namespace {

using namespace std::chrono_literals;

// Waits at most this long for it to be due.
bool due(const Timer& timer, std::chrono::milliseconds bound) {
  pollfd wanted{timer.fd(), POLLIN, 0};
  return ::poll(&wanted, 1, static_cast<int>(bound.count())) == 1;
}

TEST(Timer, IsDueAtItsDeadlineAndNotBefore) {
  Timer timer;
  EXPECT_FALSE(due(timer, 0ms));
  const Instant deadline = now() + 20ms;
  timer.arm(deadline);
  ASSERT_TRUE(due(timer, 10s));
  EXPECT_GE(now(), deadline);
}

TEST(Timer, ADeadlineInThePastDoesNotSpin) {
  Timer timer;
  const Instant before = now();
  timer.arm(before - 1h);
  ASSERT_TRUE(due(timer, 10s));
  EXPECT_GE(now(), before + Timer::kShortestWait);
}

TEST(Timer, ServedIsUnarmedAndTheSameDeadlineCanBeArmedAgain) {
  Timer timer;
  const Instant deadline = now();
  timer.arm(deadline);
  ASSERT_TRUE(due(timer, 10s));
  timer.served();
  EXPECT_FALSE(due(timer, 0ms));
  timer.arm(deadline);
  EXPECT_TRUE(due(timer, 10s));
}

TEST(Timer, NoDeadlineDisarms) {
  Timer timer;
  timer.arm(now());
  ASSERT_TRUE(due(timer, 10s));
  timer.arm(std::nullopt);
  EXPECT_FALSE(due(timer, 0ms));
  itimerspec left{};
  ASSERT_EQ(::timerfd_gettime(timer.fd(), &left), 0);
  EXPECT_EQ(left.it_value.tv_sec, 0);
  EXPECT_EQ(left.it_value.tv_nsec, 0);
}

TEST(Timer, WhatFiresAtOnceIsNotPutOffByADeadline) {
  Timer timer;
  timer.fire();
  timer.arm(now() + 1h);
  ASSERT_TRUE(due(timer, 10s));
  timer.served();
  timer.arm(now());
  EXPECT_TRUE(due(timer, 10s));
}

}  // namespace
}  // namespace forces::runtime
