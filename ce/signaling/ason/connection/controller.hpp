// The connection controller of a node: ties the halves of LSPs that the RSVP engine keeps, routes
// by path computation, labels and rows by the resource manager, and the connections that operators
// and calls ask for. RFC 3473, 4003, 4208, 4872, 4920, 5063, 5151 as ason.md has them.
//
// Sans I/O and deterministic. The engine's and the manager's outputs are its inputs; what it wants
// of the engine comes out in order, and a Persist stands before what announces it: the owner
// performs the latter (perform()) only when the former is durable. The manager and the TE database
// are used in place; the manager's outputs are the owner's to poll.
//
// Nothing established is released by a failure of the control plane (R1): only a tear, an error
// with Path_State_Removed, or an operator ends it.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ce/signaling/ason/connection/spec.hpp"
#include "ce/signaling/resource/manager.hpp"
#include "ce/signaling/rsvp/engine.hpp"
#include "ce/signaling/te/path_finder.hpp"

namespace forces::signaling::ason {

// A layer inside another one at this node (RFC 4206): what passes by the slots of interface
// `client` is carried, slot by slot, in the one slot of interface `server`. So there is a link for
// clients as long as an LSP, a forwarding adjacency, leads from there to another node's adaptation.
struct Adaptation {
  std::uint32_t client = 0, server = 0;
  rsvp::LabelRequest label_request{};  // of the adjacency
  rsvp::SenderTspec tspec{};
  friend bool operator==(const Adaptation&, const Adaptation&) = default;
};

struct ControllerConfig {
  NodeId self{};
  Duration graceful = std::chrono::seconds(30);           // RFC 3473 section 7.2.2
  Duration call_hold = std::chrono::seconds(5);           // D11
  Duration history_hold = std::chrono::seconds(60);       // K6: after Up
  Duration restore_wait = std::chrono::milliseconds(50);  // more notifications of one failure
  // How long after a PathTear it is looked whether the neighbour was there to hear it: longer than
  // the loss of Hellos takes to be seen.
  Duration tear_guard = std::chrono::seconds(20);
  Duration tell_again = std::chrono::seconds(5);     // a Notify that was not delivered
  bool tell_degraded = true;                         // 25/5 and 25/4 (RFC 3473 section 9)
  Duration restore_again = std::chrono::seconds(5);  // after one that failed, when routing changed
  Limits repair{};                // of a node between the ends: only `node` and `contention` count
  bool budget = false;            // a private object carries the connection-wide count
  bool ason = true;               // false: RFC 3473 only, as a node that knows nothing of these
  std::set<std::uint32_t> oif{};  // interfaces of the OIF profile: errors of RFC 3474 (D7)
  std::set<std::uint32_t> no_ero{};  // users that may not give a route (RFC 4208 section 3.4)
  // Asked for each LSP that comes from this node: it may not name nodes of our domain (RFC 5151
  // section 3.1), whether it is of a call or not.
  std::function<bool(NodeId from)> refuses_route{};
  bool ask_transit = false;  // LSPs of calls are asked about where they only pass, too
  bool hide_route = false;   // RROs that leave the domain show its borders only
  std::optional<std::set<std::uint8_t>> service_levels{};  // nothing: any level will do
  std::size_t max_lsps = 100'000;
  // Asked for each LSP that comes from another domain; not given: all go on contiguous.
  std::function<DomainPlan(const DomainAsk&)> domain{};
  bool stitching = true;                  // segments may end here; false: 24/30
  std::vector<Adaptation> adaptations{};  // for adjacencies that begin or end here
  // RFC 5150 section 5.1.5: when nobody has needed it for so long it goes; also an adjacency.
  Duration segment_idle = std::chrono::seconds(30);
  bool recovering = false;                        // an earlier process had state
  Duration recovery = std::chrono::seconds(120);  // then, RFC 3473 section 9.2: our Recovery Time
  // Where tunnel numbers go on after a restart: elsewhere in each process, as ports of TCP do.
  // Nodes that were away may still speak of an LSP of the last one, and mean that.
  std::uint16_t last_tunnel = 0;
};

// --- outputs ---
struct SetPath {
  LspKey key;
  NodeId next_hop;
  std::shared_ptr<const rsvp::Message> path;
};
struct TearPath {
  LspKey key;
  NodeId next_hop{};
  std::shared_ptr<const rsvp::Message> tear{};
};
struct SetResv {
  LspKey key;
  std::shared_ptr<const rsvp::Message> resv;
};
struct TearResv {
  LspKey key;
};
// The upstream half is established, as rows or journal say (R1); its Path alone does not tell.
struct KeepPath {
  LspKey key;
};
struct SendPathErr {
  LspKey key;
  rsvp::Message error;
  NodeId to{};  // not if somebody else is the previous hop by now; none: whoever it is
};
struct SendResvErr {
  LspKey key;
  rsvp::Message error;
};
struct SendNotify {
  NodeId to;
  rsvp::Message message;
};
struct Persist {
  std::string key;                                 // "lsp/...", "connection/..."
  std::optional<std::vector<std::byte>> octets{};  // none: remove it
};
// May this LSP be of this call? on_call_verdict() answers.
struct AskCall {
  LspKey key;
  std::uint16_t call_id = 0;
  std::string name{};  // Session Name
  NodeId neighbor{};
  bool ingress = false;
  bool transit = false;        // only with ControllerConfig::ask_transit
  bool shared = false;         // SE style: it may take the place of another LSP of its session
  te::Signal signal{};         // what it asks for
  std::uint8_t lsp_flags = 0;  // of PROTECTION
};
struct CallConnection {  // for the call controller
  LspKey key;
  std::uint16_t call_id = 0;
  std::string name{};
  bool up = false;
  bool recovery = false;  // PROTECTION: a protecting LSP
  double bandwidth = 0;   // octets a second
};
struct ConnectionChanged {
  std::string name;
  ConnectionState state{};
  std::optional<Failure> failure{};
};
enum class AlarmKind : std::uint8_t {
  Unsynchronized,  // a restart is over and nobody has confirmed this LSP; it stays
  RowsDiffer,      // what FEs have is not what journal and neighbours say
  TransportFailed,
  JournalDamaged,
};
[[nodiscard]] std::string_view to_string(AlarmKind kind);
struct ConnectionAlarm {
  LspKey key;
  AlarmKind kind{};
  bool raised = true;
};
using Output =
    std::variant<SetPath, TearPath, SetResv, TearResv, KeepPath, SendPathErr, SendResvErr,
                 SendNotify, Persist, AskCall, CallConnection, ConnectionChanged, ConnectionAlarm>;

// Does what is the engine's to do; Status::Done for all other outputs. What is not Done goes back
// by on_unsent().
engine::Status perform(const Output& output, engine::Engine& engine, Instant now);

// --- inputs ---
struct CallVerdict {
  enum class Answer : std::uint8_t { Yes, Wait, No };
  Answer answer = Answer::Yes;
  rsvp::ErrorValue error{};  // of No, and of Wait when it has been too long
};

class Controller {
 public:
  // All three outlive it.
  Controller(const ControllerConfig& config, te::Database& database, te::PathFinder& finder,
             resource::Manager& manager);
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // Records of the journal, once, before all else; then start().
  void recover(std::string_view key, std::span<const std::byte> octets, Instant now);
  // `whole`: the journal was kept, so that an LSP of ours which is not in it is over.
  void start(Instant now, bool whole = false);

  // True: it was something of ours. Packets and Notifies of calls are not.
  bool on_event(const engine::Output& event, Instant now);
  void on_event(const resource::Output& event, Instant now);
  void on_unsent(const Output& output, engine::Status status, Instant now);
  void on_call_verdict(const LspKey& key, const CallVerdict& verdict, Instant now);
  void on_calls_changed(std::uint16_t call_id, Instant now);  // what waits for one is asked again
  void on_topology(Instant now);                              // the TE database is another one
  void on_fabric_read(Instant now);  // all FEs of the node have been read since the start
  void on_time(Instant now);
  [[nodiscard]] std::optional<Output> poll_output();
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  // --- operator ---
  // The key of the first LSP.
  [[nodiscard]] std::expected<LspKey, Failure> create(const ConnectionRequest& request,
                                                      Instant now);
  bool release(std::string_view name, Instant now);
  bool retry(std::string_view name, Instant now);  // a Failed or Broken one
  // Onto another way, whatever its state: away from `exclude`, or from where it goes now.
  bool reroute(std::string_view name, const te::Exclusions& exclude, Instant now);
  bool freeze(std::string_view name, bool frozen, Instant now);  // no restoration meanwhile
  bool revert(std::string_view name, Instant now);               // back to the nominal route
  bool make_permanent(std::string_view name, Instant now);  // the current one is nominal from now
  // RFC 3473 section 7.2.1 and 7.3: the end of an LSP asked for by its egress or a node between.
  bool ask_release(const LspKey& key, Instant now);
  // What stayed without synchronisation: gone here, and told to the neighbours that there are.
  bool give_up(const LspKey& key, Instant now);

  [[nodiscard]] std::vector<ConnectionView> list() const;
  // A page: at most so many, behind this name, in the order of names; "": of any state. What comes
  // and goes meanwhile moves no other.
  [[nodiscard]] std::vector<ConnectionView> list(std::string_view after, std::size_t most,
                                                 std::string_view state = {}) const;
  [[nodiscard]] std::optional<ConnectionView> show(std::string_view name) const;
  [[nodiscard]] std::vector<LspView> lsps() const;
  // At most so many, from this one on, in the order of their keys.
  [[nodiscard]] std::vector<LspView> lsps(std::size_t first, std::size_t most) const;
  [[nodiscard]] std::size_t lsp_count() const;
  // That a restart has left without confirmation, also those of which there are only rows.
  [[nodiscard]] std::size_t unsynchronized_count() const;
  [[nodiscard]] std::optional<LspView> lsp(const LspKey& key) const;

  struct Counters {
    std::uint64_t setups = 0, up = 0, failed = 0, released = 0;
    std::uint64_t crankbacks = 0, contentions = 0, restorations = 0;
    std::map<std::pair<rsvp::ErrorCode, std::uint16_t>, std::uint64_t> errors{};  // made here
  };
  [[nodiscard]] const Counters& counters() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace forces::signaling::ason
