#include "ce/state/outbox.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "ce/state/memory.hpp"
#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using test::put;

class OutboxTest : public testing::Test {
 protected:
  std::vector<std::string> left() {
    while (auto event = disk.poll_event()) {
      if (const auto* durable = std::get_if<Durable>(&*event)) outbox.on_durable(durable->up_to);
    }
    std::vector<std::string> all;
    while (auto item = outbox.poll()) all.push_back(std::move(*item));
    return all;
  }
  using Items = std::vector<std::string>;
  MemoryStore disk;
  Outbox<std::string> outbox;
};

TEST_F(OutboxTest, ASendLeavesWhenAllPersistsBeforeItAreDurable) {
  outbox.persist(put("path", "1", "a"));
  outbox.persist(put("path", "2", "a"));
  outbox.send("Path");
  EXPECT_EQ(left(), Items{}) << "not even given to the store";
  outbox.commit(disk);
  EXPECT_EQ(left(), Items{});
  EXPECT_EQ(outbox.waiting(), 1U);
  disk.sync();
  EXPECT_EQ(left(), Items{"Path"});
  EXPECT_EQ(outbox.waiting(), 0U);
}

TEST_F(OutboxTest, ASendBeforeAnyPersistDoesNotWait) {
  outbox.send("Srefresh");
  outbox.persist(put("path", "1", "a"));
  outbox.send("Path");
  outbox.commit(disk);
  EXPECT_EQ(left(), Items{"Srefresh"});
  disk.sync();
  EXPECT_EQ(left(), Items{"Path"});
  outbox.send("Srefresh");
  EXPECT_EQ(left(), Items{"Srefresh"}) << "all before it is durable by now";
}

TEST_F(OutboxTest, SendsKeepTheirOrderAcrossBatches) {
  for (const char* n : {"1", "2", "3"}) {
    outbox.persist(put("path", n, "a"));
    outbox.send(n);
    outbox.commit(disk);
  }
  outbox.send("4");  // persists nothing itself
  disk.sync_up_to({1});
  EXPECT_EQ(left(), Items{"1"});
  disk.sync_up_to({3});
  EXPECT_EQ(left(), (Items{"2", "3", "4"}));
}

TEST_F(OutboxTest, WhatOneInputPersistsIsOneBatch) {
  outbox.persist(put("path", "1", "a"));
  outbox.send("Path");
  outbox.persist(put("call", "1", "a"));
  outbox.commit(disk);
  outbox.commit(disk);  // nothing new: no batch
  EXPECT_EQ(disk.snapshot().submitted, 1U);
  disk.crash(1);
  EXPECT_EQ(test::rows_of(disk, "path").size(), 1U);
  EXPECT_EQ(test::rows_of(disk, "call").size(), 1U);
}

TEST_F(OutboxTest, BatchesOfOthersInTheSameStoreDoNotConfuseIt) {
  (void)disk.submit({put("other", "1", "a")});
  outbox.persist(put("path", "1", "a"));
  outbox.send("Path");
  outbox.commit(disk);
  (void)disk.submit({put("other", "2", "a")});
  disk.sync_up_to({1});
  EXPECT_EQ(left(), Items{});
  disk.sync_up_to({2});
  EXPECT_EQ(left(), Items{"Path"});
}

TEST_F(OutboxTest, WhatAnnouncesNothingOvertakes) {
  outbox.persist(put("path", "1", "a"));
  outbox.send("Path");
  outbox.send_at_once("Hello");
  outbox.commit(disk);
  EXPECT_EQ(left(), Items{"Hello"});
}

TEST_F(OutboxTest, NothingIsAnnouncedWhileTheStoreFails) {
  disk.fail({Reason::Full, "no space"});
  outbox.persist(put("path", "1", "a"));
  outbox.send("Path");
  outbox.commit(disk);
  disk.sync();
  EXPECT_EQ(left(), Items{});
  disk.heal();
  EXPECT_EQ(left(), Items{"Path"});
}

// What a controller persists and says, in any order and over any disk: input n persists key n, and
// a message that says m announces all keys below m.
RC_GTEST_PROP(OutboxProperty, NothingIsAnnouncedBeforeItIsDurable, ()) {
  MemoryStore disk;
  Outbox<unsigned> outbox;
  unsigned persisted = 0;
  std::vector<unsigned> sent, said;
  const auto hear = [&] {
    while (auto event = disk.poll_event()) {
      if (const auto* durable = std::get_if<Durable>(&*event)) outbox.on_durable(durable->up_to);
    }
  };
  const auto say = [&] {
    const std::size_t rows = test::rows_of(disk, "t").size();
    while (auto item = outbox.poll()) {
      RC_ASSERT(*item <= rows);
      said.push_back(*item);
    }
  };
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 9));
  for (const int step : steps) {
    switch (step) {
      case 0:
      case 1:
        outbox.persist(put("t", std::to_string(persisted++), "v"));
        break;
      case 2:
      case 3:
        outbox.send(persisted);
        sent.push_back(persisted);
        break;
      case 4:
        outbox.commit(disk);
        break;
      case 5:
        disk.sync();
        break;
      case 6: {
        const std::uint64_t submitted = disk.snapshot().submitted;
        disk.sync_up_to({*rc::gen::inRange<std::uint64_t>(0, submitted + 1)});
        break;
      }
      case 7:
        hear();
        break;
      default:
        say();
        break;
    }
  }
  if (*rc::gen::arbitrary<bool>()) {  // a crash: what was said is on the disk whatever became of it
    disk.crash(*rc::gen::inRange<std::size_t>(0, 4));
    const std::size_t rows = test::rows_of(disk, "t").size();
    for (const unsigned m : said) RC_ASSERT(m <= rows);
    return;
  }
  outbox.commit(disk);
  disk.sync();
  hear();
  say();
  RC_ASSERT(said == sent);  // all of it in the end, once, in order
  RC_ASSERT(outbox.waiting() == 0U);
}

}  // namespace
}  // namespace forces::state
