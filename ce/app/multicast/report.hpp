// Metrics of the MARS and of its server group.
#pragma once

#include "ce/multicast/service/service.hpp"
#include "common/observe/metrics.hpp"

namespace forces::ce {

[[nodiscard]] observe::Families families_of(multicast::Service& service);

}  // namespace forces::ce
