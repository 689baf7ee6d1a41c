#include "ce/multicast/link/session.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <utility>

namespace forces::multicast::link {

using Io = tml::Stream::Io;

Session::Session(asio::ip::tcp::socket socket, std::shared_ptr<tml::TlsContext> tls,
                 tml::SslPtr ssl, tml::Buffers& buffers, Owner& owner)
    : tls_(std::move(tls)),
      stream_(std::move(socket), std::move(ssl)),
      buffers_(buffers),
      owner_(&owner) {
  asio::error_code ignored;
  stream_.socket().non_blocking(true, ignored);
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  // Hellos are always on their way: a path that is gone ends the connection before a server that is
  // out of reach is flushed (RFC 2443 section 5.1), and a new one is dialled.
  const int patience = static_cast<int>(std::chrono::milliseconds(kUnacknowledged).count());
  ::setsockopt(stream_.socket().native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience,
               sizeof patience);
  const auto remote = stream_.socket().remote_endpoint(ignored);
  address_ = remote.address().to_string() + ':' + std::to_string(remote.port());
}

// A client speaks first; a server answers when something came.
void Session::start() {
  if (secure() && life_ != Life::Ended) wait_readable();
  if (owner_ != nullptr) owner_->on_served();
}

void Session::wait_readable() {
  if (life_ == Life::Ended) return;
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                              [self = shared_from_this()](const asio::error_code& ec) {
                                if (!ec && self->life_ != Life::Ended) self->serve();
                              });
}

void Session::serve() {
  const Io io = stream_.receive(buffers_, {}, true, tml::Buffers::kIn);
  if (io == Io::Eof || io == Io::Failed) {
    close(stream_.error().empty() ? "the connection ended" : stream_.error());
  } else if (io == Io::Ok && secure() && receive()) {
    if (stream_.flush(buffers_) == Io::Blocked) wait_writable();
  }
  if (owner_ != nullptr) owner_->on_served();
  wait_readable();
}

// False: it is over. While TLS is not up, true as well.
bool Session::secure() {
  if (life_ == Life::Open) return true;
  const Io io = stream_.handshake(buffers_);
  const std::string why = io == Io::Failed ? stream_.error() : "the connection ended";
  const Io sent = stream_.flush(buffers_);  // an alert, too
  if (sent == Io::Blocked) wait_writable();
  if (io == Io::Failed || io == Io::Eof) {
    close(why);
    return false;
  }
  if (io == Io::Blocked) return true;
  life_ = Life::Open;
  if (tls()) certified_ = tml::identity_of(stream_.ssl()).ce_ids;
  owner_->on_open(*this);
  return life_ == Life::Open;
}

bool Session::receive() {
  if (life_ != Life::Open) return true;
  for (;;) {
    std::size_t got = 0;
    const Io io = stream_.read(buffers_, buffers_.room(), got);
    if (io == Io::Blocked) return true;
    if (io != Io::Ok) {
      close(io == Io::Eof ? "the connection ended" : stream_.error());
      return false;
    }
    const bool sane =
        deframer_.feed({buffers_.plain.data(), got}, [&](wire::SnapPid pid, wire::Bytes message) {
          owner_->on_message(*this, pid, message);
          return life_ == Life::Open;
        });
    if (!sane) close("the stream cannot be delimited any more");
    if (life_ != Life::Open) return false;
  }
}

void Session::send(wire::SnapPid pid, wire::Bytes message) {
  if (life_ != Life::Open) return;
  const auto header = wire::sdu_header(pid, message.size());
  if (!header) return;
  unsent_.insert(unsent_.end(), header->begin(), header->end());
  unsent_.insert(unsent_.end(), message.begin(), message.end());
}

void Session::flush() {
  if (life_ != Life::Open || unsent_.empty()) return;
  if (stream_.blocked()) {
    if (unsent_.size() > kMaxUnsent) close("the neighbor does not read");
    return;
  }
  const bool written = stream_.write(buffers_, unsent_);
  unsent_.clear();
  const Io io = stream_.flush(buffers_);
  if (io == Io::Blocked) return wait_writable();
  if (!written || io != Io::Ok) close(stream_.error());
}

void Session::wait_writable() {
  if (writing_ || life_ == Life::Ended) return;
  writing_ = true;
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_write,
                              [self = shared_from_this()](const asio::error_code& ec) {
                                self->writing_ = false;
                                if (ec || self->life_ == Life::Ended) return;
                                const Io io = self->stream_.flush(self->buffers_);
                                if (io == Io::Blocked) return self->wait_writable();
                                if (io != Io::Ok) return self->close(self->stream_.error());
                                self->flush();
                              });
}

void Session::close(const std::string& why) {
  if (std::exchange(life_, Life::Ended) == Life::Ended) return;
  static_cast<void>(stream_.flush(buffers_));  // an alert of ours must not go to somebody else
  asio::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.socket().close(ignored);
  if (Owner* const owner = std::exchange(owner_, nullptr)) owner->on_closed(*this, why);
}

void Session::abandon() {
  owner_ = nullptr;
  close("");
}

}  // namespace forces::multicast::link
