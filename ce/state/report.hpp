// A store as metrics.
#pragma once

#include "ce/state/store.hpp"
#include "common/observe/metrics.hpp"

namespace forces::state {

[[nodiscard]] observe::Families families_of(const Snapshot& snapshot);

}  // namespace forces::state
