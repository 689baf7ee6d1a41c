// The common header of RFC 2205 section 3.1.1, and the Internet checksum over a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/core/result.hpp"
#include "proto/rsvp/codes.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::rsvp {

inline constexpr unsigned kVersion = 1;
inline constexpr std::uint8_t kRefreshReductionCapable = 0x01;  // RFC 2961 section 2
inline constexpr std::size_t kHeaderSize = 8;
inline constexpr std::size_t kMaxMessage = 0xffff;
inline constexpr std::size_t kChecksumAt = 2;  // octet of the message

struct Header {
  std::uint8_t flags = 0;  // four bits
  MessageType type{};
  std::uint16_t checksum = 0;  // 0: none was sent
  std::uint8_t send_ttl = 0;
  std::uint16_t length = 0;  // of the message, with the header

  friend bool operator==(const Header&, const Header&) = default;
};

// The first message of `octets`, which may hold more. The length lies within `octets`, is at least
// 8 and a multiple of 4; the checksum is not looked at.
[[nodiscard]] Result<Header> decode_header(wire::Bytes octets, std::size_t base = 0);

// Checksum and length are those of the value.
void encode_header(const Header& header, wire::ByteWriter& w);

// RFC 2205 section 3.1.1: the one's complement of the one's complement sum of the message, its
// checksum field taken as 0. Never 0 itself, since 0 says that there is none: an all-ones sum is
// sent as 0xffff.
[[nodiscard]] std::uint16_t checksum(wire::Bytes message);

// True too for a message without a checksum.
[[nodiscard]] bool checksum_good(wire::Bytes message);

// Writes the checksum into a whole message; afterwards no octet of it may change.
void put_checksum(std::span<std::byte> message);

}  // namespace forces::rsvp
