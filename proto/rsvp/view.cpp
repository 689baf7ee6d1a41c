#include "proto/rsvp/view.hpp"

#include <utility>

namespace forces::rsvp {
namespace {

// The objects at the head of `octets`, as far as a sub-message, which begins with the version: an
// object would need a length of 4096 for that, and none stands before the sub-messages of a Bundle.
Result<ObjectRange> objects_at(wire::Bytes octets, std::size_t offset, bool bundle) {
  std::size_t at = 0;
  std::size_t count = 0;
  while (at < octets.size()) {
    const std::size_t left = octets.size() - at;
    if (bundle && std::to_integer<unsigned>(octets[at]) >> 4 == kVersion) break;
    if (left < kObjectHeader) return fail(Errc::Truncated, "rsvp.object", offset + at);
    const std::size_t length = wire::load_be<2>(&octets[at]);
    if (length < kObjectHeader || length % 4 != 0) {
      return fail(Errc::BadLength, "rsvp.object.length", offset + at);
    }
    if (length > left) return fail(Errc::Truncated, "rsvp.object.length", offset + octets.size());
    if (++count > kMaxObjects) return fail(Errc::TooMany, "rsvp.object", offset + at);
    at += length;
  }
  return ObjectRange(octets.first(at), offset, count);
}

}  // namespace

Result<MessageView> MessageView::parse(wire::Bytes octets, std::size_t offset) {
  FORCES_TRY(header, decode_header(octets, offset));
  if (header.length != octets.size()) {
    return fail(Errc::TrailingOctets, "rsvp.length", offset + header.length);
  }
  if (!checksum_good(octets)) return fail(Errc::BadChecksum, "rsvp.checksum", offset + kChecksumAt);
  MessageView view;
  view.header_ = header;
  view.octets_ = octets;
  view.offset_ = offset;
  const bool bundle = header.type == MessageType::Bundle;
  const wire::Bytes body = octets.subspan(kHeaderSize);
  FORCES_TRY(objects, objects_at(body, offset + kHeaderSize, bundle));
  view.objects_ = objects;
  if (bundle) {
    std::size_t before = 0;
    for (const ObjectView object : objects) before += object.octets.size();
    view.bundled_ = body.subspan(before);
  }
  return view;
}

Result<std::vector<SubMessage>> split_bundle(const MessageView& view) {
  wire::Bytes left = view.bundled();
  std::size_t at = view.offset() + view.octets().size() - left.size();
  if (left.empty()) return fail(Errc::Missing, "rsvp.bundled", at);
  std::vector<SubMessage> messages;
  while (!left.empty()) {
    FORCES_TRY(header, decode_header(left, at));
    if (header.type == MessageType::Bundle) return fail(Errc::TooDeep, "rsvp.bundled", at);
    if (messages.size() == kMaxBundled) return fail(Errc::TooMany, "rsvp.bundled", at);
    messages.push_back({left.first(header.length), at});
    left = left.subspan(header.length);
    at += header.length;
  }
  return messages;
}

std::optional<ObjectView> MessageView::find(Class number) const {
  for (const ObjectView object : objects_) {
    if (object.class_number() == number) return object;
  }
  return std::nullopt;
}

}  // namespace forces::rsvp
