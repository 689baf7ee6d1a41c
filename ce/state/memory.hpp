// The store of simulations: it is the disk, so it outlives the controller that crashes, and says
// when something becomes durable only when it is told to. One thread, no clock.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "ce/state/store.hpp"
#include "common/core/outputs.hpp"

namespace forces::state {

struct LessOctets {
  // NOLINTNEXTLINE(readability-identifier-naming): the name of <functional>
  using is_transparent = void;
  bool operator()(Bytes a, Bytes b) const;
};

// Tables as they are on the disk.
class Tables {
 public:
  void apply(const Batch& batch);
  void scan(std::string_view table, Bytes from, const Store::Visitor& visit) const;

 private:
  std::map<std::string, std::map<Octets, Octets, LessOctets>, std::less<>> tables_;
};

class MemoryStore final : public Store {
 public:
  [[nodiscard]] BatchId submit(Batch batch) override;
  [[nodiscard]] std::optional<Event> poll_event() override { return events_.poll(); }
  [[nodiscard]] std::expected<void, Failure> scan(std::string_view table, Bytes from,
                                                  const Visitor& visit) const override;
  [[nodiscard]] Snapshot snapshot() const override;

  // All that was submitted, or all up to a batch, is durable from now on; nothing while it fails.
  void sync();
  void sync_up_to(BatchId last);
  // The controller is gone: what it was not told of is not told any more. The first `survivors` of
  // the batches that were not durable have reached the disk all the same (a crash after the write,
  // before the word of it), the others are lost.
  void crash(std::size_t survivors = 0);
  void fail(Failure failure);
  void heal();

 private:
  void apply_first();

  Tables tables_;
  std::deque<Batch> pending_;
  std::uint64_t durable_ = 0;  // batches, applied or lost by a crash
  std::optional<Failure> failure_;
  OutputQueue<Event> events_;
  Snapshot counts_;
};

}  // namespace forces::state
