// Finds the slot of a prefix: open addressing, eight octets a place, no allocation a route.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ce/routing/address.hpp"

namespace forces::ce::routing {

// The prefixes themselves live in the owner's slots; `prefix_of(slot)` gives them.
class PrefixIndex {
 public:
  static constexpr std::uint32_t kEmpty = 0xffffffff;

  template <class PrefixOf>
  [[nodiscard]] std::uint32_t find(const IpPrefix& prefix, PrefixOf&& prefix_of) const {
    if (places_.empty()) return kEmpty;
    const auto hash = static_cast<std::uint32_t>(hash_of(prefix));
    for (std::size_t i = hash & mask_; places_[i].slot != kEmpty; i = (i + 1) & mask_) {
      if (places_[i].hash == hash && prefix_of(places_[i].slot) == prefix) return places_[i].slot;
    }
    return kEmpty;
  }

  // The prefix must not be there yet.
  void insert(const IpPrefix& prefix, std::uint32_t slot) {
    if ((used_ + 1) * 4 > places_.size() * 3) grow();
    put({slot, static_cast<std::uint32_t>(hash_of(prefix))});
    ++used_;
  }

  // The prefix must be there with that slot.
  void erase(const IpPrefix& prefix, std::uint32_t slot) {
    std::size_t hole = static_cast<std::uint32_t>(hash_of(prefix)) & mask_;
    while (places_[hole].slot != slot) hole = (hole + 1) & mask_;
    // What follows without a gap moves up if its own place is not between the hole and itself.
    for (std::size_t i = (hole + 1) & mask_; places_[i].slot != kEmpty; i = (i + 1) & mask_) {
      const std::size_t home = places_[i].hash & mask_;
      if (((i - home) & mask_) >= ((i - hole) & mask_)) {
        places_[hole] = places_[i];
        hole = i;
      }
    }
    places_[hole] = {};
    --used_;
  }

  [[nodiscard]] std::size_t octets() const { return places_.capacity() * sizeof(Place); }

 private:
  struct Place {
    std::uint32_t slot = kEmpty;
    std::uint32_t hash = 0;
  };

  void put(Place place) {
    std::size_t i = place.hash & mask_;
    while (places_[i].slot != kEmpty) i = (i + 1) & mask_;
    places_[i] = place;
  }
  void grow() {
    std::vector<Place> old(places_.empty() ? 64 : places_.size() * 2);
    old.swap(places_);
    mask_ = places_.size() - 1;
    for (const Place& place : old) {
      if (place.slot != kEmpty) put(place);
    }
  }

  std::vector<Place> places_;
  std::size_t mask_ = 0;
  std::size_t used_ = 0;
};

}  // namespace forces::ce::routing
