// Rows on both ends: a source that a test fills, and an FE's tables as the routes that they make.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "ce/provision/rows/row_codec.hpp"
#include "ce/provision/rows/row_source.hpp"
#include "fe/association/core/element_core.hpp"

namespace forces::test {

using ce::provision::RowKind;
using ce::provision::Table;
using ce::routing::Delta;
using ce::routing::EcmpMember;
using ce::routing::EcmpRow;
using ce::routing::Family;
using ce::routing::FeId;
using ce::routing::IpAddress;
using ce::routing::IpPrefix;
using ce::routing::NextHopRow;
using ce::routing::PrefixRow;

inline IpPrefix prefix4(std::uint32_t i) { return {IpAddress::v4(0x0a000000 + (i << 8)), 24}; }
inline IpPrefix prefix6(std::uint32_t i) {
  IpAddress a{Family::V6, {0x20, 0x01, 0x0d, 0xb8}};
  for (std::size_t k = 0; k < 4; ++k) {
    a.octets[4 + k] = static_cast<std::uint8_t>(i >> (24 - 8 * k) & 0xff);
  }
  return {a, 64};
}
inline NextHopRow hop4(std::uint32_t number, std::uint32_t port, std::uint32_t neighbour = 1) {
  return {.family = Family::V4,
          .hop_selector = number,
          .l3_port_id = port,
          .mtu = 1500,
          .next_hop_ip_addr = IpAddress::v4(0xc0000200 + neighbour)};
}
inline NextHopRow hop6(std::uint32_t number, std::uint32_t port) {
  IpAddress a{Family::V6, {0xfe, 0x80}};
  a.octets[15] = 1;
  return {.family = Family::V6,
          .hop_selector = number,
          .l3_port_id = port,
          .mtu = 1500,
          .next_hop_ip_addr = a};
}

// Prefix and what it leads to: "port via address mtu weight" of each path, in order.
using Routes = std::map<IpPrefix, std::multiset<std::string>>;

inline std::string describe(const NextHopRow& hop, std::uint32_t weight) {
  std::ostringstream text;
  text << 'p' << hop.l3_port_id << " via ";
  for (const std::uint8_t o : hop.next_hop_ip_addr.octets) text << int{o} << '.';
  text << " mtu " << hop.mtu << " out " << hop.lfb_output_select_index << " w " << weight;
  return text.str();
}

// The same rows for every FE. Changes go to those that read.
class Rows : public ce::provision::RowSource {
 public:
  void on_fe(FeId fe) override {
    auto& queue = queues_[fe];
    queue.clear();
    for (const auto& [n, row] : hops) queue.emplace_back(row);
    for (const auto& [n, row] : sets) queue.emplace_back(row);
    for (const auto& [n, row] : prefixes) queue.emplace_back(row);
    ++begun;
  }
  void on_fe_gone(FeId fe) override { queues_.erase(fe); }
  std::optional<Delta> poll(FeId fe) override {
    const auto at = queues_.find(fe);
    if (at == queues_.end() || at->second.empty()) return std::nullopt;
    Delta next = std::move(at->second.front());
    at->second.pop_front();
    return next;
  }
  [[nodiscard]] bool complete() const override { return is_complete; }

  void put(const NextHopRow& row) { tell(hops[row.hop_selector] = row); }
  void put(const EcmpRow& row) { tell(sets[row.hop_selector] = row); }
  void put(const PrefixRow& row) { tell(prefixes[row.row] = row); }
  void erase_prefix(std::uint32_t row) {
    const IpPrefix prefix = prefixes.at(row).prefix;
    prefixes.erase(row);
    tell(ce::routing::PrefixGone{row, prefix});
  }
  void erase_set(std::uint32_t number) {
    const Family family = sets.at(number).family;
    sets.erase(number);
    tell(ce::routing::EcmpGone{family, number});
  }
  void erase_hop(std::uint32_t number) {
    const Family family = hops.at(number).family;
    hops.erase(number);
    tell(ce::routing::NextHopGone{family, number});
  }

  [[nodiscard]] Routes routes() const {
    Routes all;
    for (const auto& [n, p] : prefixes) {
      auto& paths = all[p.prefix];
      if (!p.ecmp_flag) {
        paths.insert(describe(hops.at(p.hop_selector), 1));
        continue;
      }
      for (const EcmpMember& m : sets.at(p.hop_selector).members) {
        paths.insert(describe(hops.at(m.hop_selector), m.weight));
      }
    }
    return all;
  }

  std::map<std::uint32_t, NextHopRow> hops;
  std::map<std::uint32_t, EcmpRow> sets;
  std::map<std::uint32_t, PrefixRow> prefixes;
  bool is_complete = true;
  int begun = 0;

 private:
  void tell(const Delta& delta) {
    for (auto& [fe, queue] : queues_) queue.push_back(delta);
  }
  std::map<FeId, std::deque<Delta>> queues_;
};

// `prefixes` of both families over `hops` next hops, every tenth a set. `shuffle` numbers
// everything in another order; what it says is the same.
inline void fill(Rows& rows, std::uint32_t prefixes, std::uint32_t hops, bool shuffle = false) {
  const auto number = [&](std::uint32_t i, std::uint32_t of) { return shuffle ? of - i : i + 1; };
  for (std::uint32_t i = 0; i < hops; ++i) {
    // Two next hops each are the same in all fields, as neighbours behind one link are.
    rows.put(hop4(number(i, 2 * hops), i / 2 + 1, 7));
    rows.put(hop6(number(hops + i, 2 * hops), i / 2 + 1));
  }
  for (std::uint32_t i = 0; i + 1 < hops; ++i) {
    EcmpRow set{Family::V4, number(i, hops), {}};
    set.members = {{number(i, 2 * hops), 1}, {number(i + 1, 2 * hops), i + 1}};
    std::ranges::sort(set.members);
    rows.put(set);
  }
  for (std::uint32_t i = 0; i < prefixes; ++i) {
    PrefixRow row;
    row.row = number(i, prefixes);
    if (i % 5 == 4) {
      row.prefix = prefix6(i);
      row.hop_selector = number(hops + i % hops, 2 * hops);
    } else {
      row.prefix = prefix4(i);
      row.ecmp_flag = i % 10 == 0 && hops > 1;
      row.hop_selector =
          row.ecmp_flag ? number(i / 10 % (hops - 1), hops) : number(i % hops, 2 * hops);
    }
    rows.put(row);
  }
}

// The private class of next hop sets, as this FE would have it.
extern const fe::lfb::LfbClass kEcmpHopsClass;
// Adds the LFBs that forward, and EtherPHYCop instances 1 to `ports`.
void add_forwarding(fe::ElementCore& fe, std::uint32_t ports = 0);

// f(row, octets) of every row of a table.
template <class F>
void for_each_row(fe::ElementCore& fe, Table table, F&& f) {
  const auto& info = ce::provision::info(table);
  fe::lfb::Instance* instance = nullptr;
  if (fe.engine().store().find({info.class_id, 1}, instance) != pl::ResultCode::Success) return;
  const auto* component = instance->lfb_class->component(info.component);
  instance->value(*component)
      .table->for_each(0, pl::kLastRow, [&](std::uint32_t row, wire::Bytes octets) {
        f(row, octets);
        return true;
      });
}

inline std::size_t count_rows(fe::ElementCore& fe, RowKind kind) {
  std::size_t count = 0;
  for (const Family family : {Family::V4, Family::V6}) {
    for_each_row(fe, ce::provision::table_of(kind, family), [&](auto, auto) { ++count; });
  }
  return count;
}

inline Routes routes_of(fe::ElementCore& fe) {
  Routes all;
  for (const Family family : {Family::V4, Family::V6}) {
    std::map<std::uint32_t, NextHopRow> hops;
    std::map<std::uint32_t, std::vector<EcmpMember>> sets;
    for_each_row(fe, ce::provision::table_of(RowKind::Hop, family),
                 [&](std::uint32_t n, wire::Bytes o) {
                   hops[n] = ce::provision::read_next_hop(family, o).value();
                 });
    for_each_row(
        fe, ce::provision::table_of(RowKind::Set, family),
        [&](std::uint32_t n, wire::Bytes o) { sets[n] = ce::provision::read_members(o).value(); });
    for_each_row(fe, ce::provision::table_of(RowKind::Prefix, family),
                 [&](std::uint32_t, wire::Bytes o) {
                   const PrefixRow p = ce::provision::read_prefix(family, o).value();
                   auto& paths = all[p.prefix];
                   if (!p.ecmp_flag) {
                     paths.insert(describe(hops.at(p.hop_selector), 1));
                     return;
                   }
                   for (const EcmpMember& m : sets.at(p.hop_selector)) {
                     paths.insert(describe(hops.at(m.hop_selector), m.weight));
                   }
                 });
  }
  return all;
}

}  // namespace forces::test
