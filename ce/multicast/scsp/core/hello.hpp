// The Hello FSM of one neighbour (RFC 2334 section 2.1).
#pragma once

#include <optional>

#include "ce/multicast/scsp/events.hpp"
#include "proto/scsp/packet.hpp"

namespace forces::multicast::sync {

class HelloFsm {
 public:
  explicit HelloFsm(std::chrono::seconds interval) : interval_(interval) {}

  void on_link_up(Instant now);
  void on_link_down();
  // `listed`: we are among its Receiver IDs.
  void on_hello(const scsp::HelloPart& hello, bool listed, Instant now);
  void on_abnormal();
  void on_time(Instant now);

  [[nodiscard]] HelloState state() const { return state_; }
  // Whether our Hellos list it.
  [[nodiscard]] bool heard() const { return state_ >= HelloState::Unidirectional; }
  // A Hello is due: then it is taken to be sent.
  [[nodiscard]] bool take_due(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

 private:
  std::chrono::seconds interval_;
  HelloState state_ = HelloState::Down;
  Instant send_at_{};
  Instant stalled_at_{};  // when heard
};

}  // namespace forces::multicast::sync
