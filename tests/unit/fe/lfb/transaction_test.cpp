// RFC 5810 section 4.3.1.2: the FE's side of the two-phase commit.
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe::lfb::test {
namespace {

using pl::ExecutionMode;
using pl::Oper;
using pl::OperType;
using pl::ResultCode;
using pl::TransactionPhase;

class Transaction : public Laboratory {
 protected:
  pl::Message part(TransactionPhase phase, std::vector<Oper> opers, std::uint32_t ce = kCe) {
    auto m = message(pl::MsgType::Config, std::move(opers));
    m.header.source = {ce};
    m.header.flags = pl::Flags{}
                         .with_ack(pl::Ack::Always)
                         .with_execution_mode(ExecutionMode::AllOrNone)
                         .with_atomic(true)
                         .with_phase(phase);
    return m;
  }
  static Oper set_to(Ids ids, std::string_view octets) {
    return oper(OperType::Set, {path(std::move(ids), {data(octets)})});
  }
  std::string start(std::string_view octets = "00000001") {
    return text(elements(part(TransactionPhase::Start, {set_to({1}, octets)})));
  }
  std::string middle(Ids ids, std::string_view octets) {
    return text(elements(part(TransactionPhase::Middle, {set_to(std::move(ids), octets)})));
  }
  std::string commit(TransactionPhase phase = TransactionPhase::End) {
    return text(elements(part(phase, {oper(OperType::Commit)})));
  }
  std::string abort() { return commit(TransactionPhase::Abort); }
  void complete() {
    auto m = message(pl::MsgType::Config, {oper(OperType::TrComp)});
    EXPECT_TRUE(run(m).empty());  // "An FE MUST NOT respond to a TRCOMP"
  }
};

TEST_F(Transaction, IsValidatedThenDoneAtTheCommit) {  // figure 7
  EXPECT_EQ(start(), "E_SUCCESS");
  EXPECT_EQ(middle({3, 5}, "0000000a0000000b"), "E_SUCCESS");
  EXPECT_EQ(value({1}), "00000000");  // isolation
  EXPECT_EQ(value({3}), "");
  EXPECT_EQ(told.batches, 0);
  EXPECT_EQ(middle({3, 5, 2}, "0000000c"), "E_SUCCESS");  // of the row that is not there yet
  EXPECT_EQ(commit(), "E_SUCCESS");
  EXPECT_EQ(value({1}), "00000001");
  EXPECT_EQ(value({3, 5}), "0000000a0000000c");
  EXPECT_EQ(told.lines, (std::vector<std::string>{"1:00000000>00000001", "3.5:->0000000a0000000b",
                                                  "3.5:0000000a0000000b>0000000a0000000c"}));
  complete();
  EXPECT_EQ(text(set({path({2}, {data("00000001")})})), "E_SUCCESS");
}

TEST_F(Transaction, TheCommitIsAnsweredWithACommitResponse) {
  (void)start();
  const auto answers = run(part(TransactionPhase::End, {oper(OperType::Commit)}));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].header.type, pl::MsgType::ConfigResponse);
  EXPECT_EQ(answers[0].header.correlator, 77U);
  EXPECT_EQ(std::get<pl::LfbSelect>(answers[0].body.at(0)).operations.at(0).type,
            OperType::CommitResponse);
}

TEST_F(Transaction, AnAbortForgetsWhatWasNotCommitted) {
  (void)start();
  (void)middle({3, 5}, "0000000a0000000b");
  EXPECT_EQ(abort(), "E_SUCCESS");
  EXPECT_EQ(value({1}), "00000000");
  EXPECT_EQ(value({3}), "");
  EXPECT_EQ(told.batches, 0);
  EXPECT_EQ(commit(), "E_INVALID_FLAGS");
}

TEST_F(Transaction, AnAbortRollsBackWhatWasCommitted) {
  (void)set({path({3, 1}, {data("0000000100000001")})});
  (void)start();
  (void)run(part(TransactionPhase::Middle, {oper(OperType::Del, {path({3, 1})})}));
  EXPECT_EQ(commit(), "E_SUCCESS");
  EXPECT_EQ(value({3}), "");
  told.lines.clear();
  EXPECT_EQ(abort(), "E_SUCCESS");
  EXPECT_EQ(value({1}), "00000000");
  EXPECT_EQ(value({3, 1}), "0000000100000001");
  EXPECT_EQ(told.lines,
            (std::vector<std::string>{"3.1:->0000000100000001", "1:00000001>00000000"}));
}

TEST_F(Transaction, AfterATrcompNothingCanBeRolledBack) {
  (void)start();
  (void)commit();
  complete();
  EXPECT_EQ(abort(), "E_INVALID_FLAGS");
  EXPECT_EQ(value({1}), "00000001");
}

TEST_F(Transaction, AFailureBreaksIt) {
  (void)start();
  EXPECT_EQ(middle({8}, "00000001"), "E_READ_ONLY");
  EXPECT_EQ(middle({2}, "00000001"), "E_INVALID_OP");
  EXPECT_EQ(commit(), "E_INVALID_OP");
  EXPECT_EQ(value({1}), "00000000");
  EXPECT_EQ(abort(), "E_SUCCESS");
  EXPECT_EQ(start(), "E_SUCCESS");
}

TEST_F(Transaction, AnotherExecutionModeIsAFailure) {  // section 4.3.1.2.2
  (void)start();
  auto m = part(TransactionPhase::Middle, {set_to({2}, "00000001")});
  m.header.flags = m.header.flags.with_execution_mode(ExecutionMode::ContinueOnFailure);
  EXPECT_EQ(text(elements(m)), "E_INVALID_FLAGS");
  EXPECT_EQ(commit(), "E_INVALID_OP");
}

TEST_F(Transaction, OutOfOrder) {
  EXPECT_EQ(middle({1}, "00000001"), "E_INVALID_FLAGS");
  EXPECT_EQ(commit(), "E_INVALID_FLAGS");
  EXPECT_EQ(abort(), "E_INVALID_FLAGS");
  EXPECT_EQ(start(), "E_SUCCESS");
  EXPECT_EQ(start(), "E_BUSY");
  EXPECT_EQ(text(elements(part(TransactionPhase::End, {set_to({2}, "00000001")}))), "E_INVALID_OP");
  EXPECT_EQ(commit(), "E_SUCCESS");
  EXPECT_EQ(commit(), "E_INVALID_FLAGS");  // twice
}

TEST_F(Transaction, AnotherCeHasNoPartInIt) {
  (void)start();
  EXPECT_EQ(text(elements(part(TransactionPhase::End, {oper(OperType::Commit)}, 0x40000002))),
            "E_BUSY");
  EXPECT_EQ(commit(), "E_SUCCESS");
}

TEST_F(Transaction, WhatIsNotCommittedInTimeIsForgotten) {
  (void)start();
  ASSERT_EQ(engine.next_deadline(), kNow + std::chrono::seconds(30));
  engine.on_timer(kNow + std::chrono::seconds(29));
  EXPECT_EQ(middle({2}, "00000001"), "E_SUCCESS");
  engine.on_timer(kNow + std::chrono::seconds(30));
  EXPECT_EQ(engine.next_deadline(), std::nullopt);
  EXPECT_EQ(middle({2}, "00000001"), "E_TIMED_OUT");
  EXPECT_EQ(abort(), "E_SUCCESS");
  EXPECT_EQ(start(), "E_SUCCESS");
}

TEST_F(Transaction, WhatIsCommittedStaysWhenNoTrcompComes) {
  (void)start();
  (void)commit();
  EXPECT_EQ(text(set({path({2}, {data("00000001")})})), "E_BUSY");
  engine.on_timer(*engine.next_deadline());
  EXPECT_EQ(value({1}), "00000001");
  EXPECT_EQ(abort(), "E_INVALID_FLAGS");
  EXPECT_EQ(text(set({path({2}, {data("00000001")})})), "E_SUCCESS");
}

TEST_F(Transaction, TheEndOfTheAssociationEndsIt) {
  (void)start();
  engine.abandon_transaction();
  EXPECT_EQ(value({1}), "00000000");
  EXPECT_EQ(commit(), "E_INVALID_FLAGS");
}

TEST_F(Transaction, RegistrationsAreRolledBackToo) {
  (void)run(part(TransactionPhase::Start,
                 {oper(OperType::SetProp, {path({60, 1}, {data("00000001")})})}));
  EXPECT_EQ(commit(), "E_SUCCESS");
  EXPECT_EQ(abort(), "E_SUCCESS");
  (void)set({path({1}, {data("00000009")})});
  EXPECT_TRUE(notifications.empty());
}

TEST_F(Transaction, WhatTheFeFindsOutMeanwhileIsNotLost) {
  (void)start();
  EXPECT_TRUE(engine.put({70'000, 1}, 8, hex("00000007"), kNow));
  EXPECT_EQ(commit(), "E_SUCCESS");
  EXPECT_EQ(value({8}), "00000007");
  EXPECT_EQ(value({1}), "00000001");
}

}  // namespace
}  // namespace forces::fe::lfb::test
