// A message as spans of its octets: header and objects, walked with range-for. Allocates nothing.
// What is to be forwarded unmodified is taken from here, octet for octet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

#include "proto/rsvp/header.hpp"

namespace forces::rsvp {

inline constexpr std::size_t kObjectHeader = 4;
inline constexpr std::size_t kMaxObjects = 1024;  // a message
inline constexpr std::size_t kMaxBundled = 512;   // messages in a Bundle

struct ObjectView {
  std::uint8_t number = 0;  // Class-Num
  std::uint8_t c_type = 0;
  wire::Bytes octets;      // with the four of the header
  std::size_t offset = 0;  // of the first octet in the input

  [[nodiscard]] Class class_number() const { return static_cast<Class>(number); }
  [[nodiscard]] wire::Bytes body() const { return octets.subspan(kObjectHeader); }
};

// Objects one behind the other; their lengths were checked.
class ObjectRange {
 public:
  class iterator {  // NOLINT(readability-identifier-naming): as the standard library has it
   public:
    using value_type = ObjectView;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    explicit iterator(wire::Bytes left, std::size_t offset) : left_(left), offset_(offset) {}

    ObjectView operator*() const {
      return {std::to_integer<std::uint8_t>(left_[2]), std::to_integer<std::uint8_t>(left_[3]),
              left_.first(length()), offset_};
    }
    iterator& operator++() {
      const std::size_t n = length();
      left_ = left_.subspan(n);
      offset_ += n;
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const iterator& other) const { return left_.size() == other.left_.size(); }

   private:
    [[nodiscard]] std::size_t length() const { return wire::load_be<2>(left_.data()); }
    wire::Bytes left_;
    std::size_t offset_ = 0;
  };

  ObjectRange() = default;
  ObjectRange(wire::Bytes octets, std::size_t offset, std::size_t size)
      : octets_(octets), offset_(offset), size_(size) {}
  [[nodiscard]] iterator begin() const { return iterator(octets_, offset_); }
  [[nodiscard]] iterator end() const { return {}; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  wire::Bytes octets_;
  std::size_t offset_ = 0;
  std::size_t size_ = 0;
};

class MessageView {
 public:
  // `octets` are one message and nothing else. Version, length, checksum and the lengths of the
  // objects are checked; what is inside the objects is not. `offset` is the place of octets[0] in
  // the input that errors are reported against.
  [[nodiscard]] static Result<MessageView> parse(wire::Bytes octets, std::size_t offset = 0);

  [[nodiscard]] const Header& header() const { return header_; }
  [[nodiscard]] wire::Bytes octets() const { return octets_; }
  [[nodiscard]] std::size_t offset() const { return offset_; }
  // Of a Bundle: what stands before its sub-messages.
  [[nodiscard]] const ObjectRange& objects() const { return objects_; }
  [[nodiscard]] std::optional<ObjectView> find(Class number) const;  // the first
  // RFC 2961 section 3.2; empty for other messages.
  [[nodiscard]] wire::Bytes bundled() const { return bundled_; }

 private:
  Header header_;
  wire::Bytes octets_;
  std::size_t offset_ = 0;
  ObjectRange objects_;
  wire::Bytes bundled_;
};

// One sub-message of a Bundle.
struct SubMessage {
  wire::Bytes octets;
  std::size_t offset = 0;  // as that of MessageView::parse
};

// Each is to be parsed and judged on its own (RFC 2961 section 3.4): that one of them is bad does
// not touch the others. An error here is one of the Bundle: nothing tells where the next begins.
[[nodiscard]] Result<std::vector<SubMessage>> split_bundle(const MessageView& view);

}  // namespace forces::rsvp
