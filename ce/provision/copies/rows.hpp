// Rows of class MulticastForwarding (65793, ours) that a CE sets for copies between FEs: whom an FE
// may hear, where it sends what groups, what its MCS part gives to whom.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "common/core/time.hpp"
#include "proto/wire/reader.hpp"

namespace forces::ce::provision {

inline constexpr std::uint32_t kMulticastForwarding = 65'793;

enum class CopyTable : std::uint8_t { Peers, Copies4, Copies6, Served4, Served6 };
inline constexpr std::size_t kCopyTables = 5;
[[nodiscard]] std::uint32_t component_of(CopyTable table);
[[nodiscard]] std::optional<CopyTable> copy_table_of(std::uint32_t component);

using GroupOctets = std::array<std::uint8_t, 16>;  // of IPv4 the first four, the rest zero

struct CopyRow {
  CopyTable table{};
  GroupOctets first{}, last{};  // groups; not of Peers
  std::uint32_t address = 0;    // the endpoint
  std::uint16_t port = 0;
  friend auto operator<=>(const CopyRow&, const CopyRow&) = default;

  // Rows that are changed in one message: those of a group.
  [[nodiscard]] bool same_group(const CopyRow& other) const {
    return table == other.table && first == other.first && last == other.last;
  }
};
using CopyRows = std::set<CopyRow>;

[[nodiscard]] std::vector<std::byte> pack(const CopyRow& row);
[[nodiscard]] std::optional<CopyRow> read_copy_row(CopyTable table, wire::Bytes packed);

// Where the rows of every FE come from.
class CopySource {
 public:
  CopySource() = default;
  CopySource(const CopySource&) = delete;
  CopySource& operator=(const CopySource&) = delete;
  virtual ~CopySource() = default;

  // From now on its rows are ours to set, or no longer. Told again it begins again.
  virtual void on_fe(std::uint32_t fe, Instant now) = 0;
  virtual void on_fe_gone(std::uint32_t fe) = 0;
  // Another number whenever its rows are others. 0: nothing is known yet, all stays as it is.
  [[nodiscard]] virtual std::uint64_t version(std::uint32_t fe) = 0;
  [[nodiscard]] virtual CopyRows rows(std::uint32_t fe) = 0;
  // Rows that an FE has from before and that are not wanted may go from then on. Earlier, only
  // those of a group of which something is wanted that the FE has not: a CE that has just begun
  // knows of fewer members than there are.
  [[nodiscard]] virtual Instant orphans_until() = 0;
  // The FE has the rows of this version, and forwards by them.
  virtual void on_set(std::uint32_t fe, std::uint64_t version, Instant now) = 0;
  // An FE whose rows are others since.
  [[nodiscard]] virtual std::optional<std::uint32_t> poll_changed() = 0;
  virtual void on_timer(Instant now) = 0;
  [[nodiscard]] virtual std::optional<Instant> next_deadline() = 0;
};

}  // namespace forces::ce::provision
