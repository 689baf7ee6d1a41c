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
  explicit Cursor(Bytes in, std::size_t base = 0) : left_(in), base_(base) {}

  // Steps to the next one. False at the end, and at one that cannot be: then failed().
  [[nodiscard]] bool next() {
    const std::size_t size = left_.size();
    if (size == 0) return false;
    offset_ = base_;
    if (size < kHeader) return stop(Errc::Truncated, size < Width ? 0 : Width);
    type_ = static_cast<std::uint32_t>(load_be<Width>(left_.data()));
    const std::size_t length = load_be<Width>(left_.data() + Width);
    if (length < kHeader) return stop(Errc::BadLength, Width);
    if (length > size) return stop(Errc::Truncated, kHeader);
    value_ = left_.subspan(kHeader, length - kHeader);
    const std::size_t padded = (length + 3) / 4 * 4;
    const std::size_t whole = padded < size ? padded : size;
    left_ = left_.subspan(whole);
    base_ += whole;
    return true;
  }

  [[nodiscard]] std::uint32_t type() const { return type_; }  // of an ILV: the identifier
  [[nodiscard]] Bytes value() const { return value_; }
  [[nodiscard]] std::size_t offset() const { return offset_; }  // of the header
  [[nodiscard]] std::size_t value_offset() const { return offset_ + kHeader; }
  [[nodiscard]] bool at_end() const { return left_.empty(); }
  [[nodiscard]] std::size_t end_offset() const { return base_; }  // behind the padding
  // As much as there is of the padding.
  [[nodiscard]] Bytes padding() const {
    return {value_.data() + value_.size(), base_ - value_offset() - value_.size()};
  }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] Error error(std::string_view field) const {
    return {problem_, static_cast<std::uint32_t>(problem_at_), field};
  }

 private:
  bool stop(Errc problem, std::size_t at) {
    failed_ = true;
    problem_ = problem;
    problem_at_ = offset_ + at;
    left_ = {};
    return false;
  }

  Bytes left_;
  std::size_t base_;
  Bytes value_{};
  std::size_t offset_ = 0;
  std::uint32_t type_ = 0;
  bool failed_ = false;
  Errc problem_{};
  std::size_t problem_at_ = 0;
};
using TlvCursor = Cursor<2>;
using IlvCursor = Cursor<4>;

}  // namespace forces::wire
