#include "ce/multicast/mars/data/ranges.hpp"

#include <algorithm>
#include <array>

namespace forces::mars::server {
namespace {

// Adds one or takes it away; false: all octets had the last value.
template <std::byte kLast, std::byte kFirst, int kStep>
std::optional<ProtocolAddress> step(const ProtocolAddress& address) {
  std::array<std::byte, ProtocolAddress::kCapacity> octets{};
  std::ranges::copy(address.octets(), octets.begin());
  for (std::size_t i = address.size(); i-- > 0;) {
    const bool carry = octets[i] == kLast;
    octets[i] = carry ? kFirst : static_cast<std::byte>(static_cast<int>(octets[i]) + kStep);
    if (!carry) return ProtocolAddress::from(Bytes(octets).first(address.size()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<ProtocolAddress> after(const ProtocolAddress& address) {
  return step<std::byte{0xff}, std::byte{0}, 1>(address);
}

std::optional<ProtocolAddress> before(const ProtocolAddress& address) {
  return step<std::byte{0}, std::byte{0xff}, -1>(address);
}

Ranges merged(Ranges ranges) {
  std::ranges::sort(ranges);
  Ranges out;
  for (const GroupRange& r : ranges) {
    if (!out.empty() && r.min <= out.back().max) {
      out.back().max = std::max(out.back().max, r.max);
    } else {
      out.push_back(r);
    }
  }
  return out;
}

Ranges subtract(const Ranges& from, const Ranges& holes) {
  Ranges out;
  auto first = holes.begin();
  for (const GroupRange& r : from) {
    while (first != holes.end() && first->max < r.min) ++first;
    std::optional<ProtocolAddress> at = r.min;
    for (auto hole = first; hole != holes.end() && hole->min <= r.max; ++hole) {
      if (hole->max < *at) continue;  // overlapped by one before it
      if (*at < hole->min) out.push_back({*at, *before(hole->min)});
      at = after(hole->max);
      if (!at || r.max < *at) break;
    }
    if (at && *at <= r.max) out.push_back({*at, r.max});
  }
  return out;
}

}  // namespace forces::mars::server
