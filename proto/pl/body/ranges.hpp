// The runs that a message is made of, to be walked with a range-for: TLVs, ILVs, IDs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>

#include "proto/wire/reader.hpp"
#include "proto/wire/tlv.hpp"

namespace forces::pl {

// `View` is made of a number and a value. Ends early at what cannot be, which a checked message has
// not.
template <class View, class Cursor>
class RunIterator {
 public:
  using value_type = View;
  using difference_type = std::ptrdiff_t;

  RunIterator(wire::Bytes octets, std::uint32_t only) : cursor_(octets), only_(only) { ++*this; }
  [[nodiscard]] View operator*() const { return View(cursor_.type(), cursor_.value()); }
  RunIterator& operator++() {
    do {
      more_ = cursor_.next();
    } while (more_ && only_ != 0 && cursor_.type() != only_);
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const RunIterator& it, std::default_sentinel_t) { return !it.more_; }

 private:
  Cursor cursor_;
  std::uint32_t only_;
  bool more_ = false;
};

// TLVs, or with a type `Only` those of that type.
template <class View, std::uint16_t Only = 0>
class TlvRange {
 public:
  TlvRange() = default;
  explicit TlvRange(wire::Bytes octets) : octets_(octets) {}
  [[nodiscard]] auto begin() const { return RunIterator<View, wire::TlvCursor>(octets_, Only); }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }
  [[nodiscard]] bool empty() const { return begin() == end(); }
  [[nodiscard]] wire::Bytes octets() const { return octets_; }

 private:
  wire::Bytes octets_{};
};

// RFC 5810 section 6.3. In a SPARSEDATA the identifier is a component or the index of a row, and
// the value of a struct or a table is a run of ILVs again: IlvRange(value), if the schema says so.
struct IlvView {
  std::uint32_t id = 0;
  wire::Bytes value{};

  IlvView() = default;
  IlvView(std::uint32_t number, wire::Bytes content) : id(number), value(content) {}
};

class IlvRange {
 public:
  IlvRange() = default;
  explicit IlvRange(wire::Bytes octets) : octets_(octets) {}
  [[nodiscard]] auto begin() const { return RunIterator<IlvView, wire::IlvCursor>(octets_, 0); }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }
  // For a value of which only the schema says that it holds ILVs: nothing has checked those.
  [[nodiscard]] bool well_formed() const {
    wire::IlvCursor cursor(octets_);
    while (cursor.next()) {
    }
    return !cursor.failed();
  }

 private:
  wire::Bytes octets_{};
};

// The IDs of one PATH-DATA, in network order.
class IdsView {
 public:
  IdsView() = default;
  explicit IdsView(wire::Bytes octets) : octets_(octets) {}

  [[nodiscard]] std::size_t size() const { return octets_.size() / 4; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::uint32_t operator[](std::size_t i) const {
    return static_cast<std::uint32_t>(wire::load_be<4>(octets_.data() + 4 * i));
  }
  [[nodiscard]] wire::Bytes octets() const { return octets_; }
  friend bool operator==(const IdsView& a, std::span<const std::uint32_t> b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < b.size(); ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }

 private:
  wire::Bytes octets_{};
};

inline constexpr std::size_t kMaxPathIds = 64;  // of a Path, over all PATH-DATA around it

// The path that nested PATH-DATA add up to.
class Path {
 public:
  // False, and nothing has changed, when it would get too long: E_INVALID_PATH.
  [[nodiscard]] bool append(const IdsView& ids) {
    if (ids.size() > kMaxPathIds - size_) return false;
    for (std::size_t i = 0; i < ids.size(); ++i) ids_[size_++] = ids[i];
    return true;
  }
  [[nodiscard]] bool append(std::uint32_t id) {
    if (size_ == kMaxPathIds) return false;
    ids_[size_++] = id;
    return true;
  }
  void truncate(std::size_t size) { size_ = std::min(size, size_); }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const std::uint32_t> ids() const { return {ids_.data(), size_}; }

 private:
  std::array<std::uint32_t, kMaxPathIds> ids_{};
  std::size_t size_ = 0;
};

}  // namespace forces::pl
