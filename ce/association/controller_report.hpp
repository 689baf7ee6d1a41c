// What the shell tells the operator: events for the log, counters for the metrics.
#pragma once

#include "ce/association/controller_core.hpp"
#include "tml/daemon/events.hpp"

namespace forces::ce {

struct RedirectPortCounters;
struct RedirectFeCounters;

[[nodiscard]] daemon::Note note_of(const FeChanged& changed);
[[nodiscard]] daemon::CounterSamples samples(const RedirectPortCounters& counters);
void append(daemon::CounterSamples& all, const RedirectFeCounters& counters);

}  // namespace forces::ce
