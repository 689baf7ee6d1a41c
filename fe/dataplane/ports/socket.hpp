// What ports need of sockets: an owned descriptor, options, errors as text with the step that
// failed.
#pragma once

#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace forces::fe::dataplane {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  void reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd_ = -1;
};

[[nodiscard]] inline std::string system_error(std::string_view what) {
  return std::string(what) + ": " + std::strerror(errno);
}

template <class T>
[[nodiscard]] bool set(int fd, int level, int option, const T& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

void grow_receive_buffer(int fd);  // beyond rmem_max when we may

// A packet socket of protocol 0 hears nothing; from here on what the filter lets through of this
// protocol on this interface, groups included and what leaves excluded.
[[nodiscard]] bool start_hearing(int fd, const sock_fprog& filter, std::uint16_t protocol,
                                 int interface);

}  // namespace forces::fe::dataplane
