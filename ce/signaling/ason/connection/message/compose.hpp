// The messages of an LSP as they leave this node: made of a request, or of what came in, with the
// objects that hold for one hop replaced. What an object's class says about unknown ones is kept
// (RFC 2205 section 3.10): 11bbbbbb go along unmodified, 10bbbbbb are dropped.
#pragma once

#include <optional>
#include <vector>

#include "ce/signaling/ason/connection/spec.hpp"
#include "ce/signaling/ids.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::ason {

// Of a message with SESSION and SENDER_TEMPLATE or FILTER_SPEC, all of IPv4.
[[nodiscard]] std::optional<LspKey> key_of(const rsvp::Message& message);
[[nodiscard]] std::uint16_t call_id_of(const rsvp::Message& message);
[[nodiscard]] bool bidirectional(const rsvp::Message& path);
[[nodiscard]] bool records_labels(const rsvp::Message& path);
[[nodiscard]] bool shares(const rsvp::Message& path);      // SE style desired
[[nodiscard]] bool is_segment(const rsvp::Message& path);  // "LSP stitching desired" (RFC 5150)
// A link for others to be nested in (RFC 3477 section 3, RFC 4206), and no segment.
[[nodiscard]] bool is_adjacency(const rsvp::Message& path);
[[nodiscard]] bool must_be_contiguous(const rsvp::Message& path);  // RFC 5151 section 4.1
[[nodiscard]] std::optional<LinkEnd> tunnel_link(const rsvp::Message& message);  // RFC 3477
[[nodiscard]] CrankbackScope crankback_scope(const rsvp::Message& path);
[[nodiscard]] std::uint32_t admin_status(const rsvp::Message& message);  // 0: no such object
// The data link that a Path came on, as its sender names it (RFC 3473 section 8.1).
[[nodiscard]] std::optional<LinkEnd> incoming_link(const rsvp::Message& path);

// What of an LSP's Path is not the business of a hop: no HOP, routes nor labels.
struct LspRoleInCall {           // RFC 4872 sections 5 and 16
  std::uint32_t protection = 0;  // S, P, N, O bits
  std::uint8_t lsp_flags = 0;
  std::optional<std::uint16_t> association_id{};
  std::optional<std::uint16_t> sharing_id{};  // association of type 2
  bool shared_explicit = false;
};
[[nodiscard]] rsvp::Message base_path(const ConnectionRequest& request, const LspKey& key,
                                      const LspRoleInCall& role);

// The link that a segment is to its ingress. Interfaces of nodes have lower numbers.
inline constexpr std::uint32_t kSegmentLinks = 0x80000000;
[[nodiscard]] inline std::uint32_t segment_link(const LspKey& key) {
  return kSegmentLinks | key.tunnel_id;
}

struct PathHop {
  LinkEnd out{};
  rsvp::Route ero{};
  rsvp::Route rro{};
  std::vector<rsvp::LabelSet> label_sets{};
  rsvp::Words suggested{}, upstream{}, recovery{};
  std::optional<rsvp::Route> exclude{};  // replaces the XRO; nothing: as it is
};
// `from` is a base or the Path that came in.
[[nodiscard]] rsvp::Message path_for_hop(const rsvp::Message& from, const PathHop& hop);
// Of a Path, or of a PathTear that goes on with the objects that nobody knows here.
[[nodiscard]] rsvp::Message tear_for_hop(const rsvp::Message& from, LinkEnd out);
void set_admin_status(rsvp::Message& message, std::uint32_t bits);

struct ResvHop {
  rsvp::Words label{};
  std::optional<rsvp::Route> rro{};
};
// To the sender of `path`. `downstream` is the Resv that came in, null at the egress.
[[nodiscard]] rsvp::Message resv_for_hop(const rsvp::Message& path, const rsvp::Message* downstream,
                                         const ResvHop& hop);

// Towards the sender of `path`; `labels` goes beside it where it has some.
[[nodiscard]] rsvp::Message path_err(const rsvp::Message& path, const rsvp::ErrorSpec& error,
                                     const std::optional<rsvp::AcceptableLabelSet>& labels = {});
// A PathErr that goes on: everything as it came, but the error, where it was changed.
[[nodiscard]] rsvp::Message forward_path_err(const rsvp::Message& received,
                                             const rsvp::ErrorSpec& error);
[[nodiscard]] rsvp::Message resv_err(const rsvp::Message& resv, const rsvp::ErrorSpec& error);
// About an LSP (RFC 3473 section 4.3), to the node that a NOTIFY_REQUEST named.
[[nodiscard]] rsvp::Message lsp_notify(const rsvp::Message& path, const rsvp::ErrorSpec& error,
                                       std::optional<std::uint32_t> status = {});

[[nodiscard]] rsvp::LabelSet inclusive(const rsvp::Words& labels);

}  // namespace forces::signaling::ason
