// The multicast edge of an FE: the router side of IGMPv1 to v3 and MLDv1, v2 at its ports, and what
// follows from it for the FE as a whole. RFC 3376, RFC 3810, RFC 2236, RFC 2710; as a proxy (RFC
// 4605) whose upstream is the MARS of a CE: Joined and Left are of the whole FE and know no
// sources, which MARS cannot carry; EgressChanged keeps them for what is forwarded here.
// No sockets, clock or callbacks: after each input poll_output() until it is empty, then call
// on_timer() at next_deadline(). One thread at a time.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "fe/multicast/edge/link.hpp"

namespace forces::fe::multicast {

struct EdgeCounters {
  std::array<std::uint64_t, 16> refused{};  // packets that are none, by Errc
  std::uint64_t unknown_port = 0;           // none of ours has this port and family
};

class Edge {
 public:
  // Each port and family once; problem_of() is empty for each.
  explicit Edge(std::vector<LinkConfig> links);

  // Links are down at first. One that goes down forgets what was learned.
  void on_port(std::uint32_t port, bool up, Instant now) {
    on_link(port, Family::Ipv4, up, now);
    on_link(port, Family::Ipv6, up, now);
  }
  void on_link(std::uint32_t port, Family family, bool up, Instant now);
  // The port's own address of this family is another one: queries have it from now on, and the
  // querier is elected anew. Zero as in LinkConfig.
  void on_address(std::uint32_t port, const Address& address, Instant now);
  // A whole IP packet that came in at the port, of class Igmp.
  void on_packet(std::uint32_t port, wire::Bytes packet, Instant now);
  // Somebody else knows of a router behind the port (a PIM Hello), for so long.
  void on_router(std::uint32_t port, Family family, Duration hold, Instant now);
  void on_timer(Instant now);  // early calls change nothing
  [[nodiscard]] std::optional<Output> poll_output() { return outputs_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  struct Egress {
    std::uint32_t port = 0;
    Filter filter{};
    friend bool operator==(const Egress&, const Egress&) = default;
  };
  // Ports whose hosts want something of the group; without the routers' ports.
  [[nodiscard]] std::vector<Egress> egress(const Address& group) const;
  [[nodiscard]] std::size_t groups() const { return outputs_.groups(); }
  [[nodiscard]] const std::vector<std::unique_ptr<Link>>& links() const { return links_; }
  [[nodiscard]] const EdgeCounters& counters() const { return counters_; }

 private:
  [[nodiscard]] Link* find(std::uint32_t port, Family family) const;

  Outputs outputs_;
  std::vector<std::unique_ptr<Link>> links_;
  EdgeCounters counters_;
};

}  // namespace forces::fe::multicast
