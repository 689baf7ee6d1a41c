// Rows of a table whose class proto/model has, in whatever form an FE answers with.
#pragma once

#include "proto/model/packing.hpp"
#include "proto/pl/body/view.hpp"
#include "proto/wire/writer.hpp"

namespace forces::ce::provision {

// Calls f(number, packed) for the rows of a table in one leaf, in each form an FE may answer with;
// no octets for what is no row.
template <class F>
bool read_rows(const model::Type& table, const pl::Leaf& leaf, F&& f) {
  const auto packed = [&](wire::Bytes value, wire::ByteWriter& room) -> wire::Bytes {
    const bool good =
        model::merge(*table.element, std::nullopt, value, room) == pl::ResultCode::Success;
    return good ? room.written() : wire::Bytes{};
  };
  const bool sparse = leaf.item.is(pl::TlvType::SparseData);
  if (!sparse && !leaf.item.is(pl::TlvType::FullData)) return false;
  const auto ids = leaf.path.ids();
  if (ids.size() == 2) {
    wire::ByteWriter room;
    f(ids[1], sparse ? packed(leaf.item.value, room) : leaf.item.value);
    return true;
  }
  if (!sparse)
    return model::for_each_row(table, leaf.item.value, [&](std::uint32_t n, wire::Bytes row) {
      f(n, row);
      return true;
    });
  for (const pl::IlvView row : leaf.item.ilvs()) {
    wire::ByteWriter room;
    const bool nested = model::is_sparse(*table.element, row.value);
    f(row.id, nested ? packed(row.value, room) : row.value);
  }
  return true;
}

}  // namespace forces::ce::provision
