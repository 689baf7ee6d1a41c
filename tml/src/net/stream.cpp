#include "tml/src/net/stream.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace forces::tml {

BIO_METHOD* Stream::method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tml wire");
    BIO_meth_set_write(m, [](BIO* bio, const char* data, int size) {
      auto& out = static_cast<Wire*>(BIO_get_data(bio))->buffers->out;
      const auto* octets = reinterpret_cast<const std::byte*>(data);
      out.insert(out.end(), octets, octets + size);
      return size;
    });
    BIO_meth_set_read(m, [](BIO* bio, char* data, int size) {
      Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
      BIO_clear_retry_flags(bio);
      if (wire.begin == wire.end) {
        BIO_set_retry_read(bio);
        return -1;
      }
      const std::size_t n = std::min(static_cast<std::size_t>(size), wire.end - wire.begin);
      std::memcpy(data, wire.buffers->in.data() + wire.begin, n);
      wire.begin += n;
      return static_cast<int>(n);
    });
    BIO_meth_set_ctrl(m, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return m;
  }();
  return made;
}

Stream::Stream(asio::ip::tcp::socket socket, SslPtr ssl)
    : socket_(std::move(socket)), ssl_(std::move(ssl)), secured_(!ssl_) {
  if (!ssl_) return;
  BIO* bio = BIO_new(method());
  BIO_set_data(bio, &wire_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

Stream::~Stream() = default;

Stream::Io Stream::receive(Buffers& buffers) {
  if (!ssl_) {
    drained_ = false;
    return Io::Ok;  // read() takes from the socket itself
  }
  const ssize_t n = ::recv(socket_.native_handle(), buffers.in.data(), buffers.in.size(), 0);
  if (n > 0) {
    wire_ = {&buffers, 0, static_cast<std::size_t>(n)};
    drained_ = static_cast<std::size_t>(n) < buffers.in.size();
    return Io::Ok;
  }
  drained_ = true;
  if (n == 0) return Io::Eof;
  if (errno == EAGAIN || errno == EINTR) return Io::Blocked;
  error_ = std::system_category().message(errno);
  return Io::Eof;
}

Stream::Io Stream::failed(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Io::Blocked;
    case SSL_ERROR_ZERO_RETURN: return Io::Eof;
    default: break;
  }
  TlsError why = tls_error(ssl_.get());
  error_ = std::move(why.text);
  failure_ = why.kind;
  return Io::Failed;
}

Stream::Io Stream::handshake(Buffers& buffers) {
  if (secured_) return Io::Ok;
  wire_.buffers = &buffers;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return failed(result);
  secured_ = true;
  return Io::Ok;
}

Stream::Io Stream::read(Buffers& buffers, std::span<std::byte> into, std::size_t& got) {
  got = 0;
  if (!ssl_) {
    if (drained_) return Io::Blocked;
    const ssize_t n = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    if (n > 0) {
      got = static_cast<std::size_t>(n);
      drained_ = got < into.size();
      return Io::Ok;
    }
    drained_ = true;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return Io::Blocked;
    if (n < 0) error_ = std::system_category().message(errno);
    return Io::Eof;
  }
  wire_.buffers = &buffers;
  ERR_clear_error();
  if (SSL_read_ex(ssl_.get(), into.data(), into.size(), &got) == 1) return Io::Ok;
  return failed(0);
}

bool Stream::write(Buffers& buffers, std::span<const std::byte> octets) {
  if (!ssl_) {
    buffers.out.insert(buffers.out.end(), octets.begin(), octets.end());
    return true;
  }
  wire_.buffers = &buffers;
  std::size_t written = 0;
  ERR_clear_error();
  // Without partial writes OpenSSL cuts the records itself and the memory buffer takes them all.
  return SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &written) == 1;
}

Stream::Io Stream::send(std::span<const std::byte> octets, std::size_t& sent) {
  sent = 0;
  while (sent < octets.size()) {
    const ssize_t n = ::send(socket_.native_handle(), octets.data() + sent, octets.size() - sent,
                             MSG_NOSIGNAL);
    if (n >= 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      return Io::Blocked;
    } else if (errno != EINTR) {
      error_ = std::system_category().message(errno);
      return Io::Eof;
    }
  }
  return Io::Ok;
}

Stream::Io Stream::flush(Buffers& buffers) {
  std::size_t sent = 0;
  if (blocked()) {
    const Io io = send(std::span(rest_).subspan(rest_at_), sent);
    rest_at_ += sent;
    if (io == Io::Ok) {
      rest_.clear();
      rest_at_ = 0;
    }
    if (io != Io::Ok) {
      rest_.insert(rest_.end(), buffers.out.begin(), buffers.out.end());
      buffers.out.clear();
      return io;
    }
  }
  if (buffers.out.empty()) return Io::Ok;
  const Io io = send(buffers.out, sent);
  if (io == Io::Blocked) {
    rest_.swap(buffers.out);
    rest_at_ = sent;
  }
  buffers.out.clear();
  return io;
}

void Stream::relax() {
  if (rest_.empty() && rest_.capacity() != 0) Octets().swap(rest_);
}

void Stream::shutdown_send() {
  asio::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace forces::tml
