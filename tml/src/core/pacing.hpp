// How often: admission of handshakes, and an FE's attempts to reach its CE.
#pragma once

#include <algorithm>
#include <random>

#include "common/core/time.hpp"

namespace forces::tml {

// `rate` permits a second, `burst` at once.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}
  [[nodiscard]] bool available(Instant now) {
    if (now > last_) {
      const double seconds = std::chrono::duration<double>(now - last_).count();
      tokens_ = started_ ? std::min(burst_, tokens_ + seconds * rate_) : burst_;
      last_ = now;
      started_ = true;
    }
    return tokens_ >= 1;
  }
  [[nodiscard]] bool take(Instant now) {
    if (!available(now)) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double rate_, burst_, tokens_;
  Instant last_{};
  bool started_ = false;
};

// Exponential, with full jitter over its upper half: a thousand FEs that lose their CE at once come
// back spread out (row 18).
class Backoff {
 public:
  Backoff(Duration min, Duration max) : min_(min), max_(max) {}
  template <class Generator>
  [[nodiscard]] Duration next(Generator& random) {
    step_ = step_ == Duration{} ? min_ : std::min(max_, 2 * step_);
    std::uniform_int_distribution<Duration::rep> spread(step_.count() / 2, step_.count());
    return Duration(spread(random));
  }
  void reset() { step_ = {}; }
  void to_max() { step_ = max_; }

 private:
  Duration min_, max_, step_{};
};

}  // namespace forces::tml
