// A store with a thread of its own: many batches, one commit. While one commit runs the next group
// gathers, so under load a batch costs a fraction of an fsync and nobody waits for a timer.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include "ce/state/store.hpp"
#include "common/observe/log.hpp"

namespace forces::state {

// Where it is kept. commit() comes from the store's thread only, scan() from any.
class Backend {
 public:
  virtual ~Backend() = default;
  // All of these durable, or none. After a failure the same come again.
  [[nodiscard]] virtual std::expected<void, Failure> commit(std::span<const Batch> batches) = 0;
  [[nodiscard]] virtual std::expected<void, Failure> scan(std::string_view table, Bytes from,
                                                          const Store::Visitor& visit) const = 0;
  // Of one commit, unless a single batch has more.
  struct Limits {
    std::size_t changes = std::numeric_limits<std::size_t>::max();
    std::size_t octets = std::numeric_limits<std::size_t>::max();
  };
  [[nodiscard]] virtual Limits limits() const { return {}; }
};

struct ThreadedOptions {
  std::function<void()> news;  // on the store's thread: events may be polled
  observe::Logger log;
  Duration retry = std::chrono::milliseconds(250);  // after a failure; doubles up to retry_most
  Duration retry_most = std::chrono::seconds(5);
  std::size_t most_pending_octets = 64U << 20U;  // beyond, the store is overloaded
  std::string kept_as;                           // for Snapshot
};

// Any thread may call any function.
class ThreadedStore final : public Store {
 public:
  ThreadedStore(std::unique_ptr<Backend> backend, ThreadedOptions options);
  // Tries once more to make durable what waits; no event is told of it.
  ~ThreadedStore() override;
  ThreadedStore(const ThreadedStore&) = delete;
  ThreadedStore& operator=(const ThreadedStore&) = delete;

  [[nodiscard]] BatchId submit(Batch batch) override;
  [[nodiscard]] std::optional<Event> poll_event() override;
  [[nodiscard]] std::expected<void, Failure> scan(std::string_view table, Bytes from,
                                                  const Visitor& visit) const override;
  [[nodiscard]] Snapshot snapshot() const override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace forces::state
