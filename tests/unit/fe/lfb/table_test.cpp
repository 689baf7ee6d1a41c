// The rows of a table: by subscript, by key, in order; 100,000 of them.
#include "fe/lfb/store/table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "fe/lfb/model.hpp"
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe::lfb::test {
namespace {

pl::Octets pair(std::uint32_t a, std::uint32_t b) {
  wire::ByteWriter w;
  w.u32(a);
  w.u32(b);
  return std::move(w).finish().value();
}
pl::Octets key(std::uint32_t a) {
  wire::ByteWriter w;
  w.u32(a);
  return std::move(w).finish().value();
}

TEST(Table, AgreesWithAMapWhateverIsDone) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    Table table(lab::kPairs);
    std::map<std::uint32_t, std::uint32_t> rows;  // subscript and key
    for (int i = 0; i < 2000; ++i) {
      const std::uint32_t index = random() % 64, wanted = random() % 64;
      const bool taken = std::ranges::any_of(
          rows, [&](const auto& r) { return r.second == wanted && r.first != index; });
      if (random() % 3 == 0) {
        EXPECT_EQ(table.erase(index), rows.erase(index) == 1);
      } else {
        const auto row = pair(wanted, index);
        ASSERT_EQ(table.allows(index, row),
                  taken ? pl::ResultCode::Exists : pl::ResultCode::Success);
        if (taken) continue;
        table.put(index, row);
        rows[index] = wanted;
      }
      ASSERT_EQ(table.size(), rows.size());
      std::vector<std::uint32_t> some, wanted_some;  // looked up or sorted, as it comes
      table.for_each(10, 20, [&](std::uint32_t at, wire::Bytes row) {
        some.push_back(at);
        return std::ranges::equal(row, pair(rows[at], at));
      });
      for (const auto& row : rows) {
        if (row.first >= 10 && row.first <= 20) wanted_some.push_back(row.first);
      }
      ASSERT_EQ(some, wanted_some);
      ASSERT_EQ(table.highest(), rows.empty() ? 0 : rows.rbegin()->first);
      if (i % 50 != 0) continue;
      auto expected = rows.begin();
      table.for_each(0, pl::kLastRow, [&](std::uint32_t at, wire::Bytes row) {
        EXPECT_EQ(at, expected->first);
        EXPECT_TRUE(std::ranges::equal(row, pair(expected->second, at)));
        ++expected;
        return true;
      });
      ASSERT_TRUE(expected == rows.end());
      std::uint32_t unused = 0;
      while (rows.contains(unused)) ++unused;
      ASSERT_EQ(table.first_unused(), unused);
      for (const auto& [at, k] : rows) {
        ASSERT_EQ(table.find(lab::kByFirst[0], key(k)), at);
        ASSERT_TRUE(std::ranges::equal(*table.row(at), pair(k, at)));
      }
    }
  }
}

TEST(Table, AnLpmTableOfAHundredThousandRows) {
  Table table(*kIpv4UcastLpmClass.components[0].type);
  for (std::uint32_t i = 100'000; i > 0; --i) {
    wire::ByteWriter w;
    w.u32(i << 8);
    w.u8(24);
    w.zeros(3);
    w.u32(i);
    ASSERT_EQ(table.allows(i, w.written()), pl::ResultCode::Success);
    table.put(i, w.written());
  }
  EXPECT_EQ(table.size(), 100'000U);
  wire::ByteWriter prefix;
  prefix.u32(4711U << 8);
  prefix.u8(24);
  EXPECT_EQ(table.find(table.type().keys[0], prefix.written()), 4711U);
  std::uint32_t next = 1;
  table.for_each(0, pl::kLastRow,
                 [&](std::uint32_t index, wire::Bytes) { return index == next++; });
  EXPECT_EQ(next, 100'001U);
}

}  // namespace
}  // namespace forces::fe::lfb::test
