#include "proto/rsvp/header.hpp"

#include <utility>

namespace forces::rsvp {
namespace {

// Of words in the order of memory: the sum of RFC 1071 does not depend on the order of octets.
std::uint16_t ones_sum(wire::Bytes octets) {
  std::uint64_t sum = 0;
  const std::byte* at = octets.data();
  std::size_t left = octets.size();
  for (; left >= 4; at += 4, left -= 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, at, 4);
    sum += word;
  }
  std::uint32_t tail = 0;
  if (left > 0) std::memcpy(&tail, at, left);
  sum += tail;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return std::byteswap(static_cast<std::uint16_t>(sum));
}

}  // namespace

Result<Header> decode_header(wire::Bytes octets, std::size_t base) {
  wire::ByteReader r(octets, base);
  const unsigned first = r.u8("rsvp.version");
  Header header{.flags = static_cast<std::uint8_t>(first & 0x0f),
                .type = static_cast<MessageType>(r.u8("rsvp.type")),
                .checksum = r.u16("rsvp.checksum"),
                .send_ttl = r.u8("rsvp.send_ttl")};
  r.take(1, "rsvp.header");
  header.length = r.u16("rsvp.length");
  if (!r.ok()) return fail(r.error());
  if (first >> 4 != kVersion) return fail(Errc::BadVersion, "rsvp.version", base);
  if (header.length < kHeaderSize || header.length % 4 != 0) {
    return fail(Errc::BadLength, "rsvp.length", base + 6);
  }
  if (header.length > octets.size()) {
    return fail(Errc::Truncated, "rsvp.length", base + octets.size());
  }
  return header;
}

void encode_header(const Header& header, wire::ByteWriter& w) {
  if (header.flags > 0x0f) w.fail(Errc::TooLarge, "rsvp.flags", w.size());
  w.u8(static_cast<std::uint8_t>(kVersion << 4 | (header.flags & 0x0f)));
  w.u8(std::to_underlying(header.type));
  w.u16(header.checksum);
  w.u8(header.send_ttl);
  w.u8(0);
  w.u16(header.length);
}

std::uint16_t checksum(wire::Bytes message) {
  if (message.size() < kHeaderSize) return 0;
  // The field itself is taken out of the sum, so that the message need not be copied.
  const auto sent = static_cast<std::uint16_t>(wire::load_be<2>(message.data() + kChecksumAt));
  std::uint32_t sum = ones_sum(message) + static_cast<std::uint32_t>(0xffff - sent);
  sum = (sum & 0xffff) + (sum >> 16);
  const auto check = static_cast<std::uint16_t>(~sum);
  return check == 0 ? 0xffff : check;
}

bool checksum_good(wire::Bytes message) {
  if (message.size() < kHeaderSize) return false;
  const auto sent = static_cast<std::uint16_t>(wire::load_be<2>(message.data() + kChecksumAt));
  return sent == 0 || sent == checksum(message);
}

void put_checksum(std::span<std::byte> message) {
  if (message.size() < kHeaderSize) return;
  wire::store_be<2>(message.data() + kChecksumAt, 0);
  wire::store_be<2>(message.data() + kChecksumAt, checksum(message));
}

}  // namespace forces::rsvp
