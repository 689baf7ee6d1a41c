// Ways through a node of several FEs.
#include <gtest/gtest.h>

#include "tests/support/optical/cross_connects.hpp"

namespace forces::signaling::resource {
namespace {

using test::ModelFes;
using test::OpticalNode;

using test::slot;

class FabricWays : public testing::Test {
 protected:
  ModelFes fes;
  OpticalNode node{fes};
  Manager& manager = node.manager;
};

TEST_F(FabricWays, AConnectionAcrossFesIsOneTransaction) {
  ASSERT_TRUE(manager.reserve(OpticalNode::wants(1, 1, 4), node.now));
  node.run();
  EXPECT_EQ(fes.transactions, 1U);
  EXPECT_EQ(fes.fes[1].rows.size(), 2U);
  EXPECT_EQ(fes.fes[2].rows.size(), 2U);
  const auto view = manager.connection(OpticalNode::lsp(1));
  ASSERT_EQ(view->ways.size(), 2U);
  EXPECT_EQ(view->ways[0].first, (Terminal{{1, 1}, 1, slot(1)}));
  EXPECT_EQ(view->ways[0].second, (Terminal{{2, 1}, 4, slot(1)}));
  EXPECT_EQ(view->ways[1].first.interface, 4U);
  EXPECT_EQ(view->ways[1].second.interface, 1U);
}

TEST_F(FabricWays, TheOtherFibreIsTakenWhenOneIsFullOrDown) {
  manager.on_port({1, 8}, false, node.now);
  const auto labels = manager.reserve(OpticalNode::wants(1, 1, 4), node.now);
  ASSERT_TRUE(labels);
  node.run();
  EXPECT_EQ(manager.connection(OpticalNode::lsp(1))->rows[0].at.row.out_port, 9U);
  manager.on_port({2, 9}, false, node.now);
  EXPECT_EQ(manager.reserve(OpticalNode::wants(2, 1, 4), node.now).error().why,
            Refusal::Why::NoFabricRoute);
  manager.on_port({1, 8}, true, node.now);
  ASSERT_TRUE(manager.reserve(OpticalNode::wants(2, 1, 4), node.now));
}

TEST_F(FabricWays, FullFibresAreNoWay) {
  for (const FePort end : {FePort{1, 8}, FePort{1, 9}}) {
    manager.on_failed_labels(end, LabelRanges::sdh_slots(1, 4), node.now);
  }
  EXPECT_EQ(manager.reserve(OpticalNode::wants(1, 1, 4), node.now).error().why,
            Refusal::Why::NoFabricRoute);
  EXPECT_TRUE(manager.reserve(OpticalNode::wants(1, 1, 2), node.now));
}

TEST_F(FabricWays, AnFeThatCannotConvertKeepsTheLabel) {
  manager.set_fe({.id = 1, .converts_labels = false});
  auto wants = OpticalNode::wants(1, 1, 2);
  wants.in.label = Labels{slot(3)};
  const auto labels = manager.reserve(wants, node.now);
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->out, Labels{slot(3)});
  wants = OpticalNode::wants(2, 1, 2);
  wants.in.allowed = LabelRanges{slot(1), slot(2)};
  wants.out.allowed = LabelRanges{slot(2), slot(4)};
  EXPECT_EQ(manager.reserve(wants, node.now)->in, Labels{slot(2)});
  wants = OpticalNode::wants(3, 1, 2);
  wants.in.allowed = LabelRanges{slot(1)};
  wants.out.allowed = LabelRanges{slot(4)};
  EXPECT_EQ(manager.reserve(wants, node.now).error().why, Refusal::Why::LabelSetEmpty);
}

TEST_F(FabricWays, NoConversionAlongAllOfTheWay) {
  manager.set_fe({.id = 1, .converts_labels = false});
  manager.set_fe({.id = 2, .converts_labels = false});
  manager.on_failed_labels({1, 8}, {slot(1), slot(2)}, node.now);
  manager.on_failed_labels({2, 9}, LabelRanges::sdh_slots(1, 4), node.now);
  const auto labels = manager.reserve(OpticalNode::wants(1, 1, 4), node.now);
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->in, labels->out);
  EXPECT_EQ(labels->in, Labels{slot(3)});
}

TEST_F(FabricWays, AnFeThatConvertsIsWhereItChanges) {
  manager.set_fe({.id = 1, .converts_labels = false});
  auto wants = OpticalNode::wants(1, 1, 4);
  wants.in.label = Labels{slot(2)};
  wants.out.label = Labels{slot(4)};
  ASSERT_TRUE(manager.reserve(wants, node.now));
  node.run();
  for (const auto& [number, row] : fes.fes[1].rows) EXPECT_EQ(row.in_label, row.out_label);
}

TEST_F(FabricWays, TheSameInterfaceTwiceIsNoWay) {
  EXPECT_EQ(manager.reserve(OpticalNode::wants(1, 1, 1), node.now).error().why,
            Refusal::Why::NoFabricRoute);
}

TEST_F(FabricWays, WhatIsInUseStaysConfigured) {
  ASSERT_TRUE(manager.reserve(OpticalNode::wants(1, 1, 4), node.now));
  node.run();
  EXPECT_FALSE(manager.remove_interface(1));
  EXPECT_FALSE(manager.remove_inter_fe_link({1, 8}));
  EXPECT_TRUE(manager.remove_inter_fe_link({1, 9}));
  EXPECT_FALSE(manager.set_fe({.id = 1, .converts_labels = false}));
  InterfaceConfig config = *manager.interface(1);
  config.labels = LabelRanges::sdh_slots(2, 4);
  EXPECT_FALSE(manager.set_interface(config));
  config.labels = LabelRanges::sdh_slots(1, 16);
  EXPECT_TRUE(manager.set_interface(config));
  EXPECT_FALSE(manager.set_interface({.id = 9, .port = {1, 1}})) << "a port twice";
  manager.release(OpticalNode::lsp(1), node.now);
  node.run();
  EXPECT_TRUE(manager.remove_interface(1));
}

}  // namespace
}  // namespace forces::signaling::resource
