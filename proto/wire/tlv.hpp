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

// A run of TLVs or ILVs as spans, by the same rules: for walks in which a reader a value would
// cost. `Width` is that of each of the two fields of the header.
template <std::size_t Width>
class Cursor {
 public:
  static constexpr std::size_t kHeader = 2 * Width;

  // `base` as for ByteReader.
  explicit Cursor(Bytes in, std::size_t base = 0)
      : begin_(in.data()), at_(begin_), end_(begin_ + in.size()), base_(base) {}

  // Steps to the next one. False at the end, and at one that cannot be: then failed().
  [[nodiscard]] bool next() {
    const std::byte* const next = at_ + padded_;
    const std::size_t left = static_cast<std::size_t>(end_ - next);
    if (left < kHeader) [[unlikely]]
      return stop(next);
    const std::size_t length = load_be<Width>(next + Width);
    if (length < kHeader || length > left) [[unlikely]]
      return stop(next);
    at_ = next;
    length_ = length;
    const std::size_t padded = (length + 3) / 4 * 4;
    padded_ = padded < left ? padded : left;
    return true;
  }

  // Of the one that next() stepped to.
  [[nodiscard]] std::uint32_t type() const {  // of an ILV: the identifier
    return static_cast<std::uint32_t>(load_be<Width>(at_));
  }
  [[nodiscard]] Bytes value() const { return {at_ + kHeader, length_ - kHeader}; }
  [[nodiscard]] Bytes padding() const { return {at_ + length_, padded_ - length_}; }
  [[nodiscard]] std::size_t offset() const { return base_ + to_size(at_ - begin_); }
  [[nodiscard]] std::size_t value_offset() const { return offset() + kHeader; }
  [[nodiscard]] std::size_t end_offset() const { return offset() + padded_; }  // behind the padding
  [[nodiscard]] Bytes rest() const { return {at_ + padded_, to_size(end_ - at_) - padded_}; }

  [[nodiscard]] bool failed() const { return failed_; }
  // Only when failed(): the one behind the last.
  [[nodiscard]] Error error(std::string_view field) const {
    ByteReader r(rest(), end_offset());
    r.take(Width, field);
    const std::size_t length_at = r.offset();
    const Bytes length_field = r.take(Width, field);
    if (r.ok() && load_be<Width>(length_field.data()) < kHeader) {
      r.fail(Errc::BadLength, field, length_at);
    }
    r.fail(Errc::Truncated, field, r.offset());
    return r.error();
  }

 private:
  static std::size_t to_size(std::ptrdiff_t n) { return static_cast<std::size_t>(n); }
  bool stop(const std::byte* next) {
    failed_ = next != end_;
    return false;
  }

  const std::byte* begin_;
  const std::byte* at_;  // the current one; `length_` and `padded_` are 0 before the first
  const std::byte* end_;
  std::size_t length_ = 0, padded_ = 0;
  std::size_t base_;
  bool failed_ = false;
};
using TlvCursor = Cursor<2>;
using IlvCursor = Cursor<4>;

}  // namespace forces::wire
