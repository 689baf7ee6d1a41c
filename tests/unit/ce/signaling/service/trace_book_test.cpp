// What an FE is told of traces, against a table as an FE has one.
#include "ce/signaling/service/trace_book.hpp"

#include <gtest/gtest.h>

#include <random>

namespace forces::signaling {
namespace {

using ce::provision::TraceChange;

// TraceSentTable: rows by subscript, port and label only once (key 1).
struct Table {
  std::map<std::uint32_t, TraceChange> rows;
  bool apply(const TraceChange& change) {
    if (!change.text) return rows.erase(change.number) == 1;
    for (const auto& [number, row] : rows) {
      if (number != change.number && row.port == change.port && row.label == change.label) {
        return false;
      }
    }
    rows[change.number] = change;
    return true;
  }
  [[nodiscard]] TraceBook::Texts of(std::uint32_t port) const {
    TraceBook::Texts texts;
    for (const auto& [number, row] : rows) {
      if (row.port == port) texts[row.label] = row.text.value_or("");
    }
    return texts;
  }
};

class Book : public testing::Test {
 protected:
  std::size_t say(std::size_t most = 100) {
    const auto changes = book.next(most);
    for (const TraceChange& change : changes) EXPECT_TRUE(table.apply(change));
    book.done(true);
    return changes.size();
  }
  TraceBook book{4};
  Table table;
};

TEST_F(Book, SaysWhatHasChangedAndNothingTwice) {
  book.want(1, {{7, "a"}, {8, "b"}});
  EXPECT_TRUE(book.due());
  EXPECT_EQ(say(), 2U);
  EXPECT_FALSE(book.due());
  book.want(1, {{7, "a"}, {8, "c"}});
  EXPECT_EQ(say(), 1U);
  book.want(1, {{8, "c"}});
  EXPECT_EQ(book.next(1), (std::vector<TraceChange>{{.number = 0, .port = 1, .label = 7}}));
}

TEST_F(Book, GoesInPartsOfWhichOneIsUnderWay) {
  book.want(1, {{1, "a"}, {2, "b"}, {3, "c"}});
  EXPECT_EQ(book.next(2).size(), 2U);
  EXPECT_FALSE(book.due()) << "one is under way";
  book.done(true);
  EXPECT_TRUE(book.due());
  EXPECT_EQ(book.next(2).size(), 1U);
}

TEST_F(Book, WhatWasNotAnsweredIsDueAgain) {
  book.want(1, {{1, "a"}});
  const auto asked = book.next(10);
  book.done(false);
  EXPECT_TRUE(book.due());
  EXPECT_EQ(book.next(10), asked);
}

TEST_F(Book, WhatChangedMeanwhileIsSaidNext) {
  book.want(1, {{1, "a"}});
  (void)book.next(10);
  book.want(1, {{1, "b"}});
  book.done(true);
  ASSERT_TRUE(book.due());
  EXPECT_EQ(book.next(10).at(0).text, "b");
}

TEST_F(Book, AnFeThatBeginsAnewIsToldEverything) {
  book.want(1, {{1, "a"}, {2, "b"}});
  say();
  table = {};
  book.restart();
  EXPECT_EQ(say(), 2U);
  EXPECT_EQ(table.of(1), (TraceBook::Texts{{1, "a"}, {2, "b"}}));
}

TEST_F(Book, WhatAnFeHadBeforeItBeganAnewDoesNotCount) {
  book.want(1, {{1, "a"}, {2, "b"}});
  say();
  book.restart();
  book.want(1, {{1, "a"}});
  EXPECT_EQ(book.next(10),
            (std::vector<TraceChange>{{.number = 0, .port = 1, .label = 1, .text = "a"}}));
}

TEST_F(Book, AFullTableTakesNoMoreUntilSomethingGoes) {
  book.want(1, {{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}, {5, "e"}});
  EXPECT_EQ(say(), 4U);
  EXPECT_TRUE(book.next(10).empty());
  book.want(1, {{2, "b"}, {3, "c"}, {4, "d"}, {5, "e"}});
  say();
  EXPECT_EQ(say(), 1U);
  EXPECT_EQ(table.of(1), (TraceBook::Texts{{2, "b"}, {3, "c"}, {4, "d"}, {5, "e"}}));
}

TEST_F(Book, AnyLifeEndsWithWhatIsWanted) {
  std::mt19937 random(7);
  const auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  std::map<std::uint32_t, TraceBook::Texts> wanted;
  for (int step = 0; step < 5'000; ++step) {
    TraceBook::Texts texts;
    for (std::uint32_t label = 0; label < 2; ++label) {
      if (pick(3) != 0) texts[label] = std::string(1, static_cast<char>('a' + pick(3)));
    }
    const std::uint32_t port = 1 + pick(2);
    book.want(port, texts);
    wanted[port] = texts;
    if (pick(20) == 0) {
      table = {};
      book.restart();
    }
    const auto changes = book.next(1 + pick(3));
    const bool answered = pick(4) != 0;
    // What was not answered may have been done all the same.
    for (const TraceChange& change : changes) {
      if (answered || pick(2) == 0) (void)table.apply(change);
    }
    book.done(answered);
  }
  for (int i = 0; i < 10 && book.due(); ++i) {
    for (const TraceChange& change : book.next(100)) (void)table.apply(change);
    book.done(true);
  }
  EXPECT_FALSE(book.due());
  for (const auto& [port, texts] : wanted) EXPECT_EQ(table.of(port), texts) << port;
}

}  // namespace
}  // namespace forces::signaling
