// What `lfb` asks of an FE, and what its answers say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ce/app/lfb/question.hpp"
#include "ce/app/lfb/result_words.hpp"
#include "proto/model/json/json.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::ce {
namespace {

using pl::OperType;
using test::hex;
using test::to_hex;
using testing::ElementsAre;
using testing::HasSubstr;

LfbQuestion question(std::string_view path, std::uint32_t from = 0, std::uint32_t count = 10) {
  auto read = model::read_path(path, {});
  EXPECT_TRUE(read) << read.error();
  return {.fe = 2, .path = std::move(*read), .from = from, .span = count, .count = count};
}
pl::Element path(std::vector<std::uint32_t> ids, pl::Element item) {
  pl::PathData made;
  made.ids = std::move(ids);
  made.items.push_back(std::move(item));
  return {std::move(made)};
}
pl::Element full(std::string_view octets) { return {pl::FullData{hex(octets)}}; }
pl::Element result(pl::ResultCode code) {
  return {pl::ResultTlv{static_cast<std::uint8_t>(code), {}}};
}
pl::Octets message(std::vector<pl::Oper> operations, pl::LfbClassId class_id = {10}) {
  pl::Message made;
  made.header.type = pl::MsgType::QueryResponse;
  made.body.emplace_back(pl::LfbSelect{class_id, {1}, std::move(operations)});
  return pl::encode_message(made).value();
}
pl::LfbSelect select_of(const std::vector<pl::BodyTlv>& body) {
  return std::get<pl::LfbSelect>(body.at(0));
}
std::vector<std::vector<std::uint32_t>> paths_of(const pl::Oper& oper) {
  std::vector<std::vector<std::uint32_t>> all;
  for (const auto& element : oper.elements)
    all.push_back(std::get<pl::PathData>(element.value).ids);
  return all;
}

TEST(LfbQuestion, OfATableAsksForARangeAndItsEnd) {
  const auto body = query_of(question("IPv4UcastLPM.1/PrefixTable", 100, 50));
  const auto select = select_of(body);
  EXPECT_EQ(select.class_id.value, 10U);
  ASSERT_EQ(select.operations.size(), 2U);
  EXPECT_EQ(select.operations[0].type, OperType::Get);
  const auto& range = std::get<pl::PathData>(select.operations[0].elements.at(0).value);
  EXPECT_TRUE(pl::selectors_agree(range));
  EXPECT_EQ(range.range, (pl::TableRange{100, 149}));
  EXPECT_EQ(select.operations[1].type, OperType::GetProp);
  EXPECT_EQ(question("10.1/1", 0xfffffff0, 50).last(), 0xffffffff);
}

TEST(LfbQuestion, OfAnLfbAsksForValuesAndForTheSizeOfTables) {
  const auto select = select_of(query_of(question("IPv4UcastLPM.1")));
  ASSERT_EQ(select.operations.size(), 2U);
  EXPECT_THAT(paths_of(select.operations[0]), ElementsAre(ElementsAre(2U)));
  EXPECT_EQ(select.operations[1].type, OperType::GetProp);
  EXPECT_THAT(paths_of(select.operations[1]), ElementsAre(ElementsAre(1U)));
  auto properties = question("FEPO.1");
  properties.properties = true;
  const auto asked = query_of(properties);
  ASSERT_EQ(select_of(asked).operations.size(), 1U);
  EXPECT_THAT(paths_of(select_of(asked).operations[0]), testing::Contains(ElementsAre(61U, 2U)));
}

TEST(LfbQuestion, OfAnUnknownClassIsOneGet) {
  const auto select = select_of(query_of(question("70000.3")));
  EXPECT_EQ(select.instance_id.value, 3U);
  ASSERT_EQ(select.operations.size(), 1U);
  EXPECT_THAT(paths_of(select.operations[0]), ElementsAre(ElementsAre()));
}

TEST(LfbChange, IsASetWithDataAndADelWithout) {
  const auto where = question("12.1/1/5").path;
  const auto set = config_of(where, full("00"));
  EXPECT_EQ(select_of(set).operations.at(0).type, OperType::Set);
  EXPECT_EQ(select_of(set).operations[0].elements, (std::vector{path({1, 5}, full("00"))}));
  const auto del = config_of(where, std::nullopt);
  EXPECT_EQ(select_of(del).operations.at(0).type, OperType::Del);
}

TEST(LfbAnswer, OfAComponentIsItsValueByItsType) {
  const auto answer =
      answer_of(question("FEPO.1/CEHDI"),
                {message({{OperType::GetResponse, {path({5}, full("00007530"))}}})});
  ASSERT_TRUE(answer.has_lfb()) << answer.ShortDebugString();
  EXPECT_EQ(answer.lfb().value().number_value(), 30'000);
  EXPECT_EQ(answer.lfb().path(), "FEPO.1/CEHDI");
  EXPECT_EQ(answer.lfb().type(), "uint32, 10 or more");
  EXPECT_EQ(answer.lfb().access(), "read-write");
}

TEST(LfbAnswer, OfAnUnknownTypeIsHex) {
  const auto answer = answer_of(question("70000.1/3"),
                                {message({{OperType::GetResponse, {path({3}, full("0a0b"))}}})});
  EXPECT_EQ(answer.lfb().value().string_value(), "0x0a0b");
  const auto several = answer_of(
      question("70000.1"),
      {message({{OperType::GetResponse, {path({3}, full("0a")), path({4}, full("0b"))}}})});
  ASSERT_EQ(several.lfb().components_size(), 2);
  EXPECT_EQ(several.lfb().components(1).name(), "70000.1/4");
  EXPECT_EQ(several.lfb().components(1).value().string_value(), "0x0b");
}

TEST(LfbAnswer, ThatRefusesIsToldInWords) {
  const auto answer = answer_of(
      question("FEPO.7/CEHDI"),
      {message(
          {{OperType::GetResponse, {path({5}, result(pl::ResultCode::LfbInstanceIdNotFound))}}})});
  EXPECT_EQ(answer.error().message(),
            "FE 2: FEPO.7/CEHDI: E_LFB_INSTANCE_ID_NOT_FOUND: the FE has no such instance of this "
            "LFB class: `lfb get FE` lists what it has");
  EXPECT_THAT(answer_of(question("FEPO.1/CEHDI"), {}).error().message(), HasSubstr("no answer"));
  EXPECT_THAT(answer_of(question("FEPO.1/CEHDI"), {hex("00")}).error().message(),
              HasSubstr("malformed"));
  EXPECT_THAT(answer_of(question("FEPO.1/CEHDI"), {message({})}).error().message(),
              HasSubstr("no value came"));
}

constexpr const char* kRow = "0a000000 18 00 00 00 00000007";

TEST(LfbAnswer, OfATableIsRowsWhicheverWayTheyCome) {
  pl::SparseData sparse;
  sparse.items.push_back({12, hex(kRow)});
  const std::vector<pl::Octets> parts{
      message({{OperType::GetResponse, {path({1}, full(std::string("00000009") + kRow))}}}),
      message({{OperType::GetResponse, {path({1}, {sparse}), path({1, 14}, full(kRow))}},
               {OperType::GetPropResponse, {path({1}, full("03 00000003 0000000e 00000000"))}}})};
  const auto answer = answer_of(question("IPv4UcastLPM.1/PrefixTable", 0, 20), parts);
  ASSERT_EQ(answer.lfb().rows_size(), 3) << answer.ShortDebugString();
  EXPECT_EQ(answer.lfb().rows(0).subscript(), 9U);
  EXPECT_EQ(answer.lfb().rows(1).subscript(), 12U);
  EXPECT_EQ(answer.lfb().rows(2).subscript(), 14U);
  const auto& fields = answer.lfb().rows(2).value().struct_value().fields();
  EXPECT_EQ(fields.at("Address").string_value(), "10.0.0.0");
  EXPECT_EQ(fields.at("HopSelector").number_value(), 7);
  EXPECT_EQ(answer.lfb().columns(1), "Prefixlen");
  EXPECT_EQ(answer.lfb().next(), 0U);
}

std::vector<pl::Octets> page(std::uint32_t rows, std::string_view highest) {
  std::vector<pl::Element> elements;
  for (std::uint32_t i = 0; i < rows; ++i) elements.push_back(path({1, i}, full(kRow)));
  if (rows == 0) elements.push_back(path({1}, result(pl::ResultCode::Empty)));
  std::vector<pl::Oper> operations{{OperType::GetResponse, std::move(elements)}};
  if (!highest.empty()) {
    operations.push_back(
        {OperType::GetPropResponse,
         {path({1}, full(std::string("03 00000003") + std::string(highest) + "00000000"))}});
  }
  return {message(std::move(operations))};
}

TEST(LfbAnswer, OfAPageSaysWhereTheNextBegins) {
  const auto next = [](const LfbQuestion& q, std::uint32_t rows, std::string_view highest) {
    const auto answer = answer_of(q, page(rows, highest));
    return std::pair(answer.lfb().rows_size(), answer.lfb().next());
  };
  const auto all = question("10.1/1", 0, 3);
  EXPECT_EQ(next(all, 3, "00000002"), std::pair(3, std::uint64_t{0}));
  EXPECT_EQ(next(all, 3, "00000009"), std::pair(3, std::uint64_t{3}));
  EXPECT_EQ(next(all, 0, "00000009"), std::pair(0, std::uint64_t{3}));  // a gap
  EXPECT_EQ(next(all, 0, "00000000"), std::pair(0, std::uint64_t{0}));
  EXPECT_EQ(next(all, 3, ""), std::pair(3, std::uint64_t{3}));  // the end is not known
  EXPECT_EQ(next(all, 0, ""), std::pair(0, std::uint64_t{0}));
  auto less = all;
  less.count = 2;  // of a wider range
  EXPECT_EQ(next(less, 3, "00000002"), std::pair(2, std::uint64_t{2}));
}

TEST(LfbAnswer, OfAnLfbHasEveryComponentItsValueOrWhyNot) {
  const std::vector<pl::Octets> messages{
      message({{OperType::GetResponse, {path({2}, result(pl::ResultCode::InternalError))}},
               {OperType::GetPropResponse, {path({1}, full("03 00000005 00000009 00000000"))}}})};
  const auto answer = answer_of(question("IPv4UcastLPM.1"), messages);
  ASSERT_EQ(answer.lfb().components_size(), 2) << answer.ShortDebugString();
  const auto& table = answer.lfb().components(0);
  EXPECT_EQ(table.name(), "IPv4PrefixTable");
  EXPECT_EQ(table.rows(), 5U);
  EXPECT_FALSE(table.has_value());
  EXPECT_THAT(answer.lfb().components(1).error(), HasSubstr("E_INTERNAL_ERROR"));
  EXPECT_EQ(answer.lfb().components(1).access(), "read-reset");
  const auto none = answer_of(
      question("IPv4UcastLPM.1"),
      {message({{OperType::GetResponse, {path({2}, result(pl::ResultCode::LfbUnknown))}}})});
  EXPECT_THAT(none.error().message(), HasSubstr("E_LFB_UNKNOWN"));
}

TEST(LfbAnswer, OfPropertiesHasTheirNames) {
  auto array = question("10.1/1");
  array.properties = true;
  const auto answer = answer_of(
      array,
      {message({{OperType::GetPropResponse, {path({1}, full("03 00000005 00000009 00000001"))}}})});
  const auto& fields = answer.lfb().value().struct_value().fields();
  EXPECT_EQ(fields.at("accessibility").string_value(), "read-write");
  EXPECT_EQ(fields.at("entryCount").number_value(), 5);
  EXPECT_EQ(fields.at("highestUsedSubscript").number_value(), 9);
  EXPECT_EQ(fields.at("firstUnusedSubscript").number_value(), 1);
  auto event = question("FEPO.1/Events/PrimaryCEDown");
  event.properties = true;
  const auto registered =
      answer_of(event, {message({{OperType::GetPropResponse, {path({61, 1}, full("00000001"))}}})});
  EXPECT_EQ(registered.lfb().value().struct_value().fields().at("registration").number_value(), 1);
}

TEST(LfbAnswer, ToAChangeIsItsFirstFailure) {
  EXPECT_EQ(refusal_of(
                {message({{OperType::SetResponse, {path({5}, result(pl::ResultCode::Success))}}})}),
            "");
  EXPECT_EQ(refusal_of({message({{OperType::SetResponse,
                                  {path({5}, result(pl::ResultCode::Success)),
                                   path({2}, result(pl::ResultCode::ReadOnly))}}})}),
            "E_READ_ONLY: no CE can change this");
  EXPECT_EQ(refusal_of({}), "gave no answer");
}

TEST(ResultWords, SayWhatToDoOfEveryCode) {
  for (std::uint32_t code = 0; code <= 0x20; ++code) {
    const auto words = result_words(static_cast<pl::ResultCode>(code));
    EXPECT_THAT(words, testing::StartsWith("E_"));
    EXPECT_THAT(words, testing::Not(HasSubstr("does not know"))) << words;
  }
  EXPECT_THAT(result_words(static_cast<pl::ResultCode>(0x77)), HasSubstr("does not know"));
  EXPECT_THAT(result_words(pl::ResultCode::Empty, "no row in this range"),
              HasSubstr("E_EMPTY (\"no row in this range\"): "));
}

}  // namespace
}  // namespace forces::ce
