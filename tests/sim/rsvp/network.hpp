// Nodes with an engine each, and what is between them: late, lost, doubled, reordered packets,
// cuts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ce/signaling/rsvp/engine.hpp"
#include "tests/sim/rsvp/messages.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::signaling::engine::sim {

struct Weather {
  unsigned loss = 0, twice = 0;  // of 1,000 packets
  Duration latency = std::chrono::milliseconds(1);
  Duration jitter{};  // up to so much more: packets overtake each other
};

class Network;

class Node {
 public:
  Node(Network& network, Config config);

  // A process that begins, or begins again: another seed, larger sequence numbers.
  void start(bool recovering);
  void stop();  // kill -9
  [[nodiscard]] bool runs() const { return engine_ != nullptr; }
  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] NodeId id() const { return config_.node; }
  [[nodiscard]] Config& config() { return config_; }
  [[nodiscard]] NeighborSnapshot neighbor(NodeId of) const;
  void deliver(const Datagram& packet);
  void pump();  // after every call to engine()

  // What happened, in order; what an owner would do about it.
  std::vector<Output> events;
  std::function<void(Node&, const Output&)> owner;

  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> found;
    for (const Output& event : events) {
      if (const T* const one = std::get_if<T>(&event)) found.push_back(*one);
    }
    return found;
  }
  template <class T>
  [[nodiscard]] std::size_t count() const {
    return all<T>().size();
  }
  [[nodiscard]] std::size_t count(NeighborEvent event) const {
    std::size_t n = 0;
    for (const auto& one : all<NeighborChanged>()) n += one.event == event ? 1 : 0;
    return n;
  }

 private:
  Network& network_;
  Config config_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t life_ = 0;
  Instant armed_ = Instant::max();
};

struct Packet {
  Instant at{};
  NodeId from{};
  Send send;
};

class Network {
 public:
  explicit Network(std::uint64_t seed = 1) : world(seed) {}

  Node& add(Config config) {
    const NodeId id = config.node;
    return *(nodes_[id] = std::make_unique<Node>(*this, std::move(config)));
  }
  [[nodiscard]] Node& at(NodeId id) { return *nodes_.at(id); }
  [[nodiscard]] std::map<NodeId, std::unique_ptr<Node>>& nodes() { return nodes_; }

  void cut(NodeId a, NodeId b, bool one_way = false) {
    cut_.insert({a, b});
    if (!one_way) cut_.insert({b, a});
  }
  void mend(NodeId a, NodeId b) {
    cut_.erase({a, b});
    cut_.erase({b, a});
  }
  void send(NodeId from, const Send& send) {
    if (keep_sent) sent.push_back({world.now(), from, send});
    ++packets;
    if (filter && !filter(from, send)) return;
    carry(from, send.source, send.destination, send.channel, send.ttl, send.octets);
  }
  void carry(NodeId from, Ipv4 source, Ipv4 destination, ChannelId channel, std::uint8_t ttl,
             const rsvp::Octets& octets) {
    const auto route = routes.find({from, NodeId{destination}});
    const NodeId to = route == routes.end() ? NodeId{destination} : route->second;
    if (!nodes_.contains(to) || cut_.contains({from, to})) return;
    if (world.pick(1'000) < weather.loss) return;
    const int copies = world.pick(1'000) < weather.twice ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto more = weather.jitter.count() > 0
                            ? static_cast<Duration::rep>(
                                  world.pick(static_cast<std::uint64_t>(weather.jitter.count())))
                            : 0;
      world.after(weather.latency + Duration(more),
                  [this, to, source, destination, channel, ttl, octets] {
                    at(to).deliver({channel, source, destination, ttl, octets});
                  });
    }
  }
  [[nodiscard]] bool run_for(Duration time) { return world.run_for(time, 20'000'000); }

  test::World world;
  Weather weather;
  bool keep_sent = true;
  std::vector<Packet> sent;
  std::uint64_t packets = 0;
  std::function<bool(NodeId, const Send&)> filter;     // false: lost
  std::map<std::pair<NodeId, NodeId>, NodeId> routes;  // of packets that go further: next hop

 private:
  std::map<NodeId, std::unique_ptr<Node>> nodes_;
  std::set<std::pair<NodeId, NodeId>> cut_;
};

inline Node::Node(Network& network, Config config)
    : network_(network), config_(std::move(config)) {}

inline void Node::start(bool recovering) {
  ++life_;
  Config config = config_;
  config.seed = config_.seed * 1'000 + life_;
  config.sequence_base = life_ << 32;
  config.restart.recovering = recovering;
  engine_ = std::make_unique<Engine>(config, network_.world.now());
  armed_ = Instant::max();
  pump();
}

inline void Node::stop() {
  engine_.reset();
  ++life_;
}

inline NeighborSnapshot Node::neighbor(NodeId of) const {
  for (auto& one : engine_->snapshot().neighbors) {
    if (one.node == of) return one;
  }
  return {};
}

inline void Node::deliver(const Datagram& packet) {
  if (!engine_) return;
  engine_->on_packet(packet, network_.world.now());
  pump();
}

inline void Node::pump() {
  while (auto output = engine_->poll_output()) {
    if (const auto* const send = std::get_if<Send>(&*output)) {
      network_.send(id(), *send);
    } else if (const auto* const forward = std::get_if<Forward>(&*output)) {
      network_.carry(id(), forward->source, forward->destination, 0, forward->ttl, forward->octets);
      events.push_back(*output);
    } else {
      events.push_back(*output);
      if (owner) owner(*this, events.back());
    }
  }
  const auto next = engine_->next_deadline();
  if (!next || *next >= armed_) return;
  armed_ = *next;
  network_.world.at(*next, [this, life = life_, when = *next] {
    if (!engine_ || life != life_ || when != armed_) return;
    armed_ = Instant::max();
    engine_->on_time(network_.world.now());
    pump();
  });
}

// What a packet holds: the messages of a Bundle each.
inline std::vector<rsvp::Message> messages_in(const rsvp::Octets& octets) {
  auto message = rsvp::decode_message(octets);
  if (!message) return {};
  if (message->type != rsvp::MessageType::Bundle) return {std::move(*message)};
  return std::move(message->bundled);
}

}  // namespace forces::signaling::engine::sim
