// A network of transport nodes as data: what the configurations of all its controllers say.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ce/signaling/service/node.hpp"

namespace forces::signaling::test {

using namespace std::chrono_literals;

constexpr NodeId node_id(std::uint32_t number) { return {0xc0000200U + number}; }  // 192.0.2.n
constexpr std::uint32_t number_of(NodeId id) { return id.value - node_id(0).value; }
constexpr Label slot(std::uint32_t n) { return n << 16; }

struct NetworkPlan {
  struct Node {
    std::uint32_t number = 0;  // 1 to 255
    std::uint32_t domain = 0;
    std::uint32_t fes = 1;  // 2: they are joined by a fibre, and interfaces are at them in turn
  };
  struct Fibre {
    LinkEnd a, b;
    te::ReferencePoint reference = te::ReferencePoint::INni;
    std::uint32_t slots = 4;
    std::uint32_t metric = 1;
    // With equipment between that numbers slots its own way; by traces both ends find out how.
    bool compound = false, discover = false;
  };
  struct User {
    LinkEnd end;
    std::uint32_t slots = 4;
  };
  // At a node, calls to another one go to this call controller next; 0: it is the last.
  struct CallRoute {
    std::uint32_t at = 0, to = 0, next = 0;
  };

  std::vector<Node> nodes{};
  std::vector<Fibre> fibres{};
  std::vector<User> users{};
  std::vector<CallRoute> routes{};
  // The reference point between two nodes of a domain, at both.
  struct Point {
    std::uint32_t a = 0, b = 0;
    ason::calls::SegmentPlan plan{};
  };
  std::vector<Point> points{};
  unsigned connections_of_call = 0;  // at reference points of domains; 0: any number
  // Two layers at a node (RFC 4206): the slots of port `client` are inside the one slot of
  // `server`.
  struct Adaptation {
    std::uint32_t at = 0;
    std::uint32_t client = 0, server = 0;
    std::uint32_t slots = 4;
  };
  std::vector<Adaptation> adaptations{};
  // So many of them at a node, kClients + 1 in kServers + 1 and so on.
  void adapt(std::uint32_t number, std::uint32_t count, std::uint32_t slots = 4);
  // The other port of an adaptation; nullopt: it is none of one.
  [[nodiscard]] std::optional<FePort> inside(const FePort& server) const;
  [[nodiscard]] std::optional<FePort> around(const FePort& client) const;
  NodeConfig base{};  // what all nodes have in common: times, limits

  [[nodiscard]] const Node& node(std::uint32_t number) const;
  [[nodiscard]] FePort port(const LinkEnd& end) const;
  [[nodiscard]] std::vector<std::uint32_t> fes(std::uint32_t number) const;
  [[nodiscard]] NodeConfig config(std::uint32_t number) const;
};
constexpr std::uint32_t kClients = 700, kServers = 800;
constexpr std::uint32_t kNodesOfFes = 1'000;  // the number of an FE is that of its node, modulo
constexpr std::uint32_t kJoint = 900;         // port of the fibre between two FEs of a node

// N1 - N2 - N3 - N6 in three control domains, E-NNIs between; users at N1:1 and N6:7. Every node
// is a call controller; calls go from each to the next.
[[nodiscard]] NetworkPlan line_of_four();

// P2 of the scenarios: d1 {N1, N2}, d2 {N3, N4, N5, N7}, d3 {N6}; E-NNIs N2-N3, N2-N5 and N4-N6,
// within d2 N3-N7-N4 and N5-N4, with `direct` N3-N4 as well. Users at N1:1, N1:2, N6:7, N6:8 and
// N4:9. Call controllers are N1, N3, N4 and N6. From border to border of d2 as `plan` says; where
// that is nested, N3, N4 and N5 have adaptations.
[[nodiscard]] NetworkPlan three_domains(const ason::calls::SegmentPlan& plan, bool direct = false);

// Domains that are rings with chords, E-NNIs between them; some nodes have two FEs, each a user
// at interface 1. A call goes from the caller's node to the first of each domain and to the callee.
// `realisation`: how domains do it; where that is nested, all nodes have adaptations.
[[nodiscard]] NetworkPlan random_plan(std::uint64_t seed, std::uint32_t nodes,
                                      ason::calls::Realisation realisation = {});

// `edges` nodes, numbered from 3, with a user each, in turn at two nodes in the middle, between
// which there are as many fibres as that many connections need: from an odd to an even edge there
// are three hops. All fibres are STM-256; calls go from edge to edge.
constexpr std::uint32_t kMiddle[]{1, 2};
constexpr std::uint32_t kStm256 = 256;
[[nodiscard]] NetworkPlan dumbbell(std::uint32_t edges, std::uint32_t connections);

}  // namespace forces::signaling::test
