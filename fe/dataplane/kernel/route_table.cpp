#include "fe/dataplane/kernel/route_table.hpp"

#include <cstring>

namespace forces::fe::dataplane::kernel {
namespace {
std::uint64_t mix(std::uint64_t x) {  // the finalizer of MurmurHash3
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ x >> 33;
}

std::uint64_t hash_of(const Prefix& prefix) {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), prefix.address.octets.data(), sizeof words);
  const auto kind = static_cast<std::uint64_t>(prefix.length) << 8 |
                    static_cast<std::uint64_t>(prefix.address.family);
  return mix(mix(words[0] ^ kind) ^ words[1]);
}
}  // namespace

std::uint64_t RouteTable::hash_at(Slot slot) const { return hash_of(rows_[slot].prefix()); }

RouteTable::Slot RouteTable::find(const Prefix& prefix) const {
  return index_.find(hash_of(prefix), [&](Slot slot) { return rows_[slot].prefix() == prefix; });
}

RouteTable::Slot RouteTable::find_or_insert(const Prefix& prefix, bool seen) {
  if (const Slot slot = find(prefix); slot != kNone) return slot;
  Slot slot = 0;
  if (free_.empty()) {
    slot = static_cast<Slot>(rows_.size());
    rows_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Row& row = rows_[slot];
  row = Row{};
  row.address = prefix.address.octets;
  row.ipv6 = prefix.address.family == Family::Ipv6;
  row.length = prefix.length;
  row.used = true;
  row.seen = seen;
  index_.insert(hash_of(prefix), slot, [&](Slot other) { return hash_at(other); });
  return slot;
}

void RouteTable::erase(Slot slot) {
  index_.erase(hash_at(slot), slot, [&](Slot other) { return hash_at(other); });
  rows_[slot] = Row{};
  free_.push_back(slot);
}

}  // namespace forces::fe::dataplane::kernel
