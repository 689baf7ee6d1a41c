// [te], the whole network, and [policy], whom this node deals with.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "ce/app/signaling/config.hpp"
#include "ce/app/signaling/text.hpp"

namespace forces::ce {
namespace {

namespace calls = signaling::ason::calls;
using runtime::ConfigVisitor;
using signaling::LinkEnd;
using signaling::NodeId;
using signaling::te::Encoding;
using signaling::te::Switching;

constexpr std::uint32_t kMostNumber = 0xffffffff, kMostCalls = 1'000'000;
constexpr std::array<std::string_view, 3> kReferences{"inni", "enni", "uni"};

void visit_node(ConfigVisitor& v, TeNodeSettings& node, std::set<NodeId>& ids) {
  auto& values = node.values;
  v.text("id", node.id);
  v.text("name", values.name);
  v.number("domain", values.domain, {.max = kMostNumber});
  v.number("area", values.area, {.max = kMostNumber});
  v.number("as_number", values.as_number, {.max = kMostNumber});
  v.flag("converts_labels", values.converts_labels);
  v.flag("transit", values.transit);
  v.required("id");
  if (node.id.empty()) return;
  const auto id = node_in(node.id);
  v.check(id.has_value(), "id", "is no node ID, such as \"192.0.2.1\"");
  v.check(!id || ids.insert(*id).second, "id", "is another node's");
  if (id) values.id = *id;
}

struct SeenEnds {
  const std::set<NodeId>& nodes;
  std::set<LinkEnd> ends{};
  std::set<std::uint32_t> addresses{};
};

void visit_end(ConfigVisitor& v, std::string_view key, std::string& text, LinkEnd& end,
               SeenEnds& seen) {
  v.text(key, text);
  v.required(key);
  if (text.empty()) return;
  const auto read = end_in(text);
  v.check(read.has_value(), key, "is no end of a link: NODE:INTERFACE, such as \"192.0.2.1:12\"");
  if (!read) return;
  v.check(seen.nodes.contains(read->node), key, "is at none of the [[te.node]]");
  v.check(seen.ends.insert(*read).second, key, "is an end of another link");
  end = *read;
}

void visit_address(ConfigVisitor& v, std::string_view key, std::string& text,
                   std::uint32_t& address, SeenEnds& seen) {
  v.text(key, text);
  if (text.empty()) return;
  const auto read = node_in(text);
  v.check(read.has_value(), key, "is no IPv4 address");
  if (!read) return;
  v.check(seen.addresses.insert(read->value).second, key, "is the address of another end");
  address = read->value;
}

void visit_srlgs(ConfigVisitor& v, std::vector<std::string>& texts,
                 std::vector<std::uint32_t>& groups) {
  v.texts("srlgs", texts);
  groups.clear();
  for (const std::string& text : texts) {
    const auto group = number_in(text);
    if (!group) v.problem("srlgs", fmt::format("\"{}\" is no number of a group", text));
    groups.push_back(group.value_or(0));
  }
}

void visit_link(ConfigVisitor& v, TeLinkSettings& link, SeenEnds& seen) {
  auto& values = link.values;
  visit_end(v, "a", link.a, values.ends[0], seen);
  visit_end(v, "b", link.b, values.ends[1], seen);
  visit_address(v, "address_a", link.address_a, values.addresses[0], seen);
  visit_address(v, "address_b", link.address_b, values.addresses[1], seen);
  v.choice("reference", values.reference, kReferences);
  v.number("metric", link.metric, {.min = 1, .max = 0xffffff});
  visit_multiplexing(v, values.switching, values.encoding);
  v.texts("labels", link.labels);
  v.flag("compound", link.compound);
  v.flag("discover", link.discover);
  v.number("affinities", values.affinities, {.max = kMostNumber, .hex = true});
  visit_srlgs(v, link.srlgs, values.srlgs);
  v.check(values.ends[0].node != values.ends[1].node || values.ends[0].node.value == 0, "b",
          "is at the same node as the other end");
  check_labels(v, link.labels);
  v.check(link.compound || !link.labels.empty(), "labels",
          "is required: the labels that both ends have, such as [\"0x10000-0x40000/0x10000\"]");
  v.check(!link.compound || link.labels.empty(), "labels",
          "the ends of a compound link number theirs differently: they stand at the interfaces");
  v.check(link.compound || !link.discover, "discover",
          "is for compound links: the ends of others number their labels alike");
}

}  // namespace

void check_labels(ConfigVisitor& v, const std::vector<std::string>& labels) {
  v.check(labels_in(labels).has_value(), "labels",
          "are no labels, such as [\"1-64\"] or [\"0x10000-0x400000/0x10000\"], 65,536 at most");
}

void visit_multiplexing(ConfigVisitor& v, Switching& switching, Encoding& encoding) {
  // RFC 3471 section 3.1.1.
  static constexpr std::array<std::string_view, 5> kSwitchings{"psc1", "l2sc", "tdm", "lsc", "fsc"};
  static constexpr std::array kSwitchingValues{Switching::Psc1, Switching::L2sc, Switching::Tdm,
                                               Switching::Lsc, Switching::Fsc};
  static constexpr std::array<std::string_view, 9> kEncodings{"packet", "ethernet",        "pdh",
                                                              "sdh",    "digital_wrapper", "lambda",
                                                              "fiber",  "fiber_channel",   "oduk"};
  static constexpr std::array kEncodingValues{
      Encoding::Packet, Encoding::Ethernet,       Encoding::Pdh,
      Encoding::Sdh,    Encoding::DigitalWrapper, Encoding::Lambda,
      Encoding::Fiber,  Encoding::FiberChannel,   Encoding::Oduk};
  const auto one = [&](std::string_view key, auto& value, auto& names, auto& values) {
    auto index = static_cast<std::size_t>(std::ranges::find(values, value) - values.begin());
    v.choice(key, index, names);
    value = values[index];
  };
  one("switching", switching, kSwitchings, kSwitchingValues);
  one("encoding", encoding, kEncodings, kEncodingValues);
}

void visit_te(ConfigVisitor& v, TeSettings& te) {
  v.table("te", [&] {
    std::set<NodeId> ids;
    v.tables("node", te.nodes, [&](TeNodeSettings& node) { visit_node(v, node, ids); });
    SeenEnds seen{.nodes = ids};
    v.tables("link", te.links, [&](TeLinkSettings& link) { visit_link(v, link, seen); });
  });
}

// --- [policy] ---

namespace {

constexpr std::array<std::string_view, 3> kKinds{"uni", "inni", "enni"};
constexpr std::array<std::string_view, 2> kProfiles{"ietf", "oif"};
constexpr std::array<std::string_view, 3> kRealisations{"contiguous", "stitched", "nested"};

void visit_prefixes(ConfigVisitor& v, std::string_view key, std::vector<std::string>& texts,
                    std::vector<calls::Prefix>& into) {
  v.texts(key, texts);
  into.clear();
  for (const std::string& text : texts) {
    if (const auto prefix = prefix_in(text)) {
      into.push_back(*prefix);
    } else {
      v.problem(key, fmt::format("\"{}\" is no network, such as \"192.0.2.0/24\"", text));
    }
  }
}

template <class T>
void visit_numbers(ConfigVisitor& v, std::string_view key, std::vector<std::string>& texts,
                   std::vector<T>& into) {
  v.texts(key, texts);
  into.clear();
  for (const std::string& text : texts) {
    const auto number = number_in(text);
    if (number && *number <= std::numeric_limits<T>::max()) {
      into.push_back(static_cast<T>(*number));
    } else {
      v.problem(key, fmt::format("\"{}\" is no number from 0 to {}", text,
                                 std::uint32_t{std::numeric_limits<T>::max()}));
    }
  }
}

void visit_point(ConfigVisitor& v, PointSettings& point, std::set<std::string>& names,
                 bool adapts) {
  auto& values = point.values;
  v.text("name", values.name);
  v.choice("kind", values.kind, kKinds);
  v.choice("profile", values.profile, kProfiles);
  visit_prefixes(v, "peers", point.peers, values.peers);
  visit_prefixes(v, "callers", point.callers, values.callers);
  visit_prefixes(v, "callees", point.callees, values.callees);
  visit_numbers(v, "levels", point.levels, values.levels);
  visit_numbers(v, "signals", point.signals, values.signals);
  v.number("max_signals", values.max_signals, {.max = 65'535});
  v.number("max_bandwidth", values.max_bandwidth, {.max = kMostNumber});
  v.number("call_bandwidth", values.call_bandwidth, {.max = kMostNumber});
  v.number("protection", values.protection, {.max = 0x3f, .hex = true});
  v.number("calls", values.calls, {.max = kMostCalls});
  v.number("calls_of_caller", values.calls_of_caller, {.max = kMostCalls});
  v.number("connections_of_call", values.connections_of_call, {.max = kMostCalls});
  v.flag("hide_route", values.hide_route);
  v.flag("refuse_explicit_route", values.refuse_explicit_route);
  v.flag("pass_capability", values.pass_capability);
  v.flag("authenticated", values.authenticated);
  visit_numbers(v, "elements", point.elements, values.elements);
  v.texts("credentials", values.credentials);
  v.choice("realisation", values.plan.realisation, kRealisations);
  v.check(
      values.plan.realisation != calls::Realisation::Nested || adapts, "realisation",
      "\"nested\" needs a [[signaling.adaptation]], at which what carries others begins and ends");
  v.number("working", values.plan.working, {.min = 1, .max = 255});
  v.number("recovery", values.plan.recovery, {.max = 255});
  v.required("name");
  v.check(names.insert(values.name).second, "name", "is another point's");
}

void visit_level(ConfigVisitor& v, calls::ServiceLevel& level, std::set<unsigned>& levels) {
  v.number("level", level.level, {.max = 255});
  v.flag("available", level.available);
  v.number("protection", level.lsp_flags, {.max = 0x3f, .hex = true});
  v.required("level");
  v.check(levels.insert(level.level).second, "level", "occurs twice");
}

void visit_route(ConfigVisitor& v, ManagerRouteSettings& route, const std::set<std::string>& points,
                 std::set<std::string>& destinations) {
  v.text("destination", route.destination);
  v.text("next", route.next);
  v.text("point", route.point);
  v.required("destination");
  v.check(route.destination.empty() || prefix_in(route.destination).has_value(), "destination",
          "is no network, such as \"192.0.2.0/24\"");
  v.check(route.destination.empty() || destinations.insert(route.destination).second, "destination",
          "has another route");
  v.check(route.next.empty() || node_in(route.next).has_value(), "next",
          "is no address of a call controller; \"\": calls end here");
  v.check(route.point.empty() || points.contains(route.point), "point",
          "is none of the [[policy.point]]");
}

}  // namespace

void visit_policy(ConfigVisitor& v, PolicySettings& policy, bool adapts) {
  v.table("policy", [&] {
    v.text("default_point", policy.default_point);
    std::set<std::string> names;
    v.tables("point", policy.points,
             [&](PointSettings& point) { visit_point(v, point, names, adapts); });
    v.check(policy.default_point.empty() || names.contains(policy.default_point), "default_point",
            "is none of the [[policy.point]]");
    std::set<unsigned> levels;
    v.tables("level", policy.levels,
             [&](calls::ServiceLevel& level) { visit_level(v, level, levels); });
    std::set<std::string> destinations;
    v.tables("route", policy.routes,
             [&](ManagerRouteSettings& route) { visit_route(v, route, names, destinations); });
  });
}

}  // namespace forces::ce
