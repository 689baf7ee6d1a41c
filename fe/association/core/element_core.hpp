// The whole protocol layer of an FE without channels and clock: octets of PL messages in, octets
// and channel requests out. It joins one CeFsm for each CE, the choice of a master, and the LFBs.
//
// Redirected packets do not pass here (fe/redirect moves them); what they mean for liveness and
// statistics comes in by on_data_traffic().
//
// Left to later steps: group joins, which follow the rows of MulticastFEIDs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <variant>
#include <vector>

#include "common/core/outputs.hpp"
#include "fe/association/core/ce_fsm.hpp"
#include "fe/association/core/mastership.hpp"
#include "fe/association/element.hpp"
#include "fe/lfb/element_lfbs.hpp"
#include "proto/pl/vc.hpp"

namespace forces::fe {

struct SendMessage {  // on the control channel
  std::size_t ce = 0;
  pl::Octets octets;
};
struct RequestChannels {
  std::size_t ce = 0;
  bool open = false;  // false: close, after what is queued was sent
};
struct CeChanged {
  std::size_t ce = 0;
  StateChanged change;
};
struct IdAssigned {
  std::size_t ce = 0;
  std::uint32_t fe_id = 0;
};
enum class Drop : std::uint8_t {
  Malformed,
  WrongSource,
  WrongDestination,
  WrongState,
  WrongType,
  NotMaster,
  WrongCorrelator,
};
inline constexpr std::size_t kDrops = 7;
[[nodiscard]] std::string_view to_string(Drop reason);
struct MessagesDropped {  // at most one in kDropReportEvery and CE
  std::size_t ce = 0;
  Drop last{};
  std::uint64_t count = 0;
};
struct VcReceived {  // from an associated CE
  std::size_t ce = 0;
  pl::VcKind kind{};
  pl::Octets sdu;
};
inline constexpr Duration kDropReportEvery = std::chrono::seconds(1);
using ElementOutput = std::variant<SendMessage, RequestChannels, CeChanged, IdAssigned,
                                   MasterChanged, ElementStateChanged, MessagesDropped, VcReceived>;

struct DataTraffic {  // totals of one CE's data channel
  std::uint64_t received_packets = 0, received_octets = 0, received_errors = 0;
  std::uint64_t sent_packets = 0, sent_octets = 0, sent_errors = 0;
  Instant received_at{}, sent_at{};
};

struct ElementCounters {
  std::uint64_t setups = 0, setups_granted = 0, associations_lost = 0;
  std::uint64_t heartbeats_received = 0, heartbeats_sent = 0;
  std::uint64_t queries = 0, configs = 0, failed_operations = 0;
  std::uint64_t teardowns_received = 0, teardowns_sent = 0;
  std::array<std::uint64_t, kDrops> drops{};
  [[nodiscard]] daemon::CounterSamples samples() const;
};

class ElementCore {
 public:
  // Changes of other LFBs than those of every element go to `dataplane`, their live values come
  // from `statistics`.
  ElementCore(const ElementConfig& config, std::uint64_t seed, lfb::Sink* dataplane = nullptr,
              lfb::Provider* statistics = nullptr);

  void start(Instant now);
  void stop(Instant now);  // teardown to all, reason 0
  void on_control_up(std::size_t ce, Instant now);
  void on_control_down(std::size_t ce, Instant now);
  void on_data_up(std::size_t ce);
  void on_data_down(std::size_t ce);
  void on_control_closed(std::size_t ce, Instant now);  // by the peer, or it could not be opened
  void on_data_closed(std::size_t ce, Instant now);
  void on_message(std::size_t ce, wire::Bytes octets, Instant now);
  // A message of the MARS client to an associated CE; nothing leaves to another.
  void send_vc(std::size_t ce, wire::Bytes sdu);
  void on_data_traffic(std::size_t ce, const DataTraffic& total);
  void on_redirect_totals(std::uint64_t to_ce, std::uint64_t from_ce);
  void on_timer(Instant now);

  [[nodiscard]] std::optional<ElementOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  // The CE that redirected packets go to, if any may go anywhere (RFC 7121 section 3.2: the master
  // only; RFC 5810 section 4.4.1: none while the FE is disabled).
  [[nodiscard]] std::optional<std::size_t> redirect_target() const;
  [[nodiscard]] std::uint32_t fe_id() const { return values().protocol.fe_id; }
  [[nodiscard]] const lfb::Values& values() const { return lfbs_.values(); }
  // For LFBs that others add. After a put() on_engine() sends what events it raised.
  [[nodiscard]] lfb::Engine& engine() { return lfbs_.engine(); }
  void on_engine(Instant now) { pump(now); }
  [[nodiscard]] const ElementCounters& counters() const { return counters_; }
  // States, counters and times; channels and addresses are the shell's to add.
  [[nodiscard]] ElementSnapshot snapshot(Instant now) const;
  [[nodiscard]] CeState state(std::size_t ce) const { return links_[ce].fsm.state(); }
  [[nodiscard]] bool has_master() const { return mastership_.master().has_value(); }

 private:
  struct Link {
    std::uint32_t ce_id = 0;
    CeFsm fsm;
    lfb::CeStatistics control{};
    DataTraffic data{};
    bool control_up = false, data_up = false;
    bool lost = false;             // was associated and is not again
    std::uint64_t unreported = 0;  // drops since the last MessagesDropped
    Instant report_after{};
  };

  void drop(Link& link, Drop reason, std::size_t octets, Instant now);
  void refuse(Link& link, wire::Bytes octets, Instant now);
  void dispatch(std::size_t ce, const pl::Header& header, wire::Bytes octets, Instant now);
  void on_setup_response(Link& link, wire::Bytes octets, Instant now);
  void on_query_or_config(std::size_t ce, const pl::Header& header, wire::Bytes octets,
                          Instant now);
  void on_vc(Link& link, wire::Bytes octets, Instant now);
  void flush_engine(std::optional<std::size_t> asked);
  void send(Link& link, Result<pl::Octets> octets);
  void refresh_table();
  void tell_lost_master(Instant now);
  void pump(Instant now);
  void perform(std::size_t ce, const CeOutput& output, Instant now);
  void perform(const MastershipOutput& output, Instant now);
  [[nodiscard]] std::size_t index_of(const Link& link) const {
    return static_cast<std::size_t>(&link - links_.data());
  }

  lfb::ElementLfbs lfbs_;
  std::uint32_t configured_id_;
  bool multicast_;  // there is who takes messages of the MARS
  std::mt19937_64 random_;
  Mastership mastership_;
  std::vector<Link> links_;
  std::optional<std::uint32_t> lost_master_;  // LastCEID to be
  ElementCounters counters_;
  OutputQueue<ElementOutput> out_;
};

}  // namespace forces::fe
