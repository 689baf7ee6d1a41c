#include "fe/dataplane/ports/link_state.hpp"

#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <memory>

#include "fe/dataplane/ports/request.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane {

std::error_code set_link_up(std::uint32_t interface, bool up) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_index = static_cast<int>(interface);
  request.link.ifi_change = IFF_UP;
  request.link.ifi_flags = up ? IFF_UP : 0;
  return ask_kernel(std::as_bytes(std::span(&request, 1)));
}

std::uint32_t link_speed(const std::string& device) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() || device.size() >= IFNAMSIZ) return 0;
  ethtool_cmd command{};
  command.cmd = ETHTOOL_GSET;
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&command);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return 0;
  const std::uint32_t speed = ethtool_cmd_speed(&command);
  return speed == static_cast<std::uint32_t>(SPEED_UNKNOWN) ? 0 : speed;
}

std::map<std::string, InterfaceState> interfaces_now() {
  std::map<std::string, InterfaceState> out;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return out;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(first, &::freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    InterfaceState& state = out[one->ifa_name];
    state.up = (one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & IFF_RUNNING) != 0;
    if (one->ifa_addr == nullptr) continue;
    if (one->ifa_addr->sa_family == AF_INET && state.address == decltype(state.address){}) {
      sockaddr_in four{};
      std::memcpy(&four, one->ifa_addr, sizeof four);
      std::memcpy(state.address.data(), &four.sin_addr, sizeof four.sin_addr);
    }
    if (one->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 six{};
      std::memcpy(&six, one->ifa_addr, sizeof six);
      const bool known = state.link_local != decltype(state.link_local){};
      if (known || !IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr)) continue;
      std::memcpy(state.link_local.data(), &six.sin6_addr, sizeof six.sin6_addr);
    }
  }
  return out;
}

}  // namespace forces::fe::dataplane
