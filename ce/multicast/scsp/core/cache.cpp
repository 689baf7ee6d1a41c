#include "ce/multicast/scsp/core/cache.hpp"

#include <cstring>

namespace forces::multicast::sync {

std::uint64_t Cache::hash_of(std::uint32_t slot) const { return hash(entries_[slot].id); }

std::uint32_t Cache::find(const EntryId& id) const {
  return index_.find(hash(id), [&](std::uint32_t slot) { return entries_[slot].id == id; });
}

std::uint32_t Cache::insert(const EntryId& id) {
  std::uint32_t slot = slots();
  if (free_.empty()) {
    entries_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  entries_[slot].id = id;
  entries_[slot].used = true;
  index_.insert(hash(id), slot, [this](std::uint32_t s) { return hash_of(s); });
  ++size_;
  return slot;
}

void Cache::erase(std::uint32_t slot) {
  index_.erase(hash_of(slot), slot, [this](std::uint32_t s) { return hash_of(s); });
  record_octets_ -= entries_[slot].size;
  entries_[slot] = {};
  free_.push_back(slot);
  --size_;
}

void Cache::set_body(std::uint32_t slot, Bytes body) {
  Entry& e = entries_[slot];
  if (body.size() > e.capacity) {
    e.octets = std::make_unique_for_overwrite<std::byte[]>(body.size());
    e.capacity = static_cast<std::uint16_t>(body.size());
  }
  record_octets_ += body.size();
  record_octets_ -= e.size;
  e.size = static_cast<std::uint16_t>(body.size());
  if (!body.empty()) std::memmove(e.octets.get(), body.data(), body.size());
}

std::size_t Cache::overhead_octets() const {
  constexpr std::size_t kMalloc = 16;  // of a body, about
  return entries_.size() * sizeof(Entry) + size_ * kMalloc + index_.octets() +
         free_.capacity() * sizeof(std::uint32_t);
}

}  // namespace forces::multicast::sync
