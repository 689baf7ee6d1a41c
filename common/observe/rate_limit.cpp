#include "common/observe/rate_limit.hpp"

#include <algorithm>
#include <utility>

namespace forces::observe {

std::optional<std::uint64_t> RateLimiter::admit(std::string_view key, Instant now) {
  auto found = keys_.find(std::string(key));
  if (found == keys_.end()) {
    make_room();
    found = keys_.emplace(std::string(key), Key{now, 0, 0}).first;
  }
  Key& k = found->second;
  if (now - k.since >= limit_.interval) {
    k.since = now;
    k.used = 0;
  }
  if (k.used >= limit_.burst) {
    ++k.suppressed;
    ++suppressed_total_;
    return std::nullopt;
  }
  ++k.used;
  return std::exchange(k.suppressed, 0);
}

void RateLimiter::make_room() {
  if (keys_.size() < kMaxKeys) return;
  keys_.erase(std::min_element(keys_.begin(), keys_.end(), [](const auto& a, const auto& b) {
    return a.second.since < b.second.since;
  }));
}

}  // namespace forces::observe
