// An FE's tables as its changes leave them, and what they say in words; refuses changes that would
// leave a row that refers to nothing.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "ce/routing/fib/fib_builder.hpp"
#include "tests/unit/ce/routing/support.hpp"

namespace forces::ce::routing {

class FeCopy {
 public:
  explicit FeCopy(FeId fe) : fe_(fe) {}

  // At most `budget` changes; false: there was nothing (more).
  bool take(FibBuilder& fib, int budget = 1 << 30) {
    while (budget-- > 0) {
      const auto delta = fib.poll(fe_);
      if (!delta) return false;
      ++deltas;
      std::visit([this](const auto& row) { apply(row); }, *delta);
    }
    return true;
  }

  // "192.0.2.0/24" -> "p2 via 10.98.1.2 mtu 1500", paths of a set sorted, weights behind '*'.
  [[nodiscard]] std::map<std::string, std::string> routes() const {
    std::map<std::string, std::string> all;
    for (const auto& [row, p] : prefixes_) {
      std::multiset<std::string> paths;
      if (p.ecmp_flag) {
        for (const EcmpMember& m : sets_.at(p.hop_selector).members) {
          paths.insert(describe(m.hop_selector) + (m.weight == 1 ? "" : str("*", m.weight)));
        }
      } else {
        paths.insert(describe(p.hop_selector));
      }
      std::string joined;
      for (const auto& path : paths) joined += (joined.empty() ? "" : " | ") + path;
      EXPECT_TRUE(all.emplace(text(p.prefix), joined).second) << "two rows for " << text(p.prefix);
      EXPECT_EQ(p.default_route_flag, p.prefix.length == 0);
    }
    return all;
  }

  void clear() { *this = FeCopy(fe_); }
  [[nodiscard]] std::size_t next_hops() const { return hops_.size(); }
  [[nodiscard]] std::size_t sets() const { return sets_.size(); }
  [[nodiscard]] const std::map<RowId, PrefixRow>& prefixes() const { return prefixes_; }
  int deltas = 0, prefix_deltas = 0;

 private:
  void apply(const NextHopRow& row) {
    EXPECT_NE(row.hop_selector, 0u);
    EXPECT_EQ(row.family, row.next_hop_ip_addr.family);
    hops_[row.hop_selector] = row;
  }
  void apply(const EcmpRow& row) {
    EXPECT_FALSE(row.members.empty());
    for (const auto& m : row.members) {
      EXPECT_TRUE(hops_.contains(m.hop_selector)) << "a set of a next hop that is not there";
    }
    sets_[row.hop_selector] = row;
  }
  void apply(const PrefixRow& row) {
    ++prefix_deltas;
    const Family family = row.prefix.address.family;
    if (row.ecmp_flag) {
      const auto set = sets_.find(row.hop_selector);
      ASSERT_NE(set, sets_.end()) << "a prefix of a set that is not there";
      EXPECT_EQ(set->second.family, family);
    } else {
      const auto hop = hops_.find(row.hop_selector);
      ASSERT_NE(hop, hops_.end()) << "a prefix of a next hop that is not there";
      EXPECT_EQ(hop->second.family, family);
    }
    prefixes_[row.row] = row;
  }
  void apply(const PrefixGone& gone) {
    ++prefix_deltas;
    const auto at = prefixes_.find(gone.row);
    if (at == prefixes_.end()) return;
    EXPECT_EQ(at->second.prefix, gone.prefix);
    prefixes_.erase(at);
  }
  void apply(const EcmpGone& gone) {
    for (const auto& [row, p] : prefixes_) {
      EXPECT_FALSE(p.ecmp_flag && p.hop_selector == gone.hop_selector) << "the set is in use";
    }
    sets_.erase(gone.hop_selector);
  }
  void apply(const NextHopGone& gone) {
    for (const auto& [row, p] : prefixes_) {
      EXPECT_FALSE(!p.ecmp_flag && p.hop_selector == gone.hop_selector) << "the hop is in use";
    }
    for (const auto& [number, set] : sets_) {
      for (const auto& m : set.members) EXPECT_NE(m.hop_selector, gone.hop_selector);
    }
    hops_.erase(gone.hop_selector);
  }

  [[nodiscard]] std::string describe(HopSelector number) const {
    const NextHopRow& r = hops_.at(number);
    if (r.lfb_output_select_index != kOutputPort) {
      return str("discard", r.lfb_output_select_index);
    }
    return str("p", r.l3_port_id, " via ", text(r.next_hop_ip_addr), " mtu ", r.mtu);
  }

  FeId fe_;
  std::map<HopSelector, NextHopRow> hops_;
  std::map<HopSelector, EcmpRow> sets_;
  std::map<RowId, PrefixRow> prefixes_;
};

}  // namespace forces::ce::routing
