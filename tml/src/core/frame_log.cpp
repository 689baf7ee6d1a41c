#include "tml/src/core/frame_log.hpp"

#include <cstring>

#include "common/core/assert.hpp"
#include "proto/tml/frame.hpp"

namespace forces::tml {

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

void FrameLog::attach(Chunk* chunk) {
  chunk->used = chunk->drained = chunk->messages = chunk->records = 0;
  chunk->first_ns = chunk->sealed_ns = 0;
  chunk->next = nullptr;
  if (tail_ != nullptr) {
    tail_->next = chunk;
  } else {
    head_ = chunk;
  }
  tail_ = chunk;
}

std::byte* FrameLog::reserve(std::uint32_t octets) {
  if (tail_ == nullptr || tail_->sealed_ns != 0 || tail_->used + octets > Chunk::kCapacity)
    return nullptr;
  std::byte* at = tail_->data.get() + tail_->used;
  tail_->used += octets;
  ++tail_->messages;
  return at;
}

FrameLog::Push FrameLog::push(std::span<const std::byte> pl) {
  const auto octets = static_cast<std::uint32_t>(kHeaderSize + pl.size());
  std::byte* at = reserve(octets);
  if (at == nullptr) return Push::NoRoom;
  put_pl_header(at, pl.size());
  std::memcpy(at + kHeaderSize, pl.data(), pl.size());
  return tail_->used == octets ? Push::First : Push::Ok;
}

FrameLog::Push FrameLog::push(SharedFrame* frame) {
  std::byte* at = reserve(kRecord);
  if (at == nullptr) return Push::NoRoom;
  std::memset(at, 0, kRecord - sizeof frame);
  std::memcpy(at + kRecord - sizeof frame, &frame, sizeof frame);
  ++tail_->records;
  return tail_->used == kRecord ? Push::First : Push::Ok;
}

FrameLog::Front FrameLog::front() const {
  if (empty()) return {};
  return {head_->data.get() + head_->drained, head_->used - head_->drained, head_->messages,
          head_->records == 0, head_->first_ns};
}

FrameLog::Run FrameLog::cut(const Front& front, std::size_t limit) {
  Run run;
  run.first_ns = front.first_ns;
  if (front.plain && front.octets <= limit) {
    run.octets = {front.begin, front.octets};
    run.messages = front.messages;
    return run;
  }
  std::size_t used = 0;
  while (used < front.octets) {
    const std::byte* frame = front.begin + used;
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
  run.octets = {front.begin, used};
  return run;
}

Chunk* FrameLog::pop(const Run& run) {
  FORCES_ASSERT(!empty() && run.messages != 0);
  head_->messages -= static_cast<std::uint32_t>(run.messages);
  if (run.shared != nullptr) {
    head_->drained += kRecord;
    --head_->records;
    run.shared->release();
  } else {
    head_->drained += static_cast<std::uint32_t>(run.octets.size());
  }
  if (head_->drained != head_->used) return nullptr;
  Chunk* const chunk = head_;
  if (chunk->next == nullptr) {  // an exhausted tail starts over in place
    chunk->used = chunk->drained = 0;
    chunk->first_ns = chunk->sealed_ns = 0;
    return nullptr;
  }
  head_ = chunk->next;
  return chunk;
}

bool FrameLog::expired(std::int64_t cutoff_ns, std::int64_t fresh_ns, std::int64_t now_ns) {
  if (empty()) return false;
  if (head_->sealed_ns != 0 && head_->sealed_ns < cutoff_ns) return true;
  // Every chunk is dated at the first look after it was sealed, or all but the head would look new.
  for (Chunk* chunk = head_; chunk != nullptr; chunk = chunk->next) {
    if (chunk->sealed_ns != 0) continue;
    if (chunk == tail_) {
      if (chunk->first_ns == 0) chunk->first_ns = now_ns;
      if (chunk->first_ns >= fresh_ns) break;
    }
    chunk->sealed_ns = now_ns;
  }
  return false;
}

Chunk* FrameLog::shrink() {
  if (head_ == nullptr || !empty()) return nullptr;
  Chunk* const chunk = head_;
  head_ = tail_ = nullptr;
  return chunk;
}

}  // namespace forces::tml
