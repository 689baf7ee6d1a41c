// Labels and rows that LSPs of one session have in common (SE style; RFC 3209 section 4.6.4):
// make before break.
//
// A row of the fabric has one owner, and a label one row as input and one as output. So of LSPs
// that meet at a row one goes first, and the rows of the others there are left out until it is
// gone: what is active goes before what is reserved, of active ones the younger, of reserved ones
// the elder. An LSP that becomes active takes over the rows in its way, and one transaction turns
// them into its own; when it goes, the other one takes them back in the same manner. Where both
// lead the same way the row stays and changes its owner.
//
// An LSP that is a link to others (RFC 5150) has labels and no rows; who uses it has the rows.
#include <algorithm>

#include "ce/signaling/resource/core/impl.hpp"

namespace forces::signaling::resource {
namespace {

// LSP IDs of a session go round.
bool younger(const LspKey& a, const LspKey& b) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(a.lsp_id - b.lsp_id)) > 0;
}

bool meet(const Row& a, const Row& b) {
  return (a.in_port == b.in_port && a.in_label == b.in_label) ||
         (a.out_port == b.out_port && a.out_label == b.out_label);
}

bool meets(const Plan& plan, std::uint32_t fe, const Row& row) {
  return std::ranges::any_of(
      plan.rows, [&](const PlannedRow& one) { return one.fe == fe && meet(one.row, row); });
}

bool meets(const std::map<Connection::RowId, Row>& there, std::uint32_t fe, const Row& row) {
  return std::ranges::any_of(
      there, [&](const auto& one) { return one.first.first == fe && meet(one.second, row); });
}

bool same_way(const Row& a, const Row& b) {
  return a.in_port == b.in_port && a.in_label == b.in_label && a.out_port == b.out_port &&
         a.out_label == b.out_label;
}

// Whether `a` goes first where both would have a row.
bool precedes(const Connection& a, const Connection& b) {
  const bool active = a.goal == Goal::Activate, other = b.goal == Goal::Activate;
  if (active != other) return active;
  if (a.goal != Goal::Activate && a.goal != Goal::Reserve) return false;
  if (b.goal != Goal::Activate && b.goal != Goal::Reserve) return true;
  return active == younger(a.owner.lsp, b.owner.lsp);
}

}  // namespace

bool Manager::Impl::may_share(const Wants& wants, const LspKey& with) const {
  const Connection* const other = find(with);
  const LspKey& lsp = wants.owner.lsp;
  if (other == nullptr || with == lsp) return false;
  const auto over = [](const Wants& one, const LspKey& link) {
    return std::ranges::find(one.over, link) != one.over.end();
  };
  if (over(wants, with) || over(other->wants, lsp)) return true;
  // Rows of an earlier process say whose they are, and not over what.
  if (other->goal == Goal::Keep) return wants.rowless();
  return same_session(with, lsp) && (wants.shared || other->wants.shared);
}

std::vector<LspKey> Manager::Impl::fellows(const Wants& wants) const {
  std::vector<LspKey> all;
  const auto add = [&](const LspKey& lsp) {
    if (may_share(wants, lsp) && std::ranges::find(all, lsp) == all.end()) all.push_back(lsp);
  };
  LspKey first = wants.owner.lsp;
  first.lsp_id = 0;
  for (auto at = connections.lower_bound(first);
       at != connections.end() && same_session(at->first, first); ++at) {
    add(at->first);
  }
  for (const LspKey& link : wants.over) add(link);
  if (!wants.rowless()) return all;
  // Who has rows with the labels that it is to have.
  const auto users = [&](const Side& at, Way way, const std::optional<Labels>& labels) {
    if (at.interface == 0 || !labels) return;
    for (const Label slot : wants.signal.slots(*labels)) {
      if (const Hold* const held = ports.hold({interface_of(at).port, way, slot})) {
        add(held->holder);
        for (const LspKey& lsp : held->sharers) add(lsp);
      }
    }
  };
  users(wants.in, Way::Receive, wants.in.label);
  users(wants.in, Way::Send, wants.in.upstream);
  users(wants.out, Way::Send, wants.out.label);
  users(wants.out, Way::Receive, wants.out.upstream);
  return all;
}

bool Manager::Impl::left_out(const Connection& connection, const PlannedRow& planned) const {
  return std::ranges::any_of(fellows(connection.wants), [&](const LspKey& key) {
    const Connection& other = *find(key);
    return (precedes(other, connection) && meets(other.plan, planned.fe, planned.row)) ||
           (connection.goal == Goal::Reserve && meets(other.there, planned.fe, planned.row));
  });
}

// Rows that are in the way of `to` become its own; settle() makes of them what it wants.
void Manager::Impl::take_over(Connection& to, Connection& from) {
  const LspKey& lsp = to.owner.lsp;
  for (auto at = from.there.begin(); at != from.there.end();) {
    const auto [id, row] = *at;
    if (!meets(to.plan, id.first, row)) {
      ++at;
      continue;
    }
    at = from.there.erase(at);
    from.numbers.erase(id);
    std::erase_if(from.causes, [&](const Cause& cause) {
      return cause.port.fe == id.first && cause.number == id.second;
    });
    to.there[id] = row;
    to.numbers.insert(id);
    fes[id.first].numbers[id.second] = lsp;
    for (PlannedRow& planned : to.plan.rows) {
      if (planned.fe == id.first && same_way(planned.row, row)) planned.number = id.second;
    }
  }
}

// A fellow has taken over rows of it, and their FE does not know: who is to begin anew after that
// finds them as its own, so it must not be forgotten.
bool Manager::Impl::lent(const Connection& connection) const {
  return std::ranges::any_of(fellows(connection.wants), [&](const LspKey& key) {
    return std::ranges::any_of(find(key)->there, [&](const auto& row) {
      return row.second.owner.lsp == connection.owner.lsp;
    });
  });
}

// What is to be done about the others before this one is settled. False: not now.
bool Manager::Impl::share(Connection& connection, std::vector<LspKey>& then) {
  bool now = true;
  for (const LspKey& key : fellows(connection.wants)) {
    Connection& other = *find(key);
    const auto in_the_way = [](const Connection& of, const Connection& wanting) {
      return wanting.goal == Goal::Activate && !precedes(of, wanting) &&
             std::ranges::any_of(of.there, [&](const auto& row) {
               return meets(wanting.plan, row.first.first, row.second);
             });
    };
    if (in_the_way(other, connection)) {
      if (other.transaction != 0) {
        now = false;  // its result comes, and then this again
      } else {
        take_over(connection, other);
        then.push_back(key);
      }
    } else if (in_the_way(connection, other)) {
      if (other.transaction != 0) {
        now = false;
      } else {
        take_over(other, connection);
        then.push_back(key);
      }
    }
  }
  // The number that a row had may be another one's since.
  for (PlannedRow& planned : connection.plan.rows) {
    Fe& fe = fes[planned.fe];
    const auto at = fe.numbers.find(planned.number);
    if (at != fe.numbers.end() && at->second == connection.owner.lsp) continue;
    planned.number = new_number(fe, connection.owner.lsp);
    connection.numbers.insert({planned.fe, planned.number});
  }
  return now;
}

}  // namespace forces::signaling::resource
