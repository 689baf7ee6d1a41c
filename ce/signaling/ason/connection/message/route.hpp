// EXPLICIT_ROUTE and RECORD_ROUTE at a node (RFC 3209 section 4.3.4, RFC 3473 section 5, RFC 3477,
// RFC 4003): which hops are this node's, what is left for the next one. Values only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "ce/signaling/ids.hpp"
#include "ce/signaling/te/labels.hpp"
#include "proto/rsvp/codes.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::ason {

// Labels that a route demands on a link (RFC 3473 section 5.1).
struct ExplicitLabels {
  std::optional<rsvp::Words> down{}, up{};
  friend bool operator==(const ExplicitLabels&, const ExplicitLabels&) = default;
};

struct OwnHops {
  std::optional<std::uint32_t> out{};  // the interface of this node by which it shall go on
  ExplicitLabels labels{};             // on that link
  rsvp::Route rest{};                  // what the next nodes shall get; empty: nothing is said
  std::optional<rsvp::ErrorValue> error{};
};

// `from` and `in` are the two ends of the link on which the Path came, at its sender and here; both
// are empty values where the LSP begins here. An interface of this node that is `in` is the link
// that was taken, any other is the one to take.
[[nodiscard]] OwnHops own_hops(NodeId self, LinkEnd from, LinkEnd in, bool bidirectional,
                               const rsvp::Route& received);

// Whose node the first hop is, if it says.
[[nodiscard]] std::optional<NodeId> node_of(const rsvp::Subobject& hop);
// An abstract node (RFC 3209 section 2.1) has this one in it.
[[nodiscard]] bool covers(const rsvp::PrefixHop& hop, NodeId node);
// Where a route ends: its last hop that is an interface, with the labels behind it.
[[nodiscard]] rsvp::Route tail_of(const rsvp::Route& route);
[[nodiscard]] bool names(const rsvp::Route& route, NodeId node);

[[nodiscard]] rsvp::Subobject node_hop(NodeId node, bool loose = false);
[[nodiscard]] rsvp::Subobject link_hop(LinkEnd end, bool loose = false);
// RFC 4003 section 2.1: the outgoing link of the egress and its labels; none where `end` has no
// interface.
[[nodiscard]] rsvp::Route egress_hops(LinkEnd end, const ExplicitLabels& labels);

// Of an RRO: what the LSP sends on each link, by the link's near end.
void collect_labels(const rsvp::Route& recorded, std::map<LinkEnd, te::LabelRanges>& labels);
// RRO of a Path or Resv: this node goes in front (RFC 3209 section 4.4.3).
void record(rsvp::Route& route, LinkEnd out, const ExplicitLabels& labels);

}  // namespace forces::signaling::ason
