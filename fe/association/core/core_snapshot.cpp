// What ElementCore shows of itself.

#include <array>
#include <utility>

#include "fe/association/core/element_core.hpp"

namespace forces::fe {
namespace {

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
    "malformed",  "wrong_source", "wrong_destination", "wrong_state",
    "wrong_type", "not_master",   "wrong_correlator"};

}  // namespace

std::string_view to_string(Drop reason) { return kDropNames[std::to_underlying(reason)]; }

daemon::CounterSamples ElementCounters::samples() const {
  daemon::CounterSamples all{
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
  shot.fe_state = to_string(values().object.state);
  shot.master = values().protocol.ce_id;
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
      ce.associated_ms = whole_milliseconds(now - link.fsm.associated_at());
      ce.last_heard_ms = whole_milliseconds(now - link.fsm.heard_at());
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

}  // namespace forces::fe
