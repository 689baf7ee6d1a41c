#include <algorithm>

#include "ce/signaling/resource/core/impl.hpp"

namespace forces::signaling::resource {

void Manager::Impl::on_fe_up(std::uint32_t id, Instant now) {
  Fe& fe = fes[id];
  fe.config.id = id;
  fe.up = true;
  doubt(fe);
  read_if_due(fe);
  for (const auto& [number, interface] : interfaces) {
    if (interface.port.fe == id) dirty.insert(number);
  }
  wake(now);
}

void Manager::Impl::on_fe_down(std::uint32_t id) {
  const auto at = fes.find(id);
  if (at == fes.end()) return;
  at->second.up = false;
  doubt(at->second);
  for (const auto& [number, interface] : interfaces) {
    if (interface.port.fe == id) dirty.insert(number);
  }
}

void Manager::Impl::on_rows(std::uint32_t id, std::span<const FoundRow> rows, Instant now) {
  const auto at = fes.find(id);
  if (at == fes.end() || !at->second.up) return;
  Fe& fe = at->second;
  fe.asked = false;
  if (fe.open != 0) {  // what is under way may be in it or not
    fe.known = false;
    return;
  }
  fe.known = true;
  for (const auto& [number, interface] : interfaces) {
    if (interface.port.fe == id) dirty.insert(number);
  }

  std::set<LspKey> touched, fresh;
  for (auto& [lsp, connection] : connections) {
    if (connection.unclear.erase(id) != 0) touched.insert(lsp);
  }
  for (const auto& [number, lsp] : fe.numbers) touched.insert(lsp);
  for (const LspKey& lsp : touched) {
    Connection& connection = *find(lsp);
    std::erase_if(connection.there, [&](const auto& row) { return row.first.first == id; });
  }
  for (const FoundRow& found : rows) {
    const LspKey lsp = found.row.owner.lsp;
    const auto [entry, created] = connections.try_emplace(lsp);
    Connection& connection = entry->second;
    if (created) {
      connection.owner = found.row.owner;
      fresh.insert(lsp);
    }
    touched.insert(lsp);
    connection.there[{id, found.number}] = found.row;
    fe.numbers[found.number] = lsp;
    fe.taken.insert(found.number);
    connection.numbers.insert({id, found.number});
  }
  // A row may be there under another number than planned, and a planned number may be that of a row
  // which somebody else wrote.
  for (const LspKey& lsp : touched) {
    Connection& connection = *find(lsp);
    for (PlannedRow& row : connection.plan.rows) {
      if (row.fe != id) continue;
      const auto there = std::ranges::find_if(connection.there, [&](const auto& found) {
        const Row& r = found.second;
        return found.first.first == id && r.in_port == row.row.in_port &&
               r.in_label == row.row.in_label && r.out_port == row.row.out_port &&
               r.out_label == row.row.out_label;
      });
      if (there != connection.there.end()) {
        row.number = there->first.second;
      } else if (fe.numbers[row.number] != lsp) {
        connection.numbers.erase({id, row.number});
        row.number = new_number(fe, lsp);
        connection.numbers.insert({id, row.number});
      }
    }
  }
  for (const FoundRow& found : rows) {
    Connection& connection = *find(fe.numbers.at(found.number));
    hold(connection, {{id, found.row.in_port}, Way::Receive, found.row.in_label}, false);
    hold(connection, {{id, found.row.out_port}, Way::Send, found.row.out_label}, false);
    const Cause cause{.port = {id, found.row.in_port}, .number = found.number};
    if (found.status != RowStatus::Unknown) {
      hit(connection, cause, found.status == RowStatus::Failed);
    }
  }
  for (const LspKey& lsp : touched) {
    Connection* const connection = find(lsp);
    std::erase_if(connection->causes, [&](const Cause& cause) {
      return cause.number && cause.port.fe == id &&
             !connection->there.contains({id, *cause.number});
    });
    if (connection->goal == Goal::Keep) {
      const bool active = connection->any_active();
      if (fresh.contains(lsp)) {
        out.push(Found{.owner = connection->owner, .active = active, .fe = id});
      }
      if (connection->there.empty()) {
        forget(lsp, now);
        continue;
      }
      drop_unneeded(*connection, now);
      if (active) {
        set_timer(*connection, std::nullopt);
      } else if (!connection->timer) {
        set_timer(*connection, now + config.claim_time);
      }
      continue;
    }
    if (connection->told == connection->goal && connection->transaction == 0) {
      const auto wanted = desired(*connection);
      const bool lost = std::ranges::any_of(wanted, [&](const auto& row) {
        return row.first.first == id && !connection->there.contains(row.first);
      });
      if (lost) {
        connection->told = Goal::Keep;
        out.push(Settled{.lsp = lsp, .what = Settled::What::Lost, .fe = id});
      }
    }
    for (const LspKey& key : fellows(connection->wants)) awake.push_back(key);
    settle(lsp, now);
  }
  wake(now);
}

void Manager::Impl::on_port(const FePort& at, bool up) {
  Port& port = ports.add(at);
  if (port.up == up) return;
  port.up = up;
  changed(at);
  for (const LspKey& lsp : ports.holders(at)) {
    Connection* const connection = find(lsp);
    if (connection == nullptr) continue;
    const bool uses = std::ranges::any_of(connection->holds, [&](const HoldKey& key) {
      return key.port == at && needs(*connection, key);
    });
    if (up || uses) hit(*connection, {.port = at}, !up);
  }
}

void Manager::Impl::on_row_status(std::uint32_t id, std::uint32_t number, RowStatus status) {
  const auto fe = fes.find(id);
  if (fe == fes.end() || status == RowStatus::Unknown) return;
  const auto lsp = fe->second.numbers.find(number);
  if (lsp == fe->second.numbers.end()) return;
  Connection* const connection = find(lsp->second);
  const auto row = connection->there.find({id, number});
  if (row == connection->there.end()) return;
  hit(*connection, {.port = {id, row->second.in_port}, .number = number},
      status == RowStatus::Failed);
}

void Manager::Impl::hit(Connection& connection, const Cause& cause, bool failing) {
  const bool news =
      failing ? connection.causes.insert(cause).second : connection.causes.erase(cause) != 0;
  if (!news) return;
  const Port* const port = ports.find(cause.port);
  out.push(Hit{.lsp = connection.owner.lsp,
               .failing = !connection.causes.empty(),
               .port = cause.port,
               .interface = port == nullptr ? 0 : port->interface});
}

void Manager::Impl::on_time(Instant now) {
  while (!timers.empty() && timers.begin()->first <= now) {
    const LspKey lsp = timers.begin()->second;
    Connection& connection = *find(lsp);
    set_timer(connection, std::nullopt);
    if (connection.goal == Goal::Keep) {
      release(lsp, now);
    } else {
      settle(lsp, now);
    }
  }
  wake(now);
}

}  // namespace forces::signaling::resource
