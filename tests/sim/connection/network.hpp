// A network of transport nodes in one process: each is an RSVP engine, a TE database, a resource
// manager with FEs that outlive it, a connection controller, and a disk. Links lose and delay what
// crosses them; nodes are killed and come back with or without their disk.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ce/signaling/ason/connection/controller.hpp"
#include "ce/signaling/ason/connection/crankback.hpp"
#include "ce/signaling/ason/connection/message/compose.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::signaling::ason::test {

using namespace std::chrono_literals;

inline constexpr std::uint32_t kAddress = 0xc0000200;  // 192.0.2.0
constexpr NodeId node_id(std::uint32_t number) { return {kAddress + number}; }
constexpr Label slot(std::uint32_t n) { return n << 16; }

// An FE: its rows are there whatever happens to controllers.
struct ModelFe {
  std::map<std::uint32_t, resource::Row> rows;
  bool up = true;
  std::uint64_t changes = 0;
};

struct NodeSpec {
  std::uint32_t number = 0;
  std::string name;
  std::uint32_t domain = 0;
};

struct LinkSpec {
  LinkEnd a, b;
  std::uint32_t slots = 4;
  te::ReferencePoint reference = te::ReferencePoint::INni;
  bool control = true;  // RSVP passes
  bool transport = true;
  double loss = 0;
};

struct Sent {  // a message of RSVP that left a node
  Instant at;
  NodeId from, to;
  rsvp::Message message;
};

class Network;

class Node {
 public:
  Node(Network& network, NodeSpec what) : network_(network), spec(std::move(what)) {}

  void boot(bool first);
  void kill();
  void pump();

  [[nodiscard]] NodeId id() const { return node_id(spec.number); }
  [[nodiscard]] bool running() const { return controller != nullptr; }
  [[nodiscard]] std::size_t rows() const;
  [[nodiscard]] std::size_t active_rows() const;

  Network& network_;
  NodeSpec spec;
  ControllerConfig config{};
  std::map<std::uint32_t, ModelFe> fes;             // by FE ID
  std::map<std::uint32_t, te::LabelRanges> access;  // interfaces of users
  std::map<std::uint32_t, FePort> ports;            // of interfaces
  std::map<std::string, std::vector<std::byte>> disk;
  bool zeroes_call_id = false;  // an old node, which wants that field to be 0 (D13)
  bool gives_no_label = false;  // its Paths lose their RECOVERY_LABEL
  std::uint64_t boots = 0;

  std::unique_ptr<te::Database> database;
  std::unique_ptr<te::PathFinder> finder;
  std::unique_ptr<resource::Manager> manager;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<Controller> controller;

  // What it said.
  std::vector<ConnectionChanged> changes;
  std::vector<ConnectionAlarm> alarms;
  std::vector<CallConnection> calls;
  std::vector<LspKey> unsent;
  std::function<std::optional<CallVerdict>(const AskCall&)> verdict;  // nothing: says nothing

 private:
  void take(const resource::Output& output);
  void take(const engine::Output& output);
  void take(const Output& output);
  void arm();
  bool pumping_ = false;
  Instant armed_ = Instant::max();
};

class Network {
 public:
  explicit Network(std::uint64_t seed = 1) : world(seed), seed_(seed) {}

  Node& add(std::uint32_t number, std::string name, std::uint32_t domain = 0);
  LinkSpec& link(std::uint32_t a, std::uint32_t a_if, std::uint32_t b, std::uint32_t b_if,
                 std::uint32_t slots = 4, te::ReferencePoint reference = te::ReferencePoint::INni);
  void user(std::uint32_t node, std::uint32_t interface, std::uint32_t slots = 4);
  void start();  // all nodes; then a moment until all neighbours know each other

  [[nodiscard]] Node& at(std::uint32_t number) { return *nodes.at(node_id(number)); }
  [[nodiscard]] LinkSpec& link_at(std::uint32_t node, std::uint32_t interface);
  void run(Duration time);
  // Until `what` holds, at most this long.
  bool until(const std::function<bool()>& what, Duration most = 30s);

  // The transport of a link: its two ports go down or up, as FEs tell.
  void cut(LinkSpec& link, bool transport, bool control);
  // Everybody's TE database hears of what is free on this link.
  void flood(std::uint32_t node, std::uint32_t interface);

  // From a user's port and slot along active rows: where it comes out.
  struct Place {
    std::uint32_t node = 0, interface = 0;
    Label label = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  [[nodiscard]] std::optional<Place> trace(Place from) const;

  // Of a connection at its ingress; Released: there is none.
  [[nodiscard]] ConnectionState state(std::uint32_t node, std::string_view name);
  [[nodiscard]] std::size_t rows() const;
  // Of every node: no LSP, no label held, no row.
  [[nodiscard]] std::string leftovers() const;
  // What nodes have of this LSP.
  [[nodiscard]] std::string of(const LspKey& key) const;

  // What left nodes, of one type; `from` 0: all nodes.
  [[nodiscard]] std::vector<Sent> sent(rsvp::MessageType type, std::uint32_t from = 0) const;

  void deliver(NodeId from, engine::Send packet);

  forces::test::World world;
  std::map<NodeId, std::unique_ptr<Node>> nodes;
  std::vector<std::unique_ptr<LinkSpec>> links;
  std::vector<Sent> log;
  bool logging = true;
  std::function<bool(NodeId from, const rsvp::Message&)> lose;  // with the Bundle it is in
  Duration latency = 1ms, fe_latency = 1ms;
  engine::Times times{};
  engine::Restart restart{};
  std::uint64_t seed_;

 private:
  void log_messages(NodeId from, NodeId to, const rsvp::Octets& octets);
};

// A connection of one VC-4 between users.
[[nodiscard]] ConnectionRequest request(std::string name, std::uint32_t from, std::uint32_t from_if,
                                        std::uint32_t to, std::uint32_t to_if);

// P1 of ason.md 7: B(2) - C(3) or D(4) - Y(25); users at B:1 and Y:7.
void build_p1(Network& network, std::uint32_t slots = 4);
// P2: d1 {N1, N2}, d2 {N3, N4, N5}, d3 {N6}; users at N1:1 and N6:7.
void build_p2(Network& network);

}  // namespace forces::signaling::ason::test
