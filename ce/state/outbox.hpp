// Nothing is announced before it is durable: an Outbox stands between the outputs of cores and the
// network. It takes Persist and Send in the order the cores gave them, and lets a Send out only
// when every Persist before it is durable.
//
//   while (auto output = core.poll_output()) ...   // persist(change) or send(item)
//   outbox.commit(store);                          // what they persist is one batch, atomic
//   while (auto item = outbox.poll()) ...          // what may leave now
// and at each Durable of the store: outbox.on_durable(up_to), then poll() again.
//
// One Outbox for all cores of a shell keeps the order among them too. Sends never overtake each
// other. While the store fails they wait, which is what blocks announcing; waiting() says how many.
// What is looked at instead of sent (an operator's question) is told by persisted() and durable().
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "ce/state/store.hpp"

namespace forces::state {

// How far the store is with what was persisted.
class Durability {
 public:
  // All that was persisted so far, as a number that only grows.
  [[nodiscard]] std::uint64_t persisted() const { return open_.empty() ? given_ : given_ + 1; }
  [[nodiscard]] bool durable(std::uint64_t persisted) const { return persisted <= durable_; }
  // Changes that the next commit() gives to the store.
  [[nodiscard]] std::size_t open() const { return open_.size(); }

 protected:
  Batch open_{};                           // not yet given to the store
  std::uint64_t given_ = 0, durable_ = 0;  // batches
};

template <class Item>
class Outbox : public Durability {
 public:
  void persist(Change change) { open_.push_back(std::move(change)); }
  void send(Item item) { waiting_.push_back({std::move(item), persisted()}); }
  // For what announces nothing (a Hello): it overtakes. A full disk shall not look to neighbours
  // like a dead controller.
  void send_at_once(Item item) { free_.push_back(std::move(item)); }

  void commit(Store& store) {
    if (open_.empty()) return;
    in_flight_.push_back(store.submit(std::exchange(open_, {})));
    ++given_;
  }
  void on_durable(BatchId up_to) {
    for (; !in_flight_.empty() && in_flight_.front() <= up_to; ++durable_) in_flight_.pop_front();
  }

  [[nodiscard]] std::optional<Item> poll() {
    if (!free_.empty()) return take(free_, std::move(free_.front()));
    if (waiting_.empty() || waiting_.front().after > durable_) return std::nullopt;
    return take(waiting_, std::move(waiting_.front().item));
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    Item item;
    std::uint64_t after;  // the batch, by our own count, that must be durable before
  };
  template <class Queue>
  std::optional<Item> take(Queue& queue, Item item) {
    queue.pop_front();
    return std::optional<Item>(std::move(item));
  }

  std::deque<BatchId> in_flight_;
  std::deque<Waiting> waiting_;
  std::deque<Item> free_;
};

}  // namespace forces::state
