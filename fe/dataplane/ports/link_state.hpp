// Setting an interface up or down. Waits for the kernel's answer, which comes with the call.
#pragma once

#include <cstdint>
#include <system_error>

namespace forces::fe::dataplane {

// In the network namespace of the calling thread; needs CAP_NET_ADMIN.
[[nodiscard]] std::error_code set_link_up(std::uint32_t interface, bool up);

}  // namespace forces::fe::dataplane
