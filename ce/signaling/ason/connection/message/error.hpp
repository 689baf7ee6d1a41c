// ERROR_SPEC with IF_ID TLVs (RFC 3473 section 8.2, RFC 4920 section 6): what blocked a setup, told
// and read. Values only.
#pragma once

#include <optional>
#include <set>

#include "ce/signaling/ids.hpp"
#include "ce/signaling/te/request.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::ason {

// What an error is about and where the reporting node stood; what is empty is not said.
struct Blocked {
  std::optional<LinkEnd> link{};      // TLV 3: usually the link downstream of the reporting node
  rsvp::Words down{}, up{};           // TLVs 6 and 7, labels on that link
  std::optional<NodeId> node{};       // TLV 8
  rsvp::Route ero{};                  // as it was received: its first two hops are TLVs 12 and 13
  std::optional<LinkEnd> incoming{};  // TLV 18
  std::set<NodeId> nodes{};           // TLV 26
  std::set<LinkEnd> links{};          // TLV 27
};

// RFC 4920 section 6.3.2: with TLVs at least one of 1 to 3 must be there, so a node alone is named
// as an address as well. TLV 21 is `self`.
[[nodiscard]] rsvp::ErrorSpec error_spec(NodeId self, rsvp::ErrorValue error,
                                         const Blocked& blocked, bool path_state_removed);
// Adds to the exclusions that an error carries (K8); all other TLVs stay as they are.
void add_exclusions(rsvp::ErrorSpec& spec, const std::set<NodeId>& nodes,
                    const std::set<LinkEnd>& links);

// What `spec` names goes to `into`. A link with labels that are not acceptable, or taken, excludes
// the labels and not the link; a node that only says where the link is excludes nothing more.
// True: something was named.
bool collect(const rsvp::ErrorSpec& spec, te::Exclusions& into);
// Errors about a label: with another one the same link may do (RFC 3471 section 4.2).
[[nodiscard]] bool about_label(rsvp::ErrorValue error);
// Of two setups for the same label one had to yield: nothing is blocked.
[[nodiscard]] bool contention(rsvp::ErrorValue error);

// EXCLUDE_ROUTE (RFC 4874 section 4) of the same: nodes and links, none may be used.
[[nodiscard]] rsvp::Route exclude_route(const te::Exclusions& exclusions);
void collect(const rsvp::ExcludeRoute& route, te::Exclusions& into);

}  // namespace forces::signaling::ason
