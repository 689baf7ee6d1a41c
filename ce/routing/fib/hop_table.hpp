// The numbers that HopSelector carries: next hops and sets of them, each value once, counted by who
// uses it. A number is that value's for as long as anybody uses it, and afterwards until every FE
// was told that it is gone; if the value comes back meanwhile, it has its old number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "ce/routing/fib/change_log.hpp"
#include "ce/routing/fib/rows.hpp"
#include "ce/routing/rib/next_hops.hpp"

namespace forces::ce::routing {

// A next hop of the whole network element: which port of which FE, and the neighbour there.
struct Hop {
  Family family = Family::V4;
  HopKind kind = HopKind::Forward;
  FePort egress;           // of Forward
  IpAddress gateway = {};  // of Forward; unspecified: on the link
  friend bool operator==(const Hop&, const Hop&) = default;
};

struct HopSet {
  Family family = Family::V4;
  std::vector<EcmpMember> members;  // ascending
  friend bool operator==(const HopSet&, const HopSet&) = default;
};

[[nodiscard]] std::uint64_t hash_of(const Hop& hop);
[[nodiscard]] std::uint64_t hash_of(const HopSet& set);

// What is true of both: values with numbers from 1 on, a log of those in use, a log of those gone.
// The second is read when everything that could refer to them was.
template <class Value>
class NumberedValues {
 public:
  // One user more; `added` says that the value was not in use.
  std::uint32_t acquire(const Value& value, bool& added) {
    const std::uint64_t hash = hash_of(value);
    const auto [from, to] = by_hash_.equal_range(hash);
    std::uint32_t number = 0;
    for (auto at = from; at != to && number == 0; ++at) {
      if (slots_[at->second].value == value) number = at->second;
    }
    if (number == 0) {
      number = make();
      slots_[number].value = value;
      by_hash_.emplace(hash, number);
    }
    added = slots_[number].users++ == 0;
    if (added) {
      slots_[number].life = ++lives_;
      gone.drop(number);
      used.touch(number);
    }
    return number;
  }

  void again(std::uint32_t number) { ++slots_[number].users; }

  // One user less; true when it was the last.
  bool release(std::uint32_t number) {
    if (--slots_[number].users != 0) return false;
    used.drop(number);
    gone.retire(number);
    return true;
  }

  // Numbers that every FE has been told are gone.
  void reclaim() {
    while (const auto number = gone.poll_reclaimed()) {
      Slot& slot = slots_[*number];
      if (slot.users != 0 || gone.retired(*number)) continue;  // came back meanwhile
      const auto [from, to] = by_hash_.equal_range(hash_of(slot.value));
      for (auto at = from; at != to; ++at) {
        if (at->second != *number) continue;
        by_hash_.erase(at);
        slot = {};
        free_.push_back(*number);
        break;
      }
    }
  }

  [[nodiscard]] const Value& operator[](std::uint32_t number) const { return slots_[number].value; }
  // Unlike any other stretch of use of any number; 0 when not in use.
  [[nodiscard]] std::uint64_t life(std::uint32_t number) const {
    return slots_[number].users == 0 ? 0 : slots_[number].life;
  }
  [[nodiscard]] std::uint32_t users(std::uint32_t number) const { return slots_[number].users; }
  [[nodiscard]] std::size_t numbers() const { return slots_.size(); }
  [[nodiscard]] std::size_t size() const { return by_hash_.size(); }

  ChangeLog used, gone;

 private:
  struct Slot {
    Value value;
    std::uint32_t users = 0;
    std::uint64_t life = 0;
  };
  std::uint32_t make() {
    if (!free_.empty()) {
      const std::uint32_t number = free_.back();
      free_.pop_back();
      return number;
    }
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }

  std::vector<Slot> slots_ = std::vector<Slot>(1);  // 0 is no number
  std::vector<std::uint32_t> free_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_hash_;
  std::uint64_t lives_ = 0;
};

// What a route resolves to: a next hop, a set of them, or nothing.
struct Selector {
  HopSelector number = 0;  // 0: nothing
  bool ecmp = false;
  friend bool operator==(const Selector&, const Selector&) = default;
};

class HopTable {
 public:
  // A user more of the next hops with these weights. `hops` may hold a value more than once and is
  // used up.
  struct Weighted {
    Hop hop;
    std::uint32_t weight = 1;
  };
  [[nodiscard]] Selector acquire(Family family, std::vector<Weighted>& hops);
  void again(Selector s);
  void release(Selector s);
  [[nodiscard]] std::uint64_t life(Selector s) const {
    return s.ecmp ? sets.life(s.number) : hops.life(s.number);
  }

  NumberedValues<Hop> hops;
  NumberedValues<HopSet> sets;

 private:
  HopSet scratch_;
};

}  // namespace forces::ce::routing
