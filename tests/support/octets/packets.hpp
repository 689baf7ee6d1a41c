// IPv4 packets for tests of the redirect path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/wire/writer.hpp"

namespace forces::test {

struct Ipv4 {
  std::uint32_t source = 0x0a620002;       // 10.98.0.2
  std::uint32_t destination = 0xe0000005;  // 224.0.0.5
  std::uint8_t protocol = 89;
  std::uint8_t tos = 0xc0;
  std::uint8_t ttl = 1;
  std::vector<std::byte> payload{};
  std::vector<std::byte> options{};  // a multiple of 4 octets
};

inline std::vector<std::byte> packet(const Ipv4& p) {
  const std::size_t header = 20 + p.options.size();
  wire::ByteWriter w;
  w.u8(static_cast<std::uint8_t>(0x40 | header / 4));
  w.u8(p.tos);
  w.u16(static_cast<std::uint16_t>(header + p.payload.size()));
  w.u32(0);
  w.u8(p.ttl);
  w.u8(p.protocol);
  w.u16(0);
  w.u32(p.source);
  w.u32(p.destination);
  w.bytes(p.options);
  auto octets = std::move(w).finish().value();
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); i += 2) {
    sum += static_cast<std::uint32_t>(octets[i]) << 8 | static_cast<std::uint32_t>(octets[i + 1]);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  octets[10] = static_cast<std::byte>(~sum >> 8);
  octets[11] = static_cast<std::byte>(~sum);
  octets.insert(octets.end(), p.payload.begin(), p.payload.end());
  return octets;
}

}  // namespace forces::test
