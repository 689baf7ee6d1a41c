// W2: one message there and back on the control channel, again and again.
#include <atomic>

#include "tests/bench/harness/workloads.hpp"
#include "tests/bench/transport/endpoint.hpp"

namespace forces::bench {
namespace {

class Echo : public User {
 public:
  void on_messages(tml_descriptor channel, std::span<const tmlx_message> messages) override {
    for (const tmlx_message& m : messages) {
      require(tmlWrite(channel, m.data, m.size, 0, nullptr), "tmlWrite of an echo");
    }
  }
};

class Awaiter : public User {
 public:
  void on_messages(tml_descriptor, std::span<const tmlx_message> messages) override {
    for (const tmlx_message& m : messages) {
      if (m.size != kPingSize || get_sequence(m.data) != echoes_) fail("W2: wrong echo");
      ++echoes_;
    }
    echoes_.notify_one();
  }
  std::uint64_t echoes() const { return echoes_; }
  // Of a library thread: sleeps until there are more than `seen`.
  void sleep(std::uint64_t seen) const { echoes_.wait(seen); }

 private:
  std::atomic<std::uint64_t> echoes_{0};
};

}  // namespace

void ping_server(const Options& options, Board& board) {
  Echo echo;
  Endpoint ce(options, Endpoint::Role::Ce, options.is("thread"));
  board.control_port = ce.listen(TML_CHANNEL_CONTROL, echo);
  ce.run_until([&] { return echo.gone() != 0; }, -1);
}

void ping_client(const Options& options, Board& board) {
  Awaiter awaiter;
  Endpoint fe(options, Endpoint::Role::Fe, options.is("thread"));
  const auto channel = fe.open(TML_CHANNEL_CONTROL, await_port(board.control_port), awaiter);
  fe.run_until([&] { return awaiter.up() == 1; });
  Message message = make_message(PlType::Config, kPingSize, kFeId, kCeId);
  RoundTrips trips(options, board);
  while (trips.more()) {
    put_sequence(message, trips.sequence());
    require(tmlWrite(channel, message.data(), message.size(), 0, nullptr), "tmlWrite");
    while (awaiter.echoes() == trips.sequence()) {
      if (fe.threaded()) {
        awaiter.sleep(trips.sequence());
      } else {
        fe.turn(-1);
      }
    }
    trips.done();
  }
  trips.report(kPeer, options);
}

}  // namespace forces::bench
