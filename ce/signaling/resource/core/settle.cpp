#include <algorithm>

#include "ce/signaling/resource/core/impl.hpp"

namespace forces::signaling::resource {

bool Connection::any_active() const {
  return std::ranges::any_of(there, [](const auto& row) { return row.second.active; });
}

std::map<Connection::RowId, Row> Manager::Impl::desired(const Connection& connection) const {
  std::map<Connection::RowId, Row> rows;
  if (connection.goal != Goal::Reserve && connection.goal != Goal::Activate) return rows;
  for (const PlannedRow& planned : connection.plan.rows) {
    if (left_out(connection, planned)) continue;
    Row row = planned.row;
    row.active =
        connection.goal == Goal::Activate || (planned.back && connection.wants.upstream_active);
    row.alarm_mask = connection.wants.alarm_mask;
    row.owner = connection.owner;
    rows[{planned.fe, planned.number}] = row;
  }
  return rows;
}

void Manager::Impl::settle(const LspKey& lsp, Instant now) {
  Connection* const connection = find(lsp);
  if (connection == nullptr || connection->transaction != 0) return;
  if (connection->goal == Goal::Keep) return;
  std::vector<LspKey> then;
  const bool may = share(*connection, then);
  drop_unneeded(*connection, now);
  for (const LspKey& key : then) awake.push_back(key);
  if (!may || (connection->timer && now < *connection->timer)) return;

  const auto rows = desired(*connection);
  std::map<std::uint32_t, FeRows> changes;
  bool blocked = false;
  const auto add = [&](const Connection::RowId& id, const Row& row, bool erase) {
    if (!fe_ready(id.first)) {
      blocked = true;
      return;
    }
    FeRows& fe = changes[id.first];
    fe.fe = id.first;
    fe.changes.push_back({.number = id.second, .row = row, .erase = erase});
  };
  // While others still have labels of it nothing is set; what it has itself it lets go, for they
  // may wait for that.
  const bool waiting = connection->awaited != 0;
  for (const auto& [id, row] : connection->there) {
    const auto wanted = rows.find(id);
    // An FE does not let a row change its owner: it goes and comes in one message.
    const bool changes_owner = wanted != rows.end() && wanted->second.owner != row.owner;
    if (wanted == rows.end() || (changes_owner && !waiting)) add(id, row, true);
  }
  for (const auto& [id, row] : rows) {
    const auto at = connection->there.find(id);
    const bool differs = at == connection->there.end() || at->second != row;
    if (differs && !waiting) add(id, row, false);
  }
  // What goes may go FE by FE; what comes is for all of them or none.
  if (blocked && connection->goal != Goal::Release && !waiting) return;
  if (changes.empty()) {
    const bool unclear =
        connection->goal == Goal::Release && (!connection->unclear.empty() || lent(*connection));
    if (!blocked && !waiting && !unclear) reached(lsp, now);
    return;
  }
  Open open{.lsp = lsp, .fes = {}};
  for (auto& [fe, part] : changes) {
    ++fes[fe].open;
    open.fes.push_back(std::move(part));
  }
  connection->transaction = ++last_transaction;
  out.push(Transaction{.id = last_transaction, .fes = open.fes});
  transactions.emplace(last_transaction, std::move(open));
}

void Manager::Impl::reached(const LspKey& lsp, Instant now) {
  Connection& connection = *find(lsp);
  connection.back_off = {};
  set_timer(connection, std::nullopt);
  if (connection.goal == Goal::Release) {
    for (const LspKey& key : fellows(connection.wants)) awake.push_back(key);
    out.push(connection.refused.value_or(Settled{.lsp = lsp, .what = Settled::What::Released}));
    forget(lsp, now);
    return;
  }
  if (connection.before) {
    connection.before.reset();
    drop_unneeded(connection, now);
  }
  connection.settled_once = true;
  if (connection.told == connection.goal) return;
  connection.told = connection.goal;
  out.push(Settled{
      .lsp = lsp,
      .what = connection.goal == Goal::Activate ? Settled::What::Active : Settled::What::Reserved});
}

void Manager::Impl::on_result(std::uint64_t id, const TransactionResult& result, Instant now) {
  const auto at = transactions.find(id);
  if (at == transactions.end()) return;
  const Open open = std::move(at->second);
  transactions.erase(at);
  Connection* const connection = find(open.lsp);
  const bool current = connection != nullptr && connection->transaction == id;
  if (current) connection->transaction = 0;
  if (result.kind == TransactionResult::Kind::Done && current) {
    for (const FeRows& part : open.fes) {
      for (const RowChange& change : part.changes) {
        if (change.erase) {
          connection->there.erase({part.fe, change.number});
          std::erase_if(connection->causes, [&](const Cause& cause) {
            return cause.port.fe == part.fe && cause.number == change.number;
          });
        } else {
          connection->there[{part.fe, change.number}] = change.row;
        }
      }
    }
  }
  const bool unknown = result.kind == TransactionResult::Kind::Unknown;
  for (const FeRows& part : open.fes) {
    Fe& fe = fes[part.fe];
    const bool unclear = result.unclear.empty() ||
                         std::ranges::find(result.unclear, part.fe) != result.unclear.end();
    if (unknown && unclear) {
      doubt(fe);
      if (current) connection->unclear.insert(part.fe);
    }
    --fe.open;
    read_if_due(fe);
  }
  if (!current) return;
  for (const LspKey& key : fellows(connection->wants)) awake.push_back(key);
  if (result.kind == TransactionResult::Kind::Refused) refused(*connection, result, now);
  settle(open.lsp, now);
}

void Manager::Impl::refused(Connection& connection, const TransactionResult& result, Instant now) {
  const LspKey& lsp = connection.owner.lsp;
  // The FE may have other rows than we think. Looked at once in a while, for while it is read
  // nothing is written there.
  if (const auto at = fes.find(result.fe); at != fes.end()) {
    Fe& fe = at->second;
    const bool long_ago = !fe.doubted || now - *fe.doubted >= config.retry_max;
    if (connection.goal == Goal::Release || long_ago) {
      fe.doubted = now;
      doubt(fe);
      read_if_due(fe);
    }
  }
  if (connection.goal == Goal::Release) {
    retry_later(connection, now);
    return;
  }
  const Settled told{
      .lsp = lsp, .what = Settled::What::ActivateRefused, .fe = result.fe, .code = result.code};
  if (!connection.settled_once) {
    connection.refused = told;
    connection.refused->what = Settled::What::ReserveRefused;
    connection.goal = Goal::Release;
    connection.plan = {};
    connection.before.reset();
  } else if (connection.before) {
    connection.plan = *std::move(connection.before);
    connection.before.reset();
    connection.goal = connection.told = connection.before_goal;
    out.push(told);
  } else if (connection.goal == Goal::Activate && connection.told == Goal::Reserve) {
    connection.goal = Goal::Reserve;
    out.push(told);
  } else {
    retry_later(connection, now);
  }
}

void Manager::Impl::drop_unneeded(Connection& connection, Instant /*now*/) {
  std::set<HoldKey> needed;
  std::set<Connection::RowId> numbers;
  const auto need = [&](std::uint32_t fe, std::uint32_t number, const Row& row) {
    needed.insert({{fe, row.in_port}, Way::Receive, row.in_label});
    needed.insert({{fe, row.out_port}, Way::Send, row.out_label});
    numbers.insert({fe, number});
  };
  for (const PlannedRow& row : connection.plan.rows) need(row.fe, row.number, row.row);
  needed.insert(connection.plan.ends.begin(), connection.plan.ends.end());
  if (connection.before) {
    needed.insert(connection.before->ends.begin(), connection.before->ends.end());
    for (const PlannedRow& row : connection.before->rows) need(row.fe, row.number, row.row);
  }
  for (const auto& [id, row] : connection.there) need(id.first, id.second, row);
  std::vector<HoldKey> gone;
  std::ranges::set_difference(connection.holds, needed, std::back_inserter(gone));
  for (const HoldKey& key : gone) let_go(connection, key);
  for (const HoldKey& key : needed) hold(connection, key, false);  // which another one had
  std::set<FePort> ports_used;
  for (const HoldKey& key : connection.holds) ports_used.insert(key.port);
  std::erase_if(connection.causes, [&](const Cause& cause) {
    return !cause.number && !ports_used.contains(cause.port);
  });
  for (const Connection::RowId& id : connection.numbers) {
    if (numbers.contains(id)) continue;
    Fe& fe = fes[id.first];
    const auto at = fe.numbers.find(id.second);
    if (at == fe.numbers.end() || at->second != connection.owner.lsp) continue;
    fe.numbers.erase(at);
    fe.taken.erase(id.second);
  }
  connection.numbers = std::move(numbers);
}

void Manager::Impl::forget(const LspKey& lsp, Instant now) {
  Connection& connection = *find(lsp);
  connection.plan = {};
  connection.before.reset();
  connection.there.clear();
  drop_unneeded(connection, now);
  set_timer(connection, std::nullopt);
  connections.erase(lsp);
}

void Manager::Impl::hold(Connection& connection, const HoldKey& key, bool wait) {
  if (connection.holds.contains(key)) return;
  const LspKey& lsp = connection.owner.lsp;
  const Hold* const held = ports.hold(key);
  if (held != nullptr && may_share(connection.wants, held->holder)) {
    ports.share(key, lsp);
  } else if (!ports.take(key, lsp, wait)) {
    if (ports.hold(key)->next != lsp) return;
    ++connection.awaited;
  }
  connection.holds.insert(key);
  changed(key.port);
  // What it has taken over and will let go of is no fault of its own.
  if (const Port* const port = ports.find(key.port); !port->up && needs(connection, key)) {
    hit(connection, {.port = key.port}, true);
  }
}

void Manager::Impl::let_go(Connection& connection, const HoldKey& key) {
  const LspKey& lsp = connection.owner.lsp;
  const Hold* const held = ports.hold(key);
  if (held != nullptr && held->next == lsp) --connection.awaited;
  const auto next = ports.let_go(key, lsp);
  connection.holds.erase(key);
  changed(key.port);
  if (!next) return;
  Connection* const heir = find(*next);
  if (heir != nullptr && --heir->awaited == 0) awake.push_back(*next);
}

void Manager::Impl::wake(Instant now) {
  while (!awake.empty()) {
    const LspKey lsp = awake.front();
    awake.pop_front();
    settle(lsp, now);
  }
}

void Manager::Impl::doubt(Fe& fe) {
  fe.known = false;
  fe.asked = false;
}

void Manager::Impl::read_if_due(Fe& fe) {
  if (!fe.up || fe.known || fe.asked || fe.open != 0) return;
  fe.asked = true;
  out.push(ReadRows{fe.config.id});
}

void Manager::Impl::set_timer(Connection& connection, std::optional<Instant> at) {
  const LspKey& lsp = connection.owner.lsp;
  if (connection.timer) timers.erase({*connection.timer, lsp});
  connection.timer = at;
  if (at) timers.insert({*at, lsp});
}

void Manager::Impl::retry_later(Connection& connection, Instant now) {
  connection.back_off = connection.back_off == Duration{}
                            ? config.retry_min
                            : std::min(connection.back_off * 2, config.retry_max);
  set_timer(connection, now + connection.back_off);
}

}  // namespace forces::signaling::resource
