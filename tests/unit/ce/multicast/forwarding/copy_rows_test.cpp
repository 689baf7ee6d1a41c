// Rows of class MulticastForwarding as octets.
#include <gtest/gtest.h>

#include "ce/provision/copies/rows.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::ce::provision {
namespace {

using forces::test::hex;
using forces::test::to_hex;

struct Case {
  const char* name;
  CopyRow row;
  std::uint32_t component;
  const char* octets;
};
const GroupOctets kFour{239, 1, 1, 1}, kFourLast{239, 1, 1, 9};
const GroupOctets kSix{0xff, 0x1e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
const Case kCases[] = {
    {"Peer", {CopyTable::Peers, {}, {}, 0x0a000001, 5000}, 8, "0a0000011388"},
    {"Copy",
     {CopyTable::Copies4, kFour, kFourLast, 0x0a000001, 5000},
     9,
     "ef010101ef0101090a0000011388"},
    {"Ipv6Copy",
     {CopyTable::Copies6, kSix, kSix, 0x0a000001, 5000},
     10,
     "ff1e0000000000000000000000000001ff1e00000000000000000000000000010a0000011388"},
    {"Served",
     {CopyTable::Served4, kFour, kFour, 0x0a000001, 5001},
     11,
     "ef010101ef0101010a0000011389"},
    {"Ipv6Served",
     {CopyTable::Served6, kSix, kSix, 0x0a000001, 5001},
     12,
     "ff1e0000000000000000000000000001ff1e00000000000000000000000000010a0000011389"},
};
class CopyRowCodec : public testing::TestWithParam<Case> {};
TEST_P(CopyRowCodec, RowsAreTheseOctets) {
  const auto& [name, row, component, octets] = GetParam();
  EXPECT_EQ(to_hex(pack(row)), octets);
  EXPECT_EQ(read_copy_row(row.table, hex(octets)), row);
  EXPECT_EQ(component_of(row.table), component);
  EXPECT_EQ(copy_table_of(component), row.table);
}
TEST_P(CopyRowCodec, NoPrefixOfARowIsOneNorIsMore) {
  auto octets = pack(GetParam().row);
  for (std::size_t n = 0; n < octets.size(); ++n) {
    EXPECT_EQ(read_copy_row(GetParam().row.table, wire::Bytes(octets).first(n)), std::nullopt) << n;
  }
  octets.push_back(std::byte{0});
  EXPECT_EQ(read_copy_row(GetParam().row.table, octets), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(Class65793, CopyRowCodec, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

TEST(CopyRowTables, OtherComponentsAreNoTablesOfOurs) {
  for (const std::uint32_t component : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 13U}) {
    EXPECT_EQ(copy_table_of(component), std::nullopt) << component;
  }
}

}  // namespace
}  // namespace forces::ce::provision
