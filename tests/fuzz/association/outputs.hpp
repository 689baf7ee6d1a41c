// What holds of both cores of the association.
#pragma once

#include <variant>

#include "proto/pl/message.hpp"
#include "tests/fuzz/events.hpp"

namespace forces::fuzz {

// Everything that is sent decodes.
template <class SendMessage, class Core>
void check_outputs(Core& core) {
  while (const auto output = core.poll_output()) {
    const auto* send = std::get_if<SendMessage>(&*output);
    if (send != nullptr && !pl::decode_message(send->octets)) require(false);
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
  require(false);
}

}  // namespace forces::fuzz
