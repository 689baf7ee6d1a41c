// The TML protocol of one connection of one channel, without socket and clock: first Heartbeats
// (who is this, which channel), liveness, multicast joins, and the ends of a channel. tml/README.md
// is the specification; rows named here are its rows.
//
// The owner calls on_<event>(..., now), then poll_output() until empty, then arms a timer for
// next_deadline(). PL messages do not pass through here: the owner tells only that octets moved.
#pragma once

#include <deque>
#include <optional>
#include <variant>

#include "common/core/time.hpp"
#include "proto/tml/message.hpp"

namespace forces::tml {

struct ChannelConfig {
  bool server = false;  // the CE's end
  std::uint32_t channel_type = kChannelControl;
  std::uint32_t local_id = 0;
  std::uint32_t peer_id = 0;  // client: the CE meant
  Duration heartbeat{};       // 0: off
  Duration dead{};
  Duration hello_timeout{};  // server: connection to first frame
  Duration pairing_timeout{};
  std::uint32_t max_message = 0;
  std::optional<PairToken> token;  // client, data channel: as the CE gave it on control
};

enum class ChannelState : std::uint8_t { Idle, Hello, Pairing, Up, Draining, CloseSent, Closed };

namespace output {
struct Send {
  Message message;
};
struct HelloReceived {  // server: answer with accept(), await_pair() or refuse()
  std::uint32_t pl_id = 0;
  std::uint32_t channel_type = 0;  // 0: not said
  std::optional<PairToken> token;
  bool known = false;  // false: a peer without TLVs; pl_id is the PL source ID or 0
};
struct Up {
  std::optional<PairToken> token;
};
struct PeerClosed {
  std::uint32_t reason = 0;
  std::string text;
};
struct HeartbeatLost {};
struct HeartbeatRestored {};
struct RoundTrip {
  Duration time{};
};
struct JoinRequested {
  std::uint32_t group = 0;
  std::uint32_t request = 0;
};
struct LeaveRequested {
  std::uint32_t group = 0;
  std::uint32_t request = 0;
};
struct JoinAnswered {
  std::uint32_t group = 0, request = 0, status = 0;
};
struct LeaveAnswered {
  std::uint32_t group = 0, request = 0, status = 0;
};
struct Unexpected {
  MsgType type{};
};  // counted and skipped
// The connection ends: what is sent is flushed first if `flush`; nothing follows this output.
struct Disconnect {
  ReasonCode reason{};
  bool local = true;
  bool flush = true;
  std::string text;
};
}  // namespace output

using ChannelOutput =
    std::variant<output::Send, output::HelloReceived, output::Up, output::PeerClosed,
                 output::HeartbeatLost, output::HeartbeatRestored, output::RoundTrip,
                 output::JoinRequested, output::LeaveRequested, output::JoinAnswered,
                 output::LeaveAnswered, output::Unexpected, output::Disconnect>;

class ChannelFsm {
 public:
  ChannelFsm(ChannelConfig config, Instant now,
             Duration lag_tolerance = std::chrono::milliseconds(50))
      : config_(std::move(config)), lag_tolerance_(lag_tolerance), created_(now) {}

  // The transport is ready (TCP, and TLS where used).
  void on_connected(Instant now);
  void on_message(const Message& message, Instant now);
  // A PL message came while the channel was not up yet: a peer without first Heartbeats (row 7).
  void on_early_pl(std::uint32_t source_id, Instant now);
  // Liveness is any octet (row 14).
  void on_received(Instant now) {
    last_received_ = now;
    if (silent_ && live()) restored();
  }
  void on_sent(Instant now) { last_sent_ = now; }
  // While our own reader holds the peer back, silence says nothing about the peer.
  void set_throttled(bool throttled, Instant now);
  // The stream broke its framing: Channel Close with the reason, then the end.
  void on_stream_error(ReasonCode reason, std::string text, Instant now);
  void on_eof(Instant now);
  void on_timer(Instant now);

  // Server, after HelloReceived.
  void accept(Instant now, const std::optional<PairToken>& token);
  void await_pair(Instant now);
  void refuse(ReasonCode reason, std::string text, Instant now);

  // Without effect on a channel that is not up.
  void join(std::uint32_t group, std::uint32_t request);
  void leave(std::uint32_t group, std::uint32_t request);
  void answer(MsgType response, std::uint32_t group, std::uint32_t request, std::uint32_t status);

  // Controlled: the owner accepts nothing more, sends what is queued, then calls on_drained().
  void close(ReasonCode reason, Duration timeout, Instant now);
  void on_drained(Instant now);
  // Forced, or as an answer: Channel Close and the end.
  void close_now(ReasonCode reason, std::string text, Instant now);

  [[nodiscard]] std::optional<ChannelOutput> poll_output();
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] ChannelState state() const { return state_; }
  [[nodiscard]] Duration heartbeat() const { return heartbeat_; }
  [[nodiscard]] Duration dead() const { return dead_; }

  static constexpr Duration kPlainPeerWait = std::chrono::seconds(2);  // client: no Heartbeat back
  static constexpr Duration kCloseWait = std::chrono::seconds(2);      // row 16
  static constexpr int kProbeEvery = 5;  // heartbeats' worth of traffic between two RTT probes

 private:
  void hello(Instant now, const std::optional<PairToken>& token);
  void negotiate(const Message& message);
  void up(Instant now, const std::optional<PairToken>& token);
  void on_heartbeat(const Message& message, Instant now);
  void probe(Instant now);
  void restored();
  void disconnect(ReasonCode reason, bool local, bool flush, std::string text);
  void emit(ChannelOutput out) { out_.push_back(std::move(out)); }
  [[nodiscard]] bool live() const {
    return state_ == ChannelState::Up || state_ == ChannelState::Draining;
  }

  ChannelConfig config_;
  Duration lag_tolerance_;
  ChannelState state_ = ChannelState::Idle;
  Instant created_, connected_at_{}, last_received_{}, last_sent_{}, last_probe_{}, close_by_{};
  Duration heartbeat_{}, dead_{};
  bool silent_ = false, throttled_ = false;
  ReasonCode close_reason_{};
  std::uint32_t sequence_ = 0;
  std::deque<ChannelOutput> out_;
};

}  // namespace forces::tml
