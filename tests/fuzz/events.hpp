// Octets choose events: what to do, when, and what a message says; what must hold; time that
// passes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "common/core/time.hpp"
#include "proto/wire/reader.hpp"

namespace forces::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

class Events {
 public:
  Events(const std::uint8_t* data, std::size_t size) : in_(std::as_bytes(std::span(data, size))) {}

  [[nodiscard]] bool more() const { return !in_.empty(); }
  std::uint8_t octet() { return in_.u8("event"); }
  wire::Bytes octets() {
    const std::size_t wanted = in_.u16("size");
    return in_.take(std::min(wanted, in_.remaining()), "octets");
  }
  // Moves the time on by up to about a minute.
  Instant pass() { return now_ += std::chrono::milliseconds(in_.u16("time")); }
  [[nodiscard]] Instant now() const { return now_; }
  void at(Instant now) { now_ = std::max(now_, now); }

 private:
  wire::ByteReader in_;
  Instant now_{};
};

// Until `end` each timer of a core fires when it is due, and moves; `drain` takes what it says.
template <class Core, class Drain>
void sleep_until(Core& core, Instant& now, Instant end, Drain&& drain) {
  for (int budget = 0; budget < 100'000; ++budget) {
    const auto due = core.next_deadline();
    if (!due || *due > end) break;
    require(*due >= now);
    now = *due;
    core.on_time(now);
    drain();
    const auto next = core.next_deadline();
    require(!next || *next > now);
  }
  now = end;
}

}  // namespace forces::fuzz
