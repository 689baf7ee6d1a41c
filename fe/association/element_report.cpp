// What ElementCore and its shell show of themselves.
#include "fe/association/element_report.hpp"

#include <array>
#include <utility>

#include "fe/association/element_core.hpp"
#include "fe/redirect/redirector.hpp"

namespace forces::fe {
namespace {

std::uint64_t milliseconds(Duration d) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

std::string_view to_string(lfb::FeState state) {
  switch (state) {
    case lfb::FeState::AdminDisable:
      return "admin_disable";
    case lfb::FeState::OperDisable:
      return "oper_disable";
    case lfb::FeState::OperEnable:
      return "oper_enable";
  }
  return "unknown";
}

constexpr std::array<std::string_view, kDrops> kDropNames{
    "malformed", "wrong_source", "wrong_destination", "wrong_state", "wrong_type", "not_master"};

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

std::vector<CounterSample> ElementCounters::samples() const {
  std::vector<CounterSample> all{
      {"pl_setups", "", setups},
      {"pl_setups_granted", "", setups_granted},
      {"pl_associations_lost", "", associations_lost},
      {"pl_heartbeats_received", "", heartbeats_received},
      {"pl_heartbeats_sent", "", heartbeats_sent},
      {"pl_queries", "", queries},
      {"pl_configs", "", configs},
      {"pl_failed_operations", "", failed_operations},
      {"pl_teardowns_received", "", teardowns_received},
      {"pl_teardowns_sent", "", teardowns_sent},
  };
  for (std::size_t i = 0; i < kDrops; ++i) all.push_back({"pl_drops", kDropNames[i], drops[i]});
  return all;
}

ElementSnapshot ElementCore::snapshot(Instant now) const {
  ElementSnapshot shot;
  shot.fe_id = fe_id();
  shot.state = to_string(mastership_.state());
  shot.fe_state = to_string(values_.object.state);
  shot.master = values_.protocol.ce_id;
  shot.counters = counters_.samples();
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const Link& link = links_[i];
    CeSnapshot ce;
    ce.ce_id = link.ce_id;
    ce.state = to_string(link.fsm.state());
    ce.master = mastership_.master() == i;
    ce.control_up = link.control_up;
    ce.data_up = link.data_up;
    if (link.fsm.associated()) {
      ce.associated_ms = milliseconds(now - link.fsm.associated_at());
      ce.last_heard_ms = milliseconds(now - link.fsm.heard_at());
    }
    ce.counters = {
        {"pl_packets_received", "", link.control.received_packets + link.data.received_packets},
        {"pl_octets_received", "", link.control.received_octets + link.data.received_octets},
        {"pl_packets_received_in_error", "",
         link.control.received_error_packets + link.data.received_errors},
        {"pl_packets_sent", "", link.control.sent_packets + link.data.sent_packets},
        {"pl_octets_sent", "", link.control.sent_octets + link.data.sent_octets},
        {"pl_packets_sent_in_error", "", link.control.sent_error_packets + link.data.sent_errors},
    };
    shot.ces.push_back(std::move(ce));
  }
  return shot;
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
  return {{"port_received", "", c.received.get()},
          {"port_sent", "", c.sent.get()},
          {"port_arp_answered", "", c.arp_answered.get()},
          {"port_drops", "not_ip", c.not_ip.get()},
          {"port_drops", "not_selected", c.not_selected.get()},
          {"port_drops", "receive_error", c.receive_error.get()},
          {"port_drops", "send_error", c.send_error.get()},
          {"port_drops", "send_full", c.send_full.get()},
          {"port_drops", "no_neighbor", c.no_neighbor.get()},
          {"port_drops", "off_link", c.off_link.get()}};
}

}  // namespace forces::fe
