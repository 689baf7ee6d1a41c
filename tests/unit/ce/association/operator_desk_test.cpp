// What FEs answered to requests of the operator, by ticket.
#include "ce/association/operator_desk.hpp"

#include <gtest/gtest.h>

namespace forces::ce {
namespace {

constexpr Instant kStart{std::chrono::seconds(100)};
constexpr Duration kMoment = std::chrono::milliseconds(1);

pl::Octets octets(std::uint8_t first) { return {std::byte{first}}; }
TransactionEnded ended(std::uint64_t id) {
  TransactionEnded told;
  told.record.id = id;
  told.record.state = provision::TransactionState::Aborted;
  return told;
}

TEST(OperatorDesk, PartsOfAnAnswerAreKeptInOrderUntilTheLast) {
  OperatorDesk desk;
  const auto ticket = desk.open({{2, 7}}, kStart);
  ASSERT_NE(ticket, 0U);
  desk.take(Answered{2, 7, octets(1), false});
  desk.take(Answered{2, 7, octets(2), false});
  ASSERT_TRUE(desk.answer(ticket, kStart));
  EXPECT_FALSE(desk.answer(ticket, kStart)->done);
  desk.take(Answered{2, 7, octets(3), true});
  const auto answer = desk.answer(ticket, kStart);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->done);
  EXPECT_EQ(answer->by_fe.at(2), (std::vector{octets(1), octets(2), octets(3)}));
  EXPECT_FALSE(answer->transaction);
}

TEST(OperatorDesk, SeveralFesAreWaitedFor) {
  OperatorDesk desk;
  const auto ticket = desk.open({{1, 5}, {2, 5}, {3, 0}}, kStart);  // FE 3 could not be asked
  desk.take(Answered{2, 5, octets(2), true});
  EXPECT_FALSE(desk.answer(ticket, kStart)->done);
  desk.take(Answered{1, 5, {}, true});  // did not answer in time
  const auto answer = desk.answer(ticket, kStart);
  ASSERT_TRUE(answer && answer->done);
  ASSERT_EQ(answer->by_fe.size(), 3U);
  EXPECT_TRUE(answer->by_fe.at(1).empty());
  EXPECT_EQ(answer->by_fe.at(2).size(), 1U);
  EXPECT_TRUE(answer->by_fe.at(3).empty());
}

TEST(OperatorDesk, WithoutAnFeThereIsNoTicket) {
  OperatorDesk desk;
  EXPECT_EQ(desk.open({{1, 0}, {2, 0}}, kStart), 0U);
  EXPECT_EQ(desk.open({}, kStart), 0U);
  EXPECT_FALSE(desk.answer(0, kStart));
  EXPECT_FALSE(desk.answer(1, kStart));
}

TEST(OperatorDesk, AnAnswerIsGivenOnce) {
  OperatorDesk desk;
  const auto ticket = desk.open({{2, 7}}, kStart);
  desk.take(Answered{2, 7, octets(1), true});
  EXPECT_TRUE(desk.answer(ticket, kStart)->done);
  EXPECT_FALSE(desk.answer(ticket, kStart));
}

TEST(OperatorDesk, ATicketThatNobodyAsksForIsForgotten) {
  OperatorDesk desk;
  const auto done = desk.open({{2, 7}}, kStart);
  const auto waiting = desk.open({{2, 8}}, kStart);
  desk.take(Answered{2, 7, octets(1), true});
  const Instant end = kStart + Controller::kTicketLife;
  EXPECT_TRUE(desk.answer(waiting, end));
  EXPECT_FALSE(desk.answer(done, end + kMoment));
  EXPECT_FALSE(desk.answer(waiting, end + kMoment));
  desk.take(Answered{2, 8, octets(1), true});  // too late: nobody's
  EXPECT_FALSE(desk.answer(waiting, end + kMoment));
}

TEST(OperatorDesk, WhatNobodyAskedForIsNobodys) {
  OperatorDesk desk;
  const auto ticket = desk.open({{2, 7}}, kStart);
  desk.take(Answered{3, 7, octets(1), true});  // the number of another FE
  desk.take(Answered{2, 6, octets(1), true});
  desk.take(ended(1));
  EXPECT_FALSE(desk.answer(ticket, kStart)->done);
  desk.take(Answered{2, 7, octets(1), true});
  desk.take(Answered{2, 7, octets(2), true});  // once more
  EXPECT_EQ(desk.answer(ticket, kStart)->by_fe.at(2).size(), 1U);
}

TEST(OperatorDesk, ATransactionEndsWithItsRecord) {
  OperatorDesk desk;
  const auto first = desk.open_transaction(4, kStart), second = desk.open_transaction(5, kStart);
  EXPECT_NE(first, second);
  desk.take(ended(5));
  EXPECT_FALSE(desk.answer(first, kStart)->done);
  const auto answer = desk.answer(second, kStart);
  ASSERT_TRUE(answer && answer->done && answer->transaction);
  EXPECT_EQ(answer->transaction->state, provision::TransactionState::Aborted);
  EXPECT_FALSE(desk.answer(first, kStart + Controller::kTicketLife + kMoment));
}

}  // namespace
}  // namespace forces::ce
