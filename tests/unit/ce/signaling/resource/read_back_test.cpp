// After a restart of the controller: rows with their owners are what is left (R1, R2, R4, R5; T8,
// T8b, T10 of ason.md, as far as this room goes).
#include <gtest/gtest.h>

#include "tests/support/optical/cross_connects.hpp"

namespace forces::signaling::resource {
namespace {

using namespace std::chrono_literals;
using test::ModelFes;
using test::OpticalNode;

using test::slot;

class ReadBack : public testing::Test {
 protected:
  // An earlier life of the node, whose rows stay.
  Reservation before(const Wants& wants, bool active) {
    OpticalNode old(fes);
    const auto labels = old.manager.reserve(wants, old.now);
    EXPECT_TRUE(labels);
    if (active) {
      EXPECT_TRUE(old.manager.activate(wants.owner.lsp, {}, old.now));
    }
    old.run();
    return *labels;
  }
  void restart(bool second_fe = true) {
    transactions = fes.transactions;
    node = std::make_unique<OpticalNode>(fes, false);
    node->manager.on_fe_up(1, node->now);
    if (second_fe) node->manager.on_fe_up(2, node->now);
    node->run();
  }
  std::expected<Reservation, Refusal> claim(const Wants& wants) {
    auto result = node->manager.reserve(wants, node->now);
    node->run();
    return result;
  }
  void advance(Duration by) {
    node->now += by;
    node->manager.on_time(node->now);
    node->run();
  }
  std::optional<ConnectionView> view(std::uint16_t n) {
    return node->manager.connection(OpticalNode::lsp(n));
  }
  ModelFes fes;
  std::unique_ptr<OpticalNode> node;
  std::size_t transactions = 0;
};

TEST_F(ReadBack, WhatIsFoundIsTold) {
  before(OpticalNode::wants(1, 1, 3), true);
  before(OpticalNode::wants(2, 1, 4), false);
  restart();
  EXPECT_EQ(node->all<Found>(), (std::vector<Found>{{{OpticalNode::lsp(1), 7}, true, 1},
                                                    {{OpticalNode::lsp(2), 7}, false, 1}}));
  EXPECT_EQ(view(1)->state, ConnectionState::Found);
  EXPECT_EQ(view(2)->ways.size(), 2U);
  EXPECT_EQ(node->manager.free_labels(1), LabelRanges::sdh_slots(3, 4)) << "labels are not given";
  EXPECT_EQ(node->manager.owner_of(1, Way::Receive, slot(1)), OpticalNode::lsp(1));
  EXPECT_EQ(fes.transactions, transactions);
}

TEST_F(ReadBack, AClaimTakesItOverAndTouchesNoRow) {
  const auto wants = OpticalNode::wants(1, 1, 4);
  const auto had = before(wants, true);
  restart();
  const auto rows = fes.fes[1].rows;
  const auto labels = claim(wants);
  ASSERT_TRUE(labels);
  EXPECT_EQ(*labels, had);
  EXPECT_TRUE(node->settled(1, Settled::What::Active));
  EXPECT_EQ(view(1)->state, ConnectionState::Active);
  EXPECT_EQ(fes.transactions, transactions);
  EXPECT_EQ(fes.fes[1].rows, rows);
  EXPECT_TRUE(node->manager.activate(OpticalNode::lsp(1), {}, node->now));
  node->run();
  EXPECT_EQ(fes.transactions, transactions);
  node->manager.release(OpticalNode::lsp(1), node->now);
  node->run();
  EXPECT_EQ(fes.rows(), 0U);
}

TEST_F(ReadBack, AClaimByARecoveryLabelMustFit) {  // RFC 5063
  auto wants = OpticalNode::wants(1, 1, 4);
  before(wants, true);
  restart();
  wants.in.label = Labels{slot(2)};
  EXPECT_EQ(claim(wants).error().why, Refusal::Why::Differs);
  wants.in.label = Labels{slot(1)};
  wants.out.interface = 2;
  EXPECT_EQ(claim(wants).error().why, Refusal::Why::Differs);
  wants.out.interface = 4;
  wants.bidirectional = false;
  EXPECT_EQ(claim(wants).error().why, Refusal::Why::Differs);
  wants.bidirectional = true;
  wants.signal.nvc = 2;
  EXPECT_EQ(claim(wants).error().why, Refusal::Why::Differs);
  wants.signal.nvc = 0;
  EXPECT_TRUE(claim(wants));
}

TEST_F(ReadBack, ListsComeBackInTheOrderOfTheClaim) {
  auto wants = OpticalNode::wants(1, 1, 3);
  wants.signal.nvc = 3;
  wants.in.label = Labels{slot(4), slot(1), slot(2)};
  const auto had = before(wants, true);
  restart();
  EXPECT_EQ(claim(wants), had);
}

TEST_F(ReadBack, ConcatenationsComeBackAsOneLabel) {
  auto wants = OpticalNode::wants(1, 1, 4);
  wants.signal = {.rcc = 1, .ncc = 4};
  const auto had = before(wants, true);
  restart();
  EXPECT_EQ(claim(wants), had);
}

TEST_F(ReadBack, DirectionsOfDifferentLabelsComeBack) {
  auto wants = OpticalNode::wants(1, 1, 3);
  wants.in.upstream = Labels{slot(4)};
  wants.in.label = Labels{slot(1)};
  const auto had = before(wants, false);
  restart();
  EXPECT_EQ(claim(wants), had);
  EXPECT_EQ(view(1)->state, ConnectionState::Reserved);
}

TEST_F(ReadBack, ReservedRowsOfNobodyAreGivenBackInTime) {  // open-kilda #3398
  before(OpticalNode::wants(1, 1, 4), false);
  restart();
  advance(119s);
  EXPECT_EQ(fes.rows(), 4U);
  advance(1s);
  EXPECT_EQ(fes.rows(), 0U);
  EXPECT_TRUE(node->settled(1, Settled::What::Released));
  EXPECT_EQ(node->manager.next_deadline(), std::nullopt);
}

TEST_F(ReadBack, ActiveRowsOfNobodyStayUntilTheOperatorSaysSo) {  // R1
  before(OpticalNode::wants(1, 1, 4), true);
  restart();
  advance(24h);
  EXPECT_EQ(fes.rows(), 4U);
  EXPECT_EQ(view(1)->state, ConnectionState::Found);
  node->manager.give_back(OpticalNode::lsp(1), node->now);
  node->run();
  EXPECT_EQ(fes.rows(), 0U);
}

TEST_F(ReadBack, OneActiveRowKeepsAllOfItsOwner) {
  before(OpticalNode::wants(1, 1, 4), false);
  fes.fes[2].rows.begin()->second.active = true;
  restart();
  advance(24h);
  EXPECT_EQ(fes.rows(), 4U);
}

TEST_F(ReadBack, WhatWasClaimedInTimeStays) {
  const auto wants = OpticalNode::wants(1, 1, 4);
  before(wants, false);
  restart();
  advance(100s);
  EXPECT_TRUE(claim(wants));
  advance(100s);
  EXPECT_EQ(fes.rows(), 4U);
  EXPECT_EQ(view(1)->state, ConnectionState::Reserved);
}

TEST_F(ReadBack, AClaimWaitsForTheFeThatHasTheRest) {
  const auto wants = OpticalNode::wants(1, 1, 4);
  before(wants, true);
  restart(false);
  EXPECT_EQ(claim(wants).error().why, Refusal::Why::InterfaceDown);
  EXPECT_EQ(view(1)->state, ConnectionState::Found);
  node->manager.on_fe_up(2, node->now);
  node->run();
  EXPECT_TRUE(claim(wants));
  EXPECT_EQ(fes.transactions, transactions);
}

TEST_F(ReadBack, APartThatAnFeHasLostIsSetAgainAndTheRestStays) {  // R1, R2
  for (const std::uint32_t anew : {1U, 2U}) {
    fes = {};
    auto wants = OpticalNode::wants(1, 1, 4);
    const Reservation labels = before(wants, true);
    before(OpticalNode::wants(2, 2, 5), true);  // another one on the same fibre
    const std::uint32_t other = 3 - anew;
    const auto rest = fes.fes[other].rows;
    fes.fes[anew].rows.clear();
    restart();
    wants.in.label = labels.in;
    wants.in.upstream = labels.upstream_in;
    wants.out.label = labels.out;
    wants.out.upstream = labels.upstream_out;
    EXPECT_EQ(claim(wants), labels);
    EXPECT_TRUE(node->settled(1, Settled::What::Active));
    EXPECT_EQ(fes.fes[other].rows, rest) << "FE " << anew;
    ASSERT_EQ(fes.fes[anew].rows.size(), 2U);
    for (const auto& [number, row] : fes.fes[anew].rows) EXPECT_TRUE(row.active);
    node->manager.release(OpticalNode::lsp(1), node->now);
    node->run();
    EXPECT_EQ(fes.rows(), 2U) << "of the other one, which nobody has claimed";
  }
}

// Nothing is left of it at any FE, its ports are down, and the operator has blocked its label
// since: it has its labels nevertheless, and its rows when they can be set.
TEST_F(ReadBack, WhatWasEstablishedHasItsLabelsBeforeItsRowsCanBeSet) {  // R1, R2
  auto wants = OpticalNode::wants(1, 1, 4);
  const auto had = before(wants, true);
  wants.in.label = had.in;
  wants.in.upstream = had.upstream_in;
  wants.out.label = had.out;
  wants.out.upstream = had.upstream_out;
  for (auto& [id, fe] : fes.fes) fe.rows.clear();
  restart();
  node->manager.on_port({1, 1}, false, node->now);
  for (const std::uint32_t port : {8U, 9U}) node->manager.on_port({1, port}, false, node->now);
  node->manager.block(4, LabelRanges::of(had.out));
  ASSERT_FALSE(claim(wants)) << "a new one";
  fes.fes[1].refuses = true;
  wants.established = true;
  ASSERT_EQ(claim(wants), had);
  EXPECT_EQ(node->manager.owner_of(1, Way::Receive, slot(1)), OpticalNode::lsp(1));
  EXPECT_EQ(node->manager.owner_of(4, Way::Receive, slot(1)), OpticalNode::lsp(1));
  EXPECT_TRUE(view(1)->failing);
  EXPECT_FALSE(node->settled(1, Settled::What::ReserveRefused)) << "it is tried again";
  fes.fes[1].refuses = false;
  advance(1s);
  EXPECT_EQ(view(1)->state, ConnectionState::Reserved);
  EXPECT_EQ(view(1)->ways.size(), 2U);
}

TEST_F(ReadBack, WhatIsNoPartOfTheClaimIsNotTouched) {
  auto wants = OpticalNode::wants(1, 1, 4);
  const Reservation labels = before(wants, true);
  fes.fes[2].rows.clear();
  restart();
  const auto rest = fes.fes[1].rows;
  wants.out.label = labels.out;
  EXPECT_EQ(claim(wants).error().why, Refusal::Why::Differs) << "not all is said";
  wants.in.label = Labels{slot(4)};
  ASSERT_NE(labels.in, *wants.in.label);
  EXPECT_EQ(claim(wants).error().why, Refusal::Why::Differs) << "another label";
  wants.in.label = labels.in;
  wants.in.interface = 2;
  EXPECT_EQ(claim(wants).error().why, Refusal::Why::Differs) << "another interface";
  EXPECT_EQ(fes.fes[1].rows, rest);
  EXPECT_EQ(fes.transactions, transactions);
}

TEST_F(ReadBack, AHalfActivatedConnectionIsFinished) {  // T10: killed between two commits
  const auto wants = OpticalNode::wants(1, 1, 4);
  before(wants, false);
  for (auto& [number, row] : fes.fes[1].rows) row.active = true;
  restart();
  EXPECT_TRUE(claim(wants));
  EXPECT_EQ(view(1)->state, ConnectionState::Active);
  for (const auto& [number, row] : fes.fes[2].rows) EXPECT_TRUE(row.active);
}

TEST_F(ReadBack, NumbersThatAreTakenAreNotUsed) {
  before(OpticalNode::wants(1, 1, 3), true);
  restart();
  ASSERT_TRUE(claim(OpticalNode::wants(2, 2, 3)));
  EXPECT_EQ(fes.fes[1].rows.size(), 4U);
  EXPECT_EQ(view(1)->rows.size(), 2U);
}

TEST_F(ReadBack, ARowOfSomebodyElseUnderOurNumberIsLeftAlone) {
  restart();
  node->hold = true;
  ASSERT_TRUE(claim(OpticalNode::wants(1, 1, 3)));
  const Transaction t = node->held.front();
  node->held.clear();
  node->hold = false;
  const std::uint32_t number = t.fes[0].changes[0].number;
  const Row foreign{.in_port = 2,
                    .in_label = slot(4),
                    .out_port = 3,
                    .out_label = slot(4),
                    .active = true,
                    .owner = {.lsp = OpticalNode::lsp(66)}};
  fes.fes[1].rows[number] = foreign;
  node->manager.on_result(t.id, {.kind = TransactionResult::Kind::Unknown}, node->now);
  node->run();
  EXPECT_EQ(fes.fes[1].rows[number], foreign);
  EXPECT_EQ(fes.fes[1].rows.size(), 3U);
  EXPECT_EQ(view(1)->state, ConnectionState::Reserved);
  EXPECT_EQ(view(66)->state, ConnectionState::Found);
}

TEST_F(ReadBack, ReservedRowsBesideWhatIsClaimedGo) {
  const auto wants = OpticalNode::wants(1, 1, 3);
  before(wants, true);
  Row left{.in_port = 3,
           .in_label = slot(4),
           .out_port = 1,
           .out_label = slot(4),
           .owner = {.lsp = OpticalNode::lsp(1), .call_id = 7}};
  fes.fes[2].rows[5] = left;
  restart();
  EXPECT_TRUE(claim(wants));
  EXPECT_EQ(view(1)->state, ConnectionState::Active);
  EXPECT_TRUE(fes.fes[2].rows.empty());
  left.active = true;
  fes.fes[2].rows[5] = left;
  restart();
  EXPECT_EQ(claim(wants).error().why, Refusal::Why::Differs) << "who knows what that is";
}

TEST_F(ReadBack, ARowUnderAnotherNumberIsNotMoved) {
  const auto wants = OpticalNode::wants(1, 1, 3);
  restart();
  ASSERT_TRUE(claim(wants));
  auto row = fes.fes[1].rows.extract(fes.fes[1].rows.begin());
  row.key() = 77;
  fes.fes[1].rows.insert(std::move(row));
  const auto before = fes.transactions;
  node->manager.on_fe_down(1, node->now);
  node->manager.on_fe_up(1, node->now);
  node->run();
  EXPECT_EQ(fes.transactions, before);
  EXPECT_TRUE(fes.fes[1].rows.contains(77));
  EXPECT_EQ(view(1)->state, ConnectionState::Reserved);
}

TEST_F(ReadBack, AReadingDuringATransactionIsNotBelieved) {
  restart();
  node->hold = true;
  ASSERT_TRUE(claim(OpticalNode::wants(1, 1, 3)));
  node->manager.on_rows(1, fes.read(1), node->now);  // the shell's own idea
  const auto readings = node->readings;
  node->release_held();
  EXPECT_GT(node->readings, readings) << "it is read again when it is quiet";
  EXPECT_EQ(view(1)->state, ConnectionState::Reserved);
  EXPECT_EQ(fes.fes[1].rows.size(), 2U);
}

}  // namespace
}  // namespace forces::signaling::resource
