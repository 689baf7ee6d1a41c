#include "tml/src/core/send_queue.hpp"

#include <bit>

#include "proto/tml/frame.hpp"

namespace forces::tml {

void SendQueue::open(ChunkPool& pool, std::size_t limit) {
  limit_.store(limit, std::memory_order_relaxed);
  for (FrameLog& log : logs_) log.open(pool);
}

void SendQueue::close() {
  for (FrameLog& log : logs_) log.close();
}

// An empty queue takes one message of any legal size, or a small limit could block for ever.
bool SendQueue::admit(unsigned level, std::size_t octets) {
  const std::size_t before = queued_.fetch_add(octets, std::memory_order_seq_cst);
  if (before + octets <= allowance(level) || before == 0) return true;
  queued_.fetch_sub(octets, std::memory_order_seq_cst);
  return false;
}

SendQueue::Pushed SendQueue::settle(unsigned level, FrameLog::Push pushed, std::size_t octets) {
  if (pushed == FrameLog::Push::Closed) {
    queued_.fetch_sub(octets, std::memory_order_seq_cst);
    return {Push::Closed, false};
  }
  const Push result = pushed == FrameLog::Push::First ? Push::QueuedFirst : Push::Queued;
  const std::uint32_t bit = 1U << level;
  if ((mask_.load(std::memory_order_seq_cst) & bit) != 0) return {result, false};
  return {result, mask_.fetch_or(bit, std::memory_order_seq_cst) == 0};
}

SendQueue::Pushed SendQueue::push(unsigned level, std::span<const std::byte> pl) {
  const std::size_t octets = kHeaderSize + pl.size();
  if (octets > FrameLog::kInline) {
    SharedFrame* frame = SharedFrame::make(pl);
    const Pushed pushed = push(level, frame);
    frame->release();
    return pushed;
  }
  if (!admit(level, octets)) return {Push::Full, false};
  return settle(level, logs_[level].push(pl), octets);
}

SendQueue::Pushed SendQueue::push(unsigned level, SharedFrame* frame) {
  const std::size_t octets = frame->octets().size();
  if (!admit(level, octets)) return {Push::Full, false};
  frame->add_ref();
  const FrameLog::Push pushed = logs_[level].push(frame);
  if (pushed == FrameLog::Push::Closed) frame->release();
  return settle(level, pushed, octets);
}

SendQueue::Run SendQueue::front(std::size_t limit) {
  for (std::uint32_t mask = mask_.load(std::memory_order_seq_cst); mask != 0;) {
    const auto level = static_cast<unsigned>(std::bit_width(mask)) - 1;
    const std::uint32_t bit = 1U << level;
    Run run{logs_[level].front(limit), level};
    if (run.messages != 0) return run;
    mask_.fetch_and(~bit, std::memory_order_seq_cst);
    // A frame committed between the look and the clearing has seen its bit set: look once more.
    run = {logs_[level].front(limit), level};
    if (run.messages != 0) {
      mask_.fetch_or(bit, std::memory_order_seq_cst);
      return run;
    }
    mask &= ~bit;
  }
  return {};
}

void SendQueue::pop(const Run& run) {
  const std::size_t octets = run.octets.size();
  logs_[run.level].pop(run);
  queued_.fetch_sub(octets, std::memory_order_seq_cst);
}

SendQueue::Run SendQueue::expired(std::int64_t cutoff_ns, std::int64_t fresh_ns,
                                  std::int64_t now_ns) {
  for (unsigned level = 0; level < kLevels; ++level) {
    Run run{logs_[level].expired(cutoff_ns, fresh_ns, now_ns), level};
    if (run.messages != 0) return run;
  }
  return {};
}

void SendQueue::shrink() {
  for (FrameLog& log : logs_) log.shrink();
}

}  // namespace forces::tml
