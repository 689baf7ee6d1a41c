#include "proto/wire/reader.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"

namespace forces::wire {
namespace {

using test::hex;

TEST(WireReader, ReadsEveryWidthInNetworkOrder) {
  const auto in = hex("01 0203 04050607 08090a0b0c0d0e0f");
  ByteReader r(in);
  EXPECT_EQ(r.u8("a"), 0x01);
  EXPECT_EQ(r.u16("b"), 0x0203);
  EXPECT_EQ(r.u32("c"), 0x04050607u);
  EXPECT_EQ(r.u64("d"), 0x08090a0b0c0d0e0fu);
  EXPECT_TRUE(r.ok());
  EXPECT_TRUE(r.empty());
  EXPECT_EQ(r.offset(), in.size());
}

TEST(WireReader, TheFirstErrorStaysAndNamesItsPlace) {
  const auto in = hex("0102 03");
  ByteReader r(in, 100);
  EXPECT_EQ(r.u16("first"), 0x0102);
  EXPECT_EQ(r.u16("second"), 0);
  EXPECT_EQ(r.u8("third"), 0);  // one octet is there, but the reader has failed
  ASSERT_FALSE(r.ok());
  EXPECT_EQ(r.error(), (Error{Errc::Truncated, 102, "second"}));
}

TEST(WireReader, IsEmptyAfterAnErrorSoThatLoopsEnd) {
  const auto in = hex("010203");
  ByteReader r(in);
  r.u32("four");
  EXPECT_TRUE(r.empty());
  EXPECT_EQ(r.remaining(), 0u);
  EXPECT_TRUE(r.rest().empty());
}

TEST(WireReader, ASubReaderCannotLeaveItsPartAndKeepsTheOffsets) {
  const auto in = hex("00 0102 03");
  ByteReader r(in);
  r.u8("head");
  ByteReader part = r.sub(2, "part");
  EXPECT_EQ(part.offset(), 1u);
  EXPECT_EQ(part.u32("too much"), 0u);
  EXPECT_EQ(part.error(), (Error{Errc::Truncated, 1, "too much"}));
  EXPECT_EQ(r.u8("tail"), 0x03);
  EXPECT_TRUE(r.ok());
}

TEST(WireReader, ASubReaderLongerThanTheRestFailsInTheParent) {
  const auto in = hex("0102");
  ByteReader r(in);
  ByteReader part = r.sub(3, "part");
  EXPECT_TRUE(part.empty());
  EXPECT_EQ(r.error(), (Error{Errc::Truncated, 0, "part"}));
}

TEST(WireReader, TheCallersErrorIsKeptOnlyWhenItIsTheFirst) {
  const auto in = hex("0102");
  ByteReader r(in);
  r.fail(Errc::BadValue, "mine", 7);
  r.fail(Errc::BadLength, "later", 8);
  r.u64("later still");
  EXPECT_EQ(r.error(), (Error{Errc::BadValue, 7, "mine"}));
}

TEST(WireReader, SkippingPaddingNeverFails) {
  const auto in = hex("0102");
  ByteReader r(in);
  r.skip_at_most(3);
  EXPECT_TRUE(r.ok());
  EXPECT_TRUE(r.empty());
}

}  // namespace
}  // namespace forces::wire
