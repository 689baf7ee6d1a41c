// Segments and who goes over them after a restart (RFC 5150). With the journal both are as they
// were. Without it a segment, which has no rows, has the labels that its neighbour gives back; who
// goes over it is known by its rows, and by the link that the other end of the segment names.
#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {

// Of the journal: who goes over what.
void Controller::Core::recover_segments(Instant now) {
  for (auto& [key, lsp] : lsps) {
    if (is_adjacency(lsp)) join_adjacency(lsp);
    if (is_end(lsp) && lsp.role == Role::Egress) end_segment_here(lsp);
    for (const auto& segment : {lsp.segment_in, lsp.segment_out}) {
      if (segment && lsps.contains(*segment)) users[*segment].insert(key);
    }
  }
  for (auto& [name, connection] : connections) {
    if (!connection.request.segment) continue;
    know_segment(connection.request);
  }
  for (auto& [name, connection] : connections) {
    if (connection.request.segment) rest_if_idle(connection, now);
  }
}

// Nothing says whom it was made for.
void Controller::Core::name_segment(ConnectionRequest& request) {
  request.segment = LspKey{};
  request.name = segment_name("segment", request.egress);
  know_segment(request);
}

// Of an end that has no journal. One that was not established begins anew.
void Controller::Core::bind_segment(Lsp& lsp) {
  const bool ingress = lsp.role == Role::Ingress;
  const rsvp::Message& said = ingress ? *lsp.recovery_path : lsp.path();
  const auto* const label = said.find<rsvp::RecoveryLabel>();
  const auto* const back = said.find<rsvp::UpstreamLabel>();
  const auto link = incoming_link(said);
  if (label == nullptr || (ingress && !link)) return;
  if (ingress) lsp.out = link->interface;
  const std::uint32_t interface = ingress ? lsp.out : lsp.in;
  const auto there = manager.to_local(interface, label->labels);
  const auto upstream = manager.to_local(interface, back ? back->labels : rsvp::Words{});
  if (!there || !upstream) return;
  (ingress ? lsp.labels.out : lsp.labels.in) = *there;
  (ingress ? lsp.labels.upstream_out : lsp.labels.upstream_in) = *upstream;
  lsp.labels_fixed = true;
  lsp.established = true;
  if (ingress) {
    lsp.link_id = segment_link(lsp.key);
    lsp.below = LinkEnd{lsp.next, lsp.out};
    return;
  }
  lsp.role = Role::Egress;
  lsp.out = 0;
  end_segment_here(lsp);
}

// Where its rows lead into this domain, only the next node can say whether it is stitched there.
bool Controller::Core::bind_way_over(Lsp& lsp) const {
  const auto far = far_end(lsp.out);
  if (adaptation_of(lsp.out) != nullptr) return far.has_value();  // when the adjacency is known
  const std::uint32_t own = domain_of(config.self);
  if (!config.domain || !far || lsp.role == Role::Ingress || lsp.key.end_point == config.self ||
      own == 0 || domain_of(lsp.from.node) == own || domain_of(far->node) != own) {
    return true;
  }
  engine::MessagePtr below = lsp.recovery_path;
  if (const auto at = recovery_paths.find(lsp.key); !below && at != recovery_paths.end()) {
    below = at->second.path;
  }
  const auto link = below ? incoming_link(*below) : std::nullopt;
  if (!link) return false;
  if (link->node != config.self || (link->interface & kSegmentLinks) == 0) return true;
  for (const auto& [pool, names] : pools) {
    for (const std::string& name : names) {
      const Connection& segment = connections.find(name)->second;
      const Lsp* const there = segment.current ? find(*segment.current) : nullptr;
      if (there == nullptr || there->link_id != link->interface) continue;
      lsp.segment_out = there->key;
      return true;
    }
  }
  return false;
}

// It has rows here, and what they are part of is not known yet.
bool Controller::Core::waits_for_segment(Lsp& lsp) const {
  if (lsp.journaled || !found.contains(lsp.key) || lsp.role == Role::Ingress) return false;
  const auto link = incoming_link(lsp.path());
  const bool by_segment = link && (link->interface & kSegmentLinks) != 0;
  if (lsp.in == 0 && link && !by_segment && !config.adaptations.empty()) return true;
  return (by_segment && !segments_in.contains(*link)) || !bind_way_over(lsp);
}

// Who may have waited for what is known of a segment now.
void Controller::Core::bind_stitched(Instant now) {
  for (const LspKey& key : std::set(found)) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr || !lsp->recovering || lsp->journaled || lsp->doomed || !lsp->given_back ||
        lsp->plane != Plane::None) {
      continue;
    }
    came_by(*lsp);
    if (!bind_rows(*lsp) || !adopt(*lsp, now)) continue;
    keep(*lsp);
    resume(*lsp, now);
  }
}

}  // namespace forces::signaling::ason
