#include "tml/src/core/send_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tml/queue/frames.hpp"

namespace forces::tml {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Push = SendQueue::Push;
using Numbers = std::vector<std::uint64_t>;

constexpr std::size_t kFrame = kHeaderSize + kMinPlSize;
constexpr std::size_t kAll = 1 << 20;

class TmlSendQueue : public testing::Test {
 protected:
  void SetUp() override { queue.open(pool, 100 * kFrame); }
  void TearDown() override {
    queue.close();
    (void)drain();
    EXPECT_EQ(queue.queued(), 0U);
  }
  Push push(unsigned level, std::uint64_t number, std::size_t octets = kMinPlSize) {
    return queue.push(level, pl_message(number, octets)).result;
  }
  Numbers take(std::size_t limit = kAll) {
    const SendQueue::Run run = queue.front(limit);
    if (run.messages == 0) return {};
    Numbers got = numbers(run.octets);
    queue.pop(run);
    return got;
  }
  Numbers drain() {
    Numbers all;
    for (Numbers got = take(); !got.empty(); got = take())
      all.insert(all.end(), got.begin(), got.end());
    return all;
  }
  static bool queued(Push p) { return p == Push::Queued || p == Push::QueuedFirst; }

  ChunkPool pool;
  SendQueue queue;
};

// ---- order (row 11) ----

TEST_F(TmlSendQueue, AHigherPriorityLeavesFirst) {
  for (const unsigned level : {3U, 0U, 7U, 5U, 1U, 6U, 2U, 4U})
    ASSERT_TRUE(queued(push(level, level)));
  EXPECT_THAT(drain(), ElementsAre(7, 6, 5, 4, 3, 2, 1, 0));
}

TEST_F(TmlSendQueue, InsideALevelTheOrderIsThatOfWriting) {
  for (std::uint64_t i = 0; i < 12; ++i) ASSERT_TRUE(queued(push(i % 2 == 0 ? 2 : 6, i)));
  EXPECT_THAT(drain(), ElementsAre(1, 3, 5, 7, 9, 11, 0, 2, 4, 6, 8, 10));
}

TEST_F(TmlSendQueue, WhatCameMeanwhileAndMattersMoreOvertakesTheRest) {
  for (std::uint64_t i = 0; i < 4; ++i) ASSERT_TRUE(queued(push(1, i)));
  EXPECT_THAT(take(2 * kFrame), ElementsAre(0, 1));
  ASSERT_TRUE(queued(push(7, 100)));
  EXPECT_THAT(take(2 * kFrame), ElementsAre(100));
  EXPECT_THAT(take(2 * kFrame), ElementsAre(2, 3));
}

TEST_F(TmlSendQueue, ARunHoldsWholeFramesUpToTheLimitAndAtLeastOne) {
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(queued(push(1, i)));
  EXPECT_THAT(take(2 * kFrame), ElementsAre(0, 1));
  EXPECT_THAT(take(2 * kFrame - 1), ElementsAre(2));
  EXPECT_THAT(take(1), ElementsAre(3));
  EXPECT_THAT(take(), ElementsAre(4));
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(TmlSendQueue, FrontWithoutPopChangesNothing) {
  ASSERT_TRUE(queued(push(1, 1)));
  const SendQueue::Run once = queue.front(kAll);
  ASSERT_TRUE(queued(push(1, 2)));  // behind a run that is being sent
  EXPECT_THAT(numbers(once.octets), ElementsAre(1));
  queue.pop(once);
  EXPECT_THAT(take(), ElementsAre(2));
}

TEST_F(TmlSendQueue, KeepsTheOrderOverManyChunksAndSizes) {
  queue.open(pool, std::size_t{64} << 20);
  std::uint64_t in = 0, out = 0;
  for (std::size_t octets = kMinPlSize; octets < 2 * FrameLog::kInline; octets += 148)
    ASSERT_TRUE(queued(push(3, in++, octets)));
  for (Numbers got = take(4000); !got.empty(); got = take(4000))
    for (const std::uint64_t number : got) ASSERT_EQ(number, out++);
  EXPECT_EQ(out, in);
}

TEST_F(TmlSendQueue, ALongMessageKeepsItsPlace) {
  queue.open(pool, 2 << 20);
  ASSERT_TRUE(queued(push(1, 0)));
  ASSERT_TRUE(queued(push(1, 1, FrameLog::kInline - kHeaderSize + 4)));  // by reference
  ASSERT_TRUE(queued(push(1, 2, FrameLog::kInline - kHeaderSize)));      // in place
  ASSERT_TRUE(queued(push(1, 3, kMaxPlSize)));
  ASSERT_TRUE(queued(push(1, 4)));
  EXPECT_THAT(drain(), ElementsAre(0, 1, 2, 3, 4));
}

// ---- limits ----

TEST_F(TmlSendQueue, CountsOctetsOfFrames) {
  ASSERT_TRUE(queued(push(1, 0)));
  ASSERT_TRUE(queued(push(7, 1, 400)));
  EXPECT_EQ(queue.queued(), kFrame + 404);
  EXPECT_THAT(take(), ElementsAre(1));
  EXPECT_EQ(queue.queued(), kFrame);
  (void)take();
  EXPECT_EQ(queue.queued(), 0U);
}

TEST_F(TmlSendQueue, IsFullAtItsLimitAndHasRoomAgainWhenDrained) {
  for (std::uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(queued(push(7, i))) << i;
  EXPECT_FALSE(queue.has_room(7, kFrame));
  EXPECT_EQ(push(7, 100), Push::Full);
  EXPECT_EQ(queue.queued(), 100 * kFrame);
  EXPECT_THAT(take(kFrame), ElementsAre(0));
  EXPECT_TRUE(queue.has_room(7, kFrame));
  EXPECT_TRUE(queued(push(7, 101)));
  EXPECT_EQ(push(7, 102), Push::Full);
}

TEST_F(TmlSendQueue, TheLowerHalfLeavesAnEighthToTheUpper) {
  std::uint64_t n = 0;
  while (queued(push(n % 4, n))) ++n;
  EXPECT_EQ(n, 87U);  // 100 - 100/8, in whole frames
  for (unsigned level = 0; level < 4; ++level) EXPECT_EQ(push(level, n), Push::Full);
  for (unsigned level = 4; level < 8; ++level) EXPECT_TRUE(queued(push(level, n)));
  while (queued(push(4, n))) {
  }
  EXPECT_EQ(queue.queued(), 100 * kFrame);
}

TEST_F(TmlSendQueue, AnEmptyQueueTakesOneMessageOfAnySize) {
  for (const unsigned level : {0U, 7U}) {
    EXPECT_TRUE(queue.has_room(level, kMaxFrame));
    EXPECT_TRUE(queued(push(level, 1, kMaxPlSize)));
    EXPECT_EQ(push(level, 2), Push::Full);
    EXPECT_THAT(drain(), ElementsAre(1));
  }
}

// ---- group messages (row 21) ----

TEST_F(TmlSendQueue, AGroupsMessageIsStoredOnce) {
  SendQueue other;
  other.open(pool, 100 * kFrame);
  SharedFrame* frame = SharedFrame::make(pl_message(9));
  ASSERT_TRUE(queued(queue.push(3, frame).result));
  ASSERT_TRUE(queued(other.push(5, frame).result));
  frame->release();
  const SendQueue::Run here = queue.front(kAll), there = other.front(kAll);
  EXPECT_EQ(here.octets.data(), there.octets.data());
  queue.pop(here);
  EXPECT_THAT(numbers(there.octets), ElementsAre(9));  // alive until the last has it
  other.pop(there);
}

TEST_F(TmlSendQueue, AGroupsMessageThatIsNotTakenLeavesNoReference) {
  SharedFrame* frame = SharedFrame::make(pl_message(9));
  while (queued(push(7, 1))) {
  }
  EXPECT_EQ(queue.push(7, frame).result, Push::Full);
  queue.close();
  (void)drain();
  EXPECT_EQ(queue.push(7, frame).result, Push::Closed);
  frame->release();  // the last one: a leak or a use after free is AddressSanitizer's to tell
}

// ---- closing ----

TEST_F(TmlSendQueue, ClosedTakesNothingAndKeepsWhatIsIn) {
  queue.open(pool, kAll);
  ASSERT_TRUE(queued(push(1, 1)));
  ASSERT_TRUE(queued(push(5, 5, 40'000)));
  queue.close();
  EXPECT_EQ(push(1, 2), Push::Closed);
  EXPECT_EQ(push(7, 3, 40'000), Push::Closed);
  EXPECT_THAT(drain(), ElementsAre(5, 1));
  EXPECT_EQ(queue.queued(), 0U);
}

TEST_F(TmlSendQueue, OpensAgain) {
  for (std::uint64_t round = 0; round < 3; ++round) {
    ASSERT_TRUE(queued(push(1, round)));
    queue.close();
    EXPECT_THAT(drain(), ElementsAre(round));
    queue.open(pool, 100 * kFrame);
  }
  EXPECT_EQ(queue.queued(), 0U);
}

TEST_F(TmlSendQueue, OpenedBeforeItWasDrainedItGoesOnWithWhatIsIn) {
  for (std::uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(queued(push(1, i)));
  EXPECT_THAT(take(1), ElementsAre(0));
  queue.close();
  queue.open(pool, 100 * kFrame);
  ASSERT_TRUE(queued(push(1, 3)));
  EXPECT_THAT(drain(), ElementsAre(1, 2, 3));
}

TEST_F(TmlSendQueue, TakesNothingBeforeItIsOpen) {
  SendQueue fresh;
  EXPECT_EQ(fresh.push(1, pl_message(1)).result, Push::Closed);
  EXPECT_EQ(fresh.front(kAll).messages, 0U);
}

// ---- who wakes the drain ----

TEST_F(TmlSendQueue, OnlyTheFirstMessageSchedulesTheDrain) {
  EXPECT_TRUE(queue.idle());
  EXPECT_TRUE(queue.push(1, pl_message(1)).schedule);
  EXPECT_FALSE(queue.push(1, pl_message(2)).schedule);
  EXPECT_FALSE(queue.push(7, pl_message(3)).schedule);
  EXPECT_FALSE(queue.idle());
  (void)drain();
  EXPECT_TRUE(queue.idle());
  EXPECT_TRUE(queue.push(2, pl_message(4)).schedule);
}

TEST_F(TmlSendQueue, ADrainThatStopsHalfwayStaysResponsible) {
  ASSERT_TRUE(queue.push(1, pl_message(1)).schedule);
  ASSERT_FALSE(queue.push(1, pl_message(2)).schedule);
  EXPECT_THAT(take(1), ElementsAre(1));
  EXPECT_FALSE(queue.idle());
  EXPECT_FALSE(queue.push(4, pl_message(3)).schedule);
}

TEST_F(TmlSendQueue, ARefusedMessageSchedulesNobody) {
  while (queued(push(7, 1))) {
  }
  EXPECT_FALSE(queue.push(7, pl_message(1)).schedule);
  (void)drain();
  queue.close();
  EXPECT_FALSE(queue.push(7, pl_message(1)).schedule);
}

}  // namespace
}  // namespace forces::tml
