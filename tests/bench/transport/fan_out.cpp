// W4: one context plays N FEs, whose control channels (with --variant pair: and data channels) come
// up at once; then the CE sends to the group of every FE.
#include <unistd.h>

#include <memory>
#include <vector>

#include "tests/bench/harness/workloads.hpp"
#include "tests/bench/transport/endpoint.hpp"

namespace forces::bench {
namespace {

class Ce : public User {
 public:
  explicit Ce(std::size_t peers) : peers_(peers) {}
  void on_messages(tml_descriptor, std::span<const tmlx_message> messages) override {
    hellos_ += messages.size();
    if (hellos_ == peers_) ended_ = true;
  }
  bool all_up() const { return ended_; }

 private:
  std::size_t peers_;
  std::uint64_t hellos_ = 0;
  std::atomic<bool> ended_{false};
};

// Data channels of the CE and of the FEs: they only exist.
class Idle : public User {
 public:
  void on_messages(tml_descriptor, std::span<const tmlx_message>) override { fail("W4: data"); }
};

// All FEs, which share one handler: who a copy is for does not matter, only that N come.
class Fes : public User {
 public:
  Fes(const Options& options, Board& board) : rounds_(options, board) {}
  void on_up(const tmlx_event& event) override {
    require(tmlWrite(event.descriptor, hello_.data(), hello_.size(), 0, nullptr), "hello");
  }
  void on_messages(tml_descriptor, std::span<const tmlx_message> messages) override {
    for (const tmlx_message& m : messages) rounds_.take(get_sequence(m.data), m.size);
    if (rounds_.over()) over_ = true;
  }
  bool over() const { return over_; }

 private:
  RoundCounter rounds_;
  Message hello_ = make_message(PlType::Config, kPingSize, kFeId, kCeId);
  std::atomic<bool> over_{false};
};

void run_for(Endpoint& endpoint, std::uint64_t ns) {
  const std::uint64_t end = now_ns() + ns;
  endpoint.run_until([=] { return now_ns() >= end; });
}

// All FEs come and go once, which leaves each of them a ticket.
void fetch_tickets(const Options& options, Board& board, Endpoint& fe) {
  Idle idle;
  const int port = await_port(board.control_port);
  std::vector<tml_descriptor> channels;
  for (std::uint32_t id = kFeId; channels.size() != options.peers; ++id) {
    channels.push_back(fe.open(TML_CHANNEL_CONTROL, port, idle, id));
  }
  fe.run_until([&] { return idle.up() == options.peers; });
  for (const tml_descriptor channel : channels) {
    require(tmlClose(channel, TML_CLOSE_CONTROLLED), "tmlClose");
  }
}

class Acks {
 public:
  Acks(Endpoint& ce, Board& board) {
    require(tmlx_watch(ce.context(), board.ack[0], on_ack, this), "tmlx_watch");
  }
  std::size_t count() const { return count_; }

 private:
  static void on_ack(void* user, int pipe) {
    char octet = 0;
    if (read(pipe, &octet, 1) != 1) fail("W4: ack pipe");
    ++static_cast<Acks*>(user)->count_;
  }
  std::atomic<std::size_t> count_{0};
};

void send_rounds(Endpoint& ce, Board& board) {
  Acks acks(ce, board);
  tml_descriptor every_fe{};
  require(tmlx_group_find(ce.context(), kEveryFe, &every_fe), "tmlx_group_find");
  Message message = make_message(PlType::Config, kFanOutSize, kCeId, kEveryFe);
  for (std::size_t round = 0; round != kFanOutWarmUp + kFanOutRounds; ++round) {
    const std::uint64_t begun = now_ns();
    put_sequence(message, round);
    require(tmlWrite(every_fe, message.data(), message.size(), 0, nullptr), "tmlWrite to all");
    ce.run_until([&] { return acks.count() > round; });
    if (round >= kFanOutWarmUp) {
      board.storm.rounds[round - kFanOutWarmUp] = board.round_ended - begun;
    }
  }
}

}  // namespace

std::size_t connections(const Options& options) {
  return options.peers * (options.is("pair") ? 2 : 1);
}

void fan_out_server(const Options& options, Board& board) {
  const bool resume = options.tls && options.is("resume");
  Ce control(options.peers);
  Idle data;
  Endpoint ce(options, Endpoint::Role::Ce, options.is("thread"));
  const int control_port = ce.listen(TML_CHANNEL_CONTROL, control);
  if (options.is("pair")) board.data_port = ce.listen(TML_CHANNEL_DATA, data);
  board.control_port = control_port;
  if (resume) ce.run_until([&] { return control.gone() == options.peers; });
  board.storm.resident_before = resident_octets();
  board.ready = true;
  ce.run_until([&] { return control.all_up(); });
  storm_ends(board);
  if (resume && ce.counter("tls_handshakes", "resumed") < options.peers) {
    fail("W4: not all were resumed");
  }
  run_for(ce, 100'000'000);
  board.storm.resident_idle = resident_octets();
  send_rounds(ce, board);
  ce.run_until([&] { return board.client_done.load(); });
}

void fan_out_client(const Options& options, Board& board) {
  Fes control(options, board);
  Idle data;
  Endpoint fe(options, Endpoint::Role::Fe, options.is("thread"));
  const auto first = static_cast<std::uint32_t>(kFeId);
  const auto end = static_cast<std::uint32_t>(first + options.peers);
  if (options.tls && options.is("resume")) fetch_tickets(options, board, fe);
  const int port = await_port(board.control_port);
  fe.run_until([&] { return board.ready.load(); });
  storm_begins(board);
  for (std::uint32_t id = first; id != end; ++id) {
    fe.open(TML_CHANNEL_CONTROL, port, control, id);
    if (options.is("pair")) fe.open(TML_CHANNEL_DATA, board.data_port, data, id);
  }
  fe.run_until([&] { return control.over(); });
}

}  // namespace forces::bench
