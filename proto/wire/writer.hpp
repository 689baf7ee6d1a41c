// Big-endian writing: appends; length fields are patched when the body is known, never guessed.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"

namespace forces::wire {

// The first error wins and comes out of finish(); a length too large for its field is an error,
// not a wrap-around.
class ByteWriter {
 public:
  ByteWriter() = default;
  // Reuses the memory of `recycled`; its content is dropped.
  explicit ByteWriter(std::vector<std::byte> recycled) : out_(std::move(recycled)) {}

  void u8(std::uint8_t v) { *grow(1) = static_cast<std::byte>(v); }
  void u16(std::uint16_t v) { store_be<2>(grow(2), v); }
  void u32(std::uint32_t v) { store_be<4>(grow(4), v); }
  void u64(std::uint64_t v) { store_be<8>(grow(8), v); }
  void bytes(Bytes octets) {
    if (!octets.empty()) std::memcpy(grow(octets.size()), octets.data(), octets.size());
  }
  void text(std::string_view s) { bytes(std::as_bytes(std::span(s))); }
  void zeros(std::size_t n) {
    if (n > 0) std::memset(grow(n), 0, n);
  }
  // Memory for so many octets in all.
  void reserve(std::size_t n) {
    if (n > out_.size()) out_.resize(n);
  }
  // n octets more, which the caller fills; they move with the next write.
  [[nodiscard]] std::span<std::byte> extend(std::size_t n) { return {grow(n), n}; }
  // Takes back everything behind the first n octets.
  void truncate(std::size_t n) {
    if (n < used_) used_ = n;
  }

  // RFC 5810 section 6.2: the length covers T, L and V but not the pad to 4 octets.
  template <std::invocable Body>
  void tlv(std::uint16_t type, Body&& body) {
    const std::size_t start = used_;
    u16(type);
    u16(0);
    std::forward<Body>(body)();
    patch_u16(start + 2, used_ - start, "tlv.length");
    pad(start);
  }

  // RFC 5810 section 6.3, figure 16: identifier and length of 32 bits each.
  template <std::invocable Body>
  void ilv(std::uint32_t id, Body&& body) {
    const std::size_t start = used_;
    u32(id);
    u32(0);
    std::forward<Body>(body)();
    patch_u32(start + 4, used_ - start, "ilv.length");
    pad(start);
  }

  // `at` must lie in what was written already.
  void patch_u16(std::size_t at, std::size_t value, std::string_view field);
  void patch_u32(std::size_t at, std::size_t value, std::string_view field);

  // Zero octets until the distance from `start` is a multiple of 4.
  void pad(std::size_t start) { zeros((start - used_) % 4); }

  void fail(Errc code, std::string_view field, std::size_t at) {
    if (!error_) error_ = Error{code, static_cast<std::uint32_t>(at), field};
  }

  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] std::size_t size() const { return used_; }
  [[nodiscard]] Bytes written() const { return Bytes(out_).first(used_); }

  [[nodiscard]] Result<std::vector<std::byte>> finish() && {
    if (error_) return forces::fail(*error_);
    out_.resize(used_);
    return std::move(out_);
  }

 private:
  std::byte* grow(std::size_t n) {
    if (n > out_.size() - used_) enlarge(n);
    std::byte* const at = out_.data() + used_;
    used_ += n;
    return at;
  }
  void enlarge(std::size_t n);

  std::vector<std::byte> out_;  // of which the first used_ are written: a store is no resize
  std::size_t used_ = 0;
  std::optional<Error> error_;
};

}  // namespace forces::wire
