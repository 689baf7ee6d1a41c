// A host behind a port of the FE: a namespace of its own, whose kernel speaks IGMP and MLD.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "proto/mars/address.hpp"
#include "tests/support/netns.hpp"

namespace forces::test {

// A group of either family, as sockets and as the MARS have it.
class McastGroup {
 public:
  explicit McastGroup(const std::string& text) {
    if (::inet_pton(AF_INET, text.c_str(), &four_.sin_addr) == 1) {
      four_.sin_family = AF_INET;
      std::memcpy(&storage_, &four_, sizeof four_);
    } else {
      EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &six_.sin6_addr), 1) << text;
      six_.sin6_family = AF_INET6;
      std::memcpy(&storage_, &six_, sizeof six_);
    }
  }
  [[nodiscard]] bool is_four() const { return four_.sin_family == AF_INET; }
  [[nodiscard]] int family() const { return is_four() ? AF_INET : AF_INET6; }
  [[nodiscard]] int level() const { return is_four() ? int{IPPROTO_IP} : int{IPPROTO_IPV6}; }
  [[nodiscard]] const sockaddr_storage& storage() const { return storage_; }
  [[nodiscard]] sockaddr_storage to(std::uint16_t port) const {
    sockaddr_storage out = storage_;
    if (is_four()) {
      reinterpret_cast<sockaddr_in*>(&out)->sin_port = htons(port);
    } else {
      reinterpret_cast<sockaddr_in6*>(&out)->sin6_port = htons(port);
    }
    return out;
  }
  [[nodiscard]] mars::GroupRange range() const {
    const auto octets = is_four() ? std::as_bytes(std::span(&four_.sin_addr, 1))
                                  : std::as_bytes(std::span(&six_.sin6_addr, 1));
    const auto one = *mars::ProtocolAddress::from(octets);
    return {one, one};
  }

 private:
  sockaddr_in four_{};
  sockaddr_in6 six_{};
  sockaddr_storage storage_{};
};

class Host {
 public:
  static constexpr std::uint16_t kUdpPort = 5000;

  ~Host() {
    if (wire_ >= 0) ::close(wire_);
    for (const auto& [group, fd] : joined_) ::close(fd);
  }
  [[nodiscard]] bool made() const { return space_.made(); }
  // Makes the port's interface m<n> in the namespace of the caller, with this host at the other
  // end. `version` is what its kernel speaks: 2 is IGMPv2 and MLDv1.
  void connect(int n, int version = 3) {
    const std::string id = std::to_string(n);
    ASSERT_TRUE(run(std::string("printf '%s\\n' 'link add m")
                        .append(id)
                        .append(" type veth peer name eth netns ")
                        .append(space_.path())
                        .append("' 'addr add 10.")
                        .append(id)
                        .append(".0.1/24 dev m")
                        .append(id)
                        .append("' 'addr add fe80::1:")
                        .append(id)
                        .append("/64 dev m")
                        .append(id)
                        .append(" nodad' 'link set m")
                        .append(id)
                        .append(" up' | ip -batch -")));
    const Inside inside(space_);
    ASSERT_TRUE(run(std::string("printf '%s\\n' 'addr add 10.")
                        .append(id)
                        .append(".0.2/24 dev eth' 'addr add 2001:db8:")
                        .append(id)
                        .append("::2/64 dev eth nodad' 'addr add fe80::2:")
                        .append(id)
                        .append("/64 dev eth nodad' 'link set eth up' 'route add default via 10.")
                        .append(id)
                        .append(".0.1' | ip -batch -")));
    if (version == 2) {
      ASSERT_TRUE(
          run("echo 2 >/proc/sys/net/ipv4/conf/eth/force_igmp_version && "
              "echo 1 >/proc/sys/net/ipv6/conf/eth/force_mld_version"));
    }
    wire_ = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
    ASSERT_GE(wire_, 0);
    index_ = ::if_nametoindex("eth");
  }
  // `source`: of this one only (IGMPv3, MLDv2).
  void join(const std::string& group, const std::string& source = "") {
    const McastGroup g(group);
    const Inside inside(space_);
    const int fd = ::socket(g.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_TRUE(joined_.emplace(group, fd).second);
    int done = -1;
    if (source.empty()) {
      group_req request{};
      request.gr_interface = index_;
      request.gr_group = g.storage();
      done = ::setsockopt(fd, g.level(), MCAST_JOIN_GROUP, &request, sizeof request);
    } else {
      group_source_req request{};
      request.gsr_interface = index_;
      request.gsr_group = g.storage();
      request.gsr_source = McastGroup(source).storage();
      done = ::setsockopt(fd, g.level(), MCAST_JOIN_SOURCE_GROUP, &request, sizeof request);
    }
    ASSERT_EQ(done, 0) << std::strerror(errno);
  }
  void leave(const std::string& group) {
    const auto at = joined_.find(group);
    ASSERT_NE(at, joined_.end());
    ::close(at->second);
    joined_.erase(at);
  }
  void send(const std::string& group, const std::string& text) {
    const McastGroup g(group);
    const Inside inside(space_);
    const int fd = ::socket(g.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int hops = 4, interface = static_cast<int>(index_);
    if (g.is_four()) {
      const ip_mreqn out{.imr_multiaddr = {}, .imr_address = {}, .imr_ifindex = interface};
      EXPECT_EQ(::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out), 0);
      EXPECT_EQ(::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops), 0);
    } else {
      EXPECT_EQ(::setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof interface), 0);
      EXPECT_EQ(::setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops), 0);
    }
    const sockaddr_storage to = g.to(kUdpPort);
    (void)::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                   g.is_four() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    ::close(fd);
  }
  // UDP packets of this text that came in on the wire, whether anybody joined or not.
  std::size_t saw(const std::string& text) {
    std::array<char, 2048> octets{};
    sockaddr_ll from{};
    for (socklen_t size = sizeof from;; size = sizeof from) {
      const ssize_t n = ::recvfrom(wire_, octets.data(), octets.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) break;
      if (from.sll_pkttype == PACKET_OUTGOING || from.sll_ifindex != static_cast<int>(index_)) {
        continue;
      }
      const std::string_view packet(octets.data(), static_cast<std::size_t>(n));
      const bool four = n >= 28 && packet[0] >> 4 == 4 && packet[9] == IPPROTO_UDP;
      const bool six = n >= 48 && packet[0] >> 4 == 6 && packet[6] == IPPROTO_UDP;
      if (four || six) ++seen_[std::string(packet.substr(four ? 28 : 48))];
    }
    return seen_[text];
  }

 private:
  Namespace space_;
  int wire_ = -1;
  unsigned index_ = 0;
  std::map<std::string, int> joined_;  // sockets
  std::map<std::string, std::size_t> seen_;
};

}  // namespace forces::test
