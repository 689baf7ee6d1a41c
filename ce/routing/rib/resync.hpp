// When is the table that zebra sends after a connection complete? FRR sends no end marker (seen
// with 8.4.4; none in the source up to 10.5), so the end is inferred, and never from a timer that
// runs regardless of what arrives:
//
// * a marker (NLMSG_DONE) ends it at once;
// * when nothing was confirmed or added for `quiet`, it ends if the replay is believed whole: the
//   same zebra process sends its whole table in one walk (known by nlmsg_pid), and of a new process
//   `confirmed_percent` of the held routes must have come again;
// * else, the new zebra's protocols have not converged: it ends when nothing was confirmed or added
//   for `patience`;
// * `limit` after the connection it ends in any case, or a flapping table would never be swept.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/core/time.hpp"

namespace forces::ce::routing {

struct ResyncConfig {
  Duration quiet = std::chrono::seconds(2);
  unsigned confirmed_percent = 95;
  Duration patience = std::chrono::seconds(120);
  Duration limit = std::chrono::minutes(10);
};

class Resync {
 public:
  explicit Resync(const ResyncConfig& config) : config_(config) {}

  // The first message of a connection arrived while `held` routes were in the table.
  void begin(std::size_t held, bool same_sender, Instant now) {
    running_ = true;
    held_ = held;
    confirmed_ = 0;
    same_sender_ = same_sender;
    began_ = progress_ = now;
  }
  // A held route was confirmed or withdrawn, or a new one came.
  void on_progress(bool held, Instant now) {
    confirmed_ += held ? 1 : 0;
    progress_ = now;
  }
  void stop() { running_ = false; }

  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] std::optional<Instant> next_deadline() const {
    if (!running_) return std::nullopt;
    const bool whole = same_sender_ || confirmed_ * 100 >= held_ * config_.confirmed_percent;
    return std::min(progress_ + (whole ? config_.quiet : config_.patience), began_ + config_.limit);
  }

 private:
  ResyncConfig config_;
  bool running_ = false;
  bool same_sender_ = false;
  std::size_t held_ = 0, confirmed_ = 0;
  Instant began_{}, progress_{};
};

}  // namespace forces::ce::routing
