#include "ce/signaling/ason/call/journal.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "proto/rsvp/message.hpp"
#include "proto/schema/journal.pb.h"

namespace forces::signaling::ason::calls {
namespace {

std::string text(wire::Bytes octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}
wire::Bytes bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// Objects are kept as RSVP has them.
std::string pack(std::vector<rsvp::Object> objects) {
  const auto octets =
      rsvp::encode_message({.type = rsvp::MessageType::Notify, .objects = std::move(objects)});
  return octets ? text(*octets) : std::string();
}
std::optional<rsvp::Message> unpack(const std::string& octets) {
  auto message = rsvp::decode_message(bytes(octets));
  return message ? std::optional(*std::move(message)) : std::nullopt;
}

std::string pack(const std::optional<rsvp::LinkCapability>& capability) {
  return capability ? pack(std::vector<rsvp::Object>{*capability}) : std::string();
}
// False: damaged.
bool unpack(const std::string& octets, std::optional<rsvp::LinkCapability>& into) {
  if (octets.empty()) return true;
  const auto message = unpack(octets);
  const auto* const found = message ? message->find<rsvp::LinkCapability>() : nullptr;
  if (found != nullptr) into = *found;
  return found != nullptr;
}

std::string pack(const Carried& carried) {
  std::vector<rsvp::Object> objects(carried.policy.begin(), carried.policy.end());
  if (carried.attributes) objects.emplace_back(*carried.attributes);
  if (carried.call_id) objects.emplace_back(*carried.call_id);
  if (carried.uni) objects.emplace_back(*carried.uni);
  objects.insert(objects.end(), carried.others.begin(), carried.others.end());
  return pack(std::move(objects));
}
bool unpack(const std::string& octets, Carried& into) {
  auto message = unpack(octets);
  if (!message) return false;
  for (rsvp::Object& object : message->objects) {
    if (auto* const data = std::get_if<rsvp::PolicyData>(&object)) {
      into.policy.push_back(std::move(*data));
    } else if (auto* const attributes = std::get_if<rsvp::CallAttributes>(&object)) {
      into.attributes = std::move(*attributes);
    } else if (auto* const id = std::get_if<rsvp::CallId>(&object)) {
      into.call_id = std::move(*id);
    } else if (auto* const uni = std::get_if<rsvp::GeneralizedUni>(&object)) {
      into.uni = std::move(*uni);
    } else {
      into.others.push_back(std::move(object));
    }
  }
  return true;
}

bool unpack(const std::string& octets, Address& into) {
  wire::ByteReader r(bytes(octets));
  if (octets.size() == 4) {
    into = Address::v4(r.u32("address"));
  } else if (octets.size() == 16) {
    std::array<std::byte, 16> all{};
    std::ranges::copy(bytes(octets), all.begin());
    into = Address::v6(all);
  } else {
    return false;
  }
  return true;
}

// False: there is no such value, so this is not what we wrote.
template <class Enum>
bool unpack(std::uint32_t value, Enum last, Enum& into) {
  into = static_cast<Enum>(value);
  return value <= std::to_underlying(last);
}

void pack(const Segment& segment, journal::CallSegment& out) {
  out.set_state(std::to_underlying(segment.state));
  out.set_peer(text(segment.peer.octets()));
  out.set_point(segment.point);
  out.set_realisation(std::to_underlying(segment.plan.realisation));
  out.set_working(segment.plan.working);
  out.set_recovery(segment.plan.recovery);
  out.set_local_number(segment.local_number);
  out.set_session_kind(std::to_underlying(segment.kind));
  out.set_capability(pack(segment.capability));
  out.set_was_active(segment.was_active);
  out.set_declared(segment.declared);
}

bool unpack(const journal::CallSegment& in, Segment& out) {
  out.point = in.point();
  out.plan.working = static_cast<std::uint8_t>(in.working());
  out.plan.recovery = static_cast<std::uint8_t>(in.recovery());
  out.local_number = static_cast<std::uint16_t>(in.local_number());
  out.was_active = in.was_active();
  out.declared = in.declared();
  const auto kind = static_cast<std::uint8_t>(in.session_kind());
  out.kind = static_cast<rsvp::Session::Kind>(kind);
  return rsvp::Session::has(kind) && unpack(in.state(), CallState::Recovering, out.state) &&
         unpack(in.peer(), out.peer) &&
         unpack(in.realisation(), Realisation::Nested, out.plan.realisation) &&
         unpack(in.capability(), out.capability);
}

bool unpack(const journal::CallConnection& in, Connection& out) {
  out.key = {.end_point = {in.end_point()},
             .extended_tunnel_id = in.extended_tunnel_id(),
             .sender = {in.sender()},
             .tunnel_id = static_cast<std::uint16_t>(in.tunnel_id()),
             .lsp_id = static_cast<std::uint16_t>(in.lsp_id())};
  out.bandwidth = in.bandwidth();
  return unpack(in.role(), ConnectionRole::Recovery, out.role) &&
         unpack(in.state(), ConnectionState::Up, out.state) &&
         unpack(in.side(), ConnectionSide::Both, out.side);
}

}  // namespace

std::string journal_key(CallHandle handle) {
  char text[32];
  std::snprintf(text, sizeof text, "%s%016llx", kCallKeys.data(),
                static_cast<unsigned long long>(handle));
  return text;
}

std::vector<std::byte> to_journal(const Call& call) {
  journal::CallRecord record;
  record.set_handle(call.handle);
  record.set_name(call.id.name);
  record.set_number(call.id.number);
  record.set_sender(text(call.id.ends.sender.octets()));
  record.set_end_point(text(call.id.ends.end_point.octets()));
  record.set_user_assigned(call.user_assigned);
  record.set_objects(pack(call.carried));
  record.set_capability(pack(call.capability));
  if (call.up) pack(*call.up, *record.mutable_up());
  if (call.down) pack(*call.down, *record.mutable_down());
  for (const Connection& connection : call.connections) {
    journal::CallConnection& out = *record.add_connections();
    out.set_end_point(connection.key.end_point.value);
    out.set_extended_tunnel_id(connection.key.extended_tunnel_id);
    out.set_sender(connection.key.sender.value);
    out.set_tunnel_id(connection.key.tunnel_id);
    out.set_lsp_id(connection.key.lsp_id);
    out.set_role(std::to_underlying(connection.role));
    out.set_state(std::to_underlying(connection.state));
    out.set_bandwidth(connection.bandwidth);
    out.set_side(std::to_underlying(connection.side));
  }
  journal::CallReason& reason = *record.mutable_reason();
  reason.set_cause(call.reason.cause);
  reason.set_code(std::to_underlying(call.reason.error.code));
  reason.set_value(call.reason.error.value);
  reason.set_text(call.reason.text);
  reason.set_where(call.reason.where);
  std::vector<std::byte> octets(record.ByteSizeLong());
  (void)record.SerializeToArray(octets.data(), static_cast<int>(octets.size()));
  return octets;
}

std::optional<Call> from_journal(wire::Bytes octets) {
  journal::CallRecord record;
  if (!record.ParseFromArray(octets.data(), static_cast<int>(octets.size()))) return std::nullopt;
  Call call;
  call.handle = record.handle();
  call.id.name = record.name();
  call.id.number = static_cast<std::uint16_t>(record.number());
  call.user_assigned = record.user_assigned();
  call.reason = {.cause = record.reason().cause(),
                 .error = {static_cast<rsvp::ErrorCode>(record.reason().code()),
                           static_cast<std::uint16_t>(record.reason().value())},
                 .text = record.reason().text(),
                 .where = record.reason().where()};
  bool good = call.handle != 0 && call.id.name.size() <= 255 &&
              unpack(record.sender(), call.id.ends.sender) &&
              unpack(record.end_point(), call.id.ends.end_point) &&
              unpack(record.objects(), call.carried) &&
              unpack(record.capability(), call.capability);
  if (record.has_up()) good = good && unpack(record.up(), call.up.emplace());
  if (record.has_down()) good = good && unpack(record.down(), call.down.emplace());
  for (const journal::CallConnection& in : record.connections()) {
    good = good && unpack(in, call.connections.emplace_back());
  }
  if (!good) return std::nullopt;
  return call;
}

}  // namespace forces::signaling::ason::calls
