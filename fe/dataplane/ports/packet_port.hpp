// A port without an address in the kernel: everything for the control plane, BGP and ping included,
// comes through one packet socket, so that the kernel cannot answer for the CE. ARP for the port's
// address is answered here; the CE sees IP packets only.
//
// An address with /32 has nobody beside it: the port is a channel with one other end, such as the
// control channel of an optical link (RFC 3473 section 8). What is sent goes there without ARP, and
// RSVP for whomever is taken.
//
// A BPF filter in the kernel lets through ARP and IPv4 to the port's address, to groups and to
// broadcast; transit traffic never reaches this process.
#pragma once

#include <mutex>
#include <optional>

#include "fe/dataplane/port.hpp"
#include "fe/dataplane/ports/arp.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane {

class PacketPort : public Port {
 public:
  using Port::Port;
  [[nodiscard]] std::string open() override;
  [[nodiscard]] Received receive(int fd, std::span<std::byte> into, Instant now) override;
  bool send(wire::Bytes packet, Instant now) override;

 private:
  [[nodiscard]] std::string read_address();
  void on_arp(wire::Bytes octets, Instant now);
  void send_arp(ArpPacket::Operation operation, const Mac& to_mac, std::uint32_t to_ip);
  [[nodiscard]] std::optional<Mac> next_hop(std::uint32_t destination, Instant now);
  [[nodiscard]] bool transmit(std::uint16_t protocol, const Mac& to, wire::Bytes octets);
  [[nodiscard]] bool on_link(std::uint32_t address) const {
    return (address & mask_) == (address_ & mask_);
  }

  Fd socket_;
  int index_ = 0;
  Mac mac_{};
  std::uint32_t address_ = 0, mask_ = 0;
  NeighborTable neighbors_;  // receive and send may come from two threads
  std::mutex neighbors_mutex_;
};

}  // namespace forces::fe::dataplane
