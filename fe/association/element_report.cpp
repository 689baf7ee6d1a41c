#include "fe/association/element_report.hpp"

#include <array>
#include <charconv>

#include "fe/redirect/redirector.hpp"

namespace forces::fe {
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

std::vector<CounterSample> samples(const RedirectCounters& c) {
  return {{"redirect_to_ce", "", c.to_ce.get()},
          {"redirect_from_ce", "", c.from_ce.get()},
          {"redirect_drops", "no_master", c.no_master.get()},
          {"redirect_drops", "no_channel", c.no_channel.get()},
          {"redirect_drops", "queue_full", c.queue_full.get()},
          {"redirect_drops", "too_large", c.too_large.get()},
          {"redirect_drops", "channel_error", c.channel_error.get()},
          {"redirect_refused", "malformed", c.malformed.get()},
          {"redirect_refused", "wrong_source", c.wrong_source.get()},
          {"redirect_refused", "not_master", c.not_master.get()},
          {"redirect_refused", "no_index", c.no_index.get()},
          {"redirect_refused", "no_packet", c.no_packet.get()},
          {"redirect_refused", "unknown_port", c.unknown_port.get()},
          {"redirect_refused", "not_sent", c.not_sent.get()}};
}

std::vector<CounterSample> samples(const dataplane::PortCounters& c) {
  return {{"received", "", c.received.get()},
          {"sent", "", c.sent.get()},
          {"arp_answered", "", c.arp_answered.get()},
          {"drops", "not_ip", c.not_ip.get()},
          {"drops", "not_selected", c.not_selected.get()},
          {"drops", "receive_error", c.receive_error.get()},
          {"drops", "send_error", c.send_error.get()},
          {"drops", "send_full", c.send_full.get()},
          {"drops", "no_neighbor", c.no_neighbor.get()},
          {"drops", "off_link", c.off_link.get()}};
}

}  // namespace forces::fe
