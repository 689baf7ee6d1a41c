// The whole protocol layer of a CE without channels and clock: octets of PL messages of every FE
// in, octets out. It joins one FeFsm for each FE with the configuration's word on who may
// associate.
//
// Redirected packets do not pass here (ce/redirect moves them); what they mean for liveness comes
// in by on_data_traffic(). What is asked of an FE and set there is its Provisioner's
// (ce/provision).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ce/association/controller.hpp"
#include "ce/association/core/fe_fsm.hpp"
#include "ce/provision/provisioner.hpp"
#include "ce/provision/transaction.hpp"
#include "common/core/outputs.hpp"
#include "proto/pl/message.hpp"
#include "proto/pl/vc.hpp"

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
struct MasterChanged {  // of FEPO.CEID: this CE, or no longer
  std::uint32_t fe_id = 0;
  bool mine = false;
};
struct InventoryChanged {
  std::uint32_t fe_id = 0;
};
struct PortStatus {  // at first, and when it changes
  std::uint32_t fe_id = 0;
  std::uint32_t port = 0;
  bool up = false;
};
struct PortAddresses {  // all that the port has; at first, and when it changes
  std::uint32_t fe_id = 0;
  provision::PortAddresses addresses;
};
struct RowsRemoved {
  std::uint32_t fe_id = 0;
  provision::RowsRemoved removed;
};
struct SetsReplaced {  // once an association
  std::uint32_t fe_id = 0;
};
struct RowsFailed {  // at most one a second and FE
  std::uint32_t fe_id = 0;
  provision::RowsFailed failed;
};
struct CopiesFailed {
  std::uint32_t fe_id = 0;
  provision::CopiesFailed failed;
};
struct TransactionEnded {
  provision::TransactionRecord record;
};
struct FeEvent {  // a whole EventNotification; only with tell_events()
  std::uint32_t fe_id = 0;
  pl::Octets octets;
};
// The VC of MARS messages with an FE: there while it is associated, by a number that no other had.
// Only with carry_vcs().
struct VcChanged {
  std::uint32_t fe_id = 0;
  std::uint64_t vc = 0;
  bool up = false;
};
struct VcReceived {
  std::uint32_t fe_id = 0;
  std::uint64_t vc = 0;
  pl::Octets sdu;
};
struct Answered {  // a part of the answer to ask(), configure_fe() or switch_master()
  std::uint32_t fe_id = 0;
  std::uint64_t ticket = 0;
  pl::Octets octets;  // a whole message; empty: none came
  bool last = true;
};
using ControllerOutput =
    std::variant<SendMessage, FeChanged, SetupRefused, BindId, MessagesDropped, MasterChanged,
                 InventoryChanged, PortStatus, PortAddresses, RowsFailed, RowsRemoved, SetsReplaced,
                 CopiesFailed, TransactionEnded, FeEvent, VcChanged, VcReceived, Answered>;

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
  void stop(Instant now);  // teardown to all, reason 0; from here on every setup is refused
  void on_control_up(std::uint32_t element_id, std::uint64_t channel, Instant now);
  void on_control_down(std::uint32_t element_id, std::uint64_t channel, Instant now);
  void on_data_up(std::uint32_t element_id, std::uint64_t channel, Instant now);
  void on_data_down(std::uint32_t element_id, std::uint64_t channel, Instant now);
  void on_message(std::uint64_t channel, wire::Bytes octets, Instant now);
  // What is no redirect on a data channel.
  void on_data_message(std::uint64_t channel, wire::Bytes octets, Instant now);
  // When the last redirected packet of this FE came, and the last one went to it.
  void on_data_traffic(std::uint32_t fe_id, Instant heard, Instant sent);
  void on_timer(Instant now);

  // Where the rows of every FE come from; null: nowhere. It outlives this, or is taken away before.
  void set_row_source(provision::RowSource* source, Instant now);
  // Likewise for copies between FEs.
  void set_copy_source(provision::CopySource* source, Instant now);
  void on_rows(Instant now);                            // one has news, or is complete
  void tell_events(bool tell) { tell_events_ = tell; }  // of FEs whose master we are

  void carry_vcs(bool carry) { carry_vcs_ = carry; }  // before the first FE
  // An SDU to the VCs of these FEs that are still there; how many they are.
  std::size_t send_vc(std::span<const VcOfFe> to, pl::VcKind kind, wire::Bytes sdu, Instant now);

  // Of an operator. The ticket comes again with the answer; 0: not associated, or not ours to set.
  [[nodiscard]] std::uint64_t ask(std::uint32_t fe_id, const std::vector<pl::BodyTlv>& query,
                                  Instant now);
  [[nodiscard]] std::uint64_t configure_fe(std::uint32_t fe_id,
                                           const std::vector<pl::BodyTlv>& config, Instant now);
  // RFC 7121 section 3.2: the master moves mastership by a SET of FEPO.CEID.
  [[nodiscard]] std::uint64_t switch_master(std::uint32_t fe_id, std::uint32_t ce_id, Instant now);
  // A transaction of two phases over FEs whose master we are (RFC 5810 section 4.3.1.2).
  std::optional<std::uint64_t> transact(const std::vector<provision::TransactionPart>& parts,
                                        Instant now);
  [[nodiscard]] const provision::Coordinator& transactions() const { return coordinator_; }

  [[nodiscard]] std::optional<ControllerOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  [[nodiscard]] bool associated(std::uint32_t fe_id) const;
  [[nodiscard]] bool is_master(std::uint32_t fe_id) const;
  // Null for an FE that is not known. Valid until the next call.
  [[nodiscard]] const provision::Provisioner* provisioner(std::uint32_t fe_id) const;
  // FEs, counters and times; ports and listening sockets are the shell's to add.
  [[nodiscard]] ControllerSnapshot snapshot(Instant now) const;

 private:
  struct Peer {
    Peer(const HeartbeatConfig& heartbeat, std::uint32_t ce_id, std::uint32_t fe_id,
         const provision::ProvisionConfig& provision)
        : fsm(heartbeat), provisioner(ce_id, fe_id, provision) {}
    FeFsm fsm;
    provision::Provisioner provisioner;
    std::uint64_t control = 0, data = 0;  // channels, 0: none
    std::uint64_t vc = 0;                 // 0: none
    std::optional<Instant> deadline{};    // as it stands in deadlines_
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
  void send(std::uint32_t fe_id, Peer& to, Result<pl::Octets> octets);
  void pump(std::uint32_t fe_id, Instant now);
  void perform(std::uint32_t fe_id, Peer& on, const FeOutput& output, Instant now);

  class Carrier;
  [[nodiscard]] std::vector<pl::Element> heartbeat_settings() const;
  void follow(std::uint32_t fe_id, Peer& on, const StateChanged& change, Instant now);
  [[nodiscard]] std::optional<Drop> on_response(Peer& from, const pl::Header& header,
                                                wire::Bytes octets, Instant now);
  void perform(std::uint32_t fe_id, Peer& on, provision::ProvisionOutput& output, Instant now);
  void follow_vc(std::uint32_t fe_id, Peer& on, const StateChanged& change);
  [[nodiscard]] std::optional<Drop> on_vc(Peer& from, const pl::Header& header, wire::Bytes octets);
  void pump_touched(Instant now);
  void pump_copies(Instant now);
  void drop(std::uint32_t fe_id, Drop reason, Instant now);

  std::uint32_t ce_id_ = 0;
  std::map<std::uint32_t, FeConfig> configured_;
  bool allow_unknown_ = false, stopped_ = false, tell_events_ = false, carry_vcs_ = false;
  std::uint64_t last_vc_ = 0;
  std::uint32_t assign_first_ = 0, assign_last_ = 0;
  HeartbeatConfig heartbeat_;
  provision::ProvisionConfig provision_;
  provision::RowSource* rows_ = nullptr;
  provision::CopySource* copies_ = nullptr;
  provision::Coordinator coordinator_;
  std::set<std::uint32_t> touched_;  // FEs that a transaction has something for
  bool pumping_touched_ = false, pumping_copies_ = false;
  std::map<std::uint32_t, Peer> peers_;
  std::map<std::uint64_t, std::uint32_t> channels_;  // control channel to FE ID, 0: not told yet
  std::set<std::pair<Instant, std::uint32_t>> deadlines_;
  FeCounters strangers_;  // of channels without an FE
  OutputQueue<ControllerOutput> out_;
};

}  // namespace forces::ce
