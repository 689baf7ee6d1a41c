#include "fe/dataplane/ports/raw_port.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace forces::fe::dataplane {
namespace {

// raw(7); <linux/icmp.h> cannot stand beside <net/if.h>.
constexpr int kIcmpFilterOption = 1;
constexpr std::uint32_t kIcmpEcho = 8, kIcmpTimestamp = 13, kIcmpAddressMask = 17;

struct RawClass {
  PacketClass packet_class;
  int protocol;
  std::array<const char*, 2> groups;        // to be joined on the port
  std::array<const char*, 2> groups_six{};  // none: not of IPv6
};
// RFC 2328 and RFC 5340 appendices A.1, RFC 7761 section 4, RFC 5798 sections 5.1.1.2, 5.1.2.2.
constexpr std::array kRawClasses{
    RawClass{PacketClass::Ospf, 89, {"224.0.0.5", "224.0.0.6"}, {"ff02::5", "ff02::6"}},
    RawClass{PacketClass::Rsvp, 46, {}},
    RawClass{PacketClass::Icmp, 1, {}},
    RawClass{PacketClass::Pim, 103, {"224.0.0.13", nullptr}, {"ff02::d", nullptr}},
    RawClass{PacketClass::Vrrp, 112, {"224.0.0.18", nullptr}, {"ff02::12", nullptr}},
};
constexpr std::size_t kHeaderSix = 40;

// Of packets from their network header on.
constexpr sock_filter kIgmp[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),  // protocol
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_IGMP, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0xffff),
    BPF_STMT(BPF_RET | BPF_K, 0),
};
// MLD stands behind a Hop-by-Hop Options header, for it must have a Router Alert (RFC 3810
// section 5); types 130 to 132 and 143 of ICMPv6.
constexpr sock_filter kMld[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_HOPOPTS, 0, 9),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kHeaderSix),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 7),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kHeaderSix + 1),
    BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 3),
    BPF_STMT(BPF_MISC | BPF_TAX, 0),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, kHeaderSix + 8),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 143, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 130, 2, 1),
    BPF_STMT(BPF_RET | BPF_K, 0xffff),
    BPF_STMT(BPF_RET | BPF_K, 0),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 132, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, 0xffff),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

bool bind_to_device(int fd, const std::string& name) {
  return ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.c_str(),
                      static_cast<socklen_t>(name.size() + 1)) == 0;
}

}  // namespace

std::string RawPort::open() {
  const int index = static_cast<int>(::if_nametoindex(config_.interface.c_str()));
  if (index == 0) return system_error("interface " + config_.interface);
  index_ = index;

  sender_ = Fd(::socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!sender_.valid()) return system_error("raw socket");
  const ip_mreqn out{.imr_multiaddr = {}, .imr_address = {}, .imr_ifindex = index};
  const bool ready = bind_to_device(sender_.get(), config_.interface) &&
                     set(sender_.get(), IPPROTO_IP, IP_MULTICAST_IF, out) &&
                     set(sender_.get(), IPPROTO_IP, IP_MULTICAST_LOOP, 0) &&
                     set(sender_.get(), SOL_SOCKET, SO_BROADCAST, 1);
  if (!ready) return system_error("raw socket options on " + config_.interface);

  for (const PacketClass c : config_.classes) {
    if (c == PacketClass::Igmp) continue;
    if (std::string error = open_receiver(c, index); !error.empty()) return error;
  }
  if (wanted(PacketClass::Igmp)) {
    if (std::string error = hear(kIgmp, ETH_P_IP, index); !error.empty()) return error;
  }
  if (config_.membership) {
    if (std::string error = hear(kMld, ETH_P_IPV6, index); !error.empty()) return error;
  }
  return open_six(index);
}

// An interface without IPv6 has none of its packets either: then nothing of this is open.
std::string RawPort::open_six(int index) {
  for (const RawClass& row : kRawClasses) {
    if (row.groups_six[0] == nullptr || !selected(row.packet_class)) continue;
    Fd fd(::socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, row.protocol));
    if (!fd.valid() && errno == EAFNOSUPPORT) return {};
    if (!fd.valid()) return system_error("raw socket of IPv6");
    for (const char* group : row.groups_six) {
      if (group == nullptr) continue;
      ipv6_mreq join{};
      join.ipv6mr_interface = static_cast<unsigned>(index);
      ::inet_pton(AF_INET6, group, &join.ipv6mr_multiaddr);
      if (set(fd.get(), IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, join)) continue;
      if (errno == ENODEV || errno == EADDRNOTAVAIL || errno == EINVAL) return {};
      return system_error(group);
    }
    const bool ready = bind_to_device(fd.get(), config_.interface) &&
                       set(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
                       set(fd.get(), IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) &&
                       set(fd.get(), IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    if (!ready) return system_error("raw socket options of IPv6 on " + config_.interface);
    grow_receive_buffer(fd.get());
    fds_.push_back(fd.get());
    six_.push_back({fd.get(), row.protocol});
    receivers_.push_back(std::move(fd));
  }
  if (six_.empty() && !config_.membership) return {};
  sender_six_ = Fd(::socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!sender_six_.valid() && errno == EAFNOSUPPORT) return {};
  const bool ready = sender_six_.valid() && bind_to_device(sender_six_.get(), config_.interface) &&
                     set(sender_six_.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, index) &&
                     set(sender_six_.get(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
  return ready ? std::string() : system_error("raw socket of IPv6 on " + config_.interface);
}

std::string RawPort::open_receiver(PacketClass c, int index) {
  const RawClass* row = nullptr;
  for (const RawClass& candidate : kRawClasses) {
    if (candidate.packet_class == c) row = &candidate;
  }
  const std::string name{to_string(c)};
  if (row == nullptr) return "class " + name + " needs a port of kind packet";

  Fd fd(::socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, row->protocol));
  if (!fd.valid()) return system_error("raw socket for " + name);
  if (!bind_to_device(fd.get(), config_.interface)) return system_error("SO_BINDTODEVICE");
  for (const char* group : row->groups) {
    if (group == nullptr) continue;
    ip_mreqn join{.imr_multiaddr = {}, .imr_address = {}, .imr_ifindex = index};
    ::inet_pton(AF_INET, group, &join.imr_multiaddr);
    if (!set(fd.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, join)) return system_error(group);
  }
  // RFC 2205 section 3.11.3: Path messages in transit are ours too, though not addressed to us.
  if (c == PacketClass::Rsvp && !set(fd.get(), IPPROTO_IP, IP_ROUTER_ALERT, 1)) {
    return system_error("IP_ROUTER_ALERT");
  }
  if (c == PacketClass::Icmp) {  // the kernel answers these for the address it owns
    const std::uint32_t blocked = 1U << kIcmpEcho | 1U << kIcmpTimestamp | 1U << kIcmpAddressMask;
    if (!set(fd.get(), SOL_RAW, kIcmpFilterOption, blocked)) return system_error("ICMP_FILTER");
  }
  grow_receive_buffer(fd.get());
  fds_.push_back(fd.get());
  receivers_.push_back(std::move(fd));
  return {};
}

std::string RawPort::hear(std::span<const sock_filter> filter, std::uint16_t protocol, int index) {
  Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const std::string what =
      std::string("packet socket for ").append(protocol == ETH_P_IP ? "igmp" : "mld");
  if (!fd.valid()) return system_error(what);
  // The kernel copies it.
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  if (!start_hearing(fd.get(), program, protocol, index)) {
    return system_error(what + " on " + config_.interface);
  }
  grow_receive_buffer(fd.get());
  fds_.push_back(fd.get());
  receivers_.push_back(std::move(fd));
  return {};
}

Received RawPort::receive(int fd, std::span<std::byte> into, Instant) {
  const auto six = std::ranges::find(six_, fd, &Six::fd);
  const ssize_t got =
      six != six_.end() ? receive_six(*six, into) : ::recv(fd, into.data(), into.size(), 0);
  if (got >= 0) return accept(into.first(static_cast<std::size_t>(got)));
  if (errno == EINTR) return {Received::Status::Handled, 0, {}};
  if (errno != EAGAIN) counters_.receive_error.add();
  return {};
}

ssize_t RawPort::receive_six(const Six& socket, std::span<std::byte> into) {
  if (into.size() < kHeaderSix) return 0;
  sockaddr_in6 from{};
  iovec part{into.data() + kHeaderSix, into.size() - kHeaderSix};
  alignas(cmsghdr) std::array<std::byte, 256> control{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket.fd, &message, 0);
  if (got < 0 || got > 0xffff) return got < 0 ? got : 0;
  in6_pktinfo to{};
  int hop_limit = 0, traffic_class = 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != IPPROTO_IPV6) continue;
    if (c->cmsg_type == IPV6_PKTINFO) std::memcpy(&to, CMSG_DATA(c), sizeof to);
    if (c->cmsg_type == IPV6_HOPLIMIT) std::memcpy(&hop_limit, CMSG_DATA(c), sizeof hop_limit);
    if (c->cmsg_type == IPV6_TCLASS)
      std::memcpy(&traffic_class, CMSG_DATA(c), sizeof traffic_class);
  }
  const auto octet = [&](std::size_t at, int value) {
    into[at] = static_cast<std::byte>(value & 0xff);
  };
  octet(0, 0x60 | traffic_class >> 4);
  octet(1, traffic_class << 4);
  octet(2, 0);
  octet(3, 0);
  octet(4, static_cast<int>(got) >> 8);
  octet(5, static_cast<int>(got));
  octet(6, socket.protocol);
  octet(7, hop_limit);
  std::memcpy(into.data() + 8, &from.sin6_addr, 16);
  std::memcpy(into.data() + 24, &to.ipi6_addr, 16);
  return got + static_cast<ssize_t>(kHeaderSix);
}

bool RawPort::send(wire::Bytes packet, Instant) {
  const unsigned version = packet.empty() ? 0 : static_cast<unsigned>(packet[0]) >> 4;
  sockaddr_in to{};
  sockaddr_in6 to_six{};
  ssize_t sent = -1;
  if (version == 4 && packet.size() >= 20) {
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, packet.data() + 16, 4);
    sent = ::sendto(sender_.get(), packet.data(), packet.size(), 0,
                    reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else if (version == 6 && packet.size() >= kHeaderSix && sender_six_.valid()) {
    to_six.sin6_family = AF_INET6;
    to_six.sin6_scope_id = static_cast<std::uint32_t>(index_);
    std::memcpy(&to_six.sin6_addr, packet.data() + 24, 16);
    sent = ::sendto(sender_six_.get(), packet.data(), packet.size(), 0,
                    reinterpret_cast<const sockaddr*>(&to_six), sizeof to_six);
  } else {
    counters_.send_error.add();
    return false;
  }
  if (sent >= 0) {
    counters_.sent.add();
    return true;
  }
  const bool full = errno == EAGAIN || errno == ENOBUFS;
  (full ? counters_.send_full : counters_.send_error).add();
  return false;
}

}  // namespace forces::fe::dataplane
