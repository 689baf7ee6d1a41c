#include "tests/bench/raw/wire.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace forces::bench {
namespace {

constexpr std::size_t kOutCapacity =
    128 * 1024;  // a batch of 60 KiB with its record headers, twice
constexpr std::size_t kInCapacity = 256 * 1024;

}  // namespace

Wire::Wire(int fd) : fd_(fd), out_(kOutCapacity), in_(kInCapacity) {}

BIO_METHOD* Wire::method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gathering socket");
    BIO_meth_set_write(m, &Wire::bio_write);
    BIO_meth_set_read(m, &Wire::bio_read);
    BIO_meth_set_ctrl(m, &Wire::bio_control);
    return m;
  }();
  return made;
}

BIO* Wire::make_bio() {
  BIO* bio = BIO_new(method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

bool Wire::flush() {
  while (out_begin_ != out_end_) {
    const ssize_t sent = send(fd_, out_.data() + out_begin_, out_end_ - out_begin_, MSG_NOSIGNAL);
    if (sent >= 0) {
      out_begin_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      break;  // the connection is dead: the next read says so
    }
  }
  out_begin_ = out_end_ = 0;
  return true;
}

int Wire::bio_write(BIO* bio, const char* data, int size) {
  Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto octets = static_cast<std::size_t>(size);
  if (wire.out_.capacity() - wire.out_end_ < octets && !wire.flush()) {
    BIO_set_retry_write(bio);
    return -1;
  }
  std::memcpy(wire.out_.data() + wire.out_end_, data, octets);
  wire.out_end_ += octets;
  return size;
}

int Wire::bio_read(BIO* bio, char* data, int size) {
  Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (!wire.holds_input()) {
    const ssize_t got = recv(wire.fd_, wire.in_.data(), wire.in_.capacity(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    if (got <= 0) return static_cast<int>(got);
    wire.in_begin_ = 0;
    wire.in_end_ = static_cast<std::size_t>(got);
  }
  const std::size_t octets =
      std::min(static_cast<std::size_t>(size), wire.in_end_ - wire.in_begin_);
  std::memcpy(data, wire.in_.data() + wire.in_begin_, octets);
  wire.in_begin_ += octets;
  return static_cast<int>(octets);
}

long Wire::bio_control(BIO* bio, int command, long, void*) {
  if (command != BIO_CTRL_FLUSH) return 0;  // 1 would claim kernel TLS
  static_cast<Wire*>(BIO_get_data(bio))->flush();
  return 1;
}

}  // namespace forces::bench
