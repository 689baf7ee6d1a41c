// One priority level of a send queue: a log of frames, laid out as they go on the wire, that any thread
// appends to and one thread drains.
//
// Appending takes no lock: a producer reserves room in the tail chunk with one compare-exchange on the
// chunk's state word, copies, and commits with one addition. The drain sees "everything up to here is
// committed" when reserved equals committed, and hands out runs of whole frames in place, so that TLS
// encrypts straight from the log. A chunk that is drained is rewound and used again, which keeps a busy
// queue in the cache; a quiet one gives its chunk back to the pool. Only changing the tail chunk (once
// per 60 KiB) takes the log's mutex.
//
// Chunks move between logs, so a producer could hold a stale pointer to one that by now belongs to
// another log: the state word carries the owner's tag, and a reservation with the wrong tag fails. Chunk
// headers are therefore never freed while the pool lives.
//
// Messages too long for a chunk, and group messages, are stored once elsewhere (SharedFrame); the log
// then holds a 16-octet reference record, told from a frame by its first octet (a frame's never is 0).
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
  std::atomic<std::uint64_t> state{0};                   // tag:24 reserved:20 committed:20
  std::atomic<std::int64_t> first_ns{0};  // when the first frame since the last rewind came; 0 unset
  std::int64_t sealed_ns = 0;             // drain thread: no frame came after this; 0 not sealed by it
  std::unique_ptr<std::byte[]> data;
  std::atomic<Chunk*> next{nullptr};
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
  enum class Push : std::uint8_t { Ok, First, Closed };  // First: stamp() would be of use

  FrameLog();
  ~FrameLog();
  FrameLog(const FrameLog&) = delete;
  FrameLog& operator=(const FrameLog&) = delete;

  // Opens for producers. Empty logs only; `pool` outlives every producer.
  void open(ChunkPool& pool);
  // No producer gets in after this returns; what is in stays for the drain.
  void close();

  // Any thread. `pl` becomes one frame; at most kInline octets.
  static constexpr std::size_t kInline = Chunk::kCapacity / 2;
  [[nodiscard]] Push push(std::span<const std::byte> pl);
  // Any thread. Takes over one reference when Ok or First.
  [[nodiscard]] Push push(SharedFrame* frame);
  // After First: notes the time for queue_time and for ageing.
  void stamp(std::int64_t now_ns);

  // ---- the drain thread only ----
  struct Run {
    std::span<const std::byte> octets;  // whole frames, in place
    std::size_t messages = 0;
    std::int64_t first_ns = 0;          // of the oldest frame, or 0 when not known
    SharedFrame* shared = nullptr;      // octets are this frame's; pop() releases it
  };
  // Frames at the front: about `limit` octets (at least one frame), or an empty run.
  [[nodiscard]] Run front(std::size_t limit);
  void pop(const Run& run);
  // Discards the first run of frames that were all appended before cutoff_ns, and starts a new chunk
  // when the tail has been filling since before fresh_ns, so that age stays known. Empty when done.
  [[nodiscard]] Run expired(std::int64_t cutoff_ns, std::int64_t fresh_ns, std::int64_t now_ns);
  [[nodiscard]] bool empty() const;
  // Gives the chunk of an empty log back. Safe at any time.
  void shrink();

 private:
  struct Slot {
    Chunk* chunk = nullptr;
    std::byte* at = nullptr;
    bool first = false;
  };
  Slot reserve(std::uint32_t octets);
  Push commit(const Slot& slot, std::uint32_t octets);
  Chunk* change_tail(const Chunk* full);
  struct Front {
    Chunk* chunk = nullptr;
    std::uint32_t end = 0;
  };
  Front settle();
  void rewind(Chunk* chunk);
  bool detach(Chunk* chunk, bool only_if_closed);

  const std::uint64_t tag_;
  std::atomic<Chunk*> tail_{nullptr};
  std::mutex mutex_;  // changes of tail_, closed_
  ChunkPool* pool_ = nullptr;
  bool closed_ = true;
  std::atomic<Chunk*> head_{nullptr};  // the producer that attaches the first chunk sets it
  std::uint32_t drained_ = 0;          // octets of head_ that are popped
};

}  // namespace forces::tml
