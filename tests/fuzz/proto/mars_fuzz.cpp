// A message that decodes must encode, and decode to the same value again; parts put together give
// what was cut.
#include <algorithm>
#include <span>
#include <vector>

#include "proto/mars/data.hpp"
#include "proto/mars/message.hpp"
#include "proto/mars/parts.hpp"
#include "proto/mars/rules.hpp"
#include "tests/fuzz/events.hpp"

namespace {

namespace mars = forces::mars;
using forces::fuzz::require;
using forces::wire::Bytes;

void cut_and_join(const mars::Message& message) {
  const auto parts = mars::split(message, 200);
  if (!parts) return;
  mars::Assembly assembly;
  for (const mars::Message& part : *parts) {
    const auto octets = mars::encode_message(part);
    require(octets.has_value() && (octets->size() <= 200 || parts->size() == 1));
    const auto status = assembly.add(part);
    require(status ==
            (part.last ? mars::Assembly::Status::Complete : mars::Assembly::Status::More));
  }
  require(assembly.result()->groups == message.groups);
  require(std::ranges::is_permutation(assembly.result()->targets, message.targets));
}

void read_message(Bytes octets) {
  auto message = mars::decode_message(octets);
  if (!message) {
    require(message.error().offset <= octets.size());
    return;
  }
  (void)mars::tlv_action(message->tlvs);
  (void)mars::check_from_endpoint(*message);
  (void)mars::layer3_group(*message);
  message->flags.value &= static_cast<std::uint16_t>(~mars::Flags::kReserved);
  const auto again = mars::encode_message(*message);
  require(again.has_value() && again->size() == octets.size());
  require(again->size() == mars::encoded_size(*message));
  auto same = mars::decode_message(*again);
  require(same.has_value());
  same->checksummed = message->checksummed;  // a sum that comes out as 0 looks like none
  require(*same == *message);
  cut_and_join(*message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  if (size > mars::kMaxMessage) return 0;
  read_message(input);
  std::vector<std::byte> octets(input.begin(), input.end());
  if (size >= mars::kFixedHeader) octets[12] = octets[13] = std::byte{0};  // no checksum
  read_message(octets);
  (void)mars::decode_type1(input);
  (void)mars::decode_type2(input);
  return 0;
}
