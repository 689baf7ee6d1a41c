// The socket for requests: operations in large batches, and dumps of what the kernel has.
//
// rtnetlink works off a batch inside the send call. Only the last message asks for an
// acknowledgement; each that fails is answered by itself, so every failure is known by its ticket.
// Should answers be lost (the receive buffer was full: ENOBUFS), the batch is sent again in halves:
// every operation may be done twice. Nothing blocks; memory is one batch. Not for several threads.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "fe/dataplane/kernel/netlink.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane::kernel {

// About 1.5 ms in the kernel at 3 us a route: other work of the loop waits no longer than that.
inline constexpr std::size_t kMaxBatch = 512;
inline constexpr std::size_t kBatchOctets = 96 * 1024;

struct Outcome {
  std::uint64_t ticket = 0;
  int error = 0;       // errno, 0 is success
  std::string text{};  // of the kernel, when it failed and says more
};

struct DumpStep {
  std::vector<Message> rows{};
  bool done = false;
  bool inconsistent = false;  // with done: rows changed meanwhile, or were lost; dump again
};

struct KernelCounters {
  std::uint64_t batches = 0, operations = 0, failures = 0, lost_batches = 0, bad_messages = 0;
};

class Kernel {
 public:
  explicit Kernel(const Identity& identity = {}, int receive_buffer = 2 << 20);

  [[nodiscard]] std::error_code open();  // in the calling thread's network namespace
  // For a caller without CAP_NET_ADMIN: ::send() of a batch by somebody who has it.
  using Send = std::function<ssize_t(int fd, std::span<const std::byte> octets)>;
  void send_by(Send send) { send_ = std::move(send); }
  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] std::uint32_t port_id() const { return port_id_; }  // sender of what we cause

  // True when it was taken; false when the batch is full, under way, or a dump runs.
  [[nodiscard]] bool push(std::uint64_t ticket, const Operation& operation);
  [[nodiscard]] bool has_room() const {
    return sent_ == 0 && !dumping_ && entries_.size() < kMaxBatch &&
           batch_.size() - filled_ >= kMaxRequest;
  }
  // Sends what was taken. Most times the answers are there at once: poll_outcome() after it.
  [[nodiscard]] std::error_code flush();
  [[nodiscard]] bool idle() const { return entries_.empty() && !dumping_; }
  [[nodiscard]] bool waiting() const { return sent_ > 0 || dumping_; }  // for fd() to be readable
  [[nodiscard]] std::error_code on_readable();  // not during a dump: read_dump() then
  [[nodiscard]] std::optional<Outcome> poll_outcome();

  [[nodiscard]] std::error_code start_dump(Dump dump);  // only when idle()
  [[nodiscard]] bool dumping() const { return dumping_; }
  // At most one datagram (up to some 500 rows). No rows and not done: nothing to read now.
  [[nodiscard]] DumpStep read_dump();

  [[nodiscard]] const KernelCounters& counters() const { return counters_; }

 private:
  struct Entry {
    std::uint64_t ticket = 0;
    std::size_t offset = 0, length = 0;
    int error = 0;
    std::string text{};
  };
  enum class Received : std::uint8_t { Nothing, Octets, Lost, Failed };

  [[nodiscard]] Received receive(std::span<const std::byte>& octets);
  [[nodiscard]] std::error_code send_chunk();
  [[nodiscard]] std::error_code collect();
  void take_answer(const Message& message);
  void finish_chunk();

  Identity identity_;
  Send send_;
  int receive_buffer_;
  Fd socket_;
  std::uint32_t port_id_ = 0, sequence_ = 0;
  std::vector<std::byte> batch_, input_;
  std::size_t filled_ = 0;
  std::vector<Entry> entries_;
  std::size_t first_ = 0, sent_ = 0;  // the chunk under way: entries_[first_, first_ + sent_)
  std::size_t chunk_ = kMaxBatch;     // smaller after a loss
  std::uint32_t chunk_sequence_ = 0;
  bool acknowledged_ = false, lost_ = false;
  bool dumping_ = false, dump_spoiled_ = false;
  std::deque<Outcome> outcomes_;
  KernelCounters counters_;
};

}  // namespace forces::fe::dataplane::kernel
