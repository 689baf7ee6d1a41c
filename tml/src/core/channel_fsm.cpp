#include "tml/src/core/channel_fsm.hpp"

#include <algorithm>

namespace forces::tml {
namespace {

using std::chrono::milliseconds;

std::uint32_t to_ms(Duration d) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<milliseconds>(d).count());
}

// Timestamps are opaque to the peer: nanoseconds of our own clock.
std::uint64_t to_stamp(Instant t) {
  return static_cast<std::uint64_t>(t.time_since_epoch().count());
}

}  // namespace

void ChannelFsm::on_connected(Instant now) {
  if (state_ != ChannelState::Idle) return;
  state_ = ChannelState::Hello;
  connected_at_ = last_received_ = last_sent_ = last_probe_ = now;
  heartbeat_ = config_.heartbeat;
  dead_ = std::max(config_.dead, 3 * heartbeat_);  // of a peer that negotiates nothing, too
  if (!config_.server) hello(now, config_.token);
}

// The first frame each way on each channel (row 7).
void ChannelFsm::hello(Instant now, const std::optional<PairToken>& token) {
  Message m{.type = MsgType::Heartbeat};
  m.pl_id = config_.local_id;
  m.channel_type = config_.channel_type;
  if (!config_.server) m.peer_pl_id = config_.peer_id;
  m.hb_interval_ms = to_ms(config_.heartbeat);
  m.dead_interval_ms = to_ms(config_.dead);
  m.hb_sequence = sequence_++;
  m.pair_token = token;
  m.max_message = config_.max_message;
  m.capabilities = 1;  // answers heartbeats that want a reply
  emit(output::Send{std::move(m)});
  last_sent_ = now;
}

void ChannelFsm::negotiate(const Message& m) {
  if (m.hb_interval_ms)
    heartbeat_ = std::max(heartbeat_, Duration(milliseconds(*m.hb_interval_ms)));
  if (m.dead_interval_ms) dead_ = std::max(dead_, Duration(milliseconds(*m.dead_interval_ms)));
  if (heartbeat_ > Duration{}) dead_ = std::max(dead_, 3 * heartbeat_);
}

void ChannelFsm::up(Instant now, const std::optional<PairToken>& token) {
  state_ = ChannelState::Up;
  last_received_ = now;
  emit(output::Up{token});
}

void ChannelFsm::accept(Instant now, const std::optional<PairToken>& token) {
  if (state_ != ChannelState::Hello && state_ != ChannelState::Pairing) return;
  hello(now, token);
  up(now, token);
}

void ChannelFsm::await_pair(Instant now) {
  if (state_ != ChannelState::Hello) return;
  state_ = ChannelState::Pairing;
  connected_at_ = now;
}

void ChannelFsm::refuse(ReasonCode reason, std::string text, Instant now) {
  close_now(reason, std::move(text), now);
}

void ChannelFsm::on_message(const Message& m, Instant now) {
  if (state_ == ChannelState::Idle || state_ == ChannelState::Closed) return;
  on_received(now);
  switch (m.type) {
    case MsgType::Heartbeat:
      return on_heartbeat(m, now);
    case MsgType::ChannelClose: {
      const std::uint32_t reason = m.reason ? m.reason->code : 0;
      if (state_ == ChannelState::CloseSent) return disconnect(close_reason_, true, false, {});
      const std::string text = m.reason ? m.reason->text : std::string{};
      emit(output::PeerClosed{reason, text});
      // The answer is a Channel Close of our own, then the end (row 16).
      Message answer{.type = MsgType::ChannelClose};
      answer.reason = Reason{reason, {}};
      emit(output::Send{std::move(answer)});
      return disconnect(static_cast<ReasonCode>(reason), false, true, text);
    }
    case MsgType::JoinRequest:
    case MsgType::LeaveRequest: {
      if (!config_.server || state_ != ChannelState::Up || !m.group_id ||
          config_.channel_type != kChannelControl)
        return emit(output::Unexpected{m.type});
      const std::uint32_t request = m.request_id.value_or(0);
      if (m.type == MsgType::JoinRequest) return emit(output::JoinRequested{*m.group_id, request});
      return emit(output::LeaveRequested{*m.group_id, request});
    }
    case MsgType::JoinResponse:
    case MsgType::LeaveResponse: {
      if (config_.server || !live() || !m.group_id) return emit(output::Unexpected{m.type});
      const std::uint32_t request = m.request_id.value_or(0), status = m.status.value_or(0);
      if (m.type == MsgType::JoinResponse)
        return emit(output::JoinAnswered{*m.group_id, request, status});
      return emit(output::LeaveAnswered{*m.group_id, request, status});
    }
  }
  emit(output::Unexpected{m.type});
}

void ChannelFsm::on_heartbeat(const Message& m, Instant now) {
  if (state_ == ChannelState::Hello) {
    negotiate(m);
    if (config_.server)
      return emit(output::HelloReceived{m.pl_id.value_or(0), m.channel_type.value_or(0),
                                        m.pair_token, m.pl_id.has_value()});
    if (m.pl_id && *m.pl_id != config_.peer_id)
      return close_now(ReasonCode::Auth, "the peer is another CE than the one meant", now);
    return up(now, m.pair_token);
  }
  if (state_ == ChannelState::Pairing || !live()) return;
  const std::uint32_t flags = m.hb_flags.value_or(0);
  if ((flags & kHbReplyWanted) != 0) {
    Message reply{.type = MsgType::Heartbeat};
    reply.hb_sequence = m.hb_sequence;
    reply.hb_flags = kHbReply;
    reply.timestamp = m.timestamp;
    emit(output::Send{std::move(reply)});
  } else if ((flags & kHbReply) != 0 && m.timestamp) {
    // A stamp that we cannot have sent is no measurement. Unsigned: any stamp may come.
    const std::uint64_t time = to_stamp(now) - *m.timestamp;
    if (time <= static_cast<std::uint64_t>((now - created_).count()))
      emit(output::RoundTrip{Duration(static_cast<std::int64_t>(time))});
  }
}

void ChannelFsm::on_early_pl(std::uint32_t source_id, Instant now) {
  on_received(now);
  if (state_ != ChannelState::Hello) return;
  if (config_.server) return emit(output::HelloReceived{source_id, 0, std::nullopt, false});
  up(now, std::nullopt);
}

void ChannelFsm::set_throttled(bool throttled, Instant now) {
  throttled_ = throttled;
  if (!throttled) last_received_ = std::max(last_received_, now);
}

void ChannelFsm::restored() {
  silent_ = false;
  emit(output::HeartbeatRestored{});
}

void ChannelFsm::probe(Instant now) {
  Message m{.type = MsgType::Heartbeat};
  m.hb_sequence = sequence_++;
  m.hb_flags = kHbReplyWanted;
  m.timestamp = to_stamp(now);
  emit(output::Send{std::move(m)});
  last_probe_ = last_sent_ = now;
}

void ChannelFsm::on_stream_error(ReasonCode reason, std::string text, Instant now) {
  close_now(reason, std::move(text), now);
}

void ChannelFsm::on_eof(Instant) {
  if (state_ == ChannelState::Closed) return;
  const bool asked = state_ == ChannelState::CloseSent;
  disconnect(asked ? close_reason_ : ReasonCode::DeadPeer, asked, false,
             asked ? "" : "the peer ended the connection without a Channel Close");
}

void ChannelFsm::join(std::uint32_t group, std::uint32_t request) {
  if (!live()) return;
  Message m{.type = MsgType::JoinRequest};
  m.group_id = group;
  m.request_id = request;
  emit(output::Send{std::move(m)});
}

void ChannelFsm::leave(std::uint32_t group, std::uint32_t request) {
  if (!live()) return;
  Message m{.type = MsgType::LeaveRequest};
  m.group_id = group;
  m.request_id = request;
  emit(output::Send{std::move(m)});
}

void ChannelFsm::answer(MsgType response, std::uint32_t group, std::uint32_t request,
                        std::uint32_t status) {
  if (!live()) return;
  Message m{.type = response};
  m.group_id = group;
  m.request_id = request;
  m.status = status;
  emit(output::Send{std::move(m)});
}

void ChannelFsm::close(ReasonCode reason, Duration timeout, Instant now) {
  if (state_ != ChannelState::Up) return close_now(reason, {}, now);
  state_ = ChannelState::Draining;
  close_reason_ = reason;
  close_by_ = now + timeout;
}

void ChannelFsm::on_drained(Instant now) {
  if (state_ != ChannelState::Draining) return;
  Message m{.type = MsgType::ChannelClose};
  m.reason = Reason{static_cast<std::uint32_t>(close_reason_), {}};
  emit(output::Send{std::move(m)});
  state_ = ChannelState::CloseSent;
  close_by_ = now + kCloseWait;
}

void ChannelFsm::close_now(ReasonCode reason, std::string text, Instant) {
  if (state_ == ChannelState::Closed) return;
  if (state_ != ChannelState::Idle && state_ != ChannelState::CloseSent) {
    Message m{.type = MsgType::ChannelClose};
    m.reason = Reason{static_cast<std::uint32_t>(reason), text};
    emit(output::Send{std::move(m)});
  }
  disconnect(reason, true, state_ != ChannelState::Idle, std::move(text));
}

void ChannelFsm::disconnect(ReasonCode reason, bool local, bool flush, std::string text) {
  state_ = ChannelState::Closed;
  emit(output::Disconnect{reason, local, flush, std::move(text)});
}

void ChannelFsm::on_timer(Instant now) {
  const auto due = next_deadline();
  if (!due || now < *due) return;
  // A late timer means that we slept, not that the peer did (row 14).
  if (const Duration lag = now - *due; lag > lag_tolerance_)
    last_received_ = std::min(now, last_received_ + lag);
  switch (state_) {
    case ChannelState::Idle:
    case ChannelState::Closed:
      return;
    case ChannelState::Hello:
      if (!config_.server) {
        if (now >= connected_at_ + kPlainPeerWait) up(now, std::nullopt);
      } else if (now >= connected_at_ + config_.hello_timeout) {
        close_now(ReasonCode::Protocol, "no first frame in time", now);
      }
      return;
    case ChannelState::Pairing:
      if (now >= connected_at_ + config_.pairing_timeout)
        close_now(ReasonCode::Protocol, "no control channel for this data channel", now);
      return;
    case ChannelState::CloseSent:
      if (now >= close_by_) disconnect(close_reason_, true, false, {});
      return;
    case ChannelState::Draining:
      if (now >= close_by_) return on_drained(now);
      break;
    case ChannelState::Up:
      break;
  }
  if (heartbeat_ == Duration{}) return;
  if (!throttled_) {
    const Duration silence = now - last_received_;
    if (silence >= dead_)
      return close_now(ReasonCode::DeadPeer, "nothing heard within the dead interval", now);
    if (silence >= dead_ / 2 && !silent_) {
      silent_ = true;
      emit(output::HeartbeatLost{});
    }
  }
  if (now >= last_sent_ + heartbeat_ || now >= last_probe_ + kProbeEvery * heartbeat_) probe(now);
}

std::optional<ChannelOutput> ChannelFsm::poll_output() {
  if (out_.empty()) return std::nullopt;
  ChannelOutput first = std::move(out_.front());
  out_.pop_front();
  return first;
}

std::optional<Instant> ChannelFsm::next_deadline() const {
  std::optional<Instant> at;
  switch (state_) {
    case ChannelState::Idle:
    case ChannelState::Closed:
      return std::nullopt;
    case ChannelState::Hello:
      return connected_at_ + (config_.server ? config_.hello_timeout : kPlainPeerWait);
    case ChannelState::Pairing:
      return connected_at_ + config_.pairing_timeout;
    case ChannelState::CloseSent:
      return close_by_;
    case ChannelState::Draining:
      at = close_by_;
      break;
    case ChannelState::Up:
      break;
  }
  if (heartbeat_ == Duration{}) return at;
  Instant next = std::min(last_sent_ + heartbeat_, last_probe_ + kProbeEvery * heartbeat_);
  if (!throttled_) next = std::min(next, last_received_ + (silent_ ? dead_ : dead_ / 2));
  return at ? std::min(*at, next) : next;
}

}  // namespace forces::tml
