#include "ce/signaling/rsvp/link/hello.hpp"

#include <algorithm>

namespace forces::signaling::engine {
namespace {
constexpr unsigned kWrongLimit = 3;
}

HelloVerdict HelloFsm::lose(Instant now, std::uint32_t reported) {
  reported_ = reported;
  wrong_ = 0;
  if (state_ != NeighborState::Up) return HelloVerdict::Same;
  enter(NeighborState::Lost, now);
  return HelloVerdict::Lost;
}

HelloVerdict HelloFsm::on_hello(const rsvp::Hello& hello, Instant now) {
  if (!hello.ack) asked_ = now;
  if (hello.source_instance == 0) return lose(now, 0);
  heard_ = now;
  const bool reflected = hello.destination_instance == ours_;
  if (state_ == NeighborState::Up) {
    if (hello.source_instance == theirs_) {
      if (reflected) {
        wrong_ = 0;
        return HelloVerdict::Same;
      }
      // 0: it lost us. Another value: what it knew before we started; in a REQUEST for a while.
      const bool patience = hello.destination_instance != 0 && !hello.ack && ++wrong_ < kWrongLimit;
      return patience ? HelloVerdict::Same : lose(now, hello.source_instance);
    }
    if (!reflected) return lose(now, hello.source_instance);  // Restarted when it reflects us
  }
  reported_ = hello.source_instance;
  if (!reflected) return HelloVerdict::Same;
  const std::uint32_t before = theirs_;
  theirs_ = hello.source_instance;
  wrong_ = 0;
  enter(NeighborState::Up, now);
  if (before == 0) return HelloVerdict::Up;
  return before == theirs_ ? HelloVerdict::Back : HelloVerdict::Restarted;
}

HelloVerdict HelloFsm::on_time(Instant now) {
  // RFC 3209 section 5.3: 3.5 intervals.
  if (state_ == NeighborState::Up && now >= heard_ + interval_ * 7 / 2) return lose(now, 0);
  if (state_ == NeighborState::Lost && now >= heard_ + interval_ * 7 / 2) reported_ = 0;
  return HelloVerdict::Same;
}

Instant HelloFsm::next() const {
  if (state_ != NeighborState::Up) return send_at_;
  return std::min(send_at_, heard_ + interval_ * 7 / 2);
}

bool HelloFsm::take_turn(Instant now) {
  if (now < send_at_) return false;
  send_at_ = now + interval_;
  // Its REQUESTs and our answers say all that is to say. Only where they pass: one that does not
  // hear us asks as well.
  const bool it_asks = asked_ != Instant::min() && now - asked_ < interval_;
  return !(it_asks && state_ == NeighborState::Up);
}

}  // namespace forces::signaling::engine
