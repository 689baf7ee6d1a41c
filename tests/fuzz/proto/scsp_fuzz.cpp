// A packet that decodes is walked to its end, written again, and must then say the same; its CSAs
// are read as entries of MARS. Size and checksum are put right first, or nothing would get far.
#include <algorithm>
#include <span>
#include <vector>

#include "proto/mars/csa.hpp"
#include "proto/mars/rules.hpp"
#include "proto/scsp/authentication.hpp"
#include "proto/scsp/fault.hpp"
#include "proto/scsp/writer.hpp"
#include "proto/wire/checksum.hpp"
#include "proto/wire/snap.hpp"
#include "tests/fuzz/events.hpp"

namespace {

namespace scsp = forces::scsp;
namespace mars = forces::mars;
using forces::fuzz::require;
using forces::wire::Bytes;

void read_entry(const scsp::RecordView& record, std::size_t size) {
  auto entry = mars::decode_entry(record.body, record.body_offset());
  if (!entry) {
    require(entry.error().offset <= size);
    require(scsp::fault_of(entry.error()) != scsp::Fault::DiscardPacket);
    return;
  }
  entry->flags.value &= static_cast<std::uint16_t>(
      ~(mars::Flags::kReserved | mars::Flags::kCopy | mars::Flags::kPunched));
  forces::wire::ByteWriter w;
  mars::encode_entry(*entry, w);
  const auto again = std::move(w).finish();
  require(again.has_value() && again->size() == record.body.size());
  require(mars::decode_entry(*again) == *entry);
}

void read_packet(Bytes octets) {
  const auto packet = scsp::decode_packet(octets);
  if (!packet) {
    require(packet.error().offset <= octets.size());
    require(scsp::fault_of(packet.error()) == scsp::Fault::AbnormalEvent);
    return;
  }
  std::size_t records = 0, receivers = 0, extensions = 0;
  for (const scsp::RecordView record : packet->records) {
    ++records;
    if (packet->type == scsp::MsgType::CsuRequest) read_entry(record, octets.size());
  }
  for (const Bytes id : packet->receivers) {
    ++receivers;
    require(id.empty() || scsp::hears(*packet, id));
  }
  for (const scsp::ExtensionView extension : packet->extensions) {
    ++extensions;
    require(extension.offset + 4 + extension.value.size() <= octets.size());
  }
  require(records == packet->records.size() && receivers == packet->receivers.size());
  require(extensions == packet->extensions.size());
  (void)mars::check_scsp(*packet);
  (void)scsp::check_addressee(*packet, {.server_group = 23, .server_id = packet->receiver});

  auto again = scsp::encode_packet(*packet);
  require(again.has_value() && again->size() == octets.size());
  const auto same = scsp::decode_packet(*again);
  require(same.has_value());
  require(std::ranges::equal(*scsp::encode_packet(*same), *again));

  const auto auth = scsp::authentication(*packet);
  const auto input = scsp::digest_input(*packet);
  require(auth.has_value() == input.has_value());
  if (!auth) return;
  std::size_t covered = 0;
  for (const Bytes piece : *input) covered += piece.size();
  require(covered == octets.size());
  const std::vector<std::byte> mac(auth->mac.begin(), auth->mac.end());
  const auto before = *again;
  require(scsp::seal(*again, mac).has_value() && *again == before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  read_packet(input);
  const auto scan = forces::wire::scan_sdu(input);
  if (scan.status == forces::wire::SduStatus::Complete) {
    require(scan.length <= size);
    (void)forces::wire::decode_snap(scan.sdu);
  }
  if (size < scsp::kFixedPart || size > scsp::kMaxPacket) return 0;
  std::vector<std::byte> octets(input.begin(), input.end());
  octets[0] = std::byte{scsp::kVersion};
  forces::wire::store_be<2>(&octets[2], size);
  forces::wire::store_be<2>(&octets[4], 0);
  forces::wire::store_be<2>(&octets[4], forces::wire::internet_checksum(octets));
  read_packet(octets);
  (void)scsp::seal(octets, std::vector<std::byte>(scsp::kHmacMd5));
  return 0;
}
