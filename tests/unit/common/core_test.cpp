#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_set>
#include <variant>

#include "common/core/assert.hpp"
#include "common/core/error.hpp"
#include "common/core/hash_index.hpp"
#include "common/core/ids.hpp"
#include "common/core/number.hpp"
#include "common/core/outputs.hpp"
#include "common/core/result.hpp"
#include "common/core/time.hpp"

namespace forces {
namespace {

TEST(CoreError, EveryCodeHasANameOfItsOwn) {  // names are metric labels: appended, never changed
  constexpr int kFirst = static_cast<int>(Errc::Truncated);
  constexpr int kLast = static_cast<int>(Errc::BadChecksum);
  std::set<std::string_view> names;
  for (int code = kFirst; code <= kLast; ++code) names.insert(to_string(static_cast<Errc>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kLast - kFirst + 1));
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(to_string(Errc{0}), "unknown");
  EXPECT_EQ(to_string(static_cast<Errc>(kLast + 1)), "unknown");
  EXPECT_EQ(to_string(Errc::Truncated), "truncated");
  EXPECT_EQ(to_string(Errc::TrailingOctets), "trailing_octets");
}

Result<int> half(int n) {
  if (n % 2 != 0) return fail(Errc::BadValue, "n", 7);
  return n / 2;
}

Result<std::string> quarter(int n) {
  FORCES_TRY(once, half(n));
  FORCES_TRY(twice, half(once));
  return std::to_string(twice);
}

TEST(CoreResult, TryGivesTheValueOrReturnsTheErrorAsItIs) {
  EXPECT_EQ(quarter(12), Result<std::string>("3"));
  EXPECT_EQ(quarter(3), fail(Errc::BadValue, "n", 7));
  EXPECT_EQ(quarter(6), fail(Error{Errc::BadValue, 7, "n"}));
}

TEST(CoreIds, AreComparedAndHashedByValue) {
  using Id = StrongId<struct TestTag>;
  EXPECT_EQ(Id{1}, Id{1});
  EXPECT_LT(Id{1}, Id{2});
  EXPECT_EQ((std::unordered_set<Id>{Id{1}, Id{1}, Id{2}}.size()), 2u);
  static_assert(!std::is_convertible_v<Id, StrongId<struct OtherTag>>);
  static_assert(!std::is_convertible_v<Id, std::uint32_t>);
}

TEST(CoreTime, AnInstantHasNoClockBehindIt) {
  using namespace std::chrono_literals;
  EXPECT_EQ(Instant{} + 1500ms - Instant{}, Duration(1'500'000'000));
}

TEST(CoreTime, MillisecondsAreWholeOnes) {
  using namespace std::chrono_literals;
  EXPECT_EQ(whole_milliseconds(1999us), 1U);
  EXPECT_EQ(whole_milliseconds(2ms), 2U);
}

TEST(CoreOutputs, ArePolledInOrderUntilThereIsNone) {
  OutputQueue<std::variant<int, std::unique_ptr<int>>> queue;
  EXPECT_FALSE(queue.poll());
  queue.push(1);
  queue.push(std::make_unique<int>(2));  // moved, not copied
  EXPECT_EQ(std::get<0>(*queue.poll()), 1);
  EXPECT_EQ(*std::get<1>(*queue.poll()), 2);
  EXPECT_FALSE(queue.poll());
}

TEST(CoreAssertDeathTest, ABrokenInvariantNamesItselfAndEndsTheProcess) {
  const int n = 3;
  FORCES_ASSERT(n == 3);
  EXPECT_DEATH(FORCES_ASSERT(n == 4), "core_test.cpp:[0-9]+: invariant broken: n == 4");
}

// Rows that come, go and move, most of them with the hash of others, against a map.
template <class Index>
void keeps_up_with_a_map() {
  constexpr std::uint32_t kRows = 300;
  const auto hash_of = [](std::uint32_t row) { return std::uint64_t{row % 97}; };
  Index index;
  std::vector<std::uint32_t> rows;  // by slot
  std::mt19937 random(7);
  const auto slot_of = [&](std::uint32_t row) {
    return index.find(hash_of(row), [&](std::uint32_t slot) { return rows[slot] == row; });
  };
  const auto hash_at = [&](std::uint32_t slot) { return hash_of(rows[slot]); };
  std::map<std::uint32_t, std::uint32_t> slots;
  for (int step = 0; step < 20'000; ++step) {
    const auto row = static_cast<std::uint32_t>(random() % kRows);
    if (const auto at = slots.find(row); at == slots.end()) {
      const auto slot = static_cast<std::uint32_t>(rows.size());
      index.insert(hash_of(row), slot, hash_at);
      rows.push_back(row);
      slots[row] = slot;
    } else {  // the last row takes its slot
      const std::uint32_t slot = at->second, last = rows.back();
      index.erase(hash_of(row), slot, hash_at);
      slots.erase(at);
      if (last != row) {
        index.move(hash_of(last), static_cast<std::uint32_t>(rows.size() - 1), slot);
        rows[slot] = last;
        slots[last] = slot;
      }
      rows.pop_back();
    }
    const auto other = static_cast<std::uint32_t>(random() % kRows);
    ASSERT_EQ(slot_of(other), slots.contains(other) ? slots[other] : Index::kNone) << step;
  }
  index.clear();
  for (std::uint32_t row = 0; row < kRows; ++row) ASSERT_EQ(slot_of(row), Index::kNone);
  EXPECT_LE(index.octets(), 512U * 8);
}

TEST(HashIndexes, KeepUpWithAMap) {
  keeps_up_with_a_map<HashIndex>();
  keeps_up_with_a_map<KeepingHashIndex>();
}

TEST(Numbers, AreWholeTexts) {
  EXPECT_EQ(whole_number<std::uint8_t>("255"), 255);
  for (const auto* none : {"", "256", "1 ", " 1", "+1", "-1", "1x", "ff"}) {
    EXPECT_FALSE(whole_number<std::uint8_t>(none)) << none;
  }
  EXPECT_EQ(decimal_or_hex<std::uint32_t>("31"), 31U);
  EXPECT_EQ(decimal_or_hex<std::uint32_t>("0x1f"), 31U);
  EXPECT_EQ(decimal_or_hex<std::uint32_t>("0XFFFFFFFF"), 0xffffffffU);
  for (const auto* none : {"0x", "1f", "0x1g", "0x100000000", "x1", "0x-1"}) {
    EXPECT_FALSE(decimal_or_hex<std::uint32_t>(none)) << none;
  }
}

}  // namespace
}  // namespace forces
