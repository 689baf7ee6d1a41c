// LSPs of a domain to which others are stitched (RFC 5150, RFC 5151): an LSP that comes into the
// domain goes on over a segment to the domain's other border, or to its own end.
//
// A segment is a connection like others, made here at its ingress, but at its ends it has labels
// and no rows: the rows there are those of the LSP that is stitched to it, from its own label to
// that of the segment. What the two ends say to each other about that LSP goes past the nodes
// between.
#include <algorithm>
#include <array>
#include <cstdio>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;

// RFC 5150 section 5.1.1: whether its end has said that it is ready.
bool ready(const Lsp& segment) {
  const auto* const rro = segment.resv_in ? segment.resv_in->find<rsvp::RecordRoute>() : nullptr;
  if (rro == nullptr) return false;
  std::optional<NodeId> node;
  for (const rsvp::Subobject& hop : rro->route) {
    if (const auto one = node_of(hop)) node = one;
    const auto* const attributes = hop.as<rsvp::AttributesHop>();
    if (attributes != nullptr && node == segment.key.end_point &&
        attributes->flag(rsvp::lsp_flag::kStitching)) {
      return true;
    }
  }
  return false;
}

}  // namespace

// Where the part of its route that is in this domain ends: the last node there, and its first hop.
std::size_t Controller::Core::split(const Lsp& lsp, NodeId& exit) const {
  const std::uint32_t own = domain_of(config.self);
  std::size_t at = 0;
  exit = lsp.next;
  for (std::size_t i = 0; i < lsp.onward.size(); ++i) {
    const rsvp::Subobject& hop = lsp.onward[i];
    if (hop.as<rsvp::LabelHop>() != nullptr) continue;
    const auto node = node_of(hop);
    if (hop.loose || !node || domain_of(*node) != own) break;
    if (*node == exit) continue;
    exit = *node;
    at = i;
  }
  return at;
}

std::optional<Trouble> Controller::Core::stitch(Lsp& lsp, Instant now) {
  const std::uint32_t own = domain_of(config.self);
  if (!config.ason || !config.domain || lsp.role != Role::Transit || lsp.labels_fixed || own == 0 ||
      domain_of(lsp.from.node) == own || domain_of(lsp.next) != own) {
    return std::nullopt;
  }
  const rsvp::Message& path = lsp.path();
  NodeId exit;
  std::size_t at = split(lsp, exit);
  std::optional<Lsp> probe;
  if (exit != lsp.key.end_point && !is_border(exit)) {  // its route says the first link only
    rsvp::Route through{link_hop({config.self, lsp.out})};
    through.insert(through.end(), lsp.onward.begin(), lsp.onward.end());
    if (compute_way(probe.emplace(lsp), through)) return std::nullopt;
    at = split(*probe, exit);
  }
  const auto* const attribute = path.find<rsvp::SessionAttribute>();
  const DomainPlan plan = config.domain(
      {.lsp = lsp.key,
       .call = {.id = call_id_of(path), .name = attribute == nullptr ? "" : attribute->name},
       .exit = exit});
  if (!plan.stitched && !plan.nested) return std::nullopt;
  if (must_be_contiguous(path)) {
    Trouble why =
        trouble(lsp, {ErrorCode::RoutingProblem, rsvp::routing::kContiguousUnsupported}, {});
    why.upstream = true;
    return why;
  }
  if (probe) {
    lsp.next = probe->next;
    lsp.out = probe->out;
    lsp.onward = std::move(probe->onward);
  }
  if (plan.nested) return nest(lsp, exit, now);

  Connection* const there = usable_segment(lsp, exit, plan.call);
  if (there != nullptr && there->request.call.id == 0 &&
      !same_session(*there->request.segment, lsp.key)) {  // that nobody needed: it is its own now
    forget_segment(there->request);
    there->request.segment = session_of(lsp.key);
    know_segment(there->request);
    persist(*there);
  }
  std::size_t count = 0;
  for (const std::string& name : in_pool(pool_of(plan.call, lsp.key))) {
    const Connection& one = connections.find(name)->second;
    if (one.leaving || one.request.egress != exit) continue;
    ++count;
    if (one.state == ConnectionState::Setup) lsp.awaited.insert(name);
  }
  const rsvp::Route inside(lsp.onward.begin(),
                           lsp.onward.begin() + static_cast<std::ptrdiff_t>(at));
  while (count < plan.connections || (there == nullptr && lsp.awaited.empty())) {
    const auto made = make_segment(lsp, exit, inside, plan.call, now);
    if (made) {
      ++count;
      lsp.awaited.insert(*made);
      continue;
    }
    if (there != nullptr || !lsp.awaited.empty()) break;
    const Failure& failure = made.error();
    Trouble why =
        trouble(lsp, failure.error, {.link = failure.link.value_or(LinkEnd{config.self, lsp.out})});
    why.reason = "segment." + failure.reason;
    return why;
  }
  if (there != nullptr) {
    lsp.awaited.clear();
    use_segment(lsp, *find(*there->current));
  }
  for (const std::string& name : lsp.awaited) {
    connections.find(name)->second.waiting.insert(lsp.key);
  }
  return std::nullopt;
}

std::string Controller::Core::segment_name(std::string_view kind, NodeId exit) const {
  for (unsigned number = 1;; ++number) {
    std::array<char, 32> name{};
    const int length =
        std::snprintf(name.data(), name.size(), "/%u.%u.%u.%u/%u", exit.value >> 24,
                      exit.value >> 16 & 0xff, exit.value >> 8 & 0xff, exit.value & 0xff, number);
    std::string made(kind);
    made.append(name.data(), static_cast<std::size_t>(length));
    if (!connections.contains(made)) return made;
  }
}

ConnectionRequest Controller::Core::request_for(const Lsp& lsp, NodeId exit) {
  const rsvp::Message& path = lsp.path();
  ConnectionRequest request;
  request.egress = exit;
  request.crankback = CrankbackScope::EndToEnd;  // within the domain it is ours to find a way
  if (const auto* const attribute = path.find<rsvp::SessionAttribute>()) {
    request.affinities = attribute->affinities;
    request.setup_priority = attribute->setup_priority;
    request.holding_priority = attribute->holding_priority;
  }
  if (const auto* const xro = path.find<rsvp::ExcludeRoute>()) request.exclude = xro->route;
  for (rsvp::Subobject& hop : exclude_route(lsp.history.all())) {
    request.exclude.push_back(std::move(hop));
  }
  return request;
}

// With the wishes of the LSP that it is for, but for its route where that leaves a choice.
std::expected<std::string, Failure> Controller::Core::make_segment(const Lsp& lsp, NodeId exit,
                                                                   const rsvp::Route& inside,
                                                                   const CallReference& call,
                                                                   Instant now) {
  const rsvp::Message& path = lsp.path();
  ConnectionRequest request = request_for(lsp, exit);
  request.segment = session_of(lsp.key);
  request.name = segment_name("segment", exit);
  request.ingress.end.node = config.self;
  request.call = call;
  request.bidirectional = lsp.bidirectional();
  if (const auto* const label = path.find<rsvp::LabelRequest>()) request.label_request = *label;
  if (const auto* const tspec = path.find<rsvp::SenderTspec>()) request.tspec = *tspec;
  const auto* const ero = path.find<rsvp::ExplicitRoute>();
  const bool demanded = ero != nullptr && std::ranges::any_of(ero->route, [&](const auto& hop) {
                          const auto* const link = hop.template as<rsvp::UnnumberedHop>();
                          const auto node = node_of(hop);
                          const bool ours = link != nullptr &&
                                            link->router_id == config.self.value &&
                                            link->interface_id != lsp.in;
                          return ours || (node && names(inside, *node));
                        });
  if (demanded) {
    request.explicit_route.push_back(link_hop({config.self, lsp.out}));
    request.explicit_route.insert(request.explicit_route.end(), inside.begin(), inside.end());
  }
  // Apart from those that are there already, where that can be.
  for (const std::string& name : in_pool(pool_of(call, lsp.key))) {
    const Connection& one = connections.find(name)->second;
    const Lsp* const carries = one.current ? find(*one.current) : nullptr;
    if (carries == nullptr) continue;
    te::Exclusions links;
    links.links.insert({config.self, carries->out});
    for (const rsvp::Subobject& hop : carries->onward) {
      if (const auto* const link = hop.as<rsvp::UnnumberedHop>()) {
        links.links.insert({{link->router_id}, link->interface_id});
      }
    }
    for (rsvp::Subobject& hop : exclude_route(links)) {
      hop.loose = true;
      request.exclude.push_back(std::move(hop));
    }
  }
  know_segment(request);
  const auto made = create(request, now);
  if (!made) {
    forget_segment(request);
    return std::unexpected(made.error());
  }
  if (!connections.contains(request.name)) return std::unexpected(segment_error);
  return request.name;
}

void Controller::Core::pass_domain(Lsp& lsp, NodeId exit, std::uint32_t by) const {
  NodeId last;
  const std::size_t at = split(lsp, last);
  lsp.onward.erase(lsp.onward.begin(), lsp.onward.begin() + static_cast<std::ptrdiff_t>(at));
  lsp.next = exit;
  lsp.out = by;
  lsp.out_labels = {};
}

void Controller::Core::use_segment(Lsp& lsp, Lsp& segment) {
  pass_domain(lsp, segment.key.end_point, segment.out);
  lsp.segment_out = segment.key;
  users[segment.key].insert(lsp.key);
  if (segment.why == Lsp::Due::Idle) clear_timer(segment);
  if (const auto idle = resting.find(lsp.next); idle != resting.end()) {
    idle->second.erase(segment.connection);
  }
}

void Controller::Core::leave_segment(Lsp& lsp, Instant now) {
  for (const std::string& name : std::exchange(lsp.awaited, {})) {
    if (const auto at = connections.find(name); at != connections.end()) {
      at->second.waiting.erase(lsp.key);
    }
  }
  for (const auto& segment : {lsp.segment_in, lsp.segment_out}) {
    const auto at = segment ? users.find(*segment) : users.end();
    if (at == users.end()) continue;
    at->second.erase(lsp.key);
    if (at->second.empty()) users.erase(at);
  }
  if (const auto segment = std::exchange(lsp.segment_out, std::nullopt)) {
    const Lsp* const there = find(*segment);
    if (Connection* const one = there ? connection_of(*there) : nullptr) {
      rest_if_idle(*one, now);
      for (const std::string& name : in_pool(pool_of(one->request.call, *one->request.segment))) {
        rest_if_idle(connections.find(name)->second, now);
      }
    }
  }
  for (const std::string& name : in_pool({0, session_of(lsp.key)})) {
    rest_if_idle(connections.find(name)->second, now);
  }
  rest_adjacencies(now);
}

void Controller::Core::segment_up(Connection& connection, Instant now) {
  const std::string name = connection.request.name;
  const std::set<LspKey> waiting = std::exchange(connection.waiting, {});
  Lsp* const segment = find(*connection.current);
  if (!ready(*segment)) {
    const Failure failure{
        .error = {ErrorCode::RoutingProblem, rsvp::routing::kStitchingUnsupported},
        .node = connection.request.egress,
        .reason = "stitching_unsupported",
        .at = now};
    remember(connection, failure);
    connection.waiting = waiting;
    tell_waiting(connection, failure, now);
    return release(connection, now);
  }
  for (const LspKey& key : waiting) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr || lsp->awaited.erase(name) == 0 || lsp->doomed) continue;
    if (usable_segment(*lsp, connection.request.egress, connection.request.call) == &connection) {
      for (const std::string& other : std::exchange(lsp->awaited, {})) {
        connections.find(other)->second.waiting.erase(key);
      }
      use_segment(*lsp, *segment);
      go_on(*lsp, now);
    } else if (lsp->awaited.empty()) {
      advance(key, now);  // another one has it
    }
  }
  rest_if_idle(connection, now);
}

// It was not to be had, or is no more. Nothing is tried again for it; it goes with its LSP.
void Controller::Core::segment_failed(Connection& connection, const Failure& failure, Instant now) {
  if (connection.state == ConnectionState::Setup) ++counters.failed;
  connection.leaving = true;
  set_state(connection, ConnectionState::Failed, &failure);
  segment_error = failure;
  tell_waiting(connection, failure, now);
}

// RFC 5151 section 3.2: as what it is, a blockage in this domain; another border may do.
void Controller::Core::tell_waiting(Connection& connection, const Failure& failure, Instant now) {
  for (const LspKey& key : std::exchange(connection.waiting, {})) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr || lsp->awaited.erase(connection.request.name) == 0 || lsp->doomed) continue;
    if (!lsp->awaited.empty()) continue;
    Trouble why = trouble(*lsp, failure.error,
                          {.link = failure.link.value_or(LinkEnd{config.self, lsp->out})});
    why.reason = "segment." + failure.reason;
    setup_failed(*lsp, std::move(why), now);
  }
}

// What goes over it passes as it does. Also what comes back in an adjacency: its other end does not
// hear how that is.
void Controller::Core::segment_transport(const Lsp& segment, Instant now) {
  const bool failing = !segment.failing_at.empty();
  for (const LspKey& key : carried_by(segment.key)) {
    const Lsp* const lsp = find(key);
    if (lsp == nullptr || (is_end(segment) && lsp->segment_out != segment.key)) continue;
    const auto view = manager.connection(key);
    if (!failing && (!view || view->failing)) continue;
    const bool comes = is_adjacency(segment) && lsp->in == segment.link_id;
    on_hit({.lsp = key, .failing = failing, .interface = comes ? lsp->in : lsp->out}, now);
  }
}

bool Controller::Core::segment_fails(const Lsp& lsp) const {
  const Lsp* const segment = lsp.segment_out ? find(*lsp.segment_out) : nullptr;
  const auto fails = [](const Lsp* one) { return one != nullptr && !one->failing_at.empty(); };
  return fails(segment) || fails(adjacency_at(lsp.in)) || fails(adjacency_at(lsp.out));
}

// RFC 5150 section 5.1.4: the end of a segment is a failure of who goes over it. Its ingress says
// so; at its end nothing is done, for who goes over it is torn from there.
void Controller::Core::segment_gone(const Lsp& segment, Instant now) {
  if (is_adjacency(segment)) return adjacency_gone(segment, now);
  const LspKey& key = segment.key;
  std::erase_if(segments_in, [&](const auto& one) { return one.second == key; });
  const auto over = users.extract(key);
  if (!over) return;
  for (const LspKey& one : over.mapped()) {
    Lsp* const lsp = find(one);
    if (lsp == nullptr || lsp->segment_out != key || lsp->doomed) continue;
    const Blocked blocked{.link = LinkEnd{config.self, segment_link(key)}};
    if (lsp->established) {
      give_up_setup(*lsp, trouble(*lsp, {ErrorCode::Notify, rsvp::notify::kLspFailure}, blocked),
                    now);
    } else {
      setup_failed(
          *lsp, trouble(*lsp, {ErrorCode::AdmissionControl, rsvp::admission::kBandwidth}, blocked),
          now);
    }
  }
}

void Controller::Core::end_segment_here(Lsp& lsp) {
  if (const auto link = link_at_far_end(lsp)) segments_in[*link] = lsp.key;
  if (lsp.link_id != 0) return;
  std::uint32_t& last = last_segment_end;
  do {
    last = (last + 1) & ~kSegmentLinks;
  } while (std::ranges::any_of(segments_in, [&](const auto& one) {
    const Lsp* const other = find(one.second);
    return other != nullptr && other->link_id == (kSegmentLinks | last);
  }));
  lsp.link_id = kSegmentLinks | last;
}

LinkEnd Controller::Core::out_link(const Lsp& lsp) const {
  return {config.self, lsp.segment_out ? segment_link(*lsp.segment_out) : lsp.out};
}

}  // namespace forces::signaling::ason
