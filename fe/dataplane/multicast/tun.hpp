// The interface that stands for the other FEs in the kernel's multicast routes: what the kernel
// forwards to it is read here, what is written here comes in at it.
#pragma once

#include <string>

#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane::multicast {

struct Tun {
  Fd fd;             // a packet each read and write; the interface lives as long
  std::string what;  // why there is none
};

// Without an address, up, and without the check that sources are behind it (rp_filter): they are
// behind another FE. In the namespace of the calling thread; needs CAP_NET_ADMIN and /dev/net/tun.
[[nodiscard]] Tun open_tun(const std::string& device, unsigned mtu);

}  // namespace forces::fe::dataplane::multicast
