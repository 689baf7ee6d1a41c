#include "fe/dataplane/optical/lines.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace forces::fe::dataplane::optical {
namespace {

constexpr std::size_t kRoom = 65'536;
constexpr int kFramesATurn = 64;  // of a port; then others have their turn
constexpr std::uint64_t kBell = ~std::uint64_t{0};

}  // namespace

Lines::Lines(const std::vector<OpticalPortConfig>& ports) : room_(kRoom) {
  for (const OpticalPortConfig& port : ports) {
    if (port.device.empty()) {
      without_.push_back(port.port_id);
    } else {
      lines_[port.port_id].device = port.device;
    }
  }
}

void Lines::watch(int fd, std::uint64_t tag) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  (void)::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event);
}

std::vector<std::string> Lines::open() {
  std::vector<std::string> failures;
  if (lines_.empty()) return failures;
  poll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  control_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  bell_ = Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl links{};
  links.nl_family = AF_NETLINK;
  links.nl_groups = RTMGRP_LINK;
  if (!poll_.valid() || !control_.valid() || !bell_.valid() ||
      ::bind(bell_.get(), reinterpret_cast<const sockaddr*>(&links), sizeof links) != 0) {
    failures.push_back(system_error("optical ports"));
    return failures;
  }
  watch(bell_.get(), kBell);
  for (auto& [port, line] : lines_) {
    const int index = index_of(line.device);
    std::string why =
        index == 0 ? system_error("interface " + line.device) : open(line, port, index);
    if (!why.empty()) failures.push_back("optical port " + std::to_string(port) + ": " + why);
  }
  return failures;
}

int Lines::index_of(const std::string& device) const {
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  return ::ioctl(control_.get(), SIOCGIFINDEX, &request) == 0 ? request.ifr_ifindex : 0;
}

std::string Lines::open(Line& line, std::uint32_t port, int index) {
  Fd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return system_error("packet socket");
  sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, 0x40000)};
  const sock_fprog program{1, all};
  if (!start_hearing(socket.get(), program, kEtherType, index)) {
    return system_error("packet socket on " + line.device);
  }
  grow_receive_buffer(socket.get());
  line.socket = std::move(socket);
  line.index = index;
  watch(line.socket.get(), port);
  return {};
}

void Lines::look(const Heard& heard) {
  for (auto& [port, line] : lines_) {
    const int index = index_of(line.device);
    // The socket of an interface that has gone hears nothing of one that is made anew.
    if (index != line.index) {
      line.socket = {};
      line.index = 0;
      if (index != 0) (void)open(line, port, index);
    }
    ifreq request{};
    line.device.copy(request.ifr_name, IFNAMSIZ - 1);
    constexpr short kUp = IFF_UP | IFF_RUNNING;
    const bool up = line.index != 0 && ::ioctl(control_.get(), SIOCGIFFLAGS, &request) == 0 &&
                    (request.ifr_flags & kUp) == kUp;
    if (heard.link) heard.link(port, up);
  }
}

void Lines::receive(const Heard& heard) {
  std::array<epoll_event, 64> events{};
  const int ready = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < ready; ++i) {
    if (events[static_cast<std::size_t>(i)].data.u64 == kBell) {
      while (::recv(bell_.get(), room_.data(), room_.size(), 0) > 0 || errno == ENOBUFS) {
      }
      look(heard);
      continue;
    }
    const auto port = static_cast<std::uint32_t>(events[static_cast<std::size_t>(i)].data.u64);
    const auto line = lines_.find(port);
    if (line == lines_.end()) continue;
    for (int n = 0; n < kFramesATurn; ++n) {
      const ssize_t got = ::recv(line->second.socket.get(), room_.data(), room_.size(), 0);
      if (got < 0 && errno != EINTR) break;  // EAGAIN; or ENETDOWN, which the bell tells of too
      if (got > 0 && heard.frame) {
        heard.frame(port, std::span(room_).first(static_cast<std::size_t>(got)));
      }
    }
  }
}

bool Lines::send(std::uint32_t port, wire::Bytes octets) {
  const auto at = lines_.find(port);
  if (at == lines_.end()) return std::ranges::find(without_, port) != without_.end();
  if (!at->second.socket.valid()) return false;
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(kEtherType);
  where.sll_ifindex = at->second.index;
  where.sll_halen = 6;
  std::fill_n(where.sll_addr, 6, std::uint8_t{0xff});  // the far end is the only one there
  return ::sendto(at->second.socket.get(), octets.data(), octets.size(), 0,
                  reinterpret_cast<const sockaddr*>(&where), sizeof where) >= 0;
}

}  // namespace forces::fe::dataplane::optical
