// The multicast routes of the kernel, in the network namespace it is opened in: the sockets of
// <linux/mroute.h> and <linux/mroute6.h>. One owner a namespace; what it set goes with it. Opening
// needs CAP_NET_RAW, nothing else a capability.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fe/dataplane/multicast/routes.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane::multicast {

class Mroute {
 public:
  static constexpr std::uint32_t kMostPorts = 32;  // MAXVIFS, MAXMIFS

  explicit Mroute(Family family) : family_(family) {}

  // Empty text: open. The kernel is not asked for anything until start().
  [[nodiscard]] std::string open();
  // "Address already in use": another multicast router owns the namespace.
  [[nodiscard]] std::string start();
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Ports have numbers below kMostPorts here. False with errno.
  [[nodiscard]] bool add_port(std::uint32_t number, std::uint32_t interface);
  bool remove_port(std::uint32_t number);
  // Ports are numbers. False with errno.
  [[nodiscard]] bool set(const SetFlow& flow);
  bool remove(const Flow& flow);

  struct Question {
    Flow flow{};
    std::uint32_t number = 0;  // of the port
  };
  // What the kernel asks; nothing when there is no more. `heard` is whether anything was read.
  [[nodiscard]] std::optional<Question> receive(bool& heard);

  // Packets of the flow that came in at its port, since it was set.
  [[nodiscard]] std::optional<std::uint64_t> count(const Flow& flow) const;
  // Packets that left by the port.
  [[nodiscard]] std::uint64_t sent(std::uint32_t number) const;

 private:
  Family family_;
  Fd fd_;
};

}  // namespace forces::fe::dataplane::multicast
