// The tables of an FE that rows are written to, and rows as RFC 5810 section 7.1.8 packs them: as
// the CE writes them, and in every form in which an FE may answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ce/routing/fib/rows.hpp"
#include "proto/pl/body/view.hpp"
#include "proto/pl/ids.hpp"
#include "proto/wire/reader.hpp"

namespace forces::ce::provision {

using routing::Family;

// In the order in which rows may be made; the reverse is the order in which they may go.
enum class RowKind : std::uint8_t { Hop, Set, Prefix };
inline constexpr std::size_t kRowKinds = 3;

enum class Table : std::uint8_t { Hops4, Hops6, Sets4, Sets6, Prefixes4, Prefixes6 };
inline constexpr std::size_t kTables = 6;

// RFC 6956 sections 5.3.1 to 5.3.4; class 65794 is ours: what stands behind ECMPOut.
inline constexpr std::uint32_t kIpv4UcastLpm = 10, kIpv6UcastLpm = 11, kIpv4NextHop = 12,
                               kIpv6NextHop = 13, kEcmpHops = 65'794;

inline constexpr std::uint32_t kMostWeight = 0xffff;

struct TableInfo {
  RowKind kind{};
  Family family{};
  std::uint32_t class_id = 0, component = 0;
};
[[nodiscard]] const TableInfo& info(Table table);
[[nodiscard]] constexpr Table table_of(RowKind kind, Family family) {
  return static_cast<Table>(2 * static_cast<int>(kind) + (family == Family::V6 ? 1 : 0));
}
[[nodiscard]] std::optional<Table> table_of(pl::LfbClassId class_id, std::uint32_t component);

// A row's octets, without an allocation but for sets.
class PackedRow {
 public:
  // Numbers of other rows in it are those of the FE already.
  [[nodiscard]] wire::Bytes pack(const routing::NextHopRow& row);
  [[nodiscard]] wire::Bytes pack(const routing::PrefixRow& row);
  [[nodiscard]] wire::Bytes pack(const std::vector<routing::EcmpMember>& members);

 private:
  std::array<std::byte, 40> room_{};
  std::vector<std::byte> large_;
};

// nullopt: these octets are no row of the table. Numbers of rows are left 0.
[[nodiscard]] std::optional<routing::NextHopRow> read_next_hop(Family family, wire::Bytes packed);
[[nodiscard]] std::optional<routing::PrefixRow> read_prefix(Family family, wire::Bytes packed);
[[nodiscard]] std::optional<std::vector<routing::EcmpMember>> read_members(wire::Bytes packed);

// The rows in one leaf of an answer to a GET of the table or of rows of it: FULLDATA or SPARSEDATA,
// rows packed or as ILVs. Calls f(row, packed), with no octets for what cannot be read.
class RowReader {
 public:
  explicit RowReader(Table table) : table_(table) {}
  template <class F>
  void read(const pl::Leaf& leaf, F&& f) {
    const auto ids = leaf.path.ids();
    if (ids.size() == 2) {
      f(ids[1],
        leaf.item.is(pl::TlvType::SparseData) ? from_ilvs(leaf.item.value) : leaf.item.value);
    } else if (ids.size() == 1 && leaf.item.is(pl::TlvType::SparseData)) {
      for (const pl::IlvView row : leaf.item.ilvs()) f(row.id, from_ilvs(row.value));
    } else if (ids.size() == 1 && leaf.item.is(pl::TlvType::FullData)) {
      wire::Bytes rest = leaf.item.value;
      std::uint32_t row = 0;
      wire::Bytes packed;
      while (next(rest, row, packed)) f(row, packed);
    }
  }

 private:
  [[nodiscard]] wire::Bytes from_ilvs(wire::Bytes value);
  [[nodiscard]] bool next(wire::Bytes& rest, std::uint32_t& row, wire::Bytes& packed) const;

  Table table_;
  std::vector<std::byte> packed_;
};

}  // namespace forces::ce::provision
