// An FE that answers as a test wants: it knows what it is told to know, and keeps its rows in maps.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "ce/provision/exchange.hpp"
#include "ce/provision/rows/row_codec.hpp"
#include "proto/pl/body/grammar.hpp"
#include "proto/pl/body/properties.hpp"
#include "proto/pl/message.hpp"

namespace forces::ce::provision {

class ScriptedFe {
 public:
  bool knows_properties = true, knows_ranges = true, knows_tables = true;
  bool sparse = true;      // rows as ILVs, else packed
  bool backwards = false;  // results in the reverse order
  bool answers_configs = true;
  std::size_t forget = 0;             // results left out of the next ConfigResponse
  std::optional<pl::ResultCode> all;  // one result for every operation
  std::function<pl::ResultCode(Table, std::uint32_t row, bool erase)> judge;

  std::map<Table, std::map<std::uint32_t, pl::Octets>> tables;
  int queries = 0, configs = 0, sets = 0, erases = 0;
  std::vector<std::size_t> config_sizes;

  // The answer to one request; nullopt: none.
  std::optional<pl::Octets> answer(const pl::Octets& octets) {
    const auto request = pl::MessageView::parse(octets);
    EXPECT_TRUE(request) << "we send nothing that does not decode";
    if (!request) return std::nullopt;
    const bool query = request->header().type == pl::MsgType::Query;
    if (query) {
      ++queries;
    } else {
      ++configs;
      config_sizes.push_back(octets.size());
    }
    pl::MessageWriter w(
        pl::response_header(request->header(), *pl::response_to(request->header().type), {1}));
    for (const pl::LfbSelectView select : request->selects()) {
      const auto scope = w.lfb_select(select.class_id, select.instance_id);
      for (const pl::OperView oper : select.operations) {
        const auto operation = w.operation(*pl::response_to(oper.type));
        query ? get(select, oper, w) : set(select, oper, w);
      }
    }
    if (!query && !answers_configs) return std::nullopt;
    return std::move(w).finish().value();
  }

 private:
  static void result(pl::MessageWriter& w, std::span<const std::uint32_t> ids,
                     pl::ResultCode code) {
    const auto path = w.path(ids);
    w.result(code);
  }

  void get(const pl::LfbSelectView& select, const pl::OperView& oper, pl::MessageWriter& w) {
    for (const pl::ItemView item : oper.items()) {
      const pl::PathView view = item.path();
      const std::uint32_t ids[] = {view.ids[0]};
      const auto table = table_of(select.class_id, ids[0]);
      ASSERT_TRUE(table);
      auto& rows = tables[*table];
      if (!knows_tables) {
        result(w, ids, pl::ResultCode::LfbUnknown);
      } else if (oper.type == pl::OperType::GetProp) {
        if (!knows_properties) {
          result(w, ids, pl::ResultCode::NotSupported);
          continue;
        }
        const auto path = w.path(ids);
        pl::write_properties(
            w, pl::ArrayProperties{pl::Access::ReadWrite, static_cast<std::uint32_t>(rows.size()),
                                   rows.empty() ? 0 : rows.rbegin()->first, 0});
      } else if (view.range && !knows_ranges) {
        result(w, ids, pl::ResultCode::InvalidTflags);
      } else {
        const pl::TableRange range = view.range.value_or(pl::TableRange{0, pl::kLastRow});
        const auto from = rows.lower_bound(range.start), to = rows.upper_bound(range.end);
        if (from == to && view.range) {
          result(w, ids, pl::ResultCode::Empty);
          continue;
        }
        const auto path = w.path(ids);
        write_rows(*table, from, to, w);
      }
    }
  }
  template <class It>
  void write_rows(Table table, It from, It to, pl::MessageWriter& w) {
    const bool set = info(table).kind == RowKind::Set;
    if (!sparse) {
      const auto data = w.full_data();
      for (auto at = from; at != to; ++at) {
        w.out().u32(at->first);
        if (set) {
          w.full_data(at->second);
        } else {
          w.out().bytes(at->second);
        }
      }
      return;
    }
    const auto data = w.sparse_data();
    for (auto at = from; at != to; ++at) w.ilv(at->first, at->second);
  }

  void set(const pl::LfbSelectView& select, const pl::OperView& oper, pl::MessageWriter& w) {
    const bool erase = oper.type == pl::OperType::Del;
    std::vector<std::pair<std::vector<std::uint32_t>, pl::ResultCode>> results;
    for (const pl::ItemView item : oper.items()) {
      const pl::PathView view = item.path();
      const std::vector<std::uint32_t> ids{view.ids[0], view.ids[1]};
      const auto table = table_of(select.class_id, ids[0]);
      ASSERT_TRUE(table);
      ++(erase ? erases : sets);
      pl::ResultCode code = judge ? judge(*table, ids[1], erase) : pl::ResultCode::Success;
      if (all) code = *all;
      auto& rows = tables[*table];
      if (erase && code == pl::ResultCode::Success && rows.erase(ids[1]) == 0) {
        code = pl::ResultCode::NotFound;
      } else if (!erase && code == pl::ResultCode::Success) {
        check_references(*table, (*view.items.begin()).value);
        rows[ids[1]].assign((*view.items.begin()).value.begin(), (*view.items.begin()).value.end());
      }
      results.emplace_back(ids, code);
    }
    if (all) return w.result(*all);
    if (backwards) std::ranges::reverse(results);
    for (const auto& [ids, code] : results) {
      if (forget != 0) {
        --forget;
        continue;
      }
      result(w, ids, code);
    }
  }

  // No row refers to one that is not there.
  void check_references(Table table, wire::Bytes value) {
    const auto& [kind, family, class_id, component] = info(table);
    if (kind == RowKind::Set) {
      const auto members = read_members(value).value();
      for (const auto& m : members) {
        EXPECT_TRUE(tables[table_of(RowKind::Hop, family)].contains(m.hop_selector));
      }
    } else if (kind == RowKind::Prefix) {
      const auto row = read_prefix(family, value).value();
      const Table to = table_of(row.ecmp_flag ? RowKind::Set : RowKind::Hop, family);
      EXPECT_TRUE(tables[to].contains(row.hop_selector));
    }
  }
};

}  // namespace forces::ce::provision
