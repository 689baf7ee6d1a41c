// A packet that decodes must encode, and decode to the same value again; its checksums are made
// right first, or hardly anything would get past them.
#include <span>
#include <vector>

#include "proto/igmp/packet.hpp"
#include "proto/wire/checksum.hpp"
#include "tests/fuzz/events.hpp"

namespace {

namespace igmp = forces::igmp;
using forces::fuzz::require;
using forces::wire::Bytes;

void read_packet(Bytes octets) {
  const auto packet = igmp::decode_packet(octets);
  if (!packet) return require(packet.error().offset <= octets.size());
  (void)igmp::sent_as_required(*packet);
  if (const auto* records = std::get_if<igmp::Records>(&packet->message)) {
    std::size_t seen = 0;
    for (auto walk = records->walk(); walk.next();) ++seen;
    require(seen == records->size());
  }
  forces::wire::ByteWriter w;
  igmp::encode_packet(*packet, w);
  const auto again = std::move(w).finish();
  require(again.has_value());
  require(igmp::decode_packet(*again) == *packet);
}

void read_message(Bytes octets) {
  // The sum of the rest is what the checksum must be; a message of IPv4 needs nothing more.
  std::vector<std::byte> message(octets.begin(), octets.end());
  if (message.size() < 4) return;
  message[2] = message[3] = std::byte{0};
  forces::wire::store_be<2>(&message[2], forces::wire::internet_checksum(message));
  const auto from = igmp::Address::ipv4(0x0a000001), to = igmp::Address::ipv4(0xe0000001);
  const auto decoded = igmp::decode_message(from, to, message);
  if (!decoded) return require(decoded.error().code != forces::Errc::BadChecksum);
  forces::wire::ByteWriter w;
  igmp::encode_packet({.source = from, .destination = to, .message = *decoded}, w);
  const auto packet = std::move(w).finish();
  require(packet.has_value());
  read_packet(*packet);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65'000) return 0;
  const Bytes input = std::as_bytes(std::span(data, size));
  read_packet(input);
  read_message(input);
  return 0;
}
