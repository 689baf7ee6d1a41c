// Signalling as metrics.
#pragma once

#include "ce/signaling/service/service.hpp"
#include "common/observe/metrics.hpp"

namespace forces::ce {

// From the rooms' own counters, on the service's thread. Empty: it has stopped, or not begun.
[[nodiscard]] observe::Families families_of(signaling::Service& service);

}  // namespace forces::ce
