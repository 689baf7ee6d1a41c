#include "proto/wire/writer.hpp"

#include <algorithm>
#include <limits>

#include "common/core/assert.hpp"

namespace forces::wire {

void ByteWriter::patch_u16(std::size_t at, std::size_t value, std::string_view field) {
  FORCES_ASSERT(at + 2 <= used_);
  if (value > std::numeric_limits<std::uint16_t>::max()) return fail(Errc::TooLarge, field, at);
  store_be<2>(&out_[at], value);
}

void ByteWriter::patch_u32(std::size_t at, std::size_t value, std::string_view field) {
  FORCES_ASSERT(at + 4 <= used_);
  if (value > std::numeric_limits<std::uint32_t>::max()) return fail(Errc::TooLarge, field, at);
  store_be<4>(&out_[at], value);
}

void ByteWriter::enlarge(std::size_t n) {
  constexpr std::size_t kFirst = 64;
  const std::size_t need = used_ + n;
  out_.resize(
      std::max({need, out_.capacity() >= need ? out_.capacity() : 2 * out_.size(), kFirst}));
}

}  // namespace forces::wire
