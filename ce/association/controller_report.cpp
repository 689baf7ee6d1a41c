#include "ce/association/controller_report.hpp"

#include "ce/redirect/redirector.hpp"

namespace forces::ce {

daemon::Note note_of(const FeChanged& changed) {
  const auto [from, to, cause] = changed.change;
  const bool bad = to != FeState::Associated && from != FeState::Down && from != FeState::Waiting;
  return {bad ? daemon::Severity::Warning : daemon::Severity::Info,
          to == FeState::Associated ? "association_up" : "association_state", changed.fe_id,
          std::string(to_string(to)) + ": " + std::string(to_string(cause))};
}

daemon::CounterSamples samples(const RedirectPortCounters& c) {
  return {{"redirect_from_fe", "", c.from_fe.get()},
          {"redirect_to_fe", "", c.to_fe.get()},
          {"redirect_drops", "no_device", c.no_device.get()},
          {"redirect_drops", "device_full", c.device_full.get()},
          {"redirect_drops", "device_error", c.device_error.get()},
          {"redirect_drops", "not_ipv4", c.not_ipv4.get()},
          {"redirect_drops", "too_large", c.too_large.get()},
          {"redirect_drops", "not_associated", c.not_associated.get()},
          {"redirect_drops", "not_master", c.not_master.get()},
          {"redirect_drops", "no_channel", c.no_channel.get()},
          {"redirect_drops", "queue_full", c.queue_full.get()},
          {"redirect_drops", "channel_error", c.channel_error.get()}};
}

void append(daemon::CounterSamples& all, const RedirectFeCounters& c) {
  all.push_back({"redirect_refused", "malformed", c.malformed.get()});
  all.push_back({"redirect_refused", "wrong_source", c.wrong_source.get()});
  all.push_back({"redirect_refused", "no_packet", c.no_packet.get()});
  all.push_back({"redirect_refused", "no_port", c.no_port.get()});
  all.push_back({"redirect_refused", "unknown_port", c.unknown_port.get()});
  all.push_back({"redirect_refused", "not_associated", c.not_associated.get()});
}

}  // namespace forces::ce
