// The TLV and ILV of RFC 5810, which the TML's own messages share with the protocol layer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/wire/reader.hpp"

namespace forces::wire {

inline constexpr std::size_t kTlvHeader = 4;
inline constexpr std::size_t kIlvHeader = 8;

struct TlvView {
  std::uint16_t type = 0;
  std::size_t offset = 0;  // of its first octet in the whole input
  ByteReader value{{}};    // cannot read past the TLV
};

struct IlvView {
  std::uint32_t id = 0;
  std::size_t offset = 0;
  ByteReader value{{}};
};

// Reads one TLV and steps over its padding. Padding may be missing at the end of the input, its
// content is ignored (RFC 5810 section 6.2). On failure `r` holds the error.
[[nodiscard]] TlvView read_tlv(ByteReader& r, std::string_view field);

// RFC 5810 section 6.3; the same rules.
[[nodiscard]] IlvView read_ilv(ByteReader& r, std::string_view field);

}  // namespace forces::wire
