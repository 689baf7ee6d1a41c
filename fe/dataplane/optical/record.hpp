// The file of cross-connects as octets: a header, then one batch for each message that changed
// rows, behind its length and checksum. A batch is whole or it is not there.
//
//   header: "FORCESXC"(8)  version(4)  CRC-32C of these 12(4)
//   batch:  length of the entries(4)  CRC-32C of length and entries(4)  entries
//   entry:  1(1) subscript(4) in port(4) in label(4) out port(4) out label(4) state(1)
//           alarm mask(4) owner(24)
//           2(1) subscript(4): the row has gone
//
// All numbers in network order.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "common/core/result.hpp"
#include "fe/dataplane/optical/fabric.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::fe::dataplane::optical {

inline constexpr std::uint32_t kFileVersion = 1;
inline constexpr std::size_t kFileHeader = 16;
inline constexpr std::size_t kMostRows = 65'536;

[[nodiscard]] std::uint32_t crc32c(wire::Bytes octets);

void write_file_header(wire::ByteWriter& out);
void write_entry(std::uint32_t index, const CrossConnect& row, wire::ByteWriter& out);
void write_removal(std::uint32_t index, wire::ByteWriter& out);
// Around entries; nothing of none.
void write_batch(wire::Bytes entries, wire::ByteWriter& out);

struct FabricFile {
  std::map<std::uint32_t, CrossConnect> rows{};
  std::size_t entries = 0;  // that made them
  std::size_t good = 0;     // octets up to the last batch that is whole
  // Why it ends before the octets do: Truncated after a crash in the middle of a write, anything
  // else is damage.
  std::optional<Error> tail{};
};
// An error: it is no such file, or of another version.
[[nodiscard]] Result<FabricFile> read_fabric_file(wire::Bytes octets);

}  // namespace forces::fe::dataplane::optical
