// A host behind a port of an FE, in a namespace of its own: sends to a group, sees what comes on
// its wire.
#pragma once

#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "fe/dataplane/ports/socket.hpp"
#include "tests/support/netns.hpp"

namespace forces::fe::forwarding::test {

using dataplane::Fd;
namespace net = forces::test;

inline constexpr std::uint16_t kUdpPort = 5000;
inline constexpr std::uint32_t kGroupFour = 0xef010101;  // 239.1.1.1

inline in6_addr group_six() {
  in6_addr out{};
  out.s6_addr[0] = 0xff;
  out.s6_addr[1] = 0x1e;
  out.s6_addr[15] = 1;
  return out;
}

// A host behind a port, in a namespace of its own, with interface "eth".
class Host {
 public:
  [[nodiscard]] bool made() const { return space_.made(); }
  [[nodiscard]] std::string path() const { return space_.path(); }
  void configure(int port) {
    const net::Inside inside(space_);
    const std::string n = std::to_string(port);
    EXPECT_TRUE(
        net::run(std::string("printf '%s\\n' 'addr add 10.")
                     .append(n)
                     .append(".0.2/24 dev eth' 'addr add 2001:db8:")
                     .append(n)
                     .append("::2/64 dev eth nodad' 'link set eth up' 'route add default via 10.")
                     .append(n)
                     .append(".0.1' | ip -batch -")));
    wire_ = Fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL)));
    EXPECT_TRUE(wire_.valid());
    index_ = static_cast<int>(::if_nametoindex("eth"));
  }
  void join() {
    const net::Inside inside(space_);
    member_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ip_mreqn request{
        .imr_multiaddr = {htonl(kGroupFour)}, .imr_address = {}, .imr_ifindex = index_};
    EXPECT_TRUE(dataplane::set(member_.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, request));
  }
  void leave() { member_ = Fd(); }
  void send(const std::string& text) {
    const net::Inside inside(space_);
    const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const ip_mreqn out{.imr_multiaddr = {}, .imr_address = {}, .imr_ifindex = index_};
    EXPECT_TRUE(dataplane::set(fd.get(), IPPROTO_IP, IP_MULTICAST_IF, out));
    EXPECT_TRUE(dataplane::set(fd.get(), IPPROTO_IP, IP_MULTICAST_TTL, 4));
    sockaddr_in to{.sin_family = AF_INET,
                   .sin_port = htons(kUdpPort),
                   .sin_addr = {htonl(kGroupFour)},
                   .sin_zero = {}};
    (void)::sendto(fd.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                   sizeof to);
  }
  void send_six(const std::string& text) {
    const net::Inside inside(space_);
    const Fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_TRUE(dataplane::set(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, index_));
    EXPECT_TRUE(dataplane::set(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 4));
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(kUdpPort);
    to.sin6_addr = group_six();
    (void)::sendto(fd.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                   sizeof to);
  }
  // Packets that ended with this text and came in on the wire, whether anybody joined or not.
  std::size_t saw(const std::string& text) {
    std::array<char, 2048> octets{};
    sockaddr_ll from{};
    for (socklen_t size = sizeof from;; size = sizeof from) {
      const ssize_t n = ::recvfrom(wire_.get(), octets.data(), octets.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) break;
      if (from.sll_pkttype == PACKET_OUTGOING || from.sll_ifindex != index_) continue;
      const std::string_view packet(octets.data(), static_cast<std::size_t>(n));
      // Of UDP: octet 9 is the protocol in IPv4, 6 the next header in IPv6.
      const bool four = n >= 28 && packet[0] >> 4 == 4 && packet[9] == IPPROTO_UDP;
      const bool six = n >= 48 && packet[0] >> 4 == 6 && packet[6] == IPPROTO_UDP;
      if (four || six) ttl_ = static_cast<std::uint8_t>(packet[four ? 8 : 7]);
      if (four || six) ++seen_[std::string(packet.substr(four ? 28 : 48))];
    }
    return seen_[text];
  }
  // Of the last one.
  [[nodiscard]] int ttl() const { return ttl_; }

 private:
  net::Namespace space_;
  Fd wire_, member_;
  int index_ = 0, ttl_ = 0;
  std::map<std::string, std::size_t> seen_;
};

}  // namespace forces::fe::forwarding::test
