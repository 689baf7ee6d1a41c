#include "ce/routing/fib/change_log.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace forces::ce::routing {
namespace {

std::vector<ChangeLog::Row> drain(ChangeLog& log, ChangeLog::Reader reader) {
  std::vector<ChangeLog::Row> rows;
  while (const auto row = log.next(reader)) rows.push_back(*row);
  return rows;
}
using Rows = std::vector<ChangeLog::Row>;

TEST(ChangeLog, ShowsEachReaderTheLatestStateOnce) {
  ChangeLog log;
  const auto a = log.attach();
  for (const ChangeLog::Row row : {0u, 1u, 2u, 1u}) log.touch(row);
  EXPECT_EQ(drain(log, a), (Rows{0, 2, 1}));
  EXPECT_EQ(drain(log, a), Rows{});
  log.touch(0);
  const auto b = log.attach();
  EXPECT_EQ(drain(log, b), (Rows{2, 1, 0}));
  EXPECT_EQ(drain(log, a), Rows{0});
}

TEST(ChangeLog, ARetiredRowIsReclaimedWhenTheLastReaderPassedIt) {
  ChangeLog log;
  const auto a = log.attach(), b = log.attach();
  log.touch(5);
  EXPECT_EQ(drain(log, a), Rows{5});
  log.retire(5);
  EXPECT_EQ(drain(log, a), Rows{5});
  EXPECT_TRUE(log.retired(5));
  EXPECT_FALSE(log.poll_reclaimed());
  EXPECT_EQ(drain(log, b), Rows{5});
  EXPECT_FALSE(log.retired(5));
  EXPECT_EQ(log.poll_reclaimed(), 5u);
  EXPECT_FALSE(log.poll_reclaimed());
}

TEST(ChangeLog, AReaderThatComesLaterIsNotShownWhatWasRetired) {
  ChangeLog log;
  const auto a = log.attach();
  log.touch(1);
  log.retire(1);
  const auto b = log.attach();
  log.rewind(b);
  EXPECT_EQ(drain(log, b), Rows{});
  EXPECT_FALSE(log.poll_reclaimed());
  log.detach(a);  // and one that leaves holds nothing back
  EXPECT_EQ(log.poll_reclaimed(), 1u);
}

TEST(ChangeLog, ARowThatComesBackIsNotReclaimed) {
  ChangeLog log;
  const auto a = log.attach();
  log.touch(1);
  log.retire(1);
  log.touch(1);
  EXPECT_EQ(drain(log, a), Rows{1});
  EXPECT_FALSE(log.retired(1));
  EXPECT_FALSE(log.poll_reclaimed());
}

TEST(ChangeLog, WithoutReadersARetiredRowIsReclaimedAtOnce) {
  ChangeLog log;
  log.touch(1);
  log.retire(1);
  EXPECT_EQ(log.poll_reclaimed(), 1u);
}

// Any order of events: a reader's copy, kept by what it is shown, ends as the table is.
TEST(ChangeLog, EveryReaderEndsWithTheSameTable) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    ChangeLog log;
    std::map<ChangeLog::Row, int> table;
    std::map<ChangeLog::Reader, std::map<ChangeLog::Row, int>> copies;
    int value = 0;
    const auto read = [&](ChangeLog::Reader reader) {
      const auto row = log.next(reader);
      if (!row) return false;
      if (table.contains(*row)) {
        copies[reader][*row] = table[*row];
      } else {
        copies[reader].erase(*row);
      }
      return true;
    };
    for (int step = 0; step < 3000; ++step) {
      const auto row = static_cast<ChangeLog::Row>(random() % 40);
      switch (random() % 12) {
        case 0:
          if (copies.size() < 5) copies[log.attach()].clear();
          break;
        case 1:
          if (!copies.empty() && random() % 4 == 0) {
            log.detach(copies.begin()->first);
            copies.erase(copies.begin());
          }
          break;
        case 2:
          if (!copies.empty()) log.rewind(std::prev(copies.end())->first);
          break;
        case 3:
        case 4:
          if (table.erase(row) != 0) log.retire(row);
          break;
        case 5:
        case 6:
        case 7:
          table[row] = ++value;
          log.touch(row);
          break;
        default:
          for (auto& [reader, copy] : copies) {
            if (random() % 2 != 0) read(reader);
          }
      }
      while (const auto reclaimed = log.poll_reclaimed()) {
        EXPECT_FALSE(log.retired(*reclaimed));
      }
    }
    for (auto& [reader, copy] : copies) {
      while (read(reader)) {
      }
      // A rewound reader may keep rows that were retired before: who rewinds knows that.
      for (const auto& [row, held] : table) EXPECT_EQ(copy[row], held);
    }
  }
}

}  // namespace
}  // namespace forces::ce::routing
