// W1: one-way stream on the control channel, where nothing is ever dropped.
#include "tests/bench/harness/workloads.hpp"
#include "tests/bench/transport/endpoint.hpp"

namespace forces::bench {

const char* const kPeer = "tml";

namespace {

// The library's own thread is the default: no message waits for the application to run the loop.
bool threaded(const Options& options) { return !options.is("loop"); }

class Sink : public User {
 public:
  Sink(const Options& options, Board& board) : window_(options, board) {}
  void on_messages(tml_descriptor, std::span<const tmlx_message> messages) override {
    for (const tmlx_message& m : messages) window_.take(get_sequence(m.data), m.size);
  }

 private:
  RateWindow window_;
};

class Silent : public User {
 public:
  void on_messages(tml_descriptor, std::span<const tmlx_message>) override {
    fail("W1: an answer");
  }
};

void send_threaded(const Options& options, Board& board, tml_descriptor channel, Message& message) {
  for (std::uint64_t next = 0; wants_more(options, board, next); ++next) {
    put_sequence(message, next);
    require(tmlWrite(channel, message.data(), message.size(), -1, nullptr), "tmlWrite");
  }
}

// Hands over until the queue is full, then lets the library work.
void send_driven(const Options& options, Board& board, Endpoint& fe, tml_descriptor channel,
                 Message& message) {
  for (std::uint64_t next = 0; wants_more(options, board, next);) {
    put_sequence(message, next);
    const tml_status status = tmlWrite(channel, message.data(), message.size(), 0, nullptr);
    if (status == TML_SUCCESS) {
      ++next;
    } else if (status == TMLX_E_QUEUE_FULL) {
      fe.turn(100);
    } else {
      require(status, "tmlWrite");
    }
  }
}

}  // namespace

void stream_server(const Options& options, Board& board) {
  Sink sink(options, board);
  Endpoint ce(options, Endpoint::Role::Ce, threaded(options));
  board.control_port = ce.listen(TML_CHANNEL_CONTROL, sink);
  ce.run_until([&] { return sink.gone() != 0; });
}

void stream_client(const Options& options, Board& board) {
  Silent silent;
  Endpoint fe(options, Endpoint::Role::Fe, threaded(options));
  const auto channel = fe.open(TML_CHANNEL_CONTROL, await_port(board.control_port), silent);
  fe.run_until([&] { return silent.up() == 1; });
  Message message = make_message(PlType::Config, options.size, kFeId, kCeId);
  if (fe.threaded()) {
    send_threaded(options, board, channel, message);
  } else {
    send_driven(options, board, fe, channel, message);
  }
}

}  // namespace forces::bench
