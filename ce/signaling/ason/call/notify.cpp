#include "ce/signaling/ason/call/notify.hpp"

#include <array>
#include <utility>

namespace forces::signaling::ason::calls {

using namespace rsvp::admin_status;

std::string_view to_string(CallMessage what) {
  static constexpr std::array<std::string_view, 5> kNames{"setup", "accept", "release", "released",
                                                          "error"};
  return kNames[std::to_underlying(what)];
}

namespace {

// Class 11bbbbbb, and none that is read or made anew by every controller (RFC 4139 section 5).
bool passed_on(const rsvp::Object& object) {
  const auto number = static_cast<rsvp::Class>(rsvp::class_number(object));
  switch (number) {
    case rsvp::Class::AdminStatus:
    case rsvp::Class::SessionAttribute:
    case rsvp::Class::CallAttributes:
    case rsvp::Class::GeneralizedUni:
    case rsvp::Class::CallId:
      return false;
    default:
      return std::to_underlying(number) >= 0xc0;
  }
}

}  // namespace

rsvp::Session::Kind kind_for(const Address& end_point) {
  using Kind = rsvp::Session::Kind;
  return end_point.is_v6() ? Kind::LspTunnelIpv6 : Kind::LspTunnelIpv4;
}

std::optional<CallNotify> parse(const rsvp::ErrorSpec& error, const rsvp::NotifySession& session) {
  const auto* const status = session.find<rsvp::AdminStatus>();
  const auto* const attribute = session.find<rsvp::SessionAttribute>();
  const auto* const sender = session.find<rsvp::SenderTemplate>();
  if (status == nullptr || !status->is(kCall) || attribute == nullptr || sender == nullptr) {
    return std::nullopt;
  }
  CallNotify n;
  if (error.error.code != rsvp::ErrorCode::Confirmation) {
    n.what = CallMessage::Error;
  } else if (status->is(kDelete)) {
    n.what = status->is(kReflect) ? CallMessage::Release : CallMessage::Released;
  } else {
    n.what = status->is(kReflect) ? CallMessage::Setup : CallMessage::Accept;
  }
  n.error = error;
  n.kind = session.session->kind;
  n.id = {.name = attribute->name,
          .number = session.session->call_id,
          .ends = {sender->sender, session.session->end_point}};
  for (const rsvp::Object& object : session.objects) {
    if (const auto* const data = std::get_if<rsvp::PolicyData>(&object)) {
      n.carried.policy.push_back(*data);
    } else if (passed_on(object)) {
      n.carried.others.push_back(object);
    }
  }
  const auto take = [&]<class T>(std::optional<T>& into) {
    if (const T* const found = session.find<T>()) into = *found;
  };
  take(n.capability);
  take(n.carried.attributes);
  take(n.carried.call_id);
  take(n.carried.uni);
  return n;
}

rsvp::Message compose(const CallNotify& notify, const Address& node) {
  rsvp::Message message{.type = rsvp::MessageType::Notify};
  auto& objects = message.objects;
  rsvp::ErrorSpec error = notify.error;
  if (notify.what != CallMessage::Error) error = {.node = node};
  objects.emplace_back(std::move(error));
  const auto& [sender, end_point] = notify.id.ends;
  Address extended = end_point.is_v6() ? Address::v6({}) : Address();
  if (sender.is_v6() == end_point.is_v6()) extended = sender;
  objects.emplace_back(rsvp::Session{.kind = notify.kind,
                                     .end_point = end_point,
                                     .call_id = notify.id.number,
                                     .extended_tunnel_id = extended});
  std::uint32_t bits = kCall;
  switch (notify.what) {
    case CallMessage::Setup:
      bits |= kReflect;
      break;
    case CallMessage::Release:
      bits |= kReflect | kDelete;
      break;
    case CallMessage::Released:
      bits |= kDelete;
      break;
    case CallMessage::Accept:
    case CallMessage::Error:
      break;
  }
  objects.emplace_back(rsvp::AdminStatus{bits});
  for (const rsvp::PolicyData& data : notify.carried.policy) objects.emplace_back(data);
  const auto put = [&](const auto& object) {
    if (object) objects.emplace_back(*object);
  };
  put(notify.capability);
  objects.emplace_back(
      rsvp::SessionAttribute{.setup_priority = 0, .holding_priority = 0, .name = notify.id.name});
  put(notify.carried.attributes);  // RFC 6001 gives it no place (D16)
  put(notify.carried.call_id);
  put(notify.carried.uni);
  objects.insert(objects.end(), notify.carried.others.begin(), notify.carried.others.end());
  objects.emplace_back(rsvp::SenderTemplate{.sender = notify.id.ends.sender});
  objects.emplace_back(rsvp::SenderTspec{});  // bandwidth 0 (D17)
  return message;
}

}  // namespace forces::signaling::ason::calls
