// Finds the slot of a prefix: eight octets a place, no allocation a route.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ce/routing/address.hpp"
#include "common/core/hash_index.hpp"

namespace forces::ce::routing {

// The prefixes themselves live in the owner's slots; `prefix_of(slot)` gives them.
class PrefixIndex {
 public:
  static constexpr std::uint32_t kEmpty = KeepingHashIndex::kNone;

  template <class PrefixOf>
  [[nodiscard]] std::uint32_t find(const IpPrefix& prefix, PrefixOf&& prefix_of) const {
    return index_.find(hash_of(prefix),
                       [&](std::uint32_t slot) { return prefix_of(slot) == prefix; });
  }
  // The prefix must not be there yet.
  void insert(const IpPrefix& prefix, std::uint32_t slot) {
    index_.insert(hash_of(prefix), slot, kNotAsked);
  }
  // The prefix must be there with that slot.
  void erase(const IpPrefix& prefix, std::uint32_t slot) {
    index_.erase(hash_of(prefix), slot, kNotAsked);
  }
  [[nodiscard]] std::size_t octets() const { return index_.octets(); }

 private:
  static constexpr auto kNotAsked = [](std::uint32_t) { return std::uint64_t{0}; };
  KeepingHashIndex index_;
};

}  // namespace forces::ce::routing
