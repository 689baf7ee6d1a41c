// The octets of one TCP connection, plain or TLS, in batches.
//
// OpenSSL sees two memory buffers instead of the socket: many records are received with one call
// and sent with one. Those buffers belong to the I/O thread, not to the connection, so an idle
// connection owns none. One thread at a time.
#pragma once

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "tml/octets/tls.hpp"

namespace forces::tml {

// Octets that grow at the end, on a cache line. (Large blocks of malloc start 16 octets into one,
// and from there the kernel copies out of a send buffer at half the speed; measured on EPYC.)
class Octets {
 public:
  Octets() = default;
  explicit Octets(std::size_t capacity) { reserve(capacity); }
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }
  void append(const void* octets, std::size_t n) {
    if (n == 0) return;
    if (size_ + n > capacity_) reserve(std::max(size_ + n, 2 * capacity_));
    std::memcpy(data_.get() + size_, octets, n);
    size_ += n;
  }
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    std::unique_ptr<std::byte[], Delete> grown(
        static_cast<std::byte*>(::operator new(capacity, kLine)));
    if (size_ != 0) std::memcpy(grown.get(), data_.get(), size_);
    data_ = std::move(grown);
    capacity_ = capacity;
  }
  void release() {
    data_.reset();
    size_ = capacity_ = 0;
  }
  friend void swap(Octets& a, Octets& b) noexcept {
    std::swap(a.data_, b.data_);
    std::swap(a.size_, b.size_);
    std::swap(a.capacity_, b.capacity_);
  }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Delete {
    void operator()(std::byte* p) const { ::operator delete(p, kLine); }
  };
  std::unique_ptr<std::byte[], Delete> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

// Of an I/O thread.
struct Buffers {
  static constexpr std::size_t kIn = 256UZ * 1024;
  static constexpr std::size_t kPlain = 640UZ * 1024;  // more than two frames of the largest size
  std::span<std::byte> room() { return {plain.data(), kPlain}; }
  Octets in{kIn};        // from the socket
  Octets plain{kPlain};  // decrypted
  Octets out{kIn};       // for the socket of `writer`: flushed before another stream writes
  const void* writer = nullptr;
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

  // Takes `first`, which was received already, and if `more` up to `limit` octets. All must be
  // consumed by handshake() and read() before the I/O thread turns to another stream.
  [[nodiscard]] Io receive(Buffers& buffers, std::span<const std::byte> first, bool more,
                           std::size_t limit);
  // Ok: done (at once without TLS). Blocked: needs more from the peer. Flush afterwards in any
  // case.
  [[nodiscard]] Io handshake(Buffers& buffers);
  // Decrypts one record's worth into `into`; Blocked when what was received is used up. Flush
  // afterwards: OpenSSL may have answered, by an alert or a key update.
  [[nodiscard]] Io read(Buffers& buffers, std::span<std::byte> into, std::size_t& got);
  // The last receive() took less than there was room for: nothing more was there.
  bool drained() const { return drained_; }

  // Appends to what flush() sends. Only while !blocked().
  [[nodiscard]] bool write(Buffers& buffers, std::span<const std::byte> octets);
  // Sends. Blocked: the kernel is full, the rest is kept; flush again when the socket is writable.
  [[nodiscard]] Io flush(Buffers& buffers);
  bool blocked() const { return rest_at_ < rest_.size(); }

  // A busy stream keeps OpenSSL's record buffers (two allocations a message otherwise); a quiet one
  // gives them back, and its own.
  void keep_buffers(bool busy);
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
  void claim(Buffers& buffers) const;
  Io failed(int result);
  Io send(std::span<const std::byte> octets, std::size_t& sent);

  asio::ip::tcp::socket socket_;
  SslPtr ssl_;
  Wire wire_;
  bool secured_ = false, drained_ = true, keeping_ = false;
  Octets rest_;  // what the kernel did not take, from rest_at_ on
  std::size_t rest_at_ = 0;
  std::string error_;
  TlsFailure failure_ = TlsFailure::Protocol;
};

}  // namespace forces::tml
