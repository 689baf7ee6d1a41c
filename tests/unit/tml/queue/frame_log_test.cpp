// What SendQueue cannot show of its logs: when they want a chunk, and which they give back.
#include "tml/src/core/frame_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/tml/queue/frames.hpp"

namespace forces::tml {
namespace {

using testing::ElementsAre;

using Push = FrameLog::Push;

constexpr std::size_t kAll = 1 << 20;

class TmlFrameLog : public testing::Test {
 protected:
  FrameLog::Run front() const { return FrameLog::cut(log.front(), kAll); }

  ChunkPool pool;
  FrameLog log;
};

TEST_F(TmlFrameLog, WantsAChunkFirst) {
  EXPECT_EQ(log.push(pl_message(1)), Push::NoRoom);
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(log.shrink(), nullptr);
  log.attach(pool.take());
  EXPECT_EQ(log.push(pl_message(1)), Push::First);
  EXPECT_EQ(log.push(pl_message(2)), Push::Ok);
  EXPECT_THAT(numbers(front().octets), ElementsAre(1, 2));
}

TEST_F(TmlFrameLog, TwoOfTheLongestInlineFramesFillAChunk) {
  log.attach(pool.take());
  EXPECT_EQ(log.push(pl_message(1, FrameLog::kInline - kHeaderSize)), Push::First);
  EXPECT_EQ(log.push(pl_message(2, FrameLog::kInline - kHeaderSize)), Push::Ok);
  EXPECT_EQ(log.push(pl_message(3)), Push::NoRoom);
  SharedFrame* frame = SharedFrame::make(pl_message(4));
  EXPECT_EQ(log.push(frame),
            Push::NoRoom);  // a record has no room either, and no reference is taken
  frame->release();
}

TEST_F(TmlFrameLog, AChunkThatIsUsedUpIsGivenBackAndTheTailIsKept) {
  Chunk* const first = pool.take();
  Chunk* const second = pool.take();
  log.attach(first);
  while (log.push(pl_message(1, 4000)) != Push::NoRoom) {
  }
  log.attach(second);
  ASSERT_EQ(log.push(pl_message(2)), Push::First);
  EXPECT_EQ(log.pop(front()), first);
  EXPECT_THAT(numbers(front().octets), ElementsAre(2));
  EXPECT_EQ(log.pop(front()), nullptr);
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(log.push(pl_message(3)), Push::First);  // over from its beginning
  EXPECT_EQ(log.shrink(), nullptr);                 // not while it holds frames
  EXPECT_EQ(log.pop(front()), nullptr);
  EXPECT_EQ(log.shrink(), second);
  EXPECT_EQ(log.push(pl_message(4)), Push::NoRoom);
}

TEST_F(TmlFrameLog, ARunStopsBeforeAReference) {
  log.attach(pool.take());
  ASSERT_EQ(log.push(pl_message(1)), Push::First);
  ASSERT_EQ(log.push(SharedFrame::make(pl_message(2, 262140))), Push::Ok);
  ASSERT_EQ(log.push(pl_message(3)), Push::Ok);
  for (const std::uint64_t number : {1U, 2U, 3U}) {
    const FrameLog::Run run = front();
    EXPECT_THAT(numbers(run.octets), ElementsAre(number));
    EXPECT_EQ(run.messages, 1U);
    EXPECT_EQ(run.shared != nullptr, number == 2);
    EXPECT_EQ(log.pop(run), nullptr);
  }
}

TEST(TmlChunkPool, KeepsTheDataOfFewUnusedChunks) {
  ChunkPool pool;
  std::vector<Chunk*> chunks;
  for (int i = 0; i < 200; ++i) chunks.push_back(pool.take());
  for (const Chunk* chunk : chunks) EXPECT_NE(chunk->data, nullptr);
  for (Chunk* chunk : chunks) pool.give(chunk);
  const auto with_data =
      std::ranges::count_if(chunks, [](const Chunk* chunk) { return chunk->data != nullptr; });
  EXPECT_EQ(with_data, 64);
  for (int i = 0; i < 200; ++i) EXPECT_NE(pool.take()->data, nullptr);
}

TEST(TmlChunkPool, GivesTheChunkThatIsStillInTheCache) {
  ChunkPool pool;
  Chunk* const a = pool.take();
  Chunk* const b = pool.take();
  pool.give(a);
  pool.give(b);
  EXPECT_EQ(pool.take(), b);
  EXPECT_EQ(pool.take(), a);
}

}  // namespace
}  // namespace forces::tml
