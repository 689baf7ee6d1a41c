// Any object of RSVP as a value.
#pragma once

#include <expected>
#include <optional>
#include <variant>

#include "proto/rsvp/object/attributes.hpp"
#include "proto/rsvp/object/call.hpp"
#include "proto/rsvp/object/control.hpp"
#include "proto/rsvp/object/interface.hpp"
#include "proto/rsvp/object/label.hpp"
#include "proto/rsvp/object/route.hpp"
#include "proto/rsvp/object/session.hpp"
#include "proto/rsvp/object/traffic.hpp"
#include "proto/rsvp/view.hpp"

namespace forces::rsvp {

// Of a class or C-Type that this code does not know, kept as it came.
struct UnknownObject {
  std::uint8_t number = 0;
  std::uint8_t type = 0;
  Octets octets{};  // behind the header; a multiple of 4

  [[nodiscard]] std::uint8_t c_type() const { return type; }
  friend bool operator==(const UnknownObject&, const UnknownObject&) = default;
};

using Object =
    std::variant<UnknownObject, Session, Hop, Integrity, TimeValues, ErrorSpec, Scope, Style,
                 Flowspec, FilterSpec, SenderTemplate, SenderTspec, Adspec, PolicyData, ResvConfirm,
                 Label, LabelRequest, ExplicitRoute, RecordRoute, Hello, MessageId, MessageIdAck,
                 MessageIdList, RecoveryLabel, UpstreamLabel, LabelSet, Protection, Challenge,
                 LspRequiredAttributes, SuggestedLabel, AcceptableLabelSet, RestartCap,
                 LinkCapability, Capability, LspTunnelInterfaceId, NotifyRequest, AdminStatus,
                 LspAttributes, Association, CallAttributes, SessionAttribute, CallOps,
                 GeneralizedUni, CallId, ExcludeRoute>;

[[nodiscard]] std::uint8_t class_number(const Object& object);
[[nodiscard]] std::uint8_t c_type(const Object& object);

// RFC 2205 section 3.10.
[[nodiscard]] Treatment treatment(std::uint8_t number, std::uint8_t c_type);

// An object whose length is wrong for what it holds is an error; one that is not known never is.
[[nodiscard]] Result<Object> decode_object(const ObjectView& view);
// The same in place: an object is larger than most values that it holds.
[[nodiscard]] std::optional<Error> decode_object(const ObjectView& view, Object& into);
void encode_object(const Object& object, wire::ByteWriter& w);

// A single object of a message that is otherwise left as it is. Nothing: another class or C-Type.
template <class T>
[[nodiscard]] std::optional<T> decode_as(const ObjectView& view) {
  auto object = decode_object(view);
  if (!object || !std::holds_alternative<T>(*object)) return std::nullopt;
  return std::get<T>(*std::move(object));
}

}  // namespace forces::rsvp
