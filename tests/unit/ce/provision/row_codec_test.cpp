// A table of octets: rows of RFC 6956 section 5.3 and of class 65794 as RFC 5810 section 7.1.8
// packs them, and every form in which they come back.
#include "ce/provision/rows/row_codec.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/octets/hex.hpp"

namespace forces::ce::provision {
namespace {

using routing::EcmpMember;
using routing::IpAddress;
using routing::NextHopRow;
using routing::PrefixRow;
using test::hex;
using Octets = std::vector<std::byte>;

Octets copy(wire::Bytes octets) { return {octets.begin(), octets.end()}; }

const NextHopRow kHop4{.family = Family::V4,
                       .l3_port_id = 3,
                       .mtu = 1500,
                       .next_hop_ip_addr = IpAddress::v4(0xc0000201),
                       .lfb_output_select_index = 2};
constexpr std::string_view kHop4Hex = "00000003 000005dc c0000201 00000000 00000002";
constexpr std::string_view kHop6Hex =
    "00000003 000005dc 20010db8000000000000000000000001 00000005 00000000";
constexpr std::string_view kPrefix4Hex = "0a010200 18 01 00 00 00000007";
constexpr std::string_view kPrefix6Hex = "20010db8000000000000000000000000 20 00 00 00 00000009";
constexpr std::string_view kMembersHex = "00000000 00000007 0001  00000001 00000008 ffff";

NextHopRow hop6() {
  NextHopRow row;
  row.family = Family::V6;
  row.l3_port_id = 3;
  row.mtu = 1500;
  row.next_hop_ip_addr = IpAddress::of(Family::V6, hex("20010db8000000000000000000000001"));
  row.media_encap_info_index = 5;
  return row;
}
PrefixRow prefix4() {
  PrefixRow row;
  row.prefix = {IpAddress::v4(0x0a010200), 24};
  row.ecmp_flag = true;
  row.hop_selector = 7;
  return row;
}
PrefixRow prefix6() {
  PrefixRow row;
  row.prefix = {IpAddress::of(Family::V6, hex("20010db8000000000000000000000000")), 32};
  row.hop_selector = 9;
  return row;
}

TEST(RowCodec, RowsAreTheseOctets) {
  PackedRow packed;
  EXPECT_EQ(copy(packed.pack(kHop4)), hex(kHop4Hex));
  EXPECT_EQ(copy(packed.pack(hop6())), hex(kHop6Hex));
  EXPECT_EQ(copy(packed.pack(prefix4())), hex(kPrefix4Hex));
  EXPECT_EQ(copy(packed.pack(prefix6())), hex(kPrefix6Hex));
  EXPECT_EQ(copy(packed.pack({{7, 1}, {8, 100'000}})), hex(kMembersHex)) << "a weight has 16 bits";
}

TEST(RowCodec, TheseOctetsAreRows) {
  EXPECT_EQ(read_next_hop(Family::V4, hex(kHop4Hex)), kHop4);
  EXPECT_EQ(read_next_hop(Family::V6, hex(kHop6Hex)), hop6());
  EXPECT_EQ(read_prefix(Family::V4, hex(kPrefix4Hex)), prefix4());
  EXPECT_EQ(read_prefix(Family::V6, hex(kPrefix6Hex)), prefix6());
  EXPECT_EQ(read_members(hex(kMembersHex)), (std::vector<EcmpMember>{{7, 1}, {8, 0xffff}}));
}

TEST(RowCodec, OtherOctetsAreNone) {
  EXPECT_FALSE(read_next_hop(Family::V6, hex(kHop4Hex)));
  EXPECT_FALSE(read_prefix(Family::V4, hex("0a010200 21 01 00 00 00000007"))) << "/33";
  EXPECT_FALSE(read_prefix(Family::V4, hex("0a010200 18 01 00 00 000000")));
  EXPECT_FALSE(read_members({}));
  EXPECT_FALSE(read_members(hex("00000000 00000007 00")));
}

TEST(RowCodec, TablesHaveTheirClassesAndComponents) {
  EXPECT_EQ(table_of({10}, 1), Table::Prefixes4);
  EXPECT_EQ(table_of({13}, 1), Table::Hops6);
  EXPECT_EQ(table_of({65'794}, 2), Table::Sets6);
  EXPECT_FALSE(table_of({10}, 2));
  for (std::size_t i = 0; i < kTables; ++i) {
    const auto table = static_cast<Table>(i);
    EXPECT_EQ(table_of(info(table).kind, info(table).family), table);
  }
}

// What one leaf of an answer says, as row and octets.
using Rows = std::vector<std::pair<std::uint32_t, Octets>>;
struct Form {
  const char* name;
  Table table;
  std::vector<std::uint32_t> ids;
  pl::TlvType type;
  std::string_view value;
  Rows want;
};
void PrintTo(const Form& form, std::ostream* os) { *os << form.name; }

class RowForms : public testing::TestWithParam<Form> {};
TEST_P(RowForms, GiveTheSameRows) {
  const Form& form = GetParam();
  pl::Path path;
  for (const std::uint32_t id : form.ids) ASSERT_TRUE(path.append(id));
  const Octets value = hex(form.value);
  pl::ItemView item;
  item.type = form.type;
  item.value = value;
  Rows rows;
  RowReader reader(form.table);
  reader.read(pl::Leaf{path, nullptr, item},
              [&](std::uint32_t row, wire::Bytes octets) { rows.emplace_back(row, copy(octets)); });
  EXPECT_EQ(rows, form.want);
}

constexpr std::string_view kPrefix4Ilvs =
    "00000001 0000000c 0a010200  00000002 00000009 18000000  00000003 00000009 01000000"
    "00000006 0000000c 00000007";
const std::string kSparseTable4 = "00000005 00000038 " + std::string(kPrefix4Ilvs) +
                                  "00000006 00000014" + std::string(kPrefix4Hex);
constexpr std::string_view kSetIlvs =
    "00000000 00000020 00000001 0000000c 00000007 00000002 0000000a 00010000"
    "00000001 0000000e 00000008 ffff 0000";

INSTANTIATE_TEST_SUITE_P(
    Rfc5810Section7_1_8, RowForms,
    testing::Values(
        Form{"OneRowFull",
             Table::Prefixes4,
             {1, 5},
             pl::TlvType::FullData,
             kPrefix4Hex,
             {{5, hex(kPrefix4Hex)}}},
        Form{"OneRowSparse",
             Table::Prefixes4,
             {1, 5},
             pl::TlvType::SparseData,
             kPrefix4Ilvs,
             {{5, hex(kPrefix4Hex)}}},
        Form{"TableFull",
             Table::Prefixes4,
             {1},
             pl::TlvType::FullData,
             "00000005 0a010200 18 01 00 00 00000007  00000009 0a010200 18 01 00 00 00000007",
             {{5, hex(kPrefix4Hex)}, {9, hex(kPrefix4Hex)}}},
        Form{"TableSparseBothWays",
             Table::Prefixes4,
             {1},
             pl::TlvType::SparseData,
             kSparseTable4,
             {{5, hex(kPrefix4Hex)}, {6, hex(kPrefix4Hex)}}},
        Form{"SetFull",
             Table::Sets4,
             {1, 3},
             pl::TlvType::FullData,
             kMembersHex,
             {{3, hex(kMembersHex)}}},
        Form{"SetSparseBothWays",
             Table::Sets4,
             {1, 3},
             pl::TlvType::SparseData,
             kSetIlvs,
             {{3, hex(kMembersHex)}}},
        Form{"TableOfSets",
             Table::Sets6,
             {2},
             pl::TlvType::FullData,
             "00000003 01120018 00000000 00000007 0001 00000001 00000008 ffff",
             {{3, hex(kMembersHex)}}},
        Form{"FieldMissing",
             Table::Prefixes4,
             {1, 5},
             pl::TlvType::SparseData,
             "00000001 0000000c 0a010200 00000006 0000000c 00000007 00000002 00000008",
             Rows{{5, Octets{}}}},
        Form{"FieldUnknown",
             Table::Prefixes4,
             {1, 5},
             pl::TlvType::SparseData,
             "00000001 0000000c 0a010200 00000009 0000000c 00000007",
             Rows{{5, Octets{}}}},
        Form{"FieldTooLong",
             Table::Hops4,
             {1, 5},
             pl::TlvType::SparseData,
             "00000001 00000010 0a01020000000001",
             Rows{{5, Octets{}}}},
        Form{"TableCutInARow",
             Table::Prefixes4,
             {1},
             pl::TlvType::FullData,
             "00000005 0a010200 18 01",
             {}},
        Form{"BelowARow", Table::Prefixes4, {1, 5, 6}, pl::TlvType::FullData, "00000007", {}}),
    [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace forces::ce::provision
