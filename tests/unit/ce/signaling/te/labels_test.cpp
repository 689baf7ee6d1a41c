// Sets of labels, and which lists of them a signal needs (RFC 4606 sections 2.1 and 3).
#include "ce/signaling/te/labels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>

namespace forces::signaling::te {
namespace {

constexpr Label slot(std::uint32_t n) { return n << 16; }
constexpr Label kLast = 0xffffffff;

TEST(LabelRanges, HoldWhatWasPutIntoThem) {
  LabelRanges set{5, 3, 4, 9};
  EXPECT_EQ(set.ranges().size(), 2U) << "neighbours are one range";
  EXPECT_EQ(set.size(), 4U);
  EXPECT_TRUE(set.contains(3) && set.contains(5) && set.contains(9));
  EXPECT_FALSE(set.contains(6));
  EXPECT_EQ(set.next(6), 9U);
  EXPECT_EQ(set.next(10), std::nullopt);
  set.erase(4);
  EXPECT_EQ(set, (LabelRanges{3, 5, 9}));
  EXPECT_EQ(set.list(2), (Labels{3, 5}));
  EXPECT_EQ(set.list(2, true), (Labels{5, 9}));
}

TEST(LabelRanges, ReachBothEndsOfTheNumbers) {
  LabelRanges all = LabelRanges::all();
  EXPECT_EQ(all.size(), std::uint64_t{1} << 32);
  all.erase(0);
  all.erase(kLast);
  EXPECT_EQ(all, LabelRanges::range(1, kLast - 1));
  all.insert(kLast);
  all.insert(0);
  EXPECT_EQ(all, LabelRanges::all());
  EXPECT_EQ(all.list(2, true), (Labels{kLast - 1, kLast}));
}

// Against a set of numbers, by random operations.
TEST(LabelRanges, AreSets) {
  std::mt19937 random(7);
  const auto range = [&] {
    const auto a = static_cast<Label>(random() % 40), b = static_cast<Label>(random() % 40);
    return std::pair(std::min(a, b), std::max(a, b));
  };
  for (int round = 0; round < 2'000; ++round) {
    std::array<LabelRanges, 2> sets;
    std::array<std::set<Label>, 2> models;
    for (std::size_t i = 0; i < 2; ++i) {
      for (int step = 0; step < 6; ++step) {
        const auto [first, last] = range();
        const bool inserts = random() % 3 != 0;
        if (inserts) {
          sets[i].insert(first, last);
        } else {
          sets[i].erase(first, last);
        }
        for (Label label = first; label <= last; ++label) {
          if (inserts) {
            models[i].insert(label);
          } else {
            models[i].erase(label);
          }
        }
      }
      ASSERT_EQ(sets[i], LabelRanges::of(Labels(models[i].begin(), models[i].end())));
    }
    for (Label label = 0; label < 45; ++label) {
      const bool a = models[0].contains(label), b = models[1].contains(label);
      ASSERT_EQ((sets[0] | sets[1]).contains(label), a || b);
      ASSERT_EQ((sets[0] & sets[1]).contains(label), a && b);
      ASSERT_EQ((sets[0] - sets[1]).contains(label), a && !b);
    }
    const bool inside = std::ranges::includes(models[0], models[1]);
    ASSERT_EQ(sets[0].contains(sets[1]), inside);
    for (std::size_t i = 1; i < sets[0].ranges().size(); ++i) {
      ASSERT_GT(sets[0].ranges()[i].first, sets[0].ranges()[i - 1].last + 1);
    }
  }
}

TEST(Signal, AVc4IsOneSlot) {
  const Signal vc4;
  EXPECT_FALSE(vc4.fault());
  EXPECT_EQ(vc4.labels(), 1U);
  EXPECT_EQ(vc4.choose(LabelRanges::sdh_slots(2, 4)), Labels{slot(2)});
  EXPECT_EQ(vc4.choose(LabelRanges::sdh_slots(2, 4), true), Labels{slot(4)});
  EXPECT_EQ(vc4.choose({}), std::nullopt);
  EXPECT_NEAR(vc4.bandwidth() * 8, 150.336e6, 1);
}

TEST(Signal, AContiguousConcatenationIsOneLabelForItsSlots) {
  const Signal vc4_4c{.rcc = 1, .ncc = 4};
  EXPECT_EQ(vc4_4c.labels(), 1U);
  EXPECT_EQ(vc4_4c.width(), 4U);
  EXPECT_EQ(vc4_4c.slots(slot(5)), (Labels{slot(5), slot(6), slot(7), slot(8)}));
  // G.707: where an AUG-4 begins, so not at slot 2 of a free stretch of 2 to 7.
  EXPECT_FALSE(vc4_4c.fits(LabelRanges::sdh_slots(2, 7)));
  EXPECT_EQ(vc4_4c.choose(LabelRanges::sdh_slots(2, 8)), Labels{slot(5)});
  EXPECT_TRUE(vc4_4c.acceptable(Labels{slot(5)}));
  EXPECT_FALSE(vc4_4c.acceptable(Labels{slot(6)}));
  EXPECT_EQ(vc4_4c.starts(LabelRanges::sdh_slots(1, 16) - LabelRanges{slot(10)}),
            (LabelRanges{slot(1), slot(5), slot(13)}));
}

TEST(Signal, VirtualConcatenationAndMultiplicationAreLists) {
  const Signal vcat{.nvc = 3};
  EXPECT_EQ(vcat.choose(LabelRanges{slot(1), slot(4), slot(9)}),
            (Labels{slot(1), slot(4), slot(9)}));
  EXPECT_FALSE(vcat.fits(LabelRanges::sdh_slots(1, 2)));
  EXPECT_TRUE(vcat.acceptable(Labels{slot(9), slot(1), slot(4)})) << "in the order of payloads";
  EXPECT_FALSE(vcat.acceptable(Labels{slot(9), slot(9), slot(4)}));
  EXPECT_FALSE(vcat.acceptable(Labels{slot(9), slot(4)}));
  EXPECT_EQ((Signal{.nvc = 3, .multiplier = 2}).labels(), 6U);
  EXPECT_EQ((Signal{.rcc = 1, .ncc = 4, .multiplier = 2}).choose(LabelRanges::sdh_slots(1, 16)),
            (Labels{slot(1), slot(5)}));
}

TEST(Signal, WhatCannotBeIsSaid) {  // RFC 4606 section 2.2
  EXPECT_EQ((Signal{.multiplier = 0}).fault(), Signal::Fault::Multiplier);
  EXPECT_EQ((Signal{.rcc = 1, .ncc = 5}).fault(), Signal::Fault::Concatenation);
  EXPECT_EQ((Signal{.rcc = 2, .ncc = 4}).fault(), Signal::Fault::Concatenation);
  EXPECT_EQ((Signal{.type = 77}).fault(), Signal::Fault::Type);
  EXPECT_FALSE((Signal{.rcc = 1, .ncc = 1}).fault()) << "SONET says a VC-4 like this";
  EXPECT_FALSE((Signal{.rcc = 0, .ncc = 5}).fault()) << "NCC is ignored without RCC";
}

TEST(Signal, SlotsAtTheEndOfTheNumbers) {
  const Signal wide{.rcc = 1, .ncc = 256};
  EXPECT_TRUE(wide.starts(LabelRanges::range(slot(0xfff0), kLast)).empty());
  EXPECT_FALSE(wide.acceptable(Labels{slot(0xff01) + slot(0xff)}));
  EXPECT_EQ(wide.starts(LabelRanges::all()).next(0), slot(1));
}

}  // namespace
}  // namespace forces::signaling::te
