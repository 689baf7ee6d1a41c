// The entries of a server group, each in its newest instance.
//
// A slot is the place of an entry for as long as it is there, and the order of a summary. Besides
// its record an entry has 32 octets here, some 5 to 11 of the index, and what malloc adds.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "ce/multicast/scsp/config.hpp"
#include "common/core/hash_index.hpp"

namespace forces::multicast::sync {

struct Entry {
  std::unique_ptr<std::byte[]> octets{};
  EntryId id{};
  SequenceNumber sequence{};
  std::uint16_t size = 0, capacity = 0;  // of octets
  std::uint16_t queued = 0;              // retransmit queues that have it
  bool used = false;
  bool owned : 1 = false;   // originated by this process
  bool gone : 1 = false;    // purged everywhere, kept to know late copies of the purge
  bool purged : 1 = false;  // not long ago; it may be there again

  [[nodiscard]] Bytes body() const { return {octets.get(), size}; }
  [[nodiscard]] bool live() const { return used && !gone; }
};
static_assert(sizeof(Entry) <= 32);

class Cache {
 public:
  static constexpr std::uint32_t kNone = HashIndex::kNone;

  [[nodiscard]] std::uint32_t find(const EntryId& id) const;  // gone ones too
  [[nodiscard]] Entry& at(std::uint32_t slot) { return entries_[slot]; }
  [[nodiscard]] const Entry& at(std::uint32_t slot) const { return entries_[slot]; }
  [[nodiscard]] std::uint32_t slots() const { return static_cast<std::uint32_t>(entries_.size()); }
  [[nodiscard]] std::size_t size() const { return size_; }  // gone ones too

  std::uint32_t insert(const EntryId& id);  // which is not there
  void erase(std::uint32_t slot);
  // Allocates only when the body is larger than what was there.
  void set_body(std::uint32_t slot, Bytes body);

  [[nodiscard]] std::size_t record_octets() const { return record_octets_; }
  [[nodiscard]] std::size_t overhead_octets() const;

 private:
  [[nodiscard]] std::uint64_t hash_of(std::uint32_t slot) const;

  std::deque<Entry> entries_;
  std::vector<std::uint32_t> free_;
  HashIndex index_;
  std::size_t size_ = 0, record_octets_ = 0;
};

}  // namespace forces::multicast::sync
