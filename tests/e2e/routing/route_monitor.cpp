#include "tests/e2e/routing/route_monitor.hpp"

#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace forces::test {
namespace {
constexpr std::size_t kMessages = 64, kMessage = 4096;  // of one read
constexpr int kReceiveBuffer = 256 << 20;               // of a burst of 100,000 routes and more
}  // namespace

RouteMonitor::RouteMonitor(std::uint8_t protocol)
    : protocol_(protocol), input_(kMessages * kMessage) {
  fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  bool good = ::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0;
  good = good &&
         ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) == 0;
  for (const int group : {RTNLGRP_IPV4_ROUTE, RTNLGRP_NEXTHOP}) {
    good =
        good && ::setsockopt(fd_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0;
  }
  if (!good) throw std::runtime_error("no rtnetlink monitor");
  thread_ = std::thread([this] { watch(); });
}

RouteMonitor::~RouteMonitor() {
  ended_ = true;
  thread_.join();
  ::close(fd_);
}

void RouteMonitor::clear() {
  const std::scoped_lock lock(mutex_);
  read();
  counts_ = {};
  steps_.clear();
}

RouteMonitor::Counts RouteMonitor::counts() {
  const std::scoped_lock lock(mutex_);
  read();
  return counts_;
}

std::optional<RouteMonitor::Clock::time_point> RouteMonitor::set(std::uint64_t routes,
                                                                 std::chrono::seconds bound) {
  for (const auto end = Clock::now() + bound; Clock::now() < end;) {
    {
      const std::scoped_lock lock(mutex_);
      const auto at = std::ranges::lower_bound(steps_, routes, {}, [](auto& s) { return s.first; });
      if (at != steps_.end()) return at->second;
    }
    std::this_thread::sleep_for(kEvery);
  }
  return std::nullopt;
}

void RouteMonitor::watch() {
  while (!ended_) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, 50) <= 0) continue;
    {
      const std::scoped_lock lock(mutex_);
      read();
    }
    std::this_thread::sleep_for(kEvery);
  }
}

void RouteMonitor::read() {
  std::array<mmsghdr, kMessages> headers{};
  std::array<iovec, kMessages> parts{};
  for (std::size_t i = 0; i < kMessages; ++i) {
    parts[i] = {input_.data() + i * kMessage, kMessage};
    headers[i].msg_hdr.msg_iov = &parts[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    const int n = ::recvmmsg(fd_, headers.data(), kMessages, MSG_DONTWAIT, nullptr);
    if (n <= 0) {
      if (n < 0 && errno == ENOBUFS) {
        ++counts_.lost;
        continue;
      }
      return;
    }
    const std::uint64_t before = counts_.set;
    for (int i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      take({input_.data() + at * kMessage, headers[at].msg_len});
    }
    if (counts_.set != before) steps_.emplace_back(counts_.set, Clock::now());
  }
}

void RouteMonitor::take(std::span<const std::byte> octets) {
  auto left = static_cast<unsigned>(octets.size());
  for (const auto* m = reinterpret_cast<const nlmsghdr*>(octets.data()); NLMSG_OK(m, left);
       m = NLMSG_NEXT(m, left)) {
    const void* const body = NLMSG_DATA(m);
    switch (m->nlmsg_type) {
      case RTM_NEWROUTE:
      case RTM_DELROUTE:
        if (static_cast<const rtmsg*>(body)->rtm_protocol != protocol_) break;
        ++(m->nlmsg_type == RTM_NEWROUTE ? counts_.set : counts_.deleted);
        break;
      case RTM_NEWNEXTHOP:
      case RTM_DELNEXTHOP:
        if (static_cast<const nhmsg*>(body)->nh_protocol != protocol_) break;
        ++(m->nlmsg_type == RTM_NEWNEXTHOP ? counts_.hops_set : counts_.hops_deleted);
        break;
      default:
        break;
    }
  }
}

}  // namespace forces::test
