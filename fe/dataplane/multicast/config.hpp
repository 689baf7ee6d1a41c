// Where an FE takes copies of multicast packets from other FEs.
#pragma once

#include <cstdint>
#include <string>

#include "common/core/time.hpp"

namespace forces::fe::dataplane::multicast {

struct EndpointConfig {
  std::uint32_t address = 0;      // IPv4; 0: no copies between FEs
  std::uint16_t port = 0;         // of the cluster member
  std::uint16_t server_port = 0;  // of the MCS, another one; 0: this FE is none
  std::string device = "fe-multicast";
  // Of the device. RFC 2225's for ATM: what hosts send is not cut into pieces for the tunnel's
  // sake, and where the way between the FEs takes less, IP cuts the copies.
  unsigned mtu = 9180;

  [[nodiscard]] bool enabled() const { return address != 0; }
};

}  // namespace forces::fe::dataplane::multicast
