// RFC 3471 section 3.5.1, RFC 3473 section 2.6.1.
#include "ce/signaling/resource/label_set.hpp"

#include <gtest/gtest.h>

#include <random>

namespace forces::signaling::resource {
namespace {

using Action = LabelSetPart::Action;
using Parts = std::vector<LabelSetPart>;

TEST(LabelSet, NoObjectIsAllLabels) { EXPECT_EQ(read_label_set({}), LabelRanges::all()); }

TEST(LabelSet, ListsAndRangesAddUp) {
  EXPECT_EQ(
      read_label_set(Parts{{Action::InclusiveList, {5, 1}}, {Action::InclusiveRange, {8, 9}}}),
      (LabelRanges{1, 5, 8, 9}));
}

TEST(LabelSet, OnlyExclusionsLeaveAllOthers) {
  EXPECT_EQ(read_label_set(Parts{{Action::ExclusiveList, {5}}, {Action::ExclusiveRange, {8, 0}}}),
            LabelRanges::range(0, 7) - LabelRanges{5});
}

TEST(LabelSet, WhatIsExcludedIsOutWhereverItStands) {
  EXPECT_EQ(read_label_set(Parts{{Action::ExclusiveList, {5}}, {Action::InclusiveRange, {4, 6}}}),
            (LabelRanges{4, 6}));
}

TEST(LabelSet, ZeroIsNoBound) {
  EXPECT_EQ(read_label_set(Parts{{Action::InclusiveRange, {0, 3}}}), LabelRanges::range(0, 3));
  EXPECT_EQ(read_label_set(Parts{{Action::InclusiveRange, {3, 0}}}),
            LabelRanges::range(3, 0xffffffff));
  EXPECT_EQ(read_label_set(Parts{{Action::InclusiveRange, {0, 0}}}), LabelRanges::all());
}

TEST(LabelSet, WhatIsNoSetIsRefused) {
  EXPECT_FALSE(read_label_set(Parts{{static_cast<Action>(4), {1}}}));
  EXPECT_FALSE(read_label_set(Parts{{Action::InclusiveRange, {1}}}));
  EXPECT_FALSE(read_label_set(Parts{{Action::InclusiveRange, {1, 2, 3}}}));
  EXPECT_FALSE(read_label_set(Parts{{Action::ExclusiveRange, {9, 8}}}));
}

TEST(LabelSet, ComesBackAsItWasWritten) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    LabelRanges set;
    for (int i = 0; i < 5; ++i) {
      const auto first = static_cast<Label>(random() % 64);
      set.insert(first, first + static_cast<Label>(random() % 6));
    }
    EXPECT_EQ(read_label_set(write_label_set(set)), set);
  }
  EXPECT_EQ(read_label_set(write_label_set(LabelRanges::all())), LabelRanges::all());
  EXPECT_EQ(write_label_set({1, 2, 9}), (Parts{{Action::InclusiveList, {1, 2, 9}}}));
  EXPECT_TRUE(write_label_set({}).empty());
}

}  // namespace
}  // namespace forces::signaling::resource
