// A port whose address the kernel owns: control packets come and go through raw IP sockets.
//
// OSPF, RSVP, PIM, VRRP and ICMP have one raw socket each, bound to the interface. IGMP is read
// from a packet socket, for the kernel hands a raw socket only what is sent to groups it has
// joined; and so is MLD, where memberships are kept. Everything is sent through one IPPROTO_RAW
// socket (IP_HDRINCL), so that the kernel finds the next hop's MAC; its header, TTL included, stays
// that of the control plane.
//
// Where the interface has IPv6, OSPFv3, PIM and VRRP come and go likewise; ND is the kernel's. Its
// raw sockets of IPv6 give no header: the one handed on is made of what it tells (no extension
// headers).
#pragma once

#include "fe/dataplane/port.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane {

class RawPort : public Port {
 public:
  using Port::Port;
  [[nodiscard]] std::string open() override;
  [[nodiscard]] Received receive(int fd, std::span<std::byte> into, Instant now) override;
  bool send(wire::Bytes packet, Instant now) override;

 private:
  [[nodiscard]] std::string open_receiver(PacketClass c, int index);
  [[nodiscard]] std::string hear(std::span<const sock_filter> filter, std::uint16_t protocol,
                                 int index);
  [[nodiscard]] std::string open_six(int index);
  struct Six {
    int fd = -1, protocol = 0;
  };
  [[nodiscard]] static ssize_t receive_six(const Six& socket, std::span<std::byte> into);

  std::vector<Fd> receivers_;
  std::vector<Six> six_;  // those of IPv6
  Fd sender_, sender_six_;
  int index_ = 0;
};

}  // namespace forces::fe::dataplane
