// What ControllerCore and its shell show of themselves.
#include "ce/association/controller_report.hpp"

#include <array>
#include <utility>

#include "ce/association/controller_core.hpp"
#include "ce/redirect/redirector.hpp"

namespace forces::ce {
namespace {

std::uint64_t milliseconds(Duration d) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

struct Row {
  std::string_view name;
  std::uint64_t FeCounters::* value;
};
constexpr std::array kRows{
    Row{"pl_messages_received", &FeCounters::received},
    Row{"pl_messages_sent", &FeCounters::sent},
    Row{"pl_setups", &FeCounters::setups},
    Row{"pl_setups_refused", &FeCounters::setups_refused},
    Row{"pl_associations", &FeCounters::associations},
    Row{"pl_associations_lost", &FeCounters::associations_lost},
    Row{"pl_heartbeats_received", &FeCounters::heartbeats_received},
    Row{"pl_heartbeats_sent", &FeCounters::heartbeats_sent},
    Row{"pl_teardowns_received", &FeCounters::teardowns_received},
    Row{"pl_teardowns_sent", &FeCounters::teardowns_sent},
    Row{"pl_configs_done", &FeCounters::configs_done},
    Row{"pl_configs_failed", &FeCounters::configs_failed},
};
constexpr std::array<std::string_view, kDrops> kDropNames{
    "malformed", "wrong_source", "wrong_destination", "wrong_state", "wrong_type"};

Severity severity_of(tmlx_event_type type) {
  switch (type) {
    case TMLX_EVENT_AUTH_FAILED:
    case TMLX_EVENT_CERT_EXPIRING:
    case TMLX_EVENT_CHANNEL_DOWN:
    case TMLX_EVENT_HB_LOST:
    case TMLX_EVENT_PROTOCOL_ERROR:
    case TMLX_EVENT_DROPPED:
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

void FeCounters::add(const FeCounters& other) {
  for (const Row& row : kRows) this->*row.value += other.*row.value;
  for (std::size_t i = 0; i < kDrops; ++i) drops[i] += other.drops[i];
}

std::vector<CounterSample> FeCounters::samples() const {
  std::vector<CounterSample> all;
  for (const Row& row : kRows) all.push_back({row.name, "", this->*row.value});
  for (std::size_t i = 0; i < kDrops; ++i) all.push_back({"pl_drops", kDropNames[i], drops[i]});
  return all;
}

ControllerSnapshot ControllerCore::snapshot(Instant now) const {
  ControllerSnapshot shot;
  shot.ce_id = ce_id_;
  shot.counters = strangers_.samples();
  for (const auto& [id, peer] : peers_) {
    FeSnapshot fe;
    fe.fe_id = id;
    const FeConfig* config = configured(id);
    fe.configured = config != nullptr;
    if (config != nullptr) fe.name = config->name;
    fe.state = to_string(peer.fsm.state());
    fe.control_up = peer.control != 0;
    fe.data_up = peer.data != 0;
    fe.control_channel = peer.control;
    fe.data_channel = peer.data;
    fe.associations = peer.counters.associations;
    if (peer.fsm.associated()) {
      fe.associated_ms = milliseconds(now - peer.fsm.associated_at());
      fe.last_heard_ms = milliseconds(now - peer.fsm.heard_at());
    }
    fe.counters = peer.counters.samples();
    shot.fes.push_back(std::move(fe));
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
