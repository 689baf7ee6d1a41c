// The rows of Fib, for a million routes: 40 octets a row, in blocks that never move, and an index
// of slot numbers. Rows of one target form a list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "common/core/hash_index.hpp"
#include "fe/dataplane/kernel/rows.hpp"

namespace forces::fe::dataplane::kernel {

// As what a row has installed: a route of ours that names its next hop itself, or an object that is
// not there. It is to be replaced, or deleted.
inline constexpr ObjectId kForeign{0xffffffff};
// And a route that refuses by its own type (Reject): no object is named, and none takes it along.
inline constexpr ObjectId kUnreachable{0xfffffffe}, kProhibited{0xfffffffd};

[[nodiscard]] constexpr ObjectId installed_as(ObjectId target, Reject reject) {
  if (reject == Reject::No) return target;
  return reject == Reject::Unreachable ? kUnreachable : kProhibited;
}
[[nodiscard]] constexpr bool names_object(ObjectId installed) {
  return installed != kNoObject && installed.value < kProhibited.value;
}

class RouteTable {
 public:
  using Slot = std::uint32_t;
  static constexpr Slot kNone = HashIndex::kNone;

  struct Row {
    std::array<std::uint8_t, 16> address{};
    std::uint8_t length = 0;
    bool ipv6 : 1 = false;
    bool used : 1 = false;
    bool queued : 1 = false;
    bool in_flight : 1 = false;
    bool seen : 1 = false;   // by the last read-back, when it is as Fib's mark
    bool stale : 1 = false;  // read back, never wanted so far
    bool doubt : 1 = false;  // somebody touched it while an operation was under way
    std::uint16_t error = 0;
    ObjectId desired = kNoObject;  // none: the row is to go
    ObjectId installed =
        kNoObject;  // what the kernel has, as long as the object's epoch is the same
    std::uint16_t installed_epoch = 0;
    std::uint16_t installed_mtu = 0;
    Slot previous = kNone, next = kNone;  // of the list of `desired`
    [[nodiscard]] Prefix prefix() const {
      return {{ipv6 ? Family::Ipv6 : Family::Ipv4, address}, length};
    }
  };
  static_assert(sizeof(Row) == 40);

  [[nodiscard]] Slot find(const Prefix& prefix) const;
  [[nodiscard]] Slot find_or_insert(const Prefix& prefix, bool seen);
  void erase(Slot slot);

  [[nodiscard]] Row& operator[](Slot slot) { return rows_[slot]; }
  [[nodiscard]] const Row& operator[](Slot slot) const { return rows_[slot]; }
  [[nodiscard]] std::size_t size() const { return rows_.size() - free_.size(); }
  // Slots up to here may be used: rows()[slot].used.
  [[nodiscard]] Slot slots() const { return static_cast<Slot>(rows_.size()); }
  [[nodiscard]] std::size_t octets() const {
    return rows_.size() * sizeof(Row) + free_.capacity() * sizeof(Slot) + index_.octets();
  }

 private:
  [[nodiscard]] std::uint64_t hash_at(Slot slot) const;

  std::deque<Row> rows_;
  std::vector<Slot> free_;
  HashIndex index_;
};

}  // namespace forces::fe::dataplane::kernel
