// How often may a line be logged? A bounded table of keys, each with a budget for each interval.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/core/time.hpp"

namespace forces::observe {

struct RateLimit {
  std::uint32_t burst = 5;  // lines of one key in one interval
  Duration interval = std::chrono::seconds(1);
};

// Not thread-safe: the owner locks. Takes the time, never asks for it.
class RateLimiter {
 public:
  // Beyond this many keys the one that was quiet longest is forgotten, so that keys made from
  // hostile input (addresses, say) cannot grow the table.
  static constexpr std::size_t kMaxKeys = 1024;

  explicit RateLimiter(RateLimit limit) : limit_(limit) {}

  void set_limit(RateLimit limit) { limit_ = limit; }
  // Nothing: suppress the line. Else: log it, and say that this many of its kind were suppressed.
  std::optional<std::uint64_t> admit(std::string_view key, Instant now);
  [[nodiscard]] std::size_t keys() const { return keys_.size(); }
  [[nodiscard]] std::uint64_t suppressed_total() const { return suppressed_total_; }

 private:
  struct Key {
    Instant since{};
    std::uint32_t used = 0;
    std::uint64_t suppressed = 0;
  };
  void make_room();

  RateLimit limit_;
  std::unordered_map<std::string, Key> keys_;
  std::uint64_t suppressed_total_ = 0;
};

}  // namespace forces::observe
