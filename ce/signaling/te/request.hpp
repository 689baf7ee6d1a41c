// What is asked of path computation and what it answers. Values only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ce/signaling/te/database.hpp"

namespace forces::signaling::te {

// SESSION_ATTRIBUTE with affinities (RFC 3209 section 4.7.4). 0: does not matter.
struct Affinities {
  std::uint32_t exclude_any = 0, include_any = 0, include_all = 0;
  friend bool operator==(const Affinities&, const Affinities&) = default;
};

// EXCLUDE_ROUTE (RFC 4874) and crankback history (RFC 4920).
struct Exclusions {
  std::set<NodeId> nodes{};
  std::set<LinkEnd> links{};  // either end names it; both directions
  std::set<std::uint32_t> srlgs{};
  std::set<std::uint32_t> areas{}, domains{}, as_numbers{};  // not where the path begins or ends
  std::map<LinkEnd, LabelRanges> labels{};  // on the link with this end, both directions
  [[nodiscard]] bool empty() const;
  Exclusions& operator|=(const Exclusions& other);
  friend bool operator==(const Exclusions&, const Exclusions&) = default;
};

// A subobject of a route that was received (RFC 3209 section 4.3). Labels stand in the hop of their
// interface (RFC 3473 section 5.1).
struct RoutePrefix {  // a node ID or the address of a numbered link when the length is 32
  std::uint32_t address = 0;
  std::uint8_t length = 32;
  friend bool operator==(const RoutePrefix&, const RoutePrefix&) = default;
};
struct RouteAs {
  std::uint32_t number = 0;
  friend bool operator==(const RouteAs&, const RouteAs&) = default;
};
struct RouteHop {
  using Prefix = RoutePrefix;
  using As = RouteAs;
  bool loose = false;
  std::variant<Prefix, LinkEnd, As> where{};  // LinkEnd: unnumbered (RFC 3477)
  std::optional<Labels> label{}, upstream_label{};
  friend bool operator==(const RouteHop&, const RouteHop&) = default;
};
using Route = std::vector<RouteHop>;

struct Request {
  NodeId source{}, destination{};
  Signal signal{};
  bool bidirectional = true;  // both directions of every link, with the same labels
  Affinities affinities{};
  // From the source on. What names the source itself is passed over; what names an interface of the
  // destination that is no TE link is the egress (RFC 4003), and is for the destination to judge.
  Route route{};
  Exclusions exclude{};  // L bit 0: must not
  Exclusions avoid{};    // L bit 1: should not; used when there is no other way
  // The interface by which the connection leaves the destination, if it is known. One that is a TE
  // link must be up and carry the signal; another one is not judged.
  std::optional<LinkEnd> egress{};
  std::optional<std::uint32_t> within_domain{};  // all nodes but the destination are in it
  // On the link with this end these count as free in both directions: another LSP of the session
  // has them (RFC 3209 section 4.6.4).
  std::map<LinkEnd, LabelRanges> shared{};
  std::uint32_t max_hops = 0;  // 0: any number
  // Labels that will do on the first link (LABEL_SET of the previous hop at a node that cannot
  // convert); nullopt: all.
  std::optional<LabelRanges> first_labels{};
};

struct PathHop {
  LinkEnd out{}, in{};  // where it leaves a node, where it enters the next one
  std::uint32_t metric = 0;
  // Those that may be used here, as far as they are known: free and, where nodes cannot convert,
  // free on all of the stretch. Each is the first of a signal's slots.
  std::optional<LabelRanges> labels{};
  ReferencePoint reference{};
  friend bool operator==(const PathHop&, const PathHop&) = default;
};
struct Path {
  std::vector<PathHop> hops{};  // none: the source is the destination
  std::uint64_t cost = 0;       // sum of TE metrics
  std::optional<LinkEnd> egress{};
  std::optional<Labels> egress_label{}, egress_upstream_label{};  // of the route, if it has them
  friend bool operator==(const Path&, const Path&) = default;
};

// Why there is no path: the first constraint, in this order, with which none is left.
enum class NoPath : std::uint8_t {
  UnknownSource,
  UnknownDestination,
  BadSignal,     // no network could carry this
  BadRoute,      // a hop of the route is not there
  Disconnected,  // the topology has none, whatever is asked for
  Down,          // with what is up
  OtherDomain,   // within the domain
  WrongSwitching,
  WrongEncoding,
  NoBandwidth,  // or no free labels
  NoAffinity,
  Excluded,
  AlongRoute,  // there are paths, none along the route
  LabelContinuity,
  TooManyHops,
  BadEgress,
  NoDiversity,  // one path, but no second one
  Effort,       // the search was given up
};
[[nodiscard]] std::string_view to_string(NoPath reason);  // "label_continuity"

struct Failure {
  NoPath reason{};
  std::optional<std::size_t> route_hop{};  // which, of BadRoute and AlongRoute
  std::optional<LinkEnd> link{};           // of BadEgress
  friend bool operator==(const Failure&, const Failure&) = default;
};

// Of what two paths may have nothing in common. Source and destination count for nothing.
struct Disjoint {
  bool nodes = true;  // and so links
  bool srlgs = false;
  friend bool operator==(const Disjoint&, const Disjoint&) = default;
};
struct PathPair {
  Path working{}, recovery{};  // the working one is not the dearer, unless it has a route
  friend bool operator==(const PathPair&, const PathPair&) = default;
};

}  // namespace forces::signaling::te
