#include <algorithm>

#include "ce/signaling/resource/core/impl.hpp"

namespace forces::signaling::resource {

std::expected<Reservation, Refusal> Manager::Impl::reserve(const Wants& wants, Instant now) {
  const LspKey& lsp = wants.owner.lsp;
  Connection* const existing = find(lsp);
  const std::vector<LspKey> with = fellows(wants);
  bool lost = false;
  if (existing != nullptr && existing->goal == Goal::Keep) {
    auto adopted = adopt(*existing, wants, now);
    // What it has not got may be what another one of its session took over, or what an FE that
    // began anew has lost; that is set again.
    const bool differs = !adopted && adopted.error().why == Refusal::Why::Differs;
    lost = differs && with.empty() && part_of(*existing, wants);
    if (!lost && !(differs && !with.empty())) return adopted;
  }
  const bool anew =
      existing == nullptr || existing->goal == Goal::Release || existing->goal == Goal::Keep;
  if (!anew) {
    if (same(*existing, wants)) return existing->plan.labels;
    return std::unexpected(Refusal{.why = Refusal::Why::Differs, .holder = lsp});
  }
  const bool was_active =
      existing != nullptr && existing->goal == Goal::Keep && existing->any_active();
  if (const auto refusal = judge(wants)) return std::unexpected(*refusal);
  const auto others = contenders(wants);
  if (!others) return std::unexpected(others.error());
  auto plan = Planner(ports, fabric, wants, interface_of(wants.in), interface_of(wants.out),
                      config.self, others->going, with)
                  .plan();
  if (!plan) return std::unexpected(plan.error());

  Connection& connection = connections[lsp];
  connection.owner = wants.owner;
  connection.wants = wants;
  connection.goal = lost && was_active ? Goal::Activate : Goal::Reserve;
  connection.told = Goal::Keep;
  connection.settled_once = was_active || wants.established;
  connection.refused.reset();
  set_timer(connection, std::nullopt);
  use(connection, *std::move(plan));
  Reservation labels = connection.plan.labels;
  for (const LspKey& loser : others->losers) {
    Yielded yielded{.loser = loser, .winner = lsp, .interface = wants.in.interface};
    const FePort& port = interfaces.at(wants.in.interface).port;
    for (const HoldKey& key : connection.holds) {
      const Hold* const held = ports.hold(key);
      if (key.port == port && held->holder == loser && held->next == lsp &&
          std::ranges::find(yielded.labels, key.label) == yielded.labels.end()) {
        yielded.labels.push_back(key.label);
      }
    }
    labels.yielded.push_back(loser);
    out.push(std::move(yielded));
    release(loser, now);
  }
  settle(lsp, now);
  return labels;
}

std::optional<Refusal> Manager::Impl::judge(const Wants& wants) const {
  using Why = Refusal::Why;
  const auto refuse = [](Why why, std::uint32_t interface) {
    return Refusal{.why = why, .interface = interface};
  };
  const auto nowhere = [&wants](const Side& side) {
    return side.interface == 0 && wants.in.interface != wants.out.interface;
  };
  for (const Side* side : {&wants.in, &wants.out}) {
    if (!nowhere(*side) && !interfaces.contains(side->interface)) {
      return refuse(Why::UnknownInterface, side->interface);
    }
  }
  if (wants.signal.fault()) return refuse(Why::WrongSignal, 0);
  for (const Side* side : {&wants.in, &wants.out}) {
    if (nowhere(*side)) continue;
    const InterfaceConfig& interface = interfaces.at(side->interface);
    if (interface.switching != wants.signal.switching) {
      return refuse(Why::WrongSwitching, interface.id);
    }
    const bool photonic =
        interface.encoding == te::Encoding::Lambda || interface.encoding == te::Encoding::Fiber;
    if (interface.encoding != wants.signal.encoding && !photonic) {
      return refuse(Why::WrongEncoding, interface.id);
    }
    // Nobody knows what an FE has that was not read.
    const bool there = wants.established ? fe_ready(interface.port.fe) : interface_up(interface);
    if (!there) return refuse(Why::InterfaceDown, interface.id);
    if (interface.compound && tables.at(interface.id).usable().empty()) {
      return refuse(Why::NotVerified, interface.id);
    }
  }
  if (wants.in.interface == wants.out.interface) {
    return refuse(Why::NoFabricRoute, wants.in.interface);
  }
  return std::nullopt;
}

// Whether it has this label for longer than until its rows are gone.
bool Manager::Impl::needs(const Connection& connection, const HoldKey& key) {
  if (connection.goal == Goal::Keep) return true;
  const auto has = [&](const Plan& plan) {
    if (std::ranges::find(plan.ends, key) != plan.ends.end()) return true;
    return std::ranges::any_of(plan.rows, [&](const PlannedRow& row) {
      if (row.fe != key.port.fe) return false;
      if (key.way == Way::Receive) {
        return row.row.in_port == key.port.port && row.row.in_label == key.label;
      }
      return row.row.out_port == key.port.port && row.row.out_label == key.label;
    });
  };
  return has(connection.plan) || (connection.before && has(*connection.before));
}

// RFC 3471 section 4.2: a label that the previous hop wants, and that we have sent to it ourselves
// as the upstream node of another LSP that is not established. And who is going to let a label go
// is waited for.
std::expected<Manager::Impl::Contenders, Refusal> Manager::Impl::contenders(
    const Wants& wants) const {
  Contenders found;
  const auto look = [&](const Side& side, bool in, const std::optional<Labels>& labels,
                        Way way) -> std::optional<Refusal> {
    if (!labels) return std::nullopt;
    const InterfaceConfig& interface = interfaces.at(side.interface);
    for (const Label slot : wants.signal.slots(*labels)) {
      const HoldKey key{interface.port, way, slot};
      const Hold* const hold = ports.hold(key);
      if (hold == nullptr || hold->next || hold->holder == wants.owner.lsp) continue;
      const Connection* const other = find(hold->holder);
      if (other == nullptr || !hold->sharers.empty() || may_share(wants, hold->holder)) continue;
      // With this label its others at this port are going as well, so that both directions can have
      // the same.
      const auto all_going = [&](bool loses) {
        for (const HoldKey& held : other->holds) {
          if (held.port != key.port || !ports.hold(held)->sharers.empty()) continue;
          if (ports.hold(held)->holder != hold->holder) continue;
          if (loses || !needs(*other, held)) found.going.insert(held);
        }
      };
      if (!needs(*other, key)) {
        all_going(false);
        continue;
      }
      const bool crossing = in && interface.remote.node.value != 0 &&
                            other->goal == Goal::Reserve &&
                            other->wants.out.interface == side.interface;
      if (!crossing) continue;
      if (config.self > interface.remote.node) {
        return Refusal{
            .why = Refusal::Why::Contention, .interface = interface.id, .holder = hold->holder};
      }
      all_going(true);
      found.losers.insert(hold->holder);
    }
    return std::nullopt;
  };
  for (const bool in : {true, false}) {
    const Side& side = in ? wants.in : wants.out;
    const Way there = in ? Way::Receive : Way::Send, back = in ? Way::Send : Way::Receive;
    if (const auto refusal = look(side, in, side.label, there)) return std::unexpected(*refusal);
    if (!wants.bidirectional) continue;
    if (const auto refusal = look(side, in, side.upstream, back)) {
      return std::unexpected(*refusal);
    }
  }
  return found;
}

// Whether what FEs have of it is a part of this and of nothing else: the labels of both ends are
// said, and where its rows come to an interface it is there. Within the node they may be any.
bool Manager::Impl::part_of(const Connection& connection, const Wants& wants) const {
  if (!wants.in.label || !wants.out.label) return false;
  const auto fits = [&](const FePort& at, Way way, Label slot) {
    const Port* const port = ports.find(at);
    if (port == nullptr || port->interface == 0) return port != nullptr;
    const bool in = port->interface == wants.in.interface;
    if (!in && port->interface != wants.out.interface) return false;
    const Side& side = in ? wants.in : wants.out;
    const bool forward = (way == Way::Receive) == in;
    if (!forward && !wants.bidirectional) return false;
    const Labels slots =
        wants.signal.slots(forward ? *side.label : side.upstream.value_or(*side.label));
    return std::ranges::find(slots, slot) != slots.end();
  };
  return std::ranges::all_of(connection.there, [&](const auto& one) {
    const auto& [id, row] = one;
    return fits({id.first, row.in_port}, Way::Receive, row.in_label) &&
           fits({id.first, row.out_port}, Way::Send, row.out_label);
  });
}

bool Manager::Impl::same(const Connection& connection, const Wants& wants) {
  const Wants& had = connection.wants;
  const Reservation& labels = connection.plan.labels;
  if (had.signal != wants.signal || had.bidirectional != wants.bidirectional ||
      had.in.interface != wants.in.interface || had.out.interface != wants.out.interface) {
    return false;
  }
  const auto agrees = [](const Side& side, const Labels& forward, const Labels& back) {
    return (!side.label || *side.label == forward) &&
           (!side.upstream || back.empty() || *side.upstream == back) &&
           (!side.allowed || side.allowed->contains_all(forward));
  };
  return agrees(wants.in, labels.in, labels.upstream_in) &&
         agrees(wants.out, labels.out, labels.upstream_out);
}

namespace {

struct Stretch {  // chains of the slots of one label of a list
  Label from = 0, to = 0;
};

// Chains of one direction as labels; nullopt: slots are not where one label says they are.
std::optional<std::vector<Stretch>> stretches(std::vector<std::pair<Label, Label>> slots,
                                              const te::Signal& signal) {
  std::ranges::sort(slots);
  const std::size_t width = signal.width();
  if (slots.size() != std::size_t{signal.labels()} * width) return std::nullopt;
  std::vector<Stretch> all;
  for (std::size_t i = 0; i < slots.size(); i += width) {
    const Labels from = signal.slots(slots[i].first), to = signal.slots(slots[i].second);
    for (std::size_t s = 0; s < width; ++s) {
      if (slots[i + s] != std::pair(from[s], to[s])) return std::nullopt;
    }
    all.push_back({slots[i].first, slots[i].second});
  }
  return all;
}

// In the order of a list that is given for one of the ends.
bool arrange(std::vector<Stretch>& all, const std::optional<Labels>& from,
             const std::optional<Labels>& to) {
  if (!from && !to) return true;
  const Labels& order = from ? *from : *to;
  std::vector<Stretch> arranged;
  for (const Label label : order) {
    const auto at = std::ranges::find(all, label, from ? &Stretch::from : &Stretch::to);
    if (at == all.end()) return false;
    arranged.push_back(*at);
  }
  if (arranged.size() != all.size()) return false;
  all = std::move(arranged);
  return true;
}

}  // namespace

std::expected<Reservation, Refusal> Manager::Impl::adopt(Connection& connection, const Wants& wants,
                                                         Instant now) {
  const Refusal differs{.why = Refusal::Why::Differs, .holder = connection.owner.lsp};
  for (const Side* side : {&wants.in, &wants.out}) {
    if (!interfaces.contains(side->interface)) {
      return std::unexpected(
          Refusal{.why = Refusal::Why::UnknownInterface, .interface = side->interface});
    }
  }
  Plan plan;
  std::vector<std::pair<Label, Label>> there, back;
  bool active = false, back_active = false;
  std::set<Connection::RowId> covered;
  for (const Chain& chain : chains(connection)) {
    const bool forward =
        chain.from.interface == wants.in.interface && chain.to.interface == wants.out.interface;
    const bool reverse =
        chain.from.interface == wants.out.interface && chain.to.interface == wants.in.interface;
    if (!forward && !reverse) continue;
    covered.insert(chain.rows.begin(), chain.rows.end());
    if (forward) {
      there.emplace_back(chain.from.label, chain.to.label);
    } else {
      back.emplace_back(chain.to.label, chain.from.label);
    }
    for (const Connection::RowId& id : chain.rows) {
      Row row = connection.there.at(id);
      (forward ? active : back_active) |= row.active;
      plan.rows.push_back({.fe = id.first, .number = id.second, .row = row, .back = reverse});
    }
  }
  auto forward = stretches(there, wants.signal);
  auto reverse = wants.bidirectional ? stretches(back, wants.signal) : std::vector<Stretch>{};
  // Reserved rows beside it are left from something that was begun and given up; they will go.
  const bool others_active = std::ranges::any_of(connection.there, [&](const auto& row) {
    return row.second.active && !covered.contains(row.first);
  });
  const bool whole = !others_active && forward && reverse && (wants.bidirectional || back.empty());
  if (!whole) {
    // Perhaps an FE that is not here has the rest.
    for (const auto& [id, fe] : fes) {
      if (!fe_ready(id)) return std::unexpected(Refusal{.why = Refusal::Why::InterfaceDown});
    }
    return std::unexpected(differs);
  }
  std::optional<Labels> order_in = wants.in.upstream, order_out = wants.out.upstream;
  if (!arrange(*forward, wants.in.label, wants.out.label)) return std::unexpected(differs);
  if (!order_in && !order_out) {  // as the other direction, where the labels are the same
    order_in = Labels{};
    for (const Stretch& one : *forward) order_in->push_back(one.from);
    if (!arrange(*reverse, order_in, std::nullopt)) {
      std::ranges::sort(*reverse, {}, &Stretch::from);
    }
  } else if (wants.bidirectional && !arrange(*reverse, order_in, order_out)) {
    return std::unexpected(differs);
  }
  for (const Stretch& one : *forward) {
    plan.labels.in.push_back(one.from);
    plan.labels.out.push_back(one.to);
  }
  for (const Stretch& one : *reverse) {
    plan.labels.upstream_in.push_back(one.from);
    plan.labels.upstream_out.push_back(one.to);
  }
  Connection made;
  made.wants = wants;
  made.plan = plan;
  if (!same(made, wants)) return std::unexpected(differs);

  connection.owner = wants.owner;
  connection.wants = wants;
  connection.wants.upstream_active = wants.upstream_active || back_active;
  connection.plan = std::move(plan);
  connection.goal = active ? Goal::Activate : Goal::Reserve;
  connection.told = Goal::Keep;
  connection.settled_once = true;
  set_timer(connection, std::nullopt);
  const Reservation labels = connection.plan.labels;
  settle(wants.owner.lsp, now);
  return labels;
}

std::uint32_t Manager::Impl::new_number(Fe& fe, const LspKey& lsp) {
  std::uint32_t number = 1;
  if (!fe.taken.empty() && fe.taken.ranges().front().first <= 1) {
    number = fe.taken.ranges().front().last + 1;
  }
  fe.taken.insert(number);
  fe.numbers[number] = lsp;
  return number;
}

// Gives numbers and takes labels. A row that leads the same way as one before keeps its number.
void Manager::Impl::use(Connection& connection, Plan plan) {
  const LspKey& lsp = connection.owner.lsp;
  std::map<std::tuple<std::uint32_t, std::uint32_t, Label, std::uint32_t, Label>, std::uint32_t>
      numbers;
  const auto key = [](std::uint32_t fe, const Row& row) {
    return std::tuple(fe, row.in_port, row.in_label, row.out_port, row.out_label);
  };
  for (const PlannedRow& row : connection.plan.rows) numbers[key(row.fe, row.row)] = row.number;
  for (const auto& [id, row] : connection.there) numbers[key(id.first, row)] = id.second;
  for (PlannedRow& row : plan.rows) {
    const auto at = numbers.find(key(row.fe, row.row));
    row.number = at != numbers.end() ? at->second : new_number(fes[row.fe], lsp);
    connection.numbers.insert({row.fe, row.number});
  }
  connection.plan = std::move(plan);
  for (const PlannedRow& row : connection.plan.rows) {
    hold(connection, {{row.fe, row.row.in_port}, Way::Receive, row.row.in_label}, true);
    hold(connection, {{row.fe, row.row.out_port}, Way::Send, row.row.out_label}, true);
  }
  for (const HoldKey& end : connection.plan.ends) hold(connection, end, true);
}

const InterfaceConfig& Manager::Impl::interface_of(const Side& of) const {
  static const InterfaceConfig kNowhere;
  const auto at = interfaces.find(of.interface);
  return at == interfaces.end() ? kNowhere : at->second;
}

std::expected<Reservation, Refusal> Manager::Impl::activate(const LspKey& lsp,
                                                            const std::optional<Labels>& labels,
                                                            Instant now) {
  Connection* const connection = find(lsp);
  if (connection == nullptr || connection->goal == Goal::Keep ||
      connection->goal == Goal::Release) {
    return std::unexpected(Refusal{.why = Refusal::Why::UnknownConnection, .holder = lsp});
  }
  const Reservation& had = connection->plan.labels;
  if (labels && *labels != had.out) {
    Wants wants = connection->wants;
    wants.in.label = had.in;
    wants.out.label = *labels;
    wants.out.suggested.reset();
    wants.out.allowed.reset();
    wants.out.except = {};
    wants.in.except = {};
    wants.in.allowed.reset();
    if (wants.bidirectional) {
      wants.in.upstream = had.upstream_in;
      wants.out.upstream = had.upstream_out;
    }
    auto plan = Planner(ports, fabric, wants, interface_of(wants.in), interface_of(wants.out),
                        config.self, {}, fellows(wants))
                    .plan();
    if (!plan) return std::unexpected(plan.error());
    if (!connection->before) {
      connection->before = connection->plan;
      connection->before_goal = connection->goal;
    }
    connection->told = Goal::Keep;
    use(*connection, *std::move(plan));
  }
  connection->goal = Goal::Activate;
  const Reservation result = connection->plan.labels;
  settle(lsp, now);
  return result;
}

void Manager::Impl::release(const LspKey& lsp, Instant now) {
  Connection* const connection = find(lsp);
  if (connection == nullptr || connection->goal == Goal::Release) return;
  connection->goal = Goal::Release;
  connection->plan = {};
  connection->before.reset();
  connection->refused.reset();
  set_timer(*connection, std::nullopt);
  settle(lsp, now);
}

}  // namespace forces::signaling::resource
