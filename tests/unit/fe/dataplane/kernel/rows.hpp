// Rows in few words, for the tests of this room.
#pragma once

#include <arpa/inet.h>

#include <string>

#include "fe/dataplane/kernel/rows.hpp"

namespace forces::fe::dataplane::kernel::test {

inline Address address(const std::string& text) {
  Address a{text.contains(':') ? Family::Ipv6 : Family::Ipv4, {}};
  inet_pton(a.family == Family::Ipv4 ? AF_INET : AF_INET6, text.c_str(), a.octets.data());
  return a;
}
inline Prefix prefix(const std::string& text) {
  const auto slash = text.find('/');
  return {address(text.substr(0, slash)),
          static_cast<std::uint8_t>(std::stoi(text.substr(slash + 1)))};
}
inline ObjectId hop4(std::uint32_t row) {
  return object_id(Family::Ipv4, ObjectKind::NextHop, row);
}
inline ObjectId hop6(std::uint32_t row) {
  return object_id(Family::Ipv6, ObjectKind::NextHop, row);
}
inline ObjectId set4(std::uint32_t row) { return object_id(Family::Ipv4, ObjectKind::Set, row); }
inline ObjectId set6(std::uint32_t row) { return object_id(Family::Ipv6, ObjectKind::Set, row); }
inline NextHop via(const std::string& gateway, std::uint32_t interface) {
  return {.gateway = address(gateway), .interface = interface};
}
// 16.0.0.0/28, 16.0.0.16/28, ... up to a million and more.
inline Prefix numbered(std::uint32_t n) {
  Prefix p{{Family::Ipv4, {}}, 28};
  const std::uint32_t value = 0x10000000 + (n << 4);
  for (std::size_t i = 0; i < 4; ++i) {
    p.address.octets[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  }
  return p;
}

}  // namespace forces::fe::dataplane::kernel::test
