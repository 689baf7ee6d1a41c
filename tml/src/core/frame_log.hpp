// One priority level of a send queue: a log of frames, laid out as they go on the wire, in chunks
// of 60 KiB. Frames are appended at the tail and drained at the head as runs of whole frames in
// place, so that TLS encrypts straight from the log. A chunk that is drained is rewound and used
// again, which keeps a busy queue in the cache; a quiet one gives its chunk back to the pool.
//
// Nothing here is thread-safe: SendQueue's lock guards every call. Octets that a run shows stay
// where they are until pop(), so that they may be read without the lock.
//
// Messages too long for a chunk, and group messages, are stored once elsewhere (SharedFrame); the
// log then holds a 16-octet reference record, told from a frame by its first octet (a frame's never
// is 0).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace forces::tml {

// A whole frame (TML header and PL message) that several queues may refer to.
class SharedFrame {
 public:
  // Copies; the caller holds one reference.
  static SharedFrame* make(std::span<const std::byte> pl);
  std::span<const std::byte> octets() const { return {data_.get(), size_}; }
  void add_ref() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  SharedFrame(std::unique_ptr<std::byte[]> data, std::size_t size)
      : data_(std::move(data)), size_(size) {}
  std::atomic<std::uint32_t> refs_{1};
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_;
};

struct Chunk {
  static constexpr std::uint32_t kCapacity = 60 * 1024;  // octets; one TLS batch
  std::uint32_t used = 0;
  std::uint32_t drained = 0;
  std::uint32_t messages = 0;  // between drained and used
  std::uint32_t records = 0;   // of those, references
  std::int64_t first_ns = 0;   // when the first frame since the last rewind came; 0: not known
  std::int64_t sealed_ns = 0;  // no frame came after this; 0: still open to frames, or not known
  Chunk* next = nullptr;
  std::unique_ptr<std::byte[]> data;
};

// Chunks of all logs of one I/O thread. Thread-safe; used once per 60 KiB.
class ChunkPool {
 public:
  Chunk* take();
  void give(Chunk* chunk);

 private:
  static constexpr std::size_t kKeepData = 64;  // chunks whose data stays allocated while unused
  std::mutex mutex_;
  std::vector<std::unique_ptr<Chunk>> all_;
  std::vector<Chunk*> free_;
};

class FrameLog {
 public:
  static constexpr std::size_t kInline = Chunk::kCapacity / 2;  // longer ones go by reference
  static constexpr std::uint32_t kRecord = 16;

  enum class Push : std::uint8_t { Ok, First, NoRoom };  // First: stamp() would be of use

  // `pl` becomes one frame; at most kInline octets. NoRoom: attach() a chunk and try again.
  [[nodiscard]] Push push(std::span<const std::byte> pl);
  // Takes over one reference unless NoRoom.
  [[nodiscard]] Push push(SharedFrame* frame);
  void attach(Chunk* chunk);
  void stamp(std::int64_t now_ns) {
    if (tail_ != nullptr) tail_->first_ns = now_ns;
  }

  struct Run {
    std::span<const std::byte> octets;  // whole frames, in place
    std::size_t messages = 0;
    std::int64_t first_ns = 0;      // of the oldest frame, or 0 when not known
    SharedFrame* shared = nullptr;  // octets are this frame's; pop() releases it
  };
  // Where the frames at the front are; cut() makes a run of it.
  struct Front {
    const std::byte* begin = nullptr;
    std::uint32_t octets = 0;
    std::uint32_t messages = 0;
    bool plain = true;  // no references among them
    std::int64_t first_ns = 0;
  };
  [[nodiscard]] Front front() const;
  // About `limit` octets, at least one frame. Needs no lock.
  [[nodiscard]] static Run cut(const Front& front, std::size_t limit);
  // Returns a chunk that is used up for the pool, or null.
  [[nodiscard]] Chunk* pop(const Run& run);
  // True: everything at the front was appended before cutoff_ns. No frame follows into a tail that
  // has been filling since before fresh_ns, so that age stays known.
  [[nodiscard]] bool expired(std::int64_t cutoff_ns, std::int64_t fresh_ns, std::int64_t now_ns);
  [[nodiscard]] bool empty() const { return head_ == nullptr || head_->used == head_->drained; }
  // The chunk of an empty log, or null.
  [[nodiscard]] Chunk* shrink();

 private:
  std::byte* reserve(std::uint32_t octets);

  Chunk* head_ = nullptr;
  Chunk* tail_ = nullptr;
};

}  // namespace forces::tml
