// Setups that fail, and what is tried then: crankback (RFC 4920, ason.md 2.10).
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;

// RFC 3473 section 9 and RFC 4872: what only says how things are; nothing is to be undone.
bool only_news(ErrorValue error) { return error.code == ErrorCode::Notify; }

}  // namespace

Trouble Controller::Core::trouble(const Lsp& lsp, ErrorValue error, Blocked blocked) const {
  const auto* const ero = lsp.path_in ? lsp.path().find<rsvp::ExplicitRoute>() : nullptr;
  if (lsp.role != Role::Ingress) {
    if (ero != nullptr && blocked.ero.empty()) blocked.ero = ero->route;
    if (lsp.in != 0 && !blocked.incoming) blocked.incoming = LinkEnd{config.self, lsp.in};
    blocked.node = config.self;
  }
  return {.spec = error_spec(config.self, error, blocked, false)};
}

RepairRules Controller::Core::rules(const Lsp& lsp) const {
  RepairRules rules{.ingress = lsp.role == Role::Ingress, .border = is_border(config.self)};
  rules.limits = config.repair;
  if (config.ason) rules.scope = crankback_scope(lsp.path());
  if (rules.ingress) {
    const auto at = connections.find(lsp.connection);
    if (at != connections.end()) rules.limits = at->second.request.limits;
    rules.counts_all = true;
  } else if (const auto budget = config.budget ? Budget::of(lsp.path()) : std::nullopt) {
    rules.limits.connection = budget->limit;
    rules.counts_all = true;
  }
  return rules;
}

void Controller::Core::setup_failed(Lsp& lsp, Trouble trouble, Instant now) {
  if (lsp.doomed) return;
  const ErrorValue error = trouble.spec.error;
  if (!trouble.received) ++counters.errors[{error.code, error.value}];
  // Nothing that was up is given up for a failure to set its rows again (R1).
  if (lsp.established && !trouble.received && !lsp.rerouting) {
    return want(lsp);
  }
  if (trouble.upstream) return give_up_setup(lsp, std::move(trouble), now);
  if (trouble.no_way) {
    // K10: no other way. What stood in the way is passed on, with all that is known here.
    if (!lsp.last) return give_up_setup(lsp, std::move(trouble), now);
    Trouble last = std::move(*lsp.last);
    lsp.last.reset();
    if (lsp.role == Role::Ingress) last.reason = trouble.reason;
    add_exclusions(last.spec, lsp.history.all().nodes, lsp.history.all().links);
    return give_up_setup(lsp, std::move(last), now);
  }
  RepairRules rules = this->rules(lsp);
  te::Exclusions named;
  collect(trouble.spec, named);
  const LinkEnd near{config.self, lsp.out};
  const auto far = far_end(lsp.out);
  rules.own_link =
      lsp.next != NodeId{} && (named.labels.contains(near) || (far && named.labels.contains(*far)));
  lsp.history.add(trouble.spec, database);
  if (about_label(error) && trouble.received && named.labels.empty() &&
      named.nodes.contains(lsp.next)) {
    // The next node says that a label will not do, and not which: it was ours.
    rules.own_link = true;
    lsp.history.add_labels(
        near, lsp.labels.upstream_out.empty() ? lsp.labels.out : lsp.labels.upstream_out, database);
  }
  if (trouble.received) {
    if (const auto budget = Budget::of(*trouble.received)) {
      lsp.budget_used = std::max(lsp.budget_used, budget->used);
    }
  }
  if (rules.counts_all && config.budget) {
    if (const auto budget = Budget::of(lsp.path())) {
      lsp.budget_used = std::max(lsp.budget_used, budget->used);
    }
    lsp.attempts.total = std::max(lsp.attempts.total, lsp.budget_used);
  }
  const std::uint32_t contentions = lsp.attempts.contentions;
  const Repair repair = judge(error, rules, lsp.attempts);
  lsp.budget_used = std::max(lsp.budget_used, lsp.attempts.total);
  switch (repair) {
    case Repair::Retry:
      ++(lsp.attempts.contentions > contentions ? counters.contentions : counters.crankbacks);
      lsp.first_route.reset();
      lsp.last = std::move(trouble);
      if (Connection* const connection = connection_of(lsp)) {
        connection->attempts = lsp.attempts;
        remember(*connection,
                 {.error = error,
                  .node = {lsp.last->spec.node.v4()},
                  .link = named.links.empty() ? std::nullopt : std::optional(*named.links.begin()),
                  .reason = lsp.last->reason.empty() ? reason_of(error) : lsp.last->reason,
                  .at = now});
      }
      return begin_again(lsp, now);
    case Repair::Forward:
      return give_up_setup(lsp, std::move(trouble), now);
    case Repair::NodeLimit: {
      // K8: the error as it was, and that going through this node will not succeed.
      std::set<LinkEnd> links = lsp.tried;
      links.insert(lsp.history.all().links.begin(), lsp.history.all().links.end());
      add_exclusions(trouble.spec, {config.self}, links);
      if (lsp.role == Role::Ingress) trouble.reason = "node_limit";
      return give_up_setup(lsp, std::move(trouble), now);
    }
    case Repair::ConnectionLimit: {
      // K9: nobody tries again.
      Trouble over = this->trouble(
          lsp, {ErrorCode::RoutingProblem, rsvp::routing::kRerouteLimit},
          {.link = named.links.empty() ? std::nullopt : std::optional(*named.links.begin()),
           .nodes = {config.self},
           .links = lsp.history.all().links});
      if (lsp.role == Role::Ingress) over.reason = "rerouting_limit";
      return give_up_setup(lsp, std::move(over), now);
    }
  }
}

// From where it was left: rows that are there go first. The next Path takes the place of the last
// one, unless that was answered already: the same answer to the next one would be no news.
void Controller::Core::begin_again(Lsp& lsp, Instant now) {
  lsp.rerouting = true;
  lsp.path_out.reset();
  if (lsp.resv_in) tear_downstream(lsp);
  lsp.resv_in.reset();
  lsp.labels_fixed = false;
  persist(lsp);
  if (lsp.plane == Plane::None) return begin(lsp, now);
  if (lsp.plane != Plane::Releasing) let_go(lsp, now);
}

void Controller::Core::give_up_setup(Lsp& lsp, Trouble trouble, Instant now) {
  te::Exclusions named;
  collect(trouble.spec, named);
  if (lsp.role == Role::Ingress) {
    Failure failure{
        .error = trouble.spec.error,
        .node = {trouble.spec.node.is_v6() ? 0 : trouble.spec.node.v4()},
        .reason = trouble.reason.empty() ? reason_of(trouble.spec.error) : trouble.reason,
        .at = now};
    if (!named.links.empty()) failure.link = *named.links.begin();
    const LspKey key = lsp.key;
    lsp_failed(lsp, failure, now);
    if (Lsp* const still = find(key)) doom(*still, now);
    return;
  }
  // All of it is removed here, so the error says so (RFC 3473 section 4.4), and a PathTear goes
  // downstream unless nothing is there.
  trouble.spec.flags |= rsvp::ErrorSpec::kPathStateRemoved;
  rsvp::Message error = trouble.received ? forward_path_err(*trouble.received, trouble.spec)
                                         : path_err(lsp.path(), trouble.spec, trouble.acceptable);
  if (config.budget && Budget::of(lsp.path())) {
    set_budget(error, {lsp.budget_used, Budget::of(lsp.path())->limit});
  }
  out.push(SendPathErr{lsp.key, std::move(error)});
  doom(lsp, now);
}

void Controller::Core::on_path_err(const engine::PathErrReceived& event, Instant now) {
  Lsp* const lsp = find(event.key);
  if (lsp == nullptr || !event.error) return;
  const auto* const spec = event.error->find<rsvp::ErrorSpec>();
  if (spec == nullptr) return;
  // Also where its state is said to be removed a tear follows in the end: our last Path may have
  // crossed that, and be answered by now.
  if (lsp->doomed) return;
  if (only_news(spec->error) && !event.state_removed) {
    if (lsp->role == Role::Ingress) {
      if (spec->error.value == rsvp::notify::kLspFailure ||
          spec->error.value == rsvp::notify::kLspLocallyFailed) {
        on_lsp_failed(*lsp, *spec, now);
      }
      return;
    }
    out.push(SendPathErr{event.key, forward_path_err(*event.error, *spec)});
    return;
  }
  if (!lsp->established) {
    if (lsp->rerouting) return;  // about a Path that is no longer meant
    return setup_failed(*lsp, {.spec = *spec, .received = event.error}, now);
  }
  if (!event.state_removed) {
    // Of one that is up: told upstream, and nothing else.
    if (lsp->role != Role::Ingress) {
      out.push(SendPathErr{event.key, forward_path_err(*event.error, *spec)});
      return;
    }
    if (Connection* const connection = connection_of(*lsp)) {
      remember(*connection, {.error = spec->error,
                             .node = {spec->node.is_v6() ? 0 : spec->node.v4()},
                             .reason = reason_of(spec->error),
                             .at = now});
    }
    return;
  }
  if (lsp->role == Role::Ingress && lsp->deleting) return doom(*lsp, now);
  give_up_setup(*lsp, {.spec = *spec, .received = event.error}, now);
}

}  // namespace forces::signaling::ason
