// The queue between threads: nothing lost, nothing doubled, order kept, and nobody sleeps over a
// message.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/unit/tml/queue/frames.hpp"
#include "tml/src/core/send_queue.hpp"

namespace forces::tml {
namespace {

using Push = SendQueue::Push;

constexpr std::size_t kLimit = 256 * 1024;

// What a channel's I/O thread does: sleeps until somebody schedules it, then drains until nothing
// is left. It never looks at the queue unasked.
class Drain {
 public:
  void schedule() {
    {
      const std::lock_guard lock(mutex_);
      scheduled_ = true;
    }
    woken_.notify_one();
  }
  // False when nobody came in time: a message was slept over, or the producers are stuck.
  [[nodiscard]] bool sleep() {
    std::unique_lock lock(mutex_);
    if (!woken_.wait_for(lock, std::chrono::seconds(20), [&] { return scheduled_; })) return false;
    scheduled_ = false;
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool scheduled_ = false;
};

struct Plan {
  unsigned producers;
  std::uint64_t messages;  // of each
  unsigned (*level)(unsigned who, std::uint64_t n);
  std::size_t (*octets)(unsigned who, std::uint64_t n);
};

class TmlSendQueueThreads : public testing::Test {
 protected:
  // Every producer's messages of one level must come in order; all must come once.
  void run(const Plan& plan) {
    queue.open(pool, kLimit);
    Drain drain;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (unsigned who = 0; who < plan.producers; ++who) {
      threads.emplace_back([&, who] {
        for (std::uint64_t n = 0; n < plan.messages && !stop; ++n) {
          const unsigned level = plan.level(who, n);
          const auto pl = pl_message(who * plan.messages + n, plan.octets(who, n));
          for (;;) {
            const SendQueue::Pushed pushed = queue.push(level, pl);
            if (pushed.schedule) drain.schedule();
            if (pushed.result == Push::QueuedFirst) queue.stamp(level, 1);
            if (pushed.result != Push::Full || stop) break;
            std::this_thread::yield();
          }
        }
      });
    }
    std::vector<std::array<std::uint64_t, 8>> next(plan.producers);  // per level: above the last
    std::uint64_t got = 0;
    const std::uint64_t all = plan.producers * plan.messages;
    while (got < all && !HasFailure()) {
      if (!drain.sleep()) {
        ADD_FAILURE() << "asleep with " << queue.queued() << " octets queued after " << got;
        break;
      }
      for (SendQueue::Run run = queue.front(16384); run.messages != 0; run = queue.front(16384)) {
        for (const std::uint64_t number : numbers(run.octets)) {
          const auto who = static_cast<unsigned>(number / plan.messages);
          const std::uint64_t n = number % plan.messages;
          if (who >= plan.producers || n < next[who][run.level]) {
            ADD_FAILURE() << "message " << number << " again or out of order";
          } else {
            next[who][run.level] = n + 1;
          }
          if (plan.level(who, n) != run.level) ADD_FAILURE() << "on another level";
          ++got;
        }
        queue.pop(run);
      }
      if (got % 7 == 0) queue.shrink();
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(got, all);  // in order per producer and level, and as many as were sent: all, once
    queue.close();
    EXPECT_EQ(queue.front(kLimit).messages, 0U);
    EXPECT_EQ(queue.queued(), 0U);
    queue.shrink();
  }

  ChunkPool pool;
  SendQueue queue;
};

TEST_F(TmlSendQueueThreads, FourProducersOfOneLevelLoseNothing) {
  run({4, 100'000, [](unsigned, std::uint64_t) { return 3U; },
       [](unsigned, std::uint64_t n) { return 24 + n % 9 * 4; }});
}

TEST_F(TmlSendQueueThreads, FourProducersOfAllLevelsAndSizesLoseNothing) {
  run({4, 25'000, [](unsigned who, std::uint64_t n) { return static_cast<unsigned>(n + who) % 8; },
       [](unsigned, std::uint64_t n) {
         return n % 1000 == 0 ? std::size_t{100'000} : n % 50 == 0 ? std::size_t{8000} : 24;
       }});
}

// The drain falls asleep over and over, and levels come and go under its look.
TEST_F(TmlSendQueueThreads, NoWakeUpIsLostBetweenTwoThreads) {
  run({1, 200'000, [](unsigned, std::uint64_t n) { return n % 3 == 0 ? 7U : 0U; },
       [](unsigned, std::uint64_t) { return std::size_t{24}; }});
}

TEST_F(TmlSendQueueThreads, NoWakeUpIsLostWithAProducerForEachLevel) {
  run({3, 60'000, [](unsigned who, std::uint64_t) { return who * 3; },
       [](unsigned, std::uint64_t) { return std::size_t{24}; }});
}

// A channel that flaps: closed and opened while others write.
TEST_F(TmlSendQueueThreads, ClosingAndOpeningUnderProducersLosesOnlyWhatIsRefused) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> accepted{0};
  std::vector<std::thread> threads;
  queue.open(pool, kLimit);
  for (unsigned who = 0; who < 3; ++who) {
    threads.emplace_back([&, who] {
      for (std::uint64_t n = 0; !stop; ++n) {
        const Push result = queue.push(who, pl_message(n, n % 100 == 0 ? 40'000 : 24)).result;
        if (result == Push::Queued || result == Push::QueuedFirst) ++accepted;
      }
    });
  }
  std::uint64_t got = 0;
  const auto drain = [&] {
    for (SendQueue::Run run = queue.front(kLimit); run.messages != 0; run = queue.front(kLimit)) {
      got += numbers(run.octets).size();
      queue.pop(run);
    }
  };
  for (int round = 0; round < 3000; ++round) {
    drain();
    if (round % 3 == 0) {
      queue.close();
      if (round % 2 == 0) drain();
      queue.open(pool, kLimit);
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  drain();
  EXPECT_EQ(got, accepted);
  EXPECT_EQ(queue.queued(), 0U);
  queue.close();
  drain();
}

}  // namespace
}  // namespace forces::tml
