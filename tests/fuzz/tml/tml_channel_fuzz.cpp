// Two ends of a channel on a virtual link: octets choose what happens next, among it timers, cut
// links and hostile messages. What no order of events may break is asserted at every step.
#include <algorithm>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "proto/tml/frame.hpp"
#include "tests/fuzz/events.hpp"
#include "tml/src/core/channel_fsm.hpp"

namespace {

using namespace forces;
using namespace forces::tml;
using namespace std::chrono_literals;
using forces::fuzz::require;

class End {
 public:
  End(const ChannelConfig& config, Instant now)
      : fsm(config, now), server_(config.server), created_(now) {}

  void connect(End& peer) { peer_ = &peer; }
  void deliver(Instant now) {
    if (in_.empty()) return;
    const auto message = std::move(in_.front());
    in_.pop_front();
    if (!message) return fsm.on_eof(now);
    heard(now);
    fsm.on_message(*message, now);
  }
  void heard(Instant now) { heard_ = now; }
  void throttle(bool on, Instant now) {
    throttled_ = on;
    if (!on) heard(now);
    fsm.set_throttled(on, now);
  }
  bool throttled() const { return throttled_; }
  bool undecided() const { return undecided_; }

  void fire(Instant now) {
    const bool early = !fsm.next_deadline() || now < *fsm.next_deadline();
    fsm.on_timer(now);
    if (early) require(!fsm.poll_output());  // called early, it changes nothing
    pump(now);
    for (int again = 0; fsm.next_deadline() && *fsm.next_deadline() <= now; ++again) {
      require(again < 4);  // a core that stays due would spin for ever
      fsm.on_timer(now);
      pump(now);
    }
  }

  void pump(Instant now) {
    while (const auto out = fsm.poll_output()) {
      require(!ended_);
      std::visit([&](const auto& what) { on(what, now); }, *out);
    }
    const ChannelState state = fsm.state();
    require(ended_ == (state == ChannelState::Closed));
    require(!fsm.next_deadline() || (state != ChannelState::Idle && !ended_));
    if (state == ChannelState::Hello || state == ChannelState::Pairing ||
        state == ChannelState::CloseSent)
      require(fsm.next_deadline().has_value());  // no state waits for ever
    if (state == ChannelState::Up || state == ChannelState::Draining) {
      require(up_);
      require(fsm.dead() >= 3 * fsm.heartbeat());
      require(fsm.heartbeat() == 0s || fsm.next_deadline().has_value());
    }
    if (state == ChannelState::Idle || state == ChannelState::Pairing) require(!up_);
  }

  ChannelFsm fsm;

 private:
  void on(const output::Send& send, Instant) {
    require(!goodbye_);  // nothing follows a Channel Close
    const auto octets = encode_message(send.message);
    require(octets && decode_message(*octets) == send.message);
    if (send.message.type == MsgType::ChannelClose) {
      goodbye_ = true;
    } else if (!greeted_) {  // the first frame is the Heartbeat that says who this is (row 7)
      require(send.message.type == MsgType::Heartbeat && send.message.pl_id);
    }
    greeted_ = true;
    peer_->in_.push_back(send.message);
    if (peer_->in_.size() > 64) peer_->in_.pop_front();
  }
  void on(const output::HelloReceived&, Instant) {
    require(server_ && !up_);
    undecided_ = true;
  }
  void on(const output::Up&, Instant now) {
    require(!up_ && greeted_);
    up_ = true;
    heard(now);
  }
  void on(const output::PeerClosed&, Instant) { require(!goodbye_); }
  void on(const output::HeartbeatLost&, Instant) {
    require(up_ && !silent_);
    silent_ = true;
  }
  void on(const output::HeartbeatRestored&, Instant) {
    require(up_ && silent_);
    silent_ = false;
  }
  void on(const output::RoundTrip& trip, Instant now) {
    require(trip.time >= 0s && trip.time <= now - created_);
  }
  void on(const output::JoinRequested&, Instant) { require(server_ && up_); }
  void on(const output::LeaveRequested&, Instant) { require(server_ && up_); }
  void on(const output::JoinAnswered&, Instant) { require(!server_ && up_); }
  void on(const output::LeaveAnswered&, Instant) { require(!server_ && up_); }
  void on(const output::Unexpected&, Instant) {}
  void on(const output::Disconnect& end, Instant now) {
    ended_ = true;
    peer_->in_.push_back(std::nullopt);
    if (end.reason == ReasonCode::DeadPeer && end.local && blames_) {
      require(!throttled_);
      require(now - heard_ >= fsm.dead());
    }
  }

  const bool server_;
  const Instant created_;
  End* peer_ = nullptr;
  std::deque<std::optional<Message>> in_;  // none: the end of the stream
  Instant heard_{};
  bool ended_ = false, up_ = false, silent_ = false, throttled_ = false, greeted_ = false,
       goodbye_ = false, undecided_ = false;

 public:
  bool blames_ = true;  // no reason DeadPeer came from the owner or the peer
};

// A TML message of `type` with these octets as its body.
std::optional<Message> hostile(unsigned type, std::span<const std::uint8_t> body) {
  std::vector<std::byte> frame{std::byte{0x10}, static_cast<std::byte>(type & 0x3f), {}, {}};
  for (const std::uint8_t octet : body) frame.push_back(static_cast<std::byte>(octet));
  frame[3] = static_cast<std::byte>(frame.size());
  const auto message = decode_message(frame);
  return message ? std::optional(*message) : std::nullopt;
}

ChannelConfig config(bool server, unsigned choice) {
  return {.server = server,
          .channel_type = choice % 2 == 0 ? kChannelControl : kChannelData,
          .local_id = server ? 0x40000001U : 2U,
          .peer_id = server ? 0 : 0x40000001U,
          .heartbeat = choice / 2 % 4 * 700ms,
          .dead = choice / 8 % 4 * 1500ms,
          .hello_timeout = 10s,
          .pairing_timeout = 5s,
          .max_message = 65536,
          .token = std::nullopt};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> in(data, size);
  const auto take = [&in](std::size_t n) {
    const auto head = in.first(std::min(n, in.size()));
    in = in.subspan(head.size());
    return head;
  };
  const auto octet = [&take]() -> unsigned {
    const auto one = take(1);
    return one.empty() ? 0 : one[0];
  };
  Instant now{1000s};
  const unsigned of_client = octet(), of_server = octet();
  End client(config(false, of_client), now), server(config(true, of_server), now);
  client.connect(server);
  server.connect(client);
  while (!in.empty()) {
    const unsigned op = octet();
    End& end = op % 2 == 0 ? client : server;
    ChannelFsm& fsm = end.fsm;
    switch (op / 2 % 24) {
      case 0:
        fsm.on_connected(now);
        break;
      case 1:
      case 2:
      case 3:
        end.deliver(now);
        break;
      case 4:
        now += octet() * 20ms;
        break;
      case 5:
        now += octet() * 1s;
        break;
      case 6:  // the owner's timer, in time
        if (const auto due = fsm.next_deadline()) {
          now = std::max(now, *due);
          end.fire(now);
        }
        break;
      case 7:
        end.fire(now);
        break;
      case 8:
        end.heard(now);
        fsm.on_received(now);
        break;
      case 9:
        fsm.on_sent(now);
        break;
      case 10:
        end.throttle(!end.throttled(), now);
        break;
      case 11:
        fsm.on_eof(now);
        break;
      case 12:
        fsm.on_stream_error(ReasonCode::Framing, "impossible length", now);
        break;
      case 13:
        end.heard(now);
        fsm.on_early_pl(octet(), now);
        break;
      case 14:
        if (end.undecided()) fsm.accept(now, PairToken{});
        break;
      case 15:
        if (end.undecided()) fsm.await_pair(now);
        break;
      case 16:
        if (end.undecided()) fsm.refuse(ReasonCode::Auth, "no", now);
        break;
      case 17:
        fsm.join(0xc0000000 + octet(), octet());
        break;
      case 18:
        fsm.leave(0xc0000000 + octet(), octet());
        break;
      case 19:
        fsm.answer(octet() % 2 == 0 ? MsgType::JoinResponse : MsgType::LeaveResponse, 0xc0000001,
                   octet(), octet() % 4);
        break;
      case 20:
        fsm.close(static_cast<ReasonCode>(octet() % 6), octet() * 100ms, now);
        break;
      case 21:
        fsm.on_drained(now);
        break;
      case 22:
        fsm.close_now(static_cast<ReasonCode>(octet() % 6), "forced", now);
        break;
      default: {
        const unsigned type = octet();
        if (const auto message = hostile(type, take(octet() % 64))) {
          end.heard(now);
          if (message->type == MsgType::ChannelClose && message->reason) end.blames_ = false;
          fsm.on_message(*message, now);
        }
      }
    }
    client.pump(now);
    server.pump(now);
  }
  return 0;
}
