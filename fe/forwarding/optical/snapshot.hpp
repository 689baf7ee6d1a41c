// What the optical fabric shows of itself, without its rows: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tml/daemon/events.hpp"

namespace forces::fe::forwarding {

struct OpticalPortSnapshot {
  std::uint32_t port = 0;
  std::string device{}, signal{}, labels{}, failed_labels{};
  std::string_view state;  // "up", "down", "failed"
  std::uint64_t received = 0, sent = 0;
};
struct FabricSnapshot {
  bool there = false;
  std::string file{};
  std::string_view file_state;                         // "in step", "behind", "none"
  std::uint64_t reserved = 0, active = 0, failed = 0;  // rows; of both those that do not work
  daemon::CounterSamples counters{};
  std::uint64_t file_octets = 0;
  std::vector<OpticalPortSnapshot> ports{};
};

}  // namespace forces::fe::forwarding
