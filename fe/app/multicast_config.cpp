#include "fe/app/multicast_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/ip/address_v4.hpp>
#include <chrono>
#include <set>

#include "common/core/number.hpp"

namespace forces::fe {
namespace {

using namespace std::chrono_literals;
using multicast::Family;
using multicast::MulticastConfig;
using multicast::MulticastPort;
using runtime::ConfigVisitor;

constexpr std::array<std::string_view, 3> kRouterPorts{"learn", "always", "never"};

std::string text_of(const mars::CopyEndpoint& endpoint) {
  if (endpoint == mars::CopyEndpoint{}) return {};
  return fmt::format("{}:{}", asio::ip::address_v4(endpoint.address).to_string(), endpoint.port);
}

// Others send there: neither address nor port may be left open.
std::optional<mars::CopyEndpoint> endpoint_from(std::string_view text) {
  if (text.empty()) return mars::CopyEndpoint{};
  const std::size_t colon = std::min(text.find(':'), text.size());
  asio::error_code error;
  const auto address = asio::ip::make_address_v4(std::string(text.substr(0, colon)), error);
  text.remove_prefix(std::min(colon + 1, text.size()));
  const std::uint16_t port = whole_number<std::uint16_t>(text).value_or(0);
  const mars::CopyEndpoint endpoint{address.to_uint(), port};
  return !error && takes_packets(endpoint) ? std::optional(endpoint) : std::nullopt;
}

// A list of texts, each of which `from` makes a value of.
template <class Value, class To, class From>
void visit_list(ConfigVisitor& v, std::string_view key, std::vector<Value>& values, To&& to,
                From&& from, std::string_view what) {
  std::vector<std::string> texts;
  for (const Value& one : values) texts.emplace_back(to(one));
  v.texts(key, texts);
  values.clear();
  for (const auto& text : texts) {
    if (auto one = from(text)) {
      values.push_back(std::move(*one));
    } else {
      v.problem(key, fmt::format("\"{}\" is {}", text, what));
    }
  }
}

std::optional<Family> family_from(std::string_view text) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    if (text == multicast::to_string(family)) return family;
  }
  return std::nullopt;
}

std::optional<multicast::Address> group_from(std::string_view text) {
  const auto group = multicast::address_from(text);
  return group && group->is_multicast() && !group->is_of_the_link() ? group : std::nullopt;
}

void visit_port(ConfigVisitor& v, const MulticastConfig& config, MulticastPort& port,
                const std::vector<dataplane::PortConfig>& ports, std::set<std::uint32_t>& ids) {
  v.number("id", port.port_id, {.min = 1, .max = 0xffffffff});
  v.choice("router", port.router, kRouterPorts);
  v.number("version", port.version, {.min = 2, .max = 3});
  v.flag("querier", port.querier);
  v.number("groups", port.most_groups, {.min = 1, .max = 1'000'000});
  v.number("sources", port.most_sources, {.min = 1, .max = 1'000});
  visit_list(
      v, "static", port.static_groups, [](const auto& one) { return multicast::text_of(one); },
      multicast::static_group_from,
      "no group with its sources, such as \"239.1.1.1\" or \"232.1.1.1 10.0.0.1\"");
  v.required("id");
  v.check(ids.insert(port.port_id).second, "id", "is another multicast port's");
  const bool known =
      std::ranges::find(ports, port.port_id, &dataplane::PortConfig::port_id) != ports.end();
  v.check(known, "id", "is no [[port]]'s");
  if (!multicast::problem_of(config, MulticastPort{}).empty()) return;  // which was said
  const std::string problem = multicast::problem_of(config, port);
  v.check(problem.empty(), port.static_groups.empty() ? "version" : "static", problem);
}

}  // namespace

void visit_multicast(ConfigVisitor& v, MulticastConfig& m,
                     const std::vector<dataplane::PortConfig>& ports) {
  v.flag("enabled", m.enabled);
  std::string endpoint = text_of(m.endpoint);
  v.text("endpoint", endpoint);
  const auto read = endpoint_from(endpoint);
  v.check(read.has_value(), "endpoint", "is no \"ADDRESS:PORT\" of IPv4 that others can send to");
  m.endpoint = read.value_or(mars::CopyEndpoint{});
  visit_list(
      v, "families", m.families, [](Family one) { return multicast::to_string(one); }, family_from,
      "neither \"ipv4\" nor \"ipv6\"");
  v.check(!m.families.empty(), "families", "must not be empty");
  v.check(std::set(m.families.begin(), m.families.end()).size() == m.families.size(), "families",
          "has one of them twice");
  v.number("mcs_port", m.mcs_port, {.min = 0, .max = 65535});
  v.check(m.mcs_port == 0 || m.mcs_port != m.endpoint.port, "mcs_port",
          "is that of the endpoint; the MCS is another one");
  v.number("robustness", m.timing.robustness, {.min = 1, .max = 7});
  v.duration("query_interval", m.timing.query_interval, {.min = 1s, .max = 31'744s});
  v.duration("query_response", m.timing.query_response, {.min = 100ms, .max = 8h});
  v.duration("last_member_interval", m.timing.last_member_interval, {.min = 100ms, .max = 8h});
  v.duration("mars_retransmit", m.times.retransmit, {.min = 100ms, .max = 1min});
  v.number("mars_retransmissions", m.times.retransmissions, {.min = 1, .max = 100});
  v.duration("mars_retry", m.times.looping, {.min = 1s, .max = 1h});
  v.duration("mars_silence", m.times.silence, {.min = 1s, .max = 24h});
  v.duration("rejoin_min", m.times.random_least, {.min = 0s, .max = 1h});
  v.duration("rejoin_max", m.times.random_most, {.min = 1ms, .max = 1h});
  v.check(m.times.random_least <= m.times.random_most, "rejoin_max",
          "must not be shorter than rejoin_min");
  const std::string problem = multicast::problem_of(m, MulticastPort{});
  v.check(problem.empty(), "query_interval", problem);
  std::set<std::uint32_t> ids;
  v.table("mcs", [&] {
    visit_list(
        v, "groups", m.mcs, [](const auto& one) { return multicast::text_of(one); }, group_from,
        "no group that leaves its link");
    v.check(m.mcs.empty() || (m.mcs_port != 0 && m.endpoint.address != 0), "groups",
            "need multicast.endpoint and multicast.mcs_port");
    const bool spoken = std::ranges::all_of(m.mcs, [&](const multicast::Address& group) {
      return std::ranges::find(m.families, group.family) != m.families.end();
    });
    v.check(spoken, "groups", "one is of a family that is not among `families`");
  });
  v.tables("port", m.ports, [&](MulticastPort& port) { visit_port(v, m, port, ports, ids); });
}

MulticastConfig with_ports(MulticastConfig config,
                           const std::vector<dataplane::PortConfig>& ports) {
  if (!config.ports.empty()) return config;
  for (const auto& port : ports) config.ports.push_back({.port_id = port.port_id});
  return config;
}

}  // namespace forces::fe
