#include "fe/app/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/ip/address.hpp>
#include <asio/ip/network_v4.hpp>
#include <chrono>
#include <set>

#include "fe/app/multicast_config.hpp"
#include "fe/dataplane/policer.hpp"
#include "tml/daemon/tml_context.hpp"

namespace forces::fe {
namespace {

using namespace std::chrono_literals;
using dataplane::PacketClass;
using dataplane::PortKind;
using dataplane::optical::LabelRange;
using runtime::ConfigVisitor;

constexpr std::uint32_t kMaxFeId = 0x3fffffff;  // RFC 5810 section 6.1, figure 11
constexpr std::uint32_t kMinCeId = 0x40000000;
constexpr std::uint32_t kMaxCeId = 0x7fffffff;
constexpr std::uint16_t kHttpPort = 9705;
constexpr std::array<std::string_view, 3> kPortKinds{"raw", "packet", "replay"};
constexpr std::array<std::string_view, 3> kHaModes{"none", "cold_standby", "hot_standby"};
constexpr std::array<std::string_view, 2> kFailoverPolicies{"stop", "keep_forwarding"};

void visit_association(ConfigVisitor& v, Settings& s) {
  auto& fepo = s.fepo;
  bool ce_heartbeats = fepo.ce_heartbeat_policy == 0;
  bool fe_heartbeats = fepo.fe_heartbeat_policy == 1;
  v.flag("ce_heartbeats", ce_heartbeats);
  v.flag("fe_heartbeats", fe_heartbeats);
  fepo.ce_heartbeat_policy = ce_heartbeats ? 0 : 1;
  fepo.fe_heartbeat_policy = fe_heartbeats ? 1 : 0;
  v.duration("ce_dead_interval", fepo.ce_dead, {.min = 100ms, .max = 24h});
  v.duration("fe_heartbeat_interval", fepo.fe_interval, {.min = 10ms, .max = 1h});
  v.choice("failover_policy", fepo.failover_policy, kFailoverPolicies);
  v.duration("failover_timeout", fepo.failover_timeout, {.min = 1s, .max = 24h});
  v.choice("ha_mode", fepo.ha_mode, kHaModes);
  // Otherwise the mode would silently do nothing: mastership.hpp, hot_standby().
  v.check(fepo.ha_mode != 2 || fepo.failover_policy == 1, "ha_mode",
          "hot_standby needs failover_policy = \"keep_forwarding\"");
  v.duration("takeover_after", s.takeover_after, {.min = 0ms, .max = 24h});
  v.duration("setup_timeout", s.setup_timeout, {.min = 100ms, .max = 5min});
  v.duration("retry_min", s.retry_min, {.min = 10ms, .max = 1h});
  v.duration("retry_max", s.retry_max, {.min = 10ms, .max = 1h});
  v.check(s.retry_min <= s.retry_max, "retry_max", "must not be shorter than retry_min");
}

void visit_ce(ConfigVisitor& v, CeConfig& ce, std::set<std::uint32_t>& ids) {
  auto control_port = static_cast<std::uint16_t>(ce.control_port);
  auto data_port = static_cast<std::uint16_t>(ce.data_port);
  v.number("id", ce.ce_id, {.min = kMinCeId, .max = kMaxCeId, .hex = true});
  v.text("address", ce.address);
  v.number("control_port", control_port, {.min = 1, .max = 65535});
  v.number("data_port", data_port, {.min = 0, .max = 65535});
  ce.control_port = control_port;
  ce.data_port = data_port;
  v.required("id");
  v.required("address");
  v.check(ids.insert(ce.ce_id).second, "id", "is another CE's");
}

void visit_classes(ConfigVisitor& v, std::vector<PacketClass>& classes) {
  std::vector<std::string> names;
  for (const auto one : classes) names.emplace_back(to_string(one));
  v.texts("classes", names);
  classes.clear();
  for (const auto& name : names) {
    if (const auto one = dataplane::packet_class(name)) {
      classes.push_back(*one);
    } else {
      v.problem("classes", fmt::format("\"{}\" is no class of packets", name));
    }
  }
}

void visit_port(ConfigVisitor& v, dataplane::PortConfig& port, std::set<std::uint32_t>& ids) {
  v.number("id", port.port_id, {.min = 1, .max = 0xffffffff});
  v.choice("kind", port.kind, kPortKinds);
  v.text("device", port.interface);
  v.text("address", port.address);
  visit_classes(v, port.classes);
  v.text("capture", port.capture);
  v.number("replay_rate", port.replay_rate, {.min = 1, .max = 1'000'000});
  v.required("id");
  v.check(ids.insert(port.port_id).second, "id", "is another port's");
  v.check(port.kind == PortKind::Replay || !port.interface.empty(), "device",
          "is required for this kind of port");
  v.check(port.kind != PortKind::Replay || !port.capture.empty(), "capture",
          "is required for kind = \"replay\"");
  asio::error_code error;
  (void)asio::ip::make_network_v4(port.address, error);
  v.check(port.kind == PortKind::Packet ? !error : port.address.empty() || !error, "address",
          "is no address with a prefix length, such as \"10.98.0.1/24\"");
}

void visit_redirect(ConfigVisitor& v, std::vector<dataplane::ClassConfig>& classes) {
  for (auto& one : classes) {
    v.table(to_string(one.packet_class), [&] {
      v.number("rate", one.rate, {.min = 0, .max = 100'000'000});
      v.number("burst", one.burst, {.min = 1, .max = 100'000'000});
      v.number("priority", one.priority, {.min = 0, .max = 7});
    });
  }
}

void visit_forwarding(ConfigVisitor& v, forwarding::ForwardingConfig& f) {
  v.flag("kernel", f.kernel);
  v.number("table", f.table, {.min = 1, .max = 0xfffffffe});
  v.number("metric", f.priority, {.min = 1, .max = 0xffffffff});
  // Below it are the kernel's own and what iproute2 and routing daemons have given names.
  v.number("protocol", f.protocol, {.min = 5, .max = 255});
  v.duration("stale_timeout", f.stale_timeout, {.min = 1s, .max = 24h});
  v.check(f.table != 255, "table", "255 is the kernel's own");
}

void visit_labels(ConfigVisitor& v, std::vector<LabelRange>& labels) {
  std::vector<std::string> texts;
  for (const LabelRange& range : labels) texts.push_back(dataplane::optical::text_of(range));
  v.texts("labels", texts);
  labels.clear();
  for (const auto& text : texts) {
    if (const auto range = dataplane::optical::label_range(text)) {
      labels.push_back(*range);
    } else {
      v.problem("labels", fmt::format("\"{}\" is no range of labels, such as \"1-64\" or "
                                      "\"0x10000-0x400000/0x10000\"",
                                      text));
    }
  }
}

void visit_fabric(ConfigVisitor& v, dataplane::optical::FabricConfig& fabric) {
  v.text("file", fabric.file);
  v.flag("sync", fabric.sync);
  v.duration("trace_interval", fabric.trace_interval, {.min = 10ms, .max = 1min});
  v.check(!fabric.file.empty(), "file", "must not be empty");
  std::set<std::uint32_t> ids;
  v.tables("port", fabric.ports, [&](dataplane::optical::OpticalPortConfig& port) {
    v.number("id", port.port_id, {.min = 1, .max = 0xffffffff});
    v.text("device", port.device);
    v.choice("signal", port.signal, dataplane::optical::kSignalNames);
    visit_labels(v, port.labels);
    v.number("inside", port.inside, {.max = 0xffffffff});
    v.required("id");
    v.required("labels");
    v.check(ids.insert(port.port_id).second, "id", "is another optical port's");
    v.check(port.inside == 0 || port.device.empty(), "inside",
            "is of a port without a device: its slots are carried in another port's");
  });
  std::set<std::uint32_t> servers;
  for (const auto& port : fabric.ports) {
    if (port.inside == 0) continue;
    const auto server = std::ranges::find(fabric.ports, port.inside,
                                          &dataplane::optical::OpticalPortConfig::port_id);
    const bool one = server != fabric.ports.end() && server->device.empty() &&
                     server->port_id != port.port_id && server->inside == 0 &&
                     server->labels.size() == 1 &&
                     server->labels.front().first == server->labels.front().last;
    v.check(one, "port",
            fmt::format("{} is inside of {}, which is no port of one label and no device",
                        port.port_id, port.inside));
    v.check(servers.insert(port.inside).second, "port",
            fmt::format("two are inside of {}", port.inside));
  }
}

}  // namespace

Settings::Settings() {
  common.http.server.port = kHttpPort;
  common.control.socket = "/run/forces/fe.sock";
  for (std::size_t i = 0; i < dataplane::kPacketClasses; ++i) {
    classes.push_back(dataplane::Policer::default_of(static_cast<PacketClass>(i)));
  }
}

void visit(ConfigVisitor& v, Settings& s) {
  v.table("fe", [&] {
    v.number("id", s.id, {.min = 0, .max = kMaxFeId});
    v.required("id");
    v.text("name", s.name);
  });
  daemon::visit_common(v, s.common);
  v.table("tml", [&] {
    visit(v, s.common.channels);
    v.duration("backoff_min", s.backoff_min, {.min = 1ms, .max = 1h});
    v.duration("backoff_max", s.backoff_max, {.min = 1ms, .max = 1h});
    v.check(s.backoff_min <= s.backoff_max, "backoff_max", "must not be shorter than backoff_min");
  });
  v.table("association", [&] { visit_association(v, s); });
  std::set<std::uint32_t> ce_ids;
  v.tables("ce", s.ces, [&](CeConfig& ce) { visit_ce(v, ce, ce_ids); });
  v.check(!s.ces.empty(), "ce", "at least one [[ce]] is needed");
  std::set<std::uint32_t> port_ids;
  v.tables("port", s.ports, [&](dataplane::PortConfig& port) { visit_port(v, port, port_ids); });
  v.table("forwarding", [&] { visit_forwarding(v, s.forwarding); });
  v.table("fabric", [&] { visit_fabric(v, s.fabric); });
  v.table("multicast", [&] { visit_multicast(v, s.multicast, s.ports); });
  v.table("redirect", [&] { visit_redirect(v, s.classes); });
}

ElementConfig element_config(const Settings& s) {
  ElementConfig config;
  config.fe_id = s.id;
  config.name = s.name;
  config.ces = s.ces;
  config.fepo = s.fepo;
  config.takeover_after = s.takeover_after;
  config.setup_timeout = s.setup_timeout;
  config.retry_min = s.retry_min;
  config.retry_max = s.retry_max;
  config.control_options = daemon::channel_options(s.common.channels, TML_CHANNEL_CONTROL);
  config.data_options = daemon::channel_options(s.common.channels, TML_CHANNEL_DATA);
  config.backoff_min_ms = daemon::milliseconds(s.backoff_min);
  config.backoff_max_ms = daemon::milliseconds(s.backoff_max);
  config.ports = s.ports;
  config.classes = s.classes;
  config.forwarding = s.forwarding;
  config.fabric = s.fabric;
  config.multicast = with_ports(s.multicast, s.ports);
  if (s.multicast.enabled) {
    config.endpoint = {.address = s.multicast.endpoint.address,
                       .port = s.multicast.endpoint.port,
                       .server_port = s.multicast.mcs_port};
  }
  for (dataplane::PortConfig& port : config.ports) {
    const auto& kept = config.multicast.ports;
    port.membership =
        config.multicast.enabled &&
        std::ranges::find(kept, port.port_id, &multicast::MulticastPort::port_id) != kept.end();
  }
  return config;
}

}  // namespace forces::fe
