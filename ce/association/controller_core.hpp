// The whole protocol layer of a CE without channels and clock: octets of PL messages of every FE
// in, octets out. It joins one FeFsm for each FE with the configuration's word on who may
// associate.
//
// Redirected packets do not pass here (ce/redirect moves them); what they mean for liveness comes
// in by on_data_traffic(). Answers to queries, and events, are counted as life and are step 2's to
// use.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ce/association/controller.hpp"
#include "ce/association/fe_fsm.hpp"
#include "common/core/outputs.hpp"
#include "proto/pl/message.hpp"

namespace forces::ce {

struct SendMessage {  // on this control channel
  std::uint64_t channel = 0;
  std::uint32_t fe_id = 0;
  pl::Octets octets;
};
struct FeChanged {
  std::uint32_t fe_id = 0;
  StateChanged change;
};
struct SetupRefused {
  std::uint32_t fe_id = 0;  // as the TML knows it, 0: not at all
  std::uint32_t claimed = 0;
  pl::AssociationResult result{};
};
struct BindId {  // this channel's peer got an FE ID in its setup response
  std::uint64_t channel = 0;
  std::uint32_t fe_id = 0;
};
enum class Drop : std::uint8_t {
  Malformed,
  WrongSource,
  WrongDestination,
  WrongState,
  WrongType,
  WrongCorrelator,  // a response that nobody asked for
};
inline constexpr std::size_t kDrops = 6;
[[nodiscard]] std::string_view to_string(Drop reason);
struct MessagesDropped {  // at most one in kDropReportEvery and FE
  std::uint32_t fe_id = 0;
  Drop last{};
  std::uint64_t count = 0;
};
inline constexpr Duration kDropReportEvery = std::chrono::seconds(1);
using ControllerOutput =
    std::variant<SendMessage, FeChanged, SetupRefused, BindId, MessagesDropped>;

struct FeCounters {
  std::uint64_t received = 0, sent = 0;
  std::uint64_t setups = 0, setups_refused = 0, associations = 0, associations_lost = 0;
  std::uint64_t heartbeats_received = 0, heartbeats_sent = 0;
  std::uint64_t teardowns_received = 0, teardowns_sent = 0;
  std::uint64_t configs_done = 0, configs_failed = 0;
  std::array<std::uint64_t, kDrops> drops{};
  std::uint64_t unreported = 0;  // drops since the last MessagesDropped
  Instant report_after{};
  void add(const FeCounters& other);
  [[nodiscard]] daemon::CounterSamples samples() const;
};

class ControllerCore {
 public:
  explicit ControllerCore(const ControllerConfig& config) { configure(config); }

  // Identity stays; FEs that are no longer wanted are torn down.
  void reconfigure(const ControllerConfig& config, Instant now);
  void stop(Instant now);  // teardown to all, reason 0
  void on_control_up(std::uint32_t element_id, std::uint64_t channel, Instant now);
  void on_control_down(std::uint32_t element_id, std::uint64_t channel, Instant now);
  void on_data_up(std::uint32_t element_id, std::uint64_t channel);
  void on_data_down(std::uint32_t element_id, std::uint64_t channel);
  void on_message(std::uint64_t channel, wire::Bytes octets, Instant now);
  // What is no redirect on a data channel.
  void on_data_message(std::uint64_t channel, wire::Bytes octets, Instant now);
  // When the last redirected packet of this FE came, and the last one went to it.
  void on_data_traffic(std::uint32_t fe_id, Instant heard, Instant sent);
  void on_timer(Instant now);

  [[nodiscard]] std::optional<ControllerOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  [[nodiscard]] bool associated(std::uint32_t fe_id) const;
  // FEs, counters and times; ports and listening sockets are the shell's to add.
  [[nodiscard]] ControllerSnapshot snapshot(Instant now) const;

 private:
  struct Peer {
    explicit Peer(const HeartbeatConfig& heartbeat) : fsm(heartbeat) {}
    FeFsm fsm;
    std::uint64_t control = 0, data = 0;  // channels, 0: none
    std::uint64_t correlator = 0;
    std::set<std::uint64_t> asked{};    // correlators of Configs that are not answered yet
    std::optional<Instant> deadline{};  // as it stands in deadlines_
    FeCounters counters{};
  };

  void configure(const ControllerConfig& config);
  [[nodiscard]] const FeConfig* configured(std::uint32_t fe_id) const;
  Peer& peer(std::uint32_t fe_id);
  void attach(std::uint32_t fe_id, std::uint64_t channel, Instant now);
  void forget_if_unknown(std::uint32_t fe_id);
  void on_setup(std::uint64_t channel, const pl::Header& header, wire::Bytes octets, Instant now);
  [[nodiscard]] std::uint32_t claimed_id(std::uint64_t channel, std::uint32_t source) const;
  [[nodiscard]] std::uint32_t free_id() const;
  void refuse(std::uint64_t channel, const pl::Header& setup, pl::AssociationResult result);
  [[nodiscard]] std::optional<Drop> dispatch(Peer& from, const pl::Header& header,
                                             wire::Bytes octets, Instant now);
  [[nodiscard]] bool on_config_response(Peer& from, wire::Bytes octets);
  void push_heartbeat_config(std::uint32_t fe_id, Peer& to);
  void send(std::uint32_t fe_id, Peer& to, Result<pl::Octets> octets);
  void pump(std::uint32_t fe_id);
  void perform(std::uint32_t fe_id, Peer& on, const FeOutput& output);
  void drop(std::uint32_t fe_id, Drop reason, Instant now);

  std::uint32_t ce_id_ = 0;
  std::map<std::uint32_t, FeConfig> configured_;
  bool allow_unknown_ = false;
  std::uint32_t assign_first_ = 0, assign_last_ = 0;
  HeartbeatConfig heartbeat_;
  std::map<std::uint32_t, Peer> peers_;
  std::map<std::uint64_t, std::uint32_t> channels_;  // control channel to FE ID, 0: not told yet
  std::set<std::pair<Instant, std::uint32_t>> deadlines_;
  FeCounters strangers_;  // of channels without an FE
  OutputQueue<ControllerOutput> out_;
};

}  // namespace forces::ce
