// Of interfaces, without rtnetlink's announcements: up and down, speed, state and addresses.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <system_error>

namespace forces::fe::dataplane {

// In the network namespace of the calling thread; needs CAP_NET_ADMIN. Waits for the answer.
[[nodiscard]] std::error_code set_link_up(std::uint32_t interface, bool up);

// Mbit/s; 0: the driver does not know, or there is no such interface.
[[nodiscard]] std::uint32_t link_speed(const std::string& device);

// What an interface is now, as far as who asks hosts for their memberships needs it. Zero: none.
struct InterfaceState {
  bool up = false;                         // and has a carrier
  std::array<std::byte, 4> address{};      // the first of IPv4
  std::array<std::byte, 16> link_local{};  // of IPv6
};
// By name, in the network namespace of the calling thread. Empty: the system did not say.
[[nodiscard]] std::map<std::string, InterfaceState> interfaces_now();

}  // namespace forces::fe::dataplane
