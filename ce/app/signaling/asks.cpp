#include "ce/app/signaling/asks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ce/app/signaling/text.hpp"
#include "ce/signaling/ason/connection/message/error.hpp"

namespace forces::ce {

namespace ason = signaling::ason;
namespace calls = signaling::ason::calls;
namespace te = signaling::te;
using signaling::LinkEnd;
using signaling::NodeId;

namespace {

std::unexpected<std::string> none(std::string_view what, std::string_view text) {
  return std::unexpected(fmt::format("\"{}\" is no {}", text, what));
}

constexpr std::string_view kSignals =
    "signal: vc4, vc3, vc2, vc12, vc11, lambda, or a number of RFC 4606 section 2.1";

Asked<te::Signal> signal_of(const std::string& text) {
  struct Name {
    std::string_view name;
    std::uint8_t type;
  };
  static constexpr std::array kNames{Name{"", 6},    Name{"vc4", 6},  Name{"vc3", 5},
                                     Name{"vc2", 4}, Name{"vc12", 2}, Name{"vc11", 1}};
  te::Signal signal;
  if (text == "lambda") {
    signal.switching = te::Switching::Lsc;
    signal.encoding = te::Encoding::Lambda;
    return signal;
  }
  const auto named = std::ranges::find(kNames, text, &Name::name);
  if (named != kNames.end()) {
    signal.type = named->type;
    return signal;
  }
  const auto number = number_in(text);
  if (!number || *number > 255) return none(kSignals, text);
  signal.type = static_cast<std::uint8_t>(*number);
  return signal;
}

rsvp::SenderTspec tspec_of(const te::Signal& signal) {
  if (signal.encoding == te::Encoding::Sdh) {
    return {.traffic = rsvp::SonetSdh{.signal_type = signal.type,
                                      .rcc = signal.rcc,
                                      .ncc = signal.ncc,
                                      .nvc = signal.nvc,
                                      .multiplier = signal.multiplier}};
  }
  // RFC 2210 section 3.1, a token bucket of nothing: of a wavelength nothing is to be said.
  rsvp::OpaqueTraffic traffic{.c_type = 2, .octets = rsvp::Octets(32)};
  constexpr std::array<unsigned, 12> kHeads{0, 0, 0, 7, 1, 0, 0, 6, 127, 0, 0, 5};
  std::ranges::transform(kHeads, traffic.octets.begin(),
                         [](unsigned octet) { return static_cast<std::byte>(octet); });
  return {.traffic = std::move(traffic)};
}

Asked<ason::ExplicitLabels> labels_of(const std::string& text, bool both_ways) {
  ason::ExplicitLabels labels;
  if (text.empty()) return labels;
  const auto list = label_list_in(text);
  if (!list) return none("list of labels, such as 0x10000 or 0x10000,0x20000", text);
  labels.down = rsvp::Words(list->begin(), list->end());
  if (both_ways) labels.up = labels.down;
  return labels;
}

struct Egress {
  NodeId node{};
  LinkEnd end{};
};
Asked<Egress> egress_of(const std::string& text) {
  if (const auto end = end_in(text)) return Egress{end->node, *end};
  if (const auto node = node_in(text)) return Egress{*node, {}};
  return none("egress: 192.0.2.3, or 192.0.2.3:7 with its interface", text);
}

Asked<rsvp::Route> route_of(const Texts& texts) {
  rsvp::Route route;
  for (const std::string& given : texts) {
    std::string_view text = given;
    const bool loose = text.ends_with('+');
    if (loose) text.remove_suffix(1);
    if (const auto end = end_in(text)) {
      route.push_back(ason::link_hop(*end, loose));
    } else if (const auto node = node_in(text)) {
      route.push_back(ason::node_hop(*node, loose));
    } else {
      return none("hop: 192.0.2.2, 192.0.2.2:23, with a + behind it where others may come first",
                  given);
    }
  }
  return route;
}

Asked<void> set_words(const control::SpcCreateRequest& from, ason::ConnectionRequest& into) {
  using ason::CrankbackScope;
  using ason::Recovery;
  const auto word = [](const std::string& text, auto& value, auto... choices) {
    if (text.empty()) return true;
    return ((text == to_string(choices) ? (value = choices, true) : false) || ...);
  };
  if (!word(from.crankback(), into.crankback, CrankbackScope::None, CrankbackScope::EndToEnd,
            CrankbackScope::Boundary, CrankbackScope::Segment)) {
    return none("scope of crankback: none, end_to_end, boundary, segment", from.crankback());
  }
  if (!word(from.recovery(), into.recovery, Recovery::None, Recovery::Reroute,
            Recovery::OnePlusOne)) {
    return none("recovery: none, reroute, one_plus_one", from.recovery());
  }
  return {};
}

Asked<void> set_signal(const control::SpcCreateRequest& from, ason::ConnectionRequest& into) {
  constexpr std::uint32_t kMost = 0xffff;
  auto signal = signal_of(from.signal());
  if (!signal) return std::unexpected(signal.error());
  if (from.contiguous() > kMost || from.vcat() > kMost || from.count() > kMost) {
    return std::unexpected("more than 65,535 slots or signals");
  }
  if (from.contiguous() > 1) {
    signal->rcc = 1;
    signal->ncc = static_cast<std::uint16_t>(from.contiguous());
  }
  signal->nvc = static_cast<std::uint16_t>(from.vcat());
  signal->multiplier = static_cast<std::uint16_t>(std::max(from.count(), 1U));
  constexpr std::uint16_t kGPid = 34;  // SDH (RFC 3471 section 3.1.3)
  into.label_request = {.encoding = static_cast<std::uint8_t>(signal->encoding),
                        .switching = static_cast<std::uint8_t>(signal->switching),
                        .g_pid = kGPid};
  into.tspec = tspec_of(*signal);
  return {};
}

Asked<std::optional<std::uint8_t>> level_of(bool has, std::uint32_t level) {
  if (!has) return std::nullopt;
  if (level > 255) return std::unexpected(fmt::format("service level {} is beyond 255", level));
  return static_cast<std::uint8_t>(level);
}

Asked<std::optional<calls::Address>> tna_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto address = node_in(text);
  if (!address) return none("TNA, an IPv4 address", text);
  return calls::Address::v4(address->value);
}

template <class Request>
Asked<calls::CreateCall> call_with(const Request& request, NodeId to, std::string name) {
  calls::CreateCall call{.name = std::move(name), .end_point = calls::Address::v4(to.value)};
  if (call.name.size() > 255) return std::unexpected("the name is longer than 255 octets");
  const auto source = tna_of(request.source()), destination = tna_of(request.destination());
  if (!source) return std::unexpected(source.error());
  if (!destination) return std::unexpected(destination.error());
  call.source_tna = *source;
  call.destination_tna = *destination;
  const auto level = level_of(request.has_service_level(), request.service_level());
  if (!level) return std::unexpected(level.error());
  call.service_level = *level;
  return call;
}

}  // namespace

Asked<ason::ConnectionRequest> connection_of(const control::SpcCreateRequest& request, NodeId self,
                                             const SignalingSettings& defaults) {
  ason::ConnectionRequest made;
  made.name = request.name();
  made.bidirectional = !request.unidirectional();
  made.crankback = defaults.crankback;
  made.limits = defaults.limits;
  if (const auto done = set_words(request, made); !done) return std::unexpected(done.error());
  if (const auto done = set_signal(request, made); !done) return std::unexpected(done.error());
  if (request.has_node_limit()) made.limits.node = request.node_limit();
  if (request.has_connection_limit()) made.limits.connection = request.connection_limit();
  if (request.setup_ms() != 0) {
    constexpr std::uint64_t kMostMs = 3'600'000;
    made.limits.setup = std::chrono::milliseconds(std::min(request.setup_ms(), kMostMs));
  }
  if (request.from() == 0) return std::unexpected("from which interface of this node?");
  const auto from = labels_of(request.from_labels(), made.bidirectional);
  const auto to = labels_of(request.to_labels(), made.bidirectional);
  const auto egress = egress_of(request.to());
  for (const auto* const why : {&from, &to}) {
    if (!*why) return std::unexpected(why->error());
  }
  if (!egress) return std::unexpected(egress.error());
  if (to->down && egress->end.interface == 0) {
    return std::unexpected("labels at the egress need its interface: 192.0.2.3:7");
  }
  made.ingress = {{self, request.from()}, *from};
  made.egress = egress->node;
  made.egress_end = {egress->end, *to};
  if (made.recovery == ason::Recovery::OnePlusOne) {
    const auto second = egress_of(request.recovery_to());
    if (request.recovery_from() == 0 || !second || second->node != egress->node) {
      return std::unexpected(
          "one_plus_one has a port of its own at each end: recovery_from, recovery_to at the same "
          "node");
    }
    made.recovery_ingress = {{self, request.recovery_from()}, {}};
    made.recovery_egress = {second->end, {}};
  }
  auto route = route_of(request.route());
  const auto exclude = exclusions_of(request.exclude());
  const auto level = level_of(request.has_service_level(), request.service_level());
  if (!route) return std::unexpected(route.error());
  if (!exclude) return std::unexpected(exclude.error());
  if (!level) return std::unexpected(level.error());
  made.explicit_route = std::move(*route);
  made.exclude = ason::exclude_route(*exclude);
  made.service_level = *level;
  return made;
}

Asked<calls::CreateCall> call_of(const control::CallCreateRequest& request) {
  const auto to = node_in(request.to());
  if (!to) return none("node, such as 192.0.2.3", request.to());
  return call_with(request, *to, request.name());
}

Asked<calls::CreateCall> call_of(const control::SpcCreateRequest& request) {
  const auto to = egress_of(request.to());
  if (!to) return std::unexpected(to.error());
  return call_with(request, to->node, request.call_name());
}

Asked<te::Request> path_of(const control::TePathRequest& request, NodeId self) {
  te::Request made{.source = self};
  if (!request.from().empty()) {
    const auto from = node_in(request.from());
    if (!from) return none("node, such as 192.0.2.1", request.from());
    made.source = *from;
  }
  const auto to = egress_of(request.to());
  const auto signal = signal_of(request.signal());
  const auto route = route_of(request.route());
  const auto exclude = exclusions_of(request.exclude());
  if (!to) return std::unexpected(to.error());
  if (!signal) return std::unexpected(signal.error());
  if (!route) return std::unexpected(route.error());
  if (!exclude) return std::unexpected(exclude.error());
  made.destination = to->node;
  if (to->end.interface != 0) made.egress = to->end;
  made.signal = *signal;
  made.exclude = *exclude;
  for (const rsvp::Subobject& hop : *route) {
    te::RouteHop one{.loose = hop.loose};
    if (const auto* const link = hop.as<rsvp::UnnumberedHop>()) {
      one.where = LinkEnd{{link->router_id}, link->interface_id};
    } else if (const auto* const prefix = hop.as<rsvp::PrefixHop>()) {
      one.where = te::RouteHop::Prefix{prefix->address.v4(), prefix->prefix};
    }
    made.route.push_back(one);
  }
  return made;
}

Asked<te::Exclusions> exclusions_of(const Texts& texts) {
  te::Exclusions exclude;
  for (const std::string& text : texts) {
    if (const auto end = end_in(text)) {
      exclude.links.insert(*end);
    } else if (const auto node = node_in(text)) {
      exclude.nodes.insert(*node);
    } else {
      return none("node or link: 192.0.2.2, 192.0.2.2:23", text);
    }
  }
  return exclude;
}

Asked<signaling::LspKey> lsp_of(const control::LspId& id) {
  const auto sender = node_in(id.sender()), end_point = node_in(id.end_point());
  if (!sender) return none("node, such as 192.0.2.1", id.sender());
  if (!end_point) return none("node, such as 192.0.2.3", id.end_point());
  const auto extended = id.extended_tunnel().empty() ? sender : node_in(id.extended_tunnel());
  if (!extended) return none("extended tunnel ID, such as 192.0.2.1", id.extended_tunnel());
  if (id.tunnel() > 0xffff || id.lsp() > 0xffff) return std::unexpected("there is no such number");
  return signaling::LspKey{.end_point = *end_point,
                           .extended_tunnel_id = extended->value,
                           .sender = *sender,
                           .tunnel_id = static_cast<std::uint16_t>(id.tunnel()),
                           .lsp_id = static_cast<std::uint16_t>(id.lsp())};
}

}  // namespace forces::ce
