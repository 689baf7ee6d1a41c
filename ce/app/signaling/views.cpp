#include "ce/app/signaling/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "ce/app/lfb/question.hpp"
#include "ce/app/signaling/reasons.hpp"
#include "ce/signaling/service/words.hpp"

namespace forces::ce {

namespace ason = signaling::ason;
namespace calls = signaling::ason::calls;
namespace engine = signaling::engine;
namespace te = signaling::te;
using signaling::words;

namespace {

std::uint64_t age_ms(Instant then, Instant now) {
  return then == Instant{} || then > now ? 0 : whole_milliseconds(now - then);
}
double milliseconds(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

void set_error(control::SignalingReason& reason, rsvp::ErrorValue error) {
  reason.set_code(static_cast<std::uint32_t>(error.code));
  reason.set_value(error.value);
  if (reason.code() == 0) return;
  std::string text(rsvp::to_string(error.code));
  if (const auto value = rsvp::value_name(error); !value.empty()) {
    text.append(": ").append(value);
  }
  reason.set_text(text);
}

// A route, hop for hop; labels stand behind the hop whose they are.
template <class Texts>
void add_route(const rsvp::Route& route, Texts& texts) {
  for (const rsvp::Subobject& hop : route) {
    if (const auto* const link = hop.as<rsvp::UnnumberedHop>()) {
      texts.Add(words(signaling::LinkEnd{{link->router_id}, link->interface_id}));
    } else if (const auto* const prefix = hop.as<rsvp::PrefixHop>()) {
      texts.Add(words(prefix->address));
    } else if (const auto* const label = hop.as<rsvp::LabelHop>()) {
      if (texts.empty() || label->upstream()) continue;  // both ways have the same, as a rule
      auto& last = *texts.rbegin();
      last += fmt::format(" {}", words(label->labels));
    }
  }
}

std::string free_of(const te::Direction& direction) {
  return direction.free ? words(*direction.free) : "any";
}

std::string_view word(te::ReferencePoint point) {
  static constexpr std::array<std::string_view, 3> kWords{"inni", "enni", "uni"};
  return kWords[static_cast<std::size_t>(point)];
}
std::string word(te::Switching switching) {
  switch (switching) {
    case te::Switching::Psc1:
      return "psc1";
    case te::Switching::L2sc:
      return "l2sc";
    case te::Switching::Tdm:
      return "tdm";
    case te::Switching::Lsc:
      return "lsc";
    case te::Switching::Fsc:
      return "fsc";
  }
  return std::to_string(static_cast<unsigned>(switching));
}
std::string word(te::Encoding encoding) {
  switch (encoding) {
    case te::Encoding::Packet:
      return "packet";
    case te::Encoding::Ethernet:
      return "ethernet";
    case te::Encoding::Pdh:
      return "pdh";
    case te::Encoding::Sdh:
      return "sdh";
    case te::Encoding::DigitalWrapper:
      return "digital_wrapper";
    case te::Encoding::Lambda:
      return "lambda";
    case te::Encoding::Fiber:
      return "fiber";
    case te::Encoding::FiberChannel:
      return "fiber_channel";
    case te::Encoding::Oduk:
      return "oduk";
  }
  return std::to_string(static_cast<unsigned>(encoding));
}

std::string_view role_of(const calls::Call& call) {
  return call.local()        ? "local"
         : call.initiator()  ? "caller"
         : call.terminator() ? "callee"
                             : "between";
}

control::CallSegment segment_of(const calls::Segment& leg, bool up) {
  control::CallSegment segment;
  segment.set_side(up ? "up" : "down");
  segment.set_peer(words(leg.peer));
  segment.set_point(leg.point);
  segment.set_state(std::string(to_string(leg.state)));
  segment.set_realisation(std::string(to_string(leg.plan.realisation)));
  segment.set_working(leg.plan.working);
  segment.set_recovery(leg.plan.recovery);
  segment.set_unanswered(leg.unanswered);
  segment.set_refused(leg.refused);
  return segment;
}

}  // namespace

control::SignalingReason reason_of(const ason::Failure& failure, Instant now) {
  control::SignalingReason reason;
  reason.set_what("connection");
  reason.set_cause(failure.reason);
  set_error(reason, failure.error);
  if (failure.node.value != 0) reason.set_node(words(failure.node));
  if (failure.link) reason.set_link(words(*failure.link));
  reason.set_age_ms(age_ms(failure.at, now));
  return reason;
}

control::SignalingReason reason_of(const calls::Reason& from) {
  control::SignalingReason reason;
  reason.set_what("call");
  reason.set_cause(from.cause);
  set_error(reason, from.error);
  if (!from.text.empty()) reason.set_text(from.text);
  reason.set_node(from.where);
  return reason;
}

control::SignalingReason reason_of(const te::Failure& failure) {
  control::SignalingReason reason;
  reason.set_what("path");
  reason.set_cause(fmt::format("no_route.{}", to_string(failure.reason)));
  if (failure.route_hop)
    reason.set_text(fmt::format("hop {} of the route", *failure.route_hop + 1));
  if (failure.link) reason.set_link(words(*failure.link));
  return reason;
}

std::string text_of(const control::SignalingReason& reason) {
  std::string text = reason.cause();
  if (reason.code() != 0)
    fmt::format_to(std::back_inserter(text), " ({}/{})", reason.code(), reason.value());
  if (!reason.text().empty()) text += ": " + reason.text();
  if (!reason.node().empty()) text += ", said by " + reason.node();
  if (!reason.link().empty()) text += ", about link " + reason.link();
  return text;
}

control::Response failed_with(std::string_view what, control::SignalingReason reason) {
  auto text = fmt::format("{}: {}", what, text_of(reason));
  if (const auto next = next_of(reason); !next.empty()) text += fmt::format("\nNext: {}", next);
  auto response = failure(control::Error::FAILED, std::move(text));
  *response.mutable_error()->mutable_reason() = std::move(reason);
  return response;
}

control::Response done(std::string text) {
  control::Response response;
  response.mutable_done()->set_message(std::move(text));
  return response;
}

control::LspId id_of(const signaling::LspKey& key) {
  control::LspId id;
  id.set_sender(words(key.sender));
  id.set_end_point(words(key.end_point));
  id.set_extended_tunnel(words(signaling::NodeId{key.extended_tunnel_id}));
  id.set_tunnel(key.tunnel_id);
  id.set_lsp(key.lsp_id);
  return id;
}

control::Call call_of(const calls::Call& from, bool whole) {
  control::Call call;
  call.set_handle(from.handle);
  call.set_name(from.id.name);
  call.set_number(from.id.number);
  call.set_sender(words(from.id.ends.sender));
  call.set_end_point(words(from.id.ends.end_point));
  call.set_state(std::string(to_string(from.state())));
  call.set_role(std::string(role_of(from)));
  const auto tna = [&](std::uint8_t type) {
    const auto address = from.carried.tna(type);
    return address ? words(*address) : std::string();
  };
  call.set_source(tna(rsvp::UniSubobject::kSourceTna));
  call.set_destination(tna(rsvp::UniSubobject::kDestinationTna));
  if (const auto level = from.carried.service_level()) call.set_service_level(*level);
  if (from.up) *call.add_segments() = segment_of(*from.up, true);
  if (from.down) *call.add_segments() = segment_of(*from.down, false);
  call.set_connection_count(static_cast<std::uint32_t>(from.connections.size()));
  if (!from.reason.cause.empty()) *call.mutable_reason() = reason_of(from.reason);
  if (!whole) return call;
  static constexpr std::array<std::string_view, 3> kStates{"starting", "up", "gone"};
  for (const calls::Connection& one : from.connections) {
    auto& lsp = *call.add_connections();
    *lsp.mutable_lsp() = id_of(one.key);
    lsp.set_role(one.role == calls::ConnectionRole::Working ? "working" : "recovery");
    lsp.set_state(std::string(kStates[static_cast<std::size_t>(one.state)]));
  }
  return call;
}

control::Connection connection_of(const ason::ConnectionView& view, Instant now) {
  control::Connection connection;
  connection.set_name(view.name);
  connection.set_state(std::string(to_string(view.state)));
  connection.set_call_number(view.call_id);
  if (view.lsp != signaling::LspKey{}) *connection.mutable_lsp() = id_of(view.lsp);
  if (view.other) *connection.mutable_other() = id_of(*view.other);
  add_route(view.nominal, *connection.mutable_nominal());
  add_route(view.current, *connection.mutable_current());
  connection.set_frozen(view.frozen);
  connection.set_tries(view.attempts.here);
  connection.set_contentions(view.attempts.contentions);
  for (const auto& failure : view.failures) *connection.add_failures() = reason_of(failure, now);
  if (view.state == ason::ConnectionState::Up) connection.set_up_ms(age_ms(view.up_since, now));
  connection.set_setup_ms(milliseconds(view.setup_time));
  connection.set_recovery_ms(milliseconds(view.recovery_time));
  connection.set_age_ms(age_ms(view.created, now));
  connection.set_segment(view.segment);
  connection.set_adjacency(view.adjacency);
  for (const auto& lsp : view.carries) *connection.add_carries() = id_of(lsp);
  return connection;
}

control::Lsp lsp_of(const ason::LspView& view) {
  control::Lsp lsp;
  *lsp.mutable_id() = id_of(view.key);
  lsp.set_role(view.role);
  lsp.set_state(view.state);
  lsp.set_connection(view.connection);
  if (view.previous.value != 0) lsp.set_previous(words(view.previous));
  if (view.next.value != 0) lsp.set_next(words(view.next));
  lsp.set_in(view.in);
  lsp.set_out(view.out);
  lsp.set_in_labels(words(view.in_down));
  lsp.set_out_labels(words(view.out_down));
  lsp.set_call_number(view.call_id);
  lsp.set_failing(view.failing);
  lsp.set_unsynchronized(view.unsynchronized);
  lsp.set_nested(view.nested);
  if (view.segment_in) *lsp.mutable_segment_in() = id_of(*view.segment_in);
  if (view.segment_out) *lsp.mutable_segment_out() = id_of(*view.segment_out);
  return lsp;
}

control::Neighbor neighbor_of(const engine::NeighborSnapshot& from, Instant now) {
  control::Neighbor neighbor;
  neighbor.set_node(words(from.node));
  neighbor.set_state(std::string(to_string(from.state)));
  neighbor.set_age_ms(age_ms(from.since, now));
  neighbor.set_adjacent(from.adjacent);
  neighbor.set_learned(from.learned);
  neighbor.set_interface(from.channel);
  neighbor.set_refresh_reduction(from.refresh_reduction);
  if (from.restart_cap) {
    neighbor.set_restart_ms(from.restart_ms);
    neighbor.set_recovery_ms(from.recovery_ms);
  }
  neighbor.set_recovering(from.recovering_us ? "us" : from.recovering_them ? "them" : "");
  neighbor.set_paths_received(from.paths_received);
  neighbor.set_paths_sent(from.paths_sent);
  neighbor.set_unacknowledged(from.unacknowledged);
  neighbor.set_unsynchronized(from.unsynchronized);
  neighbor.set_key(from.key);
  neighbor.set_hellos_received(from.counters.hellos_received);
  neighbor.set_messages_received(from.counters.messages_received);
  neighbor.set_messages_sent(from.counters.messages_sent);
  neighbor.set_retransmissions(from.counters.retransmissions);
  for (std::size_t i = 0; i < engine::kDrops; ++i) {
    if (from.counters.drops[i] == 0) continue;
    auto& counter = *neighbor.add_drops();
    counter.set_name("messages_dropped");
    counter.set_reason(std::string(to_string(static_cast<engine::Drop>(i))));
    counter.set_value(from.counters.drops[i]);
  }
  return neighbor;
}

control::TeLink link_of(const te::Link& from, signaling::NodeId self) {
  control::TeLink link;
  link.set_a(words(from.ends[0]));
  link.set_b(words(from.ends[1]));
  link.set_up(from.up);
  link.set_reference(std::string(word(from.reference)));
  link.set_metric(from.directions[0].metric);
  link.set_switching(word(from.switching));
  link.set_encoding(word(from.encoding));
  link.set_free(free_of(from.directions[0]));
  link.set_free_back(free_of(from.directions[1]));
  for (const std::uint32_t group : from.srlgs) link.add_srlgs(group);
  link.set_affinities(from.affinities);
  link.set_ours(from.ends[0].node == self || from.ends[1].node == self);
  return link;
}

control::TePath path_of(const te::Path& from) {
  control::TePath path;
  for (const te::PathHop& hop : from.hops) {
    auto& one = *path.add_hops();
    one.set_out(words(hop.out));
    one.set_in(words(hop.in));
    one.set_metric(hop.metric);
    one.set_labels(hop.labels ? words(*hop.labels) : "any");
    one.set_reference(std::string(word(hop.reference)));
  }
  path.set_cost(from.cost);
  return path;
}

control::Policy policy_of(const PolicySettings& settings,
                          const std::vector<const calls::Call*>& all) {
  control::Policy policy;
  policy.set_default_point(settings.default_point);
  for (const PointSettings& from : settings.points) {
    auto& point = *policy.add_points();
    point.set_name(from.values.name);
    point.set_kind(std::string(to_string(from.values.kind)));
    point.set_profile(from.values.profile == calls::Profile::Oif ? "oif" : "ietf");
    point.mutable_peers()->Assign(from.peers.begin(), from.peers.end());
    point.mutable_callers()->Assign(from.callers.begin(), from.callers.end());
    point.mutable_callees()->Assign(from.callees.begin(), from.callees.end());
    for (const std::uint8_t level : from.values.levels) point.add_levels(level);
    point.set_calls(from.values.calls);
    point.set_calls_of_caller(from.values.calls_of_caller);
    point.set_authenticated(from.values.authenticated);
    point.set_hide_route(from.values.hide_route);
    point.set_realisation(std::string(to_string(from.values.plan.realisation)));
    for (const std::uint8_t signal : from.values.signals) point.add_signals(signal);
    point.set_max_signals(from.values.max_signals);
    point.set_max_bandwidth(from.values.max_bandwidth);
    point.set_call_bandwidth(from.values.call_bandwidth);
    point.set_connections_of_call(from.values.connections_of_call);
    point.set_protection(from.values.protection);
    point.set_refuse_explicit_route(from.values.refuse_explicit_route);
    const auto here = [&](const std::optional<calls::Segment>& leg) {
      return leg && leg->point == from.values.name;
    };
    point.set_calls_now(static_cast<std::uint32_t>(std::ranges::count_if(
        all, [&](const calls::Call* call) { return here(call->up) || here(call->down); })));
  }
  for (const calls::ServiceLevel& from : settings.levels) {
    auto& level = *policy.add_levels();
    level.set_level(from.level);
    level.set_available(from.available);
    level.set_protection(from.lsp_flags);
  }
  for (const ManagerRouteSettings& from : settings.routes) {
    auto& route = *policy.add_routes();
    route.set_destination(from.destination);
    route.set_next(from.next);
    route.set_point(from.point);
  }
  return policy;
}

}  // namespace forces::ce
