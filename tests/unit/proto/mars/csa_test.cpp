// The MARS specific part of a CSA: RFC 2443 sections 3 and 5.
#include "proto/mars/csa.hpp"

#include <gtest/gtest.h>

#include "proto/scsp/fault.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::mars {
namespace {

using scsp::Fault;
using scsp::fault_of;
using test::hex;
using test::to_hex;

#define NSAP "47000580ffdc00000000020001002048061de70a"

AtmAddress source() { return {{false, *decltype(AtmNumber::octets)::from(hex(NSAP))}, {}}; }
GroupRange groups(std::uint32_t min, std::uint32_t max) {
  return {ipv4_address(min), ipv4_address(max)};
}

struct Case {
  const char* name;
  std::string_view octets;
  CacheEntry want;
};

#define HEAD(state) "000f 0800 0000000000 00 00" state

const Case kCanonical[] = {
    {"RedirectEntry",
     HEAD("01") "0000 0000 00 00 14 00" NSAP,
     {.state = State::Redirect, .source = source()}},
    {"McsRegisters",
     HEAD("02") "2000 0201 04 00 14 00 0a01014d" NSAP,
     {.state = State::McsServe,
      .flags = {0x2000},
      .cmi = 0x0201,
      .source_protocol = ipv4_address(0x0a01014d),
      .source = source()}},
    {"McsServesAGroup",
     HEAD("02") "0003 0201 00 04 14 00" NSAP "e0010203 e0010203",
     {.state = State::McsServe,
      .flags = {3},
      .cmi = 0x0201,
      .source = source(),
      .range = groups(0xe0010203, 0xe0010203)}},
    {"ClientJoinsALayer3Group",
     HEAD("03") "8007 0102 04 04 14 00 0a01010b" NSAP "ef010101 ef010101",
     {.state = State::ClientJoin,
      .flags = {0x8007},
      .cmi = 0x0102,
      .source_protocol = ipv4_address(0x0a01010b),
      .source = source(),
      .range = groups(0xef010101, 0xef010101)}},
    {"ClientJoinsABlock",
     HEAD("03") "0007 0102 00 04 14 00" NSAP "e0000000 efffffff",
     {.state = State::ClientJoin,
      .flags = {7},
      .cmi = 0x0102,
      .source = source(),
      .range = groups(0xe0000000, 0xefffffff)}},
    {"ClientDeregisters",
     HEAD("04") "2009 0101 00 00 14 00" NSAP,
     {.state = State::ClientLeave, .flags = {0x2009}, .cmi = 0x0101, .source = source()}},
    {"McsStopsServing",
     HEAD("05") "0000 0201 00 04 14 00" NSAP "e0010203 e0010203",
     {.state = State::McsUnserve,
      .cmi = 0x0201,
      .source = source(),
      .range = groups(0xe0010203, 0xe0010203)}},
    {"E164WithASubaddress",
     HEAD("01") "0000 0000 00 00 4b 14 3135353531323334353637" NSAP,
     {.state = State::Redirect,
      .source = {{true, *decltype(AtmNumber::octets)::from(hex("3135353531323334353637"))},
                 source().number}}},
};

struct Refusal {
  const char* name;
  std::string_view octets;
  Error want;
  Fault fault;
};

const Refusal kRefused[] = {
    {"StateZero",
     HEAD("00") "0000 0000 00 00 14 00" NSAP,
     {Errc::UnknownType, 111, "csa.state"},
     Fault::DiscardRecord},
    {"StateSix",
     HEAD("06") "0000 0000 00 00 14 00" NSAP,
     {Errc::UnknownType, 111, "csa.state"},
     Fault::DiscardRecord},
    {"OtherHardware",
     "0001 0800 0000000000 00 00 01 0000 0000 00 00 14 00" NSAP,
     {Errc::BadValue, 100, "csa.hardware_type"},
     Fault::DiscardRecord},
    {"NhrpsVersion",
     "000f 0800 0000000000 00 01 01 0000 0000 00 00 14 00" NSAP,
     {Errc::BadVersion, 110, "csa.version"},
     Fault::DiscardRecord},
    {"ReservedBitOfATypeAndLength",
     HEAD("01") "0000 0000 00 00 94 00" NSAP,
     {Errc::BadValue, 118, "csa.atm"},
     Fault::DiscardRecord},
    {"NumberOf21Octets",
     HEAD("01") "0000 0000 00 00 15 00" NSAP "00",
     {Errc::TooLarge, 118, "csa.atm"},
     Fault::DiscardRecord},
    {"GroupOf17Octets",
     HEAD("03") "0000 0101 00 11 14 00" NSAP,
     {Errc::TooLarge, 117, "csa.group_length"},
     Fault::DiscardRecord},
    {"NullAtmAddress",
     HEAD("01") "0000 0000 00 00 00 00",
     {Errc::Missing, 118, "csa.atm"},
     Fault::DiscardRecord},
    {"RedirectEntryWithAGroup",
     HEAD("01") "0000 0000 00 04 14 00" NSAP "e0010203 e0010203",
     {Errc::BadValue, 117, "csa.group_length"},
     Fault::DiscardRecord},
    {"RedirectEntryWithAProtocolAddress",
     HEAD("01") "0000 0000 04 00 14 00 0a010101" NSAP,
     {Errc::BadValue, 116, "csa.source_length"},
     Fault::DiscardRecord},
    {"RedirectEntryWithFlags",
     HEAD("01") "2000 0000 00 00 14 00" NSAP,
     {Errc::BadValue, 112, "csa.flags"},
     Fault::DiscardRecord},
    {"RedirectEntryWithACmi",
     HEAD("01") "0000 0001 00 00 14 00" NSAP,
     {Errc::BadValue, 114, "csa.cmi"},
     Fault::DiscardRecord},
    {"McsWithALayer3Group",
     HEAD("02") "8000 0201 00 04 14 00" NSAP "e0010203 e0010203",
     {Errc::BadValue, 112, "csa.flags"},
     Fault::DiscardRecord},
    {"RegistrationWithAGroup",
     HEAD("03") "2000 0101 00 04 14 00" NSAP "ef010101 ef010101",
     {Errc::BadValue, 117, "csa.group_length"},
     Fault::DiscardRecord},
    {"JoinWithoutAGroup",
     HEAD("03") "0000 0101 00 00 14 00" NSAP,
     {Errc::Missing, 117, "csa.group"},
     Fault::DiscardRecord},
    {"MinAboveMax",
     HEAD("03") "0000 0101 00 04 14 00" NSAP "ef010102 ef010101",
     {Errc::BadValue, 117, "csa.group"},
     Fault::DiscardRecord},
    {"Layer3GroupOfABlock",
     HEAD("03") "8000 0101 00 04 14 00" NSAP "ef010101 ef010102",
     {Errc::BadValue, 117, "csa.group"},
     Fault::DiscardRecord},
    {"CutFixedOctets",
     HEAD("01") "0000 0000 00 00 14",
     {Errc::Truncated, 119, "csa.atm_sub"},
     Fault::AbnormalEvent},
    {"Empty", "", {Errc::Truncated, 100, "csa.hardware_type"}, Fault::AbnormalEvent},
    {"CutAddress",
     HEAD("01") "0000 0000 00 00 14 00 4700",
     {Errc::Truncated, 120, "csa.atm"},
     Fault::AbnormalEvent},
    {"CutGroups",
     HEAD("03") "0000 0101 00 04 14 00" NSAP "ef010101 ef0101",
     {Errc::Truncated, 144, "csa.group"},
     Fault::AbnormalEvent},
    {"OctetsBehind",
     HEAD("01") "0000 0000 00 00 14 00" NSAP "00",
     {Errc::TrailingOctets, 140, "csa.group"},
     Fault::AbnormalEvent},
};

class MarsCsaCanonical : public testing::TestWithParam<Case> {};
class MarsCsaRefused : public testing::TestWithParam<Refusal> {};

TEST_P(MarsCsaCanonical, DecodesAndEncodesToTheSame) {
  const auto octets = hex(GetParam().octets);
  EXPECT_EQ(decode_entry(octets), GetParam().want);
  wire::ByteWriter w;
  encode_entry(GetParam().want, w);
  EXPECT_EQ(to_hex(*std::move(w).finish()), to_hex(octets));
  EXPECT_EQ(encoded_size(GetParam().want), octets.size());
}

TEST_P(MarsCsaCanonical, EveryPrefixIsRefused) {
  const auto octets = hex(GetParam().octets);
  for (std::size_t n = 0; n < octets.size(); ++n) {
    EXPECT_FALSE(decode_entry(Bytes(octets).first(n)).has_value()) << n;
  }
}

TEST_P(MarsCsaRefused, TakesTheRecordOrThePacketWithIt) {
  const auto entry = decode_entry(hex(GetParam().octets), 100);
  ASSERT_FALSE(entry.has_value());
  EXPECT_EQ(entry.error(), GetParam().want);
  EXPECT_EQ(fault_of(entry.error()), GetParam().fault);
}

const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Rfc2443, MarsCsaCanonical, testing::ValuesIn(kCanonical), kName);
INSTANTIATE_TEST_SUITE_P(Rfc2443, MarsCsaRefused, testing::ValuesIn(kRefused), kName);

TEST(MarsCsa, ReservedFlagsAreIgnoredAndNeverSent) {  // section 3
  const auto entry = decode_entry(hex(HEAD("04") "7f09 0101 00 00 14 00" NSAP));
  ASSERT_TRUE(entry.has_value());
  EXPECT_TRUE(entry->flags.registers());
  EXPECT_EQ(entry->flags.sequence(), 9);
  for (const int reserved : {0x4000, 0x1000, 0x0800, 0x0400, 0x0200, 0x0100}) {
    CacheEntry again = *entry;
    again.flags.value = static_cast<std::uint16_t>(0x2009 | reserved);
    wire::ByteWriter w;
    encode_entry(again, w);
    EXPECT_EQ(std::move(w).finish().error(), (Error{Errc::BadValue, 12, "csa.flags"})) << reserved;
  }
}

TEST(MarsCsa, UnusedOctetAndSnapOfAShortFormAreIgnored) {
  const auto entry = decode_entry(hex("000f 0800 ffffffffff ff 00 01 0000 0000 00 00 14 00" NSAP));
  EXPECT_EQ(entry, (CacheEntry{.state = State::Redirect, .source = source()}));
}

TEST(MarsCsa, WhatAStateMayNotHoldIsNotWritten) {
  wire::ByteWriter w;
  w.zeros(4);
  encode_entry({.state = State::ClientJoin, .source = source()}, w);
  EXPECT_EQ(std::move(w).finish().error(), (Error{Errc::Missing, 21, "csa.group"}));
}

TEST(MarsCmiRange, RangesOfServersAreDisjointAndWithoutZero) {  // section 2
  const CmiRange a{1, 0x1000}, b{0x1001, 0xffff};
  EXPECT_TRUE(a.contains(1) && a.contains(0x1000) && !a.contains(0) && !a.contains(0x1001));
  EXPECT_FALSE(a.overlaps(b));
  EXPECT_TRUE(a.overlaps({0x1000, 0x1000}));
  EXPECT_TRUE(b.overlaps({1, 0xffff}));
  EXPECT_EQ(a.size(), 0x1000U);
  EXPECT_EQ((CmiRange{1, 0xffff}).size(), 0xffffU);
  EXPECT_FALSE((CmiRange{0, 5}).valid());
  EXPECT_FALSE((CmiRange{6, 5}).valid());
  EXPECT_EQ((CmiRange{0, 5}).size(), 0U);
}

}  // namespace
}  // namespace forces::mars
