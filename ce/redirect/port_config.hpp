// Configuration of an FE port's place at the CE.
#pragma once

#include <cstdint>
#include <string>

namespace forces::ce {

struct PortConfig {
  std::uint32_t port_id = 0;  // RedirectIndex and PHYPortID of RFC 6956
  std::string tun;            // device to make; "": packets of this port are counted and dropped
  std::string address;        // "10.98.0.1/24"; "": those of the FE's port; "none"
  unsigned mtu = 1500;
  bool shared = false;  // the device may be another CE's too: the master of the FE uses it
  [[nodiscard]] bool mirrors() const { return address.empty(); }
  [[nodiscard]] bool own_address() const { return !mirrors() && address != "none"; }
  friend bool operator==(const PortConfig&, const PortConfig&) = default;
};

}  // namespace forces::ce
