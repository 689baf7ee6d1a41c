// Supplementary TLVs behind the addresses of a MARS message (RFC 2022 section 10).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::mars {

struct Tlv {
  std::uint16_t type = 0;  // Type.x in the top two bits, Type.y below; never 0
  std::vector<std::byte> value{};
  friend bool operator==(const Tlv&, const Tlv&) = default;
};

inline constexpr std::size_t kMaxTlvs = 64;  // limit of ours; the Null TLV not counted

// What must happen to the message before its operation is looked at (section 10.3). This version
// knows the Null TLV only, so the first TLV whose Type.x asks for it decides.
enum class TlvAction : std::uint8_t {
  Process,
  Drop,           // Type.x = 1: silently
  DropAndReport,  // Type.x = 2: with an error indication, which is a log entry
};
[[nodiscard]] std::string_view to_string(TlvAction action);
[[nodiscard]] TlvAction tlv_action(std::span<const Tlv> tlvs);

// Reads a list up to and with its Null TLV, which must be the end of the input.
[[nodiscard]] std::vector<Tlv> read_tlvs(wire::ByteReader& r);

// The list and the Null TLV; the writer stands on a 32-bit boundary.
void write_tlvs(wire::ByteWriter& w, std::span<const Tlv> tlvs);

}  // namespace forces::mars
