// Ranges of labels as they are configured, and sets of them, against a set that has each label.
#include "fe/dataplane/optical/labels.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

namespace forces::fe::dataplane::optical {
namespace {

struct RangeCase {
  std::string_view text;
  std::optional<LabelRange> want;
};
TEST(LabelRanges, AreReadAsTheyAreWritten) {
  const RangeCase cases[] = {
      {"7", LabelRange{7, 7, 1}},
      {"1-64", LabelRange{1, 64, 1}},
      {"0x10000-0x400000/0x10000", LabelRange{0x10000, 0x400000, 0x10000}},
      {"0x10000-0x40ffff/65536", LabelRange{0x10000, 0x400000, 0x10000}},  // the last is a label
      {"0-4294967295", LabelRange{0, 0xffffffff, 1}},
      {"", {}},
      {"-", {}},
      {"4-3", {}},
      {"1-9/0", {}},
      {"1-", {}},
      {"1-9/", {}},
      {" 1", {}},
      {"0x", {}},
      {"4294967296", {}},
  };
  for (const RangeCase& c : cases) {
    EXPECT_EQ(label_range(c.text), c.want) << c.text;
    if (c.want) {
      EXPECT_EQ(label_range(text_of(*c.want)), c.want) << c.text;
    }
  }
}

TEST(LabelRanges, HaveTheirStepsAndNothingBetween) {
  const std::array ranges{LabelRange{0x10000, 0x400000, 0x10000}, LabelRange{7, 7, 1}};
  EXPECT_TRUE(contains(ranges, 0x10000));
  EXPECT_TRUE(contains(ranges, 0x400000));
  EXPECT_TRUE(contains(ranges, 7));
  EXPECT_FALSE(contains(ranges, 0x10001));
  EXPECT_FALSE(contains(ranges, 0x410000));
  EXPECT_FALSE(contains(ranges, 8));
  EXPECT_TRUE(meets(ranges, 0, 0xffffffff));
  EXPECT_TRUE(meets(ranges, 0x1ffff, 0x20000));
  EXPECT_FALSE(meets(ranges, 0x10001, 0x1ffff));
  EXPECT_FALSE(meets(ranges, 8, 0xffff));
  EXPECT_FALSE(meets(ranges, 0x400001, 0xffffffff));
}

TEST(LabelSets, AreWhatWasAddedAndNotTakenAway) {
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
  LabelSet set;
  std::set<std::uint32_t> plain;
  for (int i = 0; i < 2'000; ++i) {
    const auto first = static_cast<std::uint32_t>(random() % 60);
    const auto last = first + static_cast<std::uint32_t>(random() % 8);
    const bool add = random() % 2 == 0;
    add ? set.add(first, last) : set.remove(first, last);
    for (std::uint32_t label = first; label <= last; ++label) {
      if (add) {
        plain.insert(label);
      } else {
        plain.erase(label);
      }
    }
    for (std::uint32_t label = 0; label < 70; ++label) {
      ASSERT_EQ(set.contains(label), plain.contains(label)) << label << " after " << i;
    }
    const std::pair<const std::uint32_t, std::uint32_t>* before = nullptr;
    for (const auto& range : set.ranges()) {
      ASSERT_LE(range.first, range.second);
      if (before != nullptr) {
        ASSERT_GT(range.first, before->second + 1) << "they would be one";
      }
      before = &range;
    }
  }
}

TEST(LabelSets, ReachTheEndsOfThirtyTwoBits) {
  LabelSet set;
  set.add(0, 0xffffffff);
  set.add(5, 6);
  ASSERT_EQ(set.ranges().size(), 1U);
  set.remove(0xffffffff, 0xffffffff);
  set.remove(0, 0);
  ASSERT_EQ(set.ranges().size(), 1U);
  EXPECT_EQ(*set.ranges().begin(), (std::pair<const std::uint32_t, std::uint32_t>(1, 0xfffffffe)));
  set.add(0xffffffff, 0xffffffff);
  EXPECT_TRUE(set.contains(0xffffffff));
  EXPECT_EQ(set.ranges().size(), 1U);
}

}  // namespace
}  // namespace forces::fe::dataplane::optical
