#include "common/runtime/local_server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace forces::runtime {
namespace {

using Protocol = asio::local::stream_protocol;

LocalCaller caller_of(Protocol::socket& socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return {static_cast<uid_t>(-1), 0};
  }
  return {credentials.uid, credentials.pid};
}

// A socket file outlives a process that was killed: remove it, but only if nobody answers there.
std::expected<void, std::string> remove_stale(asio::io_context& io, const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return std::unexpected(fmt::format("{}: exists and is not a socket", path));
  }
  Protocol::socket probe(io);
  asio::error_code error;
  probe.connect(Protocol::endpoint(path), error);
  if (!error) return std::unexpected(fmt::format("{}: another process serves it", path));
  if (unlink(path.c_str()) != 0) {
    return std::unexpected(fmt::format("{}: {}", path, std::system_category().message(errno)));
  }
  return {};
}

}  // namespace

std::array<std::uint8_t, kLocalFrameHeader> encode_frame_header(std::size_t octets) {
  return {static_cast<std::uint8_t>(octets >> 24), static_cast<std::uint8_t>(octets >> 16),
          static_cast<std::uint8_t>(octets >> 8), static_cast<std::uint8_t>(octets)};
}

std::size_t decode_frame_header(const std::array<std::uint8_t, kLocalFrameHeader>& header) {
  std::size_t octets = 0;
  for (const auto one : header) octets = octets << 8 | one;
  return octets;
}

struct LocalServer::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, LocalServerOptions o, Handler h)
      : options(std::move(o)), handler(std::move(h)), acceptor(io) {}
  void accept();

  LocalServerOptions options;
  Handler handler;
  Protocol::acceptor acceptor;
  Counters counters;
  std::size_t open = 0;
};

// One connection. It owns itself through its pending operation; each operation is guarded by the
// idle timer, so that a caller that stops half way through a request cannot hold a place for ever.
class LocalServer::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<State> state, Protocol::socket socket)
      : state_(std::move(state)), socket_(std::move(socket)), timer_(socket_.get_executor()) {
    ++state_->open;
  }
  ~Session() { --state_->open; }

  void start() {
    caller_ = caller_of(socket_);
    read_header();
  }

 private:
  void arm() {
    timer_.expires_after(state_->options.idle);
    timer_.async_wait([weak = weak_from_this()](const asio::error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      ++self->state_->counters.idle;
      asio::error_code ignored;
      self->socket_.close(ignored);
    });
  }

  void read_header() {
    arm();
    asio::async_read(socket_, asio::buffer(header_),
                     [self = shared_from_this()](const asio::error_code& error, std::size_t read) {
                       if (error) return self->ended(error, read);
                       self->read_body();
                     });
  }

  void read_body() {
    const auto size = decode_frame_header(header_);
    if (size > kMaxLocalFrame) {
      ++state_->counters.too_large;
      return;  // where the next request starts cannot be trusted any more: close
    }
    body_.resize(size);
    asio::async_read(socket_, asio::buffer(body_),
                     [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                       if (error) return self->ended(error, 1);
                       self->answer();
                     });
  }

  void answer() {
    ++state_->counters.requests;
    body_ = state_->handler(body_, caller_);
    header_ = encode_frame_header(body_.size());
    arm();
    const std::array<asio::const_buffer, 2> out{asio::buffer(header_), asio::buffer(body_)};
    asio::async_write(socket_, out,
                      [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                        if (!error && self->state_->acceptor.is_open()) self->read_header();
                      });
  }

  void ended(const asio::error_code& error, std::size_t read) {
    if (error == asio::error::eof && read > 0) ++state_->counters.truncated;
  }

  std::shared_ptr<State> state_;
  Protocol::socket socket_;
  asio::steady_timer timer_;
  LocalCaller caller_;
  std::array<std::uint8_t, kLocalFrameHeader> header_{};
  std::string body_;
};

void LocalServer::State::accept() {
  acceptor.async_accept(
      [self = shared_from_this()](const asio::error_code& error, Protocol::socket socket) {
        if (!self->acceptor.is_open()) return;
        if (!error) {
          if (self->open < self->options.max_connections) {
            ++self->counters.accepted;
            std::make_shared<Session>(self, std::move(socket))->start();
          } else {
            ++self->counters.refused;
          }
        }
        self->accept();
      });
}

std::expected<std::unique_ptr<LocalServer>, std::string> LocalServer::create(
    asio::io_context& io, LocalServerOptions options, Handler handler) {
  const auto path = options.path;
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return std::unexpected(fmt::format("{}: longer than a socket path can be", path));
  }
  if (const auto stale = remove_stale(io, path); !stale) return std::unexpected(stale.error());
  auto state = std::make_shared<State>(io, std::move(options), std::move(handler));
  asio::error_code error;
  state->acceptor.open(Protocol(), error);
  // Nobody may connect between bind and chmod.
  const mode_t old_mask = umask(0777);
  if (!error) state->acceptor.bind(Protocol::endpoint(path), error);
  umask(old_mask);
  if (!error) state->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected(fmt::format("{}: {}", path, error.message()));
  auto server = std::unique_ptr<LocalServer>(new LocalServer(state));
  const auto& o = state->options;
  if ((o.group && chown(path.c_str(), static_cast<uid_t>(-1), *o.group) != 0) ||
      chmod(path.c_str(), o.mode) != 0) {
    return std::unexpected(fmt::format("{}: {}", path, std::system_category().message(errno)));
  }
  state->accept();
  return server;
}

LocalServer::~LocalServer() { close(); }

void LocalServer::close() {
  if (!state_->acceptor.is_open()) return;
  asio::error_code ignored;
  state_->acceptor.close(ignored);
  unlink(state_->options.path.c_str());
}

const LocalServer::Counters& LocalServer::counters() const { return state_->counters; }

}  // namespace forces::runtime
