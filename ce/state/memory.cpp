#include "ce/state/memory.hpp"

#include <algorithm>
#include <utility>

namespace forces::state {

bool LessOctets::operator()(Bytes a, Bytes b) const {
  return std::ranges::lexicographical_compare(a, b);
}

void Tables::apply(const Batch& batch) {
  for (const auto& change : batch) {
    auto& table = tables_[change.table];
    if (change.value) {
      table.insert_or_assign(change.key, *change.value);
    } else {
      table.erase(change.key);
    }
  }
}

void Tables::scan(std::string_view table, Bytes from, const Store::Visitor& visit) const {
  const auto found = tables_.find(table);
  if (found == tables_.end()) return;
  auto entry = found->second.lower_bound(from);
  for (; entry != found->second.end(); ++entry) {
    if (!visit(entry->first, entry->second)) return;
  }
}

BatchId MemoryStore::submit(Batch batch) {
  ++counts_.submitted;
  counts_.pending_octets += octets_of(batch);
  counts_.largest_batch = std::max<std::uint64_t>(counts_.largest_batch, batch.size());
  pending_.push_back(std::move(batch));
  return {durable_ + pending_.size()};
}

std::expected<void, Failure> MemoryStore::scan(std::string_view table, Bytes from,
                                               const Visitor& visit) const {
  tables_.scan(table, from, visit);
  return {};
}

Snapshot MemoryStore::snapshot() const {
  Snapshot now = counts_;
  now.failed = failure_.has_value();
  if (failure_) now.trouble = failure_->text;
  return now;
}

void MemoryStore::apply_first() {
  const Batch& batch = pending_.front();
  const std::size_t octets = octets_of(batch);
  tables_.apply(batch);
  counts_.changes += batch.size();
  counts_.octets += octets;
  counts_.pending_octets -= octets;
  ++counts_.durable;
  ++durable_;
  pending_.pop_front();
}

void MemoryStore::sync() { sync_up_to({durable_ + pending_.size()}); }

void MemoryStore::sync_up_to(BatchId last) {
  if (failure_ || last.value <= durable_ || pending_.empty()) return;
  while (durable_ < last.value && !pending_.empty()) apply_first();
  ++counts_.commits;
  events_.push(Durable{{durable_}});
}

void MemoryStore::crash(std::size_t survivors) {
  for (; survivors > 0 && !pending_.empty(); --survivors) apply_first();
  durable_ += pending_.size();
  pending_.clear();
  counts_.pending_octets = 0;
  events_ = {};
}

void MemoryStore::fail(Failure failure) {
  ++counts_.failures[static_cast<std::size_t>(failure.reason)];
  if (!failure_) events_.push(Failed{failure});
  failure_ = std::move(failure);
}

void MemoryStore::heal() {
  if (!std::exchange(failure_, std::nullopt)) return;
  events_.push(Recovered{});
  sync();
}

}  // namespace forces::state
