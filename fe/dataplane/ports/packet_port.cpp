#include "fe/dataplane/ports/packet_port.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/core/number.hpp"

namespace forces::fe::dataplane {
namespace {

constexpr std::uint32_t kHost = 0xffffffff;  // the mask of /32
constexpr Mac kBroadcast{std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                         std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};

std::uint32_t load_u32(wire::Bytes octets, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, octets.data() + at, 4);
  return ntohl(value);
}

bool is_group(std::uint32_t address) { return address >> 28 == 0xe; }

// veth and local senders leave the transport checksum to hardware that is not there.
void complete_checksum(std::span<std::byte> packet) {
  if (packet.size() < 20 || static_cast<unsigned>(packet[0]) >> 4 != 4) return;
  const std::size_t header = (static_cast<std::size_t>(packet[0]) & 0xf) * 4;
  const std::size_t total = ip_length(packet);
  const auto protocol = static_cast<unsigned>(packet[9]);
  const std::size_t at = header + (protocol == IPPROTO_TCP ? 16U : 6U);
  if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || at + 2 > total) return;
  packet[at] = packet[at + 1] = std::byte{0};
  std::uint64_t sum = protocol + (total - header);
  const auto add = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; i += 2) {
      sum += static_cast<std::uint64_t>(packet[i]) << 8;
      if (i + 1 < to) sum += static_cast<std::uint64_t>(packet[i + 1]);
    }
  };
  add(12, 20);
  add(header, total);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  auto checksum = static_cast<std::uint16_t>(~sum);
  if (checksum == 0 && protocol == IPPROTO_UDP) checksum = 0xffff;
  packet[at] = static_cast<std::byte>(checksum >> 8);
  packet[at + 1] = static_cast<std::byte>(checksum);
}

}  // namespace

std::string PacketPort::read_address() {
  const std::size_t slash = config_.address.find('/');
  const std::string host = config_.address.substr(0, slash);
  in_addr address{};
  const auto prefix =
      slash == std::string::npos
          ? std::nullopt
          : whole_number<std::uint8_t>(std::string_view(config_.address).substr(slash + 1));
  const bool good = prefix && *prefix <= 32 && ::inet_pton(AF_INET, host.c_str(), &address) == 1;
  if (!good) return "address " + config_.address + ": not an IPv4 address with prefix";
  address_ = ntohl(address.s_addr);
  mask_ = *prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - *prefix);
  return {};
}

std::string PacketPort::open() {
  if (const std::string error = read_address(); !error.empty()) return error;
  index_ = static_cast<int>(::if_nametoindex(config_.interface.c_str()));
  if (index_ == 0) return system_error("interface " + config_.interface);

  socket_ = Fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.valid()) return system_error("packet socket");
  ifreq request{};
  config_.interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(socket_.get(), SIOCGIFHWADDR, &request) != 0) return system_error("SIOCGIFHWADDR");
  std::memcpy(mac_.data(), request.ifr_hwaddr.sa_data, mac_.size());

  constexpr std::uint32_t kRsvp = IPPROTO_RSVP, kNoProtocol = 0x100;
  const std::uint32_t for_whomever = mask_ == kHost ? kRsvp : kNoProtocol;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 8, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 6),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),  // destination address
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, address_, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0xe0000000, 3, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),  // protocol
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, for_whomever, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0x40000),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  const int fd = socket_.get();
  const bool ready =
      set(fd, SOL_PACKET, PACKET_AUXDATA, 1) && start_hearing(fd, program, ETH_P_ALL, index_);
  if (!ready) return system_error("packet socket on " + config_.interface);
  grow_receive_buffer(fd);
  fds_.push_back(fd);
  return {};
}

Received PacketPort::receive(int fd, std::span<std::byte> into, Instant now) {
  constexpr Received kHandled{Received::Status::Handled, 0, {}};
  sockaddr_ll from{};
  iovec part{into.data(), into.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(fd, &message, 0);
  if (got < 0) {
    if (errno == EINTR) return kHandled;
    if (errno != EAGAIN) counters_.receive_error.add();
    return {};
  }
  const auto octets = into.first(static_cast<std::size_t>(got));
  if (from.sll_pkttype == PACKET_OTHERHOST || from.sll_pkttype == PACKET_OUTGOING) return kHandled;
  if (from.sll_protocol == htons(ETH_P_ARP)) {
    on_arp(octets, now);
    return kHandled;
  }
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata aux{};
    std::memcpy(&aux, CMSG_DATA(c), sizeof aux);
    if ((aux.tp_status & TP_STATUS_CSUMNOTREADY) != 0) complete_checksum(octets);
  }
  const Received received = accept(octets);
  if (received.status == Received::Status::Packet && from.sll_halen == mac_.size()) {
    const std::uint32_t source = load_u32(octets, 12);
    Mac mac{};
    std::memcpy(mac.data(), from.sll_addr, mac.size());
    const std::scoped_lock lock(neighbors_mutex_);
    if (on_link(source) && source != address_) neighbors_.learn(source, mac, now);
  }
  return received;
}

void PacketPort::on_arp(wire::Bytes octets, Instant now) {
  const auto arp = decode_arp(octets);
  if (!arp || !on_link(arp->sender_ip) || arp->sender_ip == address_) return;
  if (arp->target_ip != address_) return;  // RFC 826: only who speaks to us is remembered
  {
    const std::scoped_lock lock(neighbors_mutex_);
    neighbors_.learn(arp->sender_ip, arp->sender_mac, now);
  }
  if (arp->operation != ArpPacket::Operation::Request || !selected(PacketClass::Arp)) return;
  send_arp(ArpPacket::Operation::Reply, arp->sender_mac, arp->sender_ip);
  counters_.arp_answered.add();
}

void PacketPort::send_arp(ArpPacket::Operation operation, const Mac& to_mac, std::uint32_t to_ip) {
  const bool request = operation == ArpPacket::Operation::Request;
  const auto octets = encode_arp({operation, mac_, address_, request ? Mac{} : to_mac, to_ip});
  if (!transmit(ETH_P_ARP, to_mac, octets)) counters_.send_error.add();
}

std::optional<Mac> PacketPort::next_hop(std::uint32_t destination, Instant now) {
  if (is_group(destination)) return multicast_mac(destination);
  if (mask_ == kHost) return kBroadcast;  // whoever is there is meant
  if (destination == 0xffffffff || destination == (address_ | ~mask_)) return kBroadcast;
  if (!on_link(destination)) {
    counters_.off_link.add();
    return std::nullopt;
  }
  bool ask = false;
  {
    const std::scoped_lock lock(neighbors_mutex_);
    if (const auto mac = neighbors_.find(destination, now)) return mac;
    ask = neighbors_.should_ask(destination, now);
  }
  if (ask) send_arp(ArpPacket::Operation::Request, kBroadcast, destination);
  counters_.no_neighbor.add();
  return std::nullopt;
}

bool PacketPort::send(wire::Bytes packet, Instant now) {
  if (packet.size() < 20 || static_cast<unsigned>(packet[0]) >> 4 != 4) {
    counters_.send_error.add();
    return false;
  }
  const auto to = next_hop(load_u32(packet, 16), now);
  if (!to) return false;
  if (transmit(ETH_P_IP, *to, packet)) {
    counters_.sent.add();
    return true;
  }
  const bool full = errno == EAGAIN || errno == ENOBUFS;
  (full ? counters_.send_full : counters_.send_error).add();
  return false;
}

bool PacketPort::transmit(std::uint16_t protocol, const Mac& to, wire::Bytes octets) {
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(protocol);
  where.sll_ifindex = index_;
  where.sll_halen = static_cast<unsigned char>(to.size());
  std::memcpy(where.sll_addr, to.data(), to.size());
  return ::sendto(socket_.get(), octets.data(), octets.size(), 0,
                  reinterpret_cast<const sockaddr*>(&where), sizeof where) >= 0;
}

}  // namespace forces::fe::dataplane
