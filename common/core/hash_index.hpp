// From a hash to the slot of a row: open addressing. What a slot holds is the owner's business, who
// hashes and compares. No allocation but to grow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace forces {

// Four octets a cell; eight where hashes are kept, so that neither growing nor a collision has to
// look at the rows of others.
template <bool kKeepsHashes>
class BasicHashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  // The slot for which equal(slot) holds.
  template <class Equal>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, Equal&& equal) const {
    if (cells_.empty()) return kNone;
    const std::uint32_t mixed = mix(hash);
    for (std::size_t at = mixed & mask(); cells_[at].slot != 0; at = (at + 1) & mask()) {
      if (may_be(cells_[at], mixed) && equal(cells_[at].slot - 1)) return cells_[at].slot - 1;
    }
    return kNone;
  }
  // `hash_of(slot)` gives the hash of what is there already; not asked where hashes are kept.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t slot, HashOf&& hash_of) {
    if ((used_ + 1) * 4 > cells_.size() * 3) grow(hash_of);
    place(mix(hash), cell_of(mix(hash), slot));
    ++used_;
  }
  template <class HashOf>
  void erase(std::uint64_t hash, std::uint32_t slot, HashOf&& hash_of) {
    std::size_t hole = position(hash, slot);
    cells_[hole] = {};
    --used_;
    // What was pushed over the hole comes back: no tombstones.
    for (std::size_t at = (hole + 1) & mask(); cells_[at].slot != 0; at = (at + 1) & mask()) {
      const std::size_t wanted = mixed_of(cells_[at], hash_of) & mask();
      if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;
      cells_[hole] = std::exchange(cells_[at], Cell{});
      hole = at;
    }
  }
  // The row moved.
  void move(std::uint64_t hash, std::uint32_t from, std::uint32_t to) {
    cells_[position(hash, from)].slot = to + 1;
  }
  void clear() {
    cells_.assign(cells_.size(), {});
    used_ = 0;
  }
  [[nodiscard]] std::size_t octets() const { return cells_.capacity() * sizeof(Cell); }

 private:
  struct Bare {
    std::uint32_t slot = 0;  // and 1; 0 is free
  };
  struct Keeping {
    std::uint32_t slot = 0;
    std::uint32_t mixed = 0;
  };
  using Cell = std::conditional_t<kKeepsHashes, Keeping, Bare>;

  [[nodiscard]] static std::uint32_t mix(std::uint64_t hash) {
    return static_cast<std::uint32_t>((hash * 0x9e3779b97f4a7c15U) >> 32U);
  }
  [[nodiscard]] static Cell cell_of(std::uint32_t mixed, std::uint32_t slot) {
    if constexpr (kKeepsHashes) {
      return {slot + 1, mixed};
    } else {
      return {slot + 1};
    }
  }
  [[nodiscard]] static bool may_be(const Cell& cell, std::uint32_t mixed) {
    if constexpr (kKeepsHashes) return cell.mixed == mixed;
    return true;
  }
  template <class HashOf>
  [[nodiscard]] static std::uint32_t mixed_of(const Cell& cell, HashOf& hash_of) {
    if constexpr (kKeepsHashes) {
      return cell.mixed;
    } else {
      return mix(hash_of(cell.slot - 1));
    }
  }
  [[nodiscard]] std::size_t mask() const { return cells_.size() - 1; }
  [[nodiscard]] std::size_t position(std::uint64_t hash, std::uint32_t slot) const {
    std::size_t at = mix(hash) & mask();
    while (cells_[at].slot != slot + 1) at = (at + 1) & mask();
    return at;
  }
  void place(std::uint32_t mixed, const Cell& cell) {
    std::size_t at = mixed & mask();
    while (cells_[at].slot != 0) at = (at + 1) & mask();
    cells_[at] = cell;
  }
  template <class HashOf>
  void grow(HashOf& hash_of) {
    std::vector<Cell> old(cells_.empty() ? 16 : cells_.size() * 2);
    old.swap(cells_);
    for (const Cell& cell : old) {
      if (cell.slot != 0) place(mixed_of(cell, hash_of), cell);
    }
  }

  std::vector<Cell> cells_;
  std::size_t used_ = 0;
};

using HashIndex = BasicHashIndex<false>;
using KeepingHashIndex = BasicHashIndex<true>;

}  // namespace forces
