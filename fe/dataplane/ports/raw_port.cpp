#include "fe/dataplane/ports/raw_port.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

namespace forces::fe::dataplane {
namespace {

// raw(7); <linux/icmp.h> cannot stand beside <net/if.h>.
constexpr int kIcmpFilterOption = 1;
constexpr std::uint32_t kIcmpEcho = 8, kIcmpTimestamp = 13, kIcmpAddressMask = 17;

struct RawClass {
  PacketClass packet_class;
  int protocol;
  std::array<const char*, 2> groups;  // to be joined on the port
};
// RFC 2328 appendix A.1, RFC 7761 section 4, RFC 5798 section 5.1.1.2.
constexpr std::array kRawClasses{
    RawClass{PacketClass::Ospf, 89, {"224.0.0.5", "224.0.0.6"}},
    RawClass{PacketClass::Rsvp, 46, {}},
    RawClass{PacketClass::Icmp, 1, {}},
    RawClass{PacketClass::Pim, 103, {"224.0.0.13", nullptr}},
    RawClass{PacketClass::Vrrp, 112, {"224.0.0.18", nullptr}},
};

bool bind_to_device(int fd, const std::string& name) {
  return ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.c_str(),
                      static_cast<socklen_t>(name.size() + 1)) == 0;
}

}  // namespace

std::string RawPort::open() {
  const int index = static_cast<int>(::if_nametoindex(config_.interface.c_str()));
  if (index == 0) return system_error("interface " + config_.interface);

  sender_ = Fd(::socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!sender_.valid()) return system_error("raw socket");
  const ip_mreqn out{.imr_multiaddr = {}, .imr_address = {}, .imr_ifindex = index};
  const bool ready = bind_to_device(sender_.get(), config_.interface) &&
                     set(sender_.get(), IPPROTO_IP, IP_MULTICAST_IF, out) &&
                     set(sender_.get(), IPPROTO_IP, IP_MULTICAST_LOOP, 0) &&
                     set(sender_.get(), SOL_SOCKET, SO_BROADCAST, 1);
  if (!ready) return system_error("raw socket options on " + config_.interface);

  for (const PacketClass c : config_.classes) {
    const std::string error = c == PacketClass::Igmp ? open_igmp(index) : open_receiver(c, index);
    if (!error.empty()) return error;
  }
  return {};
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

std::string RawPort::open_igmp(int index) {
  Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return system_error("packet socket for igmp");
  // IPv4 protocol 2.
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_IGMP, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  if (!start_hearing(fd.get(), program, ETH_P_IP, index)) {
    return system_error("packet socket for igmp on " + config_.interface);
  }
  grow_receive_buffer(fd.get());
  fds_.push_back(fd.get());
  receivers_.push_back(std::move(fd));
  return {};
}

Received RawPort::receive(int fd, std::span<std::byte> into, Instant) {
  const ssize_t got = ::recv(fd, into.data(), into.size(), 0);
  if (got >= 0) return accept(into.first(static_cast<std::size_t>(got)));
  if (errno == EINTR) return {Received::Status::Handled, 0, {}};
  if (errno != EAGAIN) counters_.receive_error.add();
  return {};
}

bool RawPort::send(wire::Bytes packet, Instant) {
  if (packet.size() < 20 || static_cast<unsigned>(packet[0]) >> 4 != 4) {
    counters_.send_error.add();
    return false;
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  std::memcpy(&to.sin_addr, packet.data() + 16, 4);
  const ssize_t sent = ::sendto(sender_.get(), packet.data(), packet.size(), 0,
                                reinterpret_cast<const sockaddr*>(&to), sizeof to);
  if (sent >= 0) {
    counters_.sent.add();
    return true;
  }
  const bool full = errno == EAGAIN || errno == ENOBUFS;
  (full ? counters_.send_full : counters_.send_error).add();
  return false;
}

}  // namespace forces::fe::dataplane
