// Big-endian, bounds-checked reading of octets; the first error wins and is kept.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "common/core/error.hpp"

namespace forces::wire {

using Bytes = std::span<const std::byte>;

// An unsigned integer of N octets, most significant first; `at` has them.
template <std::size_t N>
std::uint64_t load_be(const std::byte* at) {
  static_assert(std::endian::native == std::endian::little);
  using Word = std::conditional_t<
      N == 1, std::uint8_t,
      std::conditional_t<N == 2, std::uint16_t,
                         std::conditional_t<N == 4, std::uint32_t, std::uint64_t>>>;
  static_assert(sizeof(Word) == N);
  Word word = 0;
  std::memcpy(&word, at, N);
  return std::byteswap(word);
}

template <std::size_t N>
void store_be(std::byte* at, std::uint64_t v) {
  static_assert(std::endian::native == std::endian::little);
  v = std::byteswap(v) >> (8 * (8 - N));
  std::memcpy(at, &v, N);
}

// A cursor over octets that belong to somebody else. After an error every read gives zero or an
// empty span, so a decoder reads all its fields and asks ok() once. Field names are literals.
class ByteReader {
 public:
  // `base` is the place of in[0] in the input that errors are reported against.
  explicit ByteReader(Bytes in, std::size_t base = 0) : in_(in), base_(base) {}

  std::uint8_t u8(std::string_view f) { return static_cast<std::uint8_t>(load<1>(f)); }
  std::uint16_t u16(std::string_view f) { return static_cast<std::uint16_t>(load<2>(f)); }
  std::uint32_t u32(std::string_view f) { return static_cast<std::uint32_t>(load<4>(f)); }
  std::uint64_t u64(std::string_view f) { return load<8>(f); }

  Bytes take(std::size_t n, std::string_view f) {
    if (failed_) return {};
    if (n > in_.size()) {
      fail(Errc::Truncated, f, offset());
      return {};
    }
    const Bytes head = in_.first(n);
    in_ = in_.subspan(n);
    base_ += n;
    return head;
  }

  // A child that cannot read past n octets; its offsets stay those of the whole input. Check ok()
  // of the parent before trusting the child: after a failure here the child is empty but clean.
  ByteReader sub(std::size_t n, std::string_view f) {
    const std::size_t start = base_;
    return ByteReader(take(n, f), start);
  }

  // Everything that is left.
  Bytes rest() { return take(remaining(), ""); }

  // Skips up to n octets and never fails: for padding that a sender may have left out at the end.
  void skip_at_most(std::size_t n) { take(n < remaining() ? n : remaining(), ""); }

  // Records an error found by the caller, unless an earlier one is there.
  void fail(Errc code, std::string_view field, std::size_t at) {
    fail(Error{code, static_cast<std::uint32_t>(at), field});
  }
  void fail(const Error& error) {
    if (failed_) return;
    failed_ = true;
    error_ = error;
  }

  [[nodiscard]] bool ok() const { return !failed_; }
  [[nodiscard]] const Error& error() const { return error_; }  // only when !ok()
  // Empty after an error too, so that `while (!r.empty())` always ends.
  [[nodiscard]] bool empty() const { return failed_ || in_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return failed_ ? 0 : in_.size(); }
  [[nodiscard]] std::size_t offset() const { return base_; }

 private:
  template <std::size_t N>
  std::uint64_t load(std::string_view f) {
    const Bytes octets = take(N, f);
    return octets.size() == N ? load_be<N>(octets.data()) : 0;
  }

  Bytes in_;
  std::size_t base_;
  Error error_;
  bool failed_ = false;
};

}  // namespace forces::wire
