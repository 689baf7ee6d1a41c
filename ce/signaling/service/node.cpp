#include "ce/signaling/service/node.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "ce/signaling/service/ip.hpp"
#include "ce/signaling/service/words.hpp"
#include "common/core/outputs.hpp"

namespace forces::signaling {
namespace {

using rsvp::Address;

resource::ManagerConfig manager_config(const NodeConfig& config) {
  resource::ManagerConfig made;
  made.self = config.id;
  made.claim_time = config.claim_time;
  return made;
}
engine::Config engine_config(const NodeConfig& config) {
  engine::Config made = config.engine;
  made.node = config.id;
  made.restart.recovering = true;
  for (const NodeId peer : segment_peers(config)) {
    if (std::ranges::find(made.neighbors, peer, &engine::NeighborConfig::node) !=
        made.neighbors.end()) {
      continue;
    }
    made.neighbors.push_back(far_neighbor(peer));
    made.neighbors.back().security = config.engine.learned_security;
  }
  return made;
}
ason::ControllerConfig connections_config(const NodeConfig& config, auto domain, auto refuses) {
  ason::ControllerConfig made = config.connections;
  made.self = config.id;
  made.recovering = true;
  made.recovery = config.engine.restart.recovery;
  made.last_tunnel = static_cast<std::uint16_t>(config.engine.seed);
  made.domain = std::move(domain);
  const auto& points = config.calls.policy.points;
  const bool any = std::ranges::any_of(points, &ason::calls::ReferencePoint::refuse_explicit_route);
  if (any) made.refuses_route = std::move(refuses);
  return made;
}
ason::calls::CallConfig calls_config(const NodeConfig& config) {
  ason::calls::CallConfig made = config.calls;
  made.address = Address::v4(config.id.value);
  return made;
}
// By the type in its header (RFC 2205 section 3.1.1): it says nothing of what is known here.
bool announces_nothing(wire::Bytes message) {
  const auto type =
      message.size() < 2 ? rsvp::MessageType{} : static_cast<rsvp::MessageType>(message[1]);
  return type == rsvp::MessageType::Hello || type == rsvp::MessageType::IntegrityChallenge ||
         type == rsvp::MessageType::IntegrityResponse;
}
state::Octets key_octets(std::string_view key) {
  const auto octets = std::as_bytes(std::span(key));
  return {octets.begin(), octets.end()};
}

}  // namespace

std::vector<NodeId> segment_peers(const NodeConfig& config) {
  const auto domain = [&](NodeId node) {
    const auto at = std::ranges::find(config.nodes, node, &te::Node::id);
    return at == config.nodes.end() ? 0 : at->domain;
  };
  std::set<NodeId> borders;
  for (const te::Link& link : config.links) {
    if (domain(link.ends[0].node) == domain(link.ends[1].node)) continue;
    for (const LinkEnd& end : link.ends) borders.insert(end.node);
  }
  const ason::calls::Policy policy(config.calls.policy);
  const std::uint32_t own = domain(config.id);
  std::vector<NodeId> peers;
  for (const te::Node& node : config.nodes) {
    if (own == 0 || node.domain != own || node.id == config.id) continue;
    if (!borders.contains(node.id) && !borders.contains(config.id)) continue;
    const auto* const point = policy.point_of(Address::v4(node.id.value));
    const bool shared =
        point != nullptr && point->plan.realisation != ason::calls::Realisation::Contiguous;
    if (shared) peers.push_back(node.id);
  }
  return peers;
}

engine::NeighborConfig far_neighbor(NodeId node) {
  constexpr std::uint8_t kFar = 255;
  return {.node = node, .hello_ttl = kFar};
}

void Times::add(Duration took) {
  const auto at = std::ranges::lower_bound(kBounds, took) - kBounds.begin();
  ++counts[static_cast<std::size_t>(at)];
  sum += took;
}

TransportNode::TransportNode(NodeConfig&& config, state::Store& store, Instant now)
    : id_(config.id),
      ason_(config.connections.ason),
      most_changes_(config.most_changes),
      store_(store),
      manager_(manager_config(config)),
      engine_(engine_config(config), now),
      connections_(connections_config(
                       config, [this](const ason::DomainAsk& ask) { return plan_of(ask); },
                       [this](NodeId from) { return refuses_route(from); }),
                   database_, finder_, manager_),
      calls_(calls_config(config)),
      rooms_{database_, finder_, manager_, engine_, connections_, calls_, outbox_} {
  for (const te::Node& node : config.nodes) database_.set(node);
  for (const te::Link& link : config.links) database_.set(link);
  for (const resource::FeConfig& fe : config.fes) {
    manager_.set_fe(fe);
    unread_.insert(fe.id);
  }
  for (const resource::InterfaceConfig& interface : config.interfaces) {
    manager_.set_interface(interface);
    ports_[interface.id] = interface.port;
    channels_[interface.port] = interface.id;
  }
  for (const resource::InterFeLink& link : config.inter_fe_links) manager_.set_inter_fe_link(link);
  for (const LabelPair& pair : config.label_map) {
    manager_.provision_receive(pair.interface, pair.remote, pair.local);
    manager_.provision_send(pair.interface, pair.local, pair.remote);
  }
  for (const engine::NeighborConfig& neighbor : config.engine.neighbors) {
    if (!neighbor.security.keys.empty()) keyed_.insert(neighbor.node);
  }
  all_keyed_ = !config.engine.learned_security.keys.empty();
}

std::expected<std::unique_ptr<TransportNode>, state::Failure> TransportNode::make(
    NodeConfig config, state::Store& store, Instant now) {
  std::unique_ptr<TransportNode> node(new TransportNode(std::move(config), store, now));
  if (auto failed = node->recover(now); !failed) return std::unexpected(failed.error());
  return node;
}

std::expected<void, state::Failure> TransportNode::recover(Instant now) {
  std::vector<ason::calls::JournalEntry> calls;
  bool any = false;
  const auto read = store_.scan(kTable, {}, [&](state::Bytes key, state::Bytes value) {
    any = true;
    std::string name(key.size(), '\0');
    std::ranges::transform(key, name.begin(), [](std::byte b) { return static_cast<char>(b); });
    if (name.starts_with(ason::calls::kCallKeys)) {
      calls.push_back({std::move(name), {value.begin(), value.end()}});
    } else if (name.starts_with(kPairKeys)) {
      recover_association(name, value);
    } else if (name != "started") {
      connections_.recover(name, value, now);
    }
    return true;
  });
  if (!read) return std::unexpected(read.error());
  persist("started", std::vector<std::byte>{});  // a journal that is not there has been lost
  calls_.start(calls, any ? ason::calls::JournalKept::Yes : ason::calls::JournalKept::No, now);
  connections_.start(now, any);
  for (const auto& view : connections_.list()) states_[view.name] = view.state;
  pump(now);
  return {};
}

// --- events ---

void TransportNode::on_packet(const FePort& port, wire::Bytes packet, Instant now) {
  const auto channel = channels_.find(port);
  const auto read = read_rsvp(packet);
  if (channel == channels_.end() || !read) {
    ++counters_.malformed;
    return;
  }
  ++counters_.packets_in;
  engine_.on_packet({.channel = channel->second,
                     .source = read->source,
                     .destination = read->destination,
                     .ttl = read->ttl,
                     .octets = read->octets},
                    now);
  pump(now);
}

void TransportNode::on_fe_up(std::uint32_t fe, Instant now) {
  manager_.on_fe_up(fe, now);
  pump(now);
}
void TransportNode::on_fe_down(std::uint32_t fe, Instant now) {
  manager_.on_fe_down(fe, now);
  pump(now);
}

void TransportNode::on_rows(std::uint32_t fe, std::span<const resource::FoundRow> rows,
                            Instant now) {
  manager_.on_rows(fe, rows, now);
  pump(now);
  unread_.erase(fe);
  if (!unread_.empty() || fabric_read_) return;
  fabric_read_ = true;
  connections_.on_fabric_read(now);
  pump(now);
  std::vector<LspKey> alive;
  for (const ason::LspView& lsp : connections_.lsps()) alive.push_back(lsp.key);
  calls_.on_connections_recovered(alive, now);
  pump(now);
}

void TransportNode::on_result(std::uint64_t transaction, const resource::TransactionResult& result,
                              Instant now) {
  manager_.on_result(transaction, result, now);
  pump(now);
}
void TransportNode::on_port(const FePort& port, bool up, Instant now) {
  manager_.on_port(port, up, now);
  pump(now);
}
void TransportNode::on_failed_labels(const FePort& port, const te::LabelRanges& labels,
                                     Instant now) {
  manager_.on_failed_labels(port, labels, now);
  pump(now);
}
void TransportNode::on_row_status(std::uint32_t fe, std::uint32_t number,
                                  resource::RowStatus status, Instant now) {
  manager_.on_row_status(fe, number, status, now);
  pump(now);
}
void TransportNode::on_store(Instant now) {
  while (const auto event = store_.poll_event()) {
    if (const auto* const durable = std::get_if<state::Durable>(&*event)) {
      outbox_.on_durable(durable->up_to);
    } else if (const auto* const failed = std::get_if<state::Failed>(&*event)) {
      say(Level::Error, "state_failed",
          failed->failure.text + "; nothing new is announced to other nodes until it is written");
    } else {
      say(Level::Info, "state_recovered", "the state is written again");
    }
  }
  pump(now);
}

void TransportNode::on_time(Instant now) {
  manager_.on_time(now);
  connections_.on_time(now);
  calls_.on_time(now);
  engine_.on_time(now);
  pump(now);
}

void TransportNode::set_neighbor(const engine::NeighborConfig& neighbor, Instant now) {
  if (neighbor.security.keys.empty()) {
    keyed_.erase(neighbor.node);
  } else {
    keyed_.insert(neighbor.node);
  }
  engine_.set_neighbor(neighbor, now);
  pump(now);
}

void TransportNode::set_learned_security(const engine::Security& security, Instant now) {
  all_keyed_ = !security.keys.empty();
  engine_.set_learned_security(security, now);
  pump(now);
}

std::optional<Instant> TransportNode::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& one : {manager_.next_deadline(), connections_.next_deadline(),
                          calls_.next_deadline(), engine_.next_deadline()}) {
    if (one && (!next || *one < *next)) next = one;
  }
  return next;
}

// --- between the rooms ---

void TransportNode::pump(Instant now) {
  if (pumping_) return;
  pumping_ = true;
  const auto all_of = [&](auto& room) {
    bool any = false;
    while (const auto output = room.poll_output()) {
      take(*output, now);
      any = true;
    }
    return any;
  };
  for (bool more = true; more;) {
    more = all_of(manager_);
    more |= all_of(connections_);
    more |= all_of(calls_);
    more |= all_of(engine_);
    outbox_.commit(store_);
    while (const auto item = outbox_.poll()) {
      perform(*item, now);
      more = true;
    }
  }
  pumping_ = false;
}

void TransportNode::persist(std::string_view key, std::optional<std::vector<std::byte>> octets) {
  if (outbox_.open() >= most_changes_) outbox_.commit(store_);
  outbox_.persist({std::string(kTable), key_octets(key), std::move(octets)});
}

void TransportNode::say(Level level, std::string_view event, std::string text) {
  out_.push(Said{level, event, std::move(text)});
}

void TransportNode::follow_interface(std::uint32_t interface, Instant now) {
  const LinkEnd end{id_, interface};
  if (database_.link(end) == nullptr) return;
  database_.set_free(end, manager_.free_labels(interface));
  database_.set_up(end, manager_.interface_up(interface));
  connections_.on_topology(now);
}

void TransportNode::take(const resource::Output& output, Instant now) {
  if (const auto* const transaction = std::get_if<resource::Transaction>(&output)) {
    out_.push(*transaction);
  } else if (const auto* const read = std::get_if<resource::ReadRows>(&output)) {
    out_.push(*read);
  } else if (const auto* const changed = std::get_if<resource::InterfaceChanged>(&output)) {
    follow_interface(changed->interface, now);
    follow_traces(changed->interface);
  } else if (const auto* const paired = std::get_if<resource::AssociationChanged>(&output)) {
    follow_association(paired->interface);
  } else if (const auto* const alarm = std::get_if<resource::LabelAlarm>(&output)) {
    say(alarm->raised ? Level::Warning : Level::Info, "label_association", words(*alarm));
  } else if (const auto* const found = std::get_if<resource::Found>(&output)) {
    say(Level::Info, "rows_found", words(*found));
  }
  connections_.on_event(output, now);
}

void TransportNode::take(const ason::Output& output, Instant now) {
  std::visit(
      Overloaded{
          [&](const ason::Persist& persisted) { persist(persisted.key, persisted.octets); },
          [&](const ason::AskCall& ask) { answer_ask(ask, now); },
          [&](const ason::CallConnection& connection) { tell_calls(connection, now); },
          [&](const ason::ConnectionChanged& changed) {
            time(changed);
            const bool bad = changed.failure.has_value();
            outbox_.send(Said{bad ? Level::Warning : Level::Info,
                              bad ? "connection_failed" : "connection_changed", words(changed)});
          },
          [&](const ason::ConnectionAlarm& alarm) {
            say(alarm.raised ? Level::Warning : Level::Info, "connection_alarm", words(alarm));
          },
          [&](const auto&) { outbox_.send(output); },
      },
      output);
}

// A set-up has ended well, or a restoration; `setup_time` and `recovery_time` are of the last ones.
void TransportNode::time(const ason::ConnectionChanged& changed) {
  using State = ason::ConnectionState;
  if (changed.state == State::Released) {
    states_.erase(changed.name);
    return;
  }
  const auto [at, fresh] = states_.try_emplace(changed.name, changed.state);
  const State before = fresh ? State::Setup : std::exchange(at->second, changed.state);
  if (changed.state != State::Up || before == State::Up) return;
  const auto view = connections_.show(changed.name);
  if (!view) return;
  if (before == State::Setup) counters_.setups.add(view->setup_time);
  if (before == State::Broken || before == State::Restoring) {
    counters_.recoveries.add(view->recovery_time);
  }
}

std::map<ason::ConnectionState, std::size_t> TransportNode::states() const {
  std::map<ason::ConnectionState, std::size_t> states;
  for (const auto& [name, state] : states_) ++states[state];
  return states;
}

void TransportNode::take(const ason::calls::CallOutput& output, Instant now) {
  using namespace ason::calls;
  std::visit(Overloaded{
                 [&](const PersistCall& persisted) { persist(persisted.key, persisted.octets); },
                 [&](const SendNotify& notify) { outbox_.send(notify); },
                 [&](const CallChanged& changed) {
                   const bool bad = !changed.reason.cause.empty();
                   outbox_.send(Said{bad ? Level::Warning : Level::Info,
                                     bad ? "call_failed" : "call_changed", words(changed)});
                   connections_.on_calls_changed(changed.id.number, now);
                 },
                 [&](const CallAlarm& alarm) {
                   say(alarm.raised ? Level::Warning : Level::Info, "call_alarm", words(alarm));
                 },
             },
             output);
}

void TransportNode::perform(const Item& item, Instant now) {
  if (const auto* const packet = std::get_if<SendPacket>(&item)) return out_.push(*packet);
  if (const auto* const said = std::get_if<Said>(&item)) return out_.push(*said);
  if (const auto* const notify = std::get_if<ason::calls::SendNotify>(&item)) {
    const std::uint64_t ticket =
        notify->to.is_v6() ? 0 : engine_.notify(NodeId{notify->to.v4()}, notify->message, now);
    if (ticket == 0) {
      calls_.on_notify_failed(notify->ticket, now);
    } else {
      tickets_[ticket] = notify->ticket;
    }
    return;
  }
  const auto& output = std::get<ason::Output>(item);
  const engine::Status status = ason::perform(output, engine_, now);
  if (status == engine::Status::Done) return;
  connections_.on_unsent(output, status, now);
}

void TransportNode::take(const engine::Output& output, Instant now) {
  if (const auto* const packet = std::get_if<engine::Send>(&output)) {
    std::optional<FePort> port;
    if (const auto at = ports_.find(packet->channel); at != ports_.end()) port = at->second;
    if (!port) port = port_towards(packet->destination);
    ++counters_.packets_out;
    auto sent = made(port, {packet->source, packet->destination, packet->ttl, packet->octets});
    if (!sent) return;
    if (announces_nothing(packet->octets)) {
      out_.push(*std::move(sent));
    } else if (outbox_.waiting() < kMostWaiting) {
      outbox_.send(*std::move(sent));
    } else {
      ++counters_.held_back;
    }
    return;
  }
  if (const auto* const packet = std::get_if<engine::Forward>(&output)) {
    ++counters_.packets_forwarded;
    auto sent = made(port_towards(packet->destination),
                     {packet->source, packet->destination, packet->ttl, packet->octets});
    if (sent) out_.push(*std::move(sent));
    return;
  }
  const bool of_connections = connections_.on_event(output, now);
  std::visit(Overloaded{
                 [&](const engine::NotifyReceived& notify) {
                   if (!of_connections) on_notify(notify, now);
                 },
                 [&](const engine::NotifyDelivered& told) {
                   if (const auto at = tickets_.extract(told.ticket)) {
                     calls_.on_notify_delivered(at.mapped(), now);
                   }
                 },
                 [&](const engine::NotifyFailed& told) {
                   if (const auto at = tickets_.extract(told.ticket)) {
                     calls_.on_notify_failed(at.mapped(), now);
                   }
                 },
                 [&](const engine::NeighborChanged& changed) {
                   if (changed.event == engine::NeighborEvent::Restarted) {
                     calls_.on_peer_restarted(Address::v4(changed.node.value), now);
                   }
                   say_neighbor(changed);
                 },
                 [&](const engine::RecoveryEnded& ended) {
                   if (ended.unsynchronized == 0) return;
                   say(Level::Warning, "recovery_ended", words(ended));
                 },
                 [&](const engine::KeysExpired& expired) {
                   say(Level::Warning, "keys_expired",
                       "neighbor " + words(expired.node) + ": the last key is over and goes on " +
                           "to be used; give it a new one");
                 },
                 [](const auto&) {},
             },
             output);
}

void TransportNode::say_neighbor(const engine::NeighborChanged& changed) {
  const bool bad = changed.event == engine::NeighborEvent::Lost ||
                   changed.event == engine::NeighborEvent::RestartTimeOver;
  say(bad ? Level::Warning : Level::Info, "neighbor_changed",
      words(changed.node) + " " + std::string(to_string(changed.event)));
}

// --- calls ---

void TransportNode::on_notify(const engine::NotifyReceived& notify, Instant now) {
  if (!ason_) return;  // RFC 4974 section 8.1: who knows no calls does not answer
  const ason::calls::NotifyOrigin origin{
      .from = Address::v4(notify.from.value),
      .to = Address::v4(id_.value),
      .authenticated = all_keyed_ || keyed_.contains(notify.from),
  };
  (void)calls_.on_notify(origin, *notify.message, now);
}

// --- packets ---

std::optional<SendPacket> TransportNode::made(std::optional<FePort> port,
                                              const RsvpPacket& packet) {
  auto octets = port ? write_rsvp(packet) : std::nullopt;
  if (!octets) {
    ++counters_.no_route;
    return std::nullopt;
  }
  return SendPacket{*port, std::move(*octets)};
}

// By the fewest links: packets of the control plane go where the fibres go.
void TransportNode::find_routes() {
  if (routes_of_ == database_.structure()) return;
  routes_of_ = database_.structure();
  routes_.clear();
  std::deque<NodeId> next{id_};
  while (!next.empty()) {
    const NodeId at = next.front();
    next.pop_front();
    for (const te::Link* const link : database_.links_of(at)) {
      const LinkEnd& near = link->ends[0].node == at ? link->ends[0] : link->ends[1];
      const NodeId far = link->other(near).node;
      if (far == id_ || routes_.contains(far)) continue;
      if (at != id_) {
        routes_[far] = routes_.at(at);
      } else if (const auto port = ports_.find(near.interface); port != ports_.end()) {
        routes_[far] = port->second;
      } else {
        continue;
      }
      next.push_back(far);
    }
  }
}

std::optional<FePort> TransportNode::port_towards(std::uint32_t destination) {
  find_routes();
  auto at = routes_.find(NodeId{destination});
  if (at == routes_.end()) {
    const auto end = database_.by_address(destination);
    if (end) at = routes_.find(end->node);
  }
  return at == routes_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace forces::signaling
