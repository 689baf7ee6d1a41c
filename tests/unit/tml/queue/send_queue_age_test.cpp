// What happens to a queue over time: chunks are used again, and what waits too long expires (row
// 12).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/tml/queue/frames.hpp"
#include "tml/src/core/send_queue.hpp"

namespace forces::tml {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Push = SendQueue::Push;
using Numbers = std::vector<std::uint64_t>;

constexpr std::size_t kAll = 1 << 20;
constexpr unsigned kLevel = 2;
constexpr std::int64_t kTtl = 800, kTick = kTtl / 8;

class TmlSendQueueAge : public testing::Test {
 protected:
  void SetUp() override { queue.open(pool, std::size_t{64} << 20); }
  void TearDown() override {
    queue.close();
    for (SendQueue::Run run = queue.front(kAll); run.messages != 0; run = queue.front(kAll))
      queue.pop(run);
    EXPECT_EQ(queue.queued(), 0U);
  }
  // As Channel::write() does, at `now`.
  void write(std::uint64_t number, std::int64_t now, std::size_t octets = kMinPlSize,
             unsigned level = kLevel) {
    const Push result = queue.push(level, pl_message(number, octets)).result;
    ASSERT_TRUE(result == Push::Queued || result == Push::QueuedFirst);
    if (result == Push::QueuedFirst) queue.stamp(level, now);
  }
  // As Link::shed() does, each eighth of the TTL: what is too old now.
  Numbers shed(std::int64_t now) {
    Numbers all;
    for (;;) {
      const SendQueue::Run run = queue.expired(now - kTtl, now - kTick, now);
      if (run.messages == 0) return all;
      for (const std::uint64_t number : numbers(run.octets)) all.push_back(number);
      queue.pop(run);
    }
  }
  const std::byte* front() { return queue.front(kAll).octets.data(); }
  void drain() {
    for (SendQueue::Run run = queue.front(kAll); run.messages != 0; run = queue.front(kAll))
      queue.pop(run);
  }

  ChunkPool pool;
  SendQueue queue;
};

// ---- chunks ----

TEST_F(TmlSendQueueAge, ADrainedChunkStartsOverInPlace) {
  write(1, 1);
  const std::byte* const first = front();
  for (int round = 0; round < 10'000; ++round) {
    ASSERT_EQ(front(), first) << round;
    drain();
    write(2, 1);
  }
}

TEST_F(TmlSendQueueAge, ALevelThatIsNeverEmptyGoesOnThroughItsChunks) {
  std::uint64_t in = 0, out = 0;
  write(in++, 1);
  for (int round = 0; round < 10'000; ++round) {
    write(in++, 1);
    const SendQueue::Run run = queue.front(1);
    ASSERT_THAT(numbers(run.octets), ElementsAre(out++));
    queue.pop(run);
  }
}

TEST_F(TmlSendQueueAge, AChunkThatIsUsedUpIsUsedAgain) {
  std::set<const std::byte*> places;
  std::uint64_t in = 0;
  write(in++, 1, Chunk::kCapacity / 3);
  for (int round = 0; round < 1000; ++round) {
    write(in++, 1, Chunk::kCapacity / 3);
    const SendQueue::Run run = queue.front(1);
    places.insert(run.octets.data());
    queue.pop(run);
  }
  EXPECT_LE(places.size(), 9U) << "two places a chunk";
}

TEST_F(TmlSendQueueAge, ShrinkGivesTheChunkOfAnEmptyQueueBack) {
  write(1, 1);
  const std::byte* const octets = front();
  queue.shrink();
  EXPECT_EQ(front(), octets);  // not while it holds something
  drain();
  queue.shrink();
  SendQueue other;  // gets the very chunk
  other.open(pool, kAll);
  EXPECT_EQ(other.push(7, pl_message(2)).result, Push::QueuedFirst);
  EXPECT_EQ(other.front(kAll).octets.data(), octets);
  other.pop(other.front(kAll));
  write(3, 1);  // and the first queue takes another
  EXPECT_THAT(numbers(queue.front(kAll).octets), ElementsAre(3));
}

TEST_F(TmlSendQueueAge, ARunKnowsWhenItsOldestMessageCame) {
  write(1, 70);
  write(2, 80);
  EXPECT_EQ(queue.front(kAll).first_ns, 70);
  drain();
  EXPECT_EQ(queue.push(kLevel, pl_message(3)).result, Push::QueuedFirst);  // not stamped yet
  EXPECT_EQ(queue.front(kAll).first_ns, 0);
}

// ---- ageing ----

TEST_F(TmlSendQueueAge, NothingYoungerThanTheTtlExpires) {
  write(1, 1000);
  for (std::int64_t now = 1000; now <= 1000 + kTtl; now += kTick)
    EXPECT_THAT(shed(now), IsEmpty()) << now;
}

TEST_F(TmlSendQueueAge, ALookAtFreshMessagesDoesNotBeginAnotherChunk) {
  write(1, 1000);
  EXPECT_THAT(shed(1010), IsEmpty());
  write(2, 1020);
  EXPECT_THAT(numbers(queue.front(kAll).octets), ElementsAre(1, 2));
}

TEST_F(TmlSendQueueAge, ExpiresWithinAnEighthAndATickOfTheTtl) {
  write(1, 1000);
  Numbers gone;
  std::int64_t now = 1000;
  while (gone.empty() && now < 1000 + 3 * kTtl) gone = shed(now += kTick);
  EXPECT_THAT(gone, ElementsAre(1));
  EXPECT_GT(now, 1000 + kTtl);
  EXPECT_LE(now, 1000 + kTtl + 3 * kTick);
  EXPECT_TRUE(queue.idle());
}

TEST_F(TmlSendQueueAge, AMessageWhoseTimeWasNotNotedCountsFromTheFirstLook) {
  ASSERT_EQ(queue.push(kLevel, pl_message(1)).result,
            Push::QueuedFirst);  // the stamp is on its way
  EXPECT_THAT(shed(5000), IsEmpty());
  EXPECT_THAT(shed(5000 + 2 * kTick), IsEmpty());
  EXPECT_THAT(shed(5001 + 2 * kTick + kTtl), ElementsAre(1));
}

// A stalled queue loses each message at its own age, not one chunk each TTL.
TEST_F(TmlSendQueueAge, EveryMessageOfAStalledQueueExpiresAtItsAge) {
  std::vector<std::int64_t> born;
  std::size_t lost = 0;
  const auto tick = [&](std::int64_t now) {
    for (const std::uint64_t number : shed(now)) {
      ASSERT_EQ(number, lost++);
      const std::int64_t age = now - born[number];
      EXPECT_GT(age, kTtl) << number;
      EXPECT_LE(age, kTtl + 3 * kTick) << number;
    }
  };
  std::int64_t now = 1000;
  for (; now < 1000 + 10 * kTtl; now += kTick) {
    for (int i = 0; i < 3; ++i) {  // some 18 KiB a tick, so that chunks seal for both reasons
      write(born.size(), now, 6000);
      born.push_back(now);
    }
    tick(now);
  }
  for (int i = 0; i < 12; ++i, now += kTick) tick(now);
  EXPECT_EQ(lost, born.size());
  EXPECT_EQ(queue.queued(), 0U);
}

TEST_F(TmlSendQueueAge, WhatCameInOneBurstExpiresWithinATick) {
  for (std::uint64_t i = 0; i < 100; ++i) write(i, 1000, 20'000);
  Numbers gone;
  std::int64_t now = 1000;
  while (gone.empty() && now < 1000 + 3 * kTtl) gone = shed(now += kTick);
  EXPECT_EQ(gone.size() + shed(now + kTick).size(), 100U);
}

TEST_F(TmlSendQueueAge, ReferencesExpireToo) {
  write(1, 1000, 100'000);
  write(2, 1000, 24);
  write(3, 1000, 100'000);
  EXPECT_THAT(shed(1000 + 2 * kTick), IsEmpty());
  EXPECT_THAT(shed(1001 + 2 * kTick + kTtl), ElementsAre(1, 2, 3));
}

TEST_F(TmlSendQueueAge, ASendingQueueLosesOnlyWhatItDidNotSend) {
  for (std::uint64_t i = 0; i < 3; ++i) write(i, 1000);
  EXPECT_THAT(shed(1000 + 2 * kTick), IsEmpty());
  queue.pop(queue.front(1));
  write(3, 1000 + 3 * kTick);
  EXPECT_THAT(shed(1001 + 2 * kTick + kTtl), ElementsAre(1, 2));
  EXPECT_THAT(numbers(queue.front(kAll).octets), ElementsAre(3));
}

TEST_F(TmlSendQueueAge, ExpiryStartsWithWhatMattersLeast) {
  for (const unsigned level : {6U, 0U, 3U}) write(level, 1000, 24, level);
  EXPECT_THAT(shed(1000 + 2 * kTick), IsEmpty());
  EXPECT_THAT(shed(1001 + 2 * kTick + kTtl), ElementsAre(0, 3, 6));
}

TEST_F(TmlSendQueueAge, AnAgeingQueueThatIsEmptyHoardsNoChunks) {
  write(1, 1);
  const std::byte* const octets = front();
  drain();
  for (std::int64_t now = 1; now < 100 * kTtl; now += kTick) ASSERT_THAT(shed(now), IsEmpty());
  write(2, 1);
  EXPECT_EQ(front(), octets);
}

}  // namespace
}  // namespace forces::tml
