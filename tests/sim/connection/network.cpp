#include "tests/sim/connection/network.hpp"

#include <algorithm>

namespace forces::signaling::ason::test {
namespace {

te::LabelRanges slots_of(std::uint32_t count) { return te::LabelRanges::sdh_slots(1, count); }

std::string words(const Node& node, const LspView& lsp) {
  return node.spec.name + " has " + lsp.connection + " " +
         std::to_string(lsp.key.sender.value & 255) + "/" + std::to_string(lsp.key.tunnel_id) +
         "/" + std::to_string(lsp.key.lsp_id) + " " + lsp.role + " " + lsp.state + " from " +
         std::to_string(lsp.previous.value & 255) + " to " + std::to_string(lsp.next.value & 255) +
         (lsp.failing ? " failing" : "") + (lsp.unsynchronized ? " unsynchronized; " : "; ");
}

}  // namespace

std::size_t Node::rows() const {
  std::size_t all = 0;
  for (const auto& [id, fe] : fes) all += fe.rows.size();
  return all;
}

std::size_t Node::active_rows() const {
  std::size_t all = 0;
  for (const auto& [id, fe] : fes) {
    all += static_cast<std::size_t>(
        std::ranges::count_if(fe.rows, [](const auto& row) { return row.second.active; }));
  }
  return all;
}

void Node::boot(bool first) {
  const Instant now = network_.world.now();
  ++boots;
  database = std::make_unique<te::Database>();
  for (const auto& [id, node] : network_.nodes) {
    database->set(
        te::Node{.id = id, .name = node->spec.name, .domain = node->spec.domain, .area = 0});
  }
  for (const auto& link : network_.links) {
    te::Link one{.ends = {link->a, link->b}, .reference = link->reference};
    for (te::Direction& direction : one.directions) direction.free = slots_of(link->slots);
    database->set(one);
  }
  finder = std::make_unique<te::PathFinder>(*database);
  resource::ManagerConfig manager_config;
  manager_config.self = id();
  manager = std::make_unique<resource::Manager>(manager_config);
  for (const auto& [fe, model] : fes) manager->set_fe({.id = fe});
  for (const auto& [interface, labels] : access) {
    manager->set_interface({.id = interface, .port = ports.at(interface), .labels = labels});
  }
  engine::Config engine_config;
  engine_config.node = id();
  engine_config.times = network_.times;
  engine_config.restart = network_.restart;
  engine_config.restart.recovering = !first;
  engine_config.seed = network_.seed_ * 1000 + spec.number * 17 + boots * 7919;
  for (const auto& link : network_.links) {
    for (const auto& [near, far] : {std::pair(link->a, link->b), std::pair(link->b, link->a)}) {
      if (near.node != id()) continue;
      manager->set_interface({.id = near.interface,
                              .port = ports.at(near.interface),
                              .remote = far,
                              .labels = slots_of(link->slots)});
      const bool known = std::ranges::any_of(engine_config.neighbors,
                                             [&](const auto& one) { return one.node == far.node; });
      if (!known) engine_config.neighbors.push_back({.node = far.node});
    }
  }
  engine = std::make_unique<engine::Engine>(engine_config, now);
  config.self = id();
  config.recovering = !first;
  controller = std::make_unique<Controller>(config, *database, *finder, *manager);
  for (const auto& [key, octets] : disk) controller->recover(key, octets, now);
  controller->start(now);
  for (const auto& [fe, model] : fes) {
    if (model.up) manager->on_fe_up(fe, now);
  }
  for (const auto& link : network_.links) {
    if (link->transport) continue;
    for (const LinkEnd& end : {link->a, link->b}) {
      if (end.node == id()) manager->on_port(ports.at(end.interface), false, now);
    }
  }
  pump();
  if (!first) {
    const std::uint64_t boot = boots;
    network_.world.after(network_.fe_latency * 3, [this, boot] {
      if (!running() || boots != boot) return;
      controller->on_fabric_read(network_.world.now());
      pump();
    });
  }
}

void Node::kill() {
  controller.reset();
  engine.reset();
  manager.reset();
  finder.reset();
  database.reset();
  armed_ = Instant::max();
}

void Node::pump() {
  if (!running() || pumping_) return;
  pumping_ = true;
  for (bool more = true; more;) {
    more = false;
    while (const auto output = manager->poll_output()) {
      more = true;
      take(*output);
    }
    while (const auto output = controller->poll_output()) {
      more = true;
      take(*output);
    }
    while (const auto output = engine->poll_output()) {
      more = true;
      take(*output);
    }
  }
  pumping_ = false;
  arm();
}

void Node::arm() {
  Instant next = Instant::max();
  for (const auto& one :
       {manager->next_deadline(), controller->next_deadline(), engine->next_deadline()}) {
    if (one) next = std::min(next, *one);
  }
  if (next >= armed_ && armed_ > network_.world.now()) return;
  armed_ = next;
  if (next == Instant::max()) return;
  const std::uint64_t boot = boots;
  network_.world.at(next, [this, boot, next] {
    if (!running() || boots != boot || armed_ != next) return;
    armed_ = Instant::max();
    const Instant now = network_.world.now();
    manager->on_time(now);
    controller->on_time(now);
    engine->on_time(now);
    pump();
  });
}

void Node::take(const resource::Output& output) {
  const std::uint64_t boot = boots;
  const auto later = [&](auto what) {
    network_.world.after(network_.fe_latency, [this, boot, what = std::move(what)] {
      if (!running() || boots != boot) {
        what(false);
        return;
      }
      what(true);
      pump();
    });
  };
  if (const auto* const transaction = std::get_if<resource::Transaction>(&output)) {
    later([this, transaction = *transaction](bool told) {
      for (const resource::FeRows& part : transaction.fes) {
        ModelFe& fe = fes.at(part.fe);
        for (const resource::RowChange& change : part.changes) {
          ++fe.changes;
          if (change.erase) {
            fe.rows.erase(change.number);
          } else {
            fe.rows[change.number] = change.row;
          }
        }
      }
      if (told) manager->on_result(transaction.id, {}, network_.world.now());
    });
  } else if (const auto* const read = std::get_if<resource::ReadRows>(&output)) {
    later([this, fe = read->fe](bool told) {
      if (!told) return;
      std::vector<resource::FoundRow> found;
      for (const auto& [number, row] : fes.at(fe).rows) {
        found.push_back({.number = number, .row = row, .status = resource::RowStatus::Working});
      }
      manager->on_rows(fe, found, network_.world.now());
    });
  } else if (const auto* const changed = std::get_if<resource::InterfaceChanged>(&output)) {
    const LinkEnd end{id(), changed->interface};
    database->set_free(end, manager->free_labels(changed->interface));
    if (database->link(end) != nullptr) {
      database->set_up(end, manager->interface_up(changed->interface));
    }
    controller->on_topology(network_.world.now());
  }
  controller->on_event(output, network_.world.now());
}

void Node::take(const engine::Output& output) {
  if (const auto* const packet = std::get_if<engine::Send>(&output)) {
    network_.deliver(id(), *packet);
    return;
  }
  controller->on_event(output, network_.world.now());
}

void Node::take(const Output& output) {
  const Instant now = network_.world.now();
  if (const auto* const persist = std::get_if<Persist>(&output)) {
    if (persist->octets) {
      disk[persist->key] = *persist->octets;
    } else {
      disk.erase(persist->key);
    }
  } else if (const auto* const ask = std::get_if<AskCall>(&output)) {
    if (const auto answer = verdict ? verdict(*ask) : std::nullopt) {
      controller->on_call_verdict(ask->key, *answer, now);
    }
  } else if (const auto* const changed = std::get_if<ConnectionChanged>(&output)) {
    changes.push_back(*changed);
  } else if (const auto* const alarm = std::get_if<ConnectionAlarm>(&output)) {
    alarms.push_back(*alarm);
  } else if (const auto* const call = std::get_if<CallConnection>(&output)) {
    calls.push_back(*call);
  } else {
    const engine::Status status = perform(output, *engine, now);
    if (status == engine::Status::Done) return;
    if (const auto* const path = std::get_if<SetPath>(&output)) unsent.push_back(path->key);
    controller->on_unsent(output, status, now);
  }
}

Node& Network::add(std::uint32_t number, std::string name, std::uint32_t domain) {
  auto node = std::make_unique<Node>(*this, NodeSpec{number, std::move(name), domain});
  node->fes[number] = {};
  node->config.tear_guard = 500ms;
  Node& made = *node;
  nodes[node_id(number)] = std::move(node);
  return made;
}

LinkSpec& Network::link(std::uint32_t a, std::uint32_t a_if, std::uint32_t b, std::uint32_t b_if,
                        std::uint32_t slots, te::ReferencePoint reference) {
  at(a).ports[a_if] = {a, a_if};
  at(b).ports[b_if] = {b, b_if};
  links.push_back(std::make_unique<LinkSpec>(
      LinkSpec{{node_id(a), a_if}, {node_id(b), b_if}, slots, reference}));
  return *links.back();
}

void Network::user(std::uint32_t node, std::uint32_t interface, std::uint32_t slots) {
  at(node).ports[interface] = {node, interface};
  at(node).access[interface] = slots_of(slots);
}

void Network::start() {
  for (auto& [id, node] : nodes) node->boot(true);
  run(2s);
  log.clear();
}

LinkSpec& Network::link_at(std::uint32_t node, std::uint32_t interface) {
  const LinkEnd end{node_id(node), interface};
  return **std::ranges::find_if(links,
                                [&](const auto& link) { return link->a == end || link->b == end; });
}

void Network::run(Duration time) { (void)world.run_for(time, 100'000'000); }

bool Network::until(const std::function<bool()>& what, Duration most) {
  const Instant end = world.now() + most;
  while (world.now() < end) {
    if (what()) return true;
    run(5ms);
  }
  return what();
}

void Network::cut(LinkSpec& link, bool transport, bool control) {
  link.control = control;
  if (link.transport == transport) return;
  link.transport = transport;
  for (const LinkEnd& end : {link.a, link.b}) {
    Node& node = *nodes.at(end.node);
    if (!node.running()) continue;
    node.manager->on_port(node.ports.at(end.interface), transport, world.now());
    node.pump();
  }
}

void Network::flood(std::uint32_t node, std::uint32_t interface) {
  const LinkEnd end{node_id(node), interface};
  const LinkSpec& link = link_at(node, interface);
  for (const LinkEnd& side : {link.a, link.b}) {
    const Node& owner = *nodes.at(side.node);
    if (!owner.running()) continue;
    const auto free = owner.manager->free_labels(side.interface);
    const bool up = owner.manager->interface_up(side.interface);
    for (auto& [id, other] : nodes) {
      if (!other->running()) continue;
      other->database->set_free(side, free);
      other->database->set_up(end, up);
    }
  }
  for (auto& [id, other] : nodes) {
    if (!other->running()) continue;
    other->controller->on_topology(world.now());
    other->pump();
  }
}

std::optional<Network::Place> Network::trace(Place from) const {
  for (int hops = 0; hops < 64; ++hops) {
    const auto at_node = nodes.find(node_id(from.node));
    if (at_node == nodes.end()) return std::nullopt;
    const Node& node = *at_node->second;
    const FePort port = node.ports.at(from.interface);
    const resource::Row* next = nullptr;
    for (const auto& [number, row] : node.fes.at(port.fe).rows) {
      if (row.active && row.in_port == port.port && row.in_label == from.label) next = &row;
    }
    if (next == nullptr) return std::nullopt;
    std::uint32_t out = 0;
    for (const auto& [interface, where] : node.ports) {
      if (where == FePort{port.fe, next->out_port}) out = interface;
    }
    if (node.access.contains(out)) return Place{from.node, out, next->out_label};
    const LinkEnd end{node.id(), out};
    const auto link = std::ranges::find_if(
        links, [&](const auto& one) { return one->a == end || one->b == end; });
    if (link == links.end() || !(*link)->transport) return std::nullopt;
    const LinkEnd far = (*link)->a == end ? (*link)->b : (*link)->a;
    from = {far.node.value - kAddress, far.interface, next->out_label};
  }
  return std::nullopt;
}

ConnectionState Network::state(std::uint32_t node, std::string_view name) {
  const auto view = at(node).controller->show(name);
  return view ? view->state : ConnectionState::Released;
}

std::size_t Network::rows() const {
  std::size_t all = 0;
  for (const auto& [id, node] : nodes) all += node->rows();
  return all;
}

std::string Network::of(const LspKey& key) const {
  std::string text;
  for (const auto& [id, node] : nodes) {
    if (!node->running()) continue;
    if (const auto lsp = node->controller->lsp(key)) text += words(*node, *lsp);
  }
  return text;
}

std::string Network::leftovers() const {
  std::string text;
  for (const auto& [id, node] : nodes) {
    const auto say = [&](const std::string& what, std::size_t count) {
      if (count != 0) text += node->spec.name + " has " + std::to_string(count) + " " + what + "; ";
    };
    say("rows", node->rows());
    say("records", node->disk.size());
    if (!node->running()) continue;
    for (const LspView& lsp : node->controller->lsps()) text += words(*node, lsp);
    say("connections", node->controller->list().size());
    say("reservations", node->manager->connections().size());
  }
  return text;
}

void Network::log_messages(NodeId from, NodeId to, const rsvp::Octets& octets) {
  const auto message = rsvp::decode_message(octets);
  if (!message) return;
  if (message->bundled.empty()) {
    log.push_back({world.now(), from, to, *message});
  } else {
    for (const rsvp::Message& one : message->bundled) log.push_back({world.now(), from, to, one});
  }
}

std::vector<Sent> Network::sent(rsvp::MessageType type, std::uint32_t from) const {
  std::vector<Sent> found;
  for (const Sent& one : log) {
    if (one.message.type != type || (from != 0 && one.from != node_id(from))) continue;
    found.push_back(one);
  }
  return found;
}

void Network::deliver(NodeId from, engine::Send packet) {
  const NodeId to{packet.destination};
  if (!nodes.contains(to)) return;
  const Node& sender = *nodes.at(from);
  if (sender.zeroes_call_id || sender.gives_no_label) {
    if (auto message = rsvp::decode_message(packet.octets)) {
      const auto change = [&](rsvp::Message& one) {
        auto* const session = one.find<rsvp::Session>();
        if (session != nullptr && sender.zeroes_call_id) session->call_id = 0;
        if (!sender.gives_no_label) return;
        std::erase_if(one.objects, [](const rsvp::Object& object) {
          return std::holds_alternative<rsvp::RecoveryLabel>(object);
        });
      };
      change(*message);
      for (rsvp::Message& one : message->bundled) change(one);
      if (auto octets = rsvp::encode_message(*message)) packet.octets = *std::move(octets);
    }
  }
  if (logging) log_messages(from, to, packet.octets);
  if (lose) {
    const auto message = rsvp::decode_message(packet.octets);
    const auto lost = [&](const rsvp::Message& one) { return lose(from, one); };
    if (message && (lost(*message) || std::ranges::any_of(message->bundled, lost))) return;
  }
  // Between neighbours it takes their link; others (Notify) find a way over IP.
  double loss = 0;
  bool adjacent = false, passes = false;
  for (const auto& link : links) {
    const bool between = (link->a.node == from && link->b.node == to) ||
                         (link->b.node == from && link->a.node == to);
    if (!between) continue;
    adjacent = true;
    passes |= link->control;
    loss = std::max(loss, link->loss);
  }
  if (adjacent && !passes) return;
  if (loss > 0 && static_cast<double>(world.pick(1000)) < loss * 1000) return;
  const Duration jitter{
      static_cast<Duration::rep>(world.pick(static_cast<std::uint64_t>(latency.count() / 4 + 1)))};
  world.after(latency + jitter, [this, to, packet] {
    Node& node = *nodes.at(to);
    if (!node.running()) return;
    node.engine->on_packet({.channel = packet.channel,
                            .source = packet.source,
                            .destination = packet.destination,
                            .ttl = packet.ttl,
                            .octets = packet.octets},
                           world.now());
    node.pump();
  });
}

ConnectionRequest request(std::string name, std::uint32_t from, std::uint32_t from_if,
                          std::uint32_t to, std::uint32_t to_if) {
  ConnectionRequest request;
  request.name = std::move(name);
  request.ingress.end = {node_id(from), from_if};
  request.egress = node_id(to);
  request.egress_end.end = {node_id(to), to_if};
  request.label_request = {
      .encoding = rsvp::LabelRequest::kSdh, .switching = rsvp::LabelRequest::kTdm, .g_pid = 34};
  request.tspec.traffic = rsvp::SonetSdh{.signal_type = 6, .multiplier = 1};
  return request;
}

void build_p1(Network& network, std::uint32_t slots) {
  network.add(2, "B");
  network.add(3, "C");
  network.add(4, "D");
  network.add(25, "Y");
  network.link(2, 21, 3, 11, slots);   // B - C
  network.link(3, 31, 25, 12, slots);  // C - Y
  network.link(2, 22, 4, 11, slots);   // B - D
  network.link(4, 31, 25, 13, slots);  // D - Y
  network.link(3, 32, 4, 32, slots);   // C - D
  network.user(2, 1);
  network.user(25, 7);
  network.times.hello = 100ms;
}

void build_p2(Network& network) {
  network.add(1, "N1", 1);
  network.add(2, "N2", 1);
  network.add(3, "N3", 2);
  network.add(4, "N4", 2);
  network.add(5, "N5", 2);
  network.add(6, "N6", 3);
  const auto enni = te::ReferencePoint::ENni;
  network.link(1, 12, 2, 21);
  network.link(2, 23, 3, 32, 4, enni);
  network.link(2, 25, 5, 52, 4, enni);
  network.link(3, 34, 4, 43);
  network.link(5, 54, 4, 45);
  network.link(4, 46, 6, 64, 4, enni);
  network.user(1, 1);
  network.user(6, 7);
  network.times.hello = 100ms;
}

}  // namespace forces::signaling::ason::test
