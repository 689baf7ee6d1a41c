// TCP segments out of a capture file, by libpcap.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "proto/wire/reader.hpp"

namespace forces::decode {

struct Segment {
  std::string source, destination;  // "10.0.0.1:40001", "[2001:db8::1]:6704"
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t sequence = 0;
  bool syn = false;
  wire::Bytes payload;  // valid during the call
  std::string time;     // of arrival, UTC: "2026-01-31T12:00:00.123456Z"
};

// Calls `on_segment` for every TCP segment over IPv4 or IPv6 that the link type lets us find:
// Ethernet (with VLAN tags), Linux cooked (both), raw IP, BSD loopback. Other packets and fragments
// are stepped over. Returns what went wrong, empty when all was read.
[[nodiscard]] std::string read_capture(const std::string& path,
                                       const std::function<void(const Segment&)>& on_segment);

}  // namespace forces::decode
