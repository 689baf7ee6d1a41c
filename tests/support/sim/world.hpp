// A virtual clock and network: one queue of events in total order (time, then sequence number), so
// that the same seed gives the same run. Time passes only from event to event; nothing sleeps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string_view>
#include <utility>

#include "common/core/time.hpp"

namespace forces::test {

class World {
 public:
  explicit World(std::uint64_t seed = 1) : random_(seed) {}

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] std::mt19937_64& random() { return random_; }
  // 0 .. below-1; the standard distributions differ between libraries, this does not.
  [[nodiscard]] std::uint64_t pick(std::uint64_t below) { return random_() % below; }

  void at(Instant when, std::function<void()> what) {
    queue_.emplace(std::pair(std::max(when, now_), next_++), std::move(what));
  }
  void after(Duration wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }

  // False when `budget` events were not enough: a core that re-arms in the past spins for ever.
  [[nodiscard]] bool run_until(Instant end, int budget = 1'000'000) {
    while (!queue_.empty() && queue_.begin()->first.first <= end) {
      if (budget-- == 0) return false;
      auto next = queue_.extract(queue_.begin());
      now_ = next.key().first;
      next.mapped()();
    }
    now_ = end;
    return true;
  }
  [[nodiscard]] bool run_for(Duration time, int budget = 1'000'000) {
    return run_until(now_ + time, budget);
  }

  [[nodiscard]] std::size_t pending() const { return queue_.size(); }

  // What happened, as one number: FNV-1a over times and texts.
  void trace(std::string_view what) {
    mix(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    for (const char c : what) mix(static_cast<unsigned char>(c));
  }
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }

 private:
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3; }

  Instant now_{};
  std::uint64_t next_ = 0;
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> queue_;
  std::mt19937_64 random_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace forces::test
