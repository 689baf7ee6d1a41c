// Tables of messages without their IP packet: what is tolerated, what is refused; and the codes.
#include "proto/igmp/message.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::igmp {
namespace {

using test::hex;
using test::to_hex;
using Octets = std::vector<std::byte>;

Address six(std::string_view text) { return Address::from(Family::Ipv6, hex(text)); }
const Address kFour = Address::ipv4(0xc0000201), kFourTo = Address::ipv4(0xe0000001);
const Address kSix = six("fe800000000000000000000000000001");
const Address kSixTo = six("ff020000000000000000000000000001");

// One's complement sums add up: what is missing from a right sum is the checksum.
Octets summed(Family family, std::string_view text) {
  Octets octets = hex(text);
  const bool v4 = family == Family::Ipv4;
  for (std::uint32_t sum = 0; sum <= 0xffff && octets.size() >= 8; ++sum) {
    wire::store_be<2>(&octets[2], sum);
    const auto m = decode_message(v4 ? kFour : kSix, v4 ? kFourTo : kSixTo, octets);
    if (m || m.error().code != Errc::BadChecksum) break;
  }
  return octets;
}
Result<Message> decoded(Family family, const Octets& octets) {
  const bool v4 = family == Family::Ipv4;
  return decode_message(v4 ? kFour : kSix, v4 ? kFourTo : kSixTo, octets);
}

#define G4 "ef010203"
#define G6 "ff350000000000000000000043211234"
#define ZERO6 "00000000000000000000000000000000"

struct Refused {
  const char* name;
  Family family;
  std::string_view octets;
  Error want;
};
constexpr auto k4 = Family::Ipv4, k6 = Family::Ipv6;
const Refused kRefused[] = {
    {"Nothing", k4, "", {Errc::Truncated, 0, "igmp.type"}},
    {"SevenOctets", k4, "11000000000000", {Errc::Truncated, 7, "igmp.type"}},
    {"UnknownTypeOfIgmp", k4, "13000000" G4, {Errc::UnknownType, 0, "igmp.type"}},
    {"IgmpTypeInMld", k6, "1100000000000000" G6, {Errc::UnknownType, 0, "igmp.type"}},
    {"NeighborSolicitation", k6, "8700000000000000" G6, {Errc::UnknownType, 0, "igmp.type"}},
    {"QueryOf9Octets", k4, "11640000 00000000 00", {Errc::BadLength, 9, "igmp.query"}},
    {"QueryOf11Octets", k4, "11640000 00000000 000000", {Errc::BadLength, 11, "igmp.query"}},
    {"MldQueryOf23Octets",
     k6,
     "82000000 27100000 000000000000000000000000000000",
     {Errc::Truncated, 8, "igmp.group"}},
    {"MldQueryOf26Octets",
     k6,
     "82000000 27100000" ZERO6 "027d",
     {Errc::BadLength, 26, "igmp.query"}},
    {"QueryOfAUnicastAddress", k4, "11640000 0a000001", {Errc::BadValue, 4, "igmp.group"}},
    {"MldQueryOfAUnicastAddress",
     k6,
     "82000000 03e80000 20010db8000000000000000000000001",
     {Errc::BadValue, 8, "igmp.group"}},
    {"GeneralQueryWithASource",
     k4,
     "11640000 00000000 027d0001 0a000001",
     {Errc::BadValue, 10, "igmp.sources"}},
    {"QueryOfTwoSourcesWithOne",
     k4,
     "11640000" G4 "027d0002 0a000001",
     {Errc::Truncated, 12, "igmp.source"}},
    {"QueryOf65535Sources",
     k6,
     "82000000 03e80000" G6 "027dffff",
     {Errc::Truncated, 28, "igmp.source"}},
    {"ReportOfNoGroup", k4, "16000000 00000000", {Errc::BadValue, 4, "igmp.group"}},
    {"LeaveOfAUnicastAddress", k4, "17000000 0a000001", {Errc::BadValue, 4, "igmp.group"}},
    {"MldReportWithoutAGroup", k6, "83000000 00000000", {Errc::Truncated, 8, "igmp.group"}},
    {"MoreRecordsThanOctets",
     k4,
     "22000000 00000002 04000000" G4,
     {Errc::Truncated, 16, "igmp.record.type"}},
    {"RecordOfMoreSourcesThanOctets",
     k4,
     "22000000 00000001 04000002" G4 "0a000001",
     {Errc::Truncated, 16, "igmp.record.source"}},
    {"RecordOfMoreAuxiliaryDataThanOctets",
     k4,
     "22000000 00000001 04020000" G4 "0a000001",
     {Errc::Truncated, 16, "igmp.record.auxiliary"}},
    {"MldRecordCutInItsGroup",
     k6,
     "8f000000 00000001 04000000 ff35",
     {Errc::Truncated, 12, "igmp.record.group"}},
};

class IgmpMessageRefused : public testing::TestWithParam<Refused> {};
TEST_P(IgmpMessageRefused, WithItsReason) {
  const Refused& c = GetParam();
  EXPECT_EQ(decoded(c.family, summed(c.family, c.octets)), fail(c.want));
}
INSTANTIATE_TEST_SUITE_P(Rfc3376Rfc3810, IgmpMessageRefused, testing::ValuesIn(kRefused),
                         [](const auto& c) { return c.param.name; });

TEST(IgmpMessage, AWrongChecksumIsRefusedBeforeAnythingElse) {  // RFC 3376 section 4.1.2
  Octets octets = summed(k4, "16000000" G4);
  octets[3] ^= std::byte{1};
  EXPECT_EQ(decoded(k4, octets), fail(Errc::BadChecksum, "igmp.checksum", 2));
  octets = summed(k6, "8300000000000000" G6);
  ASSERT_TRUE(decoded(k6, octets).has_value());
  const auto elsewhere = decode_message(kSix, kSix, octets);  // RFC 3810 section 5.1.2
  EXPECT_EQ(elsewhere, fail(Errc::BadChecksum, "igmp.checksum", 2)) << "the pseudo-header counts";
}

TEST(IgmpMessage, TheLengthOfAQuerySaysItsVersion) {  // RFC 3376 section 7.1, RFC 3810 section 8.1
  const auto version = [](Family family, std::string_view octets) {
    return std::get<Query>(decoded(family, summed(family, octets)).value()).version;
  };
  EXPECT_EQ(version(k4, "11000000 00000000"), Version::V1);
  EXPECT_EQ(version(k4, "11010000 00000000"), Version::V2);
  EXPECT_EQ(version(k4, "11010000 00000000 00000000"), Version::V3);
  EXPECT_EQ(version(k4, "11000000 00000000 00000000"), Version::V3);
  EXPECT_EQ(version(k6, "82000000 00000000" ZERO6), Version::V2);
  EXPECT_EQ(version(k6, "82000000 00000000" ZERO6 "00000000"), Version::V3);
}

TEST(IgmpMessage, WhatStandsBehindAMessageIsIgnoredButSummed) {  // RFC 2236 section 2.5
  const Octets longer = summed(k4, "16000000" G4 "01020304 05");
  EXPECT_EQ(decoded(k4, longer).value(), Message(Report{Version::V2, Address::ipv4(0xef010203)}));
  Octets damaged = longer;
  damaged.back() ^= std::byte{1};
  EXPECT_FALSE(decoded(k4, damaged).has_value());
}

TEST(IgmpMessage, ReservedFieldsAreIgnored) {
  EXPECT_EQ(decoded(k4, summed(k4, "16ff0000" G4)).value(),
            Message(Report{Version::V2, Address::ipv4(0xef010203)}));
  EXPECT_EQ(decoded(k6, summed(k6, "84ff0000 1234 5678" G6)).value(), Message(Leave{six(G6)}));
  const Octets report = summed(k4, "22ff0000 ffff0001 02000000" G4);
  EXPECT_EQ(std::get<Records>(decoded(k4, report).value()).size(), 1U);
}

TEST(IgmpMessage, WhatCannotBeSaidIsAnError) {
  const auto refused = [](const Address& from, const Address& to, const Message& m) {
    wire::ByteWriter w;
    encode_message(from, to, m, w);
    return !w.ok();
  };
  using std::chrono::milliseconds;
  const Address group = Address::ipv4(0xef010203);
  EXPECT_TRUE(refused(kFour, kFourTo, Query{.version = Version::V2, .group = group}))
      << "a code of 0 says version 1";
  EXPECT_TRUE(
      refused(kFour, kFourTo,
              Query{.version = Version::V2, .group = group, .max_response = milliseconds(25'600)}));
  EXPECT_FALSE(
      refused(kFour, kFourTo,
              Query{.version = Version::V2, .group = group, .max_response = milliseconds(25'500)}));
  EXPECT_TRUE(refused(kSix, kSixTo, Query{.version = Version::V1, .group = six(G6)}));
  EXPECT_TRUE(refused(kSix, kSixTo, Report{Version::V1, six(G6)}));
  wire::ByteWriter w;
  append_record(RecordType::IsInclude, group, std::vector<Address>(65'536, kFour), w);
  EXPECT_FALSE(w.ok());
}

// RFC 3376 sections 4.1.1 and 4.1.7, RFC 3810 section 5.1.3.
TEST(IgmpCodes, ValuesAreThoseOfTheFigures) {
  EXPECT_EQ(value_of_code8(127), 127U);
  EXPECT_EQ(value_of_code8(0x80), 128U);  // 0x10 << 3
  EXPECT_EQ(value_of_code8(0xff), 31'744U);
  EXPECT_EQ(value_of_code16(0x7fff), 32'767U);
  EXPECT_EQ(value_of_code16(0x8000), 32'768U);
  EXPECT_EQ(value_of_code16(0xffff), 8'387'584U);
}
TEST(IgmpCodes, EveryCodeIsTheLargestBelowItsValue) {
  for (std::uint32_t c = 0; c <= 0xff; ++c) {
    EXPECT_EQ(code8_of(value_of_code8(static_cast<std::uint8_t>(c))), c);
    if (c < 0xff) {
      const auto next = value_of_code8(static_cast<std::uint8_t>(c + 1));
      EXPECT_EQ(code8_of(next - 1), c);
    }
  }
  for (std::uint32_t c = 0; c <= 0xffff; ++c) {
    EXPECT_EQ(code16_of(value_of_code16(static_cast<std::uint16_t>(c))), c);
  }
  EXPECT_EQ(code8_of(1'000'000), 0xff);
  EXPECT_EQ(code16_of(~std::uint64_t{0}), 0xffff);
}

TEST(IgmpAddress, GroupsOfTheLink) {  // RFC 3376 section 6, RFC 3810 section 6
  EXPECT_TRUE(Address::ipv4(0xe0000005).is_of_the_link());
  EXPECT_FALSE(Address::ipv4(0xe0000105).is_of_the_link());
  EXPECT_FALSE(Address::ipv4(0xe1000005).is_of_the_link());
  EXPECT_TRUE(six("ff020000000000000000000000000005").is_of_the_link());
  EXPECT_TRUE(six("ff310000000000000000000000000005").is_of_the_link());
  EXPECT_FALSE(six("ff050000000000000000000000000005").is_of_the_link());
  EXPECT_FALSE(six("fe020000000000000000000000000005").is_of_the_link());
  EXPECT_TRUE(six("febf0000000000000000000000000005").is_link_local());
  EXPECT_FALSE(six("fec00000000000000000000000000005").is_link_local());
}
TEST(IgmpAddress, WhereTheRfcsSend) {
  EXPECT_EQ(to_hex(all_systems(k4).bytes()), "e0000001");
  EXPECT_EQ(to_hex(all_routers(k4).bytes()), "e0000002");
  EXPECT_EQ(to_hex(all_report_listeners(k4).bytes()), "e0000016");
  EXPECT_EQ(to_hex(all_report_listeners(k6).bytes()), "ff020000000000000000000000000016");
}

}  // namespace
}  // namespace forces::igmp
