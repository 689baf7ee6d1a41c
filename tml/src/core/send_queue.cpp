#include "tml/src/core/send_queue.hpp"

#include <sched.h>

#include <bit>
#include <mutex>

#include "proto/tml/frame.hpp"

namespace forces::tml {

namespace {

// Tells the processor that this is a spin loop.
void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void SpinLock::wait() {
  constexpr int kSpins = 200;
  do {
    for (int i = 0; held_.load(std::memory_order_relaxed); ++i) {
      if (i < kSpins) {
        relax();
      } else {
        sched_yield();
      }
    }
  } while (held_.exchange(true, std::memory_order_acquire));
}

void SendQueue::open(ChunkPool& pool, std::size_t limit) {
  const std::lock_guard lock(lock_);
  pool_ = &pool;
  closed_ = false;
  limit_.store(limit, std::memory_order_relaxed);
}

void SendQueue::close() {
  const std::lock_guard lock(lock_);
  closed_ = true;
}

// An empty queue takes one message of any legal size, or a small limit could block for ever. A
// chunk is fetched without the lock, since that may allocate.
template <class What>
SendQueue::Pushed SendQueue::push(unsigned level, What what, std::size_t octets,
                                  std::int64_t now_ns) {
  for (Chunk* spare = nullptr;;) {
    Pushed pushed{Push::Queued, false};
    ChunkPool* pool = nullptr;
    {
      const std::lock_guard lock(lock_);
      const std::size_t before = queued_.load(std::memory_order_relaxed);
      pool = pool_;
      if (closed_) {
        pushed.result = Push::Closed;
      } else if (before + octets > allowance(level) && before != 0) {
        pushed.result = Push::Full;
      } else {
        FrameLog::Push done = logs_[level].push(what);
        if (done == FrameLog::Push::NoRoom && spare != nullptr) {
          logs_[level].attach(spare);
          spare = nullptr;
          done = logs_[level].push(what);
        }
        if (done != FrameLog::Push::NoRoom) {
          if (done == FrameLog::Push::First) {
            if (now_ns != 0) {
              logs_[level].stamp(now_ns);
            } else {
              pushed.result = Push::QueuedFirst;
            }
          }
          queued_.store(before + octets, std::memory_order_release);
          pushed.schedule = mask_ == 0;
          mask_ |= 1U << level;
          pool = nullptr;
        }
      }
    }
    if (pool == nullptr || pushed.result != Push::Queued) {
      if (spare != nullptr) pool_->give(spare);
      return pushed;
    }
    spare = pool->take();
  }
}

SendQueue::Pushed SendQueue::push(unsigned level, std::span<const std::byte> pl,
                                  std::int64_t now_ns) {
  const std::size_t octets = kHeaderSize + pl.size();
  if (octets <= FrameLog::kInline) return push(level, pl, octets, now_ns);
  SharedFrame* frame = SharedFrame::make(pl);
  const Pushed pushed = push(level, frame, now_ns);
  frame->release();
  return pushed;
}

SendQueue::Pushed SendQueue::push(unsigned level, SharedFrame* frame, std::int64_t now_ns) {
  frame->add_ref();
  const Pushed pushed = push(level, frame, frame->octets().size(), now_ns);
  if (pushed.result == Push::Closed || pushed.result == Push::Full) frame->release();
  return pushed;
}

void SendQueue::stamp(unsigned level, std::int64_t now_ns) {
  const std::lock_guard lock(lock_);
  logs_[level].stamp(now_ns);
}

SendQueue::Run SendQueue::front(std::size_t limit) {
  FrameLog::Front front;
  unsigned level = 0;
  {
    const std::lock_guard lock(lock_);
    if (mask_ == 0) return {};
    level = static_cast<unsigned>(std::bit_width(mask_)) - 1;
    front = logs_[level].front();
  }
  return {FrameLog::cut(front, limit), level};
}

void SendQueue::pop(const Run& run) {
  const std::size_t octets = run.octets.size();
  Chunk* used_up = nullptr;
  {
    const std::lock_guard lock(lock_);
    used_up = logs_[run.level].pop(run);
    if (logs_[run.level].empty()) mask_ &= ~(1U << run.level);
    queued_.store(queued_.load(std::memory_order_relaxed) - octets, std::memory_order_release);
  }
  if (used_up != nullptr) pool_->give(used_up);
}

SendQueue::Run SendQueue::expired(std::int64_t cutoff_ns, std::int64_t fresh_ns,
                                  std::int64_t now_ns) {
  FrameLog::Front front;
  unsigned level = 0;
  {
    const std::lock_guard lock(lock_);
    while (level < kLevels && !logs_[level].expired(cutoff_ns, fresh_ns, now_ns)) ++level;
    if (level == kLevels) return {};
    front = logs_[level].front();
  }
  return {FrameLog::cut(front, Chunk::kCapacity), level};
}

void SendQueue::shrink() {
  for (FrameLog& log : logs_) {
    Chunk* chunk = nullptr;
    {
      const std::lock_guard lock(lock_);
      chunk = log.shrink();
    }
    if (chunk != nullptr) pool_->give(chunk);
  }
}

}  // namespace forces::tml
