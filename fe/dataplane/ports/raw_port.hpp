// A port whose address the kernel owns: control packets come and go through raw IP sockets.
//
// OSPF, RSVP, PIM, VRRP and ICMP have one raw socket each, bound to the interface. IGMP is read
// from a packet socket, for the kernel hands a raw socket only what is sent to groups it has
// joined. Everything is sent through one IPPROTO_RAW socket (IP_HDRINCL), so that the kernel finds
// the next hop's MAC; its header, TTL included, stays that of the control plane.
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
  [[nodiscard]] std::string open_igmp(int index);

  std::vector<Fd> receivers_;
  Fd sender_;
};

}  // namespace forces::fe::dataplane
