// Whether and how the FE's routes get into the kernel.
#pragma once

#include <cstdint>

#include "common/core/time.hpp"

namespace forces::fe::forwarding {

struct ForwardingConfig {
  bool kernel = true;           // when there is a port of the kernel's at all
  std::uint32_t table = 254;    // RT_TABLE_MAIN
  std::uint32_t priority = 20;  // "metric"; not 0, nor 256 in IPv6: routes of addresses have those
  std::uint8_t protocol = 220;  // what makes rows in the kernel ours
  Duration stale_timeout = std::chrono::seconds(120);
};

}  // namespace forces::fe::forwarding
