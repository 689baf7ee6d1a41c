// What the shell tells the operator: events for the log, counters for the metrics.
#pragma once

#include <optional>

#include "ce/association/core/controller_core.hpp"
#include "tml/daemon/events.hpp"

namespace forces::ce {

struct RedirectPortCounters;
struct RedirectFeCounters;

[[nodiscard]] daemon::Note note_of(const FeChanged& changed);
// Of what happens to an FE's rows, ports and mastership; nullopt: no line.
[[nodiscard]] std::optional<daemon::Note> note_of(const MasterChanged& changed);
[[nodiscard]] std::optional<daemon::Note> note_of(const InventoryChanged& changed);
[[nodiscard]] std::optional<daemon::Note> note_of(const PortStatus& port);
[[nodiscard]] std::optional<daemon::Note> note_of(const RowsFailed& failed);
[[nodiscard]] std::optional<daemon::Note> note_of(const RowsRemoved& removed);
[[nodiscard]] std::optional<daemon::Note> note_of(const SetsReplaced& replaced);
[[nodiscard]] std::optional<daemon::Note> note_of(const CopiesFailed& failed);
[[nodiscard]] std::optional<daemon::Note> note_of(const TransactionEnded& ended);
[[nodiscard]] std::optional<daemon::Note> note_of(const Answered& answered);
[[nodiscard]] daemon::CounterSamples samples(const RedirectPortCounters& counters);
void append(daemon::CounterSamples& all, const RedirectFeCounters& counters);

}  // namespace forces::ce
