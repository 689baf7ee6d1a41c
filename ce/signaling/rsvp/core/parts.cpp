#include "ce/signaling/rsvp/core/parts.hpp"

#include <algorithm>
#include <utility>

#include "proto/rsvp/grammar.hpp"

namespace forces::signaling::engine {
namespace {

using rsvp::Class;
using rsvp::Message;
using rsvp::MessageType;
using rsvp::Object;

// Room for INTEGRITY, MESSAGE_ID and a few ACKs.
constexpr std::size_t kMaxBody = 60'000;

std::optional<LspKey> key_of(const rsvp::Session& session, const rsvp::Address& sender,
                             std::uint16_t lsp_id) {
  if (session.end_point.is_v6() || sender.is_v6()) return std::nullopt;
  return LspKey{{session.end_point.v4()},
                session.extended_tunnel_id.v4(),
                {sender.v4()},
                session.tunnel_id,
                lsp_id};
}

bool is_own(const Object& object) {
  return std::holds_alternative<rsvp::Integrity>(object) ||
         std::holds_alternative<rsvp::MessageId>(object) ||
         std::holds_alternative<rsvp::MessageIdAck>(object) ||
         std::holds_alternative<rsvp::TimeValues>(object);
}

// A Resv up to its first flow descriptor, its flowspec, and what begins with the FILTER_SPEC.
struct Split {
  std::span<const Object> head, flowspec, filters;
};
Split split(const Message& resv) {
  const std::span<const Object> all(resv.objects);
  const auto is_flowspec = [](const Object& o) {
    return std::holds_alternative<rsvp::Flowspec>(o);
  };
  const auto is_filter = [](const Object& o) {
    return std::holds_alternative<rsvp::FilterSpec>(o);
  };
  const auto at = [&](auto found) { return static_cast<std::size_t>(found - all.begin()); };
  const std::size_t filter = at(std::ranges::find_if(all, is_filter));
  const std::size_t flowspec = std::min(filter, at(std::ranges::find_if(all, is_flowspec)));
  return {all.first(flowspec), all.subspan(flowspec, filter - flowspec), all.subspan(filter)};
}

}  // namespace

std::optional<LspKey> key_of(const rsvp::Session& session, const rsvp::SenderTemplate& sender) {
  return key_of(session, sender.sender, sender.lsp_id);
}
std::optional<LspKey> key_of(const rsvp::Session& session, const rsvp::FilterSpec& filter) {
  return key_of(session, filter.sender, filter.lsp_id);
}
std::optional<LspKey> key_of(const Message& message) {
  const auto* const session = message.find<rsvp::Session>();
  const auto* const sender = message.find<rsvp::SenderTemplate>();
  if (session == nullptr || sender == nullptr) return std::nullopt;
  return key_of(*session, *sender);
}

std::vector<LspKey> filter_keys(const Message& message) {
  std::vector<LspKey> keys;
  const auto* const session = message.find<rsvp::Session>();
  if (session == nullptr) return keys;
  for (const rsvp::FilterSpec& filter : message.all<rsvp::FilterSpec>()) {
    if (const auto key = key_of(*session, filter)) keys.push_back(*key);
  }
  return keys;
}

Duration strip(Message& message) {
  Duration refresh = std::chrono::seconds(30);
  if (const auto* const times = message.find<rsvp::TimeValues>()) {
    refresh = std::chrono::milliseconds(times->refresh_ms);
  }
  std::erase_if(message.objects, is_own);
  return refresh;
}

bool same_content(const Message& a, const Message& b) {
  const auto counts = [](const Object& o) {
    return !std::holds_alternative<rsvp::RecoveryLabel>(o);
  };
  auto left = a.objects.begin();
  auto right = b.objects.begin();
  for (;; ++left, ++right) {
    left = std::find_if(left, a.objects.end(), counts);
    right = std::find_if(right, b.objects.end(), counts);
    if (left == a.objects.end() || right == b.objects.end()) break;
    if (*left != *right) return false;
  }
  return left == a.objects.end() && right == b.objects.end();
}

bool prepare(Message& message, MessageType type, NodeId node, Duration refresh) {
  message.type = type;
  std::erase_if(message.objects, is_own);
  const rsvp::Address ours = rsvp::Address::v4(node.value);
  auto* const hop = message.find<rsvp::Hop>();
  if (hop != nullptr && hop->address == rsvp::Address()) hop->address = ours;
  auto* const error = message.find<rsvp::ErrorSpec>();
  if (error != nullptr && error->node == rsvp::Address()) error->node = ours;
  if (type == MessageType::Path || type == MessageType::Resv || type == MessageType::RecoveryPath) {
    const auto at = std::ranges::find_if(
        message.objects, [](const Object& o) { return std::holds_alternative<rsvp::Hop>(o); });
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(refresh).count();
    message.objects.insert(at == message.objects.end() ? at : at + 1,
                           rsvp::TimeValues{static_cast<std::uint32_t>(ms)});
  }
  return !rsvp::missing(message);
}

rsvp::Octets encode_objects(std::span<const Object> objects) {
  wire::ByteWriter w;
  for (const Object& object : objects) rsvp::encode_object(object, w);
  auto octets = std::move(w).finish();
  if (!octets || octets->size() > kMaxBody) return {};
  return std::move(*octets);
}

std::vector<ResvPart> take_apart(const Message& resv) {
  std::vector<ResvPart> parts;
  const auto* const session = resv.find<rsvp::Session>();
  const auto descriptors = rsvp::flow_descriptors(resv);
  if (session == nullptr || !descriptors) return parts;
  const Split whole = split(resv);
  for (const rsvp::FlowDescriptor& one : *descriptors) {
    const auto key = key_of(*session, *one.filter);
    if (!key) continue;
    Message message{.type = resv.type, .flags = resv.flags, .send_ttl = resv.send_ttl};
    message.objects.assign(whole.head.begin(), whole.head.end());
    if (one.flowspec != nullptr) message.objects.emplace_back(*one.flowspec);
    message.objects.insert(message.objects.end(), one.objects.begin(), one.objects.end());
    parts.push_back({*key, std::move(message)});
  }
  return parts;
}

bool may_share(const Message& a, const Message& b) {
  const auto* const style = a.find<rsvp::Style>();
  if (style == nullptr || style->options != rsvp::Style::kSharedExplicit) return false;
  const Split one = split(a);
  const Split other = split(b);
  return std::ranges::equal(one.head, other.head) &&
         std::ranges::equal(one.flowspec, other.flowspec);
}

rsvp::Octets put_together(std::span<const Message* const> resvs) {
  Message whole = *resvs.front();
  for (const Message* const resv : resvs.subspan(1)) {
    const auto filters = split(*resv).filters;
    whole.objects.insert(whole.objects.end(), filters.begin(), filters.end());
  }
  return encode_objects(whole.objects);
}

Message tear_of(const Message& message) {
  const bool path = message.type != MessageType::Resv;
  Message tear{.type = path ? MessageType::PathTear : MessageType::ResvTear};
  const auto copy = [&]<class T>(const T* object) {
    if (object != nullptr) tear.objects.emplace_back(*object);
  };
  copy(message.find<rsvp::Session>());
  copy(message.find<rsvp::Hop>());
  if (path) {
    copy(message.find<rsvp::SenderTemplate>());
    copy(message.find<rsvp::SenderTspec>());
  } else {
    copy(message.find<rsvp::Style>());
    copy(message.find<rsvp::Flowspec>());
    for (const rsvp::FilterSpec& filter : message.all<rsvp::FilterSpec>()) copy(&filter);
  }
  return tear;
}

Message resv_err(const Message& resv, rsvp::ErrorValue error) {
  Message message = tear_of(resv);
  message.type = MessageType::ResvErr;
  const auto at = std::ranges::find_if(
      message.objects, [](const Object& o) { return std::holds_alternative<rsvp::Style>(o); });
  message.objects.insert(at, rsvp::ErrorSpec{.error = error});
  return message;
}

std::optional<rsvp::RecoveryLabel> recovery_label(const Message& resv) {
  const auto* const label = resv.find<rsvp::Label>();
  if (label == nullptr || label->kind == 1) return std::nullopt;  // RECOVERY_LABEL has no C-Type 1
  return rsvp::RecoveryLabel{label->kind, label->labels};
}

Message recovery_path(const Message& path, const Message& resv) {
  Message message = path;
  message.type = MessageType::RecoveryPath;
  std::erase_if(message.objects,
                [](const Object& o) { return std::holds_alternative<rsvp::RecoveryLabel>(o); });
  auto* const hop = message.find<rsvp::Hop>();
  const auto* const ours = resv.find<rsvp::Hop>();
  if (hop != nullptr && ours != nullptr) *hop = *ours;
  if (auto label = recovery_label(resv)) {
    const auto tspec = std::ranges::find_if(message.objects, [](const Object& o) {
      return std::holds_alternative<rsvp::SenderTspec>(o);
    });
    message.objects.insert(tspec == message.objects.end() ? tspec : tspec + 1, *std::move(label));
  }
  return message;
}

rsvp::Octets refusal_of(const rsvp::MessageView& view, rsvp::ErrorValue error, NodeId node) {
  const bool path = view.header().type == MessageType::Path;
  // What nobody could read is not sent back.
  const auto readable = [&view](Class number) {
    auto object = view.find(number);
    if (object && !rsvp::decode_object(*object)) object.reset();
    return object;
  };
  const auto session = readable(Class::Session);
  const auto hop = readable(Class::Hop);
  const auto style = readable(Class::Style);
  if (!session || (!path && (!hop || !style))) return {};
  wire::ByteWriter w;
  w.bytes(session->octets);
  if (!path) w.bytes(hop->octets);
  rsvp::encode_object(
      rsvp::ErrorSpec{.node = rsvp::Address::v4(node.value), .flags = 0, .error = error}, w);
  if (!path) w.bytes(style->octets);
  for (const rsvp::ObjectView object : view.objects()) {
    switch (object.class_number()) {
      case Class::SenderTemplate:
      case Class::SenderTspec:
        if (path && rsvp::decode_object(object)) w.bytes(object.octets);
        break;
      case Class::Flowspec:
      case Class::FilterSpec:
        if (!path && rsvp::decode_object(object)) w.bytes(object.octets);
        break;
      default:
        break;
    }
  }
  auto octets = std::move(w).finish();
  if (!octets || octets->size() > kMaxBody) return {};
  return std::move(*octets);
}

}  // namespace forces::signaling::engine
