#include "ce/provision/rows/read_back.hpp"

#include <algorithm>
#include <limits>

#include "proto/pl/body/properties.hpp"

namespace forces::ce::provision {

using pl::OperType;
using pl::ResultCode;

namespace {

constexpr std::uint32_t kWidest = 1u << 30;

bool has_no_table(ResultCode code) {
  return code == ResultCode::LfbUnknown || code == ResultCode::LfbNotFound ||
         code == ResultCode::LfbInstanceIdNotFound || code == ResultCode::ComponentDoesNotExist;
}

}  // namespace

void ReadBack::start(const TableInstances& instances, Exchange& exchange, Instant now) {
  *this = ReadBack(page_);
  instances_ = instances;
  pl::MessageWriter query = exchange.begin(pl::MsgType::Query);
  bool any = false;
  for (std::size_t i = 0; i < kTables; ++i) {
    if (instances_[i] == 0) continue;
    any = true;
    tables_[i] = {.phase = Phase::Properties, .width = page_};
    const TableInfo& table = info(static_cast<Table>(i));
    const auto select = query.lfb_select({table.class_id}, {instances_[i]});
    const auto get = query.operation(OperType::GetProp);
    const std::uint32_t ids[] = {table.component};
    const auto path = query.path(std::span<const std::uint32_t>(ids));
  }
  if (!any) return;
  const std::uint64_t correlator = exchange.submit(std::move(query), Purpose::ReadRows, now);
  asked_.emplace(correlator, std::nullopt);
}

bool ReadBack::more() const {
  return std::ranges::any_of(tables_, [](const Reading& t) {
    return t.phase == Phase::Pages || (t.phase == Phase::Whole && !t.whole_asked);
  });
}

bool ReadBack::on_answer(const Answer& answer, FoundRows& found, RowBook& book) {
  const auto at = asked_.find(answer.correlator);
  if (at == asked_.end()) return false;
  if (!at->second) {
    on_properties(answer);
    if (!answer.last) return true;
    for (Reading& table : tables_) {  // not a word about this one
      if (table.phase == Phase::Properties) table.phase = Phase::Pages;
    }
  } else {
    on_page(answer, *at->second, found, book);
    if (!answer.last) return true;
    end_of_page(*at->second);
  }
  asked_.erase(at);
  return true;
}

void ReadBack::on_properties(const Answer& answer) {
  for (const pl::LfbSelectView select : answer.message.selects()) {
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        for (std::size_t i = 0; i < kTables; ++i) {
          Reading& reading = tables_[i];
          const TableInfo& table = info(static_cast<Table>(i));
          const auto ids = leaf.path.ids();
          const bool meant = table.class_id == select.class_id.value &&
                             (ids.empty() || ids.front() == table.component);
          if (!meant || reading.phase != Phase::Properties) continue;
          if (leaf.item.is_result()) {
            if (!has_no_table(leaf.item.result().code)) continue;
            instances_[i] = 0;
            reading.phase = Phase::Done;
          } else if (const auto p = pl::read_array_properties(leaf.item)) {
            reading.phase = p->entry_count == 0 ? Phase::Done : Phase::Pages;
            reading.last = p->highest_used_subscript;
            reading.known = true;
            if (p->entry_count <= page_) reading.width = kWidest;
          }
        }
        return true;
      });
    }
  }
}

void ReadBack::on_page(const Answer& answer, Page& page, FoundRows& found, RowBook& book) {
  RowReader reader(page.table);
  const TableInfo& table = info(page.table);
  NumbersInUse& in_use = book.in_use(page.table);
  for (const pl::LfbSelectView select : answer.message.selects()) {
    if (select.class_id.value != table.class_id) continue;
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        if (leaf.item.is_result()) {
          const ResultCode code = leaf.item.result().code;
          if (code != ResultCode::Success) page.failed = code;
          return true;
        }
        const auto ids = leaf.path.ids();
        if (ids.empty() || ids.front() != table.component) return true;
        reader.read(leaf, [&](std::uint32_t row, wire::Bytes packed) {
          if (in_use.contains(row)) return;  // told twice
          ++page.rows;
          if (!found.add(page.table, row, packed)) {
            failed_ = true;
            return;
          }
          in_use.insert(row);
        });
        return true;
      });
    }
  }
}

void ReadBack::end_of_page(const Page& page) {
  Reading& table = tables_[static_cast<std::size_t>(page.table)];
  if (page.whole) table.phase = Phase::Done;
  if (table.whole_asked || table.phase == Phase::Whole) return;
  if (page.rows == 0 && page.failed && *page.failed != ResultCode::Empty) {
    if (has_no_table(*page.failed)) {
      instances_[static_cast<std::size_t>(page.table)] = 0;
      table.phase = Phase::Done;
    } else {
      table.phase = Phase::Whole;
    }
    return;
  }
  if (page.rows < page_ / 4 && table.width < kWidest) table.width *= 4;
  // Who knows the end by what is there only: nothing in a page, so all the rest in one.
  if (!table.known && page.rows == 0) table.width = std::numeric_limits<std::uint32_t>::max();
}

void ReadBack::ask(Exchange& exchange, Instant now) {
  for (std::size_t i = 0; i < kTables; ++i) {
    Reading& table = tables_[i];
    if (table.phase == Phase::Whole && !table.whole_asked) {
      table.whole_asked = true;
      ask_page(static_cast<Table>(i), exchange, now);
    }
    while (table.phase == Phase::Pages && asked_.size() < kUnderWay) {
      ask_page(static_cast<Table>(i), exchange, now);
    }
  }
}

void ReadBack::ask_page(Table name, Exchange& exchange, Instant now) {
  Reading& table = tables_[static_cast<std::size_t>(name)];
  const TableInfo& what = info(name);
  const std::uint32_t ids[] = {what.component};
  const std::span<const std::uint32_t> path(ids);
  Page page{.table = name};
  pl::MessageWriter query = exchange.begin(pl::MsgType::Query);
  {
    const auto select =
        query.lfb_select({what.class_id}, {instances_[static_cast<std::size_t>(name)]});
    const auto get = query.operation(OperType::Get);
    if (table.phase == Phase::Whole) {
      page.whole = true;
      const auto scope = query.path(path);
    } else {
      page.start = table.next;
      page.end = table.last - table.next < table.width ? table.last : table.next + table.width - 1;
      const auto scope = query.path(path, pl::TableRange{page.start, page.end});
      if (page.end == table.last) {
        table.phase = Phase::Done;
      } else {
        table.next = page.end + 1;
      }
    }
  }
  ++pages_;
  asked_.emplace(exchange.submit(std::move(query), Purpose::ReadRows, now), page);
}

}  // namespace forces::ce::provision
