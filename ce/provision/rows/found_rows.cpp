#include "ce/provision/rows/found_rows.hpp"

#include <algorithm>

namespace forces::ce::provision {

using routing::EcmpMember;
using routing::IpPrefix;
using routing::mix;
using routing::NextHopRow;
using routing::PrefixIndex;

namespace {

std::size_t place_of(Family family) { return family == Family::V4 ? 0 : 1; }

std::uint64_t hash_of(const NextHopRow& row) {
  std::uint64_t h = hash_of(row.next_hop_ip_addr);
  h = mix(h, std::uint64_t{row.l3_port_id} << 32 | row.mtu);
  return mix(h, std::uint64_t{row.media_encap_info_index} << 32 | row.lfb_output_select_index);
}

// In all but the number.
bool same(const NextHopRow& a, NextHopRow b) {
  b.hop_selector = a.hop_selector;
  return a == b;
}

}  // namespace

std::uint64_t FoundRows::hash_of_member(const NextHopRow& hop, std::uint32_t weight) {
  return mix(hash_of(hop), weight);
}

bool FoundRows::add(Table table, std::uint32_t number, wire::Bytes packed) {
  if (size_ >= kMost) return false;
  const auto [kind, family, class_id, component] = info(table);
  const std::size_t at = place_of(family);
  bool readable = false;
  if (kind == RowKind::Hop) {
    if (auto row = read_next_hop(family, packed)) {
      readable = true;
      row->hop_selector = number;
      hops_[at].emplace(number, Hop{*row});
      hops_by_hash_[at].emplace(hash_of(*row), number);
    }
  } else if (kind == RowKind::Set) {
    if (auto read = read_members(packed)) {
      readable = true;
      sets_[at].emplace(number, Set{std::move(*read)});
    }
  } else if (auto row = read_prefix(family, packed)) {
    // Bits behind the length, or the same prefix twice: not a row that we would make.
    const auto slot = static_cast<std::uint32_t>(prefixes_.size());
    const auto prefix_of = [&](std::uint32_t s) { return prefixes_[s].row.prefix; };
    readable = row->prefix.canonical() == row->prefix &&
               index_.find(row->prefix, prefix_of) == PrefixIndex::kEmpty;
    if (readable) {
      row->row = number;
      prefixes_.push_back({*row});
      index_.insert(row->prefix, slot);
    }
  }
  if (!readable) unreadable_.push_back({table, number});
  ++size_;
  ++unclaimed_;
  return true;
}

void FoundRows::complete() {
  for (std::size_t at = 0; at < sets_.size(); ++at) {
    for (auto& [number, set] : sets_[at]) {
      bool whole = true;
      for (const EcmpMember& member : set.members) {
        const auto hop = hops_[at].find(member.hop_selector);
        whole = whole && hop != hops_[at].end();
        if (whole) set.hash += hash_of_member(hop->second.row, member.weight);
      }
      if (whole) sets_by_hash_[at].emplace(set.hash, number);
    }
  }
}

FoundRows::Prefix* FoundRows::find(const IpPrefix& prefix) {
  const auto slot = index_.find(
      prefix, [&](std::uint32_t s) -> const IpPrefix& { return prefixes_[s].row.prefix; });
  return slot == PrefixIndex::kEmpty ? nullptr : &prefixes_[slot];
}

void FoundRows::claim(Prefix& prefix) {
  prefix.claimed = true;
  --unclaimed_;
}

bool FoundRows::is_hop(std::uint32_t number, const NextHopRow& row) const {
  const auto& hops = hops_[place_of(row.family)];
  const auto at = hops.find(number);
  return at != hops.end() && !at->second.claimed && same(row, at->second.row);
}

std::optional<std::uint32_t> FoundRows::find_hop(const NextHopRow& row, std::uint32_t hint) const {
  for (const std::uint32_t number : {hint, row.hop_selector}) {
    if (is_hop(number, row)) return number;
  }
  const auto [from, to] = hops_by_hash_[place_of(row.family)].equal_range(hash_of(row));
  for (auto at = from; at != to; ++at) {
    if (is_hop(at->second, row)) return at->second;
  }
  return std::nullopt;
}

void FoundRows::claim_hop(Family family, std::uint32_t number) {
  hops_[place_of(family)].at(number).claimed = true;
  --unclaimed_;
}

std::vector<std::uint32_t> FoundRows::find_sets(Family family, std::uint64_t hash,
                                                std::uint32_t hint) const {
  std::vector<std::uint32_t> found;
  const auto [from, to] = sets_by_hash_[place_of(family)].equal_range(hash);
  for (auto at = from; at != to; ++at) {
    if (!sets_[place_of(family)].at(at->second).claimed) found.push_back(at->second);
  }
  const auto hinted = std::ranges::find(found, hint);
  if (hinted != found.end()) std::iter_swap(found.begin(), hinted);
  return found;
}

const std::vector<EcmpMember>& FoundRows::members(Family family, std::uint32_t number) const {
  return sets_[place_of(family)].at(number).members;
}

void FoundRows::claim_set(Family family, std::uint32_t number) {
  sets_[place_of(family)].at(number).claimed = true;
  --unclaimed_;
}

std::vector<FoundRows::Row> FoundRows::orphans() const {
  std::vector<Row> all;
  all.reserve(unclaimed_);
  for (const Prefix& prefix : prefixes_) {
    if (prefix.claimed) continue;
    all.push_back({table_of(RowKind::Prefix, prefix.row.prefix.address.family), prefix.row.row});
  }
  for (const Family family : {Family::V4, Family::V6}) {
    for (const auto& [number, set] : sets_[place_of(family)]) {
      if (!set.claimed) all.push_back({table_of(RowKind::Set, family), number});
    }
    for (const auto& [number, hop] : hops_[place_of(family)]) {
      if (!hop.claimed) all.push_back({table_of(RowKind::Hop, family), number});
    }
  }
  all.insert(all.end(), unreadable_.begin(), unreadable_.end());
  // Prefixes, sets, next hops; and by number, so that the same rows give the same messages.
  std::ranges::sort(all, [](const Row& a, const Row& b) {
    return a.table != b.table ? a.table > b.table : a.number < b.number;
  });
  return all;
}

std::optional<routing::IpPrefix> FoundRows::prefix_of(const Row& row) const {
  const auto at = std::ranges::find_if(prefixes_, [&](const Prefix& prefix) {
    const Table table = table_of(RowKind::Prefix, prefix.row.prefix.address.family);
    return table == row.table && prefix.row.row == row.number;
  });
  if (at == prefixes_.end()) return std::nullopt;
  return at->row.prefix;
}

}  // namespace forces::ce::provision
