#include "ce/association/core/fe_fsm.hpp"

#include <algorithm>

namespace forces::ce {

void FeFsm::on_channel_up(Instant now) {
  switch (state_) {
    case FeState::Down:
      setup_by_ = now + kSetupWait;
      nudge_after_ = now;
      enter(FeState::Waiting, Cause::ChannelUp);
      return;
    case FeState::ChannelLost:  // repaired in time: the association was never lost
      enter(FeState::Associated, Cause::ChannelUp);
      return;
    case FeState::Waiting:
    case FeState::Associated:
      return;  // a new connection took the old one's place
  }
}

void FeFsm::on_channel_down(Instant) {
  switch (state_) {
    case FeState::Waiting:
      setup_by_.reset();
      enter(FeState::Down, Cause::ChannelDown);
      return;
    case FeState::Associated:  // RFC 5810 section 4.2.2.3
      enter(FeState::ChannelLost, Cause::ChannelDown);
      return;
    case FeState::Down:
    case FeState::ChannelLost:
      return;
  }
}

void FeFsm::on_setup(std::uint64_t correlator, pl::AssociationResult verdict, Instant now) {
  on_channel_up(now);  // its message overtook the event
  setup_by_.reset();
  if (associated()) enter(FeState::Waiting, Cause::SetupAgain);
  // RFC 5810 section 7.5.1: always answered, granted or not.
  send(SendSetupResponse{correlator, verdict}, now);
  if (verdict != pl::AssociationResult::Success) return;
  associated_at_ = heard_at_ = polled_at_ = now;
  enter(FeState::Associated, Cause::SetupGranted);
}

void FeFsm::on_teardown(Instant) {  // never answered (RFC 5810 table of section 6.1, A.1)
  if (associated()) enter(FeState::Waiting, Cause::TeardownByFe);
}

bool FeFsm::on_message(Instant now) {
  if (associated()) {
    heard_at_ = std::max(heard_at_, now);
    return true;
  }
  nudge(now);
  return false;
}

void FeFsm::on_heard(Instant at) {
  if (associated()) heard_at_ = std::max(heard_at_, at);
}

void FeFsm::on_sent(Instant at) { sent_at_ = std::max(sent_at_, at); }

void FeFsm::teardown(pl::TeardownReason reason, Instant now) {
  if (!associated()) return;
  const bool lost = state_ == FeState::ChannelLost;
  if (!lost) send(SendTeardown{reason}, now);
  nudge_after_ = now + kNudgeInterval;
  enter(lost ? FeState::Down : FeState::Waiting, reason == pl::TeardownReason::LossOfHeartbeats
                                                     ? Cause::LossOfHeartbeats
                                                     : Cause::TeardownByUs);
}

void FeFsm::on_timer(Instant now) {
  if (setup_by_ && now >= *setup_by_) {
    setup_by_.reset();
    nudge(now);
  }
  if (!associated()) return;
  if (now >= heard_at_ + config_.fe_dead) {
    teardown(pl::TeardownReason::LossOfHeartbeats, now);
    return;
  }
  if (state_ != FeState::Associated) return;
  if (!config_.fe_sends && now >= poll_at()) {
    polled_at_ = now;
    send(SendHeartbeat{true, ++correlator_}, now);
  }
  if (config_.ce_sends && now >= sent_at_ + ce_interval()) send(SendHeartbeat{false, 0}, now);
}

std::optional<Instant> FeFsm::next_deadline() const {
  if (!associated()) return setup_by_;
  Instant at = heard_at_ + config_.fe_dead;
  if (state_ != FeState::Associated) return at;
  if (!config_.fe_sends) at = std::min(at, poll_at());
  if (config_.ce_sends) at = std::min(at, sent_at_ + ce_interval());
  return at;
}

// Three chances within the FE's patience.
Duration FeFsm::ce_interval() const { return std::max(config_.ce_dead / 3, Duration{1'000'000}); }

Instant FeFsm::poll_at() const { return std::max(heard_at_, polled_at_) + config_.poll_interval; }

void FeFsm::enter(FeState to, Cause cause) {
  const FeState from = state_;
  state_ = to;
  out_.push(StateChanged{from, to, cause});
}

void FeFsm::send(FeOutput output, Instant now) {
  sent_at_ = now;
  out_.push(output);
}

void FeFsm::nudge(Instant now) {
  if (state_ != FeState::Waiting || now < nudge_after_) return;
  nudge_after_ = now + kNudgeInterval;
  send(SendTeardown{pl::TeardownReason::Other}, now);
}

std::string_view to_string(FeState state) {
  switch (state) {
    case FeState::Down:
      return "down";
    case FeState::Waiting:
      return "waiting";
    case FeState::Associated:
      return "associated";
    case FeState::ChannelLost:
      return "channel_lost";
  }
  return "unknown";
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::ChannelUp:
      return "channel up";
    case Cause::ChannelDown:
      return "channel down";
    case Cause::SetupGranted:
      return "setup granted";
    case Cause::SetupAgain:
      return "setup again: the FE restarted";
    case Cause::TeardownByFe:
      return "teardown by the FE";
    case Cause::TeardownByUs:
      return "teardown by us";
    case Cause::LossOfHeartbeats:
      return "loss of heartbeats";
  }
  return "unknown";
}

}  // namespace forces::ce
