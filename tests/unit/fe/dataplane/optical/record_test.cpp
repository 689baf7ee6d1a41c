// The file of cross-connects: octets in, rows out, and what is left of a file that is not whole.
#include "fe/dataplane/optical/record.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"
#include "tests/unit/fe/dataplane/optical/rows.hpp"

namespace forces::fe::dataplane::optical {
namespace {

using forces::test::hex;
using forces::test::to_hex;
using namespace test;

std::vector<std::byte> file_of(const std::vector<std::vector<std::byte>>& batches) {
  wire::ByteWriter w;
  write_file_header(w);
  for (const auto& entries : batches) write_batch(entries, w);
  return std::move(w).finish().value();
}
std::vector<std::byte> entry(std::uint32_t index, const CrossConnect& row) {
  wire::ByteWriter w;
  write_entry(index, row, w);
  return std::move(w).finish().value();
}
std::vector<std::byte> removal(std::uint32_t index) {
  wire::ByteWriter w;
  write_removal(index, w);
  return std::move(w).finish().value();
}
std::vector<std::byte> operator+(std::vector<std::byte> one, const std::vector<std::byte>& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

const CrossConnect kFirst = cross(slot(1, 1), slot(2, 6)),
                   kSecond = cross(slot(2, 6), slot(1, 1), RowState::Reserved, 9);

TEST(FabricFileFormat, HasTheChecksumOfRfc3720) {  // CRC-32C, appendix B.4 there and the usual word
  EXPECT_EQ(crc32c(std::as_bytes(std::span(std::string_view("123456789")))), 0xe3069283U);
  EXPECT_EQ(crc32c(std::vector(32, std::byte{0})), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::vector(32, std::byte{0xff})), 0x62a8ab43U);
}

TEST(FabricFileFormat, IsAsItIsWrittenDown) {
  CrossConnect row = cross({1, 0x10000}, {2, 0x60000});
  row.alarm_mask = 1;
  EXPECT_EQ(to_hex(entry(3, row)),
            "01000000030000000100010000000000020006000001000000010100000000000000000000000000000000"
            "000000000000ee");
  EXPECT_EQ(to_hex(removal(3)), "0200000003");
  const auto file = file_of({removal(3)});
  EXPECT_TRUE(to_hex(file).starts_with("464f52434553584300000001"));
  EXPECT_EQ(file.size(), kFileHeader + 8 + 5);
}

TEST(FabricFile, HasTheRowsThatWereSetLast) {
  const auto file = read_fabric_file(file_of(
      {entry(0, kFirst) + entry(5, kSecond), removal(0), entry(5, kFirst) + entry(7, kSecond)}));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->rows, (std::map<std::uint32_t, CrossConnect>{{5, kFirst}, {7, kSecond}}));
  EXPECT_EQ(file->entries, 5U);
  EXPECT_FALSE(file->tail);
}

TEST(FabricFile, OfNothingIsEmpty) {
  const auto file = read_fabric_file(file_of({}));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->rows.empty());
  EXPECT_EQ(file->good, kFileHeader);
}

TEST(FabricFile, CutAnywhereHasTheBatchesThatAreWhole) {
  const auto whole = file_of({entry(0, kFirst), entry(5, kSecond) + removal(0)});
  const std::size_t one = kFileHeader + 8 + entry(0, kFirst).size();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto file = read_fabric_file(wire::Bytes(whole).first(size));
    if (size < kFileHeader) {
      ASSERT_FALSE(file) << size;
      EXPECT_EQ(file.error().code, Errc::Truncated);
      continue;
    }
    ASSERT_TRUE(file) << size;
    EXPECT_EQ(file->rows.size(), size < one ? 0U : 1U) << size;
    EXPECT_EQ(file->good, size < one ? kFileHeader : one) << size;
    EXPECT_EQ(file->tail.has_value(), size != kFileHeader && size != one) << size;
    if (size >= one) {
      EXPECT_EQ(file->rows.at(0), kFirst) << "not half of the second batch";
    }
  }
}

TEST(FabricFile, WithAnyBitTurnedLosesNothingBeforeIt) {
  const auto whole = file_of({entry(0, kFirst), entry(5, kSecond)});
  const std::size_t one = kFileHeader + 8 + entry(0, kFirst).size();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto octets = whole;
    octets[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const auto file = read_fabric_file(octets);
    if (bit / 8 < kFileHeader) {
      EXPECT_FALSE(file) << bit;
      continue;
    }
    ASSERT_TRUE(file) << bit;
    EXPECT_TRUE(file->tail) << bit;
    EXPECT_EQ(file->rows.size(), bit / 8 < one ? 0U : 1U) << bit;
  }
}

struct Refused {
  const char* name;
  std::string_view octets;
  Errc code;
};
TEST(FabricFile, OfAnotherKindIsRefused) {
  const Refused cases[] = {
      {"no octets", "", Errc::Truncated},
      {"another file", "7f454c46020101000000000000000000", Errc::UnknownType},
      {"header damaged", "464f5243455358430000000100000000", Errc::BadChecksum},
  };
  for (const Refused& c : cases) {
    const auto file = read_fabric_file(hex(c.octets));
    ASSERT_FALSE(file) << c.name;
    EXPECT_EQ(file.error().code, c.code) << c.name;
  }
  wire::ByteWriter later;  // of a version to come: it is whole, and not for us
  later.text("FORCESXC");
  later.u32(2);
  later.u32(crc32c(later.written()));
  const auto file = read_fabric_file(later.written());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::BadVersion);
}

TEST(FabricFile, StopsAtABatchThatIsNone) {
  const std::pair<std::vector<std::byte>, Errc> cases[] = {
      {hex("0300000000"), Errc::UnknownType},
      {hex("02000000"), Errc::Truncated},
      {hex("01000000030000000100010000000000020006000002000000010100000000000000000000000000000000"
           "000000000000ee"),
       Errc::BadValue},  // neither reserved nor active
  };
  for (const auto& [entries, code] : cases) {
    const auto file = read_fabric_file(file_of({entry(0, kFirst), removal(0) + entries}));
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->tail);
    EXPECT_EQ(file->tail->code, code);
    EXPECT_EQ(file->rows.size(), 1U) << "the removal is of the batch that is none";
  }
}

TEST(FabricFile, HasNoMoreRowsThanTheTable) {
  wire::ByteWriter entries;
  for (std::uint32_t i = 0; i <= kMostRows; ++i) write_entry(i, kFirst, entries);
  const auto octets = std::move(entries).finish().value();
  const auto file = read_fabric_file(file_of({octets}));
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->tail);
  EXPECT_EQ(file->tail->code, Errc::TooMany);
  const auto full = read_fabric_file(file_of({octets + removal(7)}));
  ASSERT_TRUE(full);
  EXPECT_FALSE(full->tail);
  EXPECT_EQ(full->rows.size(), kMostRows);
}

}  // namespace
}  // namespace forces::fe::dataplane::optical
