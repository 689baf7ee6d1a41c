// Hex text of messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"

namespace forces::decode {

// Blanks may stand anywhere. An error's offset counts octets.
[[nodiscard]] Result<std::vector<std::byte>> from_hex(std::string_view text);

[[nodiscard]] std::string to_hex(wire::Bytes octets);
[[nodiscard]] std::string hex16(std::uint16_t value);  // "0x0007"
[[nodiscard]] std::string hex32(std::uint32_t value);
[[nodiscard]] std::string hex64(std::uint64_t value);

}  // namespace forces::decode
