#include "proto/scsp/packet.hpp"

#include <array>

#include "proto/scsp/fault.hpp"
#include "proto/wire/checksum.hpp"

namespace forces::scsp {
namespace {

using wire::ByteReader;

// Steps over records that must be there. A CSAS that stands alone is exactly as long as its parts.
void check_records(ByteReader& r, std::size_t count, bool embedded) {
  for (std::size_t i = 0; i < count && r.ok(); ++i) {
    const std::size_t at = r.offset();
    r.take(2, "scsp.record.hop_count");
    const std::size_t length = r.u16("scsp.record.length");
    const std::size_t key = r.u8("scsp.record.key_length");
    const std::size_t originator = r.u8("scsp.record.originator_length");
    r.take(2, "scsp.record.flags");
    const auto sequence = SequenceNumber::from_wire(r.u32("scsp.record.sequence"));
    if (!r.ok()) return;
    const std::size_t summary = kCsasFixed + key + originator;
    if (length < summary || (!embedded && length > summary)) {
      return r.fail(Errc::BadLength, "scsp.record.length", at + 2);
    }
    if (sequence == kReservedSequence) {
      return r.fail(Errc::BadValue, "scsp.record.sequence", at + 8);
    }
    r.take(length - kCsasFixed, "scsp.record");
  }
}

void check_receivers(ByteReader& r, std::size_t count) {
  for (std::size_t i = 0; i < count && r.ok(); ++i) {
    r.take(r.u8("scsp.receiver_record"), "scsp.receiver_record");
  }
}

// Extensions of one type are alike, those of vendors when their vendor is the same (B.3, B.3.2).
std::uint64_t kind_of(const ExtensionView& extension) {
  const auto type = static_cast<std::uint64_t>(extension.type);
  if (extension.type != ExtensionType::VendorPrivate) return type << 24;
  return type << 24 | wire::load_be<2>(extension.value.data()) << 8 |
         std::to_integer<std::uint64_t>(extension.value[2]);
}

void check_extension(ByteReader& r, const ExtensionView& extension) {
  const std::size_t size = extension.value.size();
  const std::size_t at = extension.offset + 2;
  if (extension.type == ExtensionType::Authentication) {
    if (size < 5) r.fail(Errc::BadLength, "scsp.authentication.length", at);
    if (size > 4 + kMaxMac) r.fail(Errc::TooLarge, "scsp.authentication.length", at);
  } else if (extension.type == ExtensionType::VendorPrivate) {
    if (size < 3) r.fail(Errc::BadLength, "scsp.vendor.length", at);
  }
}

ExtensionRange check_extensions(ByteReader& r, Bytes octets) {
  std::array<std::uint64_t, kMaxExtensions> seen{};
  std::size_t count = 0;
  const std::size_t start = r.offset();
  for (;;) {
    if (r.ok() && r.remaining() == 0) r.fail(Errc::Missing, "scsp.extensions.end", r.offset());
    const std::size_t at = r.offset();
    const std::size_t type = r.u16("scsp.extension.type");
    const std::size_t length = r.u16("scsp.extension.length");
    if (!r.ok()) return {};
    if (type == 0) {
      if (length != 0) r.fail(Errc::BadLength, "scsp.extensions.end", at + 2);
      if (!r.empty()) r.fail(Errc::TrailingOctets, "scsp.extensions.end", r.offset());
      return {octets.subspan(start, at - start), count, start};
    }
    r.take(length, "scsp.extension.length");
    if (!r.ok()) return {};
    const ExtensionView extension(octets.subspan(at), at);
    check_extension(r, extension);
    if (!r.ok()) return {};
    if (count == kMaxExtensions) r.fail(Errc::TooMany, "scsp.extensions", at);
    const std::uint64_t kind = kind_of(extension);
    for (std::size_t i = 0; i < count; ++i) {
      if (seen[i] == kind) r.fail(Errc::Duplicate, "scsp.extension.type", at);
    }
    if (!r.ok()) return {};
    seen[count++] = kind;
  }
}

void read_mandatory_part(ByteReader& r, Packet& packet) {
  if (packet.type == MsgType::CacheAlignment) {
    packet.alignment.sequence = r.u32("scsp.ca.sequence");
  } else if (packet.type == MsgType::Hello) {
    packet.hello.interval = r.u16("scsp.hello.interval");
    packet.hello.dead_factor = r.u16("scsp.hello.dead_factor");
    r.take(2, "scsp.hello.unused");
    packet.hello.family = r.u16("scsp.hello.family_id");
  }
  packet.protocol = r.u16(kFieldProtocol);
  packet.server_group = r.u16(kFieldServerGroup);
  r.take(2, "scsp.unused");
  const unsigned flags = r.u16("scsp.flags");
  const std::size_t sender_at = r.offset();
  const std::size_t sender = r.u8("scsp.sender_length");
  const std::size_t receiver = r.u8("scsp.receiver_length");
  const std::size_t count = r.u16("scsp.records");
  packet.sender = r.take(sender, "scsp.sender_id");
  packet.receiver = r.take(receiver, kFieldReceiver);
  if (!r.ok()) return;
  if (sender == 0) return r.fail(Errc::BadLength, "scsp.sender_length", sender_at);
  if (packet.type == MsgType::CacheAlignment) {
    packet.alignment.master = (flags & kCaMaster) != 0;
    packet.alignment.initialize = (flags & kCaInitialize) != 0;
    packet.alignment.more = (flags & kCaMore) != 0;
  }
  const std::size_t start = r.offset();
  if (packet.type == MsgType::Hello) {
    check_receivers(r, count);
  } else {
    check_records(r, count, packet.type == MsgType::CsuRequest);
  }
  if (!r.empty()) r.fail(Errc::TrailingOctets, "scsp.records", r.offset());
  if (!r.ok()) return;
  const Bytes run = packet.octets.subspan(start, r.offset() - start);
  if (packet.type == MsgType::Hello) {
    packet.receivers = {run, count, start};
  } else {
    packet.records = {run, count, start};
  }
}

}  // namespace

Result<Packet> decode_packet(Bytes octets) {
  ByteReader r(octets);
  Packet packet;
  packet.octets = octets;
  const unsigned version = r.u8("scsp.version");
  packet.type = static_cast<MsgType>(r.u8("scsp.type"));  // NOLINT: judged below
  const std::size_t size = r.u16("scsp.packet_size");
  r.take(2, "scsp.checksum");
  const std::size_t extensions = r.u16("scsp.start_of_extensions");
  if (!r.ok()) return fail(r.error());
  if (version != kVersion) return fail(Errc::BadVersion, "scsp.version", 0);
  if (!is_known(packet.type)) return fail(Errc::UnknownType, "scsp.type", 1);
  if (size > octets.size()) return fail(Errc::Truncated, "scsp.packet_size", 2);
  if (size < octets.size()) return fail(Errc::TrailingOctets, "scsp.packet_size", size);
  if (wire::internet_checksum(octets) != 0) return fail(Errc::BadChecksum, "scsp.checksum", 4);
  if (extensions != 0 && (extensions < kFixedPart || extensions > size - kExtensionHeader)) {
    return fail(Errc::BadValue, "scsp.start_of_extensions", 6);
  }

  ByteReader mandatory =
      r.sub((extensions == 0 ? size : extensions) - kFixedPart, "scsp.mandatory");
  read_mandatory_part(mandatory, packet);
  if (!mandatory.ok()) return fail(mandatory.error());
  if (extensions != 0) packet.extensions = check_extensions(r, octets);
  if (!r.ok()) return fail(r.error());
  return packet;
}

bool hears(const Packet& hello, Bytes server_id) {
  if (hello.type != MsgType::Hello || server_id.empty()) return false;
  if (same_id(hello.receiver, server_id)) return true;
  for (const Bytes id : hello.receivers) {
    if (same_id(id, server_id)) return true;
  }
  return false;
}

Result<void> check_addressee(const Packet& packet, const Addressee& self) {
  // Offsets of the Mandatory Common Part: behind the CA Sequence Number, behind Hello's two words.
  std::size_t common = kFixedPart;
  if (packet.type == MsgType::CacheAlignment) common += 4;
  if (packet.type == MsgType::Hello) common += 8;
  if (packet.protocol != self.protocol) return fail(Errc::BadValue, kFieldProtocol, common);
  if (packet.server_group != self.server_group) {
    return fail(Errc::BadValue, kFieldServerGroup, common + 2);
  }
  if (packet.type == MsgType::Hello || same_id(packet.receiver, self.server_id)) return {};
  if (packet.type == MsgType::CsuRequest && is_all_ones(packet.receiver)) return {};
  return fail(Errc::BadValue, kFieldReceiver, common + kCommonPart + packet.sender.size());
}

}  // namespace forces::scsp
