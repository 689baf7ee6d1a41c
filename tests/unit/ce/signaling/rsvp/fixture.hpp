// Two or three engines side by side, and what they say to each other.
#pragma once

#include <gtest/gtest.h>

#include <ostream>

#include "tests/sim/rsvp/network.hpp"

namespace forces::signaling::engine {

inline void PrintTo(Status status, std::ostream* os) { *os << to_string(status); }
inline void PrintTo(NeighborState state, std::ostream* os) { *os << to_string(state); }
inline void PrintTo(PathChange change, std::ostream* os) { *os << to_string(change); }
inline void PrintTo(Gone why, std::ostream* os) { *os << to_string(why); }

namespace test_support {

using namespace sim;
using namespace std::chrono_literals;
using rsvp::MessageType;

constexpr NodeId kA = node_id(1), kB = node_id(2), kC = node_id(3);

class Engines : public testing::Test {
 protected:
  // Neighbours of each other, by default with Hellos every 100 ms.
  static Config config(NodeId id, std::initializer_list<NodeId> neighbors) {
    Config c;
    c.node = id;
    c.seed = id.value;
    c.times.hello = 100ms;
    c.times.refresh = 10s;
    c.restart.restart = 5s;
    c.restart.recovery = 10s;
    for (const NodeId n : neighbors) c.neighbors.push_back({.node = n});
    return c;
  }
  Node& start(const Config& c) {
    Node& node = net.add(c);
    node.start(false);
    return node;
  }
  void start_two() {
    start(config(kA, {kB}));
    start(config(kB, {kA}));
    run(1s);
    forget();
  }
  void run(Duration time) { ASSERT_TRUE(net.run_for(time)); }
  void forget() {
    net.sent.clear();
    for (auto& [id, node] : net.nodes()) node->events.clear();
  }
  Node& a() { return net.at(kA); }
  Node& b() { return net.at(kB); }
  Instant now() { return net.world.now(); }

  // An LSP from A to B, set up by hand.
  void set_up(const LspKey& key, std::uint32_t label = 0x10000) {
    EXPECT_EQ(a().engine().set_path(key, kB, path(key, kA), now()), Status::Done);
    a().pump();
    run(50ms);
    EXPECT_EQ(b().engine().set_resv(key, resv(key, kA, label), now()), Status::Done);
    b().pump();
    run(50ms);
  }
  // Messages of this type that `from` has sent since forget(), those of Bundles too.
  std::vector<rsvp::Message> sent(NodeId from, MessageType type) {
    std::vector<rsvp::Message> found;
    for (const Packet& packet : net.sent) {
      if (packet.from != from) continue;
      for (auto& message : messages_in(packet.send.octets)) {
        if (message.type == type) found.push_back(std::move(message));
      }
    }
    return found;
  }
  // As if `from` had sent this to `to`.
  void inject(NodeId from, NodeId to, const rsvp::Message& message) {
    const auto octets = rsvp::encode_message(message);
    ASSERT_TRUE(octets);
    net.at(to).deliver({0, from.value, to.value, 255, *octets});
  }
  std::uint64_t drops(Node& node, NodeId of, Drop why) {
    return node.neighbor(of).counters.drops[static_cast<std::size_t>(why)];
  }

  Network net;
};

}  // namespace test_support
}  // namespace forces::signaling::engine
