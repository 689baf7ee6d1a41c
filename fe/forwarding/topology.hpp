// The LFB instances by which this FE forwards, and LFBTopology: how they are connected. What the
// kernel does in between (MAC, validation, neighbours) is no LFB of ours.
#pragma once

#include <cstdint>
#include <vector>

#include "fe/lfb/engine/engine.hpp"
#include "fe/lfb/model.hpp"

namespace forces::fe::forwarding {

inline constexpr lfb::Target kIpv4Lpm{10, 1}, kIpv6Lpm{11, 1}, kIpv4NextHop{12, 1},
    kIpv6NextHop{13, 1}, kEcmpHops{65'794, 1}, kPortAddress{65'795, 1}, kKernelPlane{65'796, 1};
[[nodiscard]] constexpr lfb::Target ether_phy_cop(std::uint32_t port) { return {3, port}; }

[[nodiscard]] std::vector<lfb::LfbLink> topology_of(const std::vector<std::uint32_t>& ports);

// All but the instances of private classes that tell rather than forward.
void add_instances(lfb::Engine& engine, const std::vector<std::uint32_t>& ports);

}  // namespace forces::fe::forwarding
