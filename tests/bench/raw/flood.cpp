// W3: pings on one connection beside a flood on another, one epoll loop on each side.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/bench/harness/workloads.hpp"
#include "tests/bench/raw/frames.hpp"
#include "tests/bench/raw/loop.hpp"

namespace forces::bench {
namespace {

enum Tag : std::uint64_t { kControl, kData, kTicker };

// Data gets this many reads (of a TLS record each) before the loop looks at control again.
constexpr int kDataTurn = 4;

bool send_queued(Link& link, std::vector<std::uint8_t>& queue) {
  if (queue.empty()) return true;
  const std::ptrdiff_t sent = link.write(queue);
  if (sent < 0) return false;
  queue.erase(queue.begin(), queue.begin() + sent);
  return true;
}

class FloodServer {
 public:
  FloodServer(Board& board, Link& control, Link& data)
      : board_(board), control_(control), data_(data) {
    loop_.add(control.fd(), EPOLLIN, kControl);
    loop_.add(data.fd(), EPOLLIN, kData);
  }

  void run() {
    bool data_left = false;  // received already, so that epoll is silent about it
    for (;;) {
      bool control_ready = false;
      bool data_ready = data_left;
      for (const epoll_event& event : loop_.wait(data_left ? 0 : -1)) {
        (event.data.u64 == kControl ? control_ready : data_ready) = true;
      }
      if (control_ready && !take_control()) return;
      if (data_ready && !take_data(data_left)) return;
    }
  }

 private:
  bool take_control() {
    do {
      const std::ptrdiff_t got = control_.read(control_in_.space(), control_in_.room());
      if (got < 0) return false;
      control_in_.advance(static_cast<std::size_t>(got),
                          [&](const std::uint8_t* payload, std::size_t size) {
                            const std::uint8_t* frame = payload - kFrameHeader;
                            echoes_.insert(echoes_.end(), frame, payload + size);
                          });
      if (!send_queued(control_, echoes_)) return false;
    } while (control_.holds_input());
    return true;
  }

  bool take_data(bool& left) {
    for (int turn = 0; turn < kDataTurn; ++turn) {
      const std::ptrdiff_t got =
          data_.read(data_in_.space(), std::min<std::size_t>(data_in_.room(), 64 * 1024));
      if (got < 0) return false;
      data_in_.advance(static_cast<std::size_t>(got),
                       [&](const std::uint8_t* payload, std::size_t size) {
                         if (size != kDataSize || get_sequence(payload) != messages_) {
                           fail("W3: wrong data message");
                         }
                         ++messages_;
                       });
      left = data_.holds_input();
      if (!left) break;
    }
    board_.data_messages.store(messages_, std::memory_order_relaxed);
    return true;
  }

  Board& board_;
  Link& control_;
  Link& data_;
  Loop loop_;
  FrameReader control_in_{64 * 1024};
  FrameReader data_in_{512 * 1024};
  std::vector<std::uint8_t> echoes_;
  std::uint64_t messages_ = 0;
};

class FloodClient {
 public:
  FloodClient(const Options& options, Board& board, Link& control, Link& data)
      : control_(control), data_(data), pings_(options, board), ticker_(open_ticker(pings_)) {
    loop_.add(ticker_, EPOLLIN, kTicker);
    loop_.add(control.fd(), EPOLLIN, kControl);
    loop_.add(data.fd(), options.flood ? std::uint32_t{EPOLLOUT} : 0u, kData);
  }

  void run(const Options& options) {
    while (!pings_.over()) {
      bool control_ready = false;
      bool data_ready = false;
      for (const epoll_event& event : loop_.wait(1000)) {
        if (event.data.u64 == kControl) control_ready = true;
        if (event.data.u64 == kData) data_ready = true;
        if (event.data.u64 == kTicker) clear_ticker();
      }
      send_pings();
      if (control_ready) take_echoes();
      if (data_ready) send_data();
    }
    pings_.report(kPeer, options);
  }

 private:
  void clear_ticker() const {
    std::uint64_t ticks = 0;
    if (read(ticker_, &ticks, sizeof ticks) < 0 && errno != EAGAIN) fail("timerfd");
  }

  void send_pings() {
    while (const auto ping = pings_.next()) {
      const auto frame = make_frame(kPingSize, *ping);
      queue_.insert(queue_.end(), frame.begin(), frame.end());
    }
    if (!send_queued(control_, queue_)) fail("W3: the control connection is lost");
  }

  void take_echoes() {
    do {
      const std::ptrdiff_t got = control_.read(in_.space(), in_.room());
      if (got < 0) fail("W3: the control connection is lost");
      in_.advance(static_cast<std::size_t>(got),
                  [&](const std::uint8_t* payload, std::size_t size) {
                    pings_.on_echo(get_sequence(payload), size);
                  });
    } while (control_.holds_input());
  }

  void send_data() {
    if (left_.empty()) {
      next_ = batch_.fill(next_, UINT64_MAX, true);
      left_ = batch_.octets();
    }
    const std::ptrdiff_t sent = data_.write(left_);
    if (sent < 0) fail("W3: the data connection is lost");
    left_ = left_.subspan(static_cast<std::size_t>(sent));
  }

  Link& control_;
  Link& data_;
  PingSchedule pings_;
  int ticker_;
  Loop loop_;
  FrameReader in_{64 * 1024};
  FrameBatch batch_{kDataSize};
  Octets left_;
  std::uint64_t next_ = 0;
  std::vector<std::uint8_t> queue_;
};

// Handshakes are over before the sockets stop blocking.
std::unique_ptr<Link> open_link(int fd, SSL_CTX* context, bool server) {
  auto link = std::make_unique<Link>(fd, context, server, Link::Records::Gathered);
  link->handshake();
  set_non_blocking(fd);
  return link;
}

}  // namespace

void flood_server(const Options& options, Board& board) {
  SSL_CTX* context = make_context(options, true);
  const int listener = listen_on_loopback(board.control_port);
  const auto control = open_link(accept_from(listener, true), context, true);
  const auto data = open_link(accept_from(listener, true), context, true);
  FloodServer(board, *control, *data).run();
}

void flood_client(const Options& options, Board& board) {
  SSL_CTX* context = make_context(options, false);
  const int port = await_port(board.control_port);
  const auto control = open_link(connect_to(port, true), context, false);
  const auto data = open_link(connect_to(port, true), context, false);
  FloodClient(options, board, *control, *data).run(options);
}

}  // namespace forces::bench
