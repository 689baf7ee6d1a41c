// The octets of one TCP connection, plain or TLS, in batches.
//
// OpenSSL sees two memory buffers instead of the socket: many records are received with one call and
// sent with one. Those buffers belong to the I/O thread, not to the connection, so an idle connection
// owns none. One thread at a time.
#pragma once

#include <asio/ip/tcp.hpp>
#include <cstddef>
#include <new>
#include <span>
#include <vector>

#include "tml/src/net/tls.hpp"

namespace forces::tml {

// Starts vectors on a cache line. Large blocks of malloc start 16 octets into one, and from there the
// kernel copies out of a send buffer at half the speed (measured on EPYC).
template <class T>
struct LineAligned {
  using value_type = T;
  LineAligned() = default;
  template <class U>
  explicit LineAligned(const LineAligned<U>&) {}
  static constexpr std::align_val_t kLine{64};
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kLine)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, kLine); }
  friend bool operator==(const LineAligned&, const LineAligned&) { return true; }
};
using Octets = std::vector<std::byte, LineAligned<std::byte>>;

// Of an I/O thread.
struct Buffers {
  static constexpr std::size_t kIn = 256 * 1024;
  static constexpr std::size_t kPlain = 640 * 1024;  // more than two frames of the largest size
  Buffers() : in(kIn), plain(kPlain) { out.reserve(kIn); }
  Octets in;     // from the socket
  Octets plain;  // decrypted
  Octets out;    // for the socket
};

class Stream {
 public:
  enum class Io : std::uint8_t { Ok, Blocked, Eof, Failed };

  Stream(asio::ip::tcp::socket socket, SslPtr ssl);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  asio::ip::tcp::socket& socket() { return socket_; }
  SSL* ssl() { return ssl_.get(); }
  bool secured() const { return secured_; }

  // Receives once. Everything received must be consumed by handshake() and read() before the I/O thread
  // turns to another stream.
  [[nodiscard]] Io receive(Buffers& buffers);
  // Ok: done (at once without TLS). Blocked: needs more from the peer. Flush afterwards in any case.
  [[nodiscard]] Io handshake(Buffers& buffers);
  // Decrypts one record's worth into `into`; Blocked when what was received is used up.
  [[nodiscard]] Io read(Buffers& buffers, std::span<std::byte> into, std::size_t& got);
  // The last receive() took less than there was room for: nothing more was there.
  bool drained() const { return drained_; }

  // Appends to what flush() sends. Only while !blocked().
  [[nodiscard]] bool write(Buffers& buffers, std::span<const std::byte> octets);
  // Sends. Blocked: the kernel is full, the rest is kept; flush again when the socket is writable.
  [[nodiscard]] Io flush(Buffers& buffers);
  bool blocked() const { return rest_at_ < rest_.size(); }

  // Gives back memory that only a busy stream needs.
  void relax();
  // Sends FIN after what was flushed.
  void shutdown_send();
  const std::string& error() const { return error_; }
  TlsFailure failure() const { return failure_; }

 private:
  struct Wire {  // what the BIO works on
    Buffers* buffers = nullptr;
    std::size_t begin = 0, end = 0;  // in buffers->in
  };
  static BIO_METHOD* method();
  Io failed(int result);
  Io send(std::span<const std::byte> octets, std::size_t& sent);

  asio::ip::tcp::socket socket_;
  SslPtr ssl_;
  Wire wire_;
  bool secured_ = false, drained_ = true;
  Octets rest_;  // what the kernel did not take, from rest_at_ on
  std::size_t rest_at_ = 0;
  std::string error_;
  TlsFailure failure_ = TlsFailure::Protocol;
};

}  // namespace forces::tml
