#include "ce/routing/fib/change_log.hpp"

namespace forces::ce::routing {

ChangeLog::Link& ChangeLog::link(std::uint32_t node) {
  if (node == kEnd) return ends_;
  return (node & kReaderBit) != 0 ? readers_[node & ~kReaderBit].link : rows_[node];
}

const ChangeLog::Link& ChangeLog::link(std::uint32_t node) const {
  if (node == kEnd) return ends_;
  return (node & kReaderBit) != 0 ? readers_[node & ~kReaderBit].link : rows_[node];
}

void ChangeLog::unlink(std::uint32_t node) {
  const Link at = link(node);
  if (at.next == kUnlinked) return;
  link(at.previous).next = at.next;
  link(at.next).previous = at.previous;
  link(node) = {};
}

void ChangeLog::insert_after(std::uint32_t node, std::uint32_t previous) {
  const std::uint32_t next = link(previous).next;
  link(node) = {previous, next};
  link(previous).next = node;
  link(next).previous = node;
}

ChangeLog::Reader ChangeLog::attach() {
  Reader reader;
  if (free_readers_.empty()) {
    reader = static_cast<Reader>(readers_.size());
    readers_.emplace_back();
  } else {
    reader = free_readers_.back();
    free_readers_.pop_back();
  }
  ++attached_;
  readers_[reader].attached = ++stamp_;
  insert_after(reader | kReaderBit, kEnd);
  return reader;
}

void ChangeLog::detach(Reader reader) {
  pass_all(reader);
  unlink(reader | kReaderBit);
  free_readers_.push_back(reader);
  --attached_;
}

void ChangeLog::rewind(Reader reader) {
  pass_all(reader);
  unlink(reader | kReaderBit);
  readers_[reader].attached = ++stamp_;
  insert_after(reader | kReaderBit, kEnd);
}

// Retired rows must not wait for a reader that will not come by.
void ChangeLog::pass_all(Reader reader) {
  std::uint32_t node = readers_[reader].link.next;
  while (node != kEnd) {
    const std::uint32_t next = link(node).next;
    if ((node & kReaderBit) == 0) pass(node, readers_[reader]);
    node = next;
  }
}

void ChangeLog::pass(Row row, const ReaderState& reader) {
  const auto at = retired_.find(row);
  if (at == retired_.end() || at->second.stamp < reader.attached) return;
  if (--at->second.readers != 0) return;
  unlink(row);
  retired_.erase(at);
  reclaimed_.push_back(row);
}

void ChangeLog::touch(Row row) {
  if (row >= rows_.size()) rows_.resize(row + std::size_t{1});
  retired_.erase(row);
  unlink(row);
  insert_after(row, ends_.previous);
}

void ChangeLog::retire(Row row) {
  touch(row);
  if (attached_ != 0) {
    retired_[row] = {++stamp_, attached_};
    return;
  }
  unlink(row);
  reclaimed_.push_back(row);
}

void ChangeLog::drop(Row row) {
  if (row >= rows_.size()) return;
  retired_.erase(row);
  unlink(row);
}

std::optional<ChangeLog::Row> ChangeLog::next(Reader reader) {
  const std::uint32_t self = reader | kReaderBit;
  for (;;) {
    std::uint32_t node = link(self).next;
    while (node != kEnd && (node & kReaderBit) != 0) node = link(node).next;
    // Behind other readers at the end too, so that none is looked at twice.
    const bool seen_all = node == kEnd;
    unlink(self);
    insert_after(self, seen_all ? ends_.previous : node);
    if (seen_all) return std::nullopt;
    const auto at = retired_.find(node);
    if (at == retired_.end()) return node;
    const bool shown = at->second.stamp > readers_[reader].attached;
    pass(node, readers_[reader]);
    if (shown) return node;
  }
}

bool ChangeLog::pending(Reader reader) const {
  for (std::uint32_t node = readers_[reader].link.next; node != kEnd; node = link(node).next) {
    if ((node & kReaderBit) != 0) continue;
    const auto at = retired_.find(node);
    if (at == retired_.end() || at->second.stamp > readers_[reader].attached) return true;
  }
  return false;
}

std::optional<ChangeLog::Row> ChangeLog::poll_reclaimed() {
  if (reclaimed_.empty()) return std::nullopt;
  const Row row = reclaimed_.back();
  reclaimed_.pop_back();
  return row;
}

}  // namespace forces::ce::routing
