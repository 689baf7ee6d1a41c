#include "ce/routing/fib/fib_builder.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

namespace forces::ce::routing {

void FibBuilder::on_interface(std::uint32_t ifindex, FePort port, std::uint32_t mtu) {
  const Interface now{port, mtu};
  const auto [at, fresh] = interfaces_.try_emplace(ifindex, now);
  if (!fresh && at->second == now) return;
  const bool moved = fresh || at->second.port != port;
  at->second = now;
  mtus_[port] = mtu;
  // The MTU stands in next-hop rows only.
  for (HopSelector n = 1; n < table_.hops.numbers(); ++n) {
    if (table_.hops.life(n) != 0 && table_.hops[n].egress == port) table_.hops.used.touch(n);
  }
  if (!moved) return;
  ++epoch_;
  rib_.touch_all();
}

void FibBuilder::on_interface_gone(std::uint32_t ifindex) {
  if (interfaces_.erase(ifindex) == 0) return;
  ++epoch_;
  rib_.touch_all();
}

void FibBuilder::set_links(const std::vector<InterFeLink>& links) {
  const Topology old = std::exchange(topology_, Topology(links));
  std::set<FeId> all;
  for (const auto& [fe, at] : old.fes()) all.insert(fe);
  for (const auto& [fe, at] : topology_.fes()) all.insert(fe);
  for (const auto& [fe, readers] : fes_) {
    const bool same = std::ranges::all_of(all, [&, from = fe](FeId to) {
      return std::ranges::all_of(std::array{Family::V4, Family::V6}, [&](Family f) {
        return old.towards(from, to, f) == topology_.towards(from, to, f);
      });
    });
    if (same) continue;
    table_.hops.used.rewind(readers.hops);
    table_.sets.used.rewind(readers.sets);
  }
}

void FibBuilder::on_fe(FeId fe) {
  on_fe_gone(fe);
  fes_.emplace(fe, Readers{table_.hops.used.attach(), table_.sets.used.attach(), log_.attach(),
                           table_.sets.gone.attach(), table_.hops.gone.attach()});
}

void FibBuilder::on_fe_gone(FeId fe) {
  const auto at = fes_.find(fe);
  if (at == fes_.end()) return;
  const Readers& r = at->second;
  table_.hops.used.detach(r.hops);
  table_.sets.used.detach(r.sets);
  log_.detach(r.prefixes);
  table_.sets.gone.detach(r.sets_gone);
  table_.hops.gone.detach(r.hops_gone);
  fes_.erase(at);
  reclaim();
}

void FibBuilder::update() {
  if (selectors_.size() < rib_.ids()) selectors_.resize(rib_.ids());
  while (const auto id = rib_.poll_change()) apply(*id);
  reclaim();
}

void FibBuilder::apply(RouteId id) {
  const Rib::RouteView route = rib_.route(id);
  const Selector now = route.live ? acquire(route.group, route.prefix.address.family) : Selector{};
  const Selector before = std::exchange(selectors_[id], now);
  if (now != before) {
    prefixes_ += (now.number != 0 ? 1u : 0u);
    prefixes_ -= (before.number != 0 ? 1u : 0u);
    if (now.number != 0) {
      log_.touch(id);
    } else {
      log_.retire(id);
    }
  }
  table_.release(before);
  // A route that no FE knows, or whose removal is out, need not be remembered.
  if (!route.live && !log_.retired(id)) rib_.release(id);
}

Selector FibBuilder::acquire(GroupId group, Family family) {
  const std::size_t at = group * std::size_t{2} + (family == Family::V4 ? 0 : 1);
  if (at >= memos_.size()) memos_.resize(at + 64);
  Memo& memo = memos_[at];
  const std::uint64_t version = rib_.version(group);
  if (memo.version == version && memo.epoch == epoch_ &&
      (memo.selector.number == 0 || table_.life(memo.selector) == memo.life)) {
    table_.again(memo.selector);
    return memo.selector;
  }
  resolved_.clear();
  wanted_.clear();
  rib_.resolve(group, resolved_);
  for (const NextHop& hop : resolved_) {
    if (hop.kind != HopKind::Forward) {
      wanted_.push_back({{family, hop.kind, {}, {family, {}}}, 1});
      continue;
    }
    const auto interface = interfaces_.find(hop.ifindex);
    if (interface == interfaces_.end()) {
      ++counters_.not_an_fe_port;
    } else if (hop.encapsulated) {
      ++counters_.encapsulated;
    } else if (!hop.gateway.unspecified() && hop.gateway.family != family) {
      ++counters_.other_family;
    } else {
      const IpAddress gateway = hop.gateway.unspecified() ? IpAddress{family, {}} : hop.gateway;
      wanted_.push_back({{family, HopKind::Forward, interface->second.port, gateway}, hop.weight});
    }
  }
  const Selector selector = table_.acquire(family, wanted_);
  memo = {version, epoch_, selector, selector.number == 0 ? 0 : table_.life(selector)};
  return selector;
}

void FibBuilder::reclaim() {
  while (const auto id = log_.poll_reclaimed()) {
    if (!rib_.route(*id).live && !log_.retired(*id)) rib_.release(*id);
  }
  table_.sets.reclaim();
  table_.hops.reclaim();
}

std::optional<Delta> FibBuilder::poll(FeId fe) {
  const auto at = fes_.find(fe);
  if (at == fes_.end()) return std::nullopt;
  const Readers& r = at->second;
  if (const auto n = table_.hops.used.next(r.hops)) return next_hop_row(fe, *n);
  if (const auto n = table_.sets.used.next(r.sets)) return ecmp_row(fe, *n);
  if (const auto id = log_.next(r.prefixes)) {
    const IpPrefix prefix = rib_.route(*id).prefix;
    const Selector s = selectors_[*id];
    if (s.number != 0) return PrefixRow{*id, prefix, s.ecmp, prefix.length == 0, s.number};
    reclaim();
    return PrefixGone{*id, prefix};
  }
  if (const auto n = table_.sets.gone.next(r.sets_gone)) {
    const EcmpGone gone{table_.sets[*n].family, *n};
    reclaim();
    return gone;
  }
  if (const auto n = table_.hops.gone.next(r.hops_gone)) {
    const NextHopGone gone{table_.hops[*n].family, *n};
    reclaim();
    return gone;
  }
  return std::nullopt;
}

bool FibBuilder::reachable(FeId fe, const Hop& hop) const {
  return hop.kind != HopKind::Forward || hop.egress.fe == fe ||
         topology_.towards(fe, hop.egress.fe, hop.family).has_value();
}

NextHopRow FibBuilder::next_hop_row(FeId fe, HopSelector number) const {
  const Hop& hop = table_.hops[number];
  NextHopRow row{
      .family = hop.family, .hop_selector = number, .next_hop_ip_addr = {hop.family, {}}};
  switch (hop.kind) {
    case HopKind::Forward:
      break;
    case HopKind::Blackhole:
      row.lfb_output_select_index = kOutputDiscard;
      return row;
    case HopKind::Unreachable:
      row.lfb_output_select_index = kOutputUnreachable;
      return row;
    case HopKind::Prohibit:
      row.lfb_output_select_index = kOutputProhibited;
      return row;
  }
  if (hop.egress.fe == fe) {
    const auto mtu = mtus_.find(hop.egress);
    row.l3_port_id = hop.egress.port;
    row.mtu = mtu == mtus_.end() ? 0 : mtu->second;
    row.next_hop_ip_addr = hop.gateway;
  } else if (const auto via = topology_.towards(fe, hop.egress.fe, hop.family)) {
    row.l3_port_id = via->port;
    row.mtu = via->mtu;
    row.next_hop_ip_addr = via->neighbour;
  } else {
    // No link leads there: dropping beats following a shorter prefix somewhere else.
    row.lfb_output_select_index = kOutputUnreachable;
  }
  return row;
}

EcmpRow FibBuilder::ecmp_row(FeId fe, HopSelector number) const {
  const HopSet& set = table_.sets[number];
  EcmpRow row{set.family, number, {}};
  std::ranges::copy_if(set.members, std::back_inserter(row.members), [&](const EcmpMember& m) {
    return reachable(fe, table_.hops[m.hop_selector]);
  });
  if (row.members.empty()) row.members.push_back({set.members.front().hop_selector, 1});
  return row;
}

std::vector<HopSelector> FibBuilder::hops_of(FeId fe, Selector selector) const {
  if (selector.number == 0) return {};
  if (!selector.ecmp) return {selector.number};
  std::vector<HopSelector> hops;
  for (const EcmpMember& m : ecmp_row(fe, selector.number).members) hops.push_back(m.hop_selector);
  return hops;
}

std::size_t FibBuilder::leading_only_to(FeId fe, const HasFailed& failed) const {
  std::size_t prefixes = 0;
  std::vector<bool> bad(table_.hops.numbers());
  for (HopSelector n = 1; n < table_.hops.numbers(); ++n) {
    if (table_.hops.life(n) == 0 || !failed(table_.hops[n].family, false, n)) continue;
    bad[n] = true;
    prefixes += table_.hops.users(n);
  }
  for (HopSelector n = 1; n < table_.sets.numbers(); ++n) {
    if (table_.sets.life(n) == 0) continue;
    const HopSet& set = table_.sets[n];
    for (const EcmpMember& m : set.members) prefixes -= bad[m.hop_selector] ? 1 : 0;  // its use
    const auto members = ecmp_row(fe, n).members;
    const bool all_bad =
        std::ranges::all_of(members, [&](const EcmpMember& m) { return bad[m.hop_selector]; });
    if (all_bad || failed(set.family, true, n)) prefixes += table_.sets.users(n);
  }
  return prefixes;
}

}  // namespace forces::ce::routing
