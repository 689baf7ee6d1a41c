// RFC 5810 sections 4.3.1.1 (execution modes), 6.1 (ACK flag) and 7.6.
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe::lfb::test {
namespace {

using pl::Ack;
using pl::ExecutionMode;
using pl::OperType;
using pl::ResultCode;

class Config : public Laboratory {};

TEST_F(Config, SetsAndReportsEachPath) {
  EXPECT_EQ(set({path({1}, {data("00001388")}), path({8}, {data("00000002")})}),
            (std::vector{path({1}, {result(ResultCode::Success)}),
                         path({8}, {result(ResultCode::ReadOnly)})}));
  EXPECT_EQ(value({1}), "00001388");
}

TEST_F(Config, TakesSparseDataByComponentId) {  // section 7.1.8
  EXPECT_EQ(text(set({path({}, {sparse({{2, "00000009"}, {1, "00000008"}})})})), "E_SUCCESS");
  EXPECT_EQ(value({1}), "00000008");
  EXPECT_EQ(value({2}), "00000009");
}

TEST_F(Config, SparseDataOfWhichOnePartIsBadChangesNothing) {
  EXPECT_EQ(text(set({path({}, {sparse({{1, "00000008"}, {2, "00000065"}})})})),
            "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(value({1}), "00000000");
}

TEST_F(Config, SparseDataChangesFieldsAndMakesRowsWithDefaults) {
  EXPECT_EQ(text(set({path({3, 5}, {sparse({{1, "0000000a"}})})})), "E_SUCCESS");
  EXPECT_EQ(value({3, 5}), "0000000a00000000");
  EXPECT_EQ(text(set({path({3, 5}, {sparse({{2, "0000000b"}})})})), "E_SUCCESS");
  EXPECT_EQ(value({3, 5}), "0000000a0000000b");
  EXPECT_EQ(text(set({path({3}, {sparse({{6, "00000001 0000000c 0000000c"}})})})), "E_SUCCESS");
  EXPECT_EQ(value({3, 6}), "0000000c00000000");
  EXPECT_EQ(text(set({path({3}, {sparse({{7, "0000000d 0000000e"}})})})), "E_SUCCESS");
  EXPECT_EQ(value({3, 7}), "0000000d0000000e");  // rows in one piece are taken too
}

TEST_F(Config, ATableAtItsOwnPathIsReplaced) {  // appendix D, use case 3
  (void)set({path({3, 1}, {data("0000000100000000")}), path({3, 2}, {data("0000000200000000")}),
             path({3, 3}, {data("0000000300000000")})});
  told.lines.clear();
  EXPECT_EQ(text(set({path({3}, {data("000000020000000200000000"
                                      "000000030000000400000000"
                                      "000000090000000300000000")})})),
            "E_SUCCESS");
  EXPECT_EQ(value({3}),
            "000000020000000200000000"
            "000000030000000400000000"
            "000000090000000300000000");
  EXPECT_EQ(told.lines, (std::vector<std::string>{"3.1:0000000100000000>-",
                                                  "3.3:0000000300000000>0000000400000000",
                                                  "3.9:->0000000300000000"}));
}

TEST_F(Config, KeysMayWanderInATableThatIsReplaced) {
  (void)set({path({3, 1}, {data("0000000a00000000")}), path({3, 2}, {data("0000000b00000000")})});
  EXPECT_EQ(text(set({path({3}, {data("000000010000000b00000000"
                                      "000000020000000a00000000")})})),
            "E_SUCCESS");
  EXPECT_EQ(value({3}), "000000010000000b00000000000000020000000a00000000");
}

TEST_F(Config, AKeySelectsTheRowToSetAndToDelete) {  // use cases 11 and 13
  (void)set({path({3, 4}, {data("0000000a00000000")})});
  EXPECT_EQ(set({by_key({3}, 1, "0000000a", {path({2}, {data("00000014")})})}),
            (std::vector{path({3, 4}, {path({2}, {result(ResultCode::Success)})})}));
  EXPECT_EQ(value({3, 4}), "0000000a00000014");
  EXPECT_EQ(del({by_key({3}, 1, "0000000a")}),
            (std::vector{path({3, 4}, {result(ResultCode::Success)})}));
  EXPECT_EQ(value({3}), "");
}

TEST_F(Config, DelOfATableAndOfARange) {
  for (std::uint32_t i = 1; i < 10; ++i) {
    const std::string row = "0000000" + std::to_string(i) + "00000000";
    (void)set({path({3, i}, {test::data(row)})});
  }
  EXPECT_EQ(text(del({by_range({3}, 2, 8)})), "E_SUCCESS");
  EXPECT_EQ(value({3}), "000000010000000100000000000000090000000900000000");
  EXPECT_EQ(text(del({path({3})})), "E_SUCCESS");
  EXPECT_EQ(value({3}), "");
}

TEST_F(Config, PaddingCountedInALengthIsTakenOff) {  // RFC 6053 section 3.4 issue 4
  EXPECT_EQ(text(set({path({13}, {data("01000000")})})), "E_SUCCESS");
  EXPECT_EQ(value({13}), "01");
}

TEST_F(Config, ACounterIsReset) {
  EXPECT_EQ(text(set({path({9}, {data("0000000000000000")})})), "E_SUCCESS");
  EXPECT_EQ(told.lines, std::vector<std::string>{"9:->-"});
}

pl::Message mixed(pl::Message m, ExecutionMode mode, Ack ack) {  // good, bad, good
  m.header.flags = m.header.flags.with_execution_mode(mode).with_ack(ack);
  return m;
}

struct Mode {
  ExecutionMode mode;
  const char *first, *last;
  std::vector<ResultCode> results;
  int batches;
};
TEST_F(Config, ObeysTheExecutionMode) {  // section 4.3.1.1
  const Mode modes[] = {
      {ExecutionMode::ContinueOnFailure,
       "00000001",
       "00000002",
       {ResultCode::Success, ResultCode::ReadOnly, ResultCode::Success},
       1},
      {ExecutionMode::Reserved,
       "00000001",
       "00000002",
       {ResultCode::Success, ResultCode::ReadOnly, ResultCode::Success},
       1},
      {ExecutionMode::UntilFailure,
       "00000001",
       "00000007",
       {ResultCode::Success, ResultCode::ReadOnly},
       1},
      {ExecutionMode::AllOrNone,
       "00000000",
       "00000007",
       {ResultCode::UnspecifiedError, ResultCode::ReadOnly},
       0},
  };
  for (const Mode& m : modes) {
    engine.reset();
    told.batches = 0;
    const auto all = elements(
        mixed(config(OperType::Set, {path({1}, {data("00000001")}), path({8}, {data("00000002")}),
                                     path({2}, {data("00000002")})}),
              m.mode, Ack::Always));
    EXPECT_EQ(value({1}), m.first);
    EXPECT_EQ(value({2}), m.last);
    EXPECT_EQ(told.batches, m.batches);
    ASSERT_EQ(all.size(), m.results.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(std::get<pl::PathData>(all[i].value).items.at(0), result(m.results[i]));
    }
  }
}

TEST_F(Config, AnswersAsTheAckFlagAsks) {  // section 6.1
  const auto answered = [&](bool good, Ack ack) {
    const std::uint32_t component = good ? 1 : 8;
    auto m = mixed(config(OperType::Set, {path({component}, {data("00000001")})}),
                   ExecutionMode::ContinueOnFailure, ack);
    return run(m).size();
  };
  EXPECT_EQ(answered(true, Ack::None), 0U);
  EXPECT_EQ(answered(false, Ack::None), 0U);
  EXPECT_EQ(answered(true, Ack::Success), 1U);
  EXPECT_EQ(answered(false, Ack::Success), 0U);
  EXPECT_EQ(answered(true, Ack::Failure), 0U);
  EXPECT_EQ(answered(false, Ack::Failure), 1U);
  EXPECT_EQ(answered(true, Ack::Always), 1U);
  EXPECT_EQ(answered(false, Ack::Always), 1U);
}

TEST_F(Config, FailureAckReportsOnlyWhatFailed) {
  auto m =
      mixed(config(OperType::Set, {path({1}, {data("00000001")}), path({8}, {data("00000002")}),
                                   path({11}, {path({1}, {data("00000002")})})}),
            ExecutionMode::ContinueOnFailure, Ack::Failure);
  EXPECT_EQ(elements(m), (std::vector{path({8}, {result(ResultCode::ReadOnly)})}));
}

TEST_F(Config, TheSinkIsToldInOrderOncePerMessage) {
  (void)set({path({3, 1}, {data("0000000a00000000")}), path({1}, {data("00000005")}),
             path({1}, {data("00000005")})});  // the same again is no change
  EXPECT_EQ(told.batches, 1);
  EXPECT_EQ(told.lines,
            (std::vector<std::string>{"3.1:->0000000a00000000", "1:00000000>00000005"}));
}

TEST_F(Config, ResetForgetsWhatCesHaveSet) {  // section 4.2.2.3
  (void)set({path({3, 1}, {data("0000000a00000000")}), path({1}, {data("00000005")})});
  told.lines.clear();
  engine.reset();
  EXPECT_EQ(told.lines,
            (std::vector<std::string>{"1:00000005>00000000", "3.1:0000000a00000000>-"}));
  EXPECT_EQ(value({3}), "");
  EXPECT_EQ(value({8}), "00000063");
}

}  // namespace
}  // namespace forces::fe::lfb::test
