// The FE's end of one association. RFC 5810 sections 4.2 (phases), 4.3.3 and 7.10 (heartbeats),
// 4.4 and 7.5 (setup, response, teardown).
//
// Events in, with the time; then poll_output() until empty and one timer at next_deadline().
//
// Any PL message of the CE is life. With CEHBPolicy 0 a CE silent for CEHDI is dead (section
// 7.3.1.1.2.5); with CEHBPolicy 1 the FE does not check, so that CEHDI counts only from the loss of
// the control channel, which by itself ends nothing (section 4.2.2.3). A refusal, a missing
// response or a missing channel is a failed attempt; attempts are retried with a doubling, jittered
// wait.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <variant>

#include "common/core/outputs.hpp"
#include "common/core/time.hpp"
#include "fe/lfb/values.hpp"
#include "proto/pl/header.hpp"

namespace forces::fe {

enum class CeState : std::uint8_t {
  Closed,       // not wanted
  Connecting,   // no control channel yet
  SetupSent,    // association in progress
  Backoff,      // refused, timed out or torn down; the next setup is timed
  Associated,   // established stage
  ChannelLost,  // associated, control channel lost, CEHDI runs
};

enum class Cause : std::uint8_t {
  Opened,
  ChannelUp,
  ChannelDown,
  SetupGranted,
  SetupRefused,
  SetupTimeout,
  TeardownByCe,
  TeardownByUs,
  LossOfHeartbeats,
  Retry,
};

struct OpenChannels {
  friend bool operator==(const OpenChannels&, const OpenChannels&) = default;
};
struct CloseChannels {
  friend bool operator==(const CloseChannels&, const CloseChannels&) = default;
};
struct SendSetup {
  std::uint64_t correlator = 0;
  friend bool operator==(const SendSetup&, const SendSetup&) = default;
};
struct SendHeartbeat {  // always NoACK: only a CE may ask for an answer
  std::uint64_t correlator = 0;
  unsigned priority = pl::default_priority(pl::MsgType::Heartbeat);
  friend bool operator==(const SendHeartbeat&, const SendHeartbeat&) = default;
};
struct SendTeardown {
  pl::TeardownReason reason{};
  friend bool operator==(const SendTeardown&, const SendTeardown&) = default;
};
struct StateChanged {
  CeState from{}, to{};
  Cause cause{};
  friend bool operator==(const StateChanged&, const StateChanged&) = default;
};
struct AttemptFailed {  // another CE may be tried
  friend bool operator==(const AttemptFailed&, const AttemptFailed&) = default;
};
using CeOutput = std::variant<OpenChannels, CloseChannels, SendSetup, SendHeartbeat, SendTeardown,
                              StateChanged, AttemptFailed>;

struct RetryConfig {
  Duration setup_timeout = std::chrono::seconds(5);
  Duration retry_min = std::chrono::milliseconds(500);
  Duration retry_max = std::chrono::seconds(30);
  // False for an FE that got its ID from the CE: on another connection it could not prove it.
  bool outlives_channel = true;
};

class CeFsm {
 public:
  // An association of this age was a good one: the next attempt does not wait.
  static constexpr Duration kSettled = std::chrono::seconds(10);

  // `policy` and `random` must outlive the FSM.
  CeFsm(RetryConfig retry, const lfb::LivenessPolicy& policy, std::mt19937_64& random)
      : retry_(retry), policy_(&policy), random_(&random), backoff_(retry.retry_min) {}

  void open(Instant now);
  void close(pl::TeardownReason reason, Instant now);
  void on_channel_up(Instant now);    // control
  void on_channel_down(Instant now);  // control; the TML reconnects
  // The peer closed a channel: it must be opened again, and nobody else will.
  void on_control_closed(Instant now);
  void on_data_closed(Instant now);
  // False: no answer to our setup.
  bool on_setup_response(std::uint64_t correlator, pl::AssociationResult result, Instant now);
  void on_teardown(Instant now);
  // False: there is no association that the message could belong to; drop it.
  [[nodiscard]] bool on_heartbeat(const pl::Header& heartbeat, Instant now);
  [[nodiscard]] bool on_message(Instant now);  // any other message of this CE
  // Traffic that does not pass here message by message (data channel).
  void on_heard(Instant at);
  void on_sent(Instant at);
  void on_timer(Instant now);

  [[nodiscard]] std::optional<CeOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] CeState state() const { return state_; }
  [[nodiscard]] bool associated() const {
    return state_ == CeState::Associated || state_ == CeState::ChannelLost;
  }
  [[nodiscard]] Instant associated_at() const { return associated_at_; }
  [[nodiscard]] Instant heard_at() const { return heard_at_; }

 private:
  void enter(CeState to, Cause cause);
  void send(CeOutput output, Instant now);
  void start_setup(Cause cause, Instant now);
  void fail_attempt(Cause cause, Instant now);
  void lose(Cause cause, bool channel_up, Instant now);
  [[nodiscard]] Duration next_wait();
  [[nodiscard]] std::optional<Instant> dead_at() const;

  RetryConfig retry_;
  const lfb::LivenessPolicy* policy_;
  std::mt19937_64* random_;
  CeState state_ = CeState::Closed;
  Instant associated_at_{}, heard_at_{}, sent_at_{}, lost_at_{};
  Instant due_{};  // Connecting, SetupSent: the attempt has failed; Backoff: the next setup
  std::optional<Instant> reopen_at_;
  bool repaired_ = false;  // the channel came back, and nothing was heard since
  Duration backoff_;
  std::uint64_t correlator_ = 0;
  OutputQueue<CeOutput> out_;
};

[[nodiscard]] std::string_view to_string(CeState state);
[[nodiscard]] std::string_view to_string(Cause cause);

}  // namespace forces::fe
