// Two ends that want the same label (RFC 3471 section 4.2; T20 of ason.md). This node is 10: node 5
// loses against it, node 20 wins.
#include <gtest/gtest.h>

#include "tests/support/optical/cross_connects.hpp"

namespace forces::signaling::resource {
namespace {

using test::ModelFes;
using test::OpticalNode;

using test::slot;

class Contention : public testing::Test {
 protected:
  // Ours, towards a neighbour, not established yet.
  Labels ours(std::uint16_t n, std::uint32_t out) {
    const auto labels = node.manager.reserve(OpticalNode::wants(n, 3, out), node.now);
    EXPECT_TRUE(labels);
    node.run();
    return labels->out;
  }
  // The neighbour's Path comes in with its label.
  std::expected<Reservation, Refusal> theirs(std::uint16_t n, std::uint32_t in,
                                             const Labels& label) {
    auto wants = OpticalNode::wants(n, in, 5);
    wants.in.upstream = label;
    auto result = node.manager.reserve(wants, node.now);
    node.run();
    return result;
  }
  ModelFes fes;
  OpticalNode node{fes};
};

TEST_F(Contention, TheHigherNodeTakesFromTheTop) {
  EXPECT_EQ(ours(1, 2), Labels{slot(4)}) << "towards node 5";
  EXPECT_EQ(ours(2, 1), Labels{slot(1)}) << "towards node 20";
}

TEST_F(Contention, TheLowerNodeIsRefused) {
  const Labels label = ours(1, 2);
  const auto refused = theirs(2, 2, label);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Refusal::Why::Contention);
  EXPECT_EQ(refused.error().holder, OpticalNode::lsp(1));
  EXPECT_EQ(node.manager.connection(OpticalNode::lsp(1))->state, ConnectionState::Reserved);
}

TEST_F(Contention, TheHigherNodeGetsItAndWeTryAnother) {
  const Labels label = ours(1, 1);
  const auto won = theirs(2, 1, label);
  ASSERT_TRUE(won);
  EXPECT_EQ(won->yielded, std::vector<LspKey>{OpticalNode::lsp(1)});
  EXPECT_EQ(won->upstream_in, label);
  const auto yielded = node.all<Yielded>();
  ASSERT_EQ(yielded.size(), 1U);
  EXPECT_EQ(yielded[0], (Yielded{.loser = OpticalNode::lsp(1),
                                 .winner = OpticalNode::lsp(2),
                                 .interface = 1,
                                 .labels = label}));
  EXPECT_EQ(node.manager.owner_of(1, Way::Send, label[0]), OpticalNode::lsp(2));
  EXPECT_EQ(node.manager.connection(OpticalNode::lsp(2))->state, ConnectionState::Reserved);
  EXPECT_EQ(node.manager.connection(OpticalNode::lsp(1)), std::nullopt);
  EXPECT_EQ(ours(1, 1), Labels{slot(2)});
}

TEST_F(Contention, TheLoserMayBeReservedAgainBeforeItsRowsAreGone) {
  const Labels label = ours(1, 1);
  node.hold = true;
  ASSERT_TRUE(theirs(2, 1, label));
  const auto again = node.manager.reserve(OpticalNode::wants(1, 3, 1), node.now);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->out, Labels{slot(2)});
  node.release_held();
  EXPECT_EQ(node.manager.connection(OpticalNode::lsp(1))->state, ConnectionState::Reserved);
  EXPECT_EQ(node.manager.connection(OpticalNode::lsp(2))->state, ConnectionState::Reserved);
  EXPECT_EQ(fes.rows(), 2U + 4U);
}

TEST_F(Contention, WhoWaitsAndGoesLeavesTheLabelToItsHolder) {
  const Labels label = ours(1, 1);
  node.hold = true;
  ASSERT_TRUE(theirs(2, 1, label));
  node.manager.release(OpticalNode::lsp(2), node.now);
  node.release_held();
  EXPECT_TRUE(node.manager.connections().empty());
  EXPECT_EQ(fes.rows(), 0U);
  EXPECT_EQ(node.manager.free_labels(1), LabelRanges::sdh_slots(1, 4));
}

TEST_F(Contention, WhatIsEstablishedIsNoContention) {
  const Labels label = ours(1, 1);
  ASSERT_TRUE(node.manager.activate(OpticalNode::lsp(1), {}, node.now));
  node.run();
  const auto refused = theirs(2, 1, label);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Refusal::Why::LabelBusy);
  EXPECT_EQ(refused.error().holder, OpticalNode::lsp(1));
  EXPECT_FALSE(refused.error().acceptable.contains(label[0]));
  EXPECT_EQ(node.manager.connection(OpticalNode::lsp(1))->state, ConnectionState::Active);
}

TEST_F(Contention, TwoThatWaitForEachOtherBothGoOn) {
  const Labels first = ours(1, 1), second = ours(2, 1);
  node.hold = true;
  node.manager.release(OpticalNode::lsp(1), node.now);
  node.manager.release(OpticalNode::lsp(2), node.now);
  // Both releases are under way, and both come again with the label of the other.
  auto wants = OpticalNode::wants(1, 3, 1);
  wants.out.label = second;
  ASSERT_TRUE(node.manager.reserve(wants, node.now));
  wants = OpticalNode::wants(2, 3, 1);
  wants.out.label = first;
  ASSERT_TRUE(node.manager.reserve(wants, node.now));
  node.run();
  node.release_held();
  EXPECT_EQ(node.manager.connection(OpticalNode::lsp(1))->state, ConnectionState::Reserved);
  EXPECT_EQ(node.manager.connection(OpticalNode::lsp(2))->state, ConnectionState::Reserved);
}

TEST_F(Contention, WhoIsGoingIsWaitedFor) {
  const Labels label = ours(1, 2);
  node.hold = true;
  node.manager.release(OpticalNode::lsp(1), node.now);
  const auto next = theirs(2, 2, label);
  ASSERT_TRUE(next) << "the neighbour knows already that the label is free";
  EXPECT_TRUE(next->yielded.empty());
  node.run();
  EXPECT_EQ(node.held.size(), 1U) << "the new rows wait for the old ones to go";
  node.release_held();
  EXPECT_TRUE(node.settled(2, Settled::What::Reserved));
}

}  // namespace
}  // namespace forces::signaling::resource
