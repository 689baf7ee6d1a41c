// What a channel has to send: eight FrameLogs, one for each priority of the PL (RFC 5810
// section 6.1: higher is more important), bounded in octets. Any thread pushes; the channel's I/O
// thread drains, strictly by priority.
//
// One spin lock guards it all, held for one copy of at most 30 KiB and never across a system call
// (longer messages are stored elsewhere first). Taking it is the one locked instruction of a push;
// a lock-free log with reserve, commit and accounting needed three, and was half as fast
// (tml/README.md, Decisions).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "tml/src/core/frame_log.hpp"

namespace forces::tml {

// For a few hundred instructions at most. A waiter soon yields: the holder may have lost its
// processor.
class SpinLock {
 public:
  void lock() {
    if (held_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      wait();
  }
  void unlock() { held_.store(false, std::memory_order_release); }

 private:
  void wait();
  std::atomic<bool> held_{false};
};

class SendQueue {
 public:
  static constexpr unsigned kLevels = 8;

  enum class Push : std::uint8_t { Queued, QueuedFirst, Full, Closed };
  struct Pushed {
    Push result;
    bool schedule;  // the queue was empty: have the I/O thread drain it
  };

  // `limit` in octets of frames. Levels 0 to 3 leave the last eighth to levels 4 to 7. `pool`
  // outlives every producer.
  void open(ChunkPool& pool, std::size_t limit);
  // No producer gets in after this returns; what is in stays for the drain.
  void close();

  // `now_ns` dates a first frame under the same lock; with 0 the answer is then QueuedFirst, and
  // stamp() dates it. (Most pushes are no first ones, and reading the clock costs more than a
  // push.)
  [[nodiscard]] Pushed push(unsigned level, std::span<const std::byte> pl, std::int64_t now_ns = 0);
  // Adds a reference of its own when queued.
  [[nodiscard]] Pushed push(unsigned level, SharedFrame* frame, std::int64_t now_ns = 0);
  // After QueuedFirst: notes the time for queue_time and for ageing.
  void stamp(unsigned level, std::int64_t now_ns);

  std::size_t queued() const { return queued_.load(std::memory_order_acquire); }
  std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  bool has_room(unsigned level, std::size_t octets) const {
    const std::size_t now = queued();
    return now + octets <= allowance(level) || now == 0;
  }

  // ---- the I/O thread only ----
  // The next run by priority, about `limit` octets; empty when there is nothing.
  struct Run : FrameLog::Run {
    unsigned level = 0;
  };
  [[nodiscard]] Run front(std::size_t limit);
  void pop(const Run& run);
  [[nodiscard]] Run expired(std::int64_t cutoff_ns, std::int64_t fresh_ns, std::int64_t now_ns);
  bool idle() const { return queued() == 0; }
  void shrink();

 private:
  std::size_t allowance(unsigned level) const {
    const std::size_t all = limit_.load(std::memory_order_relaxed);
    return level >= kLevels / 2 ? all : all - all / 8;
  }
  template <class What>
  Pushed push(unsigned level, What what, std::size_t octets, std::int64_t now_ns);

  SpinLock lock_;
  ChunkPool* pool_ = nullptr;
  bool closed_ = true;
  std::uint32_t mask_ = 0;  // levels that hold frames
  std::array<FrameLog, kLevels> logs_;
  std::atomic<std::size_t> queued_{0};  // written under the lock
  std::atomic<std::size_t> limit_{0};
};

}  // namespace forces::tml
