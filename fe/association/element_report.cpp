#include "fe/association/element_report.hpp"

#include "fe/forwarding/unicast/forwarding.hpp"
#include "fe/redirect/redirector.hpp"

namespace forces::fe {
namespace {

daemon::CounterSamples samples(const RedirectCounters& c) {
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

daemon::CounterSamples samples(const dataplane::PortCounters& c) {
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

}  // namespace

daemon::Note note_of(const CeChanged& changed, std::uint32_t ce_id) {
  const auto [from, to, cause] = changed.change;
  const bool was_up = from == CeState::Associated || from == CeState::ChannelLost;
  const bool bad = was_up && to != CeState::Associated && to != CeState::Closed;
  return {bad ? daemon::Severity::Warning : daemon::Severity::Info,
          to == CeState::Associated ? "association_up" : "association_state", ce_id,
          std::string(to_string(to)) + ": " + std::string(to_string(cause))};
}

void append(ElementSnapshot& shot, const Redirector& redirect) {
  const auto all = samples(redirect.counters());
  shot.counters.insert(shot.counters.end(), all.begin(), all.end());
  for (std::size_t i = 0; i < dataplane::kPacketClasses; ++i) {
    const auto packet_class = static_cast<dataplane::PacketClass>(i);
    const auto counted = redirect.policer().counters(packet_class);
    shot.classes.push_back({dataplane::to_string(packet_class), counted.passed, counted.dropped});
  }
  for (std::size_t i = 0; i < redirect.ports().size(); ++i) {
    const dataplane::Port& port = *redirect.ports()[i];
    const bool replay = port.config().kind == dataplane::PortKind::Replay;
    shot.ports.push_back(
        {port.config().port_id, replay ? port.config().capture : port.config().interface,
         dataplane::to_string(port.config().kind), redirect.is_open(i), samples(port.counters())});
  }
}

void append(ElementSnapshot& shot, const forwarding::ForwardingSnapshot& forwarding) {
  shot.counters.insert(shot.counters.end(), forwarding.counters.begin(), forwarding.counters.end());
  const auto& routes = forwarding.routes;
  shot.routes = {forwarding.state, routes.waiting, routes.pending,
                 routes.installed, routes.failed,  routes.stale};
}

void append(ElementSnapshot& shot, forwarding::FabricSnapshot fabric) {
  shot.counters.insert(shot.counters.end(), fabric.counters.begin(), fabric.counters.end());
  shot.fabric = std::move(fabric);
}

}  // namespace forces::fe
