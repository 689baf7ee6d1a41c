// [multicast] of the configuration file.
#pragma once

#include <vector>

#include "common/runtime/config.hpp"
#include "fe/dataplane/port_config.hpp"
#include "fe/multicast/service/config.hpp"

namespace forces::fe {

void visit_multicast(runtime::ConfigVisitor& v, multicast::MulticastConfig& config,
                     const std::vector<dataplane::PortConfig>& ports);

// Without [[multicast.port]] memberships are kept at every port.
[[nodiscard]] multicast::MulticastConfig with_ports(
    multicast::MulticastConfig config, const std::vector<dataplane::PortConfig>& ports);

}  // namespace forces::fe
