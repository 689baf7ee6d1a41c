// The CE's end of one association. RFC 5810 sections 4.2 (phases), 4.3.3 and 7.10 (heartbeats),
// 4.4 and 7.5 (setup, response, teardown), with the state names of figure 4.
//
// Events in, with the time; then poll_output() until empty and one timer at next_deadline().
//
// Liveness. Any PL message of the FE is life, redirects included (heartbeats are traffic-sensitive,
// section 4.3.3). When FEHBPolicy is 0 the CE polls a silent FE with AlwaysACK; after fe_dead of
// silence the FE is given up with Teardown reason 1. Losing the control channel ends nothing by
// itself (section 4.2.2.3): the same timer runs on while the TML repairs the channel.
//
// An FE whose CE restarted believes itself associated. The first message that only an associated FE
// may send, or kSetupWait without a setup, is answered with a Teardown (255), so that the FE sets
// up again at once in place of waiting for its CEHDI.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "ce/association/controller.hpp"
#include "common/core/outputs.hpp"
#include "common/core/time.hpp"
#include "proto/pl/codes.hpp"

namespace forces::ce {

enum class FeState : std::uint8_t {
  Down,         // no control channel, no association
  Waiting,      // control channel up, no association
  Associated,   // established stage
  ChannelLost,  // associated, control channel lost, the FEPO timer runs (section 4.2.2.3)
};

enum class Cause : std::uint8_t {
  ChannelUp,
  ChannelDown,
  SetupGranted,
  SetupAgain,  // the FE restarted before we noticed
  TeardownByFe,
  TeardownByUs,
  LossOfHeartbeats,
};

struct SendSetupResponse {
  std::uint64_t correlator = 0;
  pl::AssociationResult result{};
  friend bool operator==(const SendSetupResponse&, const SendSetupResponse&) = default;
};
struct SendHeartbeat {
  bool always_ack = false;
  std::uint64_t correlator = 0;
  friend bool operator==(const SendHeartbeat&, const SendHeartbeat&) = default;
};
struct SendTeardown {
  pl::TeardownReason reason{};
  friend bool operator==(const SendTeardown&, const SendTeardown&) = default;
};
struct StateChanged {
  FeState from{}, to{};
  Cause cause{};
  friend bool operator==(const StateChanged&, const StateChanged&) = default;
};
using FeOutput = std::variant<SendSetupResponse, SendHeartbeat, SendTeardown, StateChanged>;

class FeFsm {
 public:
  static constexpr Duration kSetupWait = std::chrono::seconds(3);
  static constexpr Duration kNudgeInterval = std::chrono::seconds(1);

  explicit FeFsm(HeartbeatConfig config) : config_(config) {}

  void on_channel_up(Instant now);
  void on_channel_down(Instant now);
  // An AssociationSetup; `verdict` is what the configuration says of this FE ID (section 7.5.2).
  void on_setup(std::uint64_t correlator, pl::AssociationResult verdict, Instant now);
  void on_teardown(Instant now);
  // Any other message of this FE. False: there is no association it could belong to; drop it.
  [[nodiscard]] bool on_message(Instant now);
  // Traffic on the data channel, which does not pass here message by message.
  void on_heard(Instant at);
  void on_sent(Instant at);
  // Ends the association for a reason of ours.
  void teardown(pl::TeardownReason reason, Instant now);
  void set_config(HeartbeatConfig config) { config_ = config; }
  void on_timer(Instant now);

  [[nodiscard]] std::optional<FeOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] FeState state() const { return state_; }
  [[nodiscard]] bool associated() const {
    return state_ == FeState::Associated || state_ == FeState::ChannelLost;
  }
  [[nodiscard]] Instant associated_at() const { return associated_at_; }
  [[nodiscard]] Instant heard_at() const { return heard_at_; }

 private:
  void enter(FeState to, Cause cause);
  void send(FeOutput output, Instant now);
  void nudge(Instant now);
  [[nodiscard]] Duration ce_interval() const;
  [[nodiscard]] Instant poll_at() const;

  HeartbeatConfig config_;
  FeState state_ = FeState::Down;
  Instant associated_at_{}, heard_at_{}, sent_at_{}, polled_at_{};
  std::optional<Instant> setup_by_;  // Waiting: nudge once at this time
  Instant nudge_after_{};
  std::uint64_t correlator_ = 0;
  OutputQueue<FeOutput> out_;
};

[[nodiscard]] std::string_view to_string(FeState state);
[[nodiscard]] std::string_view to_string(Cause cause);

}  // namespace forces::ce
