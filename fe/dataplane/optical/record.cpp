#include "fe/dataplane/optical/record.hpp"

#include <algorithm>
#include <string_view>

namespace forces::fe::dataplane::optical {
namespace {

using wire::ByteReader;
using wire::Bytes;
using wire::ByteWriter;

constexpr std::string_view kMagic = "FORCESXC";
constexpr std::uint8_t kSet = 1, kErase = 2;

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? c >> 1 ^ 0x82f63b78U : c >> 1;
    table[i] = c;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = crc_table();

std::uint32_t crc_on(std::uint32_t crc, Bytes octets) {
  for (const std::byte octet : octets) {
    crc = kCrcTable[(crc ^ std::to_integer<std::uint32_t>(octet)) & 0xff] ^ crc >> 8;
  }
  return crc;
}

CrossConnect read_row(ByteReader& r) {
  CrossConnect row;
  row.in = {r.u32("row.in_port"), r.u32("row.in_label")};
  row.out = {r.u32("row.out_port"), r.u32("row.out_label")};
  const std::size_t at = r.offset();
  const std::uint8_t state = r.u8("row.state");
  if (state > static_cast<std::uint8_t>(RowState::Active)) {
    r.fail(Errc::BadValue, "row.state", at);
  }
  row.state = static_cast<RowState>(state);
  row.alarm_mask = r.u32("row.alarm_mask");
  const Bytes owner = r.take(row.owner.size(), "row.owner");
  std::ranges::copy(owner, row.owner.begin());
  return row;
}

// All of it or nothing.
std::optional<Error> read_batch(ByteReader r, FabricFile& file) {
  const std::size_t start = r.offset();
  std::map<std::uint32_t, std::optional<CrossConnect>> changed;
  std::size_t entries = 0;
  for (; !r.empty(); ++entries) {
    const std::size_t at = r.offset();
    const std::uint8_t kind = r.u8("entry.kind");
    const std::uint32_t index = r.u32("entry.subscript");
    if (kind == kSet) {
      changed[index] = read_row(r);
    } else if (kind == kErase) {
      changed[index] = std::nullopt;
    } else {
      r.fail(Errc::UnknownType, "entry.kind", at);
    }
  }
  if (!r.ok()) return r.error();
  std::size_t size = file.rows.size();
  for (const auto& [index, row] : changed) {
    const bool there = file.rows.contains(index);
    if (row && !there) ++size;
    if (!row && there) --size;
  }
  if (size > kMostRows) {
    return Error{Errc::TooMany, static_cast<std::uint32_t>(start), "batch.entries"};
  }
  for (const auto& [index, row] : changed) {
    row ? (void)file.rows.insert_or_assign(index, *row) : (void)file.rows.erase(index);
  }
  file.entries += entries;
  return std::nullopt;
}

}  // namespace

std::uint32_t crc32c(Bytes octets) { return ~crc_on(~std::uint32_t{0}, octets); }

void write_file_header(ByteWriter& out) {
  const std::size_t start = out.size();
  out.text(kMagic);
  out.u32(kFileVersion);
  out.u32(crc32c(out.written().subspan(start)));
}

void write_entry(std::uint32_t index, const CrossConnect& row, ByteWriter& out) {
  out.u8(kSet);
  out.u32(index);
  out.u32(row.in.port);
  out.u32(row.in.label);
  out.u32(row.out.port);
  out.u32(row.out.label);
  out.u8(static_cast<std::uint8_t>(row.state));
  out.u32(row.alarm_mask);
  out.bytes(row.owner);
}

void write_removal(std::uint32_t index, ByteWriter& out) {
  out.u8(kErase);
  out.u32(index);
}

void write_batch(Bytes entries, ByteWriter& out) {
  if (entries.empty()) return;
  std::array<std::byte, 4> length{};
  wire::store_be<4>(length.data(), entries.size());
  out.bytes(length);
  out.u32(~crc_on(crc_on(~std::uint32_t{0}, length), entries));
  out.bytes(entries);
}

Result<FabricFile> read_fabric_file(Bytes octets) {
  ByteReader r(octets);
  const Bytes magic = r.take(kMagic.size(), "file.magic");
  const std::uint32_t version = r.u32("file.version");
  const std::uint32_t crc = r.u32("file.checksum");
  if (!r.ok()) return fail(r.error());
  if (!std::ranges::equal(magic, std::as_bytes(std::span(kMagic)))) {
    return fail(Errc::UnknownType, "file.magic", 0);
  }
  if (crc != crc32c(octets.first(kFileHeader - 4))) {
    return fail(Errc::BadChecksum, "file.checksum", kFileHeader - 4);
  }
  if (version != kFileVersion) return fail(Errc::BadVersion, "file.version", kMagic.size());
  FabricFile file;
  file.good = kFileHeader;
  while (!r.empty()) {
    const std::size_t at = r.offset();
    const std::uint32_t length = r.u32("batch.length");
    const std::uint32_t checksum = r.u32("batch.checksum");
    const Bytes entries = r.take(length, "batch.entries");
    if (!r.ok()) {
      file.tail = r.error();
      break;
    }
    if (checksum != ~crc_on(crc_on(~std::uint32_t{0}, octets.subspan(at, 4)), entries)) {
      file.tail = Error{Errc::BadChecksum, static_cast<std::uint32_t>(at + 4), "batch.checksum"};
      break;
    }
    file.tail = read_batch(ByteReader(entries, at + 8), file);
    if (file.tail) break;
    file.good = r.offset();
  }
  return file;
}

}  // namespace forces::fe::dataplane::optical
