// Powers of two in microseconds; written by one thread, read by any.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace forces::tml {

class Histogram {
 public:
  static constexpr std::size_t kBuckets = 24;  // TMLX_HISTOGRAM_BUCKETS

  void add_ns(std::int64_t ns) {
    const std::uint64_t us = ns > 0 ? static_cast<std::uint64_t>(ns) / 1000 : 0;
    const auto bucket = static_cast<std::size_t>(std::bit_width(us));  // us < 2^bucket
    bump(buckets_[bucket < kBuckets ? bucket : kBuckets - 1], 1);
    bump(count_, 1);
    bump(sum_us_, us);
  }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  std::uint64_t sum_us() const { return sum_us_.load(std::memory_order_relaxed); }
  std::uint64_t bucket(std::size_t i) const { return buckets_[i].load(std::memory_order_relaxed); }

 private:
  static void bump(std::atomic<std::uint64_t>& v, std::uint64_t by) {
    v.store(v.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> count_{0}, sum_us_{0};
};

}  // namespace forces::tml
