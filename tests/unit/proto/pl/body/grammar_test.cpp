#include "proto/pl/body/grammar.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "proto/pl/body/writer.hpp"
#include "proto/pl/message.hpp"
#include "tests/support/octets/print.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::pl {
namespace {

TEST(PlGrammar, MessagesHoldTheOperationsOfTable1) {
  const std::map<MsgType, std::set<OperType>> table{
      {MsgType::AssociationSetup, {OperType::Report}},
      {MsgType::Config,
       {OperType::Set, OperType::SetProp, OperType::Del, OperType::Commit, OperType::TrComp}},
      {MsgType::ConfigResponse,
       {OperType::SetResponse, OperType::SetPropResponse, OperType::DelResponse,
        OperType::CommitResponse}},
      {MsgType::Query, {OperType::Get, OperType::GetProp}},
      {MsgType::QueryResponse, {OperType::GetResponse, OperType::GetPropResponse}},
      {MsgType::EventNotification, {OperType::Report}},
  };
  for (unsigned message = 0; message < 256; ++message) {
    const auto type = static_cast<MsgType>(message);
    const auto row = table.find(type);
    for (std::uint16_t number = 0; number < 20; ++number) {
      const auto oper = static_cast<OperType>(number);
      const bool want = row != table.end() && row->second.contains(oper);
      EXPECT_EQ(may_hold(type, oper), want) << message << " " << to_string(oper);
    }
  }
}

TEST(PlGrammar, RequestsHaveTheirResponses) {
  EXPECT_EQ(response_to(MsgType::AssociationSetup), MsgType::AssociationSetupResponse);
  EXPECT_EQ(response_to(MsgType::Config), MsgType::ConfigResponse);
  EXPECT_EQ(response_to(MsgType::Query), MsgType::QueryResponse);
  EXPECT_EQ(response_to(MsgType::Heartbeat), MsgType::Heartbeat);
  for (const auto type : {MsgType::AssociationTeardown, MsgType::PacketRedirect,
                          MsgType::EventNotification, MsgType::ConfigResponse}) {
    EXPECT_EQ(response_to(type), std::nullopt);
  }
  EXPECT_EQ(response_to(OperType::Set), OperType::SetResponse);
  EXPECT_EQ(response_to(OperType::SetProp), OperType::SetPropResponse);
  EXPECT_EQ(response_to(OperType::Del), OperType::DelResponse);
  EXPECT_EQ(response_to(OperType::Get), OperType::GetResponse);
  EXPECT_EQ(response_to(OperType::GetProp), OperType::GetPropResponse);
  EXPECT_EQ(response_to(OperType::Commit), OperType::CommitResponse);
  for (const auto oper :
       {OperType::TrComp, OperType::Report, OperType::SetResponse, OperType{99}}) {
    EXPECT_EQ(response_to(oper), std::nullopt);
  }
}

// The one path of an operation, built by `body` in a scope of its own.
template <class Body>
ResultCode judged(OperType oper, Body body, bool below_range = false) {
  MessageWriter w({.type = MsgType::Config});
  {
    const auto select = w.lfb_select({1}, {1});
    const auto operation = w.operation(oper);
    body(w);
  }
  const auto octets = *std::move(w).finish();
  const auto message = MessageView::parse(octets);
  if (!message) return ResultCode::InvalidHeader;
  const OperView view = *(*message->selects().begin()).operations.begin();
  return judge(oper, (*view.items().begin()).path(), below_range);
}

const std::vector<std::uint32_t> kIds{1};
const std::vector<std::byte> kOctet(1);

struct Row {  // of table 2; sections 7.5.1, 7.6.1, 7.6.2, 7.7.1, 7.7.2 and 7.8 say it in words
  OperType oper;
  bool data, result, nothing;
};
constexpr Row kTable2[] = {
    {OperType::Set, true, false, false},         {OperType::SetProp, true, false, false},
    {OperType::SetResponse, false, true, false}, {OperType::SetPropResponse, false, true, false},
    {OperType::Del, true, false, true},          {OperType::DelResponse, false, true, false},
    {OperType::Get, false, false, true},         {OperType::GetProp, false, false, true},
    {OperType::GetResponse, true, true, false},  {OperType::GetPropResponse, true, true, false},
    {OperType::Report, true, false, true},       {OperType::CommitResponse, false, true, false},
};

TEST(PlGrammar, PathsHoldWhatTable2LetsThemHold) {
  const auto code = [](bool good, ResultCode bad) { return good ? ResultCode::Success : bad; };
  for (const Row& row : kTable2) {
    const auto name = to_string(row.oper);
    EXPECT_EQ(judged(row.oper, [](auto& w) { w.path_with_data(kIds, kOctet); }),
              code(row.data, ResultCode::InvalidTlv))
        << name;
    EXPECT_EQ(judged(row.oper,
                     [](auto& w) {
                       const auto path = w.path(kIds);
                       const auto sparse = w.sparse_data();
                     }),
              code(row.data, ResultCode::InvalidTlv))
        << name;
    EXPECT_EQ(judged(row.oper,
                     [](auto& w) {
                       const auto path = w.path(kIds);
                       w.result(ResultCode::Success);
                     }),
              code(row.result, ResultCode::InvalidTlv))
        << name;
    EXPECT_EQ(judged(row.oper, [](auto& w) { const auto path = w.path(kIds); }),
              code(row.nothing, ResultCode::InvalidParameters))
        << name;
    EXPECT_EQ(judged(row.oper,
                     [](auto& w) {
                       const auto path = w.path(kIds);
                       const auto inner = w.path(kIds);
                     }),
              ResultCode::Success)
        << name;
    EXPECT_EQ(judged(row.oper,
                     [](auto& w) {
                       const auto path = w.path(kIds);
                       const auto raw = w.tlv(std::uint16_t{0x9000});
                     }),
              ResultCode::InvalidTlv)
        << name;
  }
}

TEST(PlGrammar, SeveralDataMayStandTogetherButNotWithPaths) {  // figure 17, table 2
  EXPECT_EQ(judged(OperType::Set,
                   [](auto& w) {
                     const auto path = w.path(kIds);
                     w.full_data(kOctet);
                     const auto sparse = w.sparse_data();
                   }),
            ResultCode::Success);
  EXPECT_EQ(judged(OperType::Set,
                   [](auto& w) {
                     const auto path = w.path(kIds);
                     w.full_data(kOctet);
                     w.path_with_data(kIds, kOctet);
                   }),
            ResultCode::InvalidTlv);
  EXPECT_EQ(judged(OperType::GetResponse,
                   [](auto& w) {
                     const auto path = w.path(kIds);
                     w.full_data(kOctet);
                     w.result(ResultCode::Success);
                   }),
            ResultCode::InvalidTlv);
}

TEST(PlGrammar, SelectorsMustAgreeWithTheirFlag) {  // section 7.1.2, RFC 7391 section 3.1
  const auto with = [](OperType oper, std::uint16_t flags, bool key, bool range,
                       bool below = false) {
    return judged(
        oper,
        [&](MessageWriter& w) {
          const auto path = w.raw_path(flags, kIds);
          if (key) w.key_info({1, kOctet});
          if (range) w.table_range({0, kLastRow});
        },
        below);
  };
  using enum ResultCode;
  EXPECT_EQ(with(OperType::Get, kSelKey, true, false), Success);
  EXPECT_EQ(with(OperType::Get, kSelKeyLsb, true, false), Success);
  EXPECT_EQ(with(OperType::Get, kSelKey, false, false), InvalidFlags);
  EXPECT_EQ(with(OperType::Get, 0, true, false), InvalidFlags);
  EXPECT_EQ(with(OperType::Get, kSelTableRange, false, true), Success);
  EXPECT_EQ(with(OperType::Get, kSelTableRangeLsb, false, true), Success);
  EXPECT_EQ(with(OperType::Del, kSelTableRange, false, true), Success);
  EXPECT_EQ(with(OperType::Get, kSelTableRange, false, false), InvalidTflags);
  EXPECT_EQ(with(OperType::Get, 0, false, true), InvalidTflags);
  EXPECT_EQ(with(OperType::Get, kSelKey | kSelTableRange, true, true), InvalidTflags);
  EXPECT_EQ(with(OperType::Get, kSelTableRange, false, true, true), InvalidTflags);
  EXPECT_EQ(with(OperType::Set, kSelTableRange, false, true), InvalidTflags);
  EXPECT_EQ(with(OperType::GetProp, kSelTableRange, false, true), InvalidTflags);
  EXPECT_EQ(with(OperType::GetResponse, kSelKey, true, false), InvalidFlags);  // section 7.1.9
  EXPECT_EQ(with(OperType{99}, 0, false, false), NotSupported);
}

bool all_good(OperType oper, const ItemRange& items) {
  for (const ItemView item : items) {
    if (!item.is(TlvType::PathData)) continue;
    const PathView path = item.path();
    if (judge(oper, path) != ResultCode::Success || !all_good(oper, path.items)) return false;
  }
  return true;
}

TEST(PlGrammar, TheMessagesOfTheRfcsAreJudgedGood) {
  for (const auto& vector : test::load_vectors("forces-pl/rfc.hex")) {
    const auto message = MessageView::parse(vector.octets);
    ASSERT_TRUE(message) << vector.name;
    for (const auto select : message->selects()) {
      for (const auto oper : select.operations) {
        EXPECT_TRUE(may_hold(message->header().type, oper.type)) << vector.name;
        EXPECT_TRUE(all_good(oper.type, oper.items())) << vector.name;
      }
    }
  }
}

TEST(PlGrammar, AnAnswerHasTheCorrelatorAndPriorityOfItsRequest) {
  const Header request{.type = MsgType::Config,
                       .length = 64,
                       .source = {0x40000001},
                       .destination = {2},
                       .correlator = 77,
                       .flags = {0xf8f00000}};
  const Header want{.type = MsgType::ConfigResponse,
                    .source = {2},
                    .destination = {0x40000001},
                    .correlator = 77,
                    .flags = Flags{}.with_priority(7)};
  EXPECT_EQ(response_header(request, MsgType::ConfigResponse, {2}), want);
}

TEST(PlGrammar, AnswersInPartsAreMarkedByTheTransactionFlags) {  // RFC 7391 section 3.3
  for (const Part part : {Part::Whole, Part::First, Part::Middle, Part::Last}) {
    EXPECT_EQ(part_of(with_part({0x20300000}, part)), part);
    EXPECT_EQ(with_part({0x20300000}, part).priority(), 4u);
  }
  EXPECT_EQ(part_of({0x38500000}), Part::Whole);  // golden message 2.43: TP without AT
  const auto vectors = test::load_vectors("forces-pl/rfc.hex");
  for (const auto& [name, want] :
       {std::pair{"RFC7391-3.3-first", Part::First}, std::pair{"RFC7391-3.3-middle", Part::Middle},
        std::pair{"RFC7391-3.3-last", Part::Last}}) {
    const auto vector = std::ranges::find(vectors, name, &test::Vector::name);
    EXPECT_EQ(part_of(decode_header(vector->octets)->flags), want) << name;
  }
}

}  // namespace
}  // namespace forces::pl
