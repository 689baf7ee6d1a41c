#include "common/runtime/timer.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace forces::runtime {

Timer::Timer() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}

Timer::~Timer() { ::close(fd_); }

void Timer::arm(std::optional<Instant> deadline) {
  if (deadline == armed_ || firing_) return;
  armed_ = deadline;
  itimerspec when{};  // all zero: disarmed
  if (deadline) {
    const auto at = std::max(*deadline, now() + kShortestWait).time_since_epoch().count();
    when.it_value = {at / 1'000'000'000, at % 1'000'000'000};
  }
  (void)::timerfd_settime(fd_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void Timer::fire() {
  firing_ = true;
  const itimerspec at_once{.it_interval = {}, .it_value = {0, 1}};
  (void)::timerfd_settime(fd_, 0, &at_once, nullptr);
}

void Timer::served() {
  std::uint64_t expirations = 0;
  (void)!::read(fd_, &expirations, sizeof expirations);
  armed_.reset();
  firing_ = false;
}

}  // namespace forces::runtime
