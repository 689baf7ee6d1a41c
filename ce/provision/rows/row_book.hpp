// What the CE knows of each row at one FE: how far it is, and under which number it stands there.
//
// A row has the CE's own number where it can. Where the FE had the row before under another one, or
// something else stands at ours, the two numbers are kept; else a row costs one octet.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ce/provision/rows/row_codec.hpp"
#include "proto/pl/codes.hpp"

namespace forces::ce::provision {

enum class RowState : std::uint8_t {
  None,          // not wanted
  Wanted,        // given by the source, not sent
  Sent,          // not answered yet
  Acknowledged,  // the FE has it
  Failed,        // the FE refused it
  LeftOut,       // the FE has no such table
  Installed,     // acknowledged, and the FE's kernel was read since
};
inline constexpr std::size_t kRowStates = 7;
[[nodiscard]] std::string_view to_string(RowState state);

struct RowKey {
  RowKind kind{};
  std::uint32_t number = 0;  // the source's: HopSelector or RowId
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

struct Failure {
  pl::ResultCode code{};
  routing::Delta row;
};

// Numbers of one table of the FE that are in use. Dense, but for numbers so large that only a peer
// gone mad has them.
class NumbersInUse {
 public:
  [[nodiscard]] bool contains(std::uint32_t n) const {
    if (n >= kDense) return sparse_.contains(n);
    return n / 64 < bits_.size() && (bits_[n / 64] >> (n % 64) & 1) != 0;
  }
  void insert(std::uint32_t n);
  void erase(std::uint32_t n);
  [[nodiscard]] std::uint32_t unused();  // never 0

 private:
  static constexpr std::uint32_t kDense = 1u << 24;
  std::vector<std::uint64_t> bits_;
  std::unordered_set<std::uint32_t> sparse_;
  std::vector<std::uint32_t> freed_;
  std::uint32_t next_ = 1;
};

class RowBook {
 public:
  static constexpr std::uint8_t kMostUnderWay = 15;

  [[nodiscard]] RowState state(RowKey key) const {
    return static_cast<RowState>(octet(key) & kStateMask);
  }
  void set_state(RowKey key, RowState state);
  [[nodiscard]] std::uint64_t count(RowKind kind, RowState state) const {
    return counts_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(state)];
  }
  [[nodiscard]] std::uint64_t count(RowState state) const {
    return count(RowKind::Hop, state) + count(RowKind::Set, state) + count(RowKind::Prefix, state);
  }

  // Every acknowledged row is installed.
  void promote();

  // Whether the FE has, or was sent, a row for it: then under which number.
  [[nodiscard]] bool placed(RowKey key) const { return (octet(key) & kPlaced) != 0; }
  [[nodiscard]] std::uint32_t at_fe(RowKey key) const {
    const auto& moved = moved_[static_cast<std::size_t>(key.kind)];
    if (moved.empty()) return key.number;
    const auto at = moved.find(key.number);
    return at == moved.end() ? key.number : at->second;
  }
  void place(RowKey key, Table table, std::uint32_t at_fe);
  // At its own number, or if something else stands there, at an unused one.
  std::uint32_t place(RowKey key, Table table);
  void displace(RowKey key, Table table);
  // Rows of the FE that are nobody's yet.
  [[nodiscard]] NumbersInUse& in_use(Table table) {
    return in_use_[static_cast<std::size_t>(table)];
  }

  // Messages about a row that are not answered: only the last answer counts.
  [[nodiscard]] std::uint8_t under_way(RowKey key) const { return octet(key) >> 4; }
  void sent(RowKey key) { at(key) += 0x10; }
  void answered(RowKey key) {
    if (under_way(key) != 0) at(key) -= 0x10;
  }

  [[nodiscard]] std::map<RowKey, Failure>& failures() { return failures_; }
  [[nodiscard]] const std::map<RowKey, Failure>& failures() const { return failures_; }
  [[nodiscard]] std::size_t translated() const {
    return moved_[0].size() + moved_[1].size() + moved_[2].size();
  }

  // f(key, state) of every row that is wanted, by number.
  template <class F>
  void for_each(RowKind kind, F&& f) const {
    const auto& rows = rows_[static_cast<std::size_t>(kind)];
    for (std::uint32_t n = 0; n < rows.size(); ++n) {
      const RowKey key{kind, n};
      if (state(key) != RowState::None) f(key, state(key));
    }
  }

 private:
  static constexpr std::uint8_t kStateMask = 0x07, kPlaced = 0x08;
  static constexpr std::size_t kMostFresh = 512;  // then it is cheaper to look at every row

  [[nodiscard]] std::uint8_t octet(RowKey key) const {
    const auto& rows = rows_[static_cast<std::size_t>(key.kind)];
    return key.number < rows.size() ? rows[key.number] : 0;
  }
  [[nodiscard]] std::uint8_t& at(RowKey key) {
    auto& rows = rows_[static_cast<std::size_t>(key.kind)];
    if (key.number >= rows.size()) rows.resize(key.number + std::size_t{1});
    return rows[key.number];
  }

  std::array<std::vector<std::uint8_t>, kRowKinds> rows_;  // state, placed, under way
  std::array<std::array<std::uint64_t, kRowStates>, kRowKinds> counts_{};
  std::array<std::unordered_map<std::uint32_t, std::uint32_t>, kRowKinds> moved_;
  std::array<NumbersInUse, kTables> in_use_;
  std::map<RowKey, Failure> failures_;
  std::vector<RowKey> fresh_;  // acknowledged since promote(), while these are few
};

}  // namespace forces::ce::provision
