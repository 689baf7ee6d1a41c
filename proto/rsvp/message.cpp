#include "proto/rsvp/message.hpp"

#include <utility>

namespace forces::rsvp {
namespace {

// What the sender of a message with a malformed object may be told; most of it, nothing.
std::optional<ErrorValue> answer_to(Class number) {
  switch (number) {
    case Class::ExplicitRoute:  // RFC 3209 section 4.5
      return ErrorValue{ErrorCode::RoutingProblem, routing::kBadExplicitRoute};
    case Class::ExcludeRoute:  // RFC 4874 section 3.2
      return ErrorValue{ErrorCode::RoutingProblem, routing::kInconsistentSubobject};
    case Class::PolicyData:  // RFC 2750
      return ErrorValue{ErrorCode::Policy, policy::kBadSyntax};
    case Class::Flowspec:  // RFC 2205 appendix B
      return ErrorValue{ErrorCode::TrafficControl, traffic::kBadFlowspec};
    case Class::SenderTspec:
      return ErrorValue{ErrorCode::TrafficControl, traffic::kBadTspec};
    default:
      return std::nullopt;
  }
}

std::optional<ErrorValue> rejection(std::uint8_t number, std::uint8_t c_type) {
  const std::uint16_t value = class_and_c_type(number, c_type);
  switch (treatment(number, c_type)) {
    case Treatment::RejectClass:
      return ErrorValue{ErrorCode::UnknownClass, value};
    case Treatment::RejectCType:
      return ErrorValue{ErrorCode::UnknownCType, value};
    default:
      return std::nullopt;
  }
}

std::unexpected<Refusal> refuse(const Error& error) { return std::unexpected(Refusal{error}); }

std::expected<Message, Refusal> objects_of(const MessageView& view) {
  Message message{.type = view.header().type,
                  .flags = view.header().flags,
                  .send_ttl = view.header().send_ttl,
                  .with_checksum = view.header().checksum != 0};
  message.objects.reserve(view.objects().size());
  for (const ObjectView object : view.objects()) {
    if (const auto error = decode_object(object, message.objects.emplace_back())) {
      return std::unexpected(Refusal{*error, answer_to(object.class_number())});
    }
  }
  return message;
}

}  // namespace

std::expected<Message, Refusal> decode_message(wire::Bytes octets) {
  const auto view = MessageView::parse(octets);
  if (!view) return refuse(view.error());
  return decode_message(*view);
}

std::expected<Message, Refusal> decode_message(const MessageView& view) {
  auto message = objects_of(view);
  if (!message || message->type != MessageType::Bundle) return message;
  const auto parts = split_bundle(view);
  if (!parts) return refuse(parts.error());
  message->bundled.reserve(parts->size());
  for (const SubMessage& part : *parts) {
    const auto inner = MessageView::parse(part.octets, part.offset);
    if (!inner) return refuse(inner.error());
    auto sub_message = objects_of(*inner);
    if (!sub_message) return sub_message;
    message->bundled.push_back(*std::move(sub_message));
  }
  return message;
}

std::optional<Refusal> unacceptable(const MessageView& view) {
  for (const ObjectView object : view.objects()) {
    if (const auto answer = rejection(object.number, object.c_type)) {
      return Refusal{{Errc::UnknownType, static_cast<std::uint32_t>(object.offset), "rsvp.object"},
                     answer};
    }
  }
  return std::nullopt;
}

std::optional<ErrorValue> unacceptable(const Message& message) {
  for (const UnknownObject& object : message.all<UnknownObject>()) {
    if (const auto answer = rejection(object.number, object.type)) return answer;
  }
  return std::nullopt;
}

std::vector<UnknownObject> to_forward(const Message& message) {
  std::vector<UnknownObject> objects;
  for (const UnknownObject& object : message.all<UnknownObject>()) {
    if (treatment(object.number, object.type) == Treatment::Forward) objects.push_back(object);
  }
  return objects;
}

Result<Octets> encode_message(const Message& message, Octets recycled) {
  MessageWriter w(message.type, message.flags, message.send_ttl, std::move(recycled));
  for (const Object& object : message.objects) w.object(object);
  const bool bundle = message.type == MessageType::Bundle;
  if (message.bundled.empty() == bundle) {
    return fail(bundle ? Errc::Missing : Errc::BadValue, "rsvp.bundled", w.size());
  }
  for (const Message& sub_message : message.bundled) {
    if (sub_message.type == MessageType::Bundle) {
      return fail(Errc::TooDeep, "rsvp.bundled", w.size());
    }
    FORCES_TRY(octets, encode_message(sub_message));
    w.message(octets);
  }
  return std::move(w).finish(message.with_checksum);
}

MessageWriter::MessageWriter(MessageType type, std::uint8_t flags, std::uint8_t send_ttl,
                             Octets recycled)
    : w_(std::move(recycled)) {
  encode_header({.flags = flags, .type = type, .send_ttl = send_ttl}, w_);
}

Result<Octets> MessageWriter::finish(bool with_checksum) && {
  w_.patch_u16(6, w_.size(), "rsvp.length");
  auto octets = std::move(w_).finish();
  if (octets && with_checksum) put_checksum(*octets);
  return octets;
}

}  // namespace forces::rsvp
