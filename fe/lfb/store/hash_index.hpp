// From a hash to the slot of a row: open addressing, four octets a cell. What a slot holds is the
// table's business, which hashes and compares.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace forces::fe::lfb {

class HashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  // The slot for which equal(slot) holds.
  template <class Equal>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, Equal&& equal) const {
    if (cells_.empty()) return kNone;
    for (std::size_t at = home(hash); cells_[at] != 0; at = (at + 1) & mask()) {
      if (equal(cells_[at] - 1)) return cells_[at] - 1;
    }
    return kNone;
  }
  // `hash_of(slot)` gives the hash of what is there already.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t slot, HashOf&& hash_of) {
    if ((used_ + 1) * 4 > cells_.size() * 3) grow(hash_of);
    place(hash, slot);
    ++used_;
  }
  template <class HashOf>
  void erase(std::uint64_t hash, std::uint32_t slot, HashOf&& hash_of) {
    std::size_t hole = cell_of(hash, slot);
    cells_[hole] = 0;
    --used_;
    // What was pushed over the hole comes back: no tombstones.
    for (std::size_t at = (hole + 1) & mask(); cells_[at] != 0; at = (at + 1) & mask()) {
      const std::size_t wanted = home(hash_of(cells_[at] - 1));
      if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;
      cells_[hole] = std::exchange(cells_[at], 0);
      hole = at;
    }
  }
  // The row moved.
  void move(std::uint64_t hash, std::uint32_t from, std::uint32_t to) {
    cells_[cell_of(hash, from)] = to + 1;
  }
  void clear() {
    cells_.assign(cells_.size(), 0);
    used_ = 0;
  }

 private:
  [[nodiscard]] std::size_t mask() const { return cells_.size() - 1; }
  [[nodiscard]] std::size_t home(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash * 0x9e3779b97f4a7c15U) >> 32U) & mask();
  }
  [[nodiscard]] std::size_t cell_of(std::uint64_t hash, std::uint32_t slot) const {
    std::size_t at = home(hash);
    while (cells_[at] != slot + 1) at = (at + 1) & mask();
    return at;
  }
  void place(std::uint64_t hash, std::uint32_t slot) {
    std::size_t at = home(hash);
    while (cells_[at] != 0) at = (at + 1) & mask();
    cells_[at] = slot + 1;
  }
  template <class HashOf>
  void grow(HashOf& hash_of) {
    std::vector<std::uint32_t> old(cells_.empty() ? 16 : cells_.size() * 2, 0);
    old.swap(cells_);
    for (const std::uint32_t cell : old) {
      if (cell != 0) place(hash_of(cell - 1), cell - 1);
    }
  }

  std::vector<std::uint32_t> cells_;  // slot and 1; 0 is free
  std::size_t used_ = 0;
};

}  // namespace forces::fe::lfb
