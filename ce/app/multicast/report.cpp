#include "ce/app/multicast/report.hpp"

#include <fmt/format.h>

#include "ce/app/multicast/requests.hpp"
#include "proto/mars/codes.hpp"
#include "tml/daemon/tml_context.hpp"

namespace forces::ce {
namespace {

namespace server = mars::server;
namespace sync = multicast::sync;
using Rooms = multicast::Service::Rooms;
using observe::Labels;
using prometheus::MetricType;

// What is copied on the service's thread; the rest is text.
struct Taken {
  struct Protocol {
    std::string_view name;
    std::size_t clients = 0, servers = 0, groups = 0, blocks = 0, peers = 0;
  };
  bool ready = false;
  std::vector<Protocol> protocols;
  server::Counters mars;
  sync::Snapshot scsp;
  multicast::link::HubCounters link;
  multicast::Service::Counters service;
  std::map<sync::ServerId, OriginatorView> originators;
  std::size_t vcs = 0;
  bool draining = false;
};

Taken take(const Rooms& rooms) {
  Taken taken{.ready = rooms.mars.ready(),
              .protocols = {},
              .mars = rooms.mars.counters(),
              .scsp = rooms.hub.engine().snapshot(),
              .link = rooms.hub.counters(),
              .service = rooms.counters,
              .originators = originators(rooms.hub.engine()),
              .vcs = rooms.vcs.size(),
              .draining = rooms.drain.has_value()};
  for (const server::Cluster& cluster : rooms.mars.clusters()) {
    taken.protocols.push_back({.name = cluster.protocol() == mars::kIpv4 ? "ipv4" : "ipv6",
                               .clients = cluster.clients().size(),
                               .servers = cluster.servers().size(),
                               .groups = cluster.maps().groups(),
                               .blocks = cluster.maps().blocks().size(),
                               .peers = cluster.peers().size()});
  }
  return taken;
}

class Report {
 public:
  template <class T>
  void gauge(std::string_view name, std::string_view help, T value, const Labels& labels = {}) {
    observe::add_sample(all, name, help, MetricType::Gauge, labels).gauge.value =
        static_cast<double>(value);
  }
  void counter(std::string_view name, std::string_view help, std::uint64_t value,
               const Labels& labels = {}) {
    observe::add_sample(all, name, help, MetricType::Counter, labels).counter.value =
        static_cast<double>(value);
  }
  observe::Families all;
};

void report_mars(Report& report, const Taken& taken) {
  report.gauge("ce_multicast_ready", "1 once the MARS knows what its group knows and serves",
               taken.ready);
  report.gauge("ce_multicast_draining", "1 while clients are sent to another ce", taken.draining);
  report.gauge("ce_multicast_vcs", "FEs that can speak to the MARS", taken.vcs);
  for (const Taken::Protocol& p : taken.protocols) {
    const Labels labels{{"protocol", std::string(p.name)}};
    report.gauge("ce_multicast_clients", "Cluster members that are registered here", p.clients,
                 labels);
    report.gauge("ce_multicast_servers", "MCSs that are registered here", p.servers, labels);
    report.gauge("ce_multicast_groups", "Groups with members, of all servers", p.groups, labels);
    report.gauge("ce_multicast_blocks", "Blocks of groups that routers are in", p.blocks, labels);
    report.gauge("ce_multicast_peers", "Other servers of the group, dead ones included", p.peers,
                 labels);
  }
  const server::Counters& c = taken.mars;
  for (std::size_t i = 1; i < c.received.size(); ++i) {
    report.counter("ce_multicast_messages_received_total", "MARS messages of FEs", c.received[i],
                   {{"operation", std::string(mars::to_string(static_cast<mars::Operation>(i)))}});
  }
  for (std::size_t i = 0; i < c.dropped.size(); ++i) {
    report.counter("ce_multicast_messages_dropped_total", "MARS messages that were not acted on",
                   c.dropped[i],
                   {{"reason", std::string(server::to_string(static_cast<server::Drop>(i)))}});
  }
  for (std::size_t i = 0; i < multicast::kRefusals; ++i) {
    report.counter("ce_multicast_messages_dropped_total", "", taken.service.refused[i],
                   {{"reason", std::string(to_string(static_cast<multicast::Refusal>(i)))}});
  }
  report.counter("ce_multicast_messages_dropped_total", "", taken.service.dropped,
                 {{"reason", "overload"}});
  const auto sent = [&](const char* vc, std::uint64_t count) {
    report.counter("ce_multicast_messages_sent_total", "MARS messages, each once", count,
                   {{"vc", vc}});
  };
  sent("point_to_point", c.private_sent);
  sent("ccvc", c.cluster_sent);
  sent("scvc", c.server_sent);
  report.counter("ce_multicast_unsent_total", "Copies to VCs that were gone or without a channel",
                 taken.service.unsent);
  report.counter("ce_multicast_records_originated_total", "Records of this server",
                 c.records_originated);
  report.counter("ce_multicast_records_ignored_total", "Records of others without a meaning here",
                 c.records_ignored);
  report.counter("ce_multicast_records_unsaid_total", "Records of this server without room",
                 taken.service.unsaid);
  report.counter("ce_multicast_servers_flushed_total", "Servers of which nothing was heard",
                 c.servers_flushed);
  report.counter("ce_multicast_nodes_moved_total", "Clients and MCSs that another server has now",
                 c.nodes_moved);
}

void report_neighbor(Report& report, const sync::NeighborSnapshot& n) {
  const std::string id = fmt::format("{:#x}", n.id.value);
  const Labels labels{{"neighbor", id}};
  using sync::AlignmentState;
  using sync::HelloState;
  for (const HelloState state : {HelloState::Down, HelloState::Waiting, HelloState::Unidirectional,
                                 HelloState::Bidirectional}) {
    report.gauge("ce_multicast_neighbor_hello", "1 for the state of the HFSM", n.hello == state,
                 {{"neighbor", id}, {"state", std::string(to_string(state))}});
  }
  for (const AlignmentState state :
       {AlignmentState::Down, AlignmentState::Negotiation, AlignmentState::CacheSummarize,
        AlignmentState::UpdateCache, AlignmentState::Aligned}) {
    report.gauge("ce_multicast_neighbor_alignment", "1 for the state of the CAFSM",
                 n.alignment == state,
                 {{"neighbor", id}, {"state", std::string(to_string(state))}});
  }
  report.gauge("ce_multicast_neighbor_unsent", "CSA records that wait", n.unsent, labels);
  report.gauge("ce_multicast_neighbor_unacknowledged", "CSA records on their way", n.unacknowledged,
               labels);
  const auto count = [&](const char* name, const char* help, std::uint64_t value) {
    report.counter(fmt::format("ce_multicast_neighbor_{}_total", name), help, value, labels);
  };
  count("packets_received", "SCSP packets", n.counters.packets_received);
  count("packets_sent", "SCSP packets", n.counters.packets_sent);
  count("records_received", "CSA records", n.counters.records_received);
  count("records_sent", "CSA records", n.counters.records_sent);
  count("retransmissions", "CSA records sent again", n.counters.retransmissions);
  count("alignments", "Times that Aligned was reached", n.counters.alignments);
  count("authentication_failures", "Packets without a digest, or with one of no key of ours",
        n.counters.authentication_failures);
  count("unsigned", "Packets that were not sent, as no key may sign", n.counters.unsigned_packets);
  for (std::size_t i = 1; i < n.counters.abnormal.size(); ++i) {
    if (n.counters.abnormal[i] == 0) continue;
    report.counter("ce_multicast_neighbor_abnormal_total", "Packets that took the HFSM to Waiting",
                   n.counters.abnormal[i],
                   {{"neighbor", id}, {"reason", std::string(to_string(static_cast<Errc>(i)))}});
  }
}

void report_scsp(Report& report, const Taken& taken) {
  for (const std::string_view state : {"in_sync", "syncing", "alone"}) {
    report.gauge("ce_multicast_sync", "1 for how the cache is with those of the neighbors",
                 sync_state(taken.scsp) == state, {{"state", std::string(state)}});
  }
  report.gauge("ce_multicast_cache_entries", "Records of all servers", taken.scsp.entries);
  report.gauge("ce_multicast_cache_octets", "Memory of the cache, about",
               taken.scsp.record_octets + taken.scsp.overhead_octets);
  for (const auto& [originator, view] : taken.originators) {
    const Labels labels{{"originator", fmt::format("{:#x}", originator.value)}};
    report.gauge("ce_multicast_originator_entries", "Records of each server", view.entries, labels);
    // As many bits as a double holds.
    report.gauge("ce_multicast_originator_digest",
                 "Of a server's records; equal at all servers that are in sync", view.digest >> 11,
                 labels);
  }
  for (const sync::NeighborSnapshot& n : taken.scsp.neighbors) report_neighbor(report, n);
  const auto link = [&](const char* event, std::uint64_t value) {
    report.counter("ce_multicast_links_total", "Connections of neighbors", value,
                   {{"event", event}});
  };
  link("accepted", taken.link.accepted);
  link("dialled", taken.link.dialled);
  link("dial_failed", taken.link.dial_failures);
  link("refused", taken.link.refused);
  link("replaced", taken.link.replaced);
}

}  // namespace

observe::Families families_of(multicast::Service& service) {
  const auto taken = service.operate([](Rooms& rooms) { return take(rooms); });
  if (!taken) return {};
  Report report;
  report_mars(report, *taken);
  report_scsp(report, *taken);
  return std::move(report.all);
}

observe::Families families_of(const multicast::forwarding::ForwardingSnapshot& copies) {
  Report report;
  report.counter("ce_multicast_forwarding_impatient_total",
                 "Times that groups went elsewhere though an FE had not answered",
                 copies.counters.impatient);
  report.counter("ce_multicast_forwarding_foreign_total",
                 "Members and MCSs that were left out: addresses of no FE that takes copies",
                 copies.counters.foreign);
  report.gauge("ce_multicast_forwarding_waiting", "Groups whose senders wait for FEs to be ready",
               copies.waiting);
  for (const auto& fe : copies.fes) {
    const Labels labels{{"fe", daemon::element_text(fe.id)}};
    report.gauge("ce_multicast_forwarding_rows", "Rows for copies that the FE shall have", fe.rows,
                 labels);
    report.gauge("ce_multicast_forwarding_set", "1 while the FE has all of them", fe.set, labels);
  }
  return std::move(report.all);
}

}  // namespace forces::ce
