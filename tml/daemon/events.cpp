#include "tml/daemon/events.hpp"

namespace forces::daemon {
namespace {

Severity severity_of(tmlx_event_type type) {
  switch (type) {
    case TMLX_EVENT_AUTH_FAILED:
    case TMLX_EVENT_CERT_EXPIRING:
    case TMLX_EVENT_CHANNEL_DOWN:
    case TMLX_EVENT_HB_LOST:
    case TMLX_EVENT_PROTOCOL_ERROR:
    case TMLX_EVENT_DROPPED:
    case TMLX_EVENT_CONNECT_FAILED:
      return Severity::Warning;
    case TMLX_EVENT_MSG_AVAILABLE:
    case TMLX_EVENT_WRITABLE:
    case TMLX_EVENT_CONGESTED:
    case TMLX_EVENT_CONGESTION_CLEARED:
      return Severity::Debug;
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
  if (event.count != 0) text += ": " + std::to_string(event.count);
  if (event.detail != nullptr && *event.detail != '\0') text += std::string(": ") + event.detail;
  return {severity_of(event.type), tmlx_event_name(event.type), event.element_id, std::move(text)};
}

}  // namespace forces::daemon
