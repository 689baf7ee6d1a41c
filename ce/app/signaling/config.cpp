#include "ce/app/signaling/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>

#include "ce/app/signaling/text.hpp"
#include "tml/daemon/settings.hpp"

namespace forces::ce {
namespace {

using namespace std::chrono_literals;
using runtime::ConfigVisitor;
using signaling::FePort;
using signaling::NodeId;

constexpr std::uint32_t kMost = 0xffffffff;
constexpr std::uint32_t kMostInterface = 0x7fff'ffff;   // from there on: ason::kSegmentLinks
constexpr std::uint64_t kMostKeyId = 0xffff'ffff'ffff;  // RFC 2747 section 2: 48 bits
constexpr std::array<std::string_view, 2> kStores{"file", "etcd"};
constexpr std::array<std::string_view, 2> kSyncs{"each_commit", "never"};
// That have room for others (G.707).
constexpr std::array<std::string_view, 2> kServerSignals{"vc4", "vc3"};
constexpr std::array<std::string_view, 4> kScopes{"none", "end_to_end", "boundary", "segment"};
constexpr std::array<std::string_view, 3> kReductions{"auto", "never", "always"};
constexpr std::array<std::string_view, 2> kDigests{"hmac-md5", "hmac-sha1"};

struct Seen {
  const std::vector<FeConfig>& fes;
  std::map<NodeId, bool> nodes{};  // of [te]
  std::set<NodeId> domain{};       // other nodes of ours, if it has a number
  std::map<std::uint32_t, const TeLinkSettings*> links{};  // by our interface
  std::map<std::uint32_t, InterfaceSettings> interfaces{};
  std::set<std::uint32_t> adapted{};
  std::set<FePort> ports{};
  std::set<std::uint32_t> configured_fes{};
  std::set<std::uint64_t> keys{};
  std::set<NodeId> neighbors{};
};

// --- tables of [signaling] ---

// "http://127.0.0.1:2379": a scheme, a host and a port, and nothing behind it.
bool is_endpoint(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto rest = text.substr(scheme.size());
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const auto port = number_in(std::string(rest.substr(colon + 1)));
    return port && *port > 0 && *port <= 65'535 && rest.find('/') == std::string_view::npos;
  }
  return false;
}

void visit_etcd(ConfigVisitor& v, SignalingSettings& s) {
  auto& etcd = s.etcd;
  auto& client = etcd.client;
  v.texts("endpoints", client.endpoints);
  daemon::visit_certificate(v, client.ca, client.certificate, client.key);
  v.flag("plaintext_anywhere", client.plaintext_anywhere);
  v.text("group", etcd.group);
  Duration lease = etcd.lease;
  v.duration("lease", lease, {.min = 2s, .max = 10min});
  etcd.lease = std::chrono::duration_cast<std::chrono::seconds>(lease);
  v.duration("timeout", client.timeout, {.min = 100ms, .max = 1min});
  v.check(lease == Duration(etcd.lease), "lease", "is not in whole seconds");
  v.check(client.certificate.empty() == client.key.empty(), "cert", "cert and key come together");
  v.check(etcd.group.find('/') == std::string::npos, "group", "has a slash in it");
  for (const std::string& endpoint : client.endpoints) {
    v.check(is_endpoint(endpoint), "endpoints",
            fmt::format("\"{}\" is no endpoint, such as \"https://10.0.0.1:2379\"", endpoint));
    v.check(!endpoint.starts_with("http://") || client.plaintext_anywhere ||
                state::etcd::is_loopback(endpoint),
            "endpoints",
            fmt::format("\"{}\" is beyond loopback: that needs https, or plaintext_anywhere = true",
                        endpoint));
  }
  if (!s.enabled() || s.kind != StoreKind::Etcd) return;
  v.check(!client.endpoints.empty(), "endpoints", "is required with store = \"etcd\"");
  v.check(!s.store.in_memory, "endpoints", "in_memory = true and store = \"etcd\": which?");
}

void visit_timers(ConfigVisitor& v, SignalingSettings& s) {
  auto& t = s.times;
  v.duration("refresh", t.refresh, {.min = 100ms, .max = 1h});
  v.number("keep", t.keep, {.min = 1, .max = 255});
  v.duration("hello", t.hello, {.min = 10ms, .max = 1h});
  v.duration("rapid", t.rapid, {.min = 10ms, .max = 1min});
  v.number("rapid_delta", t.delta, {.min = 0, .max = 10});
  v.number("rapid_limit", t.rapid_limit, {.min = 1, .max = 20});
  v.duration("ack_delay", t.ack_delay, {.min = 0ms, .max = 1s});
  v.duration("resync", t.resync, {.min = 100ms, .max = 1h});
  v.duration("graceful", s.connections.graceful, {.min = 100ms, .max = 1h});
  v.duration("restore_wait", s.connections.restore_wait, {.min = 0ms, .max = 1min});
  v.duration("restore_again", s.connections.restore_again, {.min = 100ms, .max = 1h});
  v.duration("tear_guard", s.connections.tear_guard, {.min = 100ms, .max = 1h});
  v.duration("tell_again", s.connections.tell_again, {.min = 100ms, .max = 1h});
  v.duration("segment_idle", s.connections.segment_idle, {.min = 100ms, .max = 24h});
  v.check(t.rapid >= t.ack_delay, "rapid", "must not be shorter than ack_delay");
}

void visit_restart(ConfigVisitor& v, SignalingSettings& s) {
  // What the printed form calls "unlimited" is the core's Duration::max().
  Duration restart = s.restart.restart == Duration::max() ? runtime::kOff : s.restart.restart;
  v.duration("restart", restart, {.min = 1s, .max = 1h * 24 * 30, .off = "unlimited"});
  s.restart.restart = restart == runtime::kOff ? Duration::max() : restart;
  v.duration("recovery", s.restart.recovery, {.min = 1s, .max = 24h});
  v.duration("claim", s.claim_time, {.min = 1s, .max = 24h});
}

void visit_crankback(ConfigVisitor& v, SignalingSettings& s) {
  v.choice("scope", s.crankback, kScopes);
  v.number("node", s.limits.node, {.max = 1000});
  v.number("connection", s.limits.connection, {.max = 1000});
  v.number("contention", s.limits.contention, {.max = 1000});
  v.duration("setup", s.limits.setup, {.min = 100ms, .max = 1h});
  v.duration("history_hold", s.connections.history_hold, {.min = 0ms, .max = 24h});
  v.flag("budget", s.connections.budget);
}

void visit_interface_numbers(ConfigVisitor& v, std::string_view key,
                             std::vector<std::string>& texts, std::set<std::uint32_t>& into) {
  v.texts(key, texts);
  into.clear();
  for (const std::string& text : texts) {
    const auto number = number_in(text);
    if (!number) v.problem(key, fmt::format("\"{}\" is no number of an interface", text));
    into.insert(number.value_or(0));
  }
}

void visit_connections(ConfigVisitor& v, SignalingSettings& s) {
  auto& c = s.connections;
  auto max_lsps = static_cast<std::uint64_t>(c.max_lsps);
  v.flag("ason", c.ason);
  v.flag("hide_route", c.hide_route);
  v.flag("tell_degraded", c.tell_degraded);
  v.number("max_lsps", max_lsps, {.min = 1, .max = 1'000'000});
  c.max_lsps = max_lsps;
  visit_interface_numbers(v, "oif", s.oif, c.oif);
  visit_interface_numbers(v, "no_ero", s.no_ero, c.no_ero);
}

void visit_calls(ConfigVisitor& v, SignalingSettings& s) {
  auto& c = s.calls;
  auto max_calls = static_cast<std::uint64_t>(c.max_calls);
  v.text("country", c.naming.country);
  v.text("carrier", c.naming.carrier);
  v.text("access_point", c.naming.access_point);
  v.duration("answer", c.times.answer, {.min = 100ms, .max = 1h});
  v.number("answer_tries", c.times.answer_tries, {.min = 1, .max = 100});
  v.duration("refresh", c.times.refresh, {.min = 1s, .max = 24h});
  v.number("quarantine", c.times.quarantine, {.min = 1, .max = 100});
  v.duration("hold", c.times.hold, {.min = 0ms, .max = 1h});
  s.connections.call_hold = c.times.hold;
  v.number("max_calls", max_calls, {.min = 1, .max = 60'000});
  c.max_calls = max_calls;
  v.check(c.naming.country.size() == 3, "country", "is three letters (ISO 3166)");
}

void visit_security(ConfigVisitor& v, signaling::engine::Security& s) {
  auto window = static_cast<std::uint64_t>(s.window);
  v.number("window", window, {.min = 1, .max = 64});
  s.window = window;
  v.flag("handshake", s.handshake);
  v.flag("accept_without_handshake", s.accept_without_handshake);
}

// --- [[signaling.*]] ---

void check_port(ConfigVisitor& v, std::string_view key, const std::string& text, FePort& port,
                Seen& seen) {
  v.required(key);
  if (text.empty()) return;
  const auto read = port_in(text);
  v.check(read.has_value(), key, "is no port: FE:PORT, such as \"1:12\"");
  if (!read) return;
  v.check(std::ranges::find(seen.fes, read->fe, &FeConfig::fe_id) != seen.fes.end(), key,
          "is at none of the [[fe]]");
  v.check(seen.ports.insert(*read).second, key, "is used twice");
  port = *read;
}

void visit_interface(ConfigVisitor& v, InterfaceSettings& interface, Seen& seen) {
  auto& values = interface.values;
  v.number("id", values.id, {.min = 1, .max = kMostInterface});
  v.text("port", interface.port);
  v.texts("labels", interface.labels);
  visit_multiplexing(v, values.switching, values.encoding);
  v.required("id");
  check_port(v, "port", interface.port, values.port, seen);
  check_labels(v, interface.labels);
  v.check(seen.interfaces.emplace(values.id, interface).second, "id", "is another interface's");
  const auto link = seen.links.find(values.id);
  const bool of_link = link != seen.links.end() && !link->second->compound;
  v.check(of_link || !interface.labels.empty(), "labels",
          "is required, for it is at no [[te.link]], or at one whose ends number differently");
}

void visit_fibre(ConfigVisitor& v, InterFeLinkSettings& link, Seen& seen) {
  FePort a, b;
  v.text("a", link.a);
  v.text("b", link.b);
  v.texts("labels", link.labels);
  check_port(v, "a", link.a, a, seen);
  check_port(v, "b", link.b, b, seen);
  v.check(a.fe == 0 || a.fe != b.fe, "b", "is at the same FE as the other end");
  check_labels(v, link.labels);
  v.check(!link.labels.empty(), "labels", "is required");
}

void visit_adaptation(ConfigVisitor& v, AdaptationSettings& one, Seen& seen) {
  v.number("client", one.client, {.min = 1, .max = kMostInterface});
  v.number("server", one.server, {.min = 1, .max = kMostInterface});
  v.choice("signal", one.signal, kServerSignals);
  v.required("client");
  v.required("server");
  const auto interface = [&](std::string_view key, std::uint32_t id) -> const InterfaceSettings* {
    const auto at = seen.interfaces.find(id);
    v.check(at != seen.interfaces.end() && !seen.links.contains(id), key,
            "is no [[signaling.interface]], or one of a [[te.link]]");
    v.check(id == 0 || seen.adapted.insert(id).second, key, "is in another adaptation");
    return at == seen.interfaces.end() ? nullptr : &at->second;
  };
  const auto* const client = interface("client", one.client);
  const auto* const server = interface("server", one.server);
  if (client == nullptr || server == nullptr) return;
  v.check(client->values.port.fe == server->values.port.fe, "server", "is at another FE");
  const auto labels = labels_in(server->labels);
  v.check(!labels || labels->size() == 1, "server", "has not one label, but several");
}

void visit_neighbor(ConfigVisitor& v, NeighborSettings& neighbor, Seen& seen) {
  auto& values = neighbor.values;
  v.text("node", neighbor.node);
  v.flag("hello", values.hello);
  v.number("hello_ttl", values.hello_ttl, {.min = 1, .max = 255});
  v.flag("restart_cap", values.restart_cap);
  v.choice("refresh_reduction", values.refresh_reduction, kReductions);
  v.required("node");
  if (neighbor.node.empty()) return;
  const auto node = node_in(neighbor.node);
  v.check(node && seen.nodes.contains(*node) && seen.nodes.at(*node), "node",
          "is at the other end of none of our [[te.link]]");
  v.check(!node || seen.neighbors.insert(*node).second, "node", "occurs twice");
  if (node) values.node = *node;
}

void visit_key(ConfigVisitor& v, KeySettings& key, Seen& seen) {
  v.number("id", key.id, {.min = 1, .max = kMostKeyId});
  v.choice("digest", key.digest, kDigests);
  v.text("secret_file", key.secret_file);
  v.texts("neighbors", key.neighbors);
  for (const std::string& text : key.neighbors) {
    const auto node = node_in(text);
    const bool near = node && seen.nodes.contains(*node) && seen.nodes.at(*node);
    // Or the other end of segments (RFC 5150).
    v.check(near || (node && seen.domain.contains(*node)), "neighbors",
            fmt::format("\"{}\" is at the other end of none of our [[te.link]]", text));
  }
  visit(v, static_cast<KeyTimes&>(key));
  v.required("id");
  v.required("secret_file");
  v.check(seen.keys.insert(key.id).second, "id", "is another key's");
}

void visit_label_map(ConfigVisitor& v, LabelMapSettings& row, Seen& seen) {
  v.number("interface", row.interface, {.min = 1, .max = kMost});
  v.number("local", row.local, {.max = kMost, .hex = true});
  v.number("remote", row.remote, {.max = kMost, .hex = true});
  v.required("interface");
  v.required("local");
  v.required("remote");
  const auto link = seen.links.find(row.interface);
  v.check(link != seen.links.end() && link->second->compound, "interface",
          "is at no [[te.link]] with compound = true");
}

// What [te] says of this node: its neighbours, and the links by its own interfaces.
void look_at_links(const TeSettings& te, NodeId self, Seen& seen) {
  for (const TeNodeSettings& node : te.nodes) seen.nodes.emplace(node.values.id, false);
  const auto own = std::ranges::find(te.nodes, self, [](const auto& one) { return one.values.id; });
  for (const TeNodeSettings& node : te.nodes) {
    const std::uint32_t domain = own == te.nodes.end() ? 0 : own->values.domain;
    if (domain != 0 && node.values.domain == domain && node.values.id != self) {
      seen.domain.insert(node.values.id);
    }
  }
  for (const TeLinkSettings& link : te.links) {
    const auto& ends = link.values.ends;
    for (std::size_t i = 0; i < 2; ++i) {
      if (ends[i].node != self || self.value == 0) continue;
      seen.links[ends[i].interface] = &link;
      seen.nodes[ends[1 - i].node] = true;
    }
  }
}

void visit_signaling(ConfigVisitor& v, SignalingSettings& s, const TeSettings& te,
                     const std::vector<FeConfig>& fes) {
  v.text("node", s.node);
  v.choice("store", s.kind, kStores);
  v.text("file", s.store.file);
  v.flag("in_memory", s.store.in_memory);
  v.choice("sync", s.store.sync, kSyncs);
  const auto self = node_in(s.node).value_or(NodeId{});
  Seen seen{.fes = fes};
  look_at_links(te, self, seen);
  if (s.enabled()) {
    v.check(self.value != 0, "node", "is no node ID, such as \"192.0.2.1\"");
    v.check(self.value == 0 || seen.nodes.contains(self), "node", "is none of the [[te.node]]");
    v.check(s.kind == StoreKind::Etcd || s.store.in_memory || !s.store.file.empty(), "file",
            "must not be empty; in_memory = true keeps nothing over a restart");
  }
  v.table("etcd", [&] { visit_etcd(v, s); });
  v.table("timers", [&] { visit_timers(v, s); });
  v.table("restart", [&] { visit_restart(v, s); });
  v.table("crankback", [&] { visit_crankback(v, s); });
  v.table("connections", [&] { visit_connections(v, s); });
  v.table("calls", [&] { visit_calls(v, s); });
  v.table("security", [&] { visit_security(v, s.security); });
  v.tables("interface", s.interfaces,
           [&](InterfaceSettings& one) { visit_interface(v, one, seen); });
  for (const auto& [interface, link] : seen.links) {
    v.check(seen.interfaces.contains(interface), "interface",
            fmt::format("none has id = {}, where the [[te.link]] from {} to {} ends", interface,
                        link->a, link->b));
  }
  v.tables("inter_fe_link", s.inter_fe_links,
           [&](InterFeLinkSettings& one) { visit_fibre(v, one, seen); });
  v.tables("adaptation", s.adaptations,
           [&](AdaptationSettings& one) { visit_adaptation(v, one, seen); });
  v.tables("fe", s.fes, [&](signaling::resource::FeConfig& fe) {
    v.number("id", fe.id, {.min = 1, .max = kMost});
    v.flag("converts_labels", fe.converts_labels);
    v.required("id");
    v.check(fe.id == 0 || std::ranges::find(fes, fe.id, &FeConfig::fe_id) != fes.end(), "id",
            "is none of the [[fe]]");
    v.check(seen.configured_fes.insert(fe.id).second, "id", "occurs twice");
  });
  v.tables("neighbor", s.neighbors, [&](NeighborSettings& one) { visit_neighbor(v, one, seen); });
  v.tables("key", s.keys, [&](KeySettings& one) { visit_key(v, one, seen); });
  v.tables("label_map", s.label_map, [&](LabelMapSettings& one) { visit_label_map(v, one, seen); });
}

}  // namespace

void visit(ConfigVisitor& v, AsonSettings& s, const std::vector<FeConfig>& fes) {
  visit_te(v, s.te);
  v.table("signaling", [&] { visit_signaling(v, s.signaling, s.te, fes); });
  visit_policy(v, s.policy, !s.signaling.adaptations.empty());
}

}  // namespace forces::ce
