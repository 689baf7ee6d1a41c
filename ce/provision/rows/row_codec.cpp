#include "ce/provision/rows/row_codec.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "proto/wire/tlv.hpp"

namespace forces::ce::provision {

using routing::EcmpMember;
using routing::IpAddress;
using routing::NextHopRow;
using routing::PrefixRow;
using wire::Bytes;
using wire::load_be;
using wire::store_be;

namespace {

constexpr std::array kInfos{
    TableInfo{RowKind::Hop, Family::V4, kIpv4NextHop, 1},
    TableInfo{RowKind::Hop, Family::V6, kIpv6NextHop, 1},
    TableInfo{RowKind::Set, Family::V4, kEcmpHops, 1},
    TableInfo{RowKind::Set, Family::V6, kEcmpHops, 2},
    TableInfo{RowKind::Prefix, Family::V4, kIpv4UcastLpm, 1},
    TableInfo{RowKind::Prefix, Family::V6, kIpv6UcastLpm, 1},
};
constexpr std::size_t kMember = 6, kIndexed = 4 + kMember;  // HopSelector, Weight

constexpr std::size_t address_size(Family family) { return family == Family::V4 ? 4 : 16; }

std::byte* put_address(std::byte* at, const IpAddress& address) {
  std::memcpy(at, address.octets.data(), address.size());
  return at + address.size();
}

// Octets of the fields 1, 2, ... of a row.
std::span<const std::uint8_t> fields_of(const TableInfo& table) {
  static constexpr std::array<std::uint8_t, 5> kHop4{4, 4, 4, 4, 4}, kHop6{4, 4, 16, 4, 4};
  static constexpr std::array<std::uint8_t, 6> kPrefix4{4, 1, 1, 1, 1, 4},
      kPrefix6{16, 1, 1, 1, 1, 4};
  static constexpr std::array<std::uint8_t, 2> kOfMember{4, 2};
  const bool v4 = table.family == Family::V4;
  switch (table.kind) {
    case RowKind::Hop:
      return v4 ? kHop4 : kHop6;
    case RowKind::Prefix:
      return v4 ? kPrefix4 : kPrefix6;
    case RowKind::Set:
      break;
  }
  return kOfMember;
}

std::size_t size_of(std::span<const std::uint8_t> fields) {
  std::size_t sum = 0;
  for (const std::uint8_t octets : fields) sum += octets;
  return sum;
}

// Puts the fields that `ilvs` name at their places behind the end of `out`; what RFC 6956 lets a
// sender leave out is zero. False when this is no row.
bool append_struct(std::span<const std::uint8_t> fields, Bytes ilvs, std::vector<std::byte>& out) {
  const std::size_t start = out.size();
  out.resize(start + size_of(fields));
  bool first = false, final = false;
  wire::IlvCursor cursor(ilvs);
  while (cursor.next()) {
    const std::uint32_t id = cursor.type();
    if (id == 0 || id > fields.size()) return false;
    const std::size_t wanted = fields[id - 1];
    const Bytes value = pl::without_counted_pad(cursor.value(), wanted);
    if (value.size() != wanted) return false;
    std::memcpy(out.data() + start + size_of(fields.first(id - 1)), value.data(), wanted);
    first = first || id == 1;
    final = final || id == fields.size();
  }
  return !cursor.failed() && first && final;
}

}  // namespace

const TableInfo& info(Table table) { return kInfos[static_cast<std::size_t>(table)]; }

std::optional<Table> table_of(pl::LfbClassId class_id, std::uint32_t component) {
  for (std::size_t i = 0; i < kTables; ++i) {
    if (kInfos[i].class_id == class_id.value && kInfos[i].component == component) {
      return static_cast<Table>(i);
    }
  }
  return std::nullopt;
}

Bytes PackedRow::pack(const NextHopRow& row) {
  std::byte* at = room_.data();
  store_be<4>(at, row.l3_port_id);
  store_be<4>(at + 4, row.mtu);
  IpAddress address = row.next_hop_ip_addr;
  address.family = row.family;
  at = put_address(at + 8, address);
  store_be<4>(at, row.media_encap_info_index);
  store_be<4>(at + 4, row.lfb_output_select_index);
  return Bytes(room_).first(16 + address_size(row.family));
}

Bytes PackedRow::pack(const PrefixRow& row) {
  std::byte* const at = put_address(room_.data(), row.prefix.address);
  at[0] = static_cast<std::byte>(row.prefix.length);
  at[1] = static_cast<std::byte>(row.ecmp_flag ? 1 : 0);
  at[2] = static_cast<std::byte>(row.default_route_flag ? 1 : 0);
  at[3] = std::byte{0};
  store_be<4>(at + 4, row.hop_selector);
  return Bytes(room_).first(8 + row.prefix.address.size());
}

Bytes PackedRow::pack(const std::vector<EcmpMember>& members) {
  large_.resize(members.size() * kIndexed);
  std::byte* at = large_.data();
  std::uint32_t index = 0;
  for (const EcmpMember& member : members) {
    store_be<4>(at, index++);
    store_be<4>(at + 4, member.hop_selector);
    store_be<2>(at + 8, std::min(member.weight, kMostWeight));
    at += kIndexed;
  }
  return large_;
}

std::optional<NextHopRow> read_next_hop(Family family, Bytes packed) {
  const std::size_t address = address_size(family);
  if (packed.size() != 16 + address) return std::nullopt;
  const auto u32 = [&](std::size_t at) {
    return static_cast<std::uint32_t>(load_be<4>(packed.data() + at));
  };
  NextHopRow row;
  row.family = family;
  row.l3_port_id = u32(0);
  row.mtu = u32(4);
  row.next_hop_ip_addr = IpAddress::of(family, packed.subspan(8, address));
  row.media_encap_info_index = u32(8 + address);
  row.lfb_output_select_index = u32(12 + address);
  return row;
}

std::optional<PrefixRow> read_prefix(Family family, Bytes packed) {
  const std::size_t address = address_size(family);
  if (packed.size() != 8 + address) return std::nullopt;
  PrefixRow row;
  row.prefix.address = IpAddress::of(family, packed.first(address));
  row.prefix.length = static_cast<std::uint8_t>(packed[address]);
  if (row.prefix.length > routing::max_length(family)) return std::nullopt;
  row.ecmp_flag = packed[address + 1] != std::byte{0};
  row.default_route_flag = packed[address + 2] != std::byte{0};
  row.hop_selector = static_cast<std::uint32_t>(load_be<4>(packed.data() + address + 4));
  return row;
}

std::optional<std::vector<EcmpMember>> read_members(Bytes packed) {
  if (packed.empty() || packed.size() % kIndexed != 0) return std::nullopt;
  std::vector<EcmpMember> members;
  members.reserve(packed.size() / kIndexed);
  for (; !packed.empty(); packed = packed.subspan(kIndexed)) {
    members.push_back({static_cast<std::uint32_t>(load_be<4>(packed.data() + 4)),
                       static_cast<std::uint32_t>(load_be<2>(packed.data() + 8))});
  }
  return members;
}

Bytes RowReader::from_ilvs(Bytes value) {
  const TableInfo& table = info(table_);
  const auto fields = fields_of(table);
  packed_.clear();
  if (table.kind != RowKind::Set) {
    if (value.size() == size_of(fields)) return value;
    return append_struct(fields, value, packed_) ? Bytes(packed_) : Bytes{};
  }
  wire::IlvCursor cursor(value);
  bool good = true;
  while (good && cursor.next()) {
    packed_.resize(packed_.size() + 4);
    store_be<4>(packed_.data() + packed_.size() - 4, cursor.type());
    if (cursor.value().size() == kMember) {
      packed_.insert(packed_.end(), cursor.value().begin(), cursor.value().end());
    } else {
      good = append_struct(fields, cursor.value(), packed_);
    }
  }
  if (good && !cursor.failed()) return packed_;
  return value.size() % kIndexed == 0 ? value : Bytes{};  // packed, if anything
}

bool RowReader::next(Bytes& rest, std::uint32_t& row, Bytes& packed) const {
  const TableInfo& table = info(table_);
  if (rest.size() < 4) return false;
  row = static_cast<std::uint32_t>(load_be<4>(rest.data()));
  rest = rest.subspan(4);
  if (table.kind != RowKind::Set) {
    const std::size_t size = size_of(fields_of(table));
    if (rest.size() < size) return false;
    packed = rest.first(size);
    rest = rest.subspan(size);
    return true;
  }
  wire::TlvCursor member(rest);  // of no fixed size, so in a FULLDATA-TLV
  if (!member.next()) return false;
  packed = member.value();
  rest = member.rest();
  return true;
}

}  // namespace forces::ce::provision
