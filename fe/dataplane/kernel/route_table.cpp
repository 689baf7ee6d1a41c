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
}  // namespace

std::size_t RouteTable::home(const Prefix& prefix) const {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), prefix.address.octets.data(), sizeof words);
  const auto kind = static_cast<std::uint64_t>(prefix.length) << 8 |
                    static_cast<std::uint64_t>(prefix.address.family);
  return mix(mix(words[0] ^ kind) ^ words[1]) & (index_.size() - 1);
}

std::size_t RouteTable::place_of(const Prefix& prefix) const {
  std::size_t place = home(prefix);
  while (index_[place] != kNone && rows_[index_[place]].prefix() != prefix) {
    place = (place + 1) & (index_.size() - 1);
  }
  return place;
}

RouteTable::Slot RouteTable::find(const Prefix& prefix) const {
  return index_.empty() ? kNone : index_[place_of(prefix)];
}

RouteTable::Slot RouteTable::find_or_insert(const Prefix& prefix) {
  if ((size() + 1) * 4 > index_.size() * 3) grow();
  const std::size_t place = place_of(prefix);
  if (index_[place] != kNone) return index_[place];
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
  index_[place] = slot;
  return slot;
}

void RouteTable::erase(Slot slot) {
  std::size_t hole = place_of(rows_[slot].prefix());
  rows_[slot] = Row{};
  free_.push_back(slot);
  // What follows moves up, unless it would come to stand before its home.
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at = (hole + 1) & mask; index_[at] != kNone; at = (at + 1) & mask) {
    if (((at - home(rows_[index_[at]].prefix())) & mask) >= ((at - hole) & mask)) {
      index_[hole] = index_[at];
      hole = at;
    }
  }
  index_[hole] = kNone;
}

void RouteTable::grow() {
  index_.assign(std::max<std::size_t>(64, index_.size() * 2), kNone);
  for (Slot slot = 0; slot < rows_.size(); ++slot) {
    if (rows_[slot].used) index_[place_of(rows_[slot].prefix())] = slot;
  }
}

}  // namespace forces::fe::dataplane::kernel
