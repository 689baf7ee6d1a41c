#include "ce/association/controller_report.hpp"

#include <array>
#include <charconv>

#include "ce/redirect/redirector.hpp"

namespace forces::ce {
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
      return Severity::Warning;
    case TMLX_EVENT_MSG_AVAILABLE:
    case TMLX_EVENT_WRITABLE:
      return Severity::Debug;
    case TMLX_EVENT_CONGESTED:  // control: the peer does not read; data: it is shed, and that is
                                // told
      return control ? Severity::Warning : Severity::Debug;
    case TMLX_EVENT_CONGESTION_CLEARED:
      return control ? Severity::Info : Severity::Debug;
    default:
      return Severity::Info;
  }
}

}  // namespace

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

std::vector<CounterSample> samples(const RedirectPortCounters& c) {
  return {{"redirect_from_fe", "", c.from_fe.get()},
          {"redirect_to_fe", "", c.to_fe.get()},
          {"redirect_drops", "no_device", c.no_device.get()},
          {"redirect_drops", "device_full", c.device_full.get()},
          {"redirect_drops", "device_error", c.device_error.get()},
          {"redirect_drops", "not_ipv4", c.not_ipv4.get()},
          {"redirect_drops", "too_large", c.too_large.get()},
          {"redirect_drops", "not_associated", c.not_associated.get()},
          {"redirect_drops", "no_channel", c.no_channel.get()},
          {"redirect_drops", "queue_full", c.queue_full.get()},
          {"redirect_drops", "channel_error", c.channel_error.get()}};
}

void append(std::vector<CounterSample>& all, const RedirectFeCounters& c) {
  all.push_back({"redirect_refused", "malformed", c.malformed.get()});
  all.push_back({"redirect_refused", "wrong_source", c.wrong_source.get()});
  all.push_back({"redirect_refused", "no_packet", c.no_packet.get()});
  all.push_back({"redirect_refused", "no_port", c.no_port.get()});
  all.push_back({"redirect_refused", "unknown_port", c.unknown_port.get()});
  all.push_back({"redirect_refused", "not_associated", c.not_associated.get()});
}

}  // namespace forces::ce
