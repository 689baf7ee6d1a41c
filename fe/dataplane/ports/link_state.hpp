// What rtnetlink's announcements do not say or do of an interface: up and down, and its speed.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>

namespace forces::fe::dataplane {

// In the network namespace of the calling thread; needs CAP_NET_ADMIN. Waits for the answer.
[[nodiscard]] std::error_code set_link_up(std::uint32_t interface, bool up);

// Mbit/s; 0: the driver does not know, or there is no such interface.
[[nodiscard]] std::uint32_t link_speed(const std::string& device);

}  // namespace forces::fe::dataplane
