// A transport node: RSVP engine, TE database, label and resource manager, connection and call
// controller joined. Sans I/O but for the store that it is given.
//
// What a room says goes at once to the others that it concerns. What announces something to another
// node, or to the operator, waits in an Outbox until all that was persisted before is durable. So
// do packets of the engine, for an acknowledgment says that what it is of is known also after a
// crash; only Hellos and challenges leave at once, so that a full disk does not look like a dead
// node.
//
// After its start a node reads back its FEs; connections that were there before are taken up by
// journal, neighbours and rows, in whatever order these come (RFC 4139 section 4.4).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ce/signaling/ason/call/controller.hpp"
#include "ce/signaling/ason/connection/controller.hpp"
#include "ce/signaling/resource/manager.hpp"
#include "ce/signaling/rsvp/engine.hpp"
#include "ce/signaling/te/path_finder.hpp"
#include "ce/state/outbox.hpp"
#include "common/core/outputs.hpp"

namespace forces::signaling {

// Two labels of a compound link that are one slot (RFC 4139 section 4.5), as the operator says.
struct LabelPair {
  std::uint32_t interface = 0;
  Label local = 0, remote = 0;
};

struct NodeConfig {
  NodeId id{};
  // The network as it is known, this node and its links in it.
  std::vector<te::Node> nodes{};
  std::vector<te::Link> links{};
  // What this node is made of. An interface that has a port is a control channel too, with the
  // interface's number: packets to the neighbour at its other end leave there.
  std::vector<resource::FeConfig> fes{};
  std::vector<resource::InterfaceConfig> interfaces{};
  std::vector<resource::InterFeLink> inter_fe_links{};
  std::vector<LabelPair> label_map{};
  Duration claim_time = std::chrono::seconds(120);  // resource::ManagerConfig
  engine::Config engine{};                          // `node` and `restart.recovering` are set here
  ason::ControllerConfig connections{};             // `self` and `recovering` as well
  ason::calls::CallConfig calls{};                  // `address` as well
  // Of one batch for the store: etcd takes 120. What one event changes beyond that is given to it
  // in parts, so that a crash may keep the first of them.
  std::size_t most_changes = 100;
};

// Nodes of its domain with which it may share the ends of a segment or an adjacency, as the
// reference point to them says (RFC 5150, RFC 4206): neighbours, however far away.
[[nodiscard]] std::vector<NodeId> segment_peers(const NodeConfig& config);

// One that packets reach over other nodes. Those of segment_peers() that are no neighbours by the
// configuration are made such ones, with its `learned_security`.
[[nodiscard]] engine::NeighborConfig far_neighbor(NodeId node);

// --- outputs ---
struct SendPacket {  // an IPv4 packet, out of this port
  FePort port{};
  std::vector<std::byte> packet{};
};
enum class Level : std::uint8_t { Info, Warning, Error };
struct Said {  // for the log
  Level level{};
  std::string_view event{};  // "connection_failed": stable
  std::string text{};
};
struct SendTraces {  // on this port, from now on: these, on the labels that stand there, and no
                     // others
  FePort port{};
  std::map<Label, std::string> texts{};
};
using NodeOutput =
    std::variant<SendPacket, resource::Transaction, resource::ReadRows, SendTraces, Said>;

// How long things took.
struct Times {
  static constexpr std::array<Duration, 12> kBounds{
      std::chrono::milliseconds(5),   std::chrono::milliseconds(10),
      std::chrono::milliseconds(20),  std::chrono::milliseconds(50),
      std::chrono::milliseconds(100), std::chrono::milliseconds(200),
      std::chrono::milliseconds(500), std::chrono::seconds(1),
      std::chrono::seconds(2),        std::chrono::seconds(5),
      std::chrono::seconds(10),       std::chrono::seconds(60)};
  std::array<std::uint64_t, kBounds.size() + 1> counts{};  // the last: longer than all bounds
  Duration sum{};
  void add(Duration took);
};

class TransportNode {
 public:
  static constexpr std::string_view kTable = "signaling";  // of the store
  static constexpr std::string_view kPairKeys = "pair/";   // of rows of discovered labels
  static constexpr std::size_t kMostWaiting = 10'000;      // packets of the engine, for the store

  // What an operator may use directly, within operate().
  struct Rooms {
    te::Database& database;
    te::PathFinder& finder;
    resource::Manager& manager;
    engine::Engine& engine;
    ason::Controller& connections;
    ason::calls::CallController& calls;
    const state::Durability& journal;  // what was persisted by these up to the last event
  };

  // Reads the journal; the store outlives it. A failure is the end of the start.
  [[nodiscard]] static std::expected<std::unique_ptr<TransportNode>, state::Failure> make(
      NodeConfig config, state::Store& store, Instant now);

  void on_packet(const FePort& port, wire::Bytes packet, Instant now);
  void on_fe_up(std::uint32_t fe, Instant now);
  void on_fe_down(std::uint32_t fe, Instant now);
  void on_rows(std::uint32_t fe, std::span<const resource::FoundRow> rows, Instant now);
  void on_result(std::uint64_t transaction, const resource::TransactionResult& result, Instant now);
  void on_port(const FePort& port, bool up, Instant now);
  void on_failed_labels(const FePort& port, const te::LabelRanges& labels, Instant now);
  void on_row_status(std::uint32_t fe, std::uint32_t number, resource::RowStatus status,
                     Instant now);
  // What has changed in what can be read on the slots of a port.
  void on_traces(const FePort& port, std::span<const resource::HeardTrace> heard, Instant now);
  void on_store(Instant now);  // it has events
  void on_time(Instant now);
  // Of one that is there already, with other keys or habits.
  void set_neighbor(const engine::NeighborConfig& neighbor, Instant now);
  void set_learned_security(const engine::Security& security, Instant now);

  // f(Rooms&): look and ask; what it set going is performed behind it.
  template <class F>
  auto operate(F&& f, Instant now) {
    if constexpr (std::is_void_v<decltype(f(rooms_))>) {
      f(rooms_);
      pump(now);
    } else {
      auto result = f(rooms_);
      pump(now);
      return result;
    }
  }

  [[nodiscard]] std::optional<NodeOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  struct Counters {
    std::uint64_t packets_in = 0, packets_out = 0, packets_forwarded = 0;
    std::uint64_t malformed = 0;   // no IPv4 packet, or a fragment
    std::uint64_t no_route = 0;    // no channel leads to the destination
    std::uint64_t held_back = 0;   // beyond kMostWaiting while the store fails: lost, said again
    Times setups{}, recoveries{};  // of connections that came up, and up again
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }
  // How many connections, whose ingress this node is, are in each state.
  [[nodiscard]] std::map<ason::ConnectionState, std::size_t> states() const;
  [[nodiscard]] NodeId id() const { return id_; }
  [[nodiscard]] bool fabric_read() const { return fabric_read_; }
  [[nodiscard]] std::size_t waiting_for_store() const { return outbox_.waiting(); }

 private:
  // What leaves only when it is durable what stands behind it.
  using Item = std::variant<ason::Output, ason::calls::SendNotify, SendPacket, Said>;

  TransportNode(NodeConfig&& config, state::Store& store, Instant now);
  [[nodiscard]] std::expected<void, state::Failure> recover(Instant now);
  void pump(Instant now);
  void take(const resource::Output& output, Instant now);
  void take(const ason::Output& output, Instant now);
  void take(const ason::calls::CallOutput& output, Instant now);
  void take(const engine::Output& output, Instant now);
  void perform(const Item& item, Instant now);
  [[nodiscard]] ason::DomainPlan plan_of(const ason::DomainAsk& ask);
  [[nodiscard]] bool refuses_route(NodeId from) const;
  void answer_ask(const ason::AskCall& ask, Instant now);
  void time(const ason::ConnectionChanged& changed);
  void tell_calls(const ason::CallConnection& connection, Instant now);
  void on_notify(const engine::NotifyReceived& notify, Instant now);
  void follow_interface(std::uint32_t interface, Instant now);
  void follow_traces(std::uint32_t interface);
  void follow_association(std::uint32_t interface);
  void recover_association(std::string_view key, state::Bytes octets);
  void persist(std::string_view key, std::optional<std::vector<std::byte>> octets);
  void say(Level level, std::string_view event, std::string text);
  void say_neighbor(const engine::NeighborChanged& changed);
  // The port by which a packet leaves for this address; nullopt: none.
  [[nodiscard]] std::optional<FePort> port_towards(std::uint32_t destination);
  void find_routes();
  [[nodiscard]] std::optional<SendPacket> made(std::optional<FePort> port,
                                               const struct RsvpPacket& packet);

  const NodeId id_;
  const bool ason_;  // false: RFC 3473 only
  const std::size_t most_changes_;
  state::Store& store_;
  te::Database database_;
  te::PathFinder finder_{database_};
  resource::Manager manager_;
  engine::Engine engine_;
  ason::Controller connections_;
  ason::calls::CallController calls_;
  state::Outbox<Item> outbox_;
  Rooms rooms_;

  std::map<std::uint32_t, FePort> ports_;     // of interfaces, which are channels
  std::map<FePort, std::uint32_t> channels_;  // and back
  std::set<NodeId> keyed_;                    // neighbours whose messages are authenticated
  bool all_keyed_ = false;                    // so are those that were learned
  // First hops by node, of the whole network.
  std::map<NodeId, FePort> routes_;
  std::optional<std::uint64_t> routes_of_;  // Database::structure()

  // Of interfaces with discovery: what is sent; pairs of labels as the journal has them.
  std::map<std::uint32_t, std::map<Label, std::string>> traces_;
  std::map<std::uint32_t, std::map<Label, Label>> pairs_;

  std::set<std::uint32_t> unread_;  // FEs that were not read since the start
  std::map<std::string, ason::ConnectionState, std::less<>> states_;  // of connections
  bool fabric_read_ = false;
  bool pumping_ = false;
  std::map<std::uint64_t, std::uint64_t> tickets_;  // of the engine to those of the call controller
  OutputQueue<NodeOutput> out_;
  Counters counters_;
};

}  // namespace forces::signaling
