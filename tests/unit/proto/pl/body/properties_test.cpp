#include "proto/pl/body/properties.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::pl {
namespace {

using test::hex;
using test::to_hex;

constexpr std::uint32_t kFull = 0x0112, kSparse = 0x0113;

// The TLV that `write` makes, in hex, and the item that it is.
template <class T>
std::string written(const T& properties) {
  MessageWriter w({.type = MsgType::Config});
  write_properties(w, properties);
  return to_hex(*std::move(w).finish()).substr(2 * Header::kSize);
}
template <class T>
ItemView item(const T& properties, Octets& memory) {
  memory = hex(written(properties));
  wire::TlvCursor tlv(memory);
  EXPECT_TRUE(tlv.next());
  return {tlv.type(), tlv.value()};
}

TEST(PlProperties, ASubscriptionIsTheRegistrationAlone) {  // RFC 5812 section 4.8.5
  EXPECT_EQ(written(EventProperties{.registration = 1}), "01130010000000020000000c00000001");
  Octets memory;
  EXPECT_EQ(read_event_properties(item(EventProperties{.registration = 1}, memory)),
            EventProperties{.registration = 1});
}

TEST(PlProperties, AllFieldsOfAnEventGoAndComeBack) {
  const EventProperties all{Access::ReadWrite, 1, 2, 3, 4, 5};
  Octets memory;
  const ItemView sparse = item(all, memory);
  EXPECT_TRUE(sparse.is(TlvType::SparseData));
  EXPECT_EQ(read_event_properties(sparse), all);
  const auto full = hex("03 00000001 00000002 00000003 00000004 00000005");
  EXPECT_EQ(read_event_properties({kFull, full}), all);
}

TEST(PlProperties, TheFourOctetsOfRealControllersAreARegistration) {  // golden message 1.5
  EXPECT_EQ(read_event_properties({kFull, hex("00000001")}), EventProperties{.registration = 1});
}

TEST(PlProperties, OfArrays) {  // section 4.8.2
  const ArrayProperties p{Access::ReadWrite, 6, 5, 7};
  EXPECT_EQ(written(p), "0112001103000000060000000500000007000000");
  Octets memory;
  EXPECT_EQ(read_array_properties(item(p, memory)), p);
  const auto sparse =
      hex("00000001 00000009 03000000 00000004 0000000c 00000007"
          "00000002 0000000c 00000006 00000003 0000000c 00000005");
  EXPECT_EQ(read_array_properties({kSparse, sparse}), p);
}

TEST(PlProperties, OfStrings) {  // sections 4.8.3 and 4.8.4
  const StringProperties p{Access::ReadOnly, 4, 40};
  EXPECT_EQ(written(p), "0112000d010000000400000028000000");
  Octets memory;
  EXPECT_EQ(read_string_properties(item(p, memory)), p);
}

TEST(PlProperties, OfAllComponents) {  // section 4.8.1
  EXPECT_EQ(written(Access::WriteOnly), "0112000502000000");
  Octets memory;
  EXPECT_EQ(read_accessibility(item(Access::WriteOnly, memory)), Access::WriteOnly);
}

TEST(PlProperties, WhatIsNoneIsRefused) {
  EXPECT_EQ(read_event_properties({kFull, hex("03 00000001")}),
            fail(Errc::Truncated, "property.value", 5));
  EXPECT_EQ(read_string_properties({kFull, hex("03 00000001 00000002 ff")}),
            fail(Errc::TrailingOctets, "property", 9));
  EXPECT_EQ(read_accessibility({kFull, {}}), fail(Errc::Truncated, "property.accessibility", 0));
  EXPECT_EQ(read_array_properties({kSparse, hex("00000002 0000000c 00000001")}),
            fail(Errc::Missing, "property"));
  EXPECT_EQ(read_event_properties({kSparse, hex("00000007 0000000c 00000001")}),
            fail(Errc::UnknownType, "property.id"));
  EXPECT_EQ(read_event_properties({kSparse, hex("00000000 0000000c 00000001")}),
            fail(Errc::UnknownType, "property.id"));
  EXPECT_EQ(read_event_properties({kSparse, hex("00000002 0000000a 0001 0000")}),
            fail(Errc::Truncated, "property.value"));
  EXPECT_EQ(read_event_properties({0x0114, hex("00000000")}),
            fail(Errc::UnknownType, "property.data"));
}

}  // namespace
}  // namespace forces::pl
