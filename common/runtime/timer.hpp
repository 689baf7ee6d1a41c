// The clock and the one timer of a shell around a core: the core names its next deadline, the
// timer's descriptor can be read once that has come.
#pragma once

#include <chrono>
#include <optional>

#include "common/core/time.hpp"

namespace forces::runtime {

[[nodiscard]] inline Instant now() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

// Not thread-safe: it is guarded as the core is.
class Timer {
 public:
  Timer();
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  // In place of the deadline before; nothing: none. It fires no sooner than kShortestWait from now.
  void arm(std::optional<Instant> deadline);
  // At once; arm() waits until that was served.
  void fire();
  // The descriptor was readable: it is not any more, and nothing is armed.
  void served();

  // However wrong a deadline is, the timer does not spin.
  static constexpr Duration kShortestWait = std::chrono::milliseconds(2);

 private:
  int fd_;
  std::optional<Instant> armed_;
  bool firing_ = false;
};

}  // namespace forces::runtime
