// FibSync: what becomes of each row that the source gives.

#include <algorithm>
#include <utility>

#include "ce/provision/rows/fib_sync.hpp"

namespace forces::ce::provision {

using routing::Delta;
using routing::EcmpGone;
using routing::EcmpMember;
using routing::EcmpRow;
using routing::NextHopGone;
using routing::NextHopRow;
using routing::PrefixGone;
using routing::PrefixRow;

void FibSync::take(Delta&& delta, Instant now) {
  std::visit(Overloaded{
                 [&](NextHopRow& row) { take(std::move(row), now); },
                 [&](EcmpRow& row) { take(std::move(row), now); },
                 [&](PrefixRow& row) { take(std::move(row), now); },
                 [&](const PrefixGone& g) {
                   gone({RowKind::Prefix, g.row}, g.prefix.address.family, now);
                 },
                 [&](const EcmpGone& g) { gone({RowKind::Set, g.hop_selector}, g.family, now); },
                 [&](const NextHopGone& g) { gone({RowKind::Hop, g.hop_selector}, g.family, now); },
             },
             delta);
}

void FibSync::take(NextHopRow&& row, Instant now) {
  const RowKey key{RowKind::Hop, row.hop_selector};
  if (found_.size() != 0) hop_rows_.insert_or_assign(key.number, row);
  if (found_.unclaimed() == 0 || book_.placed(key)) return send(std::move(row), now);
  book_.set_state(key, RowState::Wanted);
  unbound_hops_.insert(key.number);
}

void FibSync::take(EcmpRow&& row, Instant now) {
  const RowKey key{RowKind::Set, row.hop_selector};
  const Table table = table_of(RowKind::Set, row.family);
  if (!has_table(table)) {
    if (row.members.empty()) return;
    const std::uint32_t first = row.members.front().hop_selector;
    const auto [at, fresh] = first_of_set_.try_emplace(key.number, first);
    // Nobody knows which prefixes lead to the set: everything is looked at again.
    if (!fresh && std::exchange(at->second, first) != first) distrusted_ = true;
    (void)leave_out(key, table);
    return;
  }
  if (found_.unclaimed() == 0 || book_.placed(key)) return send(std::move(row), now);
  book_.set_state(key, RowState::Wanted);
  unbound_sets_.insert_or_assign(key.number, std::move(row));
}

void FibSync::take(PrefixRow&& row, Instant now) {
  const RowKey key{RowKind::Prefix, row.row};
  if (row.ecmp_flag) replace_set(row);
  FoundRows::Prefix* const there =
      found_.unclaimed() != 0 && !book_.placed(key) ? found_.find(row.prefix) : nullptr;
  if (there == nullptr || there->claimed) return send(std::move(row), now);
  const PrefixRow& has = there->row;
  const std::uint32_t hint = has.ecmp_flag == row.ecmp_flag ? has.hop_selector : 0;
  const std::uint32_t selector =
      row.ecmp_flag ? bind_set(row.hop_selector, hint, now) : bind_hop(row.hop_selector, hint, now);
  const Table table = table_of(RowKind::Prefix, row.prefix.address.family);
  found_.claim(*there);
  const bool right = has.ecmp_flag == row.ecmp_flag && has.hop_selector == selector &&
                     has.default_route_flag == row.default_route_flag;
  if (right) return adopted(key, table, has.row);
  book_.place(key, table, has.row);
  send(std::move(row), now);
}

// Better one path than none.
void FibSync::replace_set(PrefixRow& row) {
  const auto first = first_of_set_.find(row.hop_selector);
  if (first == first_of_set_.end()) return;
  row.ecmp_flag = false;
  row.hop_selector = first->second;
  if (!std::exchange(sets_replaced_, true)) notes_.push(SetsReplaced{});
}

void FibSync::gone(RowKey key, Family family, Instant now) {
  if (key.kind == RowKind::Hop) unbound_hops_.erase(key.number);
  if (key.kind == RowKind::Set) {
    unbound_sets_.erase(key.number);
    first_of_set_.erase(key.number);
  }
  if (!book_.failures().empty()) book_.failures().erase(key);
  const bool placed = book_.placed(key);
  if (book_.state(key) != RowState::None) book_.set_state(key, RowState::None);
  if (!placed) return;  // it was never there
  const Table table = table_of(key.kind, family);
  const std::uint32_t at_fe = book_.at_fe(key);
  book_.displace(key, table);
  book_.sent(key);
  ++counters_.deleted;
  batch_.erase(read_.instances(),
               {.table = table, .what = RowSent::What::Delete, .at_fe = at_fe, .key = key},
               exchange_, now);
}

void FibSync::adopted(RowKey key, Table table, std::uint32_t at_fe) {
  ++counters_.adopted;
  book_.place(key, table, at_fe);
  book_.set_state(key, RowState::Acknowledged);
}

std::uint32_t FibSync::bind_hop(std::uint32_t number, std::uint32_t hint, Instant now) {
  if (unbound_hops_.erase(number) == 0) return book_.at_fe({RowKind::Hop, number});
  NextHopRow row = hop_rows_.at(number);
  if (const auto there = found_.find_hop(row, hint)) {
    adopt_hop(row, *there);
  } else {
    send(std::move(row), now);
  }
  return book_.at_fe({RowKind::Hop, number});
}

void FibSync::adopt_hop(const NextHopRow& row, std::uint32_t there) {
  found_.claim_hop(row.family, there);
  unbound_hops_.erase(row.hop_selector);
  adopted({RowKind::Hop, row.hop_selector}, table_of(RowKind::Hop, row.family), there);
}

std::uint32_t FibSync::bind_set(std::uint32_t number, std::uint32_t hint, Instant now) {
  const auto at = unbound_sets_.find(number);
  if (at == unbound_sets_.end()) return book_.at_fe({RowKind::Set, number});
  EcmpRow row = std::move(at->second);
  unbound_sets_.erase(at);
  if (!adopt_set(row, hint)) send(std::move(row), now);
  return book_.at_fe({RowKind::Set, number});
}

// A found set of the same members; those that wait are adopted with it.
bool FibSync::adopt_set(const EcmpRow& row, std::uint32_t hint) {
  std::uint64_t hash = 0;
  for (const EcmpMember& member : row.members) {
    const auto at = hop_rows_.find(member.hop_selector);
    if (at == hop_rows_.end()) return false;
    hash += FoundRows::hash_of_member(at->second, std::min(member.weight, kMostWeight));
  }
  std::vector<std::uint32_t> to;
  for (const std::uint32_t found : found_.find_sets(row.family, hash, hint)) {
    if (!match(row, found, to)) continue;
    for (std::size_t i = 0; i < to.size(); ++i) {
      const std::uint32_t hop = row.members[i].hop_selector;
      if (unbound_hops_.contains(hop)) adopt_hop(hop_rows_.at(hop), to[i]);
    }
    found_.claim_set(row.family, found);
    adopted({RowKind::Set, row.hop_selector}, table_of(RowKind::Set, row.family), found);
    return true;
  }
  return false;
}

// `to` is the FE's number of each member. A member that is bound has one; one that waits may be any
// of the same fields that is nobody's.
bool FibSync::match(const EcmpRow& row, std::uint32_t found, std::vector<std::uint32_t>& to) const {
  std::vector<EcmpMember> left = found_.members(row.family, found);
  if (left.size() != row.members.size()) return false;
  to.assign(row.members.size(), 0);
  for (const bool bound : {true, false}) {
    for (std::size_t i = 0; i < to.size(); ++i) {
      const EcmpMember& member = row.members[i];
      if (unbound_hops_.contains(member.hop_selector) == bound) continue;
      const std::uint32_t at_fe = book_.at_fe({RowKind::Hop, member.hop_selector});
      const auto there = std::ranges::find_if(left, [&](const EcmpMember& m) {
        if (m.weight != std::min(member.weight, kMostWeight)) return false;
        return bound ? m.hop_selector == at_fe
                     : found_.is_hop(m.hop_selector, hop_rows_.at(member.hop_selector));
      });
      if (there == left.end()) return false;
      to[i] = there->hop_selector;
      *there = left.back();
      left.pop_back();
    }
  }
  return true;
}

void FibSync::send(NextHopRow&& row, Instant now) {
  const RowKey key{RowKind::Hop, row.hop_selector};
  const Table table = table_of(RowKind::Hop, row.family);
  unbound_hops_.erase(key.number);
  if (leave_out(key, table)) return;
  const std::uint32_t at_fe = book_.placed(key) ? book_.at_fe(key) : book_.place(key, table);
  const wire::Bytes packed = packed_.pack(row);
  sent({.table = table, .at_fe = at_fe, .key = key, .row = row}, packed, now);
}

void FibSync::send(EcmpRow&& row, Instant now) {
  const RowKey key{RowKind::Set, row.hop_selector};
  const Table table = table_of(RowKind::Set, row.family);
  unbound_sets_.erase(key.number);
  if (leave_out(key, table)) return;
  std::vector<EcmpMember> members = row.members;
  for (EcmpMember& member : members) member.hop_selector = bind_hop(member.hop_selector, 0, now);
  const std::uint32_t at_fe = book_.placed(key) ? book_.at_fe(key) : book_.place(key, table);
  const wire::Bytes packed = packed_.pack(members);
  sent({.table = table, .at_fe = at_fe, .key = key, .row = std::move(row)}, packed, now);
}

void FibSync::send(PrefixRow&& row, Instant now) {
  const RowKey key{RowKind::Prefix, row.row};
  const Table table = table_of(RowKind::Prefix, row.prefix.address.family);
  if (leave_out(key, table)) return;
  PrefixRow to = row;
  to.hop_selector =
      row.ecmp_flag ? bind_set(row.hop_selector, 0, now) : bind_hop(row.hop_selector, 0, now);
  const std::uint32_t at_fe = book_.placed(key) ? book_.at_fe(key) : book_.place(key, table);
  const wire::Bytes packed = packed_.pack(to);
  sent({.table = table, .at_fe = at_fe, .key = key, .row = row}, packed, now);
}

bool FibSync::leave_out(RowKey key, Table table) {
  if (has_table(table)) return false;
  book_.set_state(key, RowState::LeftOut);
  return true;
}

void FibSync::sent(RowSent&& row, wire::Bytes packed, Instant now) {
  ++counters_.sent;
  book_.set_state(row.key, RowState::Sent);
  book_.sent(row.key);
  batch_.set(read_.instances(), std::move(row), packed, exchange_, now);
}

}  // namespace forces::ce::provision
