#include "tml/octets/stream.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "common/core/assert.hpp"

namespace forces::tml {

BIO_METHOD* Stream::method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tml wire");
    BIO_meth_set_write(m, [](BIO* bio, const char* data, int size) {
      static_cast<Wire*>(BIO_get_data(bio))
          ->buffers->out.append(data, static_cast<std::size_t>(size));
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

Stream::Io Stream::receive(Buffers& buffers, std::span<const std::byte> first, bool more,
                           std::size_t limit) {
  if (ssl_) ERR_clear_error();  // whatever a callback left there
  if (!first.empty()) std::memcpy(buffers.in.data(), first.data(), first.size());
  wire_ = {&buffers, 0, first.size()};
  drained_ = !more;
  if (!more) return Io::Ok;
  const std::size_t room = std::min(limit, buffers.in.capacity()) - first.size();
  const ssize_t n = ::recv(socket_.native_handle(), buffers.in.data() + first.size(), room, 0);
  if (n > 0) {
    wire_.end += static_cast<std::size_t>(n);
    drained_ = static_cast<std::size_t>(n) < room;
    return Io::Ok;
  }
  drained_ = true;
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return first.empty() ? Io::Blocked : Io::Ok;
  if (!first.empty()) {
    drained_ = false;  // the end shows at the next look, after what came before it
    return Io::Ok;
  }
  if (n < 0) error_ = std::system_category().message(errno);
  return Io::Eof;
}

Stream::Io Stream::failed(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return Io::Blocked;
    case SSL_ERROR_ZERO_RETURN:
      return Io::Eof;
    default:
      break;
  }
  TlsError why = tls_error(ssl_.get());
  error_ = std::move(why.text);
  failure_ = why.kind;
  return Io::Failed;
}

// What one stream left unsent would go out on another's socket.
void Stream::claim(Buffers& buffers) const {
  FORCES_ASSERT(buffers.out.empty() || buffers.writer == this);
  buffers.writer = this;
}

Stream::Io Stream::handshake(Buffers& buffers) {
  if (secured_) return Io::Ok;
  claim(buffers);
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
    got = std::min(into.size(), wire_.end - wire_.begin);
    if (got == 0) return Io::Blocked;
    std::memcpy(into.data(), buffers.in.data() + wire_.begin, got);
    wire_.begin += got;
    return Io::Ok;
  }
  // Asking when nothing is left costs more than a small message.
  if (wire_.begin == wire_.end && SSL_has_pending(ssl_.get()) == 0) return Io::Blocked;
  claim(buffers);  // reading writes, too: alerts and key updates
  wire_.buffers = &buffers;
  if (SSL_read_ex(ssl_.get(), into.data(), into.size(), &got) == 1) return Io::Ok;
  return failed(0);
}

bool Stream::write(Buffers& buffers, std::span<const std::byte> octets) {
  claim(buffers);
  if (!ssl_) {
    buffers.out.append(octets.data(), octets.size());
    return true;
  }
  wire_.buffers = &buffers;
  std::size_t written = 0;
  // Without partial writes OpenSSL cuts the records itself and the memory buffer takes them all.
  return SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &written) == 1;
}

Stream::Io Stream::send(std::span<const std::byte> octets, std::size_t& sent) {
  sent = 0;
  while (sent < octets.size()) {
    const ssize_t n =
        ::send(socket_.native_handle(), octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
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
    const Io io = send({rest_.data() + rest_at_, rest_.size() - rest_at_}, sent);
    rest_at_ += sent;
    if (io == Io::Ok) {
      rest_.clear();
      rest_at_ = 0;
    }
    if (io != Io::Ok) {
      if (buffers.writer != this) return io;
      rest_.append(buffers.out.data(), buffers.out.size());
      buffers.out.clear();
      return io;
    }
  }
  if (buffers.out.empty() || buffers.writer != this) return Io::Ok;
  const Io io = send({buffers.out.data(), buffers.out.size()}, sent);
  if (io == Io::Blocked) {
    swap(rest_, buffers.out);
    rest_at_ = sent;
  }
  buffers.out.clear();
  return io;
}

void Stream::keep_buffers(bool busy) {
  if (!busy && rest_.empty()) rest_.release();
  if (!ssl_ || busy == keeping_) return;
  keeping_ = busy;
  if (busy) {
    SSL_clear_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  } else {
    SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_free_buffers(ssl_.get());
  }
}

void Stream::shutdown_send() {
  asio::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace forces::tml
