// Reserve on Path, activate on Resv, release: labels at once, rows by transactions.
#include <gtest/gtest.h>

#include "tests/support/optical/cross_connects.hpp"

namespace forces::signaling::resource {
namespace {

using test::ModelFes;
using test::OpticalNode;
using Why = Refusal::Why;

using test::slot;

class Reserve : public testing::Test {
 protected:
  std::expected<Reservation, Refusal> reserve(const Wants& wants) {
    auto result = manager.reserve(wants, node.now);
    node.run();
    return result;
  }
  Why why(const Wants& wants) {
    const auto result = reserve(wants);
    EXPECT_FALSE(result);
    return result ? Why::UnknownConnection : result.error().why;
  }
  void activate(std::uint16_t n, const std::optional<Labels>& out = {}) {
    EXPECT_TRUE(manager.activate(OpticalNode::lsp(n), out, node.now));
    node.run();
  }
  void release(std::uint16_t n) {
    manager.release(OpticalNode::lsp(n), node.now);
    node.run();
  }
  ConnectionState state(std::uint16_t n) { return manager.connection(OpticalNode::lsp(n))->state; }
  std::vector<Row> rows(std::uint32_t fe = 1) {
    std::vector<Row> all;
    for (const auto& [number, row] : fes.fes[fe].rows) all.push_back(row);
    return all;
  }
  ModelFes fes;
  OpticalNode node{fes};
  Manager& manager = node.manager;
};

TEST_F(Reserve, BothDirectionsAreReservedThenActiveThenGone) {
  const auto labels = reserve(OpticalNode::wants(1, 1, 3));
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->in, labels->upstream_in);
  EXPECT_TRUE(node.settled(1, Settled::What::Reserved));
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_EQ(rows()[0], (Row{.in_port = 1,
                            .in_label = slot(1),
                            .out_port = 3,
                            .out_label = slot(1),
                            .owner = {.lsp = OpticalNode::lsp(1), .call_id = 7}}));
  EXPECT_EQ(rows()[1].in_port, 3U);
  EXPECT_FALSE(rows()[1].active);
  activate(1);
  EXPECT_TRUE(node.settled(1, Settled::What::Active));
  EXPECT_TRUE(rows()[0].active && rows()[1].active);
  release(1);
  EXPECT_TRUE(node.settled(1, Settled::What::Released));
  EXPECT_TRUE(rows().empty());
  EXPECT_EQ(manager.free_labels(1), LabelRanges::sdh_slots(1, 4));
  EXPECT_TRUE(manager.connections().empty());
}

TEST_F(Reserve, TheUpstreamDirectionMayBeActiveFromThePathOn) {  // RFC 3473 section 3.1
  Wants wants = OpticalNode::wants(1, 1, 3);
  wants.upstream_active = true;
  ASSERT_TRUE(reserve(wants));
  EXPECT_FALSE(rows()[0].active);
  EXPECT_TRUE(rows()[1].active);
}

TEST_F(Reserve, OneDirectionIsOneRow) {
  Wants wants = OpticalNode::wants(1, 1, 3);
  wants.bidirectional = false;
  const auto labels = reserve(wants);
  ASSERT_TRUE(labels);
  EXPECT_TRUE(labels->upstream_in.empty());
  EXPECT_EQ(rows().size(), 1U);
  EXPECT_EQ(manager.free_labels(1, Way::Send), LabelRanges::sdh_slots(1, 4));
  EXPECT_EQ(manager.free_labels(1, Way::Receive), LabelRanges::sdh_slots(2, 4));
}

TEST_F(Reserve, TheLabelOfTheUpstreamDirectionIsTakenForBothIfItCan) {
  Wants wants = OpticalNode::wants(1, 1, 3);
  wants.in.upstream = Labels{slot(3)};
  wants.in.allowed = LabelRanges{slot(3), slot(4)};
  const auto labels = reserve(wants);
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->in, Labels{slot(3)});
  wants = OpticalNode::wants(2, 1, 3);
  wants.in.upstream = Labels{slot(4)};
  wants.in.allowed = LabelRanges{slot(1), slot(2)};
  const auto other = reserve(wants);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->in, Labels{slot(1)}) << "not in the label set";
  EXPECT_EQ(other->upstream_in, Labels{slot(4)});
}

TEST_F(Reserve, ASuggestedLabelIsTriedFirst) {  // RFC 3471 section 3.4
  Wants wants = OpticalNode::wants(1, 1, 3);
  wants.in.suggested = Labels{slot(2)};
  EXPECT_EQ(reserve(wants)->in, Labels{slot(2)});
  wants = OpticalNode::wants(2, 1, 3);
  wants.in.suggested = Labels{slot(2)};
  EXPECT_EQ(reserve(wants)->in, Labels{slot(1)}) << "it may be overridden";
}

TEST_F(Reserve, ALabelSetThatLeavesNothingIsSaid) {  // 24/11
  Wants wants = OpticalNode::wants(1, 1, 3);
  wants.in.allowed = LabelRanges{slot(9)};
  const auto refused = reserve(wants);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Why::LabelSetEmpty);
  EXPECT_EQ(refused.error().interface, 1U);
  wants.in.allowed.reset();
  wants.out.except = LabelRanges::sdh_slots(1, 4);
  EXPECT_EQ(reserve(wants).error().interface, 3U);
}

TEST_F(Reserve, AnUnacceptableLabelComesWithThoseThatAre) {  // 24/6, T12
  ASSERT_TRUE(reserve(OpticalNode::wants(1, 1, 3)));
  Wants wants = OpticalNode::wants(2, 1, 3);
  wants.in.upstream = Labels{slot(9)};
  auto refused = reserve(wants);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Why::BadLabel);
  EXPECT_EQ(refused.error().acceptable, LabelRanges::sdh_slots(2, 4));
  wants = OpticalNode::wants(2, 2, 3);
  wants.out.label = Labels{slot(1)};
  refused = reserve(wants);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Why::LabelBusy);
  EXPECT_EQ(refused.error().interface, 3U);
  EXPECT_EQ(refused.error().holder, OpticalNode::lsp(1));
}

TEST_F(Reserve, WhatCannotBeIsRefusedBeforeAnythingIsDone) {
  EXPECT_EQ(why(OpticalNode::wants(1, 1, 99)), Why::UnknownInterface);
  Wants wants = OpticalNode::wants(1, 1, 3);
  wants.signal.multiplier = 0;
  EXPECT_EQ(why(wants), Why::WrongSignal);
  wants.signal = {.switching = te::Switching::Lsc};
  EXPECT_EQ(why(wants), Why::WrongSwitching);
  wants.signal = {.encoding = te::Encoding::Oduk};
  EXPECT_EQ(why(wants), Why::WrongEncoding);
  manager.on_port({1, 3}, false, node.now);
  EXPECT_EQ(why(OpticalNode::wants(1, 1, 3)), Why::InterfaceDown);
  manager.on_port({1, 3}, true, node.now);
  manager.on_fe_down(1, node.now);
  EXPECT_EQ(why(OpticalNode::wants(1, 1, 3)), Why::InterfaceDown);
  EXPECT_EQ(fes.transactions, 0U);
  EXPECT_FALSE(manager.activate(OpticalNode::lsp(1), {}, node.now));
}

TEST_F(Reserve, OnceMoreIsTheSame) {  // sonic-mgmt #25382
  const Wants wants = OpticalNode::wants(1, 1, 3);
  const auto labels = reserve(wants);
  activate(1);
  const auto transactions = fes.transactions;
  EXPECT_EQ(reserve(wants), labels);
  activate(1);
  EXPECT_EQ(fes.transactions, transactions);
  Wants other = OpticalNode::wants(1, 1, 2);
  EXPECT_EQ(why(other), Why::Differs);
  release(1);
  release(1);
  EXPECT_EQ(fes.rows(), 0U);
}

TEST_F(Reserve, AnotherLabelOfTheResvIsTaken) {
  ASSERT_TRUE(reserve(OpticalNode::wants(1, 3, 1)));
  activate(1, Labels{slot(4)});
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_TRUE(node.settled(1, Settled::What::Active));
  EXPECT_EQ(manager.connection(OpticalNode::lsp(1))->labels.out, Labels{slot(4)});
  EXPECT_EQ(manager.connection(OpticalNode::lsp(1))->labels.upstream_out, Labels{slot(1)});
  EXPECT_EQ(manager.free_labels(1, Way::Send), LabelRanges::sdh_slots(1, 3));
  const auto refused = manager.activate(OpticalNode::lsp(1), Labels{slot(9)}, node.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Why::BadLabel);
  EXPECT_EQ(state(1), ConnectionState::Active);
}

TEST_F(Reserve, AnotherLabelThatTheFeRefusesLeavesItAsItWas) {
  ASSERT_TRUE(reserve(OpticalNode::wants(1, 3, 1)));
  fes.fes[1].refuses = true;
  ASSERT_TRUE(manager.activate(OpticalNode::lsp(1), Labels{slot(4)}, node.now));
  node.run();
  EXPECT_TRUE(node.settled(1, Settled::What::ActivateRefused));
  EXPECT_EQ(state(1), ConnectionState::Reserved);
  EXPECT_EQ(manager.connection(OpticalNode::lsp(1))->labels.out, Labels{slot(1)});
  EXPECT_EQ(manager.free_labels(1, Way::Send), LabelRanges::sdh_slots(2, 4));
  fes.fes[1].refuses = false;
  activate(1);
  EXPECT_EQ(state(1), ConnectionState::Active);
}

TEST_F(Reserve, ConcatenationsHoldAllTheirSlots) {
  Wants wants = OpticalNode::wants(1, 1, 4);
  wants.signal = {.rcc = 1, .ncc = 4};
  const auto labels = reserve(wants);
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->in, Labels{slot(1)});
  EXPECT_TRUE(manager.free_labels(1).empty());
  EXPECT_EQ(fes.rows(), 16U) << "4 slots, 2 directions, 2 FEs";
  wants = OpticalNode::wants(2, 2, 4);
  EXPECT_EQ(why(wants), Why::LabelSetEmpty);
  release(1);
  EXPECT_EQ(fes.rows(), 0U);
}

TEST_F(Reserve, VirtualConcatenationIsAnOrderedList) {
  Wants wants = OpticalNode::wants(1, 1, 3);
  wants.signal = {.nvc = 3};
  wants.in.label = Labels{slot(4), slot(1), slot(2)};
  const auto labels = reserve(wants);
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->in, (Labels{slot(4), slot(1), slot(2)}));
  EXPECT_EQ(labels->out, (Labels{slot(1), slot(2), slot(3)}));
  EXPECT_EQ(rows()[0].in_label, slot(4));
  EXPECT_EQ(rows()[0].out_label, slot(1));
}

TEST_F(Reserve, AnAlarmMaskReachesTheRows) {
  ASSERT_TRUE(reserve(OpticalNode::wants(1, 1, 3)));
  EXPECT_TRUE(manager.set_alarm_mask(OpticalNode::lsp(1), 1, node.now));
  node.run();
  EXPECT_EQ(rows()[0].alarm_mask, 1U);
  EXPECT_EQ(state(1), ConnectionState::Reserved);
  EXPECT_FALSE(manager.set_alarm_mask(OpticalNode::lsp(2), 1, node.now));
}

TEST_F(Reserve, BlockedAndFailedLabelsAreNotGiven) {
  manager.block(1, LabelRanges{slot(1)});
  manager.on_failed_labels({1, 1}, {slot(2)}, node.now);
  EXPECT_EQ(reserve(OpticalNode::wants(1, 1, 3))->in, Labels{slot(3)});
  std::map<Label, LabelUse> uses;
  for (const LabelView& view : manager.labels(1)) {
    if (view.way == Way::Receive) uses[view.label] = view.use;
  }
  EXPECT_EQ(uses, (std::map<Label, LabelUse>{{slot(1), LabelUse::Blocked},
                                             {slot(2), LabelUse::Failed},
                                             {slot(3), LabelUse::Reserved},
                                             {slot(4), LabelUse::Free}}));
}

TEST_F(Reserve, FreeLabelsAreToldWhenTheyChange) {
  ASSERT_TRUE(reserve(OpticalNode::wants(1, 1, 3)));
  const auto told = node.all<InterfaceChanged>();
  EXPECT_EQ(told, (std::vector<InterfaceChanged>{{1}, {3}}));
}

TEST_F(Reserve, ReleasedBeforeItsRowsAreThereItLeavesNone) {
  node.hold = true;
  ASSERT_TRUE(reserve(OpticalNode::wants(1, 1, 3)));
  release(1);
  EXPECT_EQ(manager.free_labels(1), LabelRanges::sdh_slots(2, 4)) << "the FE may have it";
  node.release_held();
  EXPECT_EQ(fes.rows(), 0U);
  EXPECT_EQ(manager.free_labels(1), LabelRanges::sdh_slots(1, 4));
}

}  // namespace
}  // namespace forces::signaling::resource
