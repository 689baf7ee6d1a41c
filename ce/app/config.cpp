#include "ce/app/config.hpp"

#include <net/if.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <asio/ip/network_v4.hpp>
#include <asio/ip/network_v6.hpp>
#include <chrono>
#include <set>

namespace forces::ce {
namespace {

using namespace std::chrono_literals;
using runtime::ConfigVisitor;

constexpr std::uint32_t kMaxFeId = 0x3fffffff;  // RFC 5810 section 6.1, figure 11
constexpr std::uint32_t kMinCeId = 0x40000000;
constexpr std::uint32_t kMaxCeId = 0x7fffffff;
constexpr std::uint16_t kHttpPort = 9704;

bool is_network(const std::string& text) {
  asio::error_code v4, v6;
  (void)asio::ip::make_network_v4(text, v4);
  (void)asio::ip::make_network_v6(text, v6);
  return !v4 || !v6;
}

void visit_tml(ConfigVisitor& v, Settings& s) {
  v.text("address", s.address);
  v.number("control_port", s.control_port, {.min = 0, .max = 65535});
  v.number("data_port", s.data_port, {.min = 0, .max = 65535});
  visit(v, s.common.channels);
  v.number("max_peers", s.admission.max_peers, {.min = 1, .max = 100'000});
  v.number("max_half_open", s.admission.max_half_open, {.min = 1, .max = 100'000});
  v.number("handshakes_per_s", s.admission.handshakes_per_s, {.min = 1, .max = 1'000'000});
  v.duration("handshake_timeout", s.admission.handshake_timeout, {.min = 100ms, .max = 5min});
  v.duration("pairing_timeout", s.admission.pairing_timeout, {.min = 100ms, .max = 5min});
  asio::error_code error;
  (void)asio::ip::make_address(s.address, error);
  v.check(!error, "address", "is no IP address");
  v.check(
      !s.common.tls.plaintext || s.common.tls.plaintext_anywhere || daemon::is_loopback(s.address),
      "address", "beyond loopback needs TLS, or tls.plaintext_anywhere = true");
  v.check(s.data_port == 0 || s.data_port != s.control_port, "data_port",
          "must differ from control_port");
}

void visit_association(ConfigVisitor& v, Settings& s) {
  auto& h = s.heartbeat;
  v.flag("configure_fe", h.configure_fe);
  v.flag("ce_heartbeats", h.ce_sends);
  v.flag("fe_heartbeats", h.fe_sends);
  v.duration("ce_dead_interval", h.ce_dead, {.min = 100ms, .max = 24h});
  v.duration("fe_heartbeat_interval", h.fe_interval, {.min = 10ms, .max = 1h});
  v.duration("poll_interval", h.poll_interval, {.min = 10ms, .max = 1h});
  v.duration("fe_dead_interval", h.fe_dead, {.min = 100ms, .max = 24h});
  v.flag("allow_unknown_fes", s.allow_unknown_fes);
  v.number("assign_first", s.assign_first, {.min = 0, .max = kMaxFeId});
  v.number("assign_last", s.assign_last, {.min = 0, .max = kMaxFeId});
  v.check(h.fe_dead > (h.fe_sends ? h.fe_interval : h.poll_interval), "fe_dead_interval",
          "must be longer than the interval of heartbeats");
  v.check((s.assign_first == 0) == (s.assign_last == 0) && s.assign_first <= s.assign_last,
          "assign_last", "assign_first and assign_last are both 0, or a range");
}

void visit_port(ConfigVisitor& v, PortConfig& port, std::set<std::uint32_t>& ids,
                std::set<std::string>& devices) {
  v.number("id", port.port_id, {.min = 1, .max = 0xffffffff});
  v.text("tun", port.tun);
  v.text("address", port.address);
  v.number("mtu", port.mtu, {.min = 68, .max = 65'535});
  v.required("id");
  v.check(ids.insert(port.port_id).second, "id", "occurs twice in this FE");
  v.check(port.tun.size() < IFNAMSIZ, "tun", "is longer than the 15 characters of a device name");
  v.check(port.tun.empty() || devices.insert(port.tun).second, "tun", "is another port's device");
  v.check(!port.own_address() || is_network(port.address), "address",
          "is no address with a prefix length, such as \"10.98.0.1/24\"");
}

void visit_routing(ConfigVisitor& v, routing::ServiceConfig& routing) {
  v.flag("enabled", routing.enabled);
  v.text("fpm_address", routing.fpm.address);
  v.number("fpm_port", routing.fpm.port, {.min = 0, .max = 65535});
  v.duration("quiet", routing.rib.resync.quiet, {.min = 100ms, .max = 1h});
  v.duration("patience", routing.rib.resync.patience, {.min = 100ms, .max = 1h});
  auto most = static_cast<std::uint64_t>(routing.rib.max_routes);
  v.number("max_routes", most, {.min = 1, .max = 100'000'000});
  routing.rib.max_routes = most;
  asio::error_code error;
  (void)asio::ip::make_address(routing.fpm.address, error);
  v.check(!error, "fpm_address", "is no IP address");
  v.check(routing.rib.resync.patience >= routing.rib.resync.quiet, "patience",
          "must not be shorter than quiet");
}

void visit_end(ConfigVisitor& v, LinkEndSettings& end, const std::vector<FeConfig>& fes) {
  v.number("fe", end.fe_id, {.min = 1, .max = kMaxFeId});
  v.number("port", end.port_id, {.min = 1, .max = 0xffffffff});
  v.text("address", end.address);
  v.text("address6", end.address6);
  v.required("fe");
  v.required("port");
  const auto fe = std::ranges::find(fes, end.fe_id, &FeConfig::fe_id);
  v.check(end.fe_id == 0 || fe != fes.end(), "fe", "is none of the [[fe]] above");
  asio::error_code v4, v6;
  (void)asio::ip::make_address_v4(end.address, v4);
  (void)asio::ip::make_address_v6(end.address6, v6);
  v.check(end.address.empty() || !v4, "address", "is no IPv4 address, such as \"10.99.0.1\"");
  v.check(end.address6.empty() || !v6, "address6", "is no IPv6 address, such as \"fd00::1\"");
}

void visit_link(ConfigVisitor& v, LinkSettings& link, const std::vector<FeConfig>& fes) {
  v.number("mtu", link.mtu, {.min = 68, .max = 65'535});
  v.table("a", [&] { visit_end(v, link.a, fes); });
  v.table("b", [&] { visit_end(v, link.b, fes); });
  v.check(link.a.fe_id == 0 || link.a.fe_id != link.b.fe_id, "b", "is the FE at the other end");
}

routing::LinkEnd link_end(const LinkEndSettings& s) {
  routing::LinkEnd end{.port = {s.fe_id, s.port_id}, .v6 = {routing::Family::V6, {}}};
  asio::error_code error;
  const auto v4 = asio::ip::make_address_v4(s.address, error);
  if (!error) end.v4 = routing::IpAddress::v4(v4.to_uint());
  const auto v6 = asio::ip::make_address_v6(s.address6, error);
  if (!error) end.v6.octets = v6.to_bytes();
  return end;
}

}  // namespace

Settings::Settings() {
  common.http.server.port = kHttpPort;
  common.control.socket = "/run/forces/ce.sock";
}

void visit(ConfigVisitor& v, Settings& s) {
  v.table("ce", [&] {
    v.number("id", s.id, {.min = kMinCeId, .max = kMaxCeId, .hex = true});
    v.required("id");
    v.text("name", s.name);
  });
  // [tls] first: [tml] is checked against it.
  daemon::visit_common(v, s.common);
  v.table("tml", [&] { visit_tml(v, s); });
  v.table("association", [&] { visit_association(v, s); });
  std::set<std::uint32_t> ids;
  std::set<std::string> devices;
  v.tables("fe", s.fes, [&](FeConfig& fe) {
    v.number("id", fe.fe_id, {.min = 1, .max = kMaxFeId});
    v.text("name", fe.name);
    v.required("id");
    v.check(ids.insert(fe.fe_id).second, "id", "is another FE's");
    std::set<std::uint32_t> port_ids;
    v.tables("port", fe.ports, [&](PortConfig& port) { visit_port(v, port, port_ids, devices); });
  });
  v.tables("link", s.links, [&](LinkSettings& link) { visit_link(v, link, s.fes); });
  v.table("routing", [&] { visit_routing(v, s.routing); });
  v.table("ha", [&] { v.flag("shared_devices", s.shared_devices); });
  visit(v, s.ason, s.fes);
  visit(v, s.multicast, s.id, s.address, s.common);
}

ControllerConfig controller_config(const Settings& s) {
  ControllerConfig config;
  config.ce_id = s.id;
  config.address = s.address;
  config.control_port = s.control_port == 0 ? TMLX_PORT_EPHEMERAL : s.control_port;
  config.data_port = s.data_port != 0 ? s.data_port : s.control_port == 0 ? TMLX_PORT_EPHEMERAL : 0;
  config.control_options = daemon::channel_options(s.common.channels, TML_CHANNEL_CONTROL);
  config.data_options = daemon::channel_options(s.common.channels, TML_CHANNEL_DATA);
  config.fes = s.fes;
  config.allow_unknown_fes = s.allow_unknown_fes;
  config.assign_first = s.assign_first;
  config.assign_last = s.assign_last;
  config.heartbeat = s.heartbeat;
  config.routing = routing_config(s);
  if (s.shared_devices) {
    for (FeConfig& fe : config.fes) {
      for (PortConfig& port : fe.ports) port.shared = true;
    }
  }
  return config;
}

routing::ServiceConfig routing_config(const Settings& s) {
  routing::ServiceConfig config = s.routing;
  for (const LinkSettings& link : s.links) {
    config.links.push_back({link_end(link.a), link_end(link.b), link.mtu});
  }
  return config;
}

}  // namespace forces::ce
