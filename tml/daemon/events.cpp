#include "tml/daemon/events.hpp"

#include <array>
#include <charconv>
#include <string>

namespace forces::daemon {
namespace {

Severity severity_of(const tmlx_event& event) {
  const bool control = event.channel_type == TML_CHANNEL_CONTROL;
  switch (event.type) {
    case TMLX_EVENT_AUTH_FAILED:
    case TMLX_EVENT_CERT_EXPIRING:
    case TMLX_EVENT_CHANNEL_DOWN:
    case TMLX_EVENT_HB_LOST:
    case TMLX_EVENT_PROTOCOL_ERROR:
    case TMLX_EVENT_DROPPED:
    case TMLX_EVENT_SKIPPED:
    case TMLX_EVENT_JOIN_REFUSED:
    case TMLX_EVENT_CONNECT_FAILED:
      return Severity::Warning;
    case TMLX_EVENT_MSG_AVAILABLE:
    case TMLX_EVENT_WRITABLE:
      return Severity::Debug;
    // Control: the peer does not read. Data: it is shed, and that is told.
    case TMLX_EVENT_CONGESTED:
      return control ? Severity::Warning : Severity::Debug;
    case TMLX_EVENT_CONGESTION_CLEARED:
      return control ? Severity::Info : Severity::Debug;
    default:
      return Severity::Info;
  }
}

}  // namespace

void tell(const EventSink& sink, const Notes& notes) {
  if (!sink) return;
  for (const Note& n : notes) sink(n.severity, n.event, n.element, n.text);
}

Note note_of(const tmlx_event& event) {
  std::string text = event.channel_type == TML_CHANNEL_DATA ? "data channel" : "control channel";
  if (event.type == TMLX_EVENT_CHANNEL_DOWN || event.type == TMLX_EVENT_CLOSE) {
    text += std::string(": ") + tmlx_reason_name(event.reason);
  }
  if (event.group_id != 0) {
    std::array<char, 8> hex{};
    const auto end = std::to_chars(hex.begin(), hex.end(), event.group_id, 16).ptr;
    text += ": group 0x" + std::string(hex.data(), end);
  }
  if (event.count != 0) text += ": " + std::to_string(event.count);
  if (event.detail != nullptr && *event.detail != '\0') text += std::string(": ") + event.detail;
  return {severity_of(event), tmlx_event_name(event.type), event.element_id, std::move(text)};
}

}  // namespace forces::daemon
