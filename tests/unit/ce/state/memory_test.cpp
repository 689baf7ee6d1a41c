#include "ce/state/memory.hpp"

#include <gtest/gtest.h>

#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using test::put;
using test::removed;
using test::Rows;
using test::rows_of;

TEST(MemoryStore, IsDurableWhenItIsSynced) {
  MemoryStore disk;
  EXPECT_EQ(disk.submit({put("t", "a", "1"), put("t", "b", "1")}).value, 1U);
  EXPECT_EQ(disk.submit({put("t", "a", "2"), removed("t", "b"), removed("t", "never")}).value, 2U);
  EXPECT_TRUE(test::events_of(disk).empty());
  EXPECT_TRUE(rows_of(disk, "t").empty()) << "a scan sees what is durable";
  disk.sync_up_to({1});
  EXPECT_EQ(rows_of(disk, "t"), (Rows{{"a", "1"}, {"b", "1"}}));
  disk.sync();
  disk.sync();
  EXPECT_EQ(rows_of(disk, "t"), (Rows{{"a", "2"}}));
  const auto events = test::events_of(disk);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(test::durable_of(events[0]), 1U);
  EXPECT_EQ(test::durable_of(events[1]), 2U);
}

TEST(MemoryStore, ScansInTheOrderOfUnsignedOctetsFromAKeyOn) {
  MemoryStore disk;
  (void)disk.submit({put("t", "\x80", "3"), put("t", "", "0"), put("t", "a", "1"),
                     put("t", "ab", "2"), put("u", "a", "other")});
  disk.sync();
  EXPECT_EQ(rows_of(disk, "t"), (Rows{{"", "0"}, {"a", "1"}, {"ab", "2"}, {"\x80", "3"}}));
  EXPECT_EQ(rows_of(disk, "t", "aa"), (Rows{{"ab", "2"}, {"\x80", "3"}}));
  EXPECT_EQ(disk.get("t", test::octets("ab")).value(), test::octets("2"));
  EXPECT_EQ(disk.get("t", test::octets("aa")).value(), std::nullopt);
  EXPECT_EQ(disk.get("none", test::octets("a")).value(), std::nullopt);
}

TEST(MemoryStore, ACrashLosesWhatWasNotDurable) {
  MemoryStore disk;
  (void)disk.submit({put("t", "a", "1")});
  disk.sync();
  (void)disk.submit({put("t", "b", "1")});
  disk.crash();
  EXPECT_TRUE(test::events_of(disk).empty()) << "nobody is left to be told";
  EXPECT_EQ(rows_of(disk, "t"), (Rows{{"a", "1"}}));
  const BatchId next = disk.submit({put("t", "c", "1")});
  disk.sync_up_to(next);
  EXPECT_EQ(rows_of(disk, "t"), (Rows{{"a", "1"}, {"c", "1"}}));
  EXPECT_EQ(test::durable_of(test::events_of(disk).at(0)), next.value);
}

TEST(MemoryStore, ACrashMayKeepTheFirstOfThem) {
  MemoryStore disk;
  for (const char* key : {"a", "b", "c"}) {
    (void)disk.submit({put("t", key, "1"), put("u", key, "1")});
  }
  disk.crash(2);
  EXPECT_EQ(rows_of(disk, "t"), (Rows{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(rows_of(disk, "t"), rows_of(disk, "u")) << "whole batches";
}

TEST(MemoryStore, WhileItFailsNothingBecomesDurable) {
  MemoryStore disk;
  disk.fail({Reason::Full, "no space"});
  disk.fail({Reason::Full, "no space"});
  (void)disk.submit({put("t", "a", "1")});
  disk.sync();
  EXPECT_TRUE(rows_of(disk, "t").empty());
  EXPECT_TRUE(disk.snapshot().failed);
  disk.heal();
  const auto events = test::events_of(disk);
  ASSERT_EQ(events.size(), 3U) << "failed, recovered, durable";
  EXPECT_TRUE(test::is_failure(events[0], Reason::Full));
  EXPECT_TRUE(std::holds_alternative<Recovered>(events[1]));
  EXPECT_EQ(test::durable_of(events[2]), 1U);
  EXPECT_FALSE(disk.snapshot().failed);
}

}  // namespace
}  // namespace forces::state
