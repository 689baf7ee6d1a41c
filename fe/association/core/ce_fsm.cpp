#include "fe/association/core/ce_fsm.hpp"

#include <algorithm>

namespace forces::fe {

void CeFsm::open(Instant now) {
  if (state_ != CeState::Closed) return;
  backoff_ = retry_.retry_min;
  due_ = now + retry_.setup_timeout;
  out_.push(OpenChannels{});
  enter(CeState::Connecting, Cause::Opened);
}

void CeFsm::close(pl::TeardownReason reason, Instant now) {
  if (state_ == CeState::Closed) return;
  if (state_ == CeState::Associated) send(SendTeardown{reason}, now);
  reopen_at_.reset();
  out_.push(CloseChannels{});
  enter(CeState::Closed, Cause::TeardownByUs);
}

void CeFsm::on_channel_up(Instant now) {
  switch (state_) {
    case CeState::Connecting:
      start_setup(Cause::ChannelUp, now);
      return;
    case CeState::ChannelLost:  // repaired in time: the association was never lost
      repaired_ = true;
      enter(CeState::Associated, Cause::ChannelUp);
      // Unless another process is there now. That one learns of us, and tears down what it does not
      // know, by any message of an associated FE.
      send(SendHeartbeat{0}, now);
      return;
    case CeState::Closed:
    case CeState::SetupSent:
    case CeState::Backoff:
    case CeState::Associated:
      return;
  }
}

void CeFsm::on_channel_down(Instant now) {
  switch (state_) {
    case CeState::SetupSent:
    case CeState::Backoff:
      due_ = now + retry_.setup_timeout;
      enter(CeState::Connecting, Cause::ChannelDown);
      return;
    case CeState::Associated:  // RFC 5810 section 4.2.2.3
      if (!retry_.outlives_channel) return lose(Cause::ChannelDown, false, now);
      lost_at_ = now;
      enter(CeState::ChannelLost, Cause::ChannelDown);
      return;
    case CeState::Closed:
    case CeState::Connecting:
    case CeState::ChannelLost:
      return;
  }
}

void CeFsm::on_control_closed(Instant now) {
  on_channel_down(now);
  on_data_closed(now);
}

void CeFsm::on_data_closed(Instant now) {
  if (state_ != CeState::Closed && !reopen_at_) reopen_at_ = now + next_wait();
}

bool CeFsm::on_setup_response(std::uint64_t correlator, pl::AssociationResult result, Instant now) {
  // A late answer to an earlier attempt is not this one's.
  if (state_ != CeState::SetupSent || correlator != correlator_) return false;
  if (result != pl::AssociationResult::Success) {
    fail_attempt(Cause::SetupRefused, now);
    return true;
  }
  associated_at_ = heard_at_ = now;
  repaired_ = false;
  enter(CeState::Associated, Cause::SetupGranted);
  return true;
}

void CeFsm::on_teardown(Instant now) {
  // Before a response it belongs to an earlier association, whose end is known already.
  if (associated()) lose(Cause::TeardownByCe, true, now);
}

bool CeFsm::on_heartbeat(const pl::Header& heartbeat, Instant now) {
  if (!on_message(now)) return false;
  // RFC 5810 section 7.10: "the FE MUST send an HB message back immediately". Other values of the
  // ACK flag are as NoACK.
  if (heartbeat.flags.ack() == pl::Ack::Always) {
    send(SendHeartbeat{heartbeat.correlator, heartbeat.flags.priority()}, now);
  }
  return true;
}

bool CeFsm::on_message(Instant now) {
  if (!associated()) return false;
  repaired_ = false;  // it knows of us
  heard_at_ = std::max(heard_at_, now);
  return true;
}

void CeFsm::on_heard(Instant at) {
  if (associated()) heard_at_ = std::max(heard_at_, at);
}

void CeFsm::on_sent(Instant at) { sent_at_ = std::max(sent_at_, at); }

void CeFsm::on_timer(Instant now) {
  if (reopen_at_ && now >= *reopen_at_) {
    reopen_at_.reset();
    out_.push(OpenChannels{});
  }
  switch (state_) {
    case CeState::Closed:
      return;
    case CeState::Connecting:
      if (now < due_) return;
      due_ = now + retry_.setup_timeout;
      out_.push(AttemptFailed{});
      return;
    case CeState::SetupSent:
      if (now >= due_) fail_attempt(Cause::SetupTimeout, now);
      return;
    case CeState::Backoff:
      if (now >= due_) start_setup(Cause::Retry, now);
      return;
    case CeState::Associated:
    case CeState::ChannelLost:
      break;
  }
  if (const auto dead = dead_at(); dead && now >= *dead) {
    const bool up = state_ == CeState::Associated;
    if (up) send(SendTeardown{pl::TeardownReason::LossOfHeartbeats}, now);
    return lose(Cause::LossOfHeartbeats, up, now);
  }
  if (state_ == CeState::Associated && policy_->fe_heartbeat_policy == 1 &&
      now >= sent_at_ + policy_->fe_interval) {
    send(SendHeartbeat{0}, now);
  }
}

std::optional<Instant> CeFsm::next_deadline() const {
  std::optional<Instant> at = reopen_at_;
  const auto sooner = [&at](std::optional<Instant> other) {
    if (other && (!at || *other < *at)) at = other;
  };
  switch (state_) {
    case CeState::Closed:
      return std::nullopt;
    case CeState::Connecting:
    case CeState::SetupSent:
    case CeState::Backoff:
      sooner(due_);
      return at;
    case CeState::Associated:
      if (policy_->fe_heartbeat_policy == 1) sooner(sent_at_ + policy_->fe_interval);
      sooner(dead_at());
      return at;
    case CeState::ChannelLost:
      sooner(dead_at());
      return at;
  }
  return at;
}

std::optional<Instant> CeFsm::dead_at() const {
  if (policy_->ce_heartbeat_policy == 0) return heard_at_ + policy_->ce_dead;
  if (state_ == CeState::ChannelLost) return lost_at_ + policy_->ce_dead;
  return std::nullopt;
}

void CeFsm::enter(CeState to, Cause cause) {
  const CeState from = state_;
  state_ = to;
  out_.push(StateChanged{from, to, cause});
}

void CeFsm::send(CeOutput output, Instant now) {
  sent_at_ = now;
  out_.push(output);
}

void CeFsm::start_setup(Cause cause, Instant now) {
  due_ = now + retry_.setup_timeout;
  send(SendSetup{++correlator_}, now);
  enter(CeState::SetupSent, cause);
}

void CeFsm::fail_attempt(Cause cause, Instant now) {
  due_ = now + next_wait();
  enter(CeState::Backoff, cause);
  out_.push(AttemptFailed{});
}

void CeFsm::lose(Cause cause, bool channel_up, Instant now) {
  // What another process tears down behind a repaired channel says nothing of how it will treat us:
  // a CE that is killed again and again has its FE back each time at once.
  const bool settled = repaired_ || now - associated_at_ >= kSettled;
  if (settled) backoff_ = retry_.retry_min;
  if (channel_up && state_ == CeState::Associated) {
    due_ = settled ? now : now + next_wait();
    enter(CeState::Backoff, cause);
  } else {
    due_ = now + retry_.setup_timeout;
    enter(CeState::Connecting, cause);
  }
}

// Doubles, and takes up to a quarter off, so that a thousand FEs of one CE do not return as one.
Duration CeFsm::next_wait() {
  const Duration full = backoff_;
  backoff_ = std::min(backoff_ * 2, retry_.retry_max);
  const auto quarter = static_cast<std::uint64_t>(full.count() / 4);
  return full - Duration(static_cast<Duration::rep>(quarter == 0 ? 0 : (*random_)() % quarter));
}

std::string_view to_string(CeState state) {
  switch (state) {
    case CeState::Closed:
      return "closed";
    case CeState::Connecting:
      return "connecting";
    case CeState::SetupSent:
      return "setup_sent";
    case CeState::Backoff:
      return "backoff";
    case CeState::Associated:
      return "associated";
    case CeState::ChannelLost:
      return "channel_lost";
  }
  return "unknown";
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::Opened:
      return "opened";
    case Cause::ChannelUp:
      return "channel up";
    case Cause::ChannelDown:
      return "channel down";
    case Cause::SetupGranted:
      return "setup granted";
    case Cause::SetupRefused:
      return "setup refused";
    case Cause::SetupTimeout:
      return "no setup response";
    case Cause::TeardownByCe:
      return "teardown by the CE";
    case Cause::TeardownByUs:
      return "teardown by us";
    case Cause::LossOfHeartbeats:
      return "loss of heartbeats";
    case Cause::Retry:
      return "retry";
  }
  return "unknown";
}

}  // namespace forces::fe
