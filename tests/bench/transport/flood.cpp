// W3: pings on the control channel at 1 kHz while the data channel takes all it can.
#include <unistd.h>

#include <cerrno>

#include "tests/bench/harness/workloads.hpp"
#include "tests/bench/transport/endpoint.hpp"

namespace forces::bench {
namespace {

// Data that is handed over between two turns of the loop: what one send takes.
constexpr int kTurn = 40;

class ControlEcho : public User {
 public:
  void on_messages(tml_descriptor channel, std::span<const tmlx_message> messages) override {
    for (const tmlx_message& m : messages) {
      if (m.size != kPingSize) fail("W3: wrong ping");
      require(tmlWrite(channel, m.data, m.size, 0, nullptr), "tmlWrite of an echo");
    }
  }
};

class DataSink : public User {
 public:
  explicit DataSink(Board& board) : board_(board) {}
  void on_messages(tml_descriptor, std::span<const tmlx_message> messages) override {
    for (const tmlx_message& m : messages) {
      if (m.size != kDataSize || get_sequence(m.data) != next_) fail("W3: wrong data message");
      ++next_;
    }
    board_.data_messages.store(next_, std::memory_order_relaxed);
  }

 private:
  Board& board_;
  std::uint64_t next_ = 0;
};

// The control side of the client: sends pings on the ticks of a timer, on the library's thread.
class Pinger : public User {
 public:
  Pinger(const Options& options, Board& board) : options_(options), board_(board) {}

  void start(tmlx_context* context, tml_descriptor channel) {
    channel_ = channel;
    pings_.emplace(options_, board_);
    require(tmlx_watch(context, open_ticker(*pings_), on_tick, this), "tmlx_watch");
  }
  void on_messages(tml_descriptor, std::span<const tmlx_message> messages) override {
    for (const tmlx_message& m : messages) pings_->on_echo(get_sequence(m.data), m.size);
    if (pings_->over()) over_ = true;
  }
  bool over() const { return over_; }
  void report() { pings_->report(kPeer, options_); }

 private:
  static void on_tick(void* user, int timer) {
    Pinger& self = *static_cast<Pinger*>(user);
    std::uint64_t ticks = 0;
    if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) fail("timerfd");
    while (const auto ping = self.pings_->next()) {
      put_sequence(self.message_, *ping);
      require(tmlWrite(self.channel_, self.message_.data(), self.message_.size(), 0, nullptr),
              "tmlWrite of a ping");
    }
    if (self.pings_->over()) self.over_ = true;
  }

  const Options& options_;
  Board& board_;
  tml_descriptor channel_{};
  std::optional<PingSchedule> pings_;
  Message message_ = make_message(PlType::Config, kPingSize, kFeId, kCeId);
  std::atomic<bool> over_{false};
};

class Silent : public User {
 public:
  void on_messages(tml_descriptor, std::span<const tmlx_message>) override {
    fail("W3: an answer");
  }
};

// Hands over at most one turn of data; false when the queue is full.
bool send_turn(tml_descriptor channel, Message& message, std::uint64_t& next) {
  for (int i = 0; i != kTurn; ++i) {
    put_sequence(message, next);
    const tml_status status = tmlWrite(channel, message.data(), message.size(), 0, nullptr);
    if (status == TMLX_E_QUEUE_FULL) return false;
    require(status, "tmlWrite of data");
    ++next;
  }
  return true;
}

}  // namespace

void flood_server(const Options& options, Board& board) {
  ControlEcho echo;
  DataSink sink(board);
  Endpoint ce(options, Endpoint::Role::Ce, options.is("thread"));
  board.data_port = 0;
  const int control_port = ce.listen(TML_CHANNEL_CONTROL, echo);
  board.data_port = ce.listen(TML_CHANNEL_DATA, sink);
  board.control_port = control_port;
  ce.run_until([&] { return echo.gone() != 0; });
}

void flood_client(const Options& options, Board& board) {
  Pinger pinger(options, board);
  Silent silent;
  Endpoint fe(options, Endpoint::Role::Fe, options.is("thread"));
  const auto control = fe.open(TML_CHANNEL_CONTROL, await_port(board.control_port), pinger);
  const auto data = fe.open(TML_CHANNEL_DATA, board.data_port, silent);
  fe.run_until([&] { return pinger.up() == 1 && silent.up() == 1; });
  pinger.start(fe.context(), control);
  Message message = make_message(PlType::PacketRedirect, kDataSize, kFeId, kCeId);
  for (std::uint64_t next = 0; !pinger.over();) {
    if (!options.flood) {
      fe.turn(100);
    } else if (fe.threaded()) {
      put_sequence(message, next++);
      require(tmlWrite(data, message.data(), message.size(), -1, nullptr), "tmlWrite of data");
    } else {
      fe.turn(send_turn(data, message, next) ? 0 : 100);
    }
  }
  pinger.report();
}

}  // namespace forces::bench
