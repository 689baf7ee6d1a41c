#include "proto/pl/message.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::pl {
namespace {

using test::hex;
using test::to_hex;

// A message of this type around this body, with the length it then has.
Octets config(std::string_view body_hex) {
  const Octets body = hex(body_hex);
  wire::ByteWriter w;
  encode_header({.type = MsgType::Config,
                 .length = Header::kSize + body.size(),
                 .source = {0x40000001},
                 .destination = {2},
                 .correlator = 1},
                w);
  w.bytes(body);
  return *std::move(w).finish();
}

Element element(auto value) { return Element{std::move(value)}; }

LfbSelect select(std::vector<Oper> operations) { return {{1}, {1}, std::move(operations)}; }

struct Case {
  const char* name;
  std::string_view body;
  Result<std::vector<BodyTlv>> want;
};

using Body = std::vector<BodyTlv>;

// What we would write in the same way.
const Case kCanonical[] = {
    {"EmptyBody", "", Body{}},
    {"SelectWithoutOperation", "1000 000c 00000001 00000001", Body{select({})}},
    {"CommitIsEmpty", "1000 0010 00000001 00000001  000c 0004",
     Body{select({Oper{.type = OperType::Commit}})}},
    {"UnknownOperationKeepsItsContent", "1000 0018 00000001 00000001  000f 0009 0102030405 000000",
     Body{select({Oper{.type = OperType{15}, .unknown = hex("0102030405")}})}},
    {"PathWithoutIdsMeansTheWholeContext",
     "1000 0018 00000001 00000001  0007 000c 0110 0008 0000 0000",
     Body{select({Oper{.type = OperType::Get, .elements = {element(PathData{})}}})}},
    {"FullDataIsRawAndPadded",
     "1000 0028 00000001 00000001  0001 001c  0110 0018 0000 0002 00000004 00000005"
     "  0112 0006 abcd 0000",
     Body{select({Oper{.type = OperType::Set,
                       .elements = {element(PathData{
                           .ids = {4, 5}, .items = {element(FullData{hex("abcd")})}})}}})}},
    {"SparseDataHoldsIlvs",
     "1000 0034 00000001 00000001  0001 0028  0110 0024 0000 0000"
     "  0113 001c  00000002 00000009 aa 000000  00000003 0000000c 00000001",
     Body{select(
         {Oper{.type = OperType::Set,
               .elements = {element(PathData{
                   .items = {element(SparseData{{{2, hex("aa")}, {3, hex("00000001")}}})}})}}})}},
    {"KeyInfo",
     "1000 0030 00000001 00000001  0007 0024  0110 0020 8000 0001 00000008"
     "  0111 0014 00000001  0112 000c 0a000001 00000018",
     Body{select({Oper{.type = OperType::Get,
                       .elements = {element(PathData{.flags = kSelKey,
                                                     .ids = {8},
                                                     .key = KeyInfo{1, hex("0a00000100000018")},
                                                     .items = {}})}}})}},
    {"TableRange",
     "1000 0028 00000001 00000001  0007 001c  0110 0018 4000 0001 00000001"
     "  0117 000c 0000000b 00000017",
     Body{select({Oper{
         .type = OperType::Get,
         .elements = {element(PathData{
             .flags = kSelTableRange, .ids = {1}, .range = TableRange{11, 23}, .items = {}})}}})}},
    {"NestedPaths",
     "1000 002c 00000001 00000001  0007 0020  0110 001c 0000 0001 00000003"
     "  0110 0008 0000 0000  0110 0008 0000 0000",
     Body{select({Oper{.type = OperType::Get,
                       .elements = {element(PathData{
                           .ids = {3}, .items = {element(PathData{}), element(PathData{})}})}}})}},
    {"Results",
     "1000 002c 00000001 00000001  0003 0020  0110 001c 0000 0000"
     "  0114 0008 0c000000  0118 000b 00000018 6c61 74 00",
     Body{select({Oper{
         .type = OperType::SetResponse,
         .elements = {element(PathData{
             .items = {element(ResultTlv{0x0c}), element(ExtendedResult{0x18, "lat"})}})}}})}},
    {"ResultDirectlyInAnOperation", "1000 0018 00000001 00000001  000d 000c  0114 0008 00000000",
     Body{select({Oper{.type = OperType::CommitResponse, .elements = {element(ResultTlv{0})}}})}},
    {"UnknownTlvEverywhere",
     "9000 0005 ff 000000  1000 0020 00000001 00000001  0007 0014  9001 0004"
     "  0110 000c 0000 0000  9002 0004",
     Body{RawTlv{0x9000, hex("ff")},
          select({Oper{.type = OperType::Get,
                       .elements = {element(RawTlv{0x9001, {}}),
                                    element(PathData{.items = {element(RawTlv{0x9002, {}})}})}}})}},
    {"SelectorBehindDataStaysRaw",
     "1000 0028 00000001 00000001  0007 001c  0110 0018 0000 0000  0112 0004"
     "  0117 000c 00000001 00000002",
     Body{select({Oper{.type = OperType::Get,
                       .elements = {element(PathData{
                           .items = {element(FullData{}),
                                     element(RawTlv{0x0117, hex("0000000100000002")})}})}}})}},
    {"AsResult", "0010 0008 00000002", Body{AsResult{AssociationResult::PermissionDenied}}},
    {"AsTreason", "0011 0008 000000ff", Body{AsTreason{TeardownReason::Other}}},
    {"RedirectWithBothParts",
     "0001 001c  0115 0010 0000000e 0000000c 00000007  0116 0006 4500 0000",
     Body{Redirect{{Metadata{{{14, hex("00000007")}}}, RedirectData{hex("4500")}}}}},
    {"RedirectInAnyOrderWithUnknownParts", "0001 0010  9000 0004  0116 0004  0115 0004",
     Body{Redirect{{RawTlv{0x9000, {}}, RedirectData{}, Metadata{}}}}},
};

// Taken or refused, but never sent.
const Case kForeign[] = {
    {"ReservedOctetsOfResultAreIgnored",
     "1000 0018 00000001 00000001  000d 000c  0114 0008 0affffff",
     Body{select({Oper{.type = OperType::CommitResponse, .elements = {element(ResultTlv{10})}}})}},
    {"LastChildMayComeUnpadded", "0001 000a 0116 0006 4500 0000",
     Body{Redirect{{RedirectData{hex("4500")}}}}},
    {"TlvLengthZero", "1000 0000", fail(Errc::BadLength, "pl.tlv", 26)},
    {"TlvLongerThanMessage", "1000 0010 00000001 00000001", fail(Errc::Truncated, "pl.tlv", 28)},
    {"SelectTooShort", "1000 0008 00000001", fail(Errc::Truncated, "pl.lfbselect.instance", 32)},
    {"OperationLongerThanSelect", "1000 0010 00000001 00000001  000c 0008",
     fail(Errc::Truncated, "pl.oper", 40)},
    {"PathWithoutCount", "1000 0014 00000001 00000001  0007 0008  0110 0004",
     fail(Errc::Truncated, "pl.pathdata.flags", 44)},
    {"MoreIdsThanOctets", "1000 001c 00000001 00000001  0007 0010  0110 000c 0000 ffff 00000001",
     fail(Errc::Truncated, "pl.pathdata.ids", 48)},
    {"KeyInfoWithoutData",
     "1000 0020 00000001 00000001  0007 0014  0110 0010 8000 0000  0111 0008 00000001",
     fail(Errc::Missing, "pl.keyinfo.fulldata", 56)},
    {"KeyInfoWithOtherData",
     "1000 0024 00000001 00000001  0007 0018  0110 0014 8000 0000  0111 000c 00000001  0113 0004",
     fail(Errc::UnknownType, "pl.keyinfo.fulldata", 56)},
    {"KeyInfoWithMoreThanItsData",
     "1000 0028 00000001 00000001  0007 001c  0110 0018 8000 0000  0111 0010 00000001  0112 0004"
     "  0112 0004",
     fail(Errc::TrailingOctets, "pl.keyinfo", 60)},
    {"TableRangeTooShort",
     "1000 0020 00000001 00000001  0007 0014  0110 0010 4000 0000  0117 0008 00000001",
     fail(Errc::BadLength, "pl.tablerange", 52)},
    {"ResultTooLong", "1000 001c 00000001 00000001  000d 0010  0114 000c 00000000 00000000",
     fail(Errc::BadLength, "pl.result", 44)},
    {"ExtendedResultTooShort", "1000 0014 00000001 00000001  000d 0008  0118 0004",
     fail(Errc::Truncated, "pl.extendedresult", 44)},
    {"IlvLengthBelowItsHeader",
     "1000 0024 00000001 00000001  0001 0018  0110 0014 0000 0000  0113 000c 00000001 00000007",
     fail(Errc::BadLength, "pl.sparsedata.ilv", 56)},
    {"AsResultTooShort", "0010 0004", fail(Errc::BadLength, "pl.asresult", 28)},
    {"AsTreasonTooLong", "0011 000c 00000000 00000000", fail(Errc::BadLength, "pl.astreason", 28)},
    {"PacketTwice", "0001 000c 0116 0004 0116 0004", fail(Errc::Duplicate, "pl.redirect.data", 32)},
    {"MetadataTwice", "0001 000c 0115 0004 0115 0004",
     fail(Errc::Duplicate, "pl.redirect.metadata", 32)},
    {"MetadataCut", "0001 0010 0115 000c 0000000e 0000000c",
     fail(Errc::Truncated, "pl.redirect.metadata", 40)},
};

class PlMessageCanonical : public testing::TestWithParam<Case> {};
class PlMessageDecode : public testing::TestWithParam<Case> {};

Result<Body> body_of(const Result<Message>& message) {
  if (!message) return fail(message.error());
  return message->body;
}

TEST_P(PlMessageCanonical, DecodesAndEncodesToTheSame) {
  const Octets octets = config(GetParam().body);
  const auto message = decode_message(octets);
  EXPECT_EQ(body_of(message), GetParam().want);
  Message built{.header = decode_header(octets).value(), .body = *GetParam().want};
  EXPECT_EQ(encode_message(built), octets);
}

TEST_P(PlMessageDecode, GivesTheExpectedResult) {
  EXPECT_EQ(body_of(decode_message(config(GetParam().body))), GetParam().want);
}

const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Rfc5810, PlMessageCanonical, testing::ValuesIn(kCanonical), kName);
INSTANTIATE_TEST_SUITE_P(Rfc5810, PlMessageDecode, testing::ValuesIn(kForeign), kName);

TEST(PlMessageLength, MustBeThatOfTheOctets) {
  Octets octets = config("0010 0008 00000000");
  octets.resize(octets.size() + 4);
  EXPECT_EQ(body_of(decode_message(octets)), fail(Errc::TrailingOctets, "pl.length", 32));
  octets.resize(28);
  EXPECT_EQ(body_of(decode_message(octets)), fail(Errc::Truncated, "pl.length", 2));
}

TEST(PlMessageLength, IsComputedWhateverTheHeaderSays) {
  const Message message{.header = {.type = MsgType::Config, .length = 7}, .body = {AsResult{}}};
  const auto octets = encode_message(message);
  ASSERT_TRUE(octets);
  EXPECT_EQ(decode_header(*octets)->length, 32u);
}

TEST(PlMessageLength, AMessageBeyondTheHeadersReachIsRefused) {
  Message message{.header = {.type = MsgType::Config}};
  for (int i = 0; i < 3; ++i) message.body.emplace_back(RawTlv{0x9000, Octets(65528)});
  message.body.emplace_back(RawTlv{0x9000, Octets(262140 - 24 - 3 * 65532 - 4)});
  ASSERT_TRUE(encode_message(message));
  EXPECT_EQ(encode_message(message)->size(), Header::kMaxLength);
  message.body.emplace_back(RawTlv{0x9000, {}});
  EXPECT_EQ(encode_message(message), fail(Errc::TooLarge, "pl.length", 2));
}

Message nested(std::size_t depth) {
  PathData path;
  for (std::size_t i = 1; i < depth; ++i) {
    PathData outer;
    outer.items.push_back(element(std::move(path)));
    path = std::move(outer);
  }
  return {.header = {.type = MsgType::Query},
          .body = {select({Oper{.type = OperType::Get, .elements = {element(std::move(path))}}})}};
}

TEST(PlMessageLimits, PathsNestToTheLimitAndNotDeeper) {
  const auto octets = encode_message(nested(kMaxDepth));
  ASSERT_TRUE(octets);
  EXPECT_TRUE(decode_message(*octets));
  EXPECT_EQ(encode_message(nested(kMaxDepth + 1)).error().code, Errc::TooDeep);

  // One PATH-DATA more around the innermost, by hand: every level counts 8 octets more.
  wire::ByteWriter w;
  encode_header({.type = MsgType::Query, .length = 24 + 12 + 4 + 8 * (kMaxDepth + 1)}, w);
  std::size_t left = 8 * (kMaxDepth + 1);
  w.u16(0x1000);
  w.u16(static_cast<std::uint16_t>(16 + left));
  w.u64(0x0000000100000001);
  w.u16(0x0007);
  w.u16(static_cast<std::uint16_t>(4 + left));
  for (; left > 0; left -= 8) {
    w.u16(0x0110);
    w.u16(static_cast<std::uint16_t>(left));
    w.u32(0);
  }
  EXPECT_EQ(body_of(decode_message(*std::move(w).finish())),
            fail(Errc::TooDeep, "pl.pathdata", 24 + 16 + 8 * kMaxDepth + 4));
}

TEST(PlMessageLimits, ElementsAreCountedOverTheWholeMessage) {
  Message message{.header = {.type = MsgType::Config}};
  message.body.assign(kMaxElements, RawTlv{0x9000, {}});
  const auto full = encode_message(message);
  ASSERT_TRUE(full);
  EXPECT_TRUE(decode_message(*full));
  message.body.emplace_back(RawTlv{0x9000, {}});
  EXPECT_EQ(body_of(decode_message(*encode_message(message))),
            fail(Errc::TooMany, "pl.elements", 24 + 4 * kMaxElements));
}

TEST(PlSelectors, FlagsOfBothBitOrdersAreUnderstood) {  // RFC 5810 figure 18, RFC 7391 section 3.1
  const KeyInfo key{1, {}};
  const TableRange range{0, 9};
  EXPECT_TRUE(selectors_agree({}));
  EXPECT_TRUE(selectors_agree({.flags = kSelKey, .key = key, .items = {}}));
  EXPECT_TRUE(selectors_agree({.flags = kSelKeyLsb, .key = key, .items = {}}));
  EXPECT_TRUE(selectors_agree({.flags = kSelTableRange, .range = range, .items = {}}));
  EXPECT_TRUE(selectors_agree({.flags = kSelTableRangeLsb, .range = range, .items = {}}));
  EXPECT_FALSE(selectors_agree({.flags = kSelKey, .items = {}}));
  EXPECT_FALSE(selectors_agree({.key = key, .items = {}}));
  EXPECT_FALSE(selectors_agree({.flags = kSelTableRange, .key = key, .items = {}}));
  EXPECT_FALSE(selectors_agree(
      {.flags = kSelKey | kSelTableRange, .key = key, .range = range, .items = {}}));
}

}  // namespace
}  // namespace forces::pl
