#include "proto/pl/header.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::pl {
namespace {

using test::hex;
using test::to_hex;

struct Case {
  const char* name;
  std::string_view octets;
  Result<Header> want;
};

const Case kCases[] = {
    {"HeartbeatAlwaysAck", "10 0f 0006  40000001 00000002  0000000000000007  c0000000",
     Header{MsgType::Heartbeat, 24, {0x40000001}, {2}, 7, {0xc0000000}}},
    {"ReservedNibbleIsIgnored", "1f 0f 0006  00000002 40000001  0000000000000000  00000000",
     Header{MsgType::Heartbeat, 24, {2}, {0x40000001}, 0, {0}}},
    {"UnknownTypeIsForTheCaller", "10 7f 0006  00000002 40000001  0000000000000000  00000000",
     Header{MsgType{0x7f}, 24, {2}, {0x40000001}, 0, {0}}},
    {"ReservedFlagsAreKept", "10 0f 0006  00000002 40000001  0000000000000000  0707ffff",
     Header{MsgType::Heartbeat, 24, {2}, {0x40000001}, 0, {0x0707ffff}}},
    {"LongestMessage", "10 03 ffff  40000001 00000002  ffffffffffffffff  00000000",
     Header{MsgType::Config, 262140, {0x40000001}, {2}, ~std::uint64_t{0}, {0}}},
    {"LengthZero", "10 0f 0000  00000002 40000001  0000000000000000  00000000",
     fail(Errc::BadLength, "pl.length", 2)},
    {"LengthOne", "10 0f 0001  00000002 40000001  0000000000000000  00000000",
     fail(Errc::BadLength, "pl.length", 2)},
    {"LengthShorterThanHeader", "10 0f 0005  00000002 40000001  0000000000000000  00000000",
     fail(Errc::BadLength, "pl.length", 2)},
    {"VersionZero", "00 0f 0006  00000002 40000001  0000000000000000  00000000",
     fail(Errc::BadVersion, "pl.version", 0)},
    {"VersionTwo", "20 0f 0006  00000002 40000001  0000000000000000  00000000",
     fail(Errc::BadVersion, "pl.version", 0)},
    {"Nothing", "", fail(Errc::Truncated, "pl.version", 0)},
    {"CutInsideCorrelator", "10 0f 0006  00000002 40000001  00000000",
     fail(Errc::Truncated, "pl.correlator", 12)},
    {"CutInsideFlags", "10 0f 0006  00000002 40000001  0000000000000000 000000",
     fail(Errc::Truncated, "pl.flags", 20)},
};

class PlHeaderDecode : public testing::TestWithParam<Case> {};

TEST_P(PlHeaderDecode, GivesTheExpectedResult) {
  const auto octets = hex(GetParam().octets);
  EXPECT_EQ(decode_header(octets), GetParam().want);
}

TEST_P(PlHeaderDecode, EncodesWhatItDecoded) {
  if (!GetParam().want) return;
  auto octets = hex(GetParam().octets);
  octets[0] = std::byte{0x10};  // reserved bits are sent as 0
  wire::ByteWriter w;
  encode_header(*GetParam().want, w);
  EXPECT_EQ(std::move(w).finish(), octets);
}

INSTANTIATE_TEST_SUITE_P(Rfc5810Section6_1, PlHeaderDecode, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

TEST(PlHeaderEncode, RefusesALengthTheHeaderCannotSay) {
  const std::pair<std::size_t, Errc> cases[] = {
      {262144, Errc::TooLarge}, {20, Errc::BadLength}, {25, Errc::BadLength}};
  for (const auto& [length, code] : cases) {
    wire::ByteWriter w;
    encode_header({.type = MsgType::Config, .length = length}, w);
    EXPECT_EQ(std::move(w).finish(), fail(code, "pl.length", 2)) << length;
  }
}

TEST(PlFlags, EveryFieldStandsWhereTheFigureDrawsIt) {  // RFC 5810 figure 13
  EXPECT_EQ(Flags{}.with_ack(Ack::Always).value, 0xc0000000u);
  EXPECT_EQ(Flags{}.with_priority(7).value, 0x38000000u);
  EXPECT_EQ(Flags{}.with_execution_mode(ExecutionMode::ContinueOnFailure).value, 0x00c00000u);
  EXPECT_EQ(Flags{}.with_atomic(true).value, 0x00200000u);
  EXPECT_EQ(Flags{}.with_phase(TransactionPhase::Abort).value, 0x00180000u);
}

TEST(PlFlags, AFieldIsReadBackAndItsNeighboursAreLeftAlone) {
  const Flags all{0xffffffff};
  const Flags flags = all.with_ack(Ack::Failure)
                          .with_priority(5)
                          .with_execution_mode(ExecutionMode::AllOrNone)
                          .with_atomic(false)
                          .with_phase(TransactionPhase::End);
  EXPECT_EQ(flags.ack(), Ack::Failure);
  EXPECT_EQ(flags.priority(), 5u);
  EXPECT_EQ(flags.execution_mode(), ExecutionMode::AllOrNone);
  EXPECT_FALSE(flags.atomic());
  EXPECT_EQ(flags.phase(), TransactionPhase::End);
  EXPECT_EQ(flags.value & 0x0707ffff, 0x0707ffffu);
}

TEST(PlIds, AreClassifiedByTheirTopBits) {  // RFC 5810 section 6.1, figure 12
  const std::pair<std::uint32_t, IdKind> cases[] = {
      {0x00000000, IdKind::Fe},         {0x3fffffff, IdKind::Fe},
      {0x40000000, IdKind::Ce},         {0x7fffffff, IdKind::Ce},
      {0x80000000, IdKind::Reserved},   {0xbfffffff, IdKind::Reserved},
      {0xc0000000, IdKind::Multicast},  {0xffffffef, IdKind::Multicast},
      {0xfffffff0, IdKind::Reserved},   {0xfffffffc, IdKind::Reserved},
      {0xfffffffd, IdKind::AllCes},     {0xfffffffe, IdKind::AllFes},
      {0xffffffff, IdKind::AllElements}};
  for (const auto& [id, want] : cases) EXPECT_EQ(kind(ForcesId{id}), want) << std::hex << id;
}

TEST(PlNames, AreThoseOfTheRfcAndOthersAreUnknown) {
  EXPECT_EQ(to_string(MsgType::QueryResponse), "QueryResponse");
  EXPECT_EQ(to_string(MsgType{0x12}), "Unknown");
  EXPECT_EQ(to_string(OperType::Set), "SET");
  EXPECT_EQ(to_string(OperType::GetPropResponse), "GET-PROP-RESPONSE");
  EXPECT_EQ(to_string(OperType::TrComp), "TRCOMP");
  EXPECT_EQ(to_string(OperType{0}), "Unknown");
  EXPECT_EQ(to_string(OperType{15}), "Unknown");
  EXPECT_EQ(to_string(ResultCode::InternalError), "E_INTERNAL_ERROR");
  EXPECT_EQ(to_string(ResultCode::UnknownError), "E_UNKNOWN");
  EXPECT_EQ(to_string(ResultCode::UnspecifiedError), "E_UNSPECIFIED_ERROR");
  EXPECT_EQ(to_string(ResultCode{0x21}), "Unknown");
  EXPECT_EQ(to_string(AssociationResult::PermissionDenied), "PermissionDenied");
  EXPECT_EQ(to_string(TeardownReason::ApplicationCrash), "ApplicationCrash");
  EXPECT_EQ(to_string(TeardownReason::Other), "Other");
  EXPECT_EQ(to_string(MetadataId::MediaEncapInfoIndex), "MediaEncapInfoIndex");
  EXPECT_EQ(to_string(MetadataId{0x80000000}), "Unknown");
  EXPECT_EQ(lfb_class_name(LfbClassId{14}), "RedirectIn");
  EXPECT_EQ(lfb_class_name(LfbClassId{0}), "Unknown");
}

}  // namespace
}  // namespace forces::pl
