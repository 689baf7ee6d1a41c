// Frames from where they arrive to where they leave, over the adaptations between. What leaves by a
// slot of a client is put, as it is, into the slot of the server: a frame within a frame, each with
// its label. What leaves by the server's slot is taken out, and comes in at the client. Octets in,
// octets out; no socket.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "fe/dataplane/optical/fabric.hpp"

namespace forces::fe::dataplane::optical {

class Adapter {
 public:
  explicit Adapter(Fabric& fabric) : fabric_(fabric) {}

  struct Leaves {
    Fabric::Onward onward{};
    wire::Bytes octets{};  // header and payload; good until the next frame
    std::size_t payload = 0;
  };
  // Octets behind the Ethernet header, which are changed; nothing: the frame ends here. The owner
  // says whether it has left (Fabric::on_sent()).
  [[nodiscard]] std::optional<Leaves> on_octets(std::uint32_t port, std::span<std::byte> octets,
                                                Instant now);

 private:
  Fabric& fabric_;
  std::vector<std::byte> room_, other_;  // of a frame that was put into another one
};

}  // namespace forces::fe::dataplane::optical
