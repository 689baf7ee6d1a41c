// Octets choose events: what to do, when, and what a message says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "common/core/time.hpp"
#include "proto/wire/reader.hpp"

namespace forces::fuzz {

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

}  // namespace forces::fuzz
