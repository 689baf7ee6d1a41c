// What layouts of objects are made of: addresses, and the two coders that go over a layout, one to
// read it and one to write it, so that a fixed layout is written down once.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/rsvp/codes.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::rsvp {

using Octets = std::vector<std::byte>;
using Words = std::vector<std::uint32_t>;

// An IPv4 or IPv6 address.
class Address {
 public:
  constexpr Address() = default;  // 0.0.0.0
  static constexpr Address v4(std::uint32_t value) {
    Address a;
    for (std::size_t i = 0; i < 4; ++i) {
      a.octets_[i] = static_cast<std::byte>(value >> (24 - 8 * i));
    }
    return a;
  }
  static constexpr Address v6(const std::array<std::byte, 16>& octets) {
    Address a;
    a.octets_ = octets;
    a.v6_ = true;
    return a;
  }

  [[nodiscard]] constexpr bool is_v6() const { return v6_; }
  [[nodiscard]] std::uint32_t v4() const {  // only when it is one
    return static_cast<std::uint32_t>(wire::load_be<4>(octets_.data()));
  }
  [[nodiscard]] constexpr wire::Bytes octets() const {
    return wire::Bytes(octets_).first(v6_ ? 16 : 4);
  }

  friend constexpr auto operator<=>(const Address&, const Address&) = default;

 private:
  bool v6_ = false;
  std::array<std::byte, 16> octets_{};
};

// An IEEE number of 32 bits as it is on the wire: bandwidths, in octets a second.
struct Ieee32 {
  std::uint32_t bits = 0;
  static constexpr Ieee32 of(float value) { return {std::bit_cast<std::uint32_t>(value)}; }
  [[nodiscard]] constexpr float value() const { return std::bit_cast<float>(bits); }
  friend bool operator==(const Ieee32&, const Ieee32&) = default;
};

// Reads what stands behind the four octets of an object's header.
class Reading {
 public:
  Reading(wire::Bytes body, std::size_t base, std::uint8_t c_type)
      : r_(body, base), c_type_(c_type) {}

  template <class T>
  void u8(T& v, std::string_view f) {
    v = static_cast<T>(r_.u8(f));
  }
  template <class T>
  void u16(T& v, std::string_view f) {
    v = static_cast<T>(r_.u16(f));
  }
  void u24(std::uint32_t& v, std::string_view f) {
    const std::uint32_t high = r_.u8(f);
    v = high << 16 | r_.u16(f);
  }
  template <class T>
  void u32(T& v, std::string_view f) {
    v = static_cast<T>(r_.u32(f));
  }
  void u48(std::uint64_t& v, std::string_view f) {
    const std::uint64_t high = r_.u16(f);
    v = high << 32 | r_.u32(f);
  }
  void u64(std::uint64_t& v, std::string_view f) { v = r_.u64(f); }
  void reserved(std::size_t n, std::string_view f) { r_.take(n, f); }
  void address(Address& v, std::string_view f) { v = address(v6_, f); }
  [[nodiscard]] Address address(bool v6, std::string_view f);
  void rest(Octets& v, std::string_view) { v = octets(r_.rest()); }
  void words(Words& v, std::string_view f);  // all that are left, at least one
  void text(std::string& v, std::size_t n, std::string_view f);

  void family(bool v6) { v6_ = v6; }
  [[nodiscard]] bool v6() const { return v6_; }
  [[nodiscard]] std::uint8_t c_type() const { return c_type_; }
  [[nodiscard]] wire::ByteReader& reader() { return r_; }
  [[nodiscard]] static Octets octets(wire::Bytes octets) { return {octets.begin(), octets.end()}; }

 private:
  wire::ByteReader r_;
  std::uint8_t c_type_;
  bool v6_ = false;
};

// Writes the same. A value that its field cannot hold is an error.
class Writing {
 public:
  explicit Writing(wire::ByteWriter& w) : w_(w) {}

  template <class T>
  void u8(const T& v, std::string_view) {
    w_.u8(static_cast<std::uint8_t>(v));
  }
  template <class T>
  void u16(const T& v, std::string_view) {
    w_.u16(static_cast<std::uint16_t>(v));
  }
  void u24(std::uint32_t v, std::string_view f) {
    fits(v < 1U << 24, f);
    w_.u8(static_cast<std::uint8_t>(v >> 16));
    w_.u16(static_cast<std::uint16_t>(v));
  }
  template <class T>
  void u32(const T& v, std::string_view) {
    w_.u32(static_cast<std::uint32_t>(v));
  }
  void u48(std::uint64_t v, std::string_view f) {
    fits(v >> 48 == 0, f);
    w_.u16(static_cast<std::uint16_t>(v >> 32));
    w_.u32(static_cast<std::uint32_t>(v));
  }
  void u64(std::uint64_t v, std::string_view) { w_.u64(v); }
  void reserved(std::size_t n, std::string_view) { w_.zeros(n); }
  // Addresses of one object are of one family.
  void address(const Address& v, std::string_view f) {
    if (v.is_v6() != v6_) w_.fail(Errc::BadValue, f, w_.size());
    w_.bytes(v.octets());
  }
  void rest(const Octets& v, std::string_view f) {
    fits(v.size() % 4 == 0, f);
    w_.bytes(v);
  }
  void words(const Words& v, std::string_view f) {
    if (v.empty()) w_.fail(Errc::Missing, f, w_.size());
    for (const std::uint32_t word : v) w_.u32(word);
  }
  void fits(bool does, std::string_view f) {
    if (!does) w_.fail(Errc::TooLarge, f, w_.size());
  }

  void family(bool v6) { v6_ = v6; }
  [[nodiscard]] wire::ByteWriter& writer() { return w_; }

 private:
  wire::ByteWriter& w_;
  bool v6_ = false;
};

}  // namespace forces::rsvp
