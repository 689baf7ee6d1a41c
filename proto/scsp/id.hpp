// Server IDs, originator IDs and cache keys: octet strings of up to 255 octets, of four in MARS
// (RFC 2443 section 4).
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "proto/wire/reader.hpp"

namespace forces::scsp {

using wire::Bytes;

// Unsigned, most significant octet first: who is greater becomes the master (RFC 2334 section
// 2.2.1). A string that begins another one is the smaller of the two.
[[nodiscard]] inline std::strong_ordering compare_ids(Bytes a, Bytes b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}
[[nodiscard]] inline bool same_id(Bytes a, Bytes b) { return std::ranges::equal(a, b); }

// The Receiver ID that means every server of a point-to-multipoint VC (RFC 2334 section 2.3).
[[nodiscard]] inline bool is_all_ones(Bytes id) {
  return !id.empty() && std::ranges::all_of(id, [](std::byte b) { return b == std::byte{0xff}; });
}

// The number that four octets say; nothing for any other length.
[[nodiscard]] inline std::optional<std::uint32_t> id_number(Bytes id) {
  if (id.size() != 4) return std::nullopt;
  return static_cast<std::uint32_t>(wire::load_be<4>(id.data()));
}

// The octets of a number; they must outlive the spans that show them.
[[nodiscard]] constexpr std::array<std::byte, 4> id_octets(std::uint32_t number) {
  return {static_cast<std::byte>(number >> 24), static_cast<std::byte>(number >> 16),
          static_cast<std::byte>(number >> 8), static_cast<std::byte>(number)};
}

}  // namespace forces::scsp
