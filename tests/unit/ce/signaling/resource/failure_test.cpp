// What fails: FEs that refuse, are lost in the middle, ports and rows that go down (E2E of R1,
// T21).
#include <gtest/gtest.h>

#include "tests/support/optical/cross_connects.hpp"

namespace forces::signaling::resource {
namespace {

using namespace std::chrono_literals;
using test::ModelFes;
using test::OpticalNode;

using test::slot;

class Failures : public testing::Test {
 protected:
  void set_up(std::uint16_t n, std::uint32_t in, std::uint32_t out, bool active = true) {
    ASSERT_TRUE(manager.reserve(OpticalNode::wants(n, in, out), node.now));
    if (active) {
      ASSERT_TRUE(manager.activate(OpticalNode::lsp(n), {}, node.now));
    }
    node.run();
    node.said.clear();
  }
  void advance(Duration by) {
    node.now += by;
    manager.on_time(node.now);
    node.run();
  }
  ConnectionState state(std::uint16_t n) { return manager.connection(OpticalNode::lsp(n))->state; }
  static TransactionResult unknown(std::vector<std::uint32_t> unclear) {
    return {.kind = TransactionResult::Kind::Unknown, .unclear = std::move(unclear)};
  }
  ModelFes fes;
  OpticalNode node{fes};
  Manager& manager = node.manager;
};

TEST_F(Failures, ARefusedReservationIsForgotten) {
  fes.fes[2].refuses = true;
  ASSERT_TRUE(manager.reserve(OpticalNode::wants(1, 1, 4), node.now));
  node.run();
  const auto said = node.all<Settled>();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0], (Settled{.lsp = OpticalNode::lsp(1),
                              .what = Settled::What::ReserveRefused,
                              .fe = 2,
                              .code = ModelFes::kPerm}));
  EXPECT_TRUE(manager.connections().empty());
  EXPECT_EQ(manager.free_labels(1), LabelRanges::sdh_slots(1, 4));
  EXPECT_EQ(fes.rows(), 0U);
}

TEST_F(Failures, ARefusedActivationLeavesItReserved) {
  set_up(1, 1, 4, false);
  fes.fes[2].refuses = true;
  ASSERT_TRUE(manager.activate(OpticalNode::lsp(1), {}, node.now));
  node.run();
  EXPECT_TRUE(node.settled(1, Settled::What::ActivateRefused));
  EXPECT_EQ(state(1), ConnectionState::Reserved);
}

TEST_F(Failures, ARefusedReleaseIsTriedAgainEverMoreSeldom) {
  set_up(1, 1, 4);
  fes.fes[1].refuses = true;
  manager.release(OpticalNode::lsp(1), node.now);
  node.run();
  EXPECT_EQ(state(1), ConnectionState::Releasing);
  EXPECT_EQ(manager.free_labels(1), LabelRanges::sdh_slots(2, 4)) << "held while a row is there";
  const auto tries = fes.transactions;
  advance(500ms);
  EXPECT_EQ(fes.transactions, tries);
  advance(500ms);
  EXPECT_EQ(fes.transactions, tries + 1);
  advance(1s);
  EXPECT_EQ(fes.transactions, tries + 1) << "two seconds now";
  fes.fes[1].refuses = false;
  advance(1s);
  EXPECT_TRUE(node.settled(1, Settled::What::Released));
  EXPECT_EQ(fes.rows(), 0U);
  EXPECT_EQ(manager.next_deadline(), std::nullopt);
}

TEST_F(Failures, AnAnswerThatIsLostIsLookedUp) {
  for (const bool done : {true, false}) {
    node.hold = true;
    ASSERT_TRUE(manager.reserve(OpticalNode::wants(1, 1, 4), node.now));
    node.run();
    const Transaction t = node.held.front();
    node.held.clear();
    node.hold = false;
    if (done) (void)fes.run(t);
    manager.on_result(t.id, unknown({1, 2}), node.now);
    node.run();
    EXPECT_EQ(state(1), ConnectionState::Reserved) << done;
    EXPECT_EQ(fes.rows(), 4U);
    manager.release(OpticalNode::lsp(1), node.now);
    node.run();
    EXPECT_EQ(fes.rows(), 0U);
  }
}

// Its FEs may have done what nobody knows of: until they are read it is not forgotten, or its rows
// would be nobody's.
TEST_F(Failures, AnEndWhoseFesMayHaveRowsOfItWaitsUntilTheyAreRead) {  // R6
  node.hold = true;
  ASSERT_TRUE(manager.reserve(OpticalNode::wants(1, 1, 4), node.now));
  node.run();
  const Transaction t = node.held.front();
  node.held.clear();
  node.hold = false;
  (void)fes.run(t);
  manager.release(OpticalNode::lsp(1), node.now);
  node.deaf = true;
  manager.on_result(t.id, unknown({1, 2}), node.now);
  node.run();
  ASSERT_TRUE(manager.connection(OpticalNode::lsp(1)));
  EXPECT_EQ(state(1), ConnectionState::Releasing);
  EXPECT_FALSE(node.settled(1, Settled::What::Released));
  manager.on_rows(1, fes.read(1), node.now);
  node.run();
  EXPECT_EQ(state(1), ConnectionState::Releasing) << "FE 2 is not read";
  EXPECT_EQ(fes.fes[2].rows.size(), 2U);
  manager.on_rows(2, fes.read(2), node.now);
  node.deaf = false;
  node.run();
  EXPECT_TRUE(node.settled(1, Settled::What::Released));
  EXPECT_EQ(fes.rows(), 0U);
  EXPECT_TRUE(manager.connections().empty());
  EXPECT_EQ(manager.free_labels(1), LabelRanges::sdh_slots(1, 4));
}

TEST_F(Failures, HalfOfATransactionIsMadeWhole) {
  node.hold = true;
  ASSERT_TRUE(manager.reserve(OpticalNode::wants(1, 1, 4), node.now));
  node.run();
  Transaction t = node.held.front();
  node.held.clear();
  node.hold = false;
  const auto id = t.id;
  t.fes.resize(1);  // FE 2 died before its commit
  (void)fes.run(t);
  manager.on_fe_down(2, node.now);
  manager.on_result(id, unknown({1, 2}), node.now);
  node.run();
  EXPECT_EQ(state(1), ConnectionState::Reserving) << "FE 2 is not there";
  manager.on_fe_up(2, node.now);
  node.run();
  EXPECT_EQ(state(1), ConnectionState::Reserved);
  EXPECT_EQ(fes.fes[2].rows.size(), 2U);
}

TEST_F(Failures, AReleaseWaitsForTheFeThatIsAway) {
  set_up(1, 1, 4);
  manager.on_fe_down(2, node.now);
  manager.release(OpticalNode::lsp(1), node.now);
  node.run();
  EXPECT_TRUE(fes.fes[1].rows.empty());
  EXPECT_EQ(fes.fes[2].rows.size(), 2U);
  EXPECT_EQ(state(1), ConnectionState::Releasing);
  EXPECT_EQ(manager.free_labels(4), LabelRanges::sdh_slots(2, 4));
  manager.on_fe_up(2, node.now);
  node.run();
  EXPECT_EQ(fes.rows(), 0U);
  EXPECT_TRUE(manager.connections().empty());
}

TEST_F(Failures, AnFeThatIsLostAndComesBackChangesNothing) {  // R1
  set_up(1, 1, 4);
  const auto before = fes.fes[2].rows;
  const auto transactions = fes.transactions;
  manager.on_fe_down(2, node.now);
  advance(600s);
  manager.on_fe_up(2, node.now);
  node.run();
  EXPECT_EQ(state(1), ConnectionState::Active);
  EXPECT_EQ(fes.fes[2].rows, before);
  EXPECT_EQ(fes.transactions, transactions);
  EXPECT_TRUE(node.all<Settled>().empty());
}

TEST_F(Failures, RowsThatAnFeHasLostAreToldAndSetAgain) {
  set_up(1, 1, 4);
  fes.fes[2].rows.clear();
  manager.on_fe_down(2, node.now);
  manager.on_fe_up(2, node.now);
  node.run();
  const auto said = node.all<Settled>();
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0].what, Settled::What::Lost);
  EXPECT_EQ(said[0].fe, 2U);
  EXPECT_EQ(said[1].what, Settled::What::Active);
  EXPECT_EQ(fes.fes[2].rows.size(), 2U);
}

TEST_F(Failures, RowsThatCannotBeSetAgainDoNotEndTheConnection) {
  set_up(1, 1, 4);
  fes.fes[2].rows.clear();
  fes.fes[2].refuses = true;
  manager.on_fe_down(2, node.now);
  manager.on_fe_up(2, node.now);
  node.run();
  EXPECT_EQ(state(1), ConnectionState::Activating);
  EXPECT_EQ(fes.fes[1].rows.size(), 2U) << "what is there stays";
  fes.fes[2].refuses = false;
  advance(5s);
  EXPECT_EQ(state(1), ConnectionState::Active);
}

TEST_F(Failures, APortThatGoesDownHitsItsConnections) {  // T21
  set_up(1, 1, 4);
  set_up(2, 2, 3);
  manager.on_port({1, 1}, false, node.now);
  node.run();
  EXPECT_EQ(node.all<Hit>(), (std::vector<Hit>{{OpticalNode::lsp(1), true, {1, 1}, 1}}));
  EXPECT_FALSE(manager.interface_up(1));
  EXPECT_TRUE(manager.connection(OpticalNode::lsp(1))->failing);
  manager.on_port({2, 8}, false, node.now);  // the fibre within the node
  manager.on_port({1, 1}, true, node.now);
  node.run();
  EXPECT_EQ(node.all<Hit>(), (std::vector<Hit>{{OpticalNode::lsp(1), true, {2, 8}, 0},
                                               {OpticalNode::lsp(1), true, {1, 1}, 1}}))
      << "one cause is left";
  manager.on_port({2, 8}, true, node.now);
  node.run();
  EXPECT_EQ(node.all<Hit>(), (std::vector<Hit>{{OpticalNode::lsp(1), false, {2, 8}, 0}}));
  EXPECT_EQ(state(1), ConnectionState::Active);
  EXPECT_EQ(state(2), ConnectionState::Active);
}

TEST_F(Failures, ARowThatFailsHitsItsConnection) {
  set_up(1, 1, 3);
  const auto row = manager.connection(OpticalNode::lsp(1))->rows.front();
  manager.on_row_status(1, row.at.number, RowStatus::Failed, node.now);
  manager.on_row_status(1, row.at.number, RowStatus::Failed, node.now);
  node.run();
  EXPECT_EQ(node.all<Hit>().size(), 1U);
  manager.on_row_status(1, row.at.number, RowStatus::Working, node.now);
  node.run();
  const auto hits = node.all<Hit>();
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_FALSE(hits[0].failing);
  manager.on_row_status(1, 4711, RowStatus::Failed, node.now);
  manager.on_row_status(9, 1, RowStatus::Failed, node.now);
  node.run();
  EXPECT_TRUE(node.all<Hit>().empty());
}

TEST_F(Failures, AStatusThatWasMissedIsReadBack) {
  set_up(1, 1, 3);
  const auto row = manager.connection(OpticalNode::lsp(1))->rows.front();
  manager.on_fe_down(1, node.now);
  fes.fes[1].failed.insert(row.at.number);
  manager.on_fe_up(1, node.now);
  node.run();
  const auto hits = node.all<Hit>();
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_TRUE(hits[0].failing);
}

TEST_F(Failures, WhatNobodyAskedForIsIgnored) {
  set_up(1, 1, 3);
  manager.on_result(4711, {}, node.now);
  manager.on_rows(77, {}, node.now);
  manager.on_fe_down(77, node.now);
  manager.on_time(node.now);
  node.run();
  EXPECT_EQ(state(1), ConnectionState::Active);
  EXPECT_TRUE(node.said.empty());
}

}  // namespace
}  // namespace forces::signaling::resource
