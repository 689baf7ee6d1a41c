#include "tests/sim/signaling/transport.hpp"

#include <algorithm>
#include <ranges>

#include "ce/signaling/ason/connection/message/compose.hpp"
#include "ce/signaling/service/ip.hpp"
#include "common/core/outputs.hpp"

namespace forces::signaling::test {

using resource::TransactionResult;

// --- the network ---

Transport::Transport(NetworkPlan made, std::uint64_t seed)
    : plan(std::move(made)), world(seed), channels(plan.fibres.size()), seed_(seed) {
  for (const auto& node : plan.nodes) {
    members[node.number] = std::make_unique<Member>(*this, node.number);
  }
  for (std::size_t i = 0; i < plan.fibres.size(); ++i) {
    const NetworkPlan::Fibre& fibre = plan.fibres[i];
    far_[plan.port(fibre.a)] = {fibre.b, i};
    far_[plan.port(fibre.b)] = {fibre.a, i};
  }
}

void Transport::start() {
  for (const auto& [number, member] : members) member->boot();
  run(2s);
}

void Transport::run(Duration time) {
  if (!world.run_for(time, 2'000'000'000)) spins = true;
}

bool Transport::until(const std::function<bool()>& what, Duration most) {
  const Instant end = world.now() + most;
  while (world.now() < end) {
    if (what()) return true;
    run(5ms);
  }
  return what();
}

const Transport::Far* Transport::far(const FePort& port) const {
  const auto at = far_.find(port);
  return at == far_.end() ? nullptr : &at->second;
}

std::optional<Transport::Place> Transport::light(Place at) const {
  std::vector<Label> carried;  // slots within the one that it is in
  for (int hops = 0; hops < 200; ++hops) {
    const Member& member = *members.at(at.first.fe % kNodesOfFes);
    const auto row = std::ranges::find_if(member.rows, [&](const auto& one) {
      return one.first.first == at.first.fe && one.second.in_port == at.first.port &&
             one.second.in_label == at.second && one.second.active;
    });
    if (row == member.rows.end()) return std::nullopt;
    at = {{at.first.fe, row->second.out_port}, row->second.out_label};
    if (const auto server = plan.around(at.first)) {
      carried.push_back(at.second);
      at = {*server, slot(1)};
      continue;
    }
    if (const auto client = plan.inside(at.first)) {
      if (carried.empty()) return std::nullopt;
      at = {*client, carried.back()};
      carried.pop_back();
      continue;
    }
    const Far* const next = far(at.first);
    if (next == nullptr) return at;
    if (!channels[next->fibre].transport) return std::nullopt;
    at.first = plan.port(next->end);
  }
  return std::nullopt;
}

void Transport::deliver(const FePort& from, std::vector<std::byte> packet) {
  const Far* const to = far(from);
  if (to == nullptr) return;
  if (keep_messages) note_message(from, packet);
  const Channel& channel = channels[to->fibre];
  if (!channel.control || (channel.loss != 0 && world.pick(1'000) < channel.loss)) return;
  const std::uint32_t number = number_of(to->end.node);
  const FePort port = plan.port(to->end);
  const auto delay = [&] {
    if (channel.jitter == Duration{}) return channel.delay;
    return channel.delay + Duration(static_cast<Duration::rep>(
                               world.pick(static_cast<std::uint64_t>(channel.jitter.count()))));
  };
  if (channel.repeat != 0 && world.pick(1'000) < channel.repeat) {
    world.after(delay(), [this, number, port, packet] { receive(number, port, packet); });
  }
  world.after(delay(),
              [this, number, port, packet = std::move(packet)] { receive(number, port, packet); });
}

void Transport::receive(std::uint32_t number, const FePort& port,
                        const std::vector<std::byte>& packet) {
  Member& member = at(number);
  if (!member.running() || !member.fe_up(port.fe)) return;
  if (is_rsvp(packet)) member.node->on_packet(port, packet, world.now());
  member.pump();
}

void Transport::note(std::uint32_t number, const std::string& what) {
  const double now = std::chrono::duration<double>(world.now().time_since_epoch()).count();
  at(number).said.push_back(std::to_string(now) + " " + what);
}

void Transport::note_message(const FePort& from, const std::vector<std::byte>& packet) {
  const auto read = read_rsvp(packet);
  if (!read) return;
  const auto message = rsvp::decode_message(read->octets);
  if (!message) return;
  const auto one = [&](const rsvp::Message& sent) {
    if (sent.type == rsvp::MessageType::Hello || sent.type == rsvp::MessageType::Srefresh) return;
    std::string text(to_string(sent.type));
    const auto add = [&text](const char* what, std::uint32_t value) {
      text.append(what).append(std::to_string(value));
    };
    add(" to ", number_of({read->destination}));
    const auto* const session = sent.find<rsvp::Session>();
    const auto lsp = [&](const auto* identity) {
      if (session == nullptr || identity == nullptr) return;
      add(" ", number_of({identity->sender.v4()}));
      add(">", number_of({session->end_point.v4()}));
      add("/", session->tunnel_id);
      add("/", identity->lsp_id);
    };
    lsp(sent.find<rsvp::SenderTemplate>());
    lsp(sent.find<rsvp::FilterSpec>());
    if (const auto status = ason::admin_status(sent)) add(" status ", status);
    if (const auto* const error = sent.find<rsvp::ErrorSpec>()) {
      add(" error ", static_cast<std::uint32_t>(error->error.code));
      add("/", error->error.value);
      add(" flags ", error->flags);
    }
    note(from.fe % kNodesOfFes, text);
  };
  if (message->bundled.empty()) one(*message);
  for (const rsvp::Message& part : message->bundled) one(part);
}

void Transport::cut(std::size_t fibre, bool transport, bool control) {
  channels[fibre].control = control;
  if (std::exchange(channels[fibre].transport, transport) == transport) return;
  for (const LinkEnd& end : {plan.fibres[fibre].a, plan.fibres[fibre].b}) {
    at(number_of(end.node)).on_port(plan.port(end));
  }
}

// --- a node ---

Member::Member(Transport& network, std::uint32_t number) : network_(network), number_(number) {
  for (const std::uint32_t fe : network.plan.fes(number)) fes_[fe] = {};
}

void Member::boot() {
  ++boots_;
  if (network_.keep_messages) network_.note(number_, "BOOTS");
  NodeConfig config = network_.plan.config(number_);
  config.engine.seed = network_.seed_ * 1'000'003 + number_ * 77 + boots_ * 7919;
  config.calls.seed = network_.seed_ * 1'000'033 + number_ * 99 + boots_ * 104'729;
  if (network_.legacy.contains(number_)) config.connections.ason = false;
  if (network_.no_segments.contains(number_)) config.connections.stitching = false;
  state::Store& journal = other_store != nullptr ? *other_store : store;
  auto made = TransportNode::make(std::move(config), journal, network_.world.now());
  if (!made) std::abort();  // MemoryStore reads always
  node = std::move(*made);
  for (const auto& [id, fe] : fes_) {
    if (fe.up) tell_fe(id);
  }
  pump();
}

void Member::kill(std::size_t survivors) {
  if (network_.keep_messages) network_.note(number_, "KILLED");
  node.reset();
  traces.clear();
  store.crash(survivors);
  armed_ = Instant::max();
}

void Member::forget() {
  state::Batch all;
  (void)store.scan(TransportNode::kTable, {}, [&](state::Bytes key, state::Bytes) {
    all.push_back({std::string(TransportNode::kTable), {key.begin(), key.end()}, std::nullopt});
    return true;
  });
  (void)store.submit(std::move(all));
  store.sync();
  while (store.poll_event()) {
  }
}

void Member::tell_fe(std::uint32_t fe) {
  const auto port = [&](const LinkEnd& end) {
    if (end.node == node_id(number_) && network_.plan.port(end).fe == fe) {
      on_port(network_.plan.port(end));
    }
  };
  for (const auto& fibre : network_.plan.fibres) {
    port(fibre.a);
    port(fibre.b);
  }
  node->on_fe_up(fe, network_.world.now());
}

void Member::on_port(const FePort& port) {
  if (!running() || !fes_.at(port.fe).up) return;
  node->on_port(port, network_.channels[network_.far(port)->fibre].transport, network_.world.now());
  pump();
}

void Member::lose_fe(std::uint32_t id) {
  Fe& fe = fes_.at(id);
  if (network_.keep_messages) network_.note(number_, "LOSES FE");
  std::erase_if(traces, [id](const auto& port) { return port.first.fe == id; });
  if (!std::exchange(fe.up, false) || !running()) return;
  node->on_fe_down(id, network_.world.now());
  pump();
}

void Member::find_fe(std::uint32_t id, bool anew) {
  Fe& fe = fes_.at(id);
  if (std::exchange(fe.up, true)) return;
  ++fe.period;
  if (network_.keep_messages) network_.note(number_, anew ? "FINDS FE ANEW" : "FINDS FE");
  if (anew) {
    for (const auto& [at, row] : std::map(rows)) {
      if (at.first == id) put(at, std::nullopt);
    }
  }
  if (!running()) return;
  tell_fe(id);
  pump();
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
      more = node->operate([&](TransportNode::Rooms& rooms) { return watcher->look(rooms, now); },
                           now);
    }
    while (const auto output = node->poll_output()) {
      more = true;
      take(*output);
    }
    if (other_store != nullptr) break;
    more |= disk == Duration{} && disk_writes && !durable();  // who waits for that looks again
    sync();
    node->on_store(now);
  }
  arm();
}

void Member::sync() {
  if (disk == Duration{}) {
    if (disk_writes) store.sync();
    return;
  }
  if (syncing_ || durable()) return;
  syncing_ = true;
  network_.world.after(disk, [this] {
    syncing_ = false;
    if (!disk_writes) return;
    store.sync();
    if (!running()) return;
    node->on_store(network_.world.now());
    pump();
  });
}

void Member::put(const RowId& id, const std::optional<resource::Row>& row) {
  if (const auto at = rows.find(id); at != rows.end()) {
    inputs_.erase({{id.first, at->second.in_port}, at->second.in_label});
    outputs_.erase({{id.first, at->second.out_port}, at->second.out_label});
    rows.erase(at);
  }
  if (!row) return;
  inputs_[{{id.first, row->in_port}, row->in_label}] = id.second;
  outputs_[{{id.first, row->out_port}, row->out_label}] = id.second;
  rows[id] = *row;
}

// As class CrossConnect has it: deleted by input, set by number, and no input or output twice. All
// of it or nothing.
bool Member::apply(std::span<const resource::FeRows> parts) {
  std::vector<std::pair<RowId, std::optional<resource::Row>>> before;
  const auto change = [&](const RowId& id, const std::optional<resource::Row>& row) {
    const auto at = rows.find(id);
    before.emplace_back(id, at == rows.end() ? std::nullopt : std::optional(at->second));
    put(id, row);
    return true;
  };
  const auto one = [&](std::uint32_t fe, const resource::RowChange& wanted) {
    const resource::Row& row = wanted.row;
    const auto in = inputs_.find({{fe, row.in_port}, row.in_label});
    if (wanted.erase) return in != inputs_.end() && change({fe, in->second}, std::nullopt);
    const auto out = outputs_.find({{fe, row.out_port}, row.out_label});
    if (in != inputs_.end() && in->second != wanted.number) return false;
    if (out != outputs_.end() && out->second != wanted.number) return false;
    return change({fe, wanted.number}, row);
  };
  for (const resource::FeRows& part : parts) {
    for (const resource::RowChange& wanted : part.changes) {
      if (one(part.fe, wanted)) continue;
      for (const auto& [id, row] : before | std::views::reverse) put(id, row);
      return false;
    }
  }
  row_changes += before.size();
  return true;
}

// What an FE that is silent, or left alone by its controller, has done, nobody knows.
TransactionResult Member::perform(const resource::Transaction& transaction, bool alive) {
  using Kind = TransactionResult::Kind;
  const std::span parts(transaction.fes);
  for (const auto& part : parts) {
    if (!fes_.at(part.fe).up) return {.kind = Kind::Refused, .fe = part.fe};
  }
  const auto luck = [&](std::uint32_t of_thousand) {
    return of_thousand != 0 && network_.world.pick(1'000) < of_thousand;
  };
  if (luck(refuse)) return {.kind = Kind::Refused, .fe = parts.front().fe, .code = 1};
  if (luck(alive ? silent : 5 * silent)) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (network_.world.pick(2) == 0) (void)apply(parts.subspan(i, 1));
    }
    return {.kind = Kind::Unknown};
  }
  if (apply(parts)) return {};
  ++refusals;
  return {.kind = Kind::Refused, .fe = parts.front().fe, .code = 2};
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
            if (fes_.at(send.port.fe).up) network_.deliver(send.port, send.packet);
          },
          [&](const resource::Transaction& transaction) {
            later([this, transaction](bool alive) {
              const TransactionResult result = perform(transaction, alive);
              if (alive) node->on_result(transaction.id, result, network_.world.now());
            });
          },
          [&](const resource::ReadRows& read) {
            later([this, id = read.fe, period = fes_.at(read.fe).period](bool alive) {
              const Fe& fe = fes_.at(id);
              if (!alive || !fe.up || fe.period != period) return;
              std::vector<resource::FoundRow> found;
              for (const auto& [at, row] : rows) {
                if (at.first != id) continue;
                found.push_back(
                    {.number = at.second, .row = row, .status = resource::RowStatus::Working});
              }
              node->on_rows(id, found, network_.world.now());
            });
          },
          [&](const SendTraces& sent) {
            if (fes_.at(sent.port.fe).up) traces[sent.port] = sent.texts;
          },
          [&](const Said& what) {
            network_.world.trace(what.event);
            network_.world.trace(what.text);
            if (network_.keep_said)
              network_.note(number_, std::string(what.event) + ": " + what.text);
          },
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
