// Netlink is in the byte order of the host (RFC 3549 section 2.2), unlike everything in proto/: a
// bounds-checked reader for it over the big-endian one, and the two steps every netlink list has.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/wire/reader.hpp"

namespace forces::ce::routing::fpm {

// The same contract as wire::ByteReader: the first error wins, then every read gives zero.
class HostReader {
 public:
  explicit HostReader(wire::Bytes in, std::size_t base = 0) : in_(in, base) {}
  explicit HostReader(wire::ByteReader in) : in_(in) {}

  std::uint8_t u8(std::string_view f) { return in_.u8(f); }
  std::uint16_t u16(std::string_view f) { return in_host_order(in_.u16(f)); }
  std::uint32_t u32(std::string_view f) { return in_host_order(in_.u32(f)); }
  wire::Bytes take(std::size_t n, std::string_view f) { return in_.take(n, f); }
  wire::Bytes rest() { return in_.rest(); }
  HostReader sub(std::size_t n, std::string_view f) { return HostReader(in_.sub(n, f)); }

  void fail(Errc code, std::string_view field, std::size_t at) { in_.fail(code, field, at); }
  void fail(const Error& error) { in_.fail(error); }

  [[nodiscard]] bool ok() const { return in_.ok(); }
  [[nodiscard]] const Error& error() const { return in_.error(); }
  [[nodiscard]] bool empty() const { return in_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return in_.remaining(); }
  [[nodiscard]] std::size_t offset() const { return in_.offset(); }

  // What follows a length field of netlink: the octets it counts beyond the `header` read already
  // (in a 4-octet step), the padding skipped. The padding may be missing at the end.
  HostReader body(std::size_t length, std::size_t header, std::string_view f) {
    if (length < header) fail(Errc::BadLength, f, offset() - header);
    if (!ok()) return HostReader(wire::Bytes{}, offset());
    HostReader inner = sub(length - header, f);
    in_.skip_at_most((4 - length % 4) % 4);
    return inner;
  }

 private:
  template <class T>
  static T in_host_order(T big_endian) {
    return std::endian::native == std::endian::little ? std::byteswap(big_endian) : big_endian;
  }

  wire::ByteReader in_;
};

struct Attribute {
  std::uint16_t type = 0;  // without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER
  HostReader value{wire::Bytes{}};
};

// One attribute of a list: u16 length, u16 type, value, padding.
[[nodiscard]] inline Attribute read_attribute(HostReader& r, std::string_view field) {
  const std::uint16_t length = r.u16(field);
  const std::uint16_t type = r.u16(field);
  return {static_cast<std::uint16_t>(type & 0x3fff), r.body(length, 4, field)};
}

}  // namespace forces::ce::routing::fpm
