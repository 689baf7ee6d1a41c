#include "ce/multicast/scsp/core/hello.hpp"

#include <algorithm>

namespace forces::multicast::sync {

void HelloFsm::on_link_up(Instant now) {
  state_ = HelloState::Waiting;
  send_at_ = now;
}

void HelloFsm::on_link_down() { state_ = HelloState::Down; }

void HelloFsm::on_hello(const scsp::HelloPart& hello, bool listed, Instant now) {
  if (state_ == HelloState::Down) return;
  // The neighbour begins when it is listed: not only at the next interval.
  if (state_ == HelloState::Waiting) send_at_ = now;
  // Its timers, not ours; 0 is no time at all, and taken for 1.
  stalled_at_ = now + std::chrono::seconds(std::max<std::uint16_t>(hello.interval, 1)) *
                          std::max<std::uint16_t>(hello.dead_factor, 1);
  // A neighbour that does not list us has stopped hearing us: no reason to wait until it stalls.
  state_ = listed ? HelloState::Bidirectional : HelloState::Unidirectional;
}

void HelloFsm::on_abnormal() {
  if (heard()) state_ = HelloState::Waiting;
}

void HelloFsm::on_time(Instant now) {
  if (heard() && now >= stalled_at_) state_ = HelloState::Waiting;
}

bool HelloFsm::take_due(Instant now) {
  if (state_ == HelloState::Down || now < send_at_) return false;
  // Within the interval that we advertise, however late a timer is.
  send_at_ = now + Duration(interval_) * 7 / 8;
  return true;
}

std::optional<Instant> HelloFsm::next_deadline() const {
  if (state_ == HelloState::Down) return std::nullopt;
  return heard() ? std::min(send_at_, stalled_at_) : send_at_;
}

}  // namespace forces::multicast::sync
