// What the shell tells the operator: events for the log, counters for the metrics.
#pragma once

#include "fe/association/core/element_core.hpp"
#include "tml/daemon/events.hpp"

namespace forces::fe {

class Redirector;
namespace forwarding {
struct ForwardingSnapshot;
}

[[nodiscard]] daemon::Note note_of(const CeChanged& changed, std::uint32_t ce_id);
// Packets, their classes and the ports.
void append(ElementSnapshot& shot, const Redirector& redirect);
void append(ElementSnapshot& shot, const forwarding::ForwardingSnapshot& forwarding);
void append(ElementSnapshot& shot, forwarding::FabricSnapshot fabric);

}  // namespace forces::fe
