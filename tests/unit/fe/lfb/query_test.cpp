// RFC 5810 section 7.7 and appendix D; RFC 7391 sections 3.1 and 3.3.
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe::lfb::test {
namespace {

using pl::OperType;
using pl::ResultCode;

class Query : public Laboratory {
 protected:
  void pairs(std::uint32_t count) {
    for (std::uint32_t i = 1; i <= count; ++i) {
      wire::ByteWriter w;
      w.u32(100 * i);
      w.u32(i);
      ASSERT_TRUE(engine.put_row({70'000, 1}, 3, i, w.written(), kNow));
    }
  }
};

TEST_F(Query, AnswersEachPathWithItsValueOrItsFailure) {
  const auto answers = run(query(OperType::Get, {path({2}), path({99})}));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].header.type, pl::MsgType::QueryResponse);
  EXPECT_EQ(answers[0].header.source.value, kFe);
  EXPECT_EQ(answers[0].header.destination.value, kCe);
  EXPECT_EQ(answers[0].header.correlator, 77U);
  EXPECT_EQ(answers[0].header.flags.priority(), 5U);  // RFC 5811 section 4.2.1.2
  EXPECT_EQ(get({path({2}), path({99})}),
            (std::vector{path({2}, {data("00000007")}),
                         path({99}, {result(ResultCode::ComponentDoesNotExist)})}));
}

TEST_F(Query, FollowsNestedPaths) {  // section 7.1.4: common prefix
  EXPECT_EQ(get({path({}, {path({1}), path({11}, {path({2})})})}),
            (std::vector{path({}, {path({1}, {data("00000000")}),
                                   path({11}, {path({2}, {data("00000000")})})})}));
}

TEST_F(Query, ATableIsItsRowsWithTheirSubscripts) {  // use case 3
  pairs(2);
  EXPECT_EQ(value({3}),
            "000000010000006400000001"
            "00000002000000c800000002");
  EXPECT_EQ(value({3, 2}), "000000c800000002");  // the row without
  EXPECT_EQ(value({3, 2, 1}), "000000c8");
}

TEST_F(Query, AKeyIsAnsweredWithTheSubscriptItFound) {  // use case 10
  pairs(3);
  EXPECT_EQ(get({by_key({3}, 1, "000000c8")}),
            (std::vector{path({3, 2}, {data("000000c800000002")})}));
  EXPECT_EQ(get({by_key({3}, 1, "000000c8", {path({2})})}),
            (std::vector{path({3, 2}, {path({2}, {data("00000002")})})}));
}

TEST_F(Query, AStringInARowHasATlvAround) {  // use case 12
  EXPECT_EQ(text(set({path({5, 1}, {data("00000009 01120006 6162 0000")})})), "E_SUCCESS");
  EXPECT_EQ(value({5}), "00000001000000090112000661620000");
  EXPECT_EQ(value({5, 1, 2}), "6162");
}

TEST_F(Query, ATableInATable) {  // use cases 15 and 16
  EXPECT_EQ(text(set({path({6, 10}, {data("0000006f 01120010 00000004 0000000a 0000000b")})})),
            "E_SUCCESS");
  EXPECT_EQ(value({6, 10, 2, 4, 1}), "0000000a");
  EXPECT_EQ(get({by_key({6, 10, 2}, 1, "0000000a", {path({2})})}),
            (std::vector{path({6, 10, 2, 4}, {path({2}, {data("0000000b")})})}));
  EXPECT_EQ(text(set({path({6, 10, 2, 4, 2}, {data("00000021")})})), "E_SUCCESS");
  EXPECT_EQ(value({6, 10}), "0000006f01120010000000040000000a00000021");
}

TEST_F(Query, ARangeIsAnsweredWithSparsedata) {  // RFC 7391 section 3.1
  pairs(5);
  EXPECT_EQ(get({by_range({3}, 2, 3)}),
            (std::vector{path(
                {3}, {sparse({{2, "00000001 0000000c 000000c8 00000002 0000000c 00000002"},
                              {3, "00000001 0000000c 0000012c 00000002 0000000c 00000003"}})})}));
}

TEST_F(Query, OfAWholeLfb) {  // use case 18
  counter.works = true;
  const std::string all = value({});
  EXPECT_EQ(all.substr(0, 24), "000000000000000701120004");  // foo1, foo2, an empty table
}

TEST_F(Query, ALargeTableComesInParts) {  // RFC 7391 section 3.3
  constexpr std::uint32_t kRows = 20'000;
  pairs(kRows);
  const auto answers = run(query(OperType::Get, {path({3})}));
  ASSERT_GT(answers.size(), 3U);
  std::uint32_t next = 1;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].header.correlator, 77U);
    const pl::Part part = pl::part_of(answers[i].header.flags);
    EXPECT_EQ(part, i == 0                    ? pl::Part::First
                    : i + 1 == answers.size() ? pl::Part::Last
                                              : pl::Part::Middle);
    const auto& oper = std::get<pl::LfbSelect>(answers[i].body.at(0)).operations.at(0);
    const auto& p = std::get<pl::PathData>(oper.elements.at(0).value);
    EXPECT_EQ(p.ids, Ids{3});
    if (part == pl::Part::Last) {
      EXPECT_EQ(p.items.at(0), result(ResultCode::Success));
      continue;
    }
    const auto& rows = std::get<pl::FullData>(p.items.at(0).value).value;
    for (std::size_t at = 0; at < rows.size(); at += 12) {
      ASSERT_EQ(wire::load_be<4>(rows.data() + at), next++);
    }
  }
  EXPECT_EQ(next, kRows + 1);
}

TEST_F(Query, ALargeRangeComesInPartsToo) {
  pairs(3000);
  const auto answers = run(query(OperType::Get, {by_range({3}, 0, pl::kLastRow)}));
  EXPECT_GT(answers.size(), 2U);
}

TEST_F(Query, Properties) {  // RFC 5812 section 4.8
  pairs(3);
  EXPECT_EQ(text(elements(query(OperType::GetProp, {path({1})}))), "03");
  EXPECT_EQ(text(elements(query(OperType::GetProp, {path({8})}))), "01");
  EXPECT_EQ(text(elements(query(OperType::GetProp, {path({10})}))), "02");
  EXPECT_EQ(text(elements(query(OperType::GetProp, {path({3})}))), "03000000030000000300000000");
  EXPECT_EQ(text(elements(query(OperType::GetProp, {path({4})}))), "030000000300000008");
  EXPECT_EQ(text(elements(query(OperType::GetProp, {path({3, 9})}))), "E_COMPONENT_DOES_NOT_EXIST");
}

TEST_F(Query, LiveValuesAreAskedForEachTime) {
  EXPECT_EQ(value({9}), "0000000000000005");
  counter.value = 6;
  EXPECT_EQ(value({9}), "0000000000000006");
}

}  // namespace
}  // namespace forces::fe::lfb::test
