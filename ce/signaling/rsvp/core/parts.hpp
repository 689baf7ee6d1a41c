// What an engine reads in messages and puts into them: whose they are, what of them is its own,
// Resvs of several LSPs taken apart and put together.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ce/signaling/ids.hpp"
#include "common/core/time.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::engine {

// Of IPv4; nothing for others, which no LspKey can say.
[[nodiscard]] std::optional<LspKey> key_of(const rsvp::Session& session,
                                           const rsvp::SenderTemplate& sender);
[[nodiscard]] std::optional<LspKey> key_of(const rsvp::Session& session,
                                           const rsvp::FilterSpec& filter);
// By SESSION and SENDER_TEMPLATE.
[[nodiscard]] std::optional<LspKey> key_of(const rsvp::Message& message);
// By SESSION and each FILTER_SPEC; those of IPv6 are left out.
[[nodiscard]] std::vector<LspKey> filter_keys(const rsvp::Message& message);

// Takes out what is a hop's own: INTEGRITY, MESSAGE_ID, ACKs, TIME_VALUES. Returns the refresh
// period that the last of them named, or RFC 2205's default.
Duration strip(rsvp::Message& message);
// But for RECOVERY_LABEL, which says nothing of the LSP (RFC 5063 section 4.5.2.2: "will be treated
// as a refresh").
[[nodiscard]] bool same_content(const rsvp::Message& a, const rsvp::Message& b);

// A message of a caller made ready to be sent: its type, a hop address and the node of an error
// where they were left 0, and TIME_VALUES in a Path, Resv or RecoveryPath. Nothing: a mandatory
// object is missing.
[[nodiscard]] bool prepare(rsvp::Message& message, rsvp::MessageType type, NodeId node,
                           Duration refresh);
// Objects one behind the other. Empty: a value does not encode, or there are too many octets.
[[nodiscard]] rsvp::Octets encode_objects(std::span<const rsvp::Object> objects);
[[nodiscard]] inline rsvp::Octets encode_one(const rsvp::Object& object) {
  return encode_objects(std::span(&object, 1));
}

// Of a Resv, ResvTear or ResvErr with one flow descriptor each, in their order.
struct ResvPart {
  LspKey key;
  rsvp::Message message;
};
[[nodiscard]] std::vector<ResvPart> take_apart(const rsvp::Message& resv);
// SE style, the same style, flowspec and all else but filters and what follows them.
[[nodiscard]] bool may_share(const rsvp::Message& a, const rsvp::Message& b);
[[nodiscard]] rsvp::Octets put_together(std::span<const rsvp::Message* const> resvs);

// SESSION, HOP, and the sender descriptor or the flow descriptor.
[[nodiscard]] rsvp::Message tear_of(const rsvp::Message& path_or_resv);
// The same as an error about a Resv with one flow descriptor.
[[nodiscard]] rsvp::Message resv_err(const rsvp::Message& resv, rsvp::ErrorValue error);
// RFC 5063 section 4.5.1: the Path that came, with the HOP of our Resv and its label.
[[nodiscard]] rsvp::Message recovery_path(const rsvp::Message& path, const rsvp::Message& resv);
// The label that a Resv gives, as it stands in a Path to a restarted node (RFC 3473 section 9.5.3).
[[nodiscard]] std::optional<rsvp::RecoveryLabel> recovery_label(const rsvp::Message& resv);

// The objects of a PathErr or ResvErr that answers a Path or Resv which was not understood: taken
// from its octets. Empty: it does not say which LSP it is about.
[[nodiscard]] rsvp::Octets refusal_of(const rsvp::MessageView& view, rsvp::ErrorValue error,
                                      NodeId node);

}  // namespace forces::signaling::engine
