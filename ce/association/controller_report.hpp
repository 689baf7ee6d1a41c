// What the shell tells the operator: notes for the log, counters for the metrics.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ce/association/controller.hpp"
#include "tml/tml.h"

namespace forces::ce {

struct RedirectPortCounters;
struct RedirectFeCounters;

struct Note {
  Severity severity;
  std::string_view event;
  std::uint32_t element;
  std::string text;
};
using Notes = std::vector<Note>;

[[nodiscard]] Note note_of(const tmlx_event& event);
[[nodiscard]] std::vector<CounterSample> samples(const RedirectPortCounters& counters);
void append(std::vector<CounterSample>& all, const RedirectFeCounters& counters);

}  // namespace forces::ce
