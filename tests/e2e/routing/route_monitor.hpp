// What rtnetlink announces of the routes (IPv4) and next-hop objects of one protocol in a network
// namespace: how many came and went, and when.
//
// A thread of its own looks every kEvery, not at each announcement: that would cost the machine as
// much as what is being watched.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace forces::test {

class RouteMonitor {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kEvery{2};

  struct Counts {
    std::uint64_t set = 0, deleted = 0;            // routes
    std::uint64_t hops_set = 0, hops_deleted = 0;  // next-hop objects
    std::uint64_t lost = 0;  // how often the kernel could not tell all: then the rest says little
    [[nodiscard]] std::uint64_t all() const {
      return set + deleted + hops_set + hops_deleted + lost;
    }
  };

  // Of the namespace that the caller is in.
  explicit RouteMonitor(std::uint8_t protocol);
  ~RouteMonitor();
  RouteMonitor(const RouteMonitor&) = delete;
  RouteMonitor& operator=(const RouteMonitor&) = delete;

  void clear();
  [[nodiscard]] Counts counts();  // since clear()
  // When the announcement came that made it so many routes set; none within `bound`: nothing.
  [[nodiscard]] std::optional<Clock::time_point> set(std::uint64_t routes,
                                                     std::chrono::seconds bound);

 private:
  void watch();
  void read();  // under the mutex
  void take(std::span<const std::byte> octets);

  std::uint8_t protocol_;
  int fd_ = -1;
  std::mutex mutex_;
  Counts counts_;
  std::vector<std::pair<std::uint64_t, Clock::time_point>> steps_;  // routes set, and when
  std::vector<std::byte> input_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace forces::test
