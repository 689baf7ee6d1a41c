// Values as JSON: what stands in octets, what is typed, and what is wrong with it.
#include "proto/model/json/json.hpp"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "proto/model/classes/classes.hpp"
#include "proto/model/packing.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::model {
namespace {

using test::hex;
using test::to_hex;

constexpr Type kPercent = number(1, 0, 100), kLeast = number(2, 10), kName = text(8),
               kBlob = octets(4), kOwner = fixed(3);
constexpr Component kInnerFields[]{{.id = 1, .name = "name", .type = &kName},
                                   {.id = 2, .name = "big", .type = &kU64}};
constexpr Type kInner = structure(kInnerFields);
constexpr Component kPairFields[]{
    {.id = 1, .name = "a", .type = &kU16},
    {.id = 2, .name = "b", .type = &kPercent, .value = 7, .defaulted = true}};
constexpr Type kPair = structure(kPairFields);
constexpr Type kPairs = array(kPair, 3), kFour = fixed_array(kU8, 4);
constexpr Component kOuterFields[]{{.id = 1, .name = "pair", .type = &kPair},
                                   {.id = 2, .name = "rows", .type = &kPairs},
                                   {.id = 5, .name = "inner", .type = &kInner}};
constexpr Type kOuter = structure(kOuterFields);

std::string json_text(const Json& value) {
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(value, &text).ok());
  return text;
}
Json parsed(std::string_view text) {
  const auto value = json_of_text(text);
  EXPECT_TRUE(value) << text;
  return value.value_or(Json{});
}
bool same(const Json& a, const Json& b) {
  if (a.kind_case() != b.kind_case()) return false;
  if (a.kind_case() != Json::kStructValue) return json_text(a) == json_text(b);
  const auto& left = a.struct_value().fields();
  const auto& right = b.struct_value().fields();
  return left.size() == right.size() && std::ranges::all_of(left, [&](const auto& field) {
           const auto at = right.find(field.first);
           return at != right.end() && same(field.second, at->second);
         });
}

struct Case {
  const char* name;
  const Type* type;
  std::string_view octets;
  std::string_view json;  // as it is shown, and taken again
};
const Case kCases[] = {
    {"U8", &kU8, "ff", "255"},
    {"U32", &kU32, "ffffffff", "4294967295"},
    {"U64IsTextAndExact", &kU64, "fffffffffffffffe", "\"18446744073709551614\""},
    {"True", &kBoolean, "01", "true"},
    {"False", &kBoolean, "00", "false"},
    {"Ipv4", &kIpv4, "0a000102", "\"10.0.1.2\""},
    {"Ipv6", &kIpv6, "20010db8000000000000000000000001", "\"2001:db8::1\""},
    {"Mac", &kMac, "02000000000a", "\"02:00:00:00:00:0a\""},
    {"OtherFixed", &kOwner, "0102ff", "\"0x0102ff\""},
    {"Octets", &kBlob, "0a0b", "\"0x0a0b\""},
    {"NoOctets", &kBlob, "", "\"0x\""},
    {"Text", &kName, "666532", "\"fe2\""},
    {"TextOfOtherAlphabets", &kName, "c3bc e282ac", "\"\xc3\xbc\xe2\x82\xac\""},
    {"TextThatIsNoUtf8", &kName, "66ff", "{\"hex\":\"0x66ff\"}"},
    {"TextCutInACharacter", &kName, "66c3", "{\"hex\":\"0x66c3\"}"},
    {"TextOfAnOverlongForm", &kName, "c0af", "{\"hex\":\"0xc0af\"}"},
    {"TextOfASurrogate", &kName, "eda080", "{\"hex\":\"0xeda080\"}"},
    {"Struct", &kPair, "0102 09", "{\"a\":258,\"b\":9}"},
    {"Array", &kPairs, "00000001 0102 09 00000009 0304 0a",
     "{\"1\":{\"a\":258,\"b\":9},\"9\":{\"a\":772,\"b\":10}}"},
    {"EmptyArray", &kPairs, "", "{}"},
    {"FixedArray", &kFour, "00000000 05 00000003 06", "{\"0\":5,\"3\":6}"},
    {"Nested", &kOuter,
     "0001 02  0112000b 00000004 0005 06 00  01120006 6665 0000 0000000000000009",
     "{\"pair\":{\"a\":1,\"b\":2},\"rows\":{\"4\":{\"a\":5,\"b\":6}},"
     "\"inner\":{\"name\":\"fe\",\"big\":\"9\"}}"},
};
class ModelJson : public testing::TestWithParam<Case> {};
TEST_P(ModelJson, ShowsAValueAndTakesItAgain) {
  const auto& c = GetParam();
  ASSERT_EQ(check(*c.type, hex(c.octets)), pl::ResultCode::Success);
  const Json shown = to_json(*c.type, hex(c.octets));
  Json wanted;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(std::string(c.json), &wanted).ok());
  EXPECT_TRUE(same(shown, wanted)) << json_text(shown);
  const auto taken = octets_of(*c.type, shown);
  ASSERT_TRUE(taken) << taken.error().text();
  EXPECT_EQ(to_hex(*taken), to_hex(hex(c.octets)));
}
INSTANTIATE_TEST_SUITE_P(Table, ModelJson, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

TEST(ModelJsonShown, OctetsThatAreNoValueComeInHex) {
  for (const auto& [type, octets] :
       std::initializer_list<std::pair<const Type*, const char*>>{{&kU32, "0102"},
                                                                  {&kBoolean, "02"},
                                                                  {&kIpv4, "0a00"},
                                                                  {&kPair, "01"},
                                                                  {&kPair, "01020304"},
                                                                  {&kPairs, "000000"},
                                                                  {&kPairs, "00000001 01"}}) {
    const Json shown = to_json(*type, hex(octets));
    ASSERT_EQ(shown.kind_case(), Json::kStructValue) << octets;
    EXPECT_EQ(shown.struct_value().fields().at("hex").string_value(), "0x" + to_hex(hex(octets)));
  }
  // Out of the range that our table has, but a value: a peer may allow more.
  EXPECT_EQ(to_json(kPercent, hex("ff")).number_value(), 255);
}

TEST(ModelJsonShown, SparseDataAtEveryLevel) {
  // row 3 as ILVs of its fields, row 5 packed
  const auto octets =
      hex("00000003 00000020  00000001 0000000a 0102 0000  00000002 00000009 09 000000"
          "00000005 0000000b 0304 0a 00");
  const Json shown =
      to_json(kPairs, pl::ItemView(std::to_underlying(pl::TlvType::SparseData), octets));
  EXPECT_TRUE(same(shown, parsed("{\"3\":{\"a\":258,\"b\":9},\"5\":{\"a\":772,\"b\":10}}")))
      << json_text(shown);
  const auto part = hex("00000002 00000009 09 000000");
  EXPECT_TRUE(same(to_json(kPair, pl::ItemView(std::to_underlying(pl::TlvType::SparseData), part)),
                   parsed("{\"b\":9}")));
}

struct Typed {
  const char* text;
  const Type* type;
  const char* octets;
};
TEST(ModelJsonTyped, FormsThatPeopleType) {
  for (const auto& [text, type, octets] : std::initializer_list<Typed>{
           {"5", &kU32, "00000005"},
           {"0x10", &kU32, "00000010"},
           {"18446744073709551615", &kU64, "ffffffffffffffff"},
           {"\"7\"", &kU8, "07"},
           {"1", &kBoolean, "01"},
           {"true", &kBoolean, "01"},
           {"\"false\"", &kBoolean, "00"},
           {"10.0.0.1", &kIpv4, "0a000001"},
           {"0x0a000001", &kIpv4, "0a000001"},
           {"::1", &kIpv6, "00000000000000000000000000000001"},
           {"02:00:00:00:00:01", &kMac, "020000000001"},
           {"0a 0b", &kBlob, "0a0b"},
           {"edge", &kName, "65646765"},
           {"12", &kName, "3132"},
           {"{\"a\": 1}", &kPair, "000107"},                     // b has a default
           {"{\"1\": \"0x2\", \"2\": 3}", &kPair, "000203"},     // by number
           {"[{\"a\":1,\"b\":2}]", &kPairs, "00000000 000102"},  // a list counts from 0
       }) {
    const auto taken = octets_of(*type, parsed(text));
    ASSERT_TRUE(taken) << text << ": " << taken.error().text();
    EXPECT_EQ(to_hex(*taken), to_hex(hex(octets))) << text;
  }
  EXPECT_FALSE(json_of_text("{\"a\": "));
  EXPECT_FALSE(json_of_text("[1"));
}

struct Wrong {
  const char* text;
  const Type* type;
  const char* complaint;
};
TEST(ModelJsonTyped, ComplaintsNameTheFieldItsTypeAndItsRange) {
  for (const auto& [text, type, complaint] : std::initializer_list<Wrong>{
           {"256", &kU8, "256 is not within 0 to 255 (uint8)"},
           {"101", &kPercent, "101 is not within 0 to 100 (uint8, 0 to 100)"},
           {"9", &kLeast, "9 is not within 10 to 65535 (uint16, 10 or more)"},
           {"-1", &kU8, "\"-1\" is no uint8"},
           {"[1.5]", &kFour, "0: 1.5 is no uint8"},
           {"18446744073709551616", &kU64, "\"18446744073709551616\" is no uint64"},
           {"[9007199254740993]", &kFour, "0: write numbers of 2^53 and above in quotes"},
           {"two", &kU8, "\"two\" is no uint8"},
           {"yes", &kBoolean, "\"yes\" is no boolean"},
           {"10.0.0", &kIpv4, "\"10.0.0\" is no IPv4 address"},
           {"10.0.0.1", &kIpv6, "\"10.0.0.1\" is no IPv6 address"},
           {"02:00", &kMac, "\"02:00\" is no MAC address"},
           {"0x0102", &kOwner, "\"0x0102\" is no 3 octets in hex"},
           {"0x0102030405", &kBlob, "5 octets are too many (octets in hex, at most 4)"},
           {"0x1", &kBlob, "\"0x1\" is no octets in hex, at most 4"},
           {"nine chars", &kName, "10 octets are too many (text, at most 8 octets)"},
           {"{\"b\": 1}", &kPair, "the field a is missing"},
           {"{\"a\": 1, \"c\": 2}", &kPair, "there is no field \"c\"; there are {a, b}"},
           {"5", &kPair, "\"5\" is no {a, b}"},
           {"{\"1\": {\"a\": 1, \"b\": 101}}", &kPairs,
            "1.b: 101 is not within 0 to 100 (uint8, 0 to 100)"},
           {"{\"x\": {\"a\": 1}}", &kPairs, "\"x\" is no subscript of a row"},
           {"[{\"a\":1},{\"a\":1},{\"a\":1},{\"a\":1}]", &kPairs,
            "4 rows are too many; there may be 3"},
           {"{\"4\": 1}", &kFour, "there is no row 4; the last is 3"},
       }) {
    const auto taken = octets_of(*type, parsed(text));
    ASSERT_FALSE(taken) << text;
    EXPECT_EQ(taken.error().text(), complaint);
  }
}

TEST(ModelJsonData, AStructWithoutAllItsFieldsIsSparseData) {
  const auto part = data_of(
      kOuter, parsed("{\"pair\": {\"a\": 1, \"b\": 2}, \"5\": {\"name\": \"x\", \"big\": 1}}"));
  ASSERT_TRUE(part) << part.error().text();
  const auto& items = std::get<pl::SparseData>(part->value).items;
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].id, 1U);
  EXPECT_EQ(to_hex(items[0].value), "000102");
  EXPECT_EQ(items[1].id, 5U);
  const auto whole = data_of(kPair, parsed("{\"a\": 1, \"b\": 2}"));
  ASSERT_TRUE(whole);
  EXPECT_EQ(to_hex(std::get<pl::FullData>(whole->value).value), "000102");
  EXPECT_EQ(data_of(kOuter, parsed("{\"pair\": {\"a\": 70000}}")).error().text(),
            "pair.a: 70000 is not within 0 to 65535 (uint16)");
  EXPECT_EQ(data_of(kOuter, parsed("{\"1\": {\"a\": 1}, \"pair\": {\"a\": 1}}")).error().text(),
            "the field 1 is there twice");
  EXPECT_EQ(data_of(kOuter, parsed("{}")).error().text(), "no field is named: {pair, rows, inner}");
}

// Whatever a table has at first can be shown and set again.
TEST(ModelJsonShown, OfEveryClass) {
  for (const LfbClass* lfb : all_classes()) {
    for (const Component& c : lfb->components) {
      wire::ByteWriter first;
      write_default(c, first);
      if (check(*c.type, first.written()) != pl::ResultCode::Success) continue;
      const auto taken = octets_of(*c.type, to_json(*c.type, first.written()));
      ASSERT_TRUE(taken) << lfb->name << " " << c.name << ": " << taken.error().text();
      EXPECT_EQ(to_hex(*taken), to_hex(first.written())) << c.name;
      EXPECT_NE(describe(*c.type), "");
    }
  }
}

TEST(ModelJsonShown, WhateverTheOctetsAreItIsJsonAndAValueComesBack) {
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same every time
  int values = 0;
  for (const LfbClass* lfb : all_classes()) {
    for (const Component& c : lfb->components) {
      const Type& type = c.type->kind == Kind::Array ? *c.type->element : *c.type;
      for (int i = 0; i < 100; ++i) {
        const std::size_t fits = fixed_size(type);
        pl::Octets octets(fits != 0 && i % 4 != 0 ? fits : random() % 40);
        for (std::byte& b : octets) b = static_cast<std::byte>(random() % (i % 2 == 0 ? 3 : 256));
        for (const Type* shown_as : {&type, c.type}) {
          for (const auto tlv : {pl::TlvType::FullData, pl::TlvType::SparseData}) {
            const Json shown = to_json(*shown_as, pl::ItemView(std::to_underlying(tlv), octets));
            EXPECT_NE(json_text(shown), "");
          }
        }
        if (check(type, octets) != pl::ResultCode::Success) continue;
        ++values;
        const auto taken = octets_of(type, to_json(type, octets));
        ASSERT_TRUE(taken) << lfb->name << " " << c.name << ": " << taken.error().text();
        EXPECT_EQ(to_hex(*taken), to_hex(octets)) << c.name;
      }
    }
  }
  EXPECT_GT(values, 1'000);
}

}  // namespace
}  // namespace forces::model
