// The connecting end of a channel: connect, and connect again with jittered back-off (row 18).
#pragma once

#include <memory>
#include <random>
#include <string>

#include "tml/src/core/pacing.hpp"
#include "tml/src/net/loop.hpp"

namespace forces::tml {

class Channel;

struct DialTarget {
  std::string address;
  std::uint16_t port = 0;
  Duration backoff_min{}, backoff_max{};
};

class Dialer final : public Timed {
 public:
  Dialer(Channel& channel, DialTarget target, std::uint64_t seed);
  ~Dialer();

  // Connects now, or for a data channel as soon as its control channel is up.
  void start();
  void cancel();
  void succeeded() { backoff_.reset(); }
  void lost(tmlx_reason reason, bool peer_closed, bool was_up, const std::string& detail);

  std::optional<Instant> deadline() const override { return at_; }
  void on_timer(Instant now) override;

 private:
  void connect();
  void retry(const std::string& why, bool report);

  Channel& channel_;
  Loop& loop_;
  const DialTarget target_;
  Backoff backoff_;
  std::mt19937_64 random_;
  std::optional<Instant> at_;
  bool active_ = false;
  std::shared_ptr<struct Attempt> attempt_;
};

}  // namespace forces::tml
