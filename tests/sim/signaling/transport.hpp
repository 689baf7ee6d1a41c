// Whole transport nodes on a virtual network: TransportNode with its journal and FEs that outlive
// it; IPv4 packets between ports. What is under test here is how the rooms are joined.
//
// Everything that can go wrong in a network is a value that may be set at any time: fibres and
// control channels that are cut, lose, repeat or delay packets, FEs that are lost, refuse or give
// no answer, disks that are slow or full, nodes that are killed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ce/signaling/service/watcher.hpp"
#include "ce/state/memory.hpp"
#include "tests/sim/signaling/plan.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::signaling::test {

class Transport;

class Member {
 public:
  Member(Transport& network, std::uint32_t number);
  void boot();
  void kill(std::size_t survivors = 0);  // of what the store was given and had not written
  void forget();                         // its journal, while it is dead
  void pump();
  [[nodiscard]] bool running() const { return node != nullptr; }
  // f(Rooms&), now.
  template <class F>
  auto operate(F&& f);
  [[nodiscard]] std::size_t active() const;
  [[nodiscard]] bool durable() const { return store.snapshot().pending_octets == 0; }

  // The association with an FE. Its rows stay, unless it starts anew.
  void lose_fe(std::uint32_t fe);
  void find_fe(std::uint32_t fe, bool anew = false);
  [[nodiscard]] bool fe_up(std::uint32_t fe) const { return fes_.at(fe).up; }
  void on_port(const FePort& port);

  std::unique_ptr<TransportNode> node;
  Watcher* watcher = nullptr;  // as Service has one
  state::MemoryStore store;
  state::Store* other_store = nullptr;   // in place of it; its owner says TransportNode::on_store()
  bool disk_writes = true;               // else nothing becomes durable
  Duration disk{};                       // until it has
  std::uint32_t refuse = 0, silent = 0;  // transactions of a thousand; silent: nobody knows
  using RowId = std::pair<std::uint32_t, std::uint32_t>;  // FE, number
  std::map<RowId, resource::Row> rows;
  std::uint64_t row_changes = 0;
  std::uint64_t refusals = 0;  // an input or an output of another row, or a row that is not there
  // What its FEs send on their ports, as long as they have a controller.
  std::map<FePort, std::map<Label, std::string>> traces;
  std::vector<std::string> said;
  std::uint64_t packets = 0;  // sent

 private:
  struct Fe {
    bool up = true;
    std::uint64_t period = 1;
  };
  void take(const NodeOutput& output);
  [[nodiscard]] resource::TransactionResult perform(const resource::Transaction& transaction,
                                                    bool alive);
  [[nodiscard]] bool apply(std::span<const resource::FeRows> parts);
  void put(const RowId& id, const std::optional<resource::Row>& row);
  void tell_fe(std::uint32_t fe);
  void sync();
  void arm();
  Transport& network_;
  const std::uint32_t number_;
  std::map<std::uint32_t, Fe> fes_;
  std::map<std::pair<FePort, Label>, std::uint32_t> inputs_, outputs_;  // numbers of rows
  std::uint64_t boots_ = 0;
  bool syncing_ = false;
  Instant armed_ = Instant::max();
};

class Transport {
 public:
  struct Channel {  // of a fibre
    bool control = true, transport = true;
    std::uint32_t loss = 0, repeat = 0;  // packets of a thousand
    Duration delay = 1ms, jitter{};
  };

  explicit Transport(NetworkPlan plan, std::uint64_t seed = 1);
  [[nodiscard]] Member& at(std::uint32_t number) { return *members.at(number); }
  void start();
  void run(Duration time);
  bool until(const std::function<bool()>& what, Duration most = 30s);
  void deliver(const FePort& from, std::vector<std::byte> packet);
  void cut(std::size_t fibre, bool transport, bool control);
  // Where a fibre leads; null: it is no end of one.
  struct Far {
    LinkEnd end;
    std::size_t fibre = 0;
  };
  [[nodiscard]] const Far* far(const FePort& port) const;
  // Where what comes in there leaves the network, along active rows, whosever they are.
  using Place = std::pair<FePort, Label>;
  [[nodiscard]] std::optional<Place> light(Place from) const;

  const NetworkPlan plan;
  forces::test::World world;
  std::map<std::uint32_t, std::unique_ptr<Member>> members;
  std::vector<Channel> channels;        // as plan.fibres
  std::set<std::uint32_t> legacy;       // nodes that know RFC 3473 only, from their next boot on
  std::set<std::uint32_t> no_segments;  // nodes at which none may end, from their next boot on
  bool spins = false;                   // a node never came to rest
  bool keep_said = true;
  bool keep_messages = false;  // among what is said: what nodes send, and what becomes of them
  void note(std::uint32_t number, const std::string& what);

 private:
  friend class Member;
  void receive(std::uint32_t number, const FePort& port, const std::vector<std::byte>& packet);
  void note_message(const FePort& from, const std::vector<std::byte>& packet);
  std::map<FePort, Far> far_;
  std::uint64_t seed_;
};

template <class F>
auto Member::operate(F&& f) {
  const Instant now = network_.world.now();
  if constexpr (std::is_void_v<decltype(node->operate(f, now))>) {
    node->operate(f, now);
    pump();
  } else {
    auto result = node->operate(f, now);
    pump();
    return result;
  }
}

}  // namespace forces::signaling::test
