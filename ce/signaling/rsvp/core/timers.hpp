// Timers of one owner: a binary heap of timers that live in what they are for. No timer is looked
// at before it is due; one that is destroyed is out of the heap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "common/core/time.hpp"

namespace forces::signaling::engine {

class Timer;

class Timers {
 public:
  [[nodiscard]] std::optional<Instant> next() const;
  // The first that is due; it is no longer armed.
  [[nodiscard]] Timer* take_due(Instant now);

 private:
  friend class Timer;
  [[nodiscard]] bool before(std::size_t a, std::size_t b) const;
  void put(std::size_t at, Timer* timer);
  void swap(std::size_t a, std::size_t b);
  void settle(std::size_t at);
  void insert(Timer& timer);
  void remove(Timer& timer);

  std::vector<Timer*> heap_;
  std::uint64_t order_ = 0;  // of equal times the one that was armed first is first
};

class Timer {
 public:
  // What is to be done, and for whom: its owner knows.
  Timer(Timers& timers, std::uint8_t kind, void* owner)
      : timers_(timers), owner_(owner), kind_(kind) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(Instant when) {
    cancel();
    when_ = when;
    timers_.insert(*this);
  }
  void set_if_idle(Instant when) {
    if (!armed()) set(when);
  }
  void cancel() {
    if (armed()) timers_.remove(*this);
  }
  [[nodiscard]] bool armed() const { return at_ != kIdle; }
  [[nodiscard]] Instant when() const { return when_; }
  [[nodiscard]] std::uint8_t kind() const { return kind_; }
  template <class T>
  [[nodiscard]] T& owner() const {
    return *static_cast<T*>(owner_);
  }

 private:
  friend class Timers;
  static constexpr std::size_t kIdle = static_cast<std::size_t>(-1);
  Timers& timers_;
  void* owner_;
  Instant when_{};
  std::uint64_t order_ = 0;
  std::size_t at_ = kIdle;
  std::uint8_t kind_;
};

inline std::optional<Instant> Timers::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front()->when_;
}

inline Timer* Timers::take_due(Instant now) {
  if (heap_.empty() || heap_.front()->when_ > now) return nullptr;
  Timer* const timer = heap_.front();
  remove(*timer);
  return timer;
}

inline bool Timers::before(std::size_t a, std::size_t b) const {
  return std::tie(heap_[a]->when_, heap_[a]->order_) < std::tie(heap_[b]->when_, heap_[b]->order_);
}

inline void Timers::put(std::size_t at, Timer* timer) {
  heap_[at] = timer;
  timer->at_ = at;
}

inline void Timers::swap(std::size_t a, std::size_t b) {
  Timer* const timer = heap_[a];
  put(a, heap_[b]);
  put(b, timer);
}

inline void Timers::settle(std::size_t at) {
  while (at > 0 && before(at, (at - 1) / 2)) {
    swap(at, (at - 1) / 2);
    at = (at - 1) / 2;
  }
  for (;;) {
    std::size_t least = at;
    for (std::size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap_.size(); ++child) {
      if (before(child, least)) least = child;
    }
    if (least == at) return;
    swap(at, least);
    at = least;
  }
}

inline void Timers::insert(Timer& timer) {
  timer.order_ = order_++;
  heap_.push_back(nullptr);
  put(heap_.size() - 1, &timer);
  settle(heap_.size() - 1);
}

inline void Timers::remove(Timer& timer) {
  const std::size_t hole = timer.at_;
  timer.at_ = Timer::kIdle;
  Timer* const last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  put(hole, last);
  settle(hole);
}

}  // namespace forces::signaling::engine
