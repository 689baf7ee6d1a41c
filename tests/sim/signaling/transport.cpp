#include "tests/sim/signaling/transport.hpp"

#include <algorithm>

#include "common/core/outputs.hpp"

namespace forces::signaling::test {
namespace {

te::LabelRanges slots() { return te::LabelRanges::sdh_slots(1, 4); }

}  // namespace

Transport::Transport() {
  using te::ReferencePoint;
  fibres = {{{node_id(1), 12}, {node_id(2), 21}, ReferencePoint::ENni},
            {{node_id(2), 23}, {node_id(3), 32}, ReferencePoint::INni},
            {{node_id(3), 36}, {node_id(6), 63}, ReferencePoint::ENni}};
  users = {{1, {1}}, {6, {7}}};
  for (const std::uint32_t number : {1U, 2U, 3U, 6U}) {
    members[number] = std::make_unique<Member>(*this, number);
  }
}

NodeConfig Transport::config(std::uint32_t number) const {
  NodeConfig config;
  config.id = node_id(number);
  for (const auto& [other, member] : members) {
    const std::uint32_t domain = other == 1 ? 1 : other == 6 ? 3 : 2;
    config.nodes.push_back({.id = node_id(other),
                            .name = std::string("N").append(std::to_string(other)),
                            .domain = domain});
  }
  config.fes.push_back({.id = number});
  config.engine.times.hello = 100ms;
  config.engine.seed = number * 77;
  config.connections.ason = !legacy.contains(number);
  config.calls.seed = number * 99;
  const auto port = [&](std::uint32_t interface) { return FePort{number, interface}; };
  for (const Fibre& fibre : fibres) {
    te::Link link{.ends = {fibre.a, fibre.b}, .reference = fibre.reference};
    for (te::Direction& direction : link.directions) direction.free = slots();
    config.links.push_back(link);
    for (const auto& [near, far] : {std::pair(fibre.a, fibre.b), std::pair(fibre.b, fibre.a)}) {
      if (near.node != config.id) continue;
      config.interfaces.push_back(
          {.id = near.interface, .port = port(near.interface), .remote = far, .labels = slots()});
      config.engine.neighbors.push_back({.node = far.node, .channels = {near.interface}});
    }
  }
  if (const auto at = users.find(number); at != users.end()) {
    for (const std::uint32_t interface : at->second) {
      config.interfaces.push_back({.id = interface, .port = port(interface), .labels = slots()});
    }
  }
  // Calls: along the line, to the next controller.
  using namespace ason::calls;
  const std::vector<std::uint32_t> line{1, 2, 3, 6};
  const auto at = std::ranges::find(line, number);
  PolicyConfig& policy = config.calls.policy;
  policy.points.push_back(
      {.name = "network", .kind = PointKind::Enni, .peers = {Prefix::all_v4()}});
  for (auto to = line.begin(); to != line.end(); ++to) {
    ManagerRoute route{.destination = {rsvp::Address::v4(node_id(*to).value), 32},
                       .point = "network"};
    if (to > at) route.next = rsvp::Address::v4(node_id(*(at + 1)).value);
    if (to < at) route.next = rsvp::Address::v4(node_id(*(at - 1)).value);
    policy.routes.push_back(route);
  }
  return config;
}

void Transport::start() {
  for (const auto& [number, member] : members) member->boot();
  run(2s);
}

bool Transport::until(const std::function<bool()>& what, Duration most) {
  const Instant end = world.now() + most;
  while (world.now() < end) {
    if (what()) return true;
    run(5ms);
  }
  return what();
}

void Transport::deliver(const FePort& from, std::vector<std::byte> packet) {
  const LinkEnd near{node_id(from.fe), from.port};
  for (const Fibre& fibre : fibres) {
    if (fibre.a != near && fibre.b != near) continue;
    const LinkEnd far = fibre.a == near ? fibre.b : fibre.a;
    const std::uint32_t number = far.node.value - node_id(0).value;
    world.after(1ms, [this, number, far, packet = std::move(packet)] {
      Member& member = at(number);
      if (!member.running()) return;
      const FePort port{number, far.interface};
      if (member.node->takes(port, packet)) member.node->on_packet(port, packet, world.now());
      member.pump();
    });
    return;
  }
}

void Member::boot() {
  ++boots_;
  NodeConfig config = network_.config(number_);
  config.engine.seed += boots_ * 7919;
  config.calls.seed += boots_ * 104'729;
  auto made = TransportNode::make(std::move(config), store, network_.world.now());
  if (!made) std::abort();  // MemoryStore reads always
  node = std::move(*made);
  node->on_fe_up(number_, network_.world.now());
  pump();
}

void Member::kill(std::size_t survivors) {
  node.reset();
  store.crash(survivors);
  armed_ = Instant::max();
}

std::size_t Member::active() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(rows, [](const auto& row) { return row.second.active; }));
}

void Member::pump() {
  if (!running()) return;
  const Instant now = network_.world.now();
  for (bool more = true; more;) {
    more = false;
    if (watcher != nullptr && watcher->waits()) {
      node->operate([&](TransportNode::Rooms& rooms) { watcher->look(rooms, now); }, now);
    }
    while (const auto output = node->poll_output()) {
      more = true;
      take(*output);
    }
    if (disk_writes) store.sync();
    node->on_store(now);
  }
  arm();
}

void Member::take(const NodeOutput& output) {
  const std::uint64_t boot = boots_;
  const auto later = [&](auto what) {
    network_.world.after(1ms, [this, boot, what = std::move(what)] {
      what(running() && boots_ == boot);
      pump();
    });
  };
  std::visit(
      Overloaded{
          [&](const SendPacket& send) {
            ++packets;
            network_.deliver(send.port, send.packet);
          },
          [&](const resource::Transaction& transaction) {
            later([this, transaction](bool alive) {
              for (const auto& part : transaction.fes) {
                for (const auto& change : part.changes) {
                  ++row_changes;
                  if (change.erase) {
                    rows.erase(change.number);
                  } else {
                    rows[change.number] = change.row;
                  }
                }
              }
              if (alive) node->on_result(transaction.id, {}, network_.world.now());
            });
          },
          [&](const resource::ReadRows& read) {
            later([this, fe = read.fe](bool alive) {
              if (!alive) return;
              std::vector<resource::FoundRow> found;
              for (const auto& [number, row] : rows) {
                found.push_back(
                    {.number = number, .row = row, .status = resource::RowStatus::Working});
              }
              node->on_rows(fe, found, network_.world.now());
            });
          },
          [&](const Said& what) { said.push_back(std::string(what.event) + ": " + what.text); },
      },
      output);
}

void Member::arm() {
  const auto next = node->next_deadline();
  if (!next || (*next >= armed_ && armed_ > network_.world.now())) return;
  armed_ = *next;
  const std::uint64_t boot = boots_;
  network_.world.at(*next, [this, boot, due = *next] {
    if (!running() || boots_ != boot || armed_ != due) return;
    armed_ = Instant::max();
    node->on_time(network_.world.now());
    pump();
  });
}

}  // namespace forces::signaling::test
