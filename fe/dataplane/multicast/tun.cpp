#include "fe/dataplane/multicast/tun.hpp"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <array>
#include <span>

#include "fe/dataplane/ports/request.hpp"

namespace forces::fe::dataplane::multicast {
namespace {

// All in one message, so that no packet comes in before the check is off. Through rtnetlink and not
// /proc/sys, which a hardened service cannot write.
std::error_code configure(const std::string& device, unsigned mtu) {
  alignas(nlmsghdr) std::array<std::byte, 512> room{};
  nlmsghdr* request = mnl_nlmsg_put_header(room.data());
  request->nlmsg_type = RTM_NEWLINK;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg)));
  link->ifi_index = static_cast<int>(::if_nametoindex(device.c_str()));
  link->ifi_change = link->ifi_flags = IFF_UP | IFF_MULTICAST;
  mnl_attr_put_u32(request, IFLA_MTU, mtu);
  nlattr* families = mnl_attr_nest_start(request, IFLA_AF_SPEC);
  nlattr* family = mnl_attr_nest_start(request, AF_INET);
  nlattr* values = mnl_attr_nest_start(request, IFLA_INET_CONF);
  mnl_attr_put_u32(request, IPV4_DEVCONF_RP_FILTER, 0);
  mnl_attr_nest_end(request, values);
  mnl_attr_nest_end(request, family);
  mnl_attr_nest_end(request, families);
  return ask_kernel(std::span(room).first(request->nlmsg_len));
}

}  // namespace

Tun open_tun(const std::string& device, unsigned mtu) {
  Tun tun;
  if (device.empty() || device.size() >= IFNAMSIZ) {
    tun.what = "'" + device + "' is no name of an interface";
    return tun;
  }
  tun.fd = Fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (!tun.fd.valid()) {
    tun.what = system_error("/dev/net/tun");
  } else if (::ioctl(tun.fd.get(), TUNSETIFF, &request) != 0) {
    tun.what = system_error("TUNSETIFF " + device);
  } else if (const auto error = configure(device, mtu)) {
    tun.what = device + ": " + error.message();
  }
  if (!tun.what.empty()) tun.fd = Fd();
  return tun;
}

}  // namespace forces::fe::dataplane::multicast
