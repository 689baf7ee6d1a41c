// A bare epoll set for the raw loop.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

#include "tests/bench/harness/pair.hpp"

namespace forces::bench {

class Loop {
 public:
  Loop() {
    if (fd_ < 0) fail("epoll_create1");
  }
  void add(int fd, std::uint32_t events, std::uint64_t tag) { set(EPOLL_CTL_ADD, fd, events, tag); }
  void change(int fd, std::uint32_t events, std::uint64_t tag) {
    set(EPOLL_CTL_MOD, fd, events, tag);
  }
  std::span<const epoll_event> wait(int timeout_ms) {
    const int n = epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
    return {events_.data(), n < 0 ? 0 : static_cast<std::size_t>(n)};
  }

 private:
  void set(int operation, int fd, std::uint32_t events, std::uint64_t tag) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    if (epoll_ctl(fd_, operation, fd, &event) != 0) fail("epoll_ctl");
  }
  int fd_ = epoll_create1(EPOLL_CLOEXEC);
  std::array<epoll_event, 64> events_{};
};

}  // namespace forces::bench
