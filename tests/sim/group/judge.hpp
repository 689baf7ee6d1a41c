// What must be so, of a network of a group. Every function gives what is wrong, a line each; empty:
// nothing.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/group/network.hpp"

namespace forces::multicast::sim {

// When nothing has happened for long enough: servers are aligned and silent, have the same cache
// and the same maps, which are what the living FEs want and nothing else; every FE is registered
// with one server and settled, and its paths lead to exactly the members.
[[nodiscard]] std::string judge(Network& network);

// The maps and paths of that alone.
[[nodiscard]] std::string judge_maps(Network& network);

// At any time. A judge of its own for every life: it counts what it could look at.
class Watch {
 public:
  // Longer than a link that works again needs to be Aligned, and a change to go through the group,
  // though packets are lost.
  static constexpr Duration kTravel = 150s;
  // An exchange that is repeated until its MARS is given up, with another one that does not answer,
  // and again.
  static constexpr Duration kSettle = 300s;
  // RFC 2443 section 5.1 has 240 s for what died with its server; what a healed partition or a
  // server that restarts brings back meanwhile has as long again (ce/multicast/mars/README.md).
  static constexpr Duration kGhost = 960s;

  [[nodiscard]] std::string look(Network& network);
  // Memberships that had to be known to some server beside the one that has the client, and were.
  [[nodiscard]] std::uint64_t known() const { return known_; }

 private:
  void members(Network& network, Fe& fe);
  void settled(Network& network, Fe& fe);
  void ghosts(Network& network, Fe& fe);

  std::map<std::uint32_t, std::uint32_t> parts_;  // of servers: who reaches whom has the same
  std::string bad_;
  std::uint64_t known_ = 0;
};

// A server's cache is no larger than what there has been to say at one time; nothing piles up on
// the way. Part of both of the above.
[[nodiscard]] std::string sizes(Network& network);

}  // namespace forces::multicast::sim
