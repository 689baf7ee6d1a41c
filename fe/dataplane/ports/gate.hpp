// Whether the kernel forwards what arrives at the ports of this FE. Shut, what is not for the host
// itself is dropped before any route is looked at, that of an address of the FE included; the
// routes stay. Policy rules do it, one for each interface and family, which look at packets after
// the local table: marked by our protocol, they outlive a crash and are found by the next life.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace forces::fe::dataplane {

inline constexpr std::uint32_t kGatePriority = 1;  // behind the local table (0), before all else

// In the network namespace of the calling thread; need CAP_NET_ADMIN. Doing it twice is no failure.
[[nodiscard]] std::error_code shut_gate(const std::vector<std::string>& devices,
                                        std::uint8_t protocol);
[[nodiscard]] std::error_code open_gate(std::uint8_t protocol);  // whichever devices it was for

}  // namespace forces::fe::dataplane
