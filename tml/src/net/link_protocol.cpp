// What a Link does for its ChannelFsm, and how a connection ends.
#include "tml/src/net/element/context.hpp"
#include "tml/src/net/link.hpp"

namespace forces::tml {
namespace {

constexpr Duration kLinger = std::chrono::seconds(2);

tmlx_reason to_reason(ReasonCode code) { return static_cast<tmlx_reason>(code); }

}  // namespace

void Link::pump() {
  if (pumping_) return;
  pumping_ = true;
  bool wrote = false;
  while (life_ == Life::Open) {
    std::optional<ChannelOutput> out = fsm_.poll_output();
    if (!out) break;
    wrote |= std::holds_alternative<output::Send>(*out);
    std::visit([this](auto&& what) { perform(std::move(what)); }, std::move(*out));
  }
  pumping_ = false;
  if (wrote && life_ == Life::Open) drain_channel();
  if (life_ != Life::Ended) loop_.arm(*this);
}

void Link::stream_error(FrameStatus status, bool pl) {
  const bool version = status == FrameStatus::BadVersion;
  const tmlx_reason reason = version ? TMLX_REASON_VERSION : TMLX_REASON_FRAMING;
  const char* const detail = version ? "the peer speaks another TML version"
                             : pl    ? "a PL Length below 6 words or above this channel's limit"
                                  : "a TML message shorter than its header or above 4,096 octets";
  if (channel_ != nullptr) {
    count(version ? Counter::VersionErrors : Counter::FramingErrors);
    channel_->emit(TMLX_EVENT_PROTOCOL_ERROR, reason, detail);
    if (life_ != Life::Open) return;
  } else {
    context_.counters().add(version ? Counter::HelloVersion : Counter::HelloFraming);
    context_.on_refused(*this, reason, detail);
  }
  fsm_.on_stream_error(version ? ReasonCode::Version : ReasonCode::Framing,
                       version ? "this end speaks TML version 1" : "impossible length", now());
  pump();
}

void Link::perform(output::Send&& out) {
  const auto octets = encode_message(out.message);
  if (!octets) return;  // no message of ours is that large
  count(Counter::TmlSent);
  tml_out_.insert(tml_out_.end(), octets->begin(), octets->end());
}

void Link::perform(output::HelloReceived&& out) {
  hello_.pl_id = out.pl_id;
  hello_.token = out.token;
  hello_.known = out.known;
  if (out.channel_type != 0 && out.channel_type != (data_ ? kChannelData : kChannelControl)) {
    return context_.refuse(*this, Counter::BadHello, ReasonCode::Protocol,
                           "this port is for the other channel");
  }
  context_.identify(shared_from_this());
}

Claim Link::claim() const {
  Claim claim = hello_;
  claim.identity = identity_;
  return claim;
}

void Link::accept(const PairToken& token) {
  fsm_.accept(now(), data_ ? std::nullopt : std::optional(token));
  pump();
  if (paused_) resume_reading();
}

void Link::refuse(ReasonCode reason, const std::string& text) {
  fsm_.refuse(reason, text, now());
  pump();
}

void Link::perform(output::Up&& out) {
  if (!server_) context_.on_token(*this, out.token);
  if (channel_ != nullptr) channel_->link_up();
}

void Link::perform(output::PeerClosed&&) {}  // Disconnect follows and says it

void Link::perform(output::HeartbeatLost&&) {
  count(Counter::HeartbeatsLost);
  if (channel_ != nullptr) channel_->emit(TMLX_EVENT_HB_LOST);
}

void Link::perform(output::HeartbeatRestored&&) {
  if (channel_ != nullptr) channel_->emit(TMLX_EVENT_HB_RESTORED);
}

void Link::perform(output::RoundTrip&& out) {
  if (channel_ != nullptr) channel_->rtt(out.time);
}

void Link::perform(output::JoinRequested&& out) {
  if (channel_ != nullptr) context_.on_join(*channel_, out.group, out.request);
}

void Link::perform(output::LeaveRequested&& out) {
  if (channel_ != nullptr) context_.on_leave(*channel_, out.group, out.request);
}

void Link::perform(output::JoinAnswered&& out) {
  if (channel_ != nullptr) context_.on_answer(*channel_, true, out.group, out.request, out.status);
}

void Link::perform(output::LeaveAnswered&& out) {
  if (channel_ != nullptr) context_.on_answer(*channel_, false, out.group, out.request, out.status);
}

void Link::perform(output::Unexpected&&) { odd(Counter::TmlUnexpected); }

void Link::perform(output::Disconnect&& out) {
  if (!out.flush || stream_.blocked()) {
    detach(to_reason(out.reason), !out.local, out.text);
    return end();
  }
  if (secure_done_ && !tml_out_.empty() && stream_.write(loop_.buffers(), tml_out_))
    tml_out_.clear();
  life_ = Life::Lingering;
  linger();
  detach(to_reason(out.reason), !out.local, out.text);
}

// ---- the end
// -------------------------------------------------------------------------------------

void Link::detach(tmlx_reason reason, bool peer_closed, const std::string& detail) {
  context_.on_link_ended(*this);
  if (channel_ == nullptr) return;
  Channel& channel = *channel_;
  channel_ = nullptr;
  const auto self = shared_from_this();
  channel.link_down(reason, peer_closed, detail);
}

// The goodbye is sent and read to the end before the socket closes, or a reset could overtake it.
void Link::linger() {
  linger_until_ = now() + kLinger;
  flush();
  if (life_ != Life::Lingering) return;
  if (!stream_.blocked()) stream_.shutdown_send();
  paused_ = false;
  wait_readable();
  loop_.arm(*this);
}

void Link::end() {
  if (life_ == Life::Ended) return;
  life_ = Life::Ended;
  loop_.disarm(*this);
  context_.on_link_ended(*this);
  asio::error_code ignored;
  stream_.socket().close(ignored);
  loop_.retire(shared_from_this());
}

void Link::close(tml_close_mode mode, ReasonCode reason) {
  if (mode == TML_CLOSE_FORCED || channel_ == nullptr) return close_now(reason, {});
  fsm_.close(reason, channel_->options().close_timeout, now());
  pump();
  if (life_ == Life::Open) drain_channel();
}

void Link::close_now(ReasonCode reason, const std::string& text) {
  fsm_.close_now(reason, text, now());
  pump();
}

void Link::abandon() {
  if (life_ == Life::Ended) return;
  if (life_ == Life::Open) detach(TMLX_REASON_SHUTDOWN, false, {});
  end();
}

std::optional<Instant> Link::deadline() const {
  if (life_ == Life::Ended) return std::nullopt;
  if (life_ == Life::Lingering) return linger_until_;
  std::optional<Instant> at = fsm_.next_deadline();
  if (!secure_done_) at = context_.handshake_deadline(*this);
  if (channel_ != nullptr && channel_->options().ttl != Duration{} && stream_.blocked()) {
    const Instant tick = now() + channel_->options().ttl / 8;
    at = at ? std::min(*at, tick) : tick;
  }
  return at;
}

void Link::on_timer(Instant at) {
  const auto self = shared_from_this();
  if (life_ == Life::Lingering) {
    if (at >= linger_until_) end();
    if (life_ != Life::Ended) loop_.arm(*this);
    return;
  }
  if (!secure_done_) {
    if (at >= context_.handshake_deadline(*this)) {
      context_.counters().add(Counter::HandshakeTimeout);
      context_.on_refused(*this, TMLX_REASON_PROTOCOL, "the TLS handshake took too long");
      detach(TMLX_REASON_PROTOCOL, false, "the TLS handshake took too long");
      return end();
    }
    return loop_.arm(*this);
  }
  const bool unpaired = fsm_.state() == ChannelState::Pairing;
  const bool waiting = unpaired || fsm_.state() == ChannelState::Hello;
  fsm_.on_timer(at);
  if (waiting && server_ && fsm_.state() == ChannelState::Closed) {
    context_.counters().add(unpaired ? Counter::Unpaired : Counter::HandshakeTimeout);
    context_.on_refused(
        *this, TMLX_REASON_PROTOCOL,
        unpaired ? "no control channel for this data channel" : "no first frame in time");
  }
  pump();
  if (life_ != Life::Open) return;
  if (channel_ != nullptr) {
    if (stream_.blocked()) shed(at);
    if (channel_->queue().idle() && !stream_.blocked()) {
      channel_->queue().shrink();
      if (turns_ < kBusy) stream_.keep_buffers(false);
    }
    turns_ = 0;
    channel_->report_skips(at);
    channel_->report_drops(at);
    channel_->after_drain();
  }
  loop_.arm(*this);
}

}  // namespace forces::tml
