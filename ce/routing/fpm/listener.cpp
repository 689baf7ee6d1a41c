#include "ce/routing/fpm/listener.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <asio/buffer.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace forces::ce::routing::fpm {
namespace {

using asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kRetry = std::chrono::milliseconds(200);

Instant now() { return Instant(SteadyClock::now().time_since_epoch()); }

// Asio leaves descriptors open across exec, and a child would keep the port.
void close_on_exec(int descriptor) { (void)::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

std::string name_of(const tcp::socket& socket) {
  std::error_code error;
  const auto peer = socket.remote_endpoint(error);
  return error ? "?" : fmt::format("{}:{}", peer.address().to_string(), peer.port());
}

}  // namespace

Listener::Listener(asio::io_context& io, Rib& rib, ListenerHandlers handlers)
    : rib_(rib),
      handlers_(std::move(handlers)),
      acceptor_(io),
      timer_(io),
      retry_(io),
      self_(std::make_shared<Listener*>(this)) {}

Listener::~Listener() { stop(); }

std::error_code Listener::start(const ListenerConfig& config) {
  std::error_code error;
  const auto address = asio::ip::make_address(config.address, error);
  if (error) return error;
  const tcp::endpoint endpoint(address, config.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) close_on_exec(acceptor_.native_handle());
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(4, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) {
    std::error_code ignored;
    acceptor_.close(ignored);
    return error;
  }
  accept();
  return {};
}

void Listener::stop() {
  std::error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel();
  retry_.cancel();
  const auto held = lock();
  if (connection_) close("we stop");
}

void Listener::accept() {
  acceptor_.async_accept([weak = std::weak_ptr(self_)](std::error_code error, tcp::socket socket) {
    const auto self = weak.lock();
    if (!self || error == asio::error::operation_aborted) return;
    const auto held = (*self)->lock();
    if (!error) {
      (*self)->take(std::move(socket));
      return (*self)->accept();
    }
    (*self)->note(error.message());
    (*self)->retry_.expires_after(kRetry);
    (*self)->retry_.async_wait([weak](std::error_code stopped) {
      const auto me = weak.lock();
      if (me && !stopped) (*me)->accept();
    });
  });
}

void Listener::take(tcp::socket socket) {
  const std::string peer = name_of(socket);
  if (connection_ && connection_->proven) {
    ++counters_.refused;
    note(fmt::format("{} refused: {} is connected", peer, connection_->peer));
    return;
  }
  if (connection_) {
    ++counters_.displaced;
    close("it said nothing, and another came");
  }
  ++counters_.accepted;
  close_on_exec(socket.native_handle());
  connection_ = std::make_shared<Connection>(std::move(socket));
  connection_->peer = peer;
  note(fmt::format("{} connected", peer));
  rib_.on_connected();
  read();
}

void Listener::read() {
  const auto room = connection_->framer.prepare();
  connection_->socket.async_read_some(
      asio::buffer(room.data(), room.size()),
      [this, weak = std::weak_ptr(connection_)](std::error_code error, std::size_t octets) {
        const auto connection = weak.lock();
        if (!connection) return;  // closed meanwhile, and perhaps this Listener gone
        const auto held = lock();
        if (!error) return on_octets(octets);
        if (connection->framer.inside_frame()) ++counters_.cut_inside;
        close(connection->framer.inside_frame() ? "it ended inside a frame"
              : error == asio::error::eof       ? "it closed"
                                                : error.message());
      });
}

void Listener::on_octets(std::size_t octets) {
  counters_.octets += octets;
  const auto connection = connection_;
  connection->framer.commit(octets);
  bool open = true;
  while (open) {
    const auto frame = connection->framer.next();
    if (!frame) {
      malformed(frame.error());
      open = false;
    } else if (!*frame) {
      break;
    } else {
      open = on_frame(**frame);
    }
  }
  if (handlers_.changed) handlers_.changed();
  arm();
  if (open && connection_ == connection) read();
}

bool Listener::on_frame(wire::Bytes payload) {
  Connection& c = *connection_;
  ++counters_.frames;
  FrameReader in(payload);
  while (in.next(c.message)) {
    ++counters_.messages;
    c.proven = true;
    rib_.on_message(c.message, now());
  }
  if (in.ok()) return true;
  malformed(in.error());
  return false;
}

void Listener::malformed(const Error& error) {
  ++counters_.malformed;
  close(fmt::format("not what zebra sends: {} at octet {} of a frame, {}", to_string(error.code),
                    error.offset, error.field));
}

void Listener::close(std::string_view why) {
  note(fmt::format("{} disconnected: {}", connection_->peer, why));
  std::error_code ignored;
  connection_->socket.close(ignored);
  connection_.reset();
  rib_.on_disconnected();
  timer_.cancel();
}

void Listener::arm() {
  const auto due = rib_.next_deadline();
  if (!due) return;
  timer_.expires_at(SteadyClock::time_point(
      std::chrono::duration_cast<SteadyClock::duration>(due->time_since_epoch())));
  timer_.async_wait([weak = std::weak_ptr(self_)](std::error_code error) {
    const auto self = weak.lock();
    if (!self || error) return;
    Listener& me = **self;
    const auto held = me.lock();
    me.rib_.on_timer(now());
    if (me.handlers_.changed) me.handlers_.changed();
    me.arm();
  });
}

void Listener::note(std::string_view what) const {
  if (handlers_.note) handlers_.note(what);
}

}  // namespace forces::ce::routing::fpm
