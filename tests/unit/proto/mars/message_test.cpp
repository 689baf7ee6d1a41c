// Tables of messages: each operation as we send it, what is tolerated, what is refused. RFC 2022
// sections 4, 5 and 10.
#include "proto/mars/message.hpp"

#include <gtest/gtest.h>

#include "proto/wire/checksum.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::mars {
namespace {

using test::hex;
using test::to_hex;

// The hex of the tables has zeros for the checksum, which is "not computed"; this one computes it.
Octets summed(std::string_view text) {
  auto octets = hex(text);
  if (octets.size() >= 14) wire::store_be<2>(&octets[12], wire::internet_checksum(octets));
  return octets;
}

AtmNumber nsap(int last) {
  auto octets = hex("47000580ffdc00000000020001002048061de700");
  octets.back() = static_cast<std::byte>(last);
  return {false, *decltype(AtmNumber::octets)::from(octets)};
}
AtmNumber e164() {
  return {true, *decltype(AtmNumber::octets)::from(hex("3135353531323334353637"))};
}
ProtocolAddress ipv4(std::uint32_t value) { return ipv4_address(value); }

constexpr std::uint16_t kFlagsOfAll = 0xf0ff;

// 20 octets of header up to mar$sstl; NSAP source without subaddress.
#define HEAD(op) "000f 0800 0000000000 000000 0000 0000 00" op "14 00"
#define NSAP(last) "47000580ffdc00000000020001002048061de7" last

struct Case {
  const char* name;
  std::string_view octets;
  Message want;
};

const Case kCanonical[] = {
    {"Request",
     HEAD("01") "04 00 00 04 0000000000000000" NSAP("0a") "0a01010a ef010101",
     {.operation = Operation::Request,
      .source = {nsap(0x0a), {}},
      .source_protocol = ipv4(0x0a01010a),
      .group = ipv4(0xef010101)}},
    {"Nak",
     HEAD("06") "04 00 00 04 0000000000000000" NSAP("0a") "0a01010a ef010101",
     {.operation = Operation::Nak,
      .source = {nsap(0x0a), {}},
      .source_protocol = ipv4(0x0a01010a),
      .group = ipv4(0xef010101)}},
    {"RequestWithATarget",
     HEAD("01") "00 14 00 04 0000000000000000" NSAP("0a") "ef010101" NSAP("0b"),
     {.operation = Operation::Request,
      .source = {nsap(0x0a), {}},
      .group = ipv4(0xef010101),
      .targets = {{nsap(0x0b), {}}}}},
    {"Multi",
     HEAD("02") "04 14 00 04 0002 8001 00000103" NSAP("0a") "0a01010a ef010101" NSAP("0b")
         NSAP("0c"),
     {.operation = Operation::Multi,
      .source = {nsap(0x0a), {}},
      .source_protocol = ipv4(0x0a01010a),
      .msn = 259,
      .group = ipv4(0xef010101),
      .targets = {{nsap(0x0b), {}}, {nsap(0x0c), {}}}}},
    {"MultiOfE164WithSubaddresses",
     HEAD("02") "04 4b 14 04 0001 0002 00000103" NSAP("0a") "0a01010a ef010101"
                                                            "3135353531323334353637" NSAP("0c"),
     {.operation = Operation::Multi,
      .source = {nsap(0x0a), {}},
      .source_protocol = ipv4(0x0a01010a),
      .msn = 259,
      .group = ipv4(0xef010101),
      .last = false,
      .part = 2,
      .targets = {{e164(), nsap(0x0c)}}}},
    {"MservRegisters",
     HEAD("03") "00 04 0000 2000 0000 00000000" NSAP("4d"),
     {.operation = Operation::Mserv, .source = {nsap(0x4d), {}}, .flags = {0x2000}}},
    {"MservOfAGroup",
     HEAD("03") "00 04 0001 0000 0000 00000000" NSAP("4d") "e0010203 e0010203",
     {.operation = Operation::Mserv,
      .source = {nsap(0x4d), {}},
      .ranges = {{ipv4(0xe0010203), ipv4(0xe0010203)}}}},
    {"JoinWithAllFlags",
     HEAD("04") "04 04 0001 f0ff 0102 ffffffff" NSAP("0a") "0a01010a"
                                                           "ef010101 ef010101",
     {.operation = Operation::Join,
      .source = {nsap(0x0a), {}},
      .source_protocol = ipv4(0x0a01010a),
      .flags = {kFlagsOfAll},
      .cmi = 0x0102,
      .ranges = {{ipv4(0xef010101), ipv4(0xef010101)}},
      .msn = 0xffffffff}},
    {"JoinWithHoles",
     HEAD("04") "04 04 0002 5007 0000 00000102" NSAP("0c") "0a01010c"
                                                           "e0000000 e0010202 e0010204 efffffff",
     {.operation = Operation::Join,
      .source = {nsap(0x0c), {}},
      .source_protocol = ipv4(0x0a01010c),
      .flags = {0x5007},
      .ranges = {{ipv4(0xe0000000), ipv4(0xe0010202)}, {ipv4(0xe0010204), ipv4(0xefffffff)}},
      .msn = 258}},
    {"RegistrationThatSaysOnePair",
     HEAD("04") "00 00 0001 2005 0000 00000000" NSAP("0a"),
     {.operation = Operation::Join, .source = {nsap(0x0a), {}}, .flags = {0x2005}, .ranges = {{}}}},
    {"LeaveOfIpv6",
     "000f 86dd 0000000000 000000 0000 0000 0005 14 00 10 10 0001 8008 0000 00000000" NSAP(
         "0a") "20010db8000000000000000000000001"
               "ff050000000000000000000000000001 ff050000000000000000000000000001",
     {.operation = Operation::Leave,
      .protocol = kIpv6,
      .source = {nsap(0x0a), {}},
      .source_protocol = *ProtocolAddress::from(hex("20010db8000000000000000000000001")),
      .flags = {0x8008},
      .ranges = {{*ProtocolAddress::from(hex("ff050000000000000000000000000001")),
                  *ProtocolAddress::from(hex("ff050000000000000000000000000001"))}}}},
    {"LeaveOfALongFormProtocol",
     "000f 0080 0000008137 000000 0000 0000 0005 14 00 00 01 0001 0000 0000 00000000" NSAP(
         "0a") "05 07",
     {.operation = Operation::Leave,
      .protocol = {0x0080,
                   {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0x81}, std::byte{0x37}}},
      .source = {nsap(0x0a), {}},
      .ranges = {{*ProtocolAddress::from(hex("05")), *ProtocolAddress::from(hex("07"))}}}},
    {"Unserv",
     HEAD("07") "00 04 0001 0000 0000 00000000" NSAP("4d") "e0010203 e0010203",
     {.operation = Operation::Unserv,
      .source = {nsap(0x4d), {}},
      .ranges = {{ipv4(0xe0010203), ipv4(0xe0010203)}}}},
    {"Sjoin",
     HEAD("08") "04 04 0001 c006 0000 00000007" NSAP("0a") "0a01010a ef010101 ef010101",
     {.operation = Operation::Sjoin,
      .source = {nsap(0x0a), {}},
      .source_protocol = ipv4(0x0a01010a),
      .flags = {0xc006},
      .ranges = {{ipv4(0xef010101), ipv4(0xef010101)}},
      .msn = 7}},
    {"Sleave",
     HEAD("09") "04 04 0000 4006 0000 00000007" NSAP("0a") "0a01010a",
     {.operation = Operation::Sleave,
      .source = {nsap(0x0a), {}},
      .source_protocol = ipv4(0x0a01010a),
      .flags = {0x4006},
      .msn = 7}},
    {"GrouplistRequest",
     HEAD("0a") "04 04 0001 0000 0000 00000000" NSAP("0c") "0a01010c"
                                                           "e0000000 efffffff",
     {.operation = Operation::GrouplistRequest,
      .source = {nsap(0x0c), {}},
      .source_protocol = ipv4(0x0a01010c),
      .ranges = {{ipv4(0xe0000000), ipv4(0xefffffff)}}}},
    {"GrouplistReply",
     HEAD("0b") "04 00 00 04 0002 8001 00000103" NSAP("0c") "0a01010c"
                                                            "ef010101 ef010102",
     {.operation = Operation::GrouplistReply,
      .source = {nsap(0x0c), {}},
      .source_protocol = ipv4(0x0a01010c),
      .msn = 259,
      .groups = {ipv4(0xef010101), ipv4(0xef010102)}}},
    {"GrouplistReplyWithoutGroups",
     HEAD("0b") "04 00 00 10 0000 8001 00000103" NSAP("0c") "0a01010c",
     {.operation = Operation::GrouplistReply,
      .source = {nsap(0x0c), {}},
      .source_protocol = ipv4(0x0a01010c),
      .msn = 259,
      .group_length = 16}},
    {"RedirectMapHard",
     HEAD("0c") "00 14 00 80 0002 8001 00000106" NSAP("01") NSAP("02") NSAP("01"),
     {.operation = Operation::RedirectMap,
      .source = {nsap(1), {}},
      .msn = 262,
      .hard = true,
      .targets = {{nsap(2), {}}, {nsap(1), {}}}}},
    {"RedirectMapSoftOfNobody",
     HEAD("0c") "00 00 00 00 0000 8001 00000106" NSAP("01"),
     {.operation = Operation::RedirectMap, .source = {nsap(1), {}}, .msn = 262}},
    {"Migrate",
     HEAD("0d") "04 14 00 04 0001 0000 00000107" NSAP("01") "0a010101 e0010203" NSAP("4d"),
     {.operation = Operation::Migrate,
      .source = {nsap(1), {}},
      .source_protocol = ipv4(0x0a010101),
      .msn = 263,
      .group = ipv4(0xe0010203),
      .targets = {{nsap(0x4d), {}}}}},
    {"OnlyTheNullTlv",
     "000f 0800 0000000000 000000 0000 0034 0006 14 00 00 00 00 00 0000000000000000" NSAP(
         "0a") "0000 0000",
     {.operation = Operation::Nak, .source = {nsap(0x0a), {}}, .null_tlv = true}},
    {"TlvsOfEveryPadding",
     "000f 0800 0000000000 000000 0000 0038 0006 14 00 01 00 00 00 0000000000000000" NSAP(
         "0a") "07 000000  3801 0001 aa000000  3801 0002 aabb0000  f800 0003 aabbcc00  3802 0004 "
               "aabbccdd"
               "3803 0000  0000 0000",
     {.operation = Operation::Nak,
      .source = {nsap(0x0a), {}},
      .source_protocol = *ProtocolAddress::from(hex("07")),
      .tlvs = {{0x3801, hex("aa")},
               {0x3801, hex("aabb")},
               {0xf800, hex("aabbcc")},
               {0x3802, hex("aabbccdd")},
               {0x3803, {}}}}},
};

const Case kTolerated[] = {
    {"ReservedFieldsAreIgnored",
     "000f 0800 ffffffffff ffffff 0000 0000 0001 14 40 04 00 40 04 ffffffffffffffff" NSAP(
         "0a") "0a01010a ef010101",
     {.operation = Operation::Request,
      .source = {nsap(0x0a), {}},
      .source_protocol = ipv4(0x0a01010a),
      .group = ipv4(0xef010101)}},
    {"ReservedFlagsAreKept",
     HEAD("04") "00 04 0000 2f05 0000 00000000" NSAP("0a"),
     {.operation = Operation::Join, .source = {nsap(0x0a), {}}, .flags = {0x2f05}}},
    {"ReservedFieldsOfARedirectMap",
     HEAD("0c") "04 14 00 7f 0001 8001 00000106" NSAP("01") NSAP("02"),
     {.operation = Operation::RedirectMap,
      .source = {nsap(1), {}},
      .msn = 262,
      .targets = {{nsap(2), {}}}}},
    {"ReservedFieldOfAMigrate",
     HEAD("0d") "00 14 00 04 0001 8001 00000107" NSAP("01") "e0010203" NSAP("4d"),
     {.operation = Operation::Migrate,
      .source = {nsap(1), {}},
      .msn = 263,
      .group = ipv4(0xe0010203),
      .targets = {{nsap(0x4d), {}}}}},
    {"LowBitsOfExtoffAreMasked",
     "000f 0800 0000000000 000000 0000 0037 0006 14 00 00 00 00 00 0000000000000000" NSAP(
         "0a") "0000 0000",
     {.operation = Operation::Nak, .source = {nsap(0x0a), {}}, .null_tlv = true}},
    {"ExtoffOfLowBitsOnlyIsNone",
     "000f 0800 0000000000 000000 0000 0003 0006 14 00 00 00 00 00 0000000000000000" NSAP("0a"),
     {.operation = Operation::Nak, .source = {nsap(0x0a), {}}}},
    {"PaddingOfTlvsIsIgnored",
     "000f 0800 0000000000 000000 0000 0038 0006 14 00 01 00 00 00 0000000000000000" NSAP(
         "0a") "07 ffffff  3801 0001 aaffffff  0000 0000",
     {.operation = Operation::Nak,
      .source = {nsap(0x0a), {}},
      .source_protocol = *ProtocolAddress::from(hex("07")),
      .tlvs = {{0x3801, hex("aa")}}}},
};

struct Refusal {
  const char* name;
  std::string_view octets;
  Error want;
};

#define TLVS \
  "000f 0800 0000000000 000000 0000 0034 0006 14 00 00 00 00 00 0000000000000000" NSAP("0a")

const Refusal kRefused[] = {
    {"OtherAddressFamily",
     "0001 0800 0000000000 000000 0000 0000 0001 14 00",
     {Errc::BadValue, 0, "mars.afn"}},
    {"NhrpsVersion",
     "000f 0800 0000000000 000000 0000 0000 0101 14 00",
     {Errc::BadVersion, 16, "mars.op.version"}},
    {"OperationZero", HEAD("00"), {Errc::UnknownType, 17, "mars.op.type"}},
    {"OperationFourteen", HEAD("0e"), {Errc::UnknownType, 17, "mars.op.type"}},
    {"SjoinOfTheDraft", HEAD("12"), {Errc::UnknownType, 17, "mars.op.type"}},
    {"NullSource",
     "000f 0800 0000000000 000000 0000 0000 0004 00 00 00 04 0000 2000 0000 00000000",
     {Errc::BadLength, 18, "mars.shtl"}},
    {"ReservedBitOfATypeAndLength",
     "000f 0800 0000000000 000000 0000 0000 0004 94 00",
     {Errc::BadValue, 18, "mars.shtl"}},
    {"NumberOf21Octets",
     "000f 0800 0000000000 000000 0000 0000 0004 15 00",
     {Errc::TooLarge, 18, "mars.shtl"}},
    {"SubaddressOf63Octets",
     "000f 0800 0000000000 000000 0000 0000 0004 14 3f",
     {Errc::TooLarge, 19, "mars.sstl"}},
    {"SourceProtocolAddressOf17Octets",
     HEAD("04") "11 04 0000 2000 0000 00000000" NSAP("0a"),
     {Errc::TooLarge, 20, "mars.spln"}},
    {"GroupAddressOf17Octets",
     HEAD("04") "04 11 0000 2000 0000 00000000" NSAP("0a"),
     {Errc::TooLarge, 21, "mars.tpln"}},
    {"CutHeader",
     "000f 0800 0000000000 000000 0000 0000 0004 14",
     {Errc::Truncated, 19, "mars.sstl"}},
    {"CutSource",
     HEAD("04") "00 04 0000 2000 0000 00000000 4700",
     {Errc::Truncated, 32, "mars.sha"}},
    {"MorePairsThanOctets",
     HEAD("04") "00 04 0002 0000 0000 00000000" NSAP("0a") "ef010101 ef010101",
     {Errc::Truncated, 52, "mars.pnum"}},
    {"FewerPairsThanOctets",
     HEAD("04") "00 04 0000 0000 0000 00000000" NSAP("0a") "ef010101 ef010101",
     {Errc::TrailingOctets, 52, "mars.extoff"}},
    {"TwoPairsWithoutOctets",
     HEAD("04") "00 00 0002 2000 0000 00000000" NSAP("0a"),
     {Errc::BadLength, 52, "mars.pnum"}},
    {"ManyPairsWithoutOctets",
     HEAD("04") "00 00 ffff 2000 0000 00000000" NSAP("0a"),
     {Errc::BadLength, 52, "mars.pnum"}},
    {"MinAboveMax",
     HEAD("04") "00 04 0001 0000 0000 00000000" NSAP("0a") "ef010102 ef010101",
     {Errc::BadValue, 52, "mars.max"}},
    {"PairsThatTouch",
     HEAD("04") "00 04 0002 0000 0000 00000000" NSAP("0a") "ef010101 ef010102 ef010102 ef010103",
     {Errc::BadValue, 60, "mars.min"}},
    {"PairsThatDescend",
     HEAD("04") "00 04 0002 0000 0000 00000000" NSAP("0a") "ef010105 ef010105 ef010102 ef010103",
     {Errc::BadValue, 60, "mars.min"}},
    {"MoreTargetsThanOctets",
     HEAD("02") "00 14 00 00 0002 8001 00000103" NSAP("0a") NSAP("0b"),
     {Errc::Truncated, 52, "mars.tnum"}},
    {"ManyTargetsWithoutOctets",
     HEAD("02") "00 00 00 00 ffff 8001 00000103" NSAP("0a"),
     {Errc::BadLength, 52, "mars.tnum"}},
    {"ManyGroupsWithoutOctets",
     HEAD("0b") "00 00 00 00 ffff 8001 00000103" NSAP("0a"),
     {Errc::BadLength, 52, "mars.tnum"}},
    {"GrouplistReplyWithAnAtmLength",
     HEAD("0b") "00 14 00 04 0001 8001 00000103" NSAP("0a") "ef010101",
     {Errc::BadLength, 21, "mars.thtl"}},
    {"OctetsBehindTheMessage",
     HEAD("06") "00 00 00 00 0000000000000000" NSAP("0a") "00",
     {Errc::TrailingOctets, 52, "mars.extoff"}},
    {"ExtoffInTheAddresses",
     "000f 0800 0000000000 000000 0000 0030 0006 14 00 00 00 00 00 0000000000000000" NSAP(
         "0a") "0000 0000",
     {Errc::BadValue, 14, "mars.extoff"}},
    {"ExtoffBehindAGap",
     "000f 0800 0000000000 000000 0000 0038 0006 14 00 00 00 00 00 0000000000000000" NSAP(
         "0a") "00000000 0000 0000",
     {Errc::BadValue, 14, "mars.extoff"}},
    {"NoTlvWhereExtoffPoints", TLVS, {Errc::Missing, 52, "mars.tlv.null"}},
    {"NoNullTlv", TLVS "3801 0004 aabbccdd", {Errc::Missing, 60, "mars.tlv.null"}},
    {"NullTlvWithALength", TLVS "0000 0004 aabbccdd", {Errc::BadLength, 54, "mars.tlv.null"}},
    {"OctetsBehindTheNullTlv",
     TLVS "0000 0000 0000 0000",
     {Errc::TrailingOctets, 56, "mars.tlv.null"}},
    {"TlvBeyondTheEnd",
     TLVS "3801 0009 aabbccdd 0000 0000",
     {Errc::Truncated, 56, "mars.tlv.length"}},
    {"TlvWithoutItsPadding", TLVS "3801 0001 aa", {Errc::Truncated, 57, "mars.tlv.padding"}},
};

class MarsMessageCanonical : public testing::TestWithParam<Case> {};
class MarsMessageTolerated : public testing::TestWithParam<Case> {};
class MarsMessageRefused : public testing::TestWithParam<Refusal> {};

TEST_P(MarsMessageCanonical, DecodesAndEncodesToTheSame) {
  const auto octets = summed(GetParam().octets);
  const auto message = decode_message(octets);
  ASSERT_TRUE(message.has_value()) << testing::PrintToString(message.error());
  EXPECT_EQ(*message, GetParam().want);
  EXPECT_EQ(to_hex(*encode_message(GetParam().want)), to_hex(octets));
  EXPECT_EQ(encoded_size(GetParam().want), octets.size());
}

TEST_P(MarsMessageCanonical, EveryPrefixIsRefused) {
  auto octets = hex(GetParam().octets);  // without a checksum: the parts themselves must tell
  for (std::size_t n = 0; n < octets.size(); ++n) {
    EXPECT_FALSE(decode_message(Bytes(octets).first(n)).has_value()) << n;
  }
}

TEST_P(MarsMessageTolerated, IsReadAsItShouldBe) {
  const auto message = decode_message(summed(GetParam().octets));
  ASSERT_TRUE(message.has_value()) << testing::PrintToString(message.error());
  EXPECT_EQ(*message, GetParam().want);
}

TEST_P(MarsMessageRefused, SaysWhatAndWhere) {
  const auto message = decode_message(summed(GetParam().octets));
  ASSERT_FALSE(message.has_value());
  EXPECT_EQ(message.error(), GetParam().want);
}

const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Rfc2022, MarsMessageCanonical, testing::ValuesIn(kCanonical), kName);
INSTANTIATE_TEST_SUITE_P(Rfc2022, MarsMessageTolerated, testing::ValuesIn(kTolerated), kName);
INSTANTIATE_TEST_SUITE_P(Rfc2022, MarsMessageRefused, testing::ValuesIn(kRefused), kName);

TEST(MarsMessage, AChecksumCountsOnlyWhenItIsThere) {  // section 4.3.3
  const std::string_view text = HEAD("06") "00 00 00 00 0000000000000000" NSAP("0a");
  auto octets = hex(text);
  EXPECT_FALSE(decode_message(octets)->checksummed);
  EXPECT_EQ(to_hex(*encode_message(*decode_message(octets))), to_hex(octets));
  octets = summed(text);
  EXPECT_TRUE(decode_message(octets)->checksummed);
  octets[13] ^= std::byte{1};
  EXPECT_EQ(decode_message(octets), fail(Errc::BadChecksum, "mars.chksum", 12));
}

TEST(MarsMessage, TlvsAreLimited) {
  const auto with = [](std::size_t n) {
    std::string body;
    for (std::size_t i = 0; i < n; ++i) body += "38010000";
    return decode_message(summed(TLVS + body + "00000000"));
  };
  EXPECT_TRUE(with(kMaxTlvs).has_value());
  EXPECT_EQ(with(kMaxTlvs + 1), fail(Errc::TooMany, "mars.tlv", 52 + 4 * kMaxTlvs));
}

TEST(MarsMessage, WhatCannotBeSaidIsRefused) {
  const auto error = [](Message m) {
    if (m.source.empty()) m.source = {nsap(1), {}};
    const auto octets = encode_message(m);
    return octets ? Error{} : octets.error();
  };
  const AtmAddress one{nsap(1), {}}, other{e164(), {}};
  const auto a = ipv4(0xe0000001), b = ipv4(0xe0000002);
  EXPECT_EQ(error({}).field, "mars.op.type");
  EXPECT_EQ(encode_message({.operation = Operation::Nak}), fail(Errc::BadLength, "mars.shtl", 18));
  EXPECT_EQ(error({.operation = Operation::Join, .flags = {0x0100}}).field, "mars.flags");
  EXPECT_EQ(error({.operation = Operation::Join, .ranges = {{b, a}}}).field, "mars.max");
  EXPECT_EQ(error({.operation = Operation::Join, .ranges = {{a, b}, {b, b}}}).field, "mars.min");
  EXPECT_EQ(error({.operation = Operation::Join,
                   .ranges = {{a, *ProtocolAddress::from(hex("ff00000000"))}}})
                .field,
            "mars.max");
  EXPECT_EQ(error({.operation = Operation::Multi, .targets = {one, other}}),
            (Error{Errc::BadLength, 72, "mars.tha"}));
  EXPECT_EQ(error({.operation = Operation::Multi, .targets = {AtmAddress{}}}).field, "mars.tha");
  EXPECT_EQ(error({.operation = Operation::Multi, .part = 0x8000}).field, "mars.seqxy");
  EXPECT_EQ(error({.operation = Operation::Request, .targets = {one, one}}).code, Errc::TooMany);
  EXPECT_EQ(error({.operation = Operation::RedirectMap, .source_protocol = a}).field, "mars.spln");
  EXPECT_EQ(error({.operation = Operation::Multi, .groups = {a}}).field, "mars.mgrp");
  EXPECT_EQ(error({.operation = Operation::Join, .targets = {one}}).field, "mars.tha");
  EXPECT_EQ(error({.operation = Operation::Multi, .ranges = {{a, b}}}).field, "mars.pnum");
  EXPECT_EQ(error({.operation = Operation::GrouplistReply, .targets = {one}}).field, "mars.tha");
  EXPECT_EQ(error({.operation = Operation::Nak, .tlvs = {{0, {}}}}).field, "mars.tlv.type");
  EXPECT_EQ(error({.operation = Operation::Nak, .tlvs = {{1, Octets(0x10000)}}}).field,
            "mars.tlv.length");
  EXPECT_EQ(
      error({.operation = Operation::RedirectMap, .targets = std::vector<AtmAddress>(4000, one)})
          .field,
      "mars.length");
}

TEST(MarsAddress, OrderIsThatOfUnsignedOctets) {
  EXPECT_LT(ipv4(0x7fffffff), ipv4(0x80000000));
  EXPECT_LT(ipv4(0xe00000ff), ipv4(0xe0000100));
  const GroupRange range{ipv4(0xe0000001), ipv4(0xe0000100)};
  EXPECT_TRUE(range.contains(ipv4(0xe0000001)));
  EXPECT_TRUE(range.contains(ipv4(0xe0000100)));
  EXPECT_FALSE(range.contains(ipv4(0xe0000101)));
  EXPECT_FALSE(range.contains(*ProtocolAddress::from(hex("e000"))));  // of another length
  EXPECT_FALSE(range.single());
  EXPECT_EQ(ProtocolAddress::from(Octets(17)), std::nullopt);
}

TEST(MarsNames, EveryNumberHasOneAndOthersAreUnknown) {
  EXPECT_EQ(to_string(Operation::Request), "MARS_REQUEST");
  EXPECT_EQ(to_string(Operation::Migrate), "MARS_MIGRATE");
  EXPECT_EQ(to_string(Operation{14}), "Unknown");
  EXPECT_EQ(to_string(State::McsUnserve), "mcs_unserve");
  EXPECT_EQ(to_string(State{6}), "unknown");
}

TEST(MarsFlags, BitsAreWhereTheFiguresHaveThem) {
  EXPECT_EQ(Flags{}.with_layer3_group(true).value, 0x8000);
  EXPECT_EQ(Flags{}.with_copy(true).value, 0x4000);
  EXPECT_EQ(Flags{}.with_registers(true).value, 0x2000);
  EXPECT_EQ(Flags{}.with_punched(true).value, 0x1000);
  EXPECT_EQ(Flags{0xf0ff}.with_sequence(7).value, 0xf007);
  EXPECT_EQ(Flags{0xf0ff}.with_copy(false).value, 0xb0ff);
  EXPECT_TRUE(Flags{0x4000}.copy() && !Flags{0x4000}.punched());
}

}  // namespace
}  // namespace forces::mars
