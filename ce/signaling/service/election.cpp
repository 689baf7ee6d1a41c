#include "ce/signaling/service/election.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/runtime/timer.hpp"

namespace forces::signaling {

using namespace std::chrono_literals;

Election::Election(state::etcd::Options options, Hooks hooks)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      tenure_(options_.lease),
      thread_([this] { run(); }) {}

Election::~Election() { stop(); }

void Election::stop() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Election::give_up() {
  const std::scoped_lock lock(mutex_);
  holds_ = false;
  ++term_;
}

void Election::on_lost(std::uint64_t term, const std::string& why) {
  {
    const std::scoped_lock lock(mutex_);
    if (term != term_ || !std::exchange(holds_, false)) return;
  }
  hooks_.lost(why);
}

void Election::run() {
  const Duration pause = std::clamp<Duration>(Duration(options_.lease) / 10, 100ms, 1s);
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const bool holds = holds_;
    const std::uint64_t term = term_;
    lock.unlock();
    const Instant now = runtime::now();
    switch (tenure_.next(holds, hooks_.ours(), now)) {
      case TenureStep::Wait:
        break;
      case TenureStep::Campaign:
      case TenureStep::HandOver:
        campaign(now);
        break;
      case TenureStep::Resign:
        on_lost(term, "no FE of the node obeys this ce");
        break;
    }
    lock.lock();
    changed_.wait_for(lock, pause, [this] { return ending_; });
  }
}

void Election::campaign(Instant now) {
  auto options = options_;
  std::uint64_t term = 0;
  {
    const std::scoped_lock lock(mutex_);
    term = ++term_;
  }
  options.lease_hooks.lost = [this, term](const state::Failure& why) { on_lost(term, why.text); };
  options.lease_hooks.good_until = [this, term](Instant until) {
    const std::scoped_lock lock(mutex_);
    if (term == term_) hooks_.good_until(until);
  };
  std::string holder;
  auto backend = state::etcd::open(options, &holder);
  if (!backend) {
    hooks_.waits(backend.error().text);
    // Ours of before a restart will end by itself: there is nobody to hand anything to.
    if (holder.empty() || holder == options_.name) return;
    tenure_.refused(now);
    if (tenure_.next(false, hooks_.ours(), now) == TenureStep::HandOver) hooks_.hand_over(holder);
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    holds_ = true;
  }
  hooks_.won(std::move(*backend));
}

}  // namespace forces::signaling
