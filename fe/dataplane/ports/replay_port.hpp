// A port made of a capture file: its IP packets arrive at a steady rate, again and again. For
// running a pair of daemons without privileges; what the control plane sends is counted and goes
// nowhere.
#pragma once

#include "common/core/result.hpp"
#include "fe/dataplane/port.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane {

// The IP packets of a pcap file (either byte order; Ethernet or raw IP).
[[nodiscard]] Result<std::vector<std::vector<std::byte>>> decode_capture(wire::Bytes file);

class ReplayPort : public Port {
 public:
  using Port::Port;
  [[nodiscard]] std::string open() override;
  [[nodiscard]] Received receive(int fd, std::span<std::byte> into, Instant now) override;
  bool send(wire::Bytes packet, Instant now) override;

 private:
  Fd timer_;
  std::vector<std::vector<std::byte>> packets_;
  std::size_t next_ = 0;
  std::uint64_t due_ = 0;  // expirations not served yet
};

}  // namespace forces::fe::dataplane
