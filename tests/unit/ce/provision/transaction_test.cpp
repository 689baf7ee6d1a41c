// RFC 5810 section 4.3.1.2: the coordinator alone, every order of answers and deaths.
#include "ce/provision/transaction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "ce/provision/provisioner.hpp"
#include "tests/support/sim/steps.hpp"

namespace forces::ce::provision {
namespace {

using namespace std::chrono_literals;
using pl::OperType;
using pl::ResultCode;
using pl::TransactionPhase;
using test::at;

constexpr Instant kNow = at(1s);

// FEs that hold what they were sent until the test answers.
struct FakeFes : TransactionCarrier {
  struct Sent {
    std::uint32_t fe;
    std::uint64_t correlator;  // 0: is not answered
    TransactionPhase phase;
    OperType oper;
  };
  [[nodiscard]] bool free(std::uint32_t fe) override { return !not_ours.contains(fe); }
  void hold(std::uint32_t fe, bool on) override {
    if (on) {
      held.insert(fe);
    } else {
      held.erase(fe);
    }
  }
  std::uint64_t send(std::uint32_t fe, TransactionPhase phase, const std::vector<pl::BodyTlv>& body,
                     bool answered) override {
    EXPECT_TRUE(held.contains(fe));
    EXPECT_FALSE(dead.contains(fe)) << "nothing goes to an FE that is lost";
    const auto& select = std::get<pl::LfbSelect>(body.at(0));
    sent.push_back({fe, answered ? ++correlator : 0, phase, select.operations.at(0).type});
    return sent.back().correlator;
  }
  void distrust(std::uint32_t fe) override { distrusted.insert(fe); }

  std::set<std::uint32_t> not_ours, held, dead, distrusted;
  std::vector<Sent> sent;
  std::uint64_t correlator = 0;
};

class TransactionTest : public testing::Test {
 protected:
  static std::vector<pl::BodyTlv> body() {
    pl::LfbSelect select{pl::kFeObject, {1}, {}};
    select.operations.push_back({.type = OperType::Set});
    std::vector<pl::BodyTlv> all;
    all.emplace_back(std::move(select));
    return all;
  }
  std::optional<std::uint64_t> begin(std::initializer_list<std::uint32_t> ids, int configs = 2) {
    std::vector<TransactionPart> parts;
    for (const std::uint32_t fe : ids) {
      parts.push_back({fe, {static_cast<std::size_t>(configs), body()}});
    }
    return coordinator.begin(parts, fes, kNow);
  }
  // What was sent since, in order.
  std::vector<FakeFes::Sent> take() { return std::exchange(fes.sent, {}); }
  void good(const FakeFes::Sent& s) {
    coordinator.on_answer(s.fe, s.correlator, ResultCode::Success, fes, kNow);
  }
  void bad(const FakeFes::Sent& s) {
    coordinator.on_answer(s.fe, s.correlator, ResultCode::ReadOnly, fes, kNow);
  }
  void silent(const FakeFes::Sent& s) { coordinator.on_unanswered(s.fe, s.correlator, fes, kNow); }
  void lost(std::uint32_t fe) {
    fes.dead.insert(fe);
    coordinator.on_fe_lost(fe, fes, kNow);
  }
  TransactionRecord last() { return coordinator.list().at(0); }

  FakeFes fes;
  Coordinator coordinator;
};

TEST_F(TransactionTest, StartMiddleCommitComplete) {
  ASSERT_TRUE(begin({1, 2}, 3));
  auto sent = take();
  ASSERT_EQ(sent.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(sent[i].phase, i % 3 == 0 ? TransactionPhase::Start : TransactionPhase::Middle);
    EXPECT_EQ(sent[i].oper, OperType::Set);
  }
  for (std::size_t i = 0; i < 5; ++i) good(sent[i]);
  EXPECT_TRUE(fes.sent.empty()) << "not before all have validated";
  EXPECT_EQ(last().fes[0].outcome, FeOutcome::Ready);
  good(sent[5]);
  sent = take();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].phase, TransactionPhase::End);
  EXPECT_EQ(sent[0].oper, OperType::Commit);
  good(sent[1]);
  EXPECT_TRUE(fes.sent.empty()) << "not before all have committed";
  EXPECT_EQ(last().state, TransactionState::Committing);
  good(sent[0]);
  sent = take();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].oper, OperType::TrComp);
  EXPECT_EQ(sent[0].correlator, 0U) << "an FE MUST NOT respond to it";
  EXPECT_EQ(last().state, TransactionState::Completed);
  EXPECT_EQ(coordinator.poll_output().value().state, TransactionState::Completed);
  EXPECT_TRUE(fes.held.empty());
  EXPECT_TRUE(fes.distrusted.empty());
}

TEST_F(TransactionTest, AFailureAbortsAtAllFes) {
  ASSERT_TRUE(begin({1, 2, 3}));
  auto sent = take();
  bad(sent[2]);
  auto aborts = take();
  ASSERT_EQ(aborts.size(), 3U);
  for (const auto& a : aborts) {
    EXPECT_EQ(a.phase, TransactionPhase::Abort);
    EXPECT_EQ(a.oper, OperType::Commit);
  }
  EXPECT_EQ(last().state, TransactionState::Aborting);
  for (const auto& s : sent) good(s);  // late: of no interest
  EXPECT_EQ(last().state, TransactionState::Aborting);
  for (const auto& a : aborts) good(a);
  EXPECT_EQ(last().state, TransactionState::Aborted);
  EXPECT_EQ(last().failed_fe, 2U);
  EXPECT_EQ(last().fes[1].outcome, FeOutcome::Refused);
  EXPECT_EQ(last().fes[1].code, ResultCode::ReadOnly);
  EXPECT_TRUE(fes.sent.empty()) << "nothing was committed";
  EXPECT_TRUE(fes.distrusted.empty());
}

// What goes wrong, at which FE, in which phase; and what the others get.
TEST_F(TransactionTest, AnyEndInAnyPhaseAbortsAtTheOthers) {
  enum class How { Bad, Silent, Lost };
  for (const How how : {How::Bad, How::Silent, How::Lost}) {
    for (const bool committing : {false, true}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(how) << (committing ? " COMMIT" : ""));
      coordinator = {};
      fes = {};
      ASSERT_TRUE(begin({1, 2, 3}, 1));
      auto sent = take();
      good(sent[0]);
      if (committing) {
        good(sent[1]);
        good(sent[2]);
        sent = take();
        good(sent[0]);
      }
      if (how == How::Bad) bad(sent[1]);
      if (how == How::Silent) silent(sent[1]);
      if (how == How::Lost) lost(2);
      const auto aborts = take();
      ASSERT_EQ(aborts.size(), how == How::Lost ? 2U : 3U);
      for (const auto& a : aborts) {
        EXPECT_EQ(a.phase, TransactionPhase::Abort);
        if (a.fe != 2) good(a);
      }
      if (how != How::Lost) {
        EXPECT_EQ(last().state, TransactionState::Aborting);
        silent(*std::ranges::find(aborts, 2U, &FakeFes::Sent::fe));
      }
      EXPECT_EQ(last().state, TransactionState::Aborted);
      EXPECT_EQ(last().failed_fe, 2U);
      EXPECT_EQ(fes.distrusted, std::set<std::uint32_t>{2}) << "nobody knows what it did";
      EXPECT_TRUE(fes.held.empty());
    }
  }
}

TEST_F(TransactionTest, AnFeThatIsLostWhileAbortingIsNotWaitedFor) {
  ASSERT_TRUE(begin({1, 2}, 1));
  bad(take()[0]);
  good(take()[0]);
  EXPECT_EQ(last().state, TransactionState::Aborting);
  lost(2);
  EXPECT_EQ(last().state, TransactionState::Aborted);
}

TEST_F(TransactionTest, BeginsOnlyAtFesThatAreFree) {
  fes.not_ours = {3};
  EXPECT_FALSE(begin({}));
  EXPECT_FALSE(begin({1, 1}));
  EXPECT_FALSE(begin({1, 3}));
  EXPECT_FALSE(begin({1}, 0));
  EXPECT_TRUE(fes.sent.empty());
  ASSERT_TRUE(begin({1, 2}));
  EXPECT_FALSE(begin({2, 4}));
  EXPECT_TRUE(begin({4})) << "others may have one at the same time";
  EXPECT_EQ(coordinator.list().size(), 2U);
}

TEST_F(TransactionTest, TheLastHundredAreKept) {
  for (int i = 0; i < 150; ++i) {
    ASSERT_TRUE(begin({1}, 1));
    good(take()[0]);
    good(take()[0]);
    (void)take();
  }
  ASSERT_TRUE(begin({1}, 1));
  const auto all = coordinator.list();
  ASSERT_EQ(all.size(), 1 + Coordinator::kHistory);
  EXPECT_EQ(all[0].state, TransactionState::Validating);
  EXPECT_EQ(all[1].id, 150U);
  EXPECT_EQ(all.back().id, 51U);
}

// Whatever comes in whatever order: it ends, and never half of it.
TEST_F(TransactionTest, EndsWhateverHappens) {
  std::mt19937 random(7);
  for (int run = 0; run < 2000; ++run) {
    coordinator = {};
    fes = {};
    ASSERT_TRUE(begin({1, 2, 3}, 2));
    std::vector<FakeFes::Sent> open;
    bool complete = false, abort = false;
    for (int step = 0; step < 200; ++step) {
      for (const auto& s : take()) {
        complete = complete || s.oper == OperType::TrComp;
        abort = abort || s.phase == TransactionPhase::Abort;
        if (s.correlator != 0) open.push_back(s);
      }
      std::erase_if(open, [&](const auto& s) { return fes.dead.contains(s.fe); });
      if (open.empty()) break;
      std::ranges::shuffle(open, random);
      const auto next = open.back();
      open.pop_back();
      const auto dice = random() % 40;
      if (dice == 0) {
        bad(next);
      } else if (dice == 1) {
        silent(next);
      } else if (dice == 2) {
        lost(next.fe);
      } else {
        good(next);
      }
    }
    EXPECT_NE(complete, abort) << "one or the other";
    const auto state = last().state;
    EXPECT_EQ(state, complete ? TransactionState::Completed : TransactionState::Aborted);
    EXPECT_TRUE(fes.held.empty());
    EXPECT_FALSE(coordinator.open_at(1));
  }
}

// ---- Which answer is whole

pl::Element path(std::vector<std::uint32_t> ids, pl::Element item) {
  pl::PathData made;
  made.ids = std::move(ids);
  made.items.push_back(std::move(item));
  return {std::move(made)};
}
pl::Element result(ResultCode code = ResultCode::Success) {
  return {pl::ResultTlv{static_cast<std::uint8_t>(code), {}}};
}
std::vector<pl::BodyTlv> lpm(OperType type, std::vector<pl::Element> elements) {
  std::vector<pl::BodyTlv> body;
  body.emplace_back(pl::LfbSelect{{10}, {1}, {{.type = type, .elements = std::move(elements)}}});
  return body;
}

class TransactionAnswer : public testing::Test {
 protected:
  TransactionAnswer() { provisioner.on_associated(true, kNow); }
  void send(std::vector<pl::Element> elements) {
    correlator = provisioner.send_transaction(TransactionPhase::Start,
                                              lpm(OperType::Set, std::move(elements)), true, kNow);
    ASSERT_NE(correlator, 0U);
  }
  // One part with these results; what the coordinator is told of it.
  std::optional<ResultCode> answer(pl::Flags flags, std::vector<pl::Element> elements) {
    pl::Message m;
    m.header.type = pl::MsgType::ConfigResponse;
    m.header.source = {2};
    m.header.correlator = correlator;
    m.header.flags = flags;
    m.body = lpm(OperType::SetResponse, std::move(elements));
    const auto octets = pl::encode_message(m).value();
    EXPECT_TRUE(provisioner.on_response(pl::MessageView::parse(octets)->header(), octets, kNow));
    std::optional<ResultCode> told;
    while (const auto out = provisioner.poll_output()) {
      const auto* const answered = std::get_if<TransactionAnswered>(&*out);
      if (answered == nullptr) continue;
      EXPECT_FALSE(told) << "told twice";
      EXPECT_FALSE(answered->unanswered);
      EXPECT_EQ(answered->correlator, correlator);
      told = answered->code;
    }
    return told;
  }

  static constexpr pl::Flags kFirst =
      pl::Flags{}.with_atomic(true).with_phase(TransactionPhase::Start);
  static constexpr pl::Flags kMiddle =
      pl::Flags{}.with_atomic(true).with_phase(TransactionPhase::Middle);
  static constexpr pl::Flags kLast =
      pl::Flags{}.with_atomic(true).with_phase(TransactionPhase::End);
  Provisioner provisioner{0x40000001, 2, {}};
  std::uint64_t correlator = 0;
};

TEST_F(TransactionAnswer, InPartsCountsWhenEveryPathHasItsResult) {
  send({path({1, 5}, {pl::FullData{}}), path({1, 6}, {pl::FullData{}}),
        path({2, 1}, {pl::FullData{}})});
  EXPECT_EQ(answer(kFirst, {path({1, 5}, result())}), std::nullopt);
  EXPECT_EQ(answer(kMiddle, {path({1, 5}, result())}), std::nullopt) << "told twice is one result";
  EXPECT_EQ(answer(kMiddle, {path({1, 6}, result()), path({2, 1}, result())}), ResultCode::Success);
  EXPECT_EQ(answer(kLast, {}), std::nullopt) << "its end says nothing more";
}

TEST_F(TransactionAnswer, AFailureInALaterPartCounts) {
  send({path({1, 5}, {pl::FullData{}}), path({1, 6}, {pl::FullData{}})});
  EXPECT_EQ(answer(kFirst, {path({1, 5}, result())}), std::nullopt);
  EXPECT_EQ(answer(kLast, {path({1, 6}, result(ResultCode::ReadOnly))}), ResultCode::ReadOnly);
}

TEST_F(TransactionAnswer, AFailureInTheFirstPartCountsAtOnce) {
  send({path({1, 5}, {pl::FullData{}}), path({1, 6}, {pl::FullData{}})});
  EXPECT_EQ(answer(kFirst, {path({1, 5}, result(ResultCode::Exists))}), ResultCode::Exists);
  EXPECT_EQ(answer(kLast, {path({1, 6}, result())}), std::nullopt);
}

TEST_F(TransactionAnswer, WithTheFlagsOfTheRequestIsWhole) {
  send({path({1, 5}, {pl::FullData{}}), path({1, 6}, {pl::FullData{}})});
  EXPECT_EQ(answer(kFirst, {path({1, 5}, result()), path({1, 6}, result())}), ResultCode::Success);
}

TEST_F(TransactionAnswer, WithOneResultForAllIsWhole) {
  send({path({1, 5}, {pl::FullData{}}), path({1}, path({6}, {pl::FullData{}}))});
  EXPECT_EQ(answer(kFirst, {path({1}, result())}), ResultCode::Success);
}

TEST_F(TransactionAnswer, OfARowFoundByItsKeyNamesTheRow) {
  send({path({1}, {pl::FullData{}}), path({1}, {pl::FullData{}})});  // KEYINFO is no part of a path
  EXPECT_EQ(answer(kFirst, {path({1, 17}, result())}), std::nullopt);
  EXPECT_EQ(answer(kMiddle, {path({1, 18}, result())}), ResultCode::Success);
}

TEST_F(TransactionAnswer, WithoutFlagsOfPartsIsWholeAtOnce) {
  send({path({1, 5}, {pl::FullData{}}), path({1, 6}, {pl::FullData{}})});
  EXPECT_EQ(answer({}, {path({1, 5}, result())}), ResultCode::Success);
}

}  // namespace
}  // namespace forces::ce::provision
