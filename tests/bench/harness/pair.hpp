// The two processes of a run, and the page of memory through which they agree on start, stop and
// results. No payload ever goes through it.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "tests/bench/harness/options.hpp"

namespace forces::bench {

inline constexpr std::size_t kPingSize = 64;    // W2, W3, and the hello of W4
inline constexpr std::size_t kDataSize = 1500;  // W3
inline constexpr std::size_t kFanOutSize = 256;
inline constexpr std::size_t kFanOutWarmUp = 5;
inline constexpr std::size_t kFanOutRounds = 30;

// Says why on standard error and ends the process without a result.
[[noreturn]] void fail(std::string_view why);

std::uint64_t now_ns();             // CLOCK_MONOTONIC
std::uint64_t cpu_ns(pid_t whose);  // user and kernel time of a process with all its threads
std::size_t resident_octets();      // of this process

struct Board {
  pid_t client = 0;
  pid_t server = 0;
  std::atomic<int> control_port{0};
  std::atomic<int> data_port{0};
  std::atomic<bool> ready{false};        // W4: the server awaits the storm
  std::atomic<bool> enough{false};       // the receiver has all it wanted
  std::atomic<bool> client_done{false};  // nothing more will come

  struct {  // W1, written by the receiver
    std::uint64_t messages = 0, ns = 0, cpu_client = 0, cpu_server = 0;
  } window;
  std::atomic<std::uint64_t> data_messages{0};  // W3: received by the server's application

  struct {  // W4
    std::uint64_t begun = 0, ended = 0, cpu_client = 0, cpu_server = 0;
    std::size_t resident_before = 0, resident_idle = 0;
    std::array<std::uint64_t, kFanOutRounds> rounds{};
  } storm;
  std::atomic<std::uint64_t> round_ended{0};
  std::array<int, 2> ack{-1, -1};  // pipe, client to server: an octet for each complete round
};

using Role = std::function<void(Board&)>;

// Forks; the server is the child. Returns in the parent when both ended well, else ends it. A run
// that hangs is killed after PEER_ALARM seconds (40).
Board& run_pair(const Options& options, const Role& server, const Role& client);

// Waits for the other process to publish a port.
int await_port(const std::atomic<int>& port);

}  // namespace forces::bench
