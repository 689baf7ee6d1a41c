// What joins optical ports to the world: a packet socket for each on a device, and the bell that
// rings when a link changed. One descriptor for all. Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "fe/dataplane/optical/config.hpp"
#include "fe/dataplane/optical/frame.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane::optical {

class Lines {
 public:
  explicit Lines(const std::vector<OpticalPortConfig>& ports);

  // One text for every port that cannot be used now; it is tried again when links change.
  [[nodiscard]] std::vector<std::string> open();
  // To be watched for reading; -1: no port has a device.
  [[nodiscard]] int fd() const { return poll_.get(); }

  struct Heard {  // each may be empty
    std::function<void(std::uint32_t port, bool up)> link;
    // Octets behind the Ethernet header; they may be changed, and sent on.
    std::function<void(std::uint32_t port, std::span<std::byte> octets)> frame;
  };
  // What is there to be read, up to a limit a port; the descriptor stays readable for the rest.
  void receive(const Heard& heard);
  // How the links are now, of every port that has a device.
  void look(const Heard& heard);
  // False: it could not leave. A port without a device takes everything.
  bool send(std::uint32_t port, wire::Bytes octets);

 private:
  struct Line {
    std::string device;
    Fd socket;
    int index = 0;  // of the interface that the socket hears
  };
  [[nodiscard]] int index_of(const std::string& device) const;  // 0: there is none
  [[nodiscard]] std::string open(Line& line, std::uint32_t port, int index);
  void watch(int fd, std::uint64_t tag) const;

  std::map<std::uint32_t, Line> lines_;  // of ports with a device, but for those without
  std::vector<std::uint32_t> without_;
  Fd poll_, bell_, control_;
  std::vector<std::byte> room_;
};

}  // namespace forces::fe::dataplane::optical
