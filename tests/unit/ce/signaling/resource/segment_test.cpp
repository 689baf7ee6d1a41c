// RFC 5150: an LSP that ends here without a row and is a link to others, whose rows use its labels.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/optical/cross_connects.hpp"

namespace forces::signaling::resource {
namespace {

using test::ModelFes;
using test::OpticalNode;
using test::slot;

class Segment : public testing::Test {
 protected:
  // 1 is the segment, out of interface 1 or in by it; 2 and 3 come by interface 3.
  static Wants out_of(std::uint16_t n, std::uint32_t interface = 1) {
    return OpticalNode::wants(n, 0, interface);
  }
  static Wants into(std::uint16_t n, std::uint32_t interface = 1) {
    return OpticalNode::wants(n, interface, 0);
  }
  Wants over(std::uint16_t n) {
    Wants wants = OpticalNode::wants(n, 3, 1);
    const auto labels = manager.connection(OpticalNode::lsp(1))->labels;
    wants.out.label = labels.out;
    wants.out.upstream = labels.upstream_out;
    wants.over = {OpticalNode::lsp(1)};
    return wants;
  }
  bool reserve(const Wants& wants) {
    const auto done = manager.reserve(wants, node.now);
    node.run();
    return done.has_value();
  }
  bool activate(std::uint16_t n) {
    const auto done = manager.activate(OpticalNode::lsp(n), {}, node.now);
    node.run();
    return done.has_value();
  }
  void release(std::uint16_t n) {
    manager.release(OpticalNode::lsp(n), node.now);
    node.run();
  }
  ConnectionState state(std::uint16_t n) { return manager.connection(OpticalNode::lsp(n))->state; }
  void nothing_is_left() {
    EXPECT_EQ(fes.rows(), 0U);
    EXPECT_TRUE(manager.connections().empty());
    for (const std::uint32_t id : manager.interfaces()) {
      for (const Way way : {Way::Receive, Way::Send}) {
        EXPECT_EQ(manager.free_labels(id, way), LabelRanges::sdh_slots(1, 4)) << id;
      }
    }
  }

  ModelFes fes;
  OpticalNode node{fes};
  Manager& manager = node.manager;
};

TEST_F(Segment, HasLabelsAndNoRows) {
  ASSERT_TRUE(reserve(out_of(1)));
  EXPECT_EQ(state(1), ConnectionState::Reserved);
  ASSERT_TRUE(activate(1));
  EXPECT_EQ(state(1), ConnectionState::Active);
  const auto labels = manager.connection(OpticalNode::lsp(1))->labels;
  EXPECT_EQ(labels.out.size(), 1U);
  EXPECT_EQ(labels.upstream_out, labels.out);
  EXPECT_TRUE(labels.in.empty());
  EXPECT_EQ(fes.rows(), 0U);
  EXPECT_EQ(fes.transactions, 0U);
  EXPECT_EQ(manager.free_labels(1).size(), 3U);
  release(1);
  nothing_is_left();
}

TEST_F(Segment, EndsWithTheLabelThatTheNodeBeforeNames) {
  Wants wants = into(1);
  wants.in.upstream = Labels{slot(2)};
  wants.in.allowed = LabelRanges::of(Labels{slot(2), slot(3)});
  ASSERT_TRUE(reserve(wants));
  const auto labels = manager.connection(OpticalNode::lsp(1))->labels;
  EXPECT_EQ(labels.in, Labels{slot(2)});
  EXPECT_EQ(labels.upstream_in, Labels{slot(2)});
  Wants other = into(2);
  other.in.label = Labels{slot(2)};
  const auto refused = manager.reserve(other, node.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Refusal::Why::LabelBusy);
  release(1);
  nothing_is_left();
}

TEST_F(Segment, WhoGoesOverItHasRowsToItsLabels) {
  ASSERT_TRUE(reserve(out_of(1)));
  ASSERT_TRUE(activate(1));
  const Label label = manager.connection(OpticalNode::lsp(1))->labels.out.front();
  ASSERT_TRUE(reserve(over(2)));
  ASSERT_TRUE(activate(2));
  EXPECT_EQ(fes.rows(), 2U);
  for (const auto& [number, row] : fes.fes[1].rows) {
    EXPECT_TRUE(row.active);
    EXPECT_EQ(row.owner.lsp, OpticalNode::lsp(2));
    EXPECT_EQ(row.in_port == 1 ? row.in_label : row.out_label, label);
  }
  release(2);
  EXPECT_EQ(fes.rows(), 0U);
  EXPECT_FALSE(manager.free_labels(1).contains(label)) << "the segment has it still";
  release(1);
  nothing_is_left();
}

TEST_F(Segment, ItsLabelsAreNobodyElses) {
  ASSERT_TRUE(reserve(out_of(1)));
  Wants stranger = over(2);
  stranger.over.clear();
  const auto refused = manager.reserve(stranger, node.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Refusal::Why::LabelBusy);
}

TEST_F(Segment, CarriesOneLspOnly) {
  ASSERT_TRUE(reserve(out_of(1)));
  ASSERT_TRUE(reserve(over(2)));
  Wants other = over(3);
  other.in.interface = 2;
  const auto refused = manager.reserve(other, node.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Refusal::Why::LabelBusy);
  release(2);
  EXPECT_TRUE(reserve(other));
}

// Its rows go on as they are until they are released too.
TEST_F(Segment, MayEndBeforeWhoGoesOverIt) {
  ASSERT_TRUE(reserve(out_of(1)));
  ASSERT_TRUE(activate(1));
  const Label label = manager.connection(OpticalNode::lsp(1))->labels.out.front();
  ASSERT_TRUE(reserve(over(2)));
  ASSERT_TRUE(activate(2));
  release(1);
  EXPECT_EQ(manager.connections(), std::vector<LspKey>{OpticalNode::lsp(2)});
  EXPECT_EQ(fes.rows(), 2U);
  EXPECT_FALSE(manager.free_labels(1).contains(label));
  release(2);
  nothing_is_left();
}

TEST_F(Segment, APortThatFailsHitsBoth) {
  ASSERT_TRUE(reserve(out_of(1)));
  ASSERT_TRUE(reserve(over(2)));
  node.said.clear();
  manager.on_port({1, 1}, false, node.now);
  node.run();
  std::vector<LspKey> hit;
  for (const Hit& one : node.all<Hit>()) hit.push_back(one.lsp);
  std::ranges::sort(hit);
  EXPECT_EQ(hit, (std::vector<LspKey>{OpticalNode::lsp(1), OpticalNode::lsp(2)}));
}

TEST_F(Segment, AfterARestartBothHaveWhatTheyHadInAnyOrder) {
  ASSERT_TRUE(reserve(out_of(1)));
  ASSERT_TRUE(activate(1));
  const Wants user = over(2);
  ASSERT_TRUE(reserve(user));
  ASSERT_TRUE(activate(2));
  const auto rows = fes.fes[1].rows;
  const auto changes = fes.sets + fes.erases;
  for (const bool segment_first : {true, false}) {
    OpticalNode again(fes);
    Wants segment = out_of(1);
    segment.out.label = user.out.label;
    segment.out.upstream = user.out.upstream;
    Wants known = user;
    known.in.label = known.in.upstream = manager.connection(OpticalNode::lsp(2))->labels.in;
    for (const bool first : {true, false}) {
      const bool is_segment = first == segment_first;
      EXPECT_TRUE(again.manager.reserve(is_segment ? segment : known, again.now)) << first;
      again.run();
    }
    EXPECT_EQ(again.manager.connection(OpticalNode::lsp(1))->labels.out, *user.out.label);
    EXPECT_EQ(again.manager.connection(OpticalNode::lsp(2))->state, ConnectionState::Active);
    EXPECT_EQ(fes.fes[1].rows, rows);
    EXPECT_EQ(fes.sets + fes.erases, changes);
    again.manager.release(OpticalNode::lsp(1), again.now);
    again.run();
    EXPECT_EQ(fes.fes[1].rows, rows);
  }
}

}  // namespace
}  // namespace forces::signaling::resource
