#include "proto/scsp/writer.hpp"

#include <utility>

#include "proto/wire/checksum.hpp"
#include "proto/wire/reader.hpp"

namespace forces::scsp {

PacketWriter::PacketWriter(const Head& head, const WriterOptions& options, Octets recycled)
    : w_(std::move(recycled)),
      type_(head.type),
      limit_(options.limit < kMaxPacket ? options.limit : kMaxPacket),
      spi_(options.spi),
      mac_size_(options.mac_size) {
  if (!is_known(type_)) w_.fail(Errc::UnknownType, "scsp.type", 1);
  if (spi_ && (mac_size_ == 0 || mac_size_ > kMaxMac)) {
    w_.fail(Errc::BadLength, "scsp.authentication.length", 0);
  }
  w_.u8(kVersion);
  w_.u8(std::to_underlying(type_));
  w_.zeros(6);  // Packet Size, Checksum, Start Of Extensions
  if (type_ == MsgType::CacheAlignment) {
    w_.u32(head.alignment.sequence);
    flags_ =
        (head.alignment.master ? kCaMaster : 0) | (head.alignment.initialize ? kCaInitialize : 0);
    more_ = head.alignment.more;
  } else if (type_ == MsgType::Hello) {
    w_.u16(head.hello.interval);
    w_.u16(head.hello.dead_factor);
    w_.u16(0);
    w_.u16(head.hello.family);
  }
  common_at_ = w_.size();
  w_.u16(head.protocol);
  w_.u16(head.server_group);
  w_.u16(0);
  w_.u16(0);  // Flags
  if (head.sender.empty()) w_.fail(Errc::BadLength, "scsp.sender_length", w_.size());
  if (head.sender.size() > kMaxId || head.receiver.size() > kMaxId) {
    w_.fail(Errc::TooLarge, "scsp.sender_length", w_.size());
    return;
  }
  w_.u8(static_cast<std::uint8_t>(head.sender.size()));
  w_.u8(static_cast<std::uint8_t>(head.receiver.size()));
  w_.u16(0);  // Number of Records
  w_.bytes(head.sender);
  w_.bytes(head.receiver);
  if (size() > limit_) w_.fail(Errc::TooLarge, "scsp.packet_size", 2);
}

std::size_t PacketWriter::size() const {
  if (extensions_at_ != 0) return w_.size() + kExtensionHeader;  // End
  if (!spi_) return w_.size();
  return w_.size() + kExtensionHeader + 4 + mac_size_ + kExtensionHeader;
}

bool PacketWriter::record(const Csas& summary, Bytes body) {
  const std::size_t at = w_.size();
  const std::size_t length =
      kCsasFixed + summary.key.size() + summary.originator.size() + body.size();
  if (type_ == MsgType::Hello || (!body.empty() && type_ != MsgType::CsuRequest)) {
    w_.fail(Errc::BadValue, "scsp.record", at);
  }
  if (extensions_at_ != 0) w_.fail(Errc::BadValue, "scsp.start_of_extensions", at);
  if (summary.key.size() > kMaxId || summary.originator.size() > kMaxId || length > kMaxPacket) {
    w_.fail(Errc::TooLarge, "scsp.record.length", at);
  }
  if (summary.sequence == kReservedSequence) w_.fail(Errc::BadValue, "scsp.record.sequence", at);
  if (!w_.ok() || !fits(length)) return false;
  w_.u16(summary.hop_count);
  w_.u16(static_cast<std::uint16_t>(length));
  w_.u8(static_cast<std::uint8_t>(summary.key.size()));
  w_.u8(static_cast<std::uint8_t>(summary.originator.size()));
  w_.u16(summary.null ? kCsasNull : 0);
  w_.u32(summary.sequence.to_wire());
  w_.bytes(summary.key);
  w_.bytes(summary.originator);
  w_.bytes(body);
  ++count_;
  return true;
}

bool PacketWriter::receiver(Bytes id) {
  if (type_ != MsgType::Hello) w_.fail(Errc::BadValue, "scsp.receiver_record", w_.size());
  if (extensions_at_ != 0) w_.fail(Errc::BadValue, "scsp.start_of_extensions", w_.size());
  if (id.size() > kMaxId) w_.fail(Errc::TooLarge, "scsp.receiver_record", w_.size());
  if (!w_.ok() || !fits(1 + id.size())) return false;
  w_.u8(static_cast<std::uint8_t>(id.size()));
  w_.bytes(id);
  ++count_;
  return true;
}

void PacketWriter::begin_extensions() {
  if (extensions_at_ != 0) return;
  extensions_at_ = w_.size();
  if (!spi_) return;
  w_.u16(std::to_underlying(ExtensionType::Authentication));
  w_.u16(static_cast<std::uint16_t>(4 + mac_size_));
  w_.u32(*spi_);
  w_.zeros(mac_size_);
}

bool PacketWriter::extension(ExtensionType type, Bytes value) {
  if (type == ExtensionType::End || (type == ExtensionType::Authentication && spi_)) {
    w_.fail(Errc::BadValue, "scsp.extension.type", w_.size());
  }
  const std::size_t end = extensions_at_ == 0 && !spi_ ? kExtensionHeader : 0;
  if (!w_.ok() || !fits(kExtensionHeader + value.size() + end)) return false;
  begin_extensions();
  w_.u16(std::to_underlying(type));
  w_.u16(static_cast<std::uint16_t>(value.size()));
  w_.bytes(value);
  return true;
}

Result<Octets> PacketWriter::finish() && {
  if (spi_) begin_extensions();
  if (extensions_at_ != 0) w_.u32(0);
  if (!w_.ok()) return std::move(w_).finish();
  w_.patch_u16(2, w_.size(), "scsp.packet_size");
  w_.patch_u16(6, extensions_at_, "scsp.start_of_extensions");
  w_.patch_u16(common_at_ + 6, flags_ | (more_ && type_ == MsgType::CacheAlignment ? kCaMore : 0),
               "scsp.flags");
  w_.patch_u16(common_at_ + 10, count_, "scsp.records");
  if (!spi_) w_.patch_u16(4, wire::internet_checksum(w_.written()), "scsp.checksum");
  return std::move(w_).finish();
}

Result<Octets> encode_packet(const Packet& packet) {
  PacketWriter w(packet);
  bool written = true;
  for (const RecordView record : packet.records) written = w.record(record, record.body) && written;
  for (const Bytes id : packet.receivers) written = w.receiver(id) && written;
  if (wire::load_be<2>(&packet.octets[6]) != 0) w.begin_extensions();
  for (const ExtensionView extension : packet.extensions) {
    written = w.extension(extension.type, extension.value) && written;
  }
  auto octets = std::move(w).finish();
  if (octets && !written) return fail(Errc::TooLarge, "scsp.packet_size", 2);
  return octets;
}

}  // namespace forces::scsp
