// One TCP connection of the raw loop, plain or TLS, and the sockets and contexts it needs.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "tests/bench/harness/options.hpp"

namespace forces::bench {

using Octets = std::span<const std::uint8_t>;

// Listens on a free port of 127.0.0.1 and publishes it.
int listen_on_loopback(std::atomic<int>& port);
// Both give -1 when a non-blocking call would have to wait.
int accept_from(int listener, bool blocking);
int connect_to(int port, bool blocking);
void set_non_blocking(int fd);

// TLS 1.3, AES-128-GCM, X25519, both sides authenticated, no tickets; nullptr for plain runs.
SSL_CTX* make_context(const Options& options, bool server);

// Storage that starts 64 octets into a page. What malloc gives for 128 KiB and more starts 16 into
// one, and there the kernel's copy of a send runs at half speed on some processors.
class PageBuffer {
 public:
  explicit PageBuffer(std::size_t capacity);
  std::uint8_t* data() { return start_.get() + kOffset; }
  const std::uint8_t* data() const { return start_.get() + kOffset; }
  std::size_t capacity() const { return capacity_; }

 private:
  static constexpr std::size_t kOffset = 64;
  struct Release {
    void operator()(std::uint8_t* p) const;
  };
  std::unique_ptr<std::uint8_t, Release> start_;
  std::size_t capacity_;
};

class Wire;

class Link {
 public:
  // Gathered: the TLS records of one write leave in one send, and one recv takes up to 256 KiB.
  // Small: OpenSSL's own socket BIO, which costs less memory.
  enum class Records { Gathered, Small };
  Link(int fd, SSL_CTX* context, bool server, Records records, SSL_SESSION* resume = nullptr);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  int fd() const { return fd_; }
  SSL* ssl() { return ssl_; }

  bool handshake();  // false: more must come from the peer
  // Octets; 0: would have to wait; -1: the connection has ended.
  std::ptrdiff_t read(std::uint8_t* into, std::size_t room);
  std::ptrdiff_t write(Octets octets);
  void write_all(Octets octets);  // blocking sockets
  // Something has been received that epoll does not know of.
  bool holds_input() const;

 private:
  int fd_;
  SSL* ssl_ = nullptr;
  std::unique_ptr<Wire> wire_;
};

}  // namespace forces::bench
