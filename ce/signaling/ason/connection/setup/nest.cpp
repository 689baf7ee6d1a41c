// LSPs of a domain that others are nested in (RFC 4206): an LSP that comes into the domain goes on
// in a forwarding adjacency to the domain's other border, or to its own end.
//
// An adjacency is a connection like others, made here at its ingress, between two adaptations:
// interfaces whose slots are carried inside the one slot that the connection has. While it is up
// those interfaces are the ends of a link, with labels of its own; nothing else about who goes by
// that link is different, whichever end it comes from. A node between sees the adjacency only.
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;

constexpr ErrorValue kNoRoom{ErrorCode::AdmissionControl, rsvp::admission::kBandwidth};

te::Signal signal_of(const Adaptation& adaptation) {
  return ason::signal_of(rsvp::Message{.type = rsvp::MessageType::Path,
                                       .objects = {adaptation.label_request, adaptation.tspec}});
}

}  // namespace

const Adaptation* Controller::Core::adaptation_of(std::uint32_t client) const {
  const auto at = std::ranges::find(config.adaptations, client, &Adaptation::client);
  return at == config.adaptations.end() ? nullptr : &*at;
}

const Lsp* Controller::Core::adjacency_at(std::uint32_t client) const {
  const auto at = adjacencies.find(client);
  return at == adjacencies.end() ? nullptr : find(at->second);
}

std::vector<LspKey> Controller::Core::nested_in(std::uint32_t client) const {
  std::vector<LspKey> all;
  for (const auto& [key, lsp] : lsps) {
    if (lsp.in == client || lsp.out == client) all.push_back(key);
  }
  return all;
}

// All slots full of it are not more than the adjacency has (RFC 4206 section 3.1.7), and it is of
// the kind that the slots are.
bool Controller::Core::may_carry(const Adaptation& adaptation, const te::Signal& signal) const {
  const auto* const client = manager.interface(adaptation.client);
  if (client == nullptr || client->switching != signal.switching ||
      client->encoding != signal.encoding || !signal.fits(client->labels)) {
    return false;
  }
  const double slot = signal.bandwidth() / (signal.labels() * signal.width());
  const double room = signal_of(adaptation).bandwidth();
  return room <= 0 || slot * static_cast<double>(client->labels.size()) <= room;
}

const Lsp* Controller::Core::usable_adjacency(const Lsp& lsp, NodeId exit) const {
  const te::Signal signal = ason::signal_of(lsp.path());
  te::Exclusions excluded = lsp.history.all();
  if (const auto* const xro = lsp.path().find<rsvp::ExcludeRoute>()) collect(*xro, excluded);
  for (const auto& [client, key] : adjacencies) {
    const Lsp* const one = find(key);
    const Adaptation* const adaptation = adaptation_of(client);
    const auto far = far_end(client);
    if (one == nullptr || adaptation == nullptr || !far || far->node != exit || !one->established ||
        one->recovering || one->doomed || one->deleting || one->failing ||
        !one->failing_at.empty() || excluded.links.contains({config.self, client}) ||
        excluded.links.contains(*far) || !may_carry(*adaptation, signal)) {
      continue;
    }
    te::LabelRanges free = lsp.bidirectional() ? manager.free_labels(client)
                                               : manager.free_labels(client, resource::Way::Send);
    for (const LinkEnd& end : {LinkEnd{config.self, client}, *far}) {
      const auto busy = excluded.labels.find(end);
      if (busy != excluded.labels.end()) free -= busy->second;
    }
    if (const Lsp* const other = fellow(lsp); other != nullptr && other->out == client) {
      free |= te::LabelRanges::of(other->labels.out);  // which it may share
    }
    if (signal.fits(free)) return one;
  }
  return nullptr;
}

std::optional<Trouble> Controller::Core::nest(Lsp& lsp, NodeId exit, Instant now) {
  if (const Lsp* const there = usable_adjacency(lsp, exit)) {
    pass_domain(lsp, exit, there->link_id);
    Lsp& used = *find(there->key);
    if (used.why == Lsp::Due::Idle) clear_timer(used);
    return std::nullopt;
  }
  const te::Signal signal = ason::signal_of(lsp.path());
  const auto await = [&](Connection& connection) {
    lsp.awaited.insert(connection.request.name);
    connection.waiting.insert(lsp.key);
  };
  // One that is not up yet, as long as there is room for all who wait for it.
  for (const auto& [client, key] : adjacencies) {
    Lsp* const one = find(key);
    Connection* const connection = one == nullptr ? nullptr : connection_of(*one);
    const Adaptation* const adaptation = adaptation_of(client);
    if (connection == nullptr || adaptation == nullptr || connection->leaving ||
        connection->request.egress != exit || (one->established && !one->recovering) ||
        !may_carry(*adaptation, signal)) {
      continue;
    }
    const std::size_t slots = signal.labels() * signal.width();
    if ((connection->waiting.size() + 1) * slots > manager.free_labels(client).size()) continue;
    await(*connection);
    return std::nullopt;
  }
  const auto made = make_adjacency(lsp, exit, now);
  if (!made) {
    const Failure& failure = made.error();
    Trouble why =
        trouble(lsp, failure.error, {.link = failure.link.value_or(LinkEnd{config.self, lsp.out})});
    why.reason = "adjacency." + failure.reason;
    return why;
  }
  await(connections.find(*made)->second);
  return std::nullopt;
}

std::expected<std::string, Failure> Controller::Core::make_adjacency(const Lsp& lsp, NodeId exit,
                                                                     Instant now) {
  for (const Adaptation& one : config.adaptations) {
    if (adjacencies.contains(one.client) || manager.in_use(one.client) ||
        !may_carry(one, ason::signal_of(lsp.path())) || !manager.interface_up(one.server) ||
        !signal_of(one).fits(manager.free_labels(one.server))) {
      continue;
    }
    ConnectionRequest request = request_for(lsp, exit);
    request.name = segment_name("adjacency", exit);
    request.adjacency = one.client;
    request.ingress.end = {config.self, one.server};
    request.label_request = one.label_request;
    request.tspec = one.tspec;
    const auto made = create(request, now);
    if (!made) return std::unexpected(made.error());
    if (!connections.contains(request.name)) return std::unexpected(segment_error);
    return request.name;
  }
  return std::unexpected(
      Failure{.error = kNoRoom, .node = config.self, .reason = "no_adaptation", .at = now});
}

// The other end is to be nested in it as well: at an adaptation that nobody has.
std::optional<Trouble> Controller::Core::end_adjacency(Lsp& lsp) {
  const te::Signal signal = ason::signal_of(lsp.path());
  for (const Adaptation& one : config.adaptations) {
    const auto at = adjacencies.find(one.client);
    const bool its = at != adjacencies.end() && at->second == lsp.key;
    if (!its && (at != adjacencies.end() || manager.in_use(one.client))) continue;
    const te::Signal has = signal_of(one);
    if (has.switching != signal.switching || has.encoding != signal.encoding ||
        has.type != signal.type || !manager.interface_up(one.server) ||
        (!its && !signal.fits(manager.free_labels(one.server)))) {
      continue;
    }
    if (auto why = egress_way(lsp, one.server)) return why;
    lsp.link_id = one.client;
    join_adjacency(lsp);
    claim_link(lsp);
    return std::nullopt;
  }
  Trouble why = trouble(lsp, kNoRoom, {});
  why.reason = "no_adaptation";
  return why;
}

void Controller::Core::join_adjacency(Lsp& lsp) {
  if (lsp.link_id == 0) {  // of rows that lead to an adaptation
    const auto at = std::ranges::find(
        config.adaptations, lsp.role == Role::Ingress ? lsp.in : lsp.out, &Adaptation::server);
    if (at == config.adaptations.end()) return;
    lsp.link_id = at->client;
  }
  adjacencies[lsp.link_id] = lsp.key;
  if (const auto far = link_at_far_end(lsp)) manager.set_far_end(lsp.link_id, *far);
}

// As that end says it. It names a link of its own (RFC 3477 section 3.1); those of others are not
// its to give away.
std::optional<LinkEnd> Controller::Core::link_at_far_end(const Lsp& lsp) {
  const bool ingress = lsp.role == Role::Ingress;
  const rsvp::Message* const said = ingress ? lsp.resv_in.get() : lsp.path_in.get();
  const auto link = said == nullptr ? std::nullopt : tunnel_link(*said);
  const NodeId far = ingress ? lsp.key.end_point : lsp.key.sender;
  return link && link->node == far ? link : std::nullopt;
}

// The other end has had this number for another adjacency, of whose end nobody has told us yet.
void Controller::Core::claim_link(const Lsp& adjacency) {
  const auto far = far_end(adjacency.link_id);
  if (!far) return;
  for (const Adaptation& one : config.adaptations) {
    if (one.client != adjacency.link_id && far_end(one.client) == far) {
      manager.set_far_end(one.client, {});
    }
  }
}

// After a restart, when all is known of it again. One without a name for its end is told nothing.
void Controller::Core::adjacency_back(Lsp& adjacency, Instant now) {
  join_adjacency(adjacency);
  bind_stitched(now);
  if (adjacency.role != Role::Ingress || !adjacency.established || adjacency.recovering) return;
  if (link_at_far_end(adjacency)) adjacency_up(adjacency, now);
}

// At its ingress.
void Controller::Core::adjacency_up(Lsp& adjacency, Instant now) {
  Connection& connection = *connection_of(adjacency);
  if (!link_at_far_end(adjacency)) {  // RFC 3477 section 3: its end has no name for it
    const Failure failure{.error = kNoRoom,
                          .node = connection.request.egress,
                          .reason = "nesting_unsupported",
                          .at = now};
    remember(connection, failure);
    tell_waiting(connection, failure, now);
    return release(connection, now);
  }
  join_adjacency(adjacency);
  claim_link(adjacency);
  for (const LspKey& key : std::exchange(connection.waiting, {})) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr || lsp->awaited.erase(connection.request.name) == 0) continue;
    if (!lsp->doomed) advance(key, now);  // in this one, or another one if that is full by now
  }
  rest_adjacencies(now);
}

// As that of a segment: a failure of who goes on by it (RFC 5150 section 5.1.4). What comes by it
// is torn from the other end.
void Controller::Core::adjacency_gone(const Lsp& adjacency, Instant now) {
  const std::uint32_t client = adjacency.link_id;
  const auto at = adjacencies.find(client);
  if (at == adjacencies.end() || at->second != adjacency.key) return;
  adjacencies.erase(at);
  manager.set_far_end(client, {});
  const Blocked blocked{.link = LinkEnd{config.self, client}};
  for (const LspKey& key : nested_in(client)) {
    Lsp* const lsp = find(key);
    if (lsp == nullptr || lsp->out != client || lsp->doomed) continue;
    if (lsp->established) {
      give_up_setup(*lsp, trouble(*lsp, {ErrorCode::Notify, rsvp::notify::kLspFailure}, blocked),
                    now);
    } else {
      setup_failed(*lsp, trouble(*lsp, kNoRoom, blocked), now);
    }
  }
}

// Its hold time begins when nobody has a label in it.
void Controller::Core::rest_adjacencies(Instant now) {
  for (const auto& [client, key] : adjacencies) {
    Lsp* const one = find(key);
    if (one == nullptr || one->role != Role::Ingress || !one->established || one->recovering ||
        one->doomed || one->deleting || one->why == Lsp::Due::Idle || manager.in_use(client)) {
      continue;
    }
    set_timer(*one, Lsp::Due::Idle, config.segment_idle, now);
  }
}

// What they have on the way is there for who may be nested in them.
void Controller::Core::share_adjacencies(te::Request& request) const {
  for (const auto& [client, key] : adjacencies) {
    const Lsp* const one = find(key);
    if (one == nullptr || !one->established || one->doomed || manager.free_labels(client).empty()) {
      continue;
    }
    const bool begins = one->role == Role::Ingress;
    request.shared[{config.self, begins ? one->out : one->in}] |=
        te::LabelRanges::of(begins ? one->labels.out : one->labels.in);
    const auto* const rro = one->resv_in ? one->resv_in->find<rsvp::RecordRoute>() : nullptr;
    if (rro != nullptr) collect_labels(rro->route, request.shared);
  }
}

void Controller::Core::show_nesting(const Lsp& lsp, LspView& view) const {
  view.adjacency = is_adjacency(lsp);
  const auto at = [&](std::uint32_t interface) -> std::optional<LspKey> {
    const Lsp* const one = adjacency_at(interface);
    return one == nullptr ? std::nullopt : std::optional(one->key);
  };
  const auto comes = at(lsp.in), goes = at(lsp.out);
  if (!comes && !goes) return;
  view.nested = true;
  if (comes) view.segment_in = comes;
  if (goes) view.segment_out = goes;
}

}  // namespace forces::signaling::ason
