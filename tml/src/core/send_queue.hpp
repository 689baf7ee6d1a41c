// What a channel has to send: eight FrameLogs, one for each priority of the PL (RFC 5810 section 6.1:
// higher is more important), bounded in octets. Any thread pushes; the channel's I/O thread drains,
// strictly by priority.
//
// Waking: `mask_` has a bit for each level that may hold frames. A producer commits, then looks at its
// bit and sets it; whoever turns the mask from zero schedules the channel. The drain clears a bit, then
// looks at the log. Both sides are sequentially consistent, so one of them sees the other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "tml/src/core/frame_log.hpp"

namespace forces::tml {

class SendQueue {
 public:
  static constexpr unsigned kLevels = 8;

  enum class Push : std::uint8_t { Queued, QueuedFirst, Full, Closed };
  struct Pushed {
    Push result;
    bool schedule;  // the mask was zero: have the I/O thread drain this queue
  };

  // `limit` in octets of frames. Levels 0 to 3 leave the last eighth to levels 4 to 7.
  void open(ChunkPool& pool, std::size_t limit);
  void close();

  [[nodiscard]] Pushed push(unsigned level, std::span<const std::byte> pl);
  // Adds a reference of its own when queued.
  [[nodiscard]] Pushed push(unsigned level, SharedFrame* frame);
  void stamp(unsigned level, std::int64_t now_ns) { logs_[level].stamp(now_ns); }

  std::size_t queued() const { return queued_.load(std::memory_order_seq_cst); }
  std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  bool has_room(unsigned level, std::size_t octets) const {
    return queued() + octets <= allowance(level) || queued() == 0;
  }

  // ---- the I/O thread only ----
  // The next run by priority, about `limit` octets; empty when there is nothing.
  struct Run : FrameLog::Run {
    unsigned level = 0;
  };
  [[nodiscard]] Run front(std::size_t limit);
  void pop(const Run& run);
  [[nodiscard]] Run expired(std::int64_t cutoff_ns, std::int64_t fresh_ns, std::int64_t now_ns);
  bool idle() const { return mask_.load(std::memory_order_relaxed) == 0; }
  void shrink();

 private:
  std::size_t allowance(unsigned level) const {
    const std::size_t all = limit_.load(std::memory_order_relaxed);
    return level >= kLevels / 2 ? all : all - all / 8;
  }
  bool admit(unsigned level, std::size_t octets);
  Pushed settle(unsigned level, FrameLog::Push pushed, std::size_t octets);

  std::array<FrameLog, kLevels> logs_;
  std::atomic<std::uint32_t> mask_{0};
  std::atomic<std::size_t> queued_{0};
  std::atomic<std::size_t> limit_{0};
};

}  // namespace forces::tml
