// A TUN device: the place where the host's stack, and so the routing daemons, meet an FE port.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "ce/redirect/port_config.hpp"

namespace forces::ce {

class Tun {
 public:
  // Makes the device (or attaches to a persistent one of that name), gives it address and MTU, and
  // brings it up with multicast on. The device lives as long as this object. Needs CAP_NET_ADMIN.
  // The error is text for the operator.
  [[nodiscard]] static std::expected<Tun, std::string> open(const PortConfig& config);

  Tun(Tun&& other) noexcept;
  Tun& operator=(Tun&& other) noexcept;
  ~Tun();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] unsigned index() const { return index_; }

  // What the routing daemons take for the state of the FE's port.
  void set_carrier(bool up) const;
  // Of a shared device: whether packets come to us. It keeps its carrier while any process has it,
  // also one that is not active.
  void set_active(bool active) const;

 private:
  explicit Tun(int fd) : fd_(fd) {}
  int fd_ = -1;
  unsigned index_ = 0;
};

}  // namespace forces::ce
