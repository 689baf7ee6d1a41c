// The messages of an LSP to both sides, and the Resv that comes back.
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

namespace bits = rsvp::admin_status;

}  // namespace

void Controller::Core::ask_call(Lsp& lsp, Instant now) {
  const rsvp::Message& path = lsp.path();
  const std::uint16_t call = call_id_of(path);
  lsp.admitted = true;
  const bool transit = lsp.role == Role::Transit;
  if (call == 0 || (transit && !config.ask_transit) || !config.ason) return;
  lsp.asked = true;
  const auto* const attribute = path.find<rsvp::SessionAttribute>();
  const auto* const protection = path.find<rsvp::Protection>();
  // Also when nobody answers, this LSP is not held for ever (D11).
  if (lsp.why == Lsp::Due::None) {
    lsp.call_error = {rsvp::ErrorCode::CallManagement, rsvp::call::kUnknownCallId};
    set_timer(lsp, Lsp::Due::CallHold, config.call_hold, now);
  }
  out.push(AskCall{.key = lsp.key,
                   .call_id = call,
                   .name = attribute == nullptr ? std::string() : attribute->name,
                   .neighbor = lsp.previous,
                   .ingress = lsp.role == Role::Ingress,
                   .transit = transit,
                   .shared = shares(path),
                   .signal = signal_of(path),
                   .lsp_flags = protection == nullptr ? std::uint8_t{0} : protection->lsp_flags()});
}

void Controller::Core::on_call_verdict(const LspKey& key, const CallVerdict& verdict, Instant now) {
  Lsp* const lsp = find(key);
  if (lsp == nullptr || !lsp->asked || lsp->doomed) return;
  switch (verdict.answer) {
    case CallVerdict::Answer::Wait:
      if (verdict.error != rsvp::ErrorValue{}) lsp->call_error = verdict.error;
      return;
    case CallVerdict::Answer::Yes:
      lsp->asked = false;
      if (lsp->why == Lsp::Due::CallHold) clear_timer(*lsp);
      return advance(key, now);
    case CallVerdict::Answer::No: {
      lsp->asked = false;
      Trouble why = trouble(*lsp, verdict.error, {});
      why.upstream = true;
      return setup_failed(*lsp, std::move(why), now);
    }
  }
}

void Controller::Core::tell_call(const Lsp& lsp, bool up) {
  if (!lsp.path_in || lsp.role == Role::Transit) return;
  const std::uint16_t call = call_id_of(lsp.path());
  if (call == 0) return;
  const auto* const attribute = lsp.path().find<rsvp::SessionAttribute>();
  const auto* const protection = lsp.path().find<rsvp::Protection>();
  out.push(CallConnection{
      .key = lsp.key,
      .call_id = call,
      .name = attribute == nullptr ? std::string() : attribute->name,
      .up = up,
      .recovery = protection != nullptr && protection->is(rsvp::Protection::kProtecting),
      .bandwidth = signal_of(lsp.path()).bandwidth()});
}

void Controller::Core::send_path(Lsp& lsp, Instant now) {
  (void)now;
  PathHop hop{.out = out_link(lsp), .ero = lsp.onward};
  const auto* const rro = lsp.path().find<rsvp::RecordRoute>();
  if (lsp.role == Role::Ingress || rro != nullptr) {
    if (rro != nullptr) hop.rro = rro->route;
    record(hop.rro, hop.out, {});
  }
  if (!lsp.segment_out) {
    hop.label_sets = offered(lsp);
    hop.suggested = lsp.labels.out;
  }
  hop.upstream = lsp.labels.upstream_out;
  // A neighbour that forgot it finds its rows by the label (RFC 3473 section 9.5).
  if (lsp.labels_fixed && lsp.established) hop.recovery = lsp.labels.out;
  if (config.ason && crankback_scope(lsp.path()) != CrankbackScope::None &&
      !lsp.history.current(database).empty()) {
    // What is known to be blocked goes along (RFC 4920 section 6.3.4, RFC 4874).
    te::Exclusions all = lsp.history.all();
    rsvp::Route exclude;
    if (const auto* const xro = lsp.path().find<rsvp::ExcludeRoute>()) exclude = xro->route;
    for (rsvp::Subobject& one : exclude_route(all)) {
      if (std::ranges::find(exclude, one) == exclude.end()) exclude.push_back(std::move(one));
    }
    if (!exclude.empty()) hop.exclude = std::move(exclude);
  }
  rsvp::Message path = path_for_hop(lsp.path(), hop);
  if (config.budget && config.ason && crankback_scope(path) != CrankbackScope::None) {
    if (const auto budget = Budget::of(path)) {
      set_budget(path, {std::max(budget->used, lsp.budget_used), budget->limit});
    } else if (const Connection* const connection = connection_of(lsp)) {
      set_budget(path, {lsp.attempts.total, connection->request.limits.connection});
    }
  }
  lsp.path_out = std::make_shared<const rsvp::Message>(std::move(path));
  lsp.below = LinkEnd{lsp.next, hop.out.interface};
  persist(lsp);
  forget_tear({lsp.key, lsp.next});
  out.push(SetPath{lsp.key, lsp.next, lsp.path_out});
}

// RFC 5151 section 4.1: of who might have done otherwise, a border or who expands a loose hop.
bool Controller::Core::reports_contiguous(const Lsp& lsp) const {
  if (!config.ason || lsp.role != Role::Transit || !must_be_contiguous(lsp.path())) return false;
  if (is_border(config.self)) return true;
  const auto* const ero = lsp.path().find<rsvp::ExplicitRoute>();
  if (ero == nullptr) return false;
  const OwnHops own =
      own_hops(config.self, lsp.from, {config.self, lsp.in}, lsp.bidirectional(), ero->route);
  return !own.rest.empty() && own.rest.front().loose;
}

rsvp::Route Controller::Core::recorded(const Lsp& lsp) const {
  rsvp::Route route;
  const rsvp::RecordRoute* below = lsp.resv_in ? lsp.resv_in->find<rsvp::RecordRoute>() : nullptr;
  if (below != nullptr) route = below->route;
  const bool labels = (records_labels(lsp.path()) || lsp.role == Role::Ingress) &&
                      !lsp.segment_out;  // between its ends there is none
  ExplicitLabels own;
  if (labels && !lsp.labels.out.empty()) own.down = lsp.labels.out;
  // Also the other direction, where a user is told his label (RFC 4003 section 2.2).
  if (labels && lsp.next == NodeId{} && !lsp.labels.upstream_out.empty()) {
    own.up = lsp.labels.upstream_out;
  }
  record(route, out_link(lsp), own);
  if (lsp.role == Role::Egress && is_end(lsp)) {
    rsvp::AttributesHop ready;  // RFC 5150 section 5.1.1
    ready.set_flag(rsvp::lsp_flag::kStitching);
    route.insert(route.begin() + 1, {.hop = std::move(ready)});
  }
  if (reports_contiguous(lsp)) {
    rsvp::AttributesHop as_asked;
    as_asked.set_flag(rsvp::lsp_flag::kContiguous);
    route.insert(route.begin() + 1, {.hop = std::move(as_asked)});
  }
  if (config.hide_route && lsp.role != Role::Ingress &&
      domain_of(lsp.from.node) != domain_of(config.self)) {
    // It leaves the domain: this border, and what is behind the domain (RFC 5151 section 4.1).
    const std::uint32_t domain = domain_of(config.self);
    rsvp::Route shown;
    bool hidden = false;
    NodeId exit = config.self;
    for (const rsvp::Subobject& hop : route) {
      const auto node = node_of(hop);
      if (node && domain_of(*node) == domain) exit = *node;
    }
    for (const rsvp::Subobject& hop : route) {
      if (const auto node = node_of(hop)) {
        hidden = domain_of(*node) == domain && *node != config.self && *node != exit;
      }
      if (!hidden) shown.push_back(hop);
    }
    route = std::move(shown);
  }
  return route;
}

void Controller::Core::send_resv(Lsp& lsp, Instant now) {
  ResvHop hop{.label = lsp.labels.in};
  if (lsp.path().find<rsvp::RecordRoute>() != nullptr) hop.rro = recorded(lsp);
  const bool egress = lsp.next == NodeId{};
  rsvp::Message resv = resv_for_hop(lsp.path(), egress ? nullptr : lsp.resv_in.get(), hop);
  if (egress && lsp.link_id != 0) {
    const auto place = std::ranges::find_if(resv.objects, [](const rsvp::Object& object) {
      return std::holds_alternative<rsvp::Style>(object);
    });
    resv.objects.emplace(place, rsvp::LspTunnelInterfaceId{config.self.value, lsp.link_id});
  }
  if (egress) {
    // RFC 3473 section 7.2: what asks to be reflected is.
    const std::uint32_t status = admin_status(lsp.path());
    if ((status & bits::kReflect) != 0) set_admin_status(resv, status & ~bits::kReflect);
  }
  const bool first = !lsp.resv_out;
  const bool established_now = !lsp.established;
  lsp.resv_out = true;
  lsp.established = true;
  if (established_now) lsp.up_at = now;
  if (first || established_now) persist(lsp);
  out.push(SetResv{lsp.key, std::make_shared<const rsvp::Message>(std::move(resv))});
  if (first) tell_call(lsp, true);
  // What was told of it before may be over since (an ingress may have had it up all the time).
  if (established_now && (lsp.told || lsp.journaled)) tell_transport(lsp);
  if (established_now && lsp.why == Lsp::Due::None) {
    set_timer(lsp, Lsp::Due::History, config.history_hold, now);
  }
}

void Controller::Core::resend(Lsp& lsp, Instant now) {
  if (lsp.next != NodeId{} && lsp.path_out) send_path(lsp, now);
  if (lsp.resv_out) send_resv(lsp, now);
}

void Controller::Core::tear_downstream(Lsp& lsp, const rsvp::Message* received) {
  if (!lsp.below || (received == nullptr && !lsp.path_in)) return;
  const LinkEnd below = *lsp.below;
  lsp.below.reset();
  owe_tear(
      lsp.key, below.node,
      tear_for_hop(received != nullptr ? *received : lsp.path(), {config.self, below.interface}));
}

void Controller::Core::on_resv(const engine::ResvReceived& event, Instant now) {
  Lsp* const lsp = find(event.key);
  if (lsp == nullptr || lsp->doomed || !event.resv) return;
  const auto* const session = event.resv->find<rsvp::Session>();
  if (lsp->role == Role::Ingress && session != nullptr &&
      session->call_id != call_id_of(lsp->path()) && !lsp->recovering) {
    // D13: somebody on the way took the Call_ID out; beyond him it is no connection of the call.
    lsp->resv_in = event.resv;
    Trouble why = trouble(*lsp, {rsvp::ErrorCode::CallManagement, rsvp::call::kUnknownCallId}, {});
    why.reason = "call_id_removed_on_the_way";
    return setup_failed(*lsp, std::move(why), now);
  }
  const auto* const flowspec = event.resv->find<rsvp::Flowspec>();
  const auto* const tspec = lsp->path().find<rsvp::SenderTspec>();
  if (flowspec != nullptr && tspec != nullptr && flowspec->traffic != tspec->traffic) {
    const Trouble why =
        trouble(*lsp, {rsvp::ErrorCode::TrafficControl, rsvp::traffic::kBadFlowspec}, {});
    out.push(SendResvErr{event.key, resv_err(*event.resv, why.spec)});
    return;
  }
  if (lsp->rerouting) return tear_downstream(*lsp);  // of a Path that is no longer meant
  const std::uint32_t status = admin_status(*event.resv);
  if (lsp->role == Role::Ingress && (status & bits::kDelete) != 0 &&
      (lsp->deleting || (status & bits::kReflect) != 0)) {
    // Everybody knows that it ends (RFC 3473 section 7.2.1 step 3, from either end).
    lsp->deleting = true;
    lsp->resv_in = event.resv;
    return doom(*lsp, now);
  }
  const auto* const label = event.resv->find<rsvp::Label>();
  if (label == nullptr) return;
  if ((lsp->plane == Plane::Active || lsp->plane == Plane::Activating) && !lsp->segment_out) {
    const auto local = manager.to_local(lsp->out, label->labels);
    if (!local || *local != lsp->labels.out) {
      const Trouble why =
          trouble(*lsp, {rsvp::ErrorCode::RoutingProblem, rsvp::routing::kUnacceptableLabel},
                  {.link = LinkEnd{config.self, lsp->out}, .down = label->labels});
      out.push(SendResvErr{event.key, resv_err(*event.resv, why.spec)});
      return;
    }
  }
  if (const auto budget = Budget::of(*event.resv)) {
    lsp->budget_used = std::max(lsp->budget_used, budget->used);
  }
  lsp->resv_in = event.resv;
  unsynchronized(*lsp, false);
  if (is_adjacency(*lsp)) adjacency_back(*lsp, now);
  if (lsp->plane == Plane::Active && !lsp->recovering) {
    if (lsp->role == Role::Ingress) return lsp_up(*lsp, now);
    return send_resv(*lsp, now);
  }
  advance(event.key, now);
}

// The reservation is gone, the Path stays (RFC 2205 section 3.1.6): rows go, and are made again if
// a Resv comes back.
void Controller::Core::on_resv_gone(const engine::ResvGone& event, Instant now) {
  Lsp* const lsp = find(event.key);
  if (lsp == nullptr || lsp->doomed || !lsp->below || lsp->below->node != event.from) return;
  if (event.why == engine::Gone::NeighborRemoved) {
    if (lsp->established && !lsp->deleting) unsynchronized(*lsp, true);
    return;
  }
  lsp->resv_in.reset();
  if (lsp->role == Role::Ingress) {
    if (!lsp->established) return;
    Trouble why = trouble(*lsp, {rsvp::ErrorCode::NoSenderInformation, 0},
                          {.link = LinkEnd{config.self, lsp->out}});
    lsp_failed(*lsp,
               {.error = why.spec.error,
                .node = event.from,
                .link = LinkEnd{config.self, lsp->out},
                .reason = "reservation_torn",
                .at = now},
               now);
    if (Lsp* const still = find(event.key)) doom(*still, now);
    return;
  }
  if (lsp->resv_out) out.push(TearResv{event.key});
  lsp->resv_out = false;
  lsp->established = false;
  persist(*lsp);
  if (lsp->plane == Plane::Active || lsp->plane == Plane::Activating) {
    lsp->rerouting = true;
    lsp->path_out.reset();
    let_go(*lsp, now);
  }
}

// Something upstream does not like our Resv (RFC 4920 section 6.5.1): on to who made it, and the
// egress tells the ingress by a PathErr.
void Controller::Core::on_resv_err(const engine::ResvErrReceived& event, Instant now) {
  Lsp* const lsp = find(event.key);
  if (lsp == nullptr || lsp->doomed || !event.error) return;
  const auto* const spec = event.error->find<rsvp::ErrorSpec>();
  if (spec == nullptr) return;
  if (lsp->next != NodeId{}) {
    if (lsp->resv_in) out.push(SendResvErr{event.key, resv_err(*lsp->resv_in, *spec)});
    return;
  }
  if (lsp->role == Role::Ingress || lsp->established) return;
  Trouble why{.spec = *spec};
  why.upstream = true;
  setup_failed(*lsp, std::move(why), now);
}

}  // namespace forces::signaling::ason
