// Octets choose events: what to do, when, and what a message says; and what holds of both cores.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <variant>

#include "common/core/time.hpp"
#include "proto/pl/message.hpp"
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

// Everything that is sent decodes.
template <class SendMessage, class Core>
void check_outputs(Core& core) {
  while (const auto output = core.poll_output()) {
    const auto* send = std::get_if<SendMessage>(&*output);
    if (send != nullptr && !pl::decode_message(send->octets)) std::abort();
  }
}

// A timer that is due may have a successor at the same instant, but not for ever.
template <class SendMessage, class Core>
void fire_when_due(Core& core, Events& events) {
  const auto due = core.next_deadline();
  if (!due) return;
  events.at(*due);
  for (int i = 0; i < 8; ++i) {
    core.on_timer(events.now());
    check_outputs<SendMessage>(core);
    const auto next = core.next_deadline();
    if (!next || *next > events.now()) return;
  }
  std::abort();
}

}  // namespace forces::fuzz
