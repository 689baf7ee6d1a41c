#include "proto/wire/writer.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"

namespace forces::wire {
namespace {

using test::hex;
using test::to_hex;

std::string written(ByteWriter w) {
  const auto octets = std::move(w).finish();
  return octets ? to_hex(*octets) : "error";
}

TEST(WireWriter, WritesEveryWidthInNetworkOrder) {
  ByteWriter w;
  w.u8(0x01);
  w.u16(0x0203);
  w.u32(0x04050607);
  w.u64(0x08090a0b0c0d0e0f);
  EXPECT_EQ(written(std::move(w)), "0102030405060708090a0b0c0d0e0f");
}

TEST(WireWriter, TlvLengthLeavesOutThePad) {  // RFC 5810 section 6.2
  ByteWriter w;
  w.tlv(0x0112, [&] { w.u8(0xaa); });
  EXPECT_EQ(written(std::move(w)), "01120005aa000000");
}

TEST(WireWriter, AnOuterTlvCountsThePadOfItsChildren) {
  ByteWriter w;
  w.tlv(1, [&] {
    w.tlv(2, [&] { w.u8(0xaa); });
    w.tlv(3, [] {});
  });
  EXPECT_EQ(written(std::move(w)),
            "00010010"
            "00020005aa000000"
            "00030004");
}

TEST(WireWriter, PadsFromTheStartOfTheTlvWhereverThatIs) {
  ByteWriter w;
  w.u8(0xff);
  w.tlv(1, [&] { w.u16(0xabcd); });
  EXPECT_EQ(written(std::move(w)),
            "ff"
            "00010006abcd0000");
}

TEST(WireWriter, IlvCarriesThirtyTwoBitNumbers) {  // RFC 5810 section 6.3
  ByteWriter w;
  w.ilv(0x80000001, [&] { w.u8(0xaa); });
  EXPECT_EQ(written(std::move(w)), "8000000100000009aa000000");
}

TEST(WireWriter, TheLargestTlvFitsAndOneOctetMoreIsAnError) {
  ByteWriter fits;
  fits.tlv(1, [&] { fits.zeros(0xffff - 4); });
  EXPECT_TRUE(std::move(fits).finish().has_value());
  ByteWriter w;
  w.u32(0);
  w.tlv(1, [&] { w.zeros(0xffff - 3); });
  w.tlv(2, [&] { w.zeros(0x10000); });  // the first error is the one reported
  EXPECT_FALSE(w.ok());
  EXPECT_EQ(std::move(w).finish(), fail(Errc::TooLarge, "tlv.length", 6));
}

TEST(WireWriter, ARecycledBufferStartsEmpty) {
  ByteWriter w(hex("0102"));
  w.u8(3);
  EXPECT_EQ(written(std::move(w)), "03");
}

}  // namespace
}  // namespace forces::wire
