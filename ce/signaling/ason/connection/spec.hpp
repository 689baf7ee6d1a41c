// What an operator or a call asks of a connection, and what is told of it. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ce/signaling/ason/connection/message/route.hpp"
#include "ce/signaling/ids.hpp"
#include "ce/signaling/te/request.hpp"
#include "common/core/time.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::ason {

// RFC 4920 section 5: who may try another route after a failed setup.
enum class CrankbackScope : std::uint8_t { None, EndToEnd, Boundary, Segment };
[[nodiscard]] std::string_view to_string(CrankbackScope scope);

// The place where a permanent connection meets the switched one: an interface of the node and the
// labels there (RFC 4003). Without labels the node chooses.
struct Terminal {
  LinkEnd end{};
  ExplicitLabels labels{};
  friend bool operator==(const Terminal&, const Terminal&) = default;
};

// The call that a connection belongs to (RFC 4974): the short Call_ID of the SESSION, the long one,
// and objects of an OIF border that go along unmodified.
struct CallReference {
  std::uint16_t id = 0;  // 0: no call
  std::string name{};
  std::vector<rsvp::Object> objects{};  // CALL_ID, GENERALIZED_UNI
};

struct Limits {
  std::uint32_t node = 3;         // new routes at one node (K8)
  std::uint32_t connection = 10;  // new routes in all (K9)
  std::uint32_t contention = 16;  // other labels after two setups met on one
  Duration setup = std::chrono::seconds(10);
};

// Tries of a setup, at one node.
struct Attempts {
  std::uint32_t here = 0;         // other ways
  std::uint32_t total = 0;        // of the whole setup, as far as is known here
  std::uint32_t contentions = 0;  // other labels
  friend bool operator==(const Attempts&, const Attempts&) = default;
};

// Restoration of a connection whose transport failed.
enum class Recovery : std::uint8_t {
  None,     // it stays as it is until an operator acts
  Reroute,  // a new LSP over what works, sharing what it can (RFC 4872 section 11)
  // A second LSP from the beginning, disjoint (RFC 4872 section 5), between terminals of its own: a
  // row of the fabric has one way out, so the bridge and the selector are the users'.
  OnePlusOne,
};
[[nodiscard]] std::string_view to_string(Recovery recovery);

struct ConnectionRequest {
  std::string name{};  // by it the operator knows the connection; unique at this node
  Terminal ingress{};
  NodeId egress{};
  Terminal egress_end{};  // interface 0: the egress decides
  CallReference call{};
  bool bidirectional = true;
  rsvp::LabelRequest label_request{};
  rsvp::SenderTspec tspec{};
  std::optional<rsvp::SessionAttribute::Affinities> affinities{};
  std::uint8_t setup_priority = 7, holding_priority = 7;
  std::optional<std::uint8_t> service_level{};  // 5/1 of GENERALIZED_UNI (D10)
  rsvp::Route explicit_route{};                 // hops that the way must have, strict or loose
  rsvp::Route exclude{};                        // XRO
  CrankbackScope crankback = CrankbackScope::None;
  Limits limits{};
  Recovery recovery = Recovery::None;
  Terminal recovery_ingress{}, recovery_egress{};  // of OnePlusOne
  te::Disjoint disjoint{};
  std::uint8_t link_protection = 0;  // link flags of PROTECTION
  bool contiguous = false;           // no domain may realise it otherwise (RFC 5151 section 4.1)
  // A segment, to which other LSPs are stitched (RFC 5150): its ends have no interface. The session
  // for which it was made, with LSP 0.
  std::optional<LspKey> segment{};
  // A forwarding adjacency, in which other LSPs are nested (RFC 4206): the interface of this node
  // whose slots it carries; 0: it is none.
  std::uint32_t adjacency = 0;
  [[nodiscard]] bool carries_others() const { return segment || adjacency != 0; }
};

// How LSPs that come into a domain go on to `exit`: its border, or their end (RFC 5151 section 2).
struct DomainAsk {
  LspKey lsp{};
  CallReference call{};  // without objects
  NodeId exit{};
};
struct DomainPlan {
  bool stitched = false;         // to segments of the domain (RFC 5150)
  bool nested = false;           // in forwarding adjacencies of it (RFC 4206); else contiguous
  std::uint8_t connections = 1;  // segments that there shall be for it; it uses one of them
  CallReference call{};          // of the segments
};

// Why something failed: what a peer's ERROR_SPEC or our own judgement said.
struct Failure {
  rsvp::ErrorValue error{};
  NodeId node{};  // who reported it
  std::optional<LinkEnd> link{};
  std::string reason{};  // machine-readable: "no_route.excluded", "blocked_link"
  Instant at{};
};
// "blocked_link", "rerouting_limit", "bad_explicit_route"; made of code and value where the pair
// has no word of its own.
[[nodiscard]] std::string reason_of(rsvp::ErrorValue error);

enum class ConnectionState : std::uint8_t {
  Setup,
  Up,
  Broken,     // its transport failed; nothing is being done about it
  Restoring,  // a new LSP is being set up for it
  Failed,     // the setup was given up; it holds nothing
  Releasing,
  Released,  // it is no more
};
[[nodiscard]] std::string_view to_string(ConnectionState state);

struct LspView {
  LspKey key{};
  std::string role{};   // "ingress", "transit", "egress"
  std::string state{};  // "reserving", "waiting", "up", "releasing"
  std::string connection{};
  NodeId previous{}, next{};
  std::uint32_t in = 0, out = 0;  // interfaces
  rsvp::Words in_down{}, in_up{}, out_down{}, out_up{};
  std::uint16_t call_id = 0;
  bool failing = false;              // its transport
  std::vector<NodeId> failing_at{};  // at the ingress: who said so
  bool unsynchronized = false;       // after a restart nobody has confirmed it; kept (R1)
  std::uint32_t tries = 0, contentions = 0;
  std::optional<LspKey> segment_in{}, segment_out{};  // that it is stitched to, or nested in
  bool nested = false;                                // in forwarding adjacencies, they are
  bool adjacency = false;                             // it is one, and ends or begins here
  std::vector<LspKey> carries{};                      // who is stitched to it, or nested in it
};

struct ConnectionView {
  std::string name{};
  ConnectionState state{};
  std::uint16_t call_id = 0;
  LspKey lsp{};                      // that carries it, or is being set up
  std::optional<LspKey> other{};     // the second one of OnePlusOne, or the replacement
  rsvp::Route nominal{}, current{};  // RROs: the first that was up, and what carries it now
  bool frozen = false, protected_by_other = false;
  bool segment = false;
  std::uint32_t adjacency = 0;      // the interface whose slots it carries
  std::vector<LspKey> carries{};    // of a segment or an adjacency
  Attempts attempts{};              // of the setup that runs or ran
  std::vector<Failure> failures{};  // the last ones, oldest first
  Instant created{}, up_since{};
  Duration setup_time{}, recovery_time{};  // of the last ones
};

}  // namespace forces::signaling::ason
