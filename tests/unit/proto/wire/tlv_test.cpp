#include "proto/wire/tlv.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"

namespace forces::wire {
namespace {

using test::hex;
using test::to_hex;

TEST(WireTlv, StepsOverThePaddingWhateverItHolds) {
  const auto in = hex("0112 0005 aa ffffff  0113 0004");
  ByteReader r(in);
  TlvView first = read_tlv(r, "t");
  EXPECT_EQ(first.type, 0x0112);
  EXPECT_EQ(first.offset, 0u);
  EXPECT_EQ(to_hex(first.value.rest()), "aa");
  const TlvView second = read_tlv(r, "t");
  EXPECT_EQ(second.type, 0x0113);
  EXPECT_EQ(second.offset, 8u);
  EXPECT_TRUE(second.value.empty());
  EXPECT_TRUE(r.ok() && r.empty());
}

TEST(WireTlv, TheLastOneMayComeUnpadded) {
  const auto in = hex("0112 0005 aa");
  ByteReader r(in);
  EXPECT_EQ(read_tlv(r, "t").value.remaining(), 1u);
  EXPECT_TRUE(r.ok() && r.empty());
}

struct Bad {
  const char* octets;
  Error want;
};

TEST(WireTlv, RefusesLengthsThatCannotBe) {
  const Bad cases[] = {
      {"01", {Errc::Truncated, 0, "t"}},
      {"0112 00", {Errc::Truncated, 2, "t"}},
      {"0112 0000", {Errc::BadLength, 2, "t"}},
      {"0112 0003 aa", {Errc::BadLength, 2, "t"}},
      {"0112 0006 aa", {Errc::Truncated, 4, "t"}},
      {"0112 ffff aabbccdd", {Errc::Truncated, 4, "t"}},
  };
  for (const Bad& c : cases) {
    const auto in = hex(c.octets);
    ByteReader r(in);
    (void)read_tlv(r, "t");
    ASSERT_FALSE(r.ok()) << c.octets;
    EXPECT_EQ(r.error(), c.want) << c.octets;
  }
}

TEST(WireIlv, ReadsValueAndPadding) {
  const auto in = hex("00000001 00000009 aa 000000  80000002 00000008");
  ByteReader r(in);
  IlvView first = read_ilv(r, "i");
  EXPECT_EQ(first.id, 1u);
  EXPECT_EQ(to_hex(first.value.rest()), "aa");
  const IlvView second = read_ilv(r, "i");
  EXPECT_EQ(second.id, 0x80000002u);
  EXPECT_EQ(second.offset, 12u);
  EXPECT_TRUE(r.ok() && r.empty());
}

TEST(WireIlv, RefusesLengthsThatCannotBe) {
  const Bad cases[] = {
      {"00000001 00000007 aa", {Errc::BadLength, 4, "i"}},
      {"00000001 ffffffff aa", {Errc::Truncated, 8, "i"}},
      {"00000001 0000", {Errc::Truncated, 4, "i"}},
  };
  for (const Bad& c : cases) {
    const auto in = hex(c.octets);
    ByteReader r(in);
    (void)read_ilv(r, "i");
    ASSERT_FALSE(r.ok()) << c.octets;
    EXPECT_EQ(r.error(), c.want) << c.octets;
  }
}

}  // namespace
}  // namespace forces::wire
