// What a protocol layer on libtml tells its operator: events for the log, counters for the metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tml/tml.h"

namespace forces::daemon {

enum class Severity : std::uint8_t { Debug, Info, Warning, Error };

// Called on an I/O thread of libtml for what an operator wants to know; it must not block.
// `event` is a stable key ("association_up"), `element` the PL ID it is about (0: none).
using EventSink = std::function<void(Severity severity, std::string_view event,
                                     std::uint32_t element, std::string_view text)>;

// An event that waits until no mutex is held.
struct Note {
  Severity severity;
  std::string_view event;
  std::uint32_t element;
  std::string text;
};
using Notes = std::vector<Note>;

void tell(const EventSink& sink, const Notes& notes);
[[nodiscard]] Note note_of(const tmlx_event& event);

// One counter. Names are metric names without prefix and "_total"; `reason` is "" or a label value.
struct CounterSample {
  std::string_view name;
  std::string_view reason;
  std::uint64_t value = 0;
};
using CounterSamples = std::vector<CounterSample>;

}  // namespace forces::daemon
