// Options of IPv4 headers.
#pragma once

#include "proto/wire/reader.hpp"

namespace forces::wire {

inline constexpr std::uint8_t kRouterAlert = 148;  // RFC 2113 section 2.1

// Whether it is among the options; stops at the end of list and at nonsense.
[[nodiscard]] inline bool has_router_alert(ByteReader options) {
  while (!options.empty()) {
    const std::uint8_t type = options.u8("ip.option");
    if (type == 0) return false;
    if (type == 1) continue;
    const std::size_t length = options.u8("ip.option.length");
    if (!options.ok() || length < 2) return false;
    if (type == kRouterAlert) return true;
    options.take(length - 2, "ip.option.value");
  }
  return false;
}

}  // namespace forces::wire
