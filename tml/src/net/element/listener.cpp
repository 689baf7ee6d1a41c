#include "tml/src/net/element/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "tml/src/net/element/context.hpp"

namespace forces::tml {
namespace {

constexpr int kBacklog = 4096;  // a short one turns a storm of reconnects into seconds
constexpr int kAcceptsPerTurn = 64;
constexpr int kUnsent = 64 * 1024;  // octets in the kernel not yet sent: beyond, priority is lost
constexpr unsigned kUserTimeoutMs = 60'000;  // see tune()
constexpr int kClassSelector6 = 0xc0, kClassSelector2 = 0x40;

template <class T>
void set(int fd, int level, int name, T value) {
  ::setsockopt(fd, level, name, &value,
               sizeof value);  // each is an optimisation: failure is no error
}

}  // namespace

// TCP_USER_TIMEOUT also ends connections whose peer merely keeps its window shut. Slow is not dead,
// so it is far above the dead interval; half-open connections are found by heartbeats (deviation
// from row 15).
void tune(asio::ip::tcp::socket& socket, tml_channel_type type) {
  asio::error_code ignored;
  socket.non_blocking(true, ignored);
  const int fd = socket.native_handle();
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsent);
  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  const int dscp = type == TML_CHANNEL_CONTROL ? kClassSelector6 : kClassSelector2;
  set(fd, IPPROTO_IP, IP_TOS, dscp);
  set(fd, IPPROTO_IPV6, IPV6_TCLASS, dscp);
}

Listener::Listener(Context& context, Loop& loop, tml_channel_type type)
    : context_(context), loop_(loop), type_(type), acceptor_(loop.io()) {}

Listener::~Listener() { stop(); }

std::expected<std::uint16_t, std::string> Listener::open(const std::string& address,
                                                         std::uint16_t port) {
  asio::error_code ec;
  const auto ip = asio::ip::make_address(address, ec);
  if (ec) return std::unexpected("not an IP address: " + address);
  const asio::ip::tcp::endpoint endpoint(ip, port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(kBacklog, ec);
  if (!ec) acceptor_.non_blocking(true, ec);
  if (ec) {
    asio::error_code ignored;
    acceptor_.close(ignored);
    return std::unexpected("cannot listen at " + address + " port " + std::to_string(port) + ": " +
                           ec.message());
  }
  port_ = acceptor_.local_endpoint().port();
  return port_;
}

void Listener::start() { wait(); }

void Listener::stop() {
  *alive_ = false;
  loop_.disarm(*this);
  asio::error_code ignored;
  acceptor_.close(ignored);
}

void Listener::wait() {
  acceptor_.async_wait(asio::ip::tcp::acceptor::wait_read,
                       [this, alive = alive_](const asio::error_code& ec) {
                         if (!ec && *alive) accept_all();
                       });
}

void Listener::accept_all() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!context_.admit()) return pause(std::chrono::milliseconds(5));
    asio::error_code ec;
    asio::ip::tcp::socket socket = context_.new_socket();
    acceptor_.accept(socket, ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again) {
      if (i == 0) return wait();
      break;
    }
    if (ec) {
      context_.on_accept_failed(type_, ec.message());
      return pause(std::chrono::milliseconds(100));  // out of descriptors or memory: let some end
    }
    tune(socket, type_);
    context_.accepted(std::move(socket), type_);
  }
  // In the next turn, after those who are here already. A wait would be over at once, inside the
  // same look at what is ready, and a flood of connections would stop everything else.
  pause({});
}

void Listener::pause(Duration time) {
  paused_until_ = now() + time;
  loop_.arm(*this);
}

void Listener::on_timer(Instant) {
  paused_until_.reset();
  accept_all();
}

}  // namespace forces::tml
