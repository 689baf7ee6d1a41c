#include "ce/app/signaling/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>

#include "ce/signaling/service/words.hpp"
#include "ce/state/report.hpp"

namespace forces::ce {
namespace {

namespace ason = signaling::ason;
namespace calls = signaling::ason::calls;
namespace engine = signaling::engine;
using observe::Families;
using observe::Labels;
using prometheus::MetricType;

// What is copied on the service's thread; the rest is text.
struct Taken {
  ason::Controller::Counters connections{};
  std::size_t lsps = 0, unsynchronized = 0;
  calls::CallCounters calls{};
  std::map<calls::CallState, std::size_t> call_states{};
  engine::Snapshot engine{};
  std::size_t interfaces = 0, interfaces_up = 0;
  std::map<signaling::resource::LabelState, std::size_t> pairs{};  // of compound links
  std::size_t label_faults = 0;
};

class Report {
 public:
  void gauge(std::string_view name, std::string_view help, double value,
             const Labels& labels = {}) {
    observe::add_sample(all, name, help, MetricType::Gauge, labels).gauge.value = value;
  }
  void counter(std::string_view name, std::string_view help, std::uint64_t value,
               const Labels& labels = {}) {
    observe::add_sample(all, name, help, MetricType::Counter, labels).counter.value =
        static_cast<double>(value);
  }
  void times(std::string_view name, std::string_view help, const signaling::Times& times) {
    auto& histogram = observe::add_sample(all, name, help, MetricType::Histogram, {}).histogram;
    for (std::size_t i = 0; i < signaling::Times::kBounds.size(); ++i) {
      histogram.sample_count += times.counts[i];
      histogram.bucket.push_back(
          {.cumulative_count = histogram.sample_count,
           .upper_bound = std::chrono::duration<double>(signaling::Times::kBounds[i]).count()});
    }
    histogram.sample_count += times.counts.back();
    histogram.bucket.push_back({.cumulative_count = histogram.sample_count,
                                .upper_bound = std::numeric_limits<double>::infinity()});
    histogram.sample_sum = std::chrono::duration<double>(times.sum).count();
  }

  Families all;
};

template <class Errors>
void report_errors(Report& report, std::string_view name, std::string_view help,
                   const Errors& errors) {
  for (const auto& [error, count] : errors) {
    const auto& [code, value] = error;
    report.counter(name, help, count,
                   {{"code", std::to_string(static_cast<unsigned>(code))},
                    {"value", std::to_string(value)},
                    {"reason", ason::reason_of({code, value})}});
  }
}

void report_connections(Report& report, const Taken& taken,
                        const signaling::Service::Status& status) {
  using State = ason::ConnectionState;
  for (const State state : {State::Setup, State::Up, State::Broken, State::Restoring, State::Failed,
                            State::Releasing}) {
    const auto at = status.connections.find(state);
    report.gauge("ce_signaling_connections", "Connections whose ingress is this node, by state",
                 at == status.connections.end() ? 0 : static_cast<double>(at->second),
                 {{"state", std::string(to_string(state))}});
  }
  report.gauge("ce_signaling_lsps", "LSPs at this node: ingress, transit, egress",
               static_cast<double>(taken.lsps));
  report.gauge("ce_signaling_lsps_unsynchronized",
               "Of them, that nobody has confirmed since a restart; they stay",
               static_cast<double>(taken.unsynchronized));
  const auto& c = taken.connections;
  report.counter("ce_signaling_setups_total", "Connections that were asked for", c.setups);
  report.counter("ce_signaling_setups_up_total", "Of them, that came up", c.up);
  report.counter("ce_signaling_setups_failed_total", "Of them, that were given up", c.failed);
  report.counter("ce_signaling_released_total", "Connections that have ended", c.released);
  report.counter("ce_signaling_crankbacks_total", "Other ways that were tried after an error",
                 c.crankbacks);
  report.counter("ce_signaling_contentions_total", "Other labels, after two setups met on one",
                 c.contentions);
  report.counter("ce_signaling_restorations_total", "LSPs in the place of others", c.restorations);
  report_errors(report, "ce_signaling_errors_total", "Errors found at this node, by code",
                c.errors);
  report.times("ce_signaling_setup_seconds", "Set-up times at the ingress", status.packets.setups);
  report.times("ce_signaling_recovery_seconds", "From the failure to the restored connection",
               status.packets.recoveries);
}

void report_calls(Report& report, const Taken& taken) {
  using State = calls::CallState;
  for (const State state : {State::SetupSent, State::SetupReceived, State::Active,
                            State::ReleaseSent, State::ReleaseReceived, State::Recovering}) {
    const auto at = taken.call_states.find(state);
    report.gauge("ce_signaling_calls", "Calls, by state",
                 at == taken.call_states.end() ? 0 : static_cast<double>(at->second),
                 {{"state", std::string(to_string(state))}});
  }
  const auto& c = taken.calls;
  const auto count = [&](const char* event, std::uint64_t value) {
    report.counter("ce_signaling_call_events_total", "What happened to calls", value,
                   {{"event", event}});
  };
  count("setup_sent", c.setups_sent);
  count("setup_received", c.setups_received);
  count("accepted", c.accepted);
  count("refused", c.refused);
  count("failed", c.failed);
  count("release_sent", c.releases_sent);
  count("release_received", c.releases_received);
  count("released", c.released);
  count("unconfirmed", c.unconfirmed);
  count("refresh_sent", c.refreshes_sent);
  count("refresh_received", c.refreshes_received);
  count("contention", c.contentions);
  count("collision", c.collisions);
  count("adopted", c.adopted);
  count("unknown", c.unknown);
  count("ignored", c.ignored);
  report_errors(report, "ce_signaling_call_errors_total", "Errors of calls, sent and received",
                c.errors);
}

void report_messages(Report& report, const engine::Counters& c, const std::string& neighbor) {
  const auto count = [&](const char* event, std::uint64_t value) {
    report.counter("ce_signaling_messages_total", "RSVP, by neighbour", value,
                   {{"neighbor", neighbor}, {"event", event}});
  };
  count("received", c.messages_received);
  count("sent", c.messages_sent);
  count("hello_received", c.hellos_received);
  count("hello_sent", c.hellos_sent);
  count("trigger_received", c.triggers_received);
  count("trigger_sent", c.triggers_sent);
  count("refresh_received", c.refreshes_received);
  count("refresh_sent", c.refreshes_sent);
  count("retransmitted", c.retransmissions);
  count("unacknowledged", c.unacknowledged);
  for (std::size_t i = 0; i < engine::kDrops; ++i) {
    report.counter(
        "ce_signaling_messages_dropped_total", "RSVP that was not believed", c.drops[i],
        {{"neighbor", neighbor}, {"reason", std::string(to_string(static_cast<engine::Drop>(i)))}});
  }
}

void report_neighbors(Report& report, const Taken& taken) {
  for (const engine::NeighborSnapshot& one : taken.engine.neighbors) {
    const std::string name = signaling::words(one.node);
    report.gauge("ce_signaling_neighbor_up", "1 while Hellos pass in both directions",
                 one.state == engine::NeighborState::Up ? 1 : 0, {{"neighbor", name}});
    report.gauge("ce_signaling_neighbor_unsynchronized",
                 "LSPs that were not given back after a restart",
                 static_cast<double>(one.unsynchronized), {{"neighbor", name}});
    report_messages(report, one.counters, name);
  }
  report_messages(report, taken.engine.strangers, "stranger");
}

}  // namespace

Families families_of(signaling::Service& service) {
  const auto status = service.status();
  const auto taken = service.operate([](signaling::TransportNode::Rooms& rooms, Instant) {
    Taken made{.connections = rooms.connections.counters(),
               .lsps = rooms.manager.connections().size(),
               .unsynchronized = rooms.connections.unsynchronized_count(),
               .calls = rooms.calls.counters(),
               .engine = rooms.engine.snapshot()};
    for (const calls::Call* const call : rooms.calls.list()) ++made.call_states[call->state()];
    for (const std::uint32_t interface : rooms.manager.interfaces()) {
      ++made.interfaces;
      if (rooms.manager.interface_up(interface)) ++made.interfaces_up;
      const auto* const table = rooms.manager.label_table(interface);
      if (table == nullptr) continue;
      for (const auto& entry : table->entries()) ++made.pairs[entry.state];
      made.label_faults += table->faults().size();
    }
    return made;
  });
  Report report;
  report.gauge("ce_signaling_active", "1 while this ce runs the node, 0 while it stands by",
               status && taken ? 1 : 0);
  if (!status || !taken) return std::move(report.all);
  report_connections(report, *taken, *status);
  report_calls(report, *taken);
  report_neighbors(report, *taken);
  report.gauge("ce_signaling_interfaces", "Interfaces of the node",
               static_cast<double>(taken->interfaces));
  report.gauge("ce_signaling_interfaces_up", "Interfaces whose port is up",
               static_cast<double>(taken->interfaces_up));
  using signaling::resource::LabelState;
  for (const auto& [state, name] :
       {std::pair(LabelState::Learning, "learning"), std::pair(LabelState::Verified, "verified")}) {
    const auto at = taken->pairs.find(state);
    report.gauge("ce_signaling_label_pairs", "Pairs of labels of compound links, by state",
                 at == taken->pairs.end() ? 0 : static_cast<double>(at->second), {{"state", name}});
  }
  report.gauge("ce_signaling_label_faults", "What does not fit in tables of label association",
               static_cast<double>(taken->label_faults));
  report.gauge("ce_signaling_fabric_read", "1 once all FEs of the node were read since the start",
               status->fabric_read ? 1 : 0);
  report.gauge("ce_signaling_waiting_for_store", "Messages that wait until the state is durable",
               static_cast<double>(status->waiting_for_store));
  const auto packets = [&](const char* event, std::uint64_t value) {
    report.counter("ce_signaling_packets_total", "IPv4 packets of RSVP at the node's ports", value,
                   {{"event", event}});
  };
  packets("received", status->packets.packets_in);
  packets("sent", status->packets.packets_out);
  packets("forwarded", status->packets.packets_forwarded);
  packets("malformed", status->packets.malformed);
  packets("no_route", status->packets.no_route);
  packets("dropped", status->packets_dropped);
  const auto fabric = [&](const char* event, std::uint64_t value) {
    report.counter("ce_signaling_fabric_total", "What was done at the node's FEs", value,
                   {{"event", event}});
  };
  fabric("transaction", status->fabric.transactions);
  fabric("refused", status->fabric.refused);
  fabric("unknown", status->fabric.unknown);
  fabric("read", status->fabric.reads);
  fabric("event", status->fabric.events);
  fabric("bad_answer", status->fabric.bad);
  fabric("trace_set", status->fabric.traces_set);
  fabric("trace_refused", status->fabric.traces_refused);
  auto store = state::families_of(status->store);
  std::ranges::move(store, std::back_inserter(report.all));
  return std::move(report.all);
}

}  // namespace forces::ce
