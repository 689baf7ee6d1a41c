// Big-endian writing: appends; length fields are patched when the body is known, never guessed.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
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
  // Reuses the capacity of `recycled`; its content is dropped.
  explicit ByteWriter(std::vector<std::byte> recycled) : out_(std::move(recycled)) { out_.clear(); }

  void u8(std::uint8_t v) { out_.push_back(static_cast<std::byte>(v)); }
  void u16(std::uint16_t v) { store<2>(v); }
  void u32(std::uint32_t v) { store<4>(v); }
  void u64(std::uint64_t v) { store<8>(v); }
  void bytes(Bytes octets) { out_.insert(out_.end(), octets.begin(), octets.end()); }
  void text(std::string_view s) { bytes(std::as_bytes(std::span(s))); }
  void zeros(std::size_t n) { out_.resize(out_.size() + n); }
  void reserve(std::size_t n) { out_.reserve(n); }

  // RFC 5810 section 6.2: the length covers T, L and V but not the pad to 4 octets.
  template <std::invocable Body>
  void tlv(std::uint16_t type, Body&& body) {
    const std::size_t start = out_.size();
    u16(type);
    u16(0);
    std::forward<Body>(body)();
    patch_u16(start + 2, out_.size() - start, "tlv.length");
    pad(start);
  }

  // RFC 5810 section 6.3, figure 16: identifier and length of 32 bits each.
  template <std::invocable Body>
  void ilv(std::uint32_t id, Body&& body) {
    const std::size_t start = out_.size();
    u32(id);
    u32(0);
    std::forward<Body>(body)();
    patch_u32(start + 4, out_.size() - start, "ilv.length");
    pad(start);
  }

  // `at` must lie in what was written already.
  void patch_u16(std::size_t at, std::size_t value, std::string_view field);
  void patch_u32(std::size_t at, std::size_t value, std::string_view field);

  // Zero octets until the distance from `start` is a multiple of 4.
  void pad(std::size_t start) { zeros((4 - (out_.size() - start) % 4) % 4); }

  void fail(Errc code, std::string_view field, std::size_t at) {
    if (!error_) error_ = Error{code, static_cast<std::uint32_t>(at), field};
  }

  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] Bytes written() const { return out_; }

  [[nodiscard]] Result<std::vector<std::byte>> finish() && {
    if (error_) return forces::fail(*error_);
    return std::move(out_);
  }

 private:
  template <std::size_t N>
  void store(std::uint64_t v) {
    const std::size_t at = out_.size();
    out_.resize(at + N);
    for (std::size_t i = 0; i < N; ++i) {
      out_[at + i] = static_cast<std::byte>(v >> (8 * (N - 1 - i)));
    }
  }

  std::vector<std::byte> out_;
  std::optional<Error> error_;
};

}  // namespace forces::wire
