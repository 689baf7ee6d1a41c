// The rows of an array: packed one behind the other, found by subscript or content key.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/core/hash_index.hpp"
#include "fe/lfb/model.hpp"

namespace forces::fe::lfb {

class Table {
 public:
  explicit Table(const Type& array);

  [[nodiscard]] const Type& type() const { return *type_; }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  // Valid until the next change, as all octets that come out of here.
  [[nodiscard]] std::optional<wire::Bytes> row(std::uint32_t index) const;
  [[nodiscard]] std::optional<std::uint32_t> find(const Key& key, wire::Bytes value) const;

  // Whether put() can be done, of a row that is a value of its type: E_EXISTS for a key that
  // another row has, E_INVALID_ARRAY_CREATION, E_MEMORY_ERROR beyond the rows of the type.
  [[nodiscard]] pl::ResultCode allows(std::uint32_t index, wire::Bytes row) const;
  void put(std::uint32_t index, wire::Bytes row);
  bool erase(std::uint32_t index);

  // The rows from `first` to `last` in the order of their subscripts, until f(index, row) is false.
  // After changes that were not in that order it sorts once, but for a few rows it looks them up.
  template <class F>
  void for_each(std::uint32_t first, std::uint32_t last, F&& f);
  [[nodiscard]] std::uint32_t highest() const;  // 0 of an empty table
  [[nodiscard]] std::uint32_t first_unused();

 private:
  [[nodiscard]] std::uint32_t slot_of(std::uint32_t index) const;
  [[nodiscard]] wire::Bytes at(std::uint32_t slot) const;
  [[nodiscard]] wire::Bytes key_of(std::size_t key, wire::Bytes row, pl::Octets& room) const;
  [[nodiscard]] std::uint64_t hash_of(std::size_t key, std::uint32_t slot) const;
  [[nodiscard]] std::uint32_t slot_of_key(std::size_t key, wire::Bytes value) const;
  void store(std::uint32_t slot, wire::Bytes row);
  void sort();
  [[nodiscard]] std::size_t lower_bound(std::uint32_t index) const;

  const Type* type_;
  std::size_t stride_;                // of rows of one size, else 0
  std::vector<std::uint32_t> ids_;    // by slot
  std::vector<std::byte> packed_;     // by slot, when rows have one size
  std::vector<pl::Octets> separate_;  // when they have not
  HashIndex index_;
  std::vector<HashIndex> keys_;
  // A key that lies in one piece is compared where it lies: its place and size, or 0.
  std::vector<std::pair<std::size_t, std::size_t>> key_places_;
  bool ordered_ = true;
};

template <class F>
void Table::for_each(std::uint32_t first, std::uint32_t last, F&& f) {
  constexpr std::uint32_t kFew = 1024;
  if (!ordered_ && last - first < kFew && last >= first) {
    for (std::uint32_t i = 0; i <= last - first; ++i) {
      const std::uint32_t slot = slot_of(first + i);
      if (slot != HashIndex::kNone && !f(first + i, at(slot))) return;
    }
    return;
  }
  sort();
  for (std::size_t slot = lower_bound(first); slot < ids_.size() && ids_[slot] <= last; ++slot) {
    if (!f(ids_[slot], at(static_cast<std::uint32_t>(slot)))) return;
  }
}

}  // namespace forces::fe::lfb
