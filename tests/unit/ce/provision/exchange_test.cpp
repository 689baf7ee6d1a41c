#include "ce/provision/exchange.hpp"

#include <gtest/gtest.h>

#include "proto/pl/body/grammar.hpp"
#include "tests/support/sim/steps.hpp"

namespace forces::ce::provision {
namespace {

using namespace std::chrono_literals;
using pl::MsgType;
using test::at;

constexpr std::uint32_t kCe = 0x40000001, kFe = 2;

pl::Octets response(MsgType type, std::uint64_t correlator, pl::Part part = pl::Part::Whole) {
  pl::Header header;
  header.type = type;
  header.source = {kFe};
  header.destination = {kCe};
  header.correlator = correlator;
  header.flags = pl::with_part({}, part);
  return pl::MessageWriter(header).finish().value();
}

class ExchangeTest : public testing::Test {
 protected:
  std::uint64_t ask(MsgType type, Purpose purpose, Instant now = at(0s), std::size_t octets = 0) {
    pl::MessageWriter request = exchange.begin(type);
    if (octets != 0) {
      const auto select = request.lfb_select(pl::kFeObject, {1});
      const auto set = request.operation(pl::OperType::Set);
      const std::uint32_t ids[] = {3};
      request.path_with_data(ids, pl::Octets(octets));
    }
    return exchange.submit(std::move(request), purpose, now);
  }
  std::expected<Answer, Refused> answer(const pl::Octets& octets, Instant now = at(1s)) {
    return exchange.on_response(pl::decode_header(octets).value(), octets, now);
  }
  Exchange exchange{kCe, kFe, {}};
};

TEST_F(ExchangeTest, ARequestHasTheHeaderOfItsKind) {  // RFC 5810 section 6.1
  const std::uint64_t query = ask(MsgType::Query, Purpose::Capability);
  const std::uint64_t config = ask(MsgType::Config, Purpose::Settings);
  EXPECT_NE(query, config);
  auto sent = pl::decode_header(exchange.poll_output().value()).value();
  EXPECT_EQ(sent.type, MsgType::Query);
  EXPECT_EQ(sent.correlator, query);
  EXPECT_EQ(sent.source.value, kCe);
  EXPECT_EQ(sent.destination.value, kFe);
  EXPECT_EQ(sent.flags.ack(), pl::Ack::None) << "means nothing in a Query";
  sent = pl::decode_header(exchange.poll_output().value()).value();
  EXPECT_EQ(sent.type, MsgType::Config);
  EXPECT_EQ(sent.correlator, config);
  EXPECT_EQ(sent.flags.ack(), pl::Ack::Always);
  EXPECT_EQ(sent.flags.execution_mode(), pl::ExecutionMode::ContinueOnFailure);
  EXPECT_EQ(sent.flags.priority(), 4U);
  EXPECT_FALSE(exchange.poll_output());
}

TEST_F(ExchangeTest, AnAnswerIsForWhoAskedAndTakenOnce) {
  const std::uint64_t first = ask(MsgType::Query, Purpose::Capability);
  const std::uint64_t second = ask(MsgType::Query, Purpose::Mastership);
  EXPECT_EQ(answer(response(MsgType::QueryResponse, second)).value().purpose, Purpose::Mastership);
  EXPECT_EQ(answer(response(MsgType::QueryResponse, first)).value().purpose, Purpose::Capability);
  EXPECT_EQ(answer(response(MsgType::QueryResponse, first)).error(), Refused::WrongCorrelator);
  EXPECT_EQ(exchange.outstanding(), 0U);
}

TEST_F(ExchangeTest, WhatAnswersNothingOrSomethingElseIsRefused) {
  const std::uint64_t query = ask(MsgType::Query, Purpose::Capability);
  EXPECT_EQ(answer(response(MsgType::QueryResponse, 0)).error(), Refused::WrongCorrelator);
  EXPECT_EQ(answer(response(MsgType::QueryResponse, query + 1)).error(), Refused::WrongCorrelator);
  EXPECT_EQ(answer(response(MsgType::ConfigResponse, query)).error(), Refused::WrongCorrelator);
  pl::Octets cut = response(MsgType::QueryResponse, query);
  const auto header = pl::decode_header(cut).value();
  cut.resize(cut.size() + 2);
  EXPECT_EQ(exchange.on_response(header, cut, at(1s)).error(), Refused::Malformed);
  EXPECT_TRUE(answer(response(MsgType::QueryResponse, query))) << "it is still awaited";
}

TEST_F(ExchangeTest, AnAnswerInPartsEndsWithTheLast) {  // RFC 7391 section 3.3
  const std::uint64_t query = ask(MsgType::Query, Purpose::ReadRows);
  for (const pl::Part part : {pl::Part::First, pl::Part::Middle, pl::Part::Middle}) {
    EXPECT_FALSE(answer(response(MsgType::QueryResponse, query, part)).value().last);
  }
  EXPECT_EQ(exchange.outstanding(), 1U);
  EXPECT_TRUE(answer(response(MsgType::QueryResponse, query, pl::Part::Last)).value().last);
  EXPECT_EQ(exchange.outstanding(), 0U);
}

TEST_F(ExchangeTest, WhatIsNotAnsweredInTimeIsToldOnce) {
  const std::uint64_t query = ask(MsgType::Query, Purpose::ReadRows, at(0s));
  const std::uint64_t config = ask(MsgType::Config, Purpose::Transaction, at(1s));
  EXPECT_EQ(exchange.next_deadline(), at(11s)) << "a transaction has less time";
  EXPECT_FALSE(exchange.poll_unanswered(at(10s)));
  EXPECT_EQ(exchange.poll_unanswered(at(11s)).value().correlator, config);
  EXPECT_EQ(exchange.next_deadline(), at(30s));
  // A part begins the time anew.
  ASSERT_TRUE(answer(response(MsgType::QueryResponse, query, pl::Part::First), at(29s)));
  EXPECT_EQ(exchange.next_deadline(), at(59s));
  EXPECT_EQ(exchange.poll_unanswered(at(59s)).value().purpose, Purpose::ReadRows);
  EXPECT_FALSE(exchange.poll_unanswered(at(1000s)));
  EXPECT_FALSE(exchange.next_deadline());
  EXPECT_EQ(answer(response(MsgType::QueryResponse, query)).error(), Refused::WrongCorrelator);
  EXPECT_EQ(exchange.counters().timeouts, 2U);
}

TEST_F(ExchangeTest, TheWindowBoundsOctetsAndMessages) {
  ExchangeConfig config;
  config.window_octets = 1000;
  config.window_messages = 3;
  exchange.set_config(config);
  EXPECT_TRUE(exchange.room());
  const std::uint64_t large = ask(MsgType::Config, Purpose::WriteRows, at(0s), 1200);
  EXPECT_FALSE(exchange.room());
  EXPECT_EQ(exchange.window(), 0U);
  ASSERT_TRUE(answer(response(MsgType::ConfigResponse, large)));
  EXPECT_EQ(exchange.outstanding_octets(), 0U);
  for (int i = 0; i < 3; ++i) ask(MsgType::Query, Purpose::ReadRows);
  EXPECT_FALSE(exchange.room());
}

TEST_F(ExchangeTest, WhatNobodyAnswersIsNotAwaited) {  // TRCOMP
  EXPECT_EQ(exchange.submit(exchange.begin(MsgType::Config), Purpose::Transaction, at(0s), false),
            0U);
  EXPECT_TRUE(exchange.poll_output());
  EXPECT_EQ(exchange.outstanding(), 0U);
}

TEST_F(ExchangeTest, WhenTheAssociationEndsEverythingIsAbandoned) {
  const std::uint64_t one = ask(MsgType::Query, Purpose::Operator);
  ask(MsgType::Config, Purpose::WriteRows);
  EXPECT_EQ(exchange.poll_abandoned().value().correlator, one);
  EXPECT_EQ(exchange.poll_abandoned().value().purpose, Purpose::WriteRows);
  EXPECT_FALSE(exchange.poll_abandoned());
  EXPECT_EQ(exchange.outstanding_octets(), 0U);
  EXPECT_EQ(answer(response(MsgType::QueryResponse, one)).error(), Refused::WrongCorrelator);
}

TEST_F(ExchangeTest, AConfigSucceedsWhenAllItsResultsDo) {
  pl::Header header;
  header.type = MsgType::ConfigResponse;
  for (const auto& [codes, want] :
       {std::pair{std::vector{pl::ResultCode::Success, pl::ResultCode::Success},
                  pl::ResultCode::Success},
        std::pair{std::vector{pl::ResultCode::Success, pl::ResultCode::ReadOnly},
                  pl::ResultCode::ReadOnly}}) {
    pl::MessageWriter w(header);
    {
      const auto select = w.lfb_select(pl::kFeObject, {1});
      const auto oper = w.operation(pl::OperType::SetResponse);
      for (const pl::ResultCode code : codes) w.result(code);
    }
    const auto octets = std::move(w).finish().value();
    pl::ResultCode first = pl::ResultCode::Success;
    EXPECT_EQ(succeeded(pl::MessageView::parse(octets).value(), &first),
              want == pl::ResultCode::Success);
    EXPECT_EQ(first, want);
  }
}

}  // namespace
}  // namespace forces::ce::provision
