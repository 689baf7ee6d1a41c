// What servers say by their records, and which of it is in force (RFC 2443 sections 2 and 5).
//
// A record is the present state of one key of its originator: a newer instance replaces it,
// whatever either of them says. A range is in force while its node is registered with the same
// server under the same CMI and address, and while that server is alive; until then its record is
// inert. So the order in which records come does not matter, and what an old neighbour brings back
// revives nobody.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ce/multicast/mars/data/maps.hpp"
#include "proto/mars/csa.hpp"

namespace forces::mars::server {

// States 2 and 3: a node is registered (no range), or in a range.
struct Claim {
  bool mcs = false;
  AtmAddress who{};
  std::uint16_t cmi = 0;
  std::optional<GroupRange> range{};
  bool layer3 = false;
  ProtocolAddress source_protocol{};
  std::uint8_t sequence = 0;  // of the JOIN; another one: joined once more, as a hand-over is said
  friend bool operator==(const Claim&, const Claim&) = default;
};
[[nodiscard]] Claim claim_of(const CacheEntry& entry);
// The entry that says it, or that it is over (States 4 and 5).
[[nodiscard]] CacheEntry entry_of(const ProtocolType& protocol, const Claim& claim, bool over);

// A claim came into force or ceased to be.
struct Effect {
  Holder holder;
  Claim claim;
  bool on = false;
  bool said = false;  // off: by a leave of this very range, not by the loss of node or server
};

class Replica {
 public:
  using Effects = std::vector<Effect>;

  // The newest instance of a record; none: it says that nothing is there.
  void put(Holder at, const std::optional<Claim>& claim, Effects& effects);
  // The last word of this record is the same but for its sequence.
  [[nodiscard]] bool joins_again(Holder at, Claim claim) const;
  [[nodiscard]] std::optional<Claim> claim(Holder at) const;
  void set_alive(ServerId server, bool alive, Effects& effects);
  [[nodiscard]] bool alive(ServerId server) const;
  // All its records, which are inert already. Their keys.
  std::vector<std::uint32_t> forget(ServerId server);

  // With any server but this.
  [[nodiscard]] bool registered_beside(ServerId us, bool mcs, const AtmAddress& who) const;
  [[nodiscard]] std::vector<std::pair<std::uint32_t, Claim>> records(ServerId server) const;
  // Of what it says of one node, under any CMI.
  [[nodiscard]] std::vector<std::uint32_t> keys(ServerId server, bool mcs,
                                                const AtmAddress& who) const;
  [[nodiscard]] bool empty(ServerId server) const;
  // Clients and MCSs that are registered with a server that is alive.
  void add_registered(std::set<AtmAddress>& all) const;

 private:
  struct NodeId {
    bool mcs = false;
    AtmAddress who;
    std::uint16_t cmi = 0;
    friend auto operator<=>(const NodeId&, const NodeId&) = default;
  };
  struct Node {
    std::set<std::uint32_t> registrations, ranges;  // keys
  };
  struct Origin {
    bool alive = false;
    std::map<std::uint32_t, Claim> claims;
    std::map<NodeId, Node> nodes;
  };

  static void take_away(Origin& origin, Holder at, bool said, Effects& effects);
  static void node_effects(const Origin& origin, ServerId server, const Node& node, bool on,
                           Effects& effects);
  static NodeId node_of(const Claim& claim) { return {claim.mcs, claim.who, claim.cmi}; }

  std::map<ServerId, Origin> origins_;
};

}  // namespace forces::mars::server
