#include "fe/dataplane/multicast/mroute.hpp"

#include <netinet/in.h>
// After <netinet/in.h>.
#include <linux/filter.h>
#include <linux/mroute.h>
#include <linux/mroute6.h>
#include <netinet/icmp6.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace forces::fe::dataplane::multicast {
namespace {

constexpr std::uint8_t kForward = 1;  // a threshold: what has more than this TTL leaves

in_addr four(const Address& address) {
  in_addr out{};
  std::memcpy(&out, address.octets.data(), sizeof out);
  return out;
}
sockaddr_in6 six(const Address& address) {
  sockaddr_in6 out{};
  out.sin6_family = AF_INET6;
  std::memcpy(&out.sin6_addr, address.octets.data(), sizeof out.sin6_addr);
  return out;
}
template <class Raw>
Address address_of(Family family, const Raw& raw) {
  Address out{family, {}};
  static_assert(sizeof raw <= sizeof out.octets);
  std::memcpy(out.octets.data(), &raw, sizeof raw);
  return out;
}

// IGMP comes to this socket as well, and is read elsewhere: protocol 0 is the kernel's own.
bool hear_the_kernel_only(int fd) {
  std::array<sock_filter, 4> code{{{BPF_LD | BPF_B | BPF_ABS, 0, 0, 9},
                                   {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0},
                                   {BPF_RET | BPF_K, 0, 0, 0xffffffff},
                                   {BPF_RET | BPF_K, 0, 0, 0}}};
  const sock_fprog program{code.size(), code.data()};
  return dataplane::set(fd, SOL_SOCKET, SO_ATTACH_FILTER, program);
}

}  // namespace

std::string Mroute::open() {
  const bool v4 = family_ == Family::Ipv4;
  const int protocol = v4 ? int{IPPROTO_IGMP} : int{IPPROTO_ICMPV6};
  fd_ = Fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd_.valid()) return system_error("socket of multicast routes");
  if (v4) {
    return hear_the_kernel_only(fd_.get()) ? std::string()
                                           : system_error("filter of multicast routes");
  }
  icmp6_filter nothing{};
  ICMP6_FILTER_SETBLOCKALL(&nothing);
  return dataplane::set(fd_.get(), IPPROTO_ICMPV6, ICMP6_FILTER, nothing)
             ? std::string()
             : system_error("filter of multicast routes");
}

std::string Mroute::start() {
  const bool v4 = family_ == Family::Ipv4;
  // With MRT_ASSERT a flow that comes in at one of the ports it leaves by is told of.
  const bool good = v4 ? dataplane::set(fd_.get(), IPPROTO_IP, MRT_INIT, 1) &&
                             dataplane::set(fd_.get(), IPPROTO_IP, MRT_ASSERT, 1)
                       : dataplane::set(fd_.get(), IPPROTO_IPV6, MRT6_INIT, 1) &&
                             dataplane::set(fd_.get(), IPPROTO_IPV6, MRT6_ASSERT, 1);
  return good ? std::string() : system_error(v4 ? "MRT_INIT" : "MRT6_INIT");
}

bool Mroute::add_port(std::uint32_t number, std::uint32_t interface) {
  if (family_ == Family::Ipv4) {
    vifctl vif{};
    vif.vifc_vifi = static_cast<vifi_t>(number);
    vif.vifc_flags = VIFF_USE_IFINDEX;
    vif.vifc_threshold = kForward;
    vif.vifc_lcl_ifindex = static_cast<int>(interface);
    return dataplane::set(fd_.get(), IPPROTO_IP, MRT_ADD_VIF, vif);
  }
  mif6ctl mif{};
  mif.mif6c_mifi = static_cast<mifi_t>(number);
  mif.vifc_threshold = kForward;
  mif.mif6c_pifi = static_cast<__u16>(interface);
  return dataplane::set(fd_.get(), IPPROTO_IPV6, MRT6_ADD_MIF, mif);
}

bool Mroute::remove_port(std::uint32_t number) {
  if (family_ == Family::Ipv4) {
    vifctl vif{};
    vif.vifc_vifi = static_cast<vifi_t>(number);
    return dataplane::set(fd_.get(), IPPROTO_IP, MRT_DEL_VIF, vif);
  }
  const auto mif = static_cast<mifi_t>(number);
  return dataplane::set(fd_.get(), IPPROTO_IPV6, MRT6_DEL_MIF, mif);
}

bool Mroute::set(const SetFlow& flow) {
  if (family_ == Family::Ipv4) {
    mfcctl route{};
    route.mfcc_origin = four(flow.flow.source);
    route.mfcc_mcastgrp = four(flow.flow.group);
    route.mfcc_parent = static_cast<vifi_t>(flow.in_port);
    for (const std::uint32_t port : flow.out_ports) route.mfcc_ttls[port] = kForward;
    return dataplane::set(fd_.get(), IPPROTO_IP, MRT_ADD_MFC, route);
  }
  mf6cctl route{};
  route.mf6cc_origin = six(flow.flow.source);
  route.mf6cc_mcastgrp = six(flow.flow.group);
  route.mf6cc_parent = static_cast<mifi_t>(flow.in_port);
  for (const std::uint32_t port : flow.out_ports) IF_SET(port, &route.mf6cc_ifset);
  return dataplane::set(fd_.get(), IPPROTO_IPV6, MRT6_ADD_MFC, route);
}

bool Mroute::remove(const Flow& flow) {
  if (family_ == Family::Ipv4) {
    mfcctl route{};
    route.mfcc_origin = four(flow.source);
    route.mfcc_mcastgrp = four(flow.group);
    return dataplane::set(fd_.get(), IPPROTO_IP, MRT_DEL_MFC, route);
  }
  mf6cctl route{};
  route.mf6cc_origin = six(flow.source);
  route.mf6cc_mcastgrp = six(flow.group);
  return dataplane::set(fd_.get(), IPPROTO_IPV6, MRT6_DEL_MFC, route);
}

std::optional<Mroute::Question> Mroute::receive(bool& heard) {
  std::array<std::byte, 256> octets{};
  const ssize_t size = ::recv(fd_.get(), octets.data(), octets.size(), 0);
  heard = size >= 0;
  if (family_ == Family::Ipv4) {
    igmpmsg message{};
    if (size < static_cast<ssize_t>(sizeof message)) return std::nullopt;
    std::memcpy(&message, octets.data(), sizeof message);
    const bool asks =
        message.im_msgtype == IGMPMSG_NOCACHE || message.im_msgtype == IGMPMSG_WRONGVIF;
    if (message.im_mbz != 0 || !asks) return std::nullopt;
    return Question{{address_of(family_, message.im_dst), address_of(family_, message.im_src)},
                    message.im_vif};
  }
  mrt6msg message{};
  if (size < static_cast<ssize_t>(sizeof message)) return std::nullopt;
  std::memcpy(&message, octets.data(), sizeof message);
  const bool asks =
      message.im6_msgtype == MRT6MSG_NOCACHE || message.im6_msgtype == MRT6MSG_WRONGMIF;
  if (message.im6_mbz != 0 || !asks) return std::nullopt;
  return Question{{address_of(family_, message.im6_dst), address_of(family_, message.im6_src)},
                  message.im6_mif};
}

std::optional<std::uint64_t> Mroute::count(const Flow& flow) const {
  if (family_ == Family::Ipv4) {
    sioc_sg_req request{};
    request.src = four(flow.source);
    request.grp = four(flow.group);
    if (::ioctl(fd_.get(), SIOCGETSGCNT, &request) != 0) return std::nullopt;
    return request.pktcnt - request.wrong_if;
  }
  sioc_sg_req6 request{};
  request.src = six(flow.source);
  request.grp = six(flow.group);
  if (::ioctl(fd_.get(), SIOCGETSGCNT_IN6, &request) != 0) return std::nullopt;
  return request.pktcnt - request.wrong_if;
}

std::uint64_t Mroute::sent(std::uint32_t number) const {
  if (family_ == Family::Ipv4) {
    sioc_vif_req request{};
    request.vifi = static_cast<vifi_t>(number);
    return ::ioctl(fd_.get(), SIOCGETVIFCNT, &request) == 0 ? request.ocount : 0;
  }
  sioc_mif_req6 request{};
  request.mifi = static_cast<mifi_t>(number);
  return ::ioctl(fd_.get(), SIOCGETMIFCNT_IN6, &request) == 0 ? request.ocount : 0;
}

}  // namespace forces::fe::dataplane::multicast
