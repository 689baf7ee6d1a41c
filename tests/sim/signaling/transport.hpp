// Whole transport nodes on a virtual network: TransportNode with its journal and FEs that outlive
// it; IPv4 packets between ports. What is under test here is how the rooms are joined.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ce/signaling/service/node.hpp"
#include "ce/signaling/service/watcher.hpp"
#include "ce/state/memory.hpp"
#include "tests/support/world.hpp"

namespace forces::signaling::test {

using namespace std::chrono_literals;

constexpr NodeId node_id(std::uint32_t number) { return {0xc0000200U + number}; }  // 192.0.2.n
constexpr Label slot(std::uint32_t n) { return n << 16; }

class Transport;

class Member {
 public:
  Member(Transport& network, std::uint32_t number) : network_(network), number_(number) {}
  void boot();
  void kill(std::size_t survivors = 0);  // of what the store was given and had not written
  void pump();
  [[nodiscard]] bool running() const { return node != nullptr; }
  // f(Rooms&), now.
  template <class F>
  auto operate(F&& f);
  [[nodiscard]] std::size_t active() const;

  std::unique_ptr<TransportNode> node;
  Watcher* watcher = nullptr;  // as Service has one
  state::MemoryStore store;
  bool disk_writes = true;  // else nothing becomes durable
  std::map<std::uint32_t, resource::Row> rows;
  std::uint64_t row_changes = 0;
  std::vector<std::string> said;
  std::uint64_t packets = 0;  // sent

 private:
  void take(const NodeOutput& output);
  void arm();
  Transport& network_;
  const std::uint32_t number_;
  std::uint64_t boots_ = 0;
  Instant armed_ = Instant::max();
};

// N1 - N2 - N3 - N6 in three control domains, E-NNIs between; users at N1:1 and N6:7. Every node
// is a call controller; calls go from each to the next.
class Transport {
 public:
  Transport();
  [[nodiscard]] Member& at(std::uint32_t number) { return *members.at(number); }
  void start();
  void run(Duration time) { (void)world.run_for(time, 50'000'000); }
  bool until(const std::function<bool()>& what, Duration most = 30s);
  [[nodiscard]] NodeConfig config(std::uint32_t number) const;
  void deliver(const FePort& from, std::vector<std::byte> packet);

  forces::test::World world;
  std::map<std::uint32_t, std::unique_ptr<Member>> members;
  struct Fibre {
    LinkEnd a, b;
    te::ReferencePoint reference;
  };
  std::vector<Fibre> fibres;
  std::map<std::uint32_t, std::vector<std::uint32_t>> users;  // interfaces
  std::set<std::uint32_t> legacy;  // nodes that know RFC 3473 only, from their next boot on
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
