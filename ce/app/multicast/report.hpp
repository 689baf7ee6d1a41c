// Metrics of the MARS and of its server group.
#pragma once

#include "ce/multicast/forwarding/forwarding.hpp"
#include "ce/multicast/service/service.hpp"
#include "common/observe/metrics.hpp"

namespace forces::ce {

[[nodiscard]] observe::Families families_of(multicast::Service& service);
// Of the rows for copies between FEs.
[[nodiscard]] observe::Families families_of(
    const multicast::forwarding::ForwardingSnapshot& copies);

}  // namespace forces::ce
