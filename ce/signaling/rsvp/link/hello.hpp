// RFC 3209 section 5 as RFC 3473 section 9.3 and RFC 4558 change it: is the neighbour there, and is
// it the process that it was.
#pragma once

#include <cstdint>

#include "ce/signaling/rsvp/snapshot.hpp"
#include "proto/rsvp/object/control.hpp"

namespace forces::signaling::engine {

enum class HelloVerdict : std::uint8_t {
  Same,       // nothing new
  Up,         // for the first time
  Lost,       //
  Back,       // the instance that it was: the fault was the channel's
  Restarted,  // another one; a Lost came before, or comes with it
};

class HelloFsm {
 public:
  // Our instance stays what it is as long as this process lives, also over a loss (RFC 3473 section
  // 9.3: "Src_Instance should be unchanged"): a new one says that state was lost.
  HelloFsm(std::uint32_t instance, Duration interval, Instant now)
      : ours_(instance), interval_(interval), since_(now), send_at_(now) {}

  // A HELLO REQUEST is to be answered with answer(), after this.
  [[nodiscard]] HelloVerdict on_hello(const rsvp::Hello& hello, Instant now);
  [[nodiscard]] HelloVerdict on_time(Instant now);  // Lost, or Same

  // When to look at this again.
  [[nodiscard]] Instant next() const;
  // Once for every time: false while the neighbour asks (section 5.3), or too early.
  [[nodiscard]] bool take_turn(Instant now);
  [[nodiscard]] rsvp::Hello request() const { return {false, ours_, reported_}; }
  [[nodiscard]] rsvp::Hello answer() const { return {true, ours_, reported_}; }

  [[nodiscard]] NeighborState state() const { return state_; }
  [[nodiscard]] Instant since() const { return since_; }
  [[nodiscard]] std::uint32_t ours() const { return ours_; }
  [[nodiscard]] std::uint32_t theirs() const { return theirs_; }
  // Longer ago than is usual, which is not yet a loss. Where each suppresses its REQUESTs for those
  // of the other, two intervals may pass.
  [[nodiscard]] bool long_ago(Instant then, Instant now) const {
    return now - then > interval_ * 9 / 4;
  }
  [[nodiscard]] Instant heard() const { return heard_; }
  void set_interval(Duration interval) { interval_ = interval; }

 private:
  void enter(NeighborState state, Instant now) {
    state_ = state;
    since_ = now;
  }
  HelloVerdict lose(Instant now, std::uint32_t reported);

  std::uint32_t ours_;
  std::uint32_t theirs_ = 0;    // of the last time that Hellos passed both ways; kept over a loss
  std::uint32_t reported_ = 0;  // Dst_Instance: what it last said, 0 while it is silent
  NeighborState state_ = NeighborState::Unknown;
  Duration interval_;
  Instant since_, send_at_;
  Instant heard_{}, asked_ = Instant::min();
  unsigned wrong_ = 0;  // REQUESTs in a row that reflect an instance that is not ours
};

}  // namespace forces::signaling::engine
