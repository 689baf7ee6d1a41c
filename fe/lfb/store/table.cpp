#include "fe/lfb/store/table.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <string_view>

namespace forces::fe::lfb {

using pl::ResultCode;
using wire::Bytes;

namespace {

bool same(Bytes a, Bytes b) { return std::ranges::equal(a, b); }

std::uint64_t hash_octets(Bytes octets) {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(octets.data()), octets.size()});
}

// Where the fields of a key lie, when they have fixed places one behind the other.
std::pair<std::size_t, std::size_t> place_of(const Type& row, const Key& key) {
  std::size_t offset = 0, start = 0, length = 0, next = 0;
  for (const Component& field : row.members()) {
    const std::size_t size = fixed_size(*field.type);
    if (size == 0) break;
    if (next < key.fields.size() && field.id == key.fields[next]) {
      if (length == 0) start = offset;
      if (start + length != offset) return {0, 0};
      length += size;
      ++next;
    }
    offset += size;
  }
  return next == key.fields.size() ? std::pair{start, length}
                                   : std::pair<std::size_t, std::size_t>{};
}

}  // namespace

Table::Table(const Type& array)
    : type_(&array), stride_(fixed_size(*array.element)), keys_(array.keys.size()) {
  for (const Key& key : array.keys) key_places_.push_back(place_of(*array.element, key));
}

std::uint32_t Table::slot_of(std::uint32_t index) const {
  return index_.find(index, [&](std::uint32_t slot) { return ids_[slot] == index; });
}

Bytes Table::at(std::uint32_t slot) const {
  if (stride_ == 0) return separate_[slot];
  return Bytes(packed_).subspan(slot * stride_, stride_);
}

Bytes Table::key_of(std::size_t key, Bytes row, pl::Octets& room) const {
  const auto [start, length] = key_places_[key];
  if (length > 0) return row.subspan(start, length);
  copy_key(*type_, type_->keys[key], row, room);
  return room;
}

std::uint64_t Table::hash_of(std::size_t key, std::uint32_t slot) const {
  pl::Octets room;
  return hash_octets(key_of(key, at(slot), room));
}

std::uint32_t Table::slot_of_key(std::size_t key, Bytes value) const {
  return keys_[key].find(hash_octets(value), [&](std::uint32_t slot) {
    pl::Octets room;
    return same(key_of(key, at(slot), room), value);
  });
}

std::optional<Bytes> Table::row(std::uint32_t index) const {
  const std::uint32_t slot = slot_of(index);
  if (slot == HashIndex::kNone) return std::nullopt;
  return at(slot);
}

std::optional<std::uint32_t> Table::find(const Key& key, Bytes value) const {
  const auto number = static_cast<std::size_t>(&key - type_->keys.data());
  const std::uint32_t slot = slot_of_key(number, value);
  if (slot == HashIndex::kNone) return std::nullopt;
  return ids_[slot];
}

ResultCode Table::allows(std::uint32_t index, Bytes row) const {
  if (type_->fixed && index >= type_->size) return ResultCode::InvalidArrayCreation;
  const std::uint32_t slot = slot_of(index);
  if (slot == HashIndex::kNone && ids_.size() >= type_->size) return ResultCode::MemoryError;
  pl::Octets room;
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    const std::uint32_t other = slot_of_key(key, key_of(key, row, room));
    if (other != HashIndex::kNone && other != slot) return ResultCode::Exists;
  }
  return ResultCode::Success;
}

void Table::store(std::uint32_t slot, Bytes row) {
  if (stride_ == 0) {
    separate_[slot].assign(row.begin(), row.end());
  } else {
    std::memcpy(packed_.data() + slot * stride_, row.data(), stride_);
  }
}

void Table::put(std::uint32_t index, Bytes row) {
  pl::Octets room;
  std::uint32_t slot = slot_of(index);
  const bool fresh = slot == HashIndex::kNone;
  if (fresh) {
    slot = static_cast<std::uint32_t>(ids_.size());
    if (!ids_.empty() && index < ids_.back()) ordered_ = false;
    ids_.push_back(index);
    if (stride_ == 0) {
      separate_.emplace_back();
    } else {
      packed_.resize(packed_.size() + stride_);
    }
    index_.insert(index, slot, [&](std::uint32_t s) { return ids_[s]; });
  }
  std::uint64_t changed = 0;  // a bit for each key that has another value now
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    const auto by_key = [&](std::uint32_t s) { return hash_of(key, s); };
    if (!fresh) {
      pl::Octets other;
      if (same(key_of(key, at(slot), room), key_of(key, row, other))) continue;
      keys_[key].erase(hash_of(key, slot), slot, by_key);
    }
    changed |= std::uint64_t{1} << key;
  }
  store(slot, row);
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    if ((changed >> key & 1) == 0) continue;
    keys_[key].insert(hash_of(key, slot), slot, [&](std::uint32_t s) { return hash_of(key, s); });
  }
}

bool Table::erase(std::uint32_t index) {
  const std::uint32_t slot = slot_of(index);
  if (slot == HashIndex::kNone) return false;
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    keys_[key].erase(hash_of(key, slot), slot, [&](std::uint32_t s) { return hash_of(key, s); });
  }
  index_.erase(index, slot, [&](std::uint32_t s) { return ids_[s]; });
  // The last row takes its place.
  const auto last = static_cast<std::uint32_t>(ids_.size() - 1);
  if (slot != last) {
    for (std::size_t key = 0; key < keys_.size(); ++key) {
      keys_[key].move(hash_of(key, last), last, slot);
    }
    index_.move(ids_[last], last, slot);
    ids_[slot] = ids_[last];
    if (stride_ == 0) {
      separate_[slot] = std::move(separate_[last]);
    } else {
      store(slot, at(last));
    }
    ordered_ = false;
  }
  ids_.pop_back();
  if (stride_ == 0) {
    separate_.pop_back();
  } else {
    packed_.resize(packed_.size() - stride_);
  }
  if (ids_.empty()) ordered_ = true;
  return true;
}

void Table::sort() {
  if (ordered_) return;
  ordered_ = true;
  std::vector<std::uint32_t> order(ids_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t slot) { return ids_[slot]; });
  std::vector<std::uint32_t> ids;
  std::vector<std::byte> packed;
  std::vector<pl::Octets> separate;
  ids.reserve(ids_.size());
  packed.reserve(packed_.size());
  for (const std::uint32_t slot : order) {
    ids.push_back(ids_[slot]);
    if (stride_ == 0) {
      separate.push_back(std::move(separate_[slot]));
    } else {
      const Bytes row = at(slot);
      packed.insert(packed.end(), row.begin(), row.end());
    }
  }
  ids_.swap(ids);
  packed_.swap(packed);
  separate_.swap(separate);
  index_.clear();
  for (HashIndex& key : keys_) key.clear();
  for (std::uint32_t slot = 0; slot < ids_.size(); ++slot) {
    index_.insert(ids_[slot], slot, [&](std::uint32_t s) { return ids_[s]; });
    for (std::size_t key = 0; key < keys_.size(); ++key) {
      keys_[key].insert(hash_of(key, slot), slot, [&](std::uint32_t s) { return hash_of(key, s); });
    }
  }
}

std::size_t Table::lower_bound(std::uint32_t index) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(ids_, index) - ids_.begin());
}

std::uint32_t Table::highest() const {
  if (ids_.empty()) return 0;
  return ordered_ ? ids_.back() : *std::ranges::max_element(ids_);
}

std::uint32_t Table::first_unused() {
  sort();
  // Ordered and without a gap, slot n would hold subscript n: the first that does not ends it.
  std::size_t low = 0, high = ids_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (ids_[middle] == middle) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return static_cast<std::uint32_t>(low);
}

}  // namespace forces::fe::lfb
