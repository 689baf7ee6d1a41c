// RFC 5810 sections 4.3.1.1 (execution modes), 6.1 (ACK flag), 7.6 and 7.7 (Config, Query).
#include "fe/lfb/processor.hpp"

#include <gtest/gtest.h>

#include "tests/support/hex.hpp"

namespace forces::fe::lfb {
namespace {

using pl::Ack;
using pl::Element;
using pl::ExecutionMode;
using pl::FullData;
using pl::Oper;
using pl::OperType;
using pl::PathData;
using pl::ResultCode;
using test::hex;

using Ids = std::vector<std::uint32_t>;

Element path(Ids ids, std::vector<Element> items = {}) {
  PathData p;
  p.ids = std::move(ids);
  p.items = std::move(items);
  return {std::move(p)};
}
Element data(std::string_view octets) { return {FullData{hex(octets)}}; }
Element result(ResultCode code) { return {pl::ResultTlv{static_cast<std::uint8_t>(code)}}; }

pl::Message message(pl::MsgType type, OperType oper, std::vector<Element> elements,
                    std::uint32_t class_id = 2) {
  pl::Message m;
  m.header.type = type;
  m.header.correlator = 77;
  m.header.flags = pl::Flags{}
                       .with_ack(Ack::Always)
                       .with_priority(5)
                       .with_execution_mode(ExecutionMode::ContinueOnFailure);
  Oper o{.type = oper};
  o.elements = std::move(elements);
  m.body.emplace_back(pl::LfbSelect{{class_id}, {1}, {std::move(o)}});
  return m;
}
pl::Message query(std::vector<Element> elements, std::uint32_t class_id = 2) {
  return message(pl::MsgType::Query, OperType::Get, std::move(elements), class_id);
}
pl::Message config(std::vector<Element> elements) {
  return message(pl::MsgType::Config, OperType::Set, std::move(elements));
}

const Oper& only_operation(const Processed& done) {
  return std::get<pl::LfbSelect>(done.response->body.at(0)).operations.at(0);
}

TEST(Query, AnswersEachPathWithItsValueOrItsFailure) {
  const auto done = process_query(query({path({5}), path({99})}), Values{}, true);
  EXPECT_TRUE(done.failed);
  EXPECT_EQ(done.response->header.type, pl::MsgType::QueryResponse);
  EXPECT_EQ(done.response->header.correlator, 77U);
  EXPECT_EQ(done.response->header.flags.priority(), 5U);  // RFC 5811 section 4.2.1.2
  EXPECT_EQ(only_operation(done).type, OperType::GetResponse);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({5}, {data("00007530")}),
                         path({99}, {result(ResultCode::ComponentDoesNotExist)})}));
}

TEST(Query, FollowsNestedPaths) {  // RFC 5810 section 7.1.4: common prefix
  const auto done = process_query(query({path({}, {path({4}), path({7})})}), Values{}, true);
  EXPECT_FALSE(done.failed);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({}, {path({4}, {data("00")}), path({7}, {data("000001f4")})})}));
}

TEST(Query, ChangesNothingEvenWithASet) {
  auto q = query({});
  auto& select = std::get<pl::LfbSelect>(q.body[0]);
  select.operations[0].type = OperType::Set;
  select.operations[0].elements = {path({5}, {data("00001388")})};
  const auto done = process_query(q, Values{}, true);
  EXPECT_EQ(only_operation(done).type, OperType::SetResponse);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({5}, {result(ResultCode::NotSupported)})}));
}

TEST(Query, PropertiesAreNotSupported) {
  const auto done =
      process_query(message(pl::MsgType::Query, OperType::GetProp, {path({5})}), Values{}, true);
  EXPECT_EQ(only_operation(done).type, OperType::GetPropResponse);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({5}, {result(ResultCode::NotSupported)})}));
}

TEST(Query, OfAnUnknownClassSaysSo) {
  const auto done = process_query(query({path({1})}, 4711), Values{}, true);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({1}, {result(ResultCode::LfbUnknown)})}));
}

TEST(Query, ToAnotherFeSaysSo) {
  const auto done = process_query(query({path({1})}), Values{}, false);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({1}, {result(ResultCode::InvalidDestinationPid)})}));
}

TEST(Query, ASelectorThatTheFlagsDenyIsRefused) {
  PathData p;
  p.ids = {15};
  p.flags = pl::kSelKey;  // and no KEYINFO
  const auto done = process_query(query({{p}}), Values{}, true);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({15}, {result(ResultCode::InvalidFlags)})}));
}

TEST(Query, DataWherePathsBelongIsRefused) {
  const auto done = process_query(query({data("00")}), Values{}, true);
  EXPECT_EQ(only_operation(done).elements, (std::vector{result(ResultCode::InvalidTlv)}));
}

TEST(Config, SetsAndReportsEachPath) {
  Values v;
  const auto done =
      process_config(config({path({5}, {data("00001388")}), path({1}, {data("02")})}), v, true);
  EXPECT_EQ(v.protocol.liveness.ce_dead, std::chrono::seconds(5));
  EXPECT_TRUE(done.failed);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({5}, {result(ResultCode::Success)}),
                         path({1}, {result(ResultCode::ReadOnly)})}));
}

TEST(Config, TakesSparseDataByComponentId) {  // RFC 5810 section 7.1.8
  Values v;
  pl::SparseData sparse{{{7, hex("00000064")}, {5, hex("00001388")}}};
  const auto done = process_config(config({path({}, {{sparse}})}), v, true);
  EXPECT_FALSE(done.failed);
  EXPECT_EQ(v.protocol.liveness.ce_dead, std::chrono::seconds(5));
  EXPECT_EQ(v.protocol.liveness.fe_interval, std::chrono::milliseconds(100));
}

TEST(Config, WithoutDataIsAnInvalidParameter) {
  Values v;
  EXPECT_EQ(only_operation(process_config(config({path({5})}), v, true)).elements,
            (std::vector{path({5}, {result(ResultCode::InvalidParameters)})}));
}

pl::Message mixed(ExecutionMode mode, Ack ack) {  // good, bad, good
  auto m = config(
      {path({5}, {data("00001388")}), path({1}, {data("02")}), path({7}, {data("00000064")})});
  m.header.flags = m.header.flags.with_execution_mode(mode).with_ack(ack);
  return m;
}

struct Mode {
  ExecutionMode mode;
  bool first_kept, last_kept;
  std::vector<ResultCode> results;
};
TEST(Config, ObeysTheExecutionMode) {  // RFC 5810 section 4.3.1.1
  const Mode modes[] = {
      {ExecutionMode::ContinueOnFailure,
       true,
       true,
       {ResultCode::Success, ResultCode::ReadOnly, ResultCode::Success}},
      {ExecutionMode::Reserved,
       true,
       true,
       {ResultCode::Success, ResultCode::ReadOnly, ResultCode::Success}},
      {ExecutionMode::UntilFailure, true, false, {ResultCode::Success, ResultCode::ReadOnly}},
      {ExecutionMode::AllOrNone,
       false,
       false,
       {ResultCode::UnspecifiedError, ResultCode::ReadOnly}},
  };
  for (const Mode& m : modes) {
    Values v;
    const auto done = process_config(mixed(m.mode, Ack::Always), v, true);
    EXPECT_EQ(v.protocol.liveness.ce_dead == std::chrono::seconds(5), m.first_kept);
    EXPECT_EQ(v.protocol.liveness.fe_interval == std::chrono::milliseconds(100), m.last_kept);
    const Oper& oper = only_operation(done);
    ASSERT_EQ(oper.elements.size(), m.results.size());
    for (std::size_t i = 0; i < m.results.size(); ++i) {
      EXPECT_EQ(std::get<PathData>(oper.elements[i].value).items.at(0), result(m.results[i]));
    }
  }
}

TEST(Config, AnswersAsTheAckFlagAsks) {  // RFC 5810 section 6.1
  const auto answered = [](const pl::Message& m) {
    Values v;
    return process_config(m, v, true).response.has_value();
  };
  auto good = config({path({5}, {data("00001388")})});
  auto bad = config({path({1}, {data("02")})});
  const auto with = [](pl::Message m, Ack ack) {
    m.header.flags = m.header.flags.with_ack(ack);
    return m;
  };
  EXPECT_FALSE(answered(with(good, Ack::None)));
  EXPECT_FALSE(answered(with(bad, Ack::None)));
  EXPECT_TRUE(answered(with(good, Ack::Success)));
  EXPECT_FALSE(answered(with(bad, Ack::Success)));
  EXPECT_FALSE(answered(with(good, Ack::Failure)));
  EXPECT_TRUE(answered(with(bad, Ack::Failure)));
  EXPECT_TRUE(answered(with(good, Ack::Always)));
  EXPECT_TRUE(answered(with(bad, Ack::Always)));
}

TEST(Config, FailureAckReportsOnlyWhatFailed) {
  Values v;
  const auto done = process_config(mixed(ExecutionMode::ContinueOnFailure, Ack::Failure), v, true);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({1}, {result(ResultCode::ReadOnly)})}));
}

TEST(Config, ATransactionIsNotSupportedAndChangesNothing) {
  Values v;
  auto m = config({path({5}, {data("00001388")})});
  m.header.flags = m.header.flags.with_atomic(true);
  EXPECT_EQ(only_operation(process_config(m, v, true)).elements,
            (std::vector{path({5}, {result(ResultCode::NotSupported)})}));
  EXPECT_EQ(v.protocol.liveness.ce_dead, std::chrono::seconds(30));
}

TEST(Config, CommitIsAnsweredAndTrcompIsNot) {
  Values v;
  const auto commit = process_config(message(pl::MsgType::Config, OperType::Commit, {}), v, true);
  EXPECT_EQ(only_operation(commit).type, OperType::CommitResponse);
  EXPECT_EQ(only_operation(commit).elements, (std::vector{result(ResultCode::NotSupported)}));
  const auto trcomp = process_config(message(pl::MsgType::Config, OperType::TrComp, {}), v, true);
  EXPECT_TRUE(std::get<pl::LfbSelect>(trcomp.response->body.at(0)).operations.empty());
}

TEST(Config, ToAnotherFeChangesNothing) {
  Values v;
  const auto done = process_config(config({path({5}, {data("00001388")})}), v, false);
  EXPECT_EQ(only_operation(done).elements,
            (std::vector{path({5}, {result(ResultCode::InvalidDestinationPid)})}));
  EXPECT_EQ(v.protocol.liveness.ce_dead, std::chrono::seconds(30));
}

TEST(Config, EveryResponseEncodes) {
  for (const auto mode : {ExecutionMode::AllOrNone, ExecutionMode::ContinueOnFailure}) {
    Values v;
    const auto done = process_config(mixed(mode, Ack::Always), v, true);
    const auto octets = pl::encode_message(*done.response);
    ASSERT_TRUE(octets);
    const auto again = pl::decode_message(*octets);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->body, done.response->body);
  }
}

}  // namespace
}  // namespace forces::fe::lfb
