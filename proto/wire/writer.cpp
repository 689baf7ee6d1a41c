#include "proto/wire/writer.hpp"

#include <limits>

#include "common/core/assert.hpp"

namespace forces::wire {

void ByteWriter::patch_u16(std::size_t at, std::size_t value, std::string_view field) {
  FORCES_ASSERT(at + 2 <= out_.size());
  if (value > std::numeric_limits<std::uint16_t>::max()) return fail(Errc::TooLarge, field, at);
  out_[at] = static_cast<std::byte>(value >> 8);
  out_[at + 1] = static_cast<std::byte>(value);
}

void ByteWriter::patch_u32(std::size_t at, std::size_t value, std::string_view field) {
  FORCES_ASSERT(at + 4 <= out_.size());
  if (value > std::numeric_limits<std::uint32_t>::max()) return fail(Errc::TooLarge, field, at);
  for (std::size_t i = 0; i < 4; ++i) {
    out_[at + i] = static_cast<std::byte>(value >> (8 * (3 - i)));
  }
}

}  // namespace forces::wire
