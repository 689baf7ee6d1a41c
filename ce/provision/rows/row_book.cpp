#include "ce/provision/rows/row_book.hpp"

#include <algorithm>

namespace forces::ce::provision {

std::string_view to_string(RowState state) {
  static constexpr std::array<std::string_view, kRowStates> kNames{
      "none", "wanted", "sent", "acknowledged", "failed", "left_out", "installed"};
  return kNames[static_cast<std::size_t>(state)];
}

void NumbersInUse::insert(std::uint32_t n) {
  if (n >= kDense) {
    sparse_.insert(n);
    return;
  }
  if (n / 64 >= bits_.size()) bits_.resize(std::max<std::size_t>(n / 64 + 1, bits_.size() * 2));
  bits_[n / 64] |= std::uint64_t{1} << (n % 64);
}

void NumbersInUse::erase(std::uint32_t n) {
  if (n >= kDense) {
    sparse_.erase(n);
  } else if (contains(n)) {
    bits_[n / 64] &= ~(std::uint64_t{1} << (n % 64));
    if (n != 0 && n < next_) freed_.push_back(n);
  }
}

std::uint32_t NumbersInUse::unused() {
  while (!freed_.empty()) {
    const std::uint32_t n = freed_.back();
    freed_.pop_back();
    if (!contains(n)) return n;
  }
  while (contains(next_)) ++next_;
  return next_;
}

void RowBook::set_state(RowKey key, RowState state) {
  std::uint8_t& octet = at(key);
  const auto old = static_cast<std::size_t>(octet & kStateMask);
  auto& counts = counts_[static_cast<std::size_t>(key.kind)];
  if (old != static_cast<std::size_t>(RowState::None)) --counts[old];
  if (state != RowState::None) ++counts[static_cast<std::size_t>(state)];
  octet = static_cast<std::uint8_t>((octet & ~kStateMask) | static_cast<std::uint8_t>(state));
  if (state == RowState::Acknowledged && fresh_.size() < kMostFresh) fresh_.push_back(key);
}

void RowBook::promote() {
  if (count(RowState::Acknowledged) <= fresh_.size()) {
    for (const RowKey key : fresh_) {
      if (state(key) == RowState::Acknowledged) set_state(key, RowState::Installed);
    }
  }
  for (std::size_t k = 0; k < kRowKinds && count(RowState::Acknowledged) != 0; ++k) {
    for (std::uint32_t n = 0; n < rows_[k].size(); ++n) {
      const RowKey key{static_cast<RowKind>(k), n};
      if (state(key) == RowState::Acknowledged) set_state(key, RowState::Installed);
    }
  }
  fresh_.clear();
}

void RowBook::place(RowKey key, Table table, std::uint32_t at_fe) {
  at(key) |= kPlaced;
  in_use(table).insert(at_fe);
  if (at_fe != key.number) moved_[static_cast<std::size_t>(key.kind)][key.number] = at_fe;
}

std::uint32_t RowBook::place(RowKey key, Table table) {
  NumbersInUse& numbers = in_use(table);
  const std::uint32_t n = numbers.contains(key.number) ? numbers.unused() : key.number;
  place(key, table, n);
  return n;
}

void RowBook::displace(RowKey key, Table table) {
  in_use(table).erase(at_fe(key));
  moved_[static_cast<std::size_t>(key.kind)].erase(key.number);
  at(key) &= static_cast<std::uint8_t>(~kPlaced);
}

}  // namespace forces::ce::provision
