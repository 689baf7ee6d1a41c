#include "tests/sim/fleet/wanted.hpp"

namespace forces::test {
namespace {

std::uint32_t pick(World& world, std::uint32_t below) {
  return static_cast<std::uint32_t>(world.pick(below));
}

// Changes the row of this number, if it is to be changed.
template <class Row>
void put(Rows& rows, const std::map<std::uint32_t, Row>& known, std::uint32_t number,
         const Row& row) {
  const auto at = known.find(number);
  if (at == known.end() || at->second != row) rows.put(row);
}

}  // namespace

Wanted::Wanted(World& world) {
  for (auto& set : sets) set = 1 + pick(world, 63);
  for (std::uint32_t i = 0; i < kPrefixes; ++i) route(i, world);
}

std::vector<std::uint32_t> Wanted::members(std::uint32_t set) const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t k = 0; k < kHops4; ++k) {
    if ((sets[set] >> k & 1) != 0 && hops[k].there) found.push_back(k);
  }
  if (found.empty()) found.push_back(0);
  return found;
}

void Wanted::route(std::uint32_t prefix, World& world) {
  const std::uint32_t choice = pick(world, 8);
  if (choice == 0) {
    prefixes[prefix] = {};
  } else if (choice == 1 && !is_v6(prefix)) {
    prefixes[prefix] = {Prefix::To::Set, pick(world, kSets)};
  } else {
    const std::uint32_t first = is_v6(prefix) ? kHops4 : 0;
    const std::uint32_t hop = first + pick(world, is_v6(prefix) ? kHops - kHops4 : kHops4);
    prefixes[prefix] = {Prefix::To::Hop, hops[hop].there ? hop : first};
  }
}

// A link that fails takes its hop away, and whoever used it goes elsewhere first.
void Wanted::withdraw(std::uint32_t hop, World& world) {
  if (hop == 0 || hop == kHops4) return;  // there is always one of each family
  hops[hop].there = false;
  for (std::uint32_t i = 0; i < kPrefixes; ++i) {
    if (prefixes[i].to == Prefix::To::Hop && prefixes[i].index == hop) route(i, world);
  }
}

void Wanted::change(World& world) {
  const std::uint32_t hop = pick(world, kHops);
  switch (world.pick(8)) {
    case 0:
      return withdraw(hop, world);
    case 1:
      hops[hop].there = true;
      return;
    case 2:
      hops[hop].mtu = hops[hop].mtu == 1500 ? 9000 : 1500;
      return;
    case 3:
      sets[pick(world, kSets)] = 1 + pick(world, 63);
      return;
    default:
      return route(pick(world, kPrefixes), world);
  }
}

void FleetRows::follow(std::size_t fe, const Wanted& wanted) {
  Rows& rows = rows_.at(fe);
  for (std::uint32_t k = 0; k < Wanted::kHops; ++k) {
    if (!wanted.hops[k].there) continue;
    const std::uint32_t n = hop_number(k);
    NextHopRow row = k < Wanted::kHops4 ? hop4(n, k / 2 + 1, k < 4 ? 7 : k) : hop6(n, k / 2 + 1);
    row.mtu = wanted.hops[k].mtu;
    put(rows, rows.hops, n, row);
  }
  for (std::uint32_t k = 0; k < Wanted::kSets; ++k) {
    EcmpRow row{Family::V4, set_number(k), {}};
    for (const std::uint32_t hop : wanted.members(k)) {
      row.members.push_back({hop_number(hop), 1 + (hop + k) % 3});
    }
    std::ranges::sort(row.members);
    put(rows, rows.sets, row.hop_selector, row);
  }
  for (std::uint32_t k = 0; k < Wanted::kPrefixes; ++k) {
    const Wanted::Prefix& prefix = wanted.prefixes[k];
    const std::uint32_t n = row_number(k);
    if (prefix.to == Wanted::Prefix::To::Nowhere) {
      if (rows.prefixes.contains(n)) rows.erase_prefix(n);
      continue;
    }
    // What it is not told of before it is complete it may know by a change all the same.
    if (!complete_ && k % 2 == 1 && !rows.prefixes.contains(n)) continue;
    const bool set = prefix.to == Wanted::Prefix::To::Set;
    put(rows, rows.prefixes, n,
        PrefixRow{.row = n,
                  .prefix = Wanted::is_v6(k) ? prefix6(k) : prefix4(k),
                  .ecmp_flag = set,
                  .hop_selector = set ? set_number(prefix.index) : hop_number(prefix.index)});
  }
  for (std::uint32_t k = 0; k < Wanted::kHops; ++k) {
    if (!wanted.hops[k].there && rows.hops.contains(hop_number(k))) rows.erase_hop(hop_number(k));
  }
}

}  // namespace forces::test
