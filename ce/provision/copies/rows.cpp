#include "ce/provision/copies/rows.hpp"

#include <algorithm>

#include "proto/model/classes/classes.hpp"
#include "proto/wire/writer.hpp"

namespace forces::ce::provision {
namespace {

namespace component = model::multicast;

constexpr std::array<std::uint32_t, kCopyTables> kComponents{
    component::kPeers, component::kCopies, component::kIpv6Copies, component::kServed,
    component::kIpv6Served};

// Octets of a group in rows of the table.
std::size_t group_size(CopyTable table) {
  if (table == CopyTable::Peers) return 0;
  return table == CopyTable::Copies4 || table == CopyTable::Served4 ? 4 : 16;
}

}  // namespace

std::uint32_t component_of(CopyTable table) { return kComponents[static_cast<std::size_t>(table)]; }

std::optional<CopyTable> copy_table_of(std::uint32_t component) {
  const auto at = std::ranges::find(kComponents, component);
  if (at == kComponents.end()) return std::nullopt;
  return static_cast<CopyTable>(at - kComponents.begin());
}

std::vector<std::byte> pack(const CopyRow& row) {
  wire::ByteWriter w;
  const std::size_t group = group_size(row.table);
  if (group != 0) {
    w.bytes(std::as_bytes(std::span(row.first)).first(group));
    w.bytes(std::as_bytes(std::span(row.last)).first(group));
  }
  w.u32(row.address);
  w.u16(row.port);
  return {w.written().begin(), w.written().end()};
}

std::optional<CopyRow> read_copy_row(CopyTable table, wire::Bytes packed) {
  wire::ByteReader r(packed);
  CopyRow row{.table = table};
  const std::size_t group = group_size(table);
  for (GroupOctets* octets : {&row.first, &row.last}) {
    const wire::Bytes in = r.take(group, "group");
    std::ranges::copy(in, std::as_writable_bytes(std::span(*octets)).begin());
  }
  row.address = r.u32("endpoint");
  row.port = r.u16("endpoint_port");
  if (!r.ok() || !r.empty()) return std::nullopt;
  return row;
}

}  // namespace forces::ce::provision
