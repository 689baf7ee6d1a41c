#include "ce/provision/rows/batch.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace forces::ce::provision {

namespace {

constexpr std::size_t kPath = 4 + 4 + 2 * 4;  // PATH-DATA with two IDs
constexpr std::size_t kAround = 12 + 4;       // LFBselect, operation

auto order(const RowSent& row) {
  return std::tuple(row.table, row.what != RowSent::What::Set, row.at_fe);
}

}  // namespace

void Batch::end_operation() {
  operation_.reset();
  select_.reset();
}

void Batch::clear() {
  end_operation();
  writer_.reset();
  rows_.clear();
  sent_.clear();
}

// An operation for this table that has so much room, in this message or in another.
void Batch::begin(const TableInstances& instances, Table table, bool erase, std::size_t size,
                  Exchange& exchange, Instant now) {
  if (writer_ && writer_->size() + size > most_) submit(exchange, now);
  if (writer_ && operation_ && table_ == table && erase_ == erase && writer_->room() >= size) {
    return;
  }
  end_operation();
  if (writer_ && writer_->room() < size + kAround) submit(exchange, now);
  if (!writer_) {
    writer_.emplace(exchange.begin(pl::MsgType::Config));
    writer_->out().reserve(std::min<std::size_t>(most_, 4096));
  }
  table_ = table;
  erase_ = erase;
  select_.emplace(
      writer_->lfb_select({info(table).class_id}, {instances[static_cast<std::size_t>(table)]}));
  operation_.emplace(writer_->operation(erase ? pl::OperType::Del : pl::OperType::Set));
}

void Batch::set(const TableInstances& instances, RowSent row, wire::Bytes packed,
                Exchange& exchange, Instant now) {
  begin(instances, row.table, false, kPath + 8 + packed.size(), exchange, now);
  const std::uint32_t ids[] = {info(row.table).component, row.at_fe};
  writer_->path_with_data(ids, packed);
  rows_.push_back(std::move(row));
}

void Batch::erase(const TableInstances& instances, RowSent row, Exchange& exchange, Instant now) {
  begin(instances, row.table, true, kPath, exchange, now);
  const std::uint32_t ids[] = {info(row.table).component, row.at_fe};
  {
    const auto path = writer_->path(ids);
  }
  rows_.push_back(std::move(row));
}

void Batch::submit(Exchange& exchange, Instant now) {
  if (!writer_) return;
  end_operation();
  const std::uint64_t correlator = exchange.submit(std::move(*writer_), Purpose::WriteRows, now);
  writer_.reset();
  Sent& sent = sent_[correlator];
  sent.rows = std::move(rows_);
  rows_ = std::exchange(spare_, {});
  rows_.clear();
}

RowSent* Batch::find(Sent& sent, Table table, bool erase, std::uint32_t at_fe) {
  const auto is = [&](const RowSent& row) {
    return order(row) == std::tuple(table, erase, at_fe) && !row.settled;
  };
  if (sent.next < sent.rows.size() && is(sent.rows[sent.next])) return &sent.rows[sent.next++];
  if (sent.by_row.empty()) {  // once a message
    sent.by_row.resize(sent.rows.size());
    std::iota(sent.by_row.begin(), sent.by_row.end(), 0u);
    std::ranges::stable_sort(sent.by_row, {}, [&](std::uint32_t i) { return order(sent.rows[i]); });
  }
  const auto [from, to] =
      std::ranges::equal_range(sent.by_row, std::tuple(table, erase, at_fe), {},
                               [&](std::uint32_t i) { return order(sent.rows[i]); });
  for (auto at = from; at != to; ++at) {
    if (!is(sent.rows[*at])) continue;
    sent.next = *at + std::size_t{1};
    return &sent.rows[*at];
  }
  return nullptr;
}

}  // namespace forces::ce::provision
