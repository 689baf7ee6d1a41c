#include "ce/ctl/signaling/signaling_text.hpp"

#include <fmt/format.h>

#include "ce/ctl/render.hpp"
#include "ce/ctl/table.hpp"

namespace forces::ctl {
namespace {

using control::Response;

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }
std::string or_dash(std::uint64_t number) { return number == 0 ? "-" : std::to_string(number); }

template <class Texts>
std::string listed(const Texts& texts, std::string_view between = ", ") {
  std::string all;
  for (const auto& text : texts) all += fmt::format("{}{}", all.empty() ? "" : between, text);
  return or_dash(all);
}

std::string text_of(const control::LspId& id) {
  return id.sender().empty() ? "-"
                             : fmt::format("{} to {} tunnel {} lsp {}", id.sender(), id.end_point(),
                                           id.tunnel(), id.lsp());
}

std::string text_of(const control::SignalingReason& reason) {
  std::string text = reason.cause();
  if (reason.code() != 0) text += fmt::format(" ({}/{})", reason.code(), reason.value());
  if (!reason.text().empty()) text += ": " + reason.text();
  if (!reason.node().empty()) text += ", said by " + reason.node();
  if (!reason.link().empty()) text += ", about link " + reason.link();
  if (reason.age_ms() != 0) text += fmt::format(", {} ago", duration_text(reason.age_ms()));
  return text;
}

// How a list that was limited goes on.
std::string more(const std::string& after) {
  return after.empty() ? "" : fmt::format("more: --after {}\n", after);
}
std::string more(std::uint64_t after) { return more(after == 0 ? "" : std::to_string(after)); }

std::string text_of(const control::SignalingStatus& status) {
  std::string text = fmt::format(
      "node {}\nfabric {}\nstate {}\n{} of {} interfaces up, {} of {} neighbors up\n"
      "{} calls, {} connections, {} LSPs\n",
      status.node(), status.fabric(),
      status.waiting_for_store() == 0
          ? status.store()
          : fmt::format("{}, {} messages wait for it", status.store(), status.waiting_for_store()),
      status.interfaces_up(), status.interfaces(), status.neighbors_up(), status.neighbors(),
      status.calls(), status.connections(), status.lsps());
  Table counters({"COUNTER", ">VALUE"});
  for (const auto& counter : status.counters()) {
    if (counter.value() != 0) counters.row({counter.name(), std::to_string(counter.value())});
  }
  if (!counters.empty()) text += fmt::format("\n{}", counters.text());
  return text;
}

std::string text_of(const control::NeighborList& list) {
  Table table({"NEIGHBOR", "STATE", "SINCE", ">INTERFACE", "RESTART", ">PATHS IN", ">PATHS OUT",
               ">UNSYNC", ">KEY", ">RETRANSMITTED", "DROPPED"});
  for (const auto& one : list.neighbors()) {
    std::string dropped;
    for (const auto& counter : one.drops()) {
      dropped +=
          fmt::format("{}{} {}", dropped.empty() ? "" : ", ", counter.reason(), counter.value());
    }
    const std::string restart = one.restart_ms() == 0 && one.recovery_ms() == 0
                                    ? "-"
                                    : fmt::format("{}/{}", duration_text(one.restart_ms()),
                                                  duration_text(one.recovery_ms()));
    table.row({one.node(),
               one.state() + (one.recovering().empty() ? "" : ", recovering " + one.recovering()),
               duration_text(one.age_ms()), or_dash(one.interface()), restart,
               std::to_string(one.paths_received()), std::to_string(one.paths_sent()),
               std::to_string(one.unsynchronized()), or_dash(one.key()),
               std::to_string(one.retransmissions()), or_dash(dropped)});
  }
  return table.text();
}

std::string text_of(const control::CallList& list) {
  Table table({">CALL", "STATE", "ROLE", "FROM", "TO", ">LEVEL", ">CONNECTIONS", "NAME"});
  for (const auto& call : list.calls()) {
    table.row({std::to_string(call.handle()), call.state(), call.role(), call.sender(),
               call.end_point(),
               call.has_service_level() ? std::to_string(call.service_level()) : "-",
               std::to_string(call.connection_count()), or_dash(call.name())});
  }
  return table.text() + more(list.next());
}

std::string text_of(const control::Call& call) {
  std::string text =
      fmt::format("call {} {}\nname {}\nshort Call ID {}\nfrom {}{}\nto {}{}\nthis node is {}\n",
                  call.handle(), call.state(), or_dash(call.name()), call.number(), call.sender(),
                  call.source().empty() ? "" : ", user " + call.source(), call.end_point(),
                  call.destination().empty() ? "" : ", user " + call.destination(), call.role());
  if (call.has_service_level()) text += fmt::format("service level {}\n", call.service_level());
  if (call.has_reason()) text += fmt::format("last failure {}\n", text_of(call.reason()));
  Table segments({"SEGMENT", "PEER", "POINT", "STATE", "CONNECTIONS", "ALARM"});
  for (const auto& one : call.segments()) {
    segments.row({one.side(), one.peer(), or_dash(one.point()), one.state(),
                  fmt::format("{}, {}+{}", one.realisation(), one.working(), one.recovery()),
                  one.unanswered() ? "no answer"
                  : one.refused()  ? "refused"
                                   : "-"});
  }
  if (!segments.empty()) text += fmt::format("\n{}", segments.text());
  Table lsps({"LSP", "ROLE", "STATE"});
  for (const auto& one : call.connections()) {
    lsps.row({text_of(one.lsp()), one.role(), one.state()});
  }
  if (!lsps.empty()) text += fmt::format("\n{}", lsps.text());
  return text;
}

std::string text_of(const control::ConnectionList& list) {
  Table table({"CONNECTION", "STATE", "UP", "LSP", ">CALL ID", ">SETUP", "LAST FAILURE"});
  for (const auto& one : list.connections()) {
    table.row({one.name(), one.state() + (one.frozen() ? ", frozen" : ""),
               duration_text(one.up_ms()), text_of(one.lsp()), or_dash(one.call_number()),
               one.setup_ms() == 0 ? "-" : fmt::format("{:.1f}ms", one.setup_ms()),
               one.failures().empty() ? "-" : one.failures().rbegin()->cause()});
  }
  return table.text() + more(list.next());
}

std::string text_of(const control::Connection& one) {
  std::string text = fmt::format("connection {} {}{}\nLSP {}\n", one.name(), one.state(),
                                 one.frozen() ? ", frozen" : "", text_of(one.lsp()));
  if (one.has_other()) text += fmt::format("other LSP {}\n", text_of(one.other()));
  if (one.call_number() != 0) {
    text += fmt::format("call {}short Call ID {}\n", one.call().empty() ? "" : one.call() + ", ",
                        one.call_number());
  }
  if (one.segment()) text += "segment of this domain, for LSPs that are stitched to it\n";
  if (one.adjacency() != 0) {
    text +=
        fmt::format("adjacency of this domain, for LSPs that are nested in it by interface {}\n",
                    one.adjacency());
  }
  for (const auto& lsp : one.carries()) text += fmt::format("carries {}\n", text_of(lsp));
  text += fmt::format("way now {}\n", listed(one.current(), " | "));
  if (one.nominal_size() != 0) text += fmt::format("nominal {}\n", listed(one.nominal(), " | "));
  if (one.setup_ms() != 0) text += fmt::format("set up in {:.1f}ms\n", one.setup_ms());
  if (one.recovery_ms() != 0) text += fmt::format("restored in {:.1f}ms\n", one.recovery_ms());
  if (one.up_ms() != 0) text += fmt::format("up for {}\n", duration_text(one.up_ms()));
  if (one.tries() + one.contentions() != 0) {
    text += fmt::format("{} other ways and {} other labels were tried here\n", one.tries(),
                        one.contentions());
  }
  for (const auto& failure : one.failures()) {
    text += fmt::format("failure {}\n", text_of(failure));
  }
  return text;
}

std::string text_of(const control::LspList& list) {
  Table table({"LSP", "ROLE", "STATE", "FROM", ">IN", "LABELS", "TO", ">OUT", "LABELS", ">CALL ID",
               "CONNECTION"});
  for (const auto& one : list.lsps()) {
    std::string state = one.state();
    if (one.failing()) state += ", failing";
    if (one.unsynchronized()) state += ", unsynchronized";
    if (one.has_segment_in() || one.has_segment_out()) {
      state += one.nested() ? ", nested" : ", stitched";
    }
    table.row({text_of(one.id()), one.role(), state, or_dash(one.previous()), or_dash(one.in()),
               or_dash(one.in_labels()), or_dash(one.next()), or_dash(one.out()),
               or_dash(one.out_labels()), or_dash(one.call_number()), or_dash(one.connection())});
  }
  return table.text() + more(list.next());
}

std::string text_of(const control::TeLinkList& list) {
  Table table({"A", "B", "STATE", "REFERENCE", ">METRIC", "SWITCHING", "FREE A TO B", "FREE B TO A",
               "SRLGS"});
  for (const auto& link : list.links()) {
    table.row({link.a(), link.b(), link.up() ? "up" : "down", link.reference(),
               std::to_string(link.metric()),
               fmt::format("{}/{}", link.switching(), link.encoding()), link.free(),
               link.free_back(), listed(link.srlgs())});
  }
  return table.text() + more(list.next());
}

std::string hops(const google::protobuf::RepeatedPtrField<control::TeHop>& hops) {
  Table table({"OUT", "IN", ">METRIC", "REFERENCE", "LABELS"});
  for (const auto& hop : hops) {
    table.row({hop.out(), hop.in(), std::to_string(hop.metric()), hop.reference(), hop.labels()});
  }
  return table.text();
}

std::string text_of(const control::TePath& path) {
  std::string text = fmt::format("cost {}\n{}", path.cost(), hops(path.hops()));
  if (path.recovery_size() == 0) return text;
  return text +
         fmt::format("\nthe other way: cost {}\n{}", path.recovery_cost(), hops(path.recovery()));
}

std::string text_of(const control::LabelMap& map) {
  Table table({">INTERFACE", ">LOCAL", ">REMOTE", "STATE", "BY"});
  for (const auto& one : map.entries()) {
    const bool known = one.state() != "unknown";
    table.row({std::to_string(one.interface()), fmt::format("{:#x}", one.local()),
               known ? fmt::format("{:#x}", one.remote()) : "-", one.state(),
               one.provisioned() ? "operator" : (known ? "trace" : "-")});
  }
  std::string text = table.text();
  for (const auto& fault : map.faults()) {
    text += fmt::format("interface {} {} label {:#x}: {}; it is not used\n", fault.interface(),
                        fault.remote() ? "remote" : "local", fault.label(), fault.what());
  }
  return text;
}

// What the points ask of connections; those that ask nothing are left out.
std::string connections_of(const control::Policy& policy) {
  constexpr std::uint32_t kAnyProtection = 0x3f;
  Table table({"POINT", "SIGNALS", ">SIGNALS OF ONE", ">KBIT/S OF ONE", ">KBIT/S OF A CALL",
               ">ONES OF A CALL", "PROTECTION", "GIVEN ROUTE"});
  for (const auto& one : policy.points()) {
    const bool any = one.signals().empty() && one.protection() == kAnyProtection &&
                     one.max_signals() + one.connections_of_call() == 0 &&
                     one.max_bandwidth() == 0 && one.call_bandwidth() == 0 &&
                     !one.refuse_explicit_route();
    if (any) continue;
    table.row({one.name(), listed(one.signals()), or_dash(one.max_signals()),
               or_dash(one.max_bandwidth()), or_dash(one.call_bandwidth()),
               or_dash(one.connections_of_call()), fmt::format("{:#x}", one.protection()),
               one.refuse_explicit_route() ? "refused" : "-"});
  }
  return table.empty() ? "" : fmt::format("\nof connections:\n{}", table.text());
}

std::string text_of(const control::Policy& policy) {
  Table points({"POINT", "KIND", "PEERS", "CALLERS", "CALLEES", ">CALLS", ">AT MOST", "SIGNED"});
  for (const auto& one : policy.points()) {
    points.row({one.name(), one.kind(), listed(one.peers()), listed(one.callers()),
                listed(one.callees()), std::to_string(one.calls_now()), or_dash(one.calls()),
                one.authenticated() ? "must be" : "-"});
  }
  std::string text = points.text();
  text += fmt::format("others are {}\n", policy.default_point().empty()
                                             ? "strangers, and refused"
                                             : "at " + policy.default_point());
  text += connections_of(policy);
  Table routes({"CALLEE", "NEXT CONTROLLER", "POINT"});
  for (const auto& one : policy.routes()) {
    routes.row(
        {one.destination(), one.next().empty() ? "this one" : one.next(), or_dash(one.point())});
  }
  if (!routes.empty()) text += fmt::format("\n{}", routes.text());
  Table levels({">LEVEL", "AVAILABLE", "PROTECTION"});
  for (const auto& one : policy.levels()) {
    levels.row({std::to_string(one.level()), one.available() ? "yes" : "no",
                fmt::format("{:#x}", one.protection())});
  }
  if (!levels.empty()) text += fmt::format("\n{}", levels.text());
  return text;
}

}  // namespace

std::string signaling_text(const Response& response) {
  if (response.has_signaling()) return text_of(response.signaling());
  if (response.has_neighbors()) return text_of(response.neighbors());
  if (response.has_call()) return text_of(response.call());
  if (response.has_calls()) return text_of(response.calls());
  if (response.has_connection()) return text_of(response.connection());
  if (response.has_connections()) return text_of(response.connections());
  if (response.has_lsps()) return text_of(response.lsps());
  if (response.has_te_links()) return text_of(response.te_links());
  if (response.has_te_path()) return text_of(response.te_path());
  if (response.has_label_map()) return text_of(response.label_map());
  if (response.has_policy()) return text_of(response.policy());
  return {};
}

}  // namespace forces::ctl
