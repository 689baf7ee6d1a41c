#include "tml/src/core/frame_log.hpp"

#include <cstring>

#include "common/core/assert.hpp"
#include "proto/tml/frame.hpp"

namespace forces::tml {
namespace {

constexpr std::uint64_t kField = (1U << 20) - 1;
constexpr std::uint32_t kRecord = 16;  // reference record: a zero octet, seven unused, a pointer

constexpr std::uint32_t committed(std::uint64_t s) { return static_cast<std::uint32_t>(s & kField); }
constexpr std::uint32_t reserved(std::uint64_t s) {
  return static_cast<std::uint32_t>((s >> 20) & kField);
}
constexpr std::uint64_t tag(std::uint64_t s) { return s >> 40; }
constexpr std::uint64_t untagged(std::uint64_t s) { return s & ((std::uint64_t{1} << 40) - 1); }

std::uint64_t next_tag() {
  static std::atomic<std::uint32_t> last{0};
  std::uint32_t t = 0;
  while (t == 0) t = (last.fetch_add(1, std::memory_order_relaxed) + 1) & 0xffffff;
  return t;
}

}  // namespace

SharedFrame* SharedFrame::make(std::span<const std::byte> pl) {
  auto data = std::make_unique_for_overwrite<std::byte[]>(kHeaderSize + pl.size());
  put_pl_header(data.get(), pl.size());
  std::memcpy(data.get() + kHeaderSize, pl.data(), pl.size());
  return new SharedFrame(std::move(data), kHeaderSize + pl.size());
}

Chunk* ChunkPool::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    free_.reserve(all_.size() + 1);
    all_.push_back(std::make_unique<Chunk>());
    free_.push_back(all_.back().get());
  }
  Chunk* chunk = free_.back();
  if (!chunk->data) chunk->data = std::make_unique_for_overwrite<std::byte[]>(Chunk::kCapacity);
  free_.pop_back();
  return chunk;
}

void ChunkPool::give(Chunk* chunk) {
  const std::lock_guard lock(mutex_);
  if (free_.size() >= kKeepData) {
    chunk->data.reset();
    free_.insert(free_.begin(), chunk);  // those with data stay on top
  } else {
    free_.push_back(chunk);
  }
}

FrameLog::FrameLog() : tag_(next_tag()) {}
FrameLog::~FrameLog() = default;

void FrameLog::open(ChunkPool& pool) {
  const std::lock_guard lock(mutex_);
  pool_ = &pool;
  closed_ = false;
}

void FrameLog::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (Chunk* last = tail_.load(std::memory_order_relaxed)) {
    last->state.fetch_and((std::uint64_t{1} << 40) - 1, std::memory_order_acq_rel);
    tail_.store(nullptr, std::memory_order_release);
  }
}

// Replaces the tail if it is still `full`; returns the tail to try, or null when closed.
Chunk* FrameLog::change_tail(const Chunk* full) {
  const std::lock_guard lock(mutex_);
  if (closed_) return nullptr;
  Chunk* last = tail_.load(std::memory_order_relaxed);
  if (last != full) return last;
  Chunk* fresh = pool_->take();
  fresh->next.store(nullptr, std::memory_order_relaxed);
  fresh->first_ns.store(0, std::memory_order_relaxed);
  fresh->sealed_ns = 0;
  fresh->state.store(tag_ << 40, std::memory_order_release);
  if (last != nullptr) {
    last->state.fetch_and((std::uint64_t{1} << 40) - 1, std::memory_order_acq_rel);  // seals
    last->next.store(fresh, std::memory_order_release);
  } else {
    head_.store(fresh, std::memory_order_release);
  }
  tail_.store(fresh, std::memory_order_release);
  return fresh;
}

FrameLog::Slot FrameLog::reserve(std::uint32_t octets) {
  Chunk* chunk = tail_.load(std::memory_order_acquire);
  for (;;) {
    if (chunk != nullptr) {
      std::uint64_t s = chunk->state.load(std::memory_order_relaxed);
      while (tag(s) == tag_ && reserved(s) + octets <= Chunk::kCapacity) {
        if (chunk->state.compare_exchange_weak(s, s + (std::uint64_t{octets} << 20),
                                               std::memory_order_acquire,
                                               std::memory_order_relaxed))
          return {chunk, chunk->data.get() + reserved(s), reserved(s) == 0};
      }
    }
    chunk = change_tail(chunk);
    if (chunk == nullptr) return {};
  }
}

// Sequentially consistent: the caller next looks at the queue's mask, and the drain looks at them in
// the opposite order (see SendQueue).
FrameLog::Push FrameLog::commit(const Slot& slot, std::uint32_t octets) {
  slot.chunk->state.fetch_add(octets, std::memory_order_seq_cst);
  return slot.first ? Push::First : Push::Ok;
}

FrameLog::Push FrameLog::push(std::span<const std::byte> pl) {
  const auto octets = static_cast<std::uint32_t>(kHeaderSize + pl.size());
  const Slot slot = reserve(octets);
  if (slot.chunk == nullptr) return Push::Closed;
  put_pl_header(slot.at, pl.size());
  std::memcpy(slot.at + kHeaderSize, pl.data(), pl.size());
  return commit(slot, octets);
}

FrameLog::Push FrameLog::push(SharedFrame* frame) {
  const Slot slot = reserve(kRecord);
  if (slot.chunk == nullptr) return Push::Closed;
  std::memset(slot.at, 0, kRecord - sizeof frame);
  std::memcpy(slot.at + kRecord - sizeof frame, &frame, sizeof frame);
  return commit(slot, kRecord);
}

void FrameLog::stamp(std::int64_t now_ns) {
  // The chunk may have moved on to another log meanwhile: its time is then a little early or late there.
  if (Chunk* chunk = tail_.load(std::memory_order_acquire))
    chunk->first_ns.store(now_ns, std::memory_order_relaxed);
}

// The front chunk and how far it is committed, beyond what is drained; or none. Passes exhausted chunks.
FrameLog::Front FrameLog::settle() {
  for (;;) {
    Chunk* chunk = head_.load(std::memory_order_acquire);
    if (chunk == nullptr) return {};
    const std::uint64_t s = chunk->state.load(std::memory_order_seq_cst);
    if (reserved(s) != committed(s)) return {};  // that producer sets the queue's mask when it is done
    if (drained_ < reserved(s)) return {chunk, reserved(s)};
    if (tag(s) == tag_) {
      if (reserved(s) == 0) return {};
      rewind(chunk);  // fails when a producer has just reserved: look again
      if (drained_ == 0) return {};
      continue;
    }
    Chunk* next = chunk->next.load(std::memory_order_acquire);
    if (next == nullptr) {
      if (!detach(chunk, true)) return {};
      continue;
    }
    head_.store(next, std::memory_order_relaxed);
    drained_ = 0;
    pool_->give(chunk);
  }
}

// An exhausted tail starts over in place, unless a producer is just reserving in it.
void FrameLog::rewind(Chunk* chunk) {
  std::uint64_t s = chunk->state.load(std::memory_order_relaxed);
  if (tag(s) != tag_ || reserved(s) != drained_ || committed(s) != drained_) return;
  chunk->first_ns.store(0, std::memory_order_relaxed);
  if (chunk->state.compare_exchange_strong(s, tag_ << 40, std::memory_order_seq_cst)) drained_ = 0;
}

// Takes the exhausted last chunk off and gives it to the pool.
bool FrameLog::detach(Chunk* chunk, bool only_if_closed) {
  {
    const std::lock_guard lock(mutex_);
    if (only_if_closed && !closed_) return false;
    if (chunk->next.load(std::memory_order_relaxed) != nullptr) return true;  // settle again
    std::uint64_t s = chunk->state.load(std::memory_order_relaxed);
    if (reserved(s) != drained_ || committed(s) != drained_ ||
        !chunk->state.compare_exchange_strong(s, untagged(s), std::memory_order_seq_cst))
      return false;
    tail_.store(nullptr, std::memory_order_release);
    head_.store(nullptr, std::memory_order_relaxed);
  }
  drained_ = 0;
  pool_->give(chunk);
  return true;
}

FrameLog::Run FrameLog::front(std::size_t limit) {
  Run run;
  const auto [chunk, end] = settle();
  if (chunk == nullptr) return run;
  const std::byte* const begin = chunk->data.get() + drained_;
  const std::size_t room = end - drained_;
  run.first_ns = chunk->first_ns.load(std::memory_order_relaxed);
  std::size_t used = 0;
  while (used < room) {
    const std::byte* frame = begin + used;
    if (frame[0] == std::byte{0}) {
      if (used != 0) break;
      std::memcpy(&run.shared, frame + kRecord - sizeof run.shared, sizeof run.shared);
      run.octets = run.shared->octets();
      run.messages = 1;
      return run;
    }
    const std::size_t length = kHeaderSize + view_pl(frame + kHeaderSize).length;
    if (used != 0 && used + length > limit) break;
    used += length;
    ++run.messages;
  }
  run.octets = {begin, used};
  return run;
}

void FrameLog::pop(const Run& run) {
  Chunk* chunk = head_.load(std::memory_order_relaxed);
  FORCES_ASSERT(chunk != nullptr && run.messages != 0);
  if (run.shared != nullptr) {
    drained_ += kRecord;
    run.shared->release();
  } else {
    drained_ += static_cast<std::uint32_t>(run.octets.size());
  }
  rewind(chunk);
}

FrameLog::Run FrameLog::expired(std::int64_t cutoff_ns, std::int64_t fresh_ns, std::int64_t now_ns) {
  Chunk* chunk = settle().chunk;
  if (chunk == nullptr) return {};
  if (tag(chunk->state.load(std::memory_order_acquire)) == tag_) {
    const std::int64_t first = chunk->first_ns.load(std::memory_order_relaxed);
    if (first == 0) chunk->first_ns.store(now_ns, std::memory_order_relaxed);
    if (first == 0 || first >= fresh_ns) return {};
    change_tail(chunk);
  }
  if (chunk->sealed_ns == 0) chunk->sealed_ns = now_ns;
  if (chunk->sealed_ns >= cutoff_ns) return {};
  return front(Chunk::kCapacity);
}

bool FrameLog::empty() const {
  const Chunk* chunk = head_.load(std::memory_order_acquire);
  if (chunk == nullptr) return true;
  const std::uint64_t s = chunk->state.load(std::memory_order_seq_cst);
  return reserved(s) == drained_ && chunk->next.load(std::memory_order_acquire) == nullptr;
}

void FrameLog::shrink() {
  if (settle().chunk != nullptr) return;
  Chunk* chunk = head_.load(std::memory_order_acquire);
  if (chunk != nullptr) detach(chunk, false);
}

}  // namespace forces::tml
