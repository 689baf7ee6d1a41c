#include "proto/mars/tlv.hpp"

namespace forces::mars {

using wire::ByteReader;
using wire::Bytes;

std::string_view to_string(TlvAction action) {
  switch (action) {
    case TlvAction::Process:
      return "process";
    case TlvAction::Drop:
      return "drop";
    case TlvAction::DropAndReport:
      return "drop_and_report";
  }
  return "unknown";
}

TlvAction tlv_action(std::span<const Tlv> tlvs) {
  for (const Tlv& tlv : tlvs) {
    switch (tlv.type >> 14) {
      case 1:
        return TlvAction::Drop;
      case 2:
        return TlvAction::DropAndReport;
      default:  // 0: skip; 3: reserved, and for now as 0
        break;
    }
  }
  return TlvAction::Process;
}

std::vector<Tlv> read_tlvs(ByteReader& r) {
  std::vector<Tlv> tlvs;
  for (;;) {
    if (r.ok() && r.remaining() == 0) r.fail(Errc::Missing, "mars.tlv.null", r.offset());
    const std::size_t at = r.offset();
    const std::uint16_t type = r.u16("mars.tlv.type");
    const std::size_t length = r.u16("mars.tlv.length");
    if (r.ok() && type == 0 && length != 0) r.fail(Errc::BadLength, "mars.tlv.null", at + 2);
    if (r.ok() && type == 0 && !r.empty()) {
      r.fail(Errc::TrailingOctets, "mars.tlv.null", r.offset());
    }
    if (r.ok() && type != 0 && tlvs.size() == kMaxTlvs) r.fail(Errc::TooMany, "mars.tlv", at);
    if (!r.ok() || type == 0) return tlvs;
    const Bytes value = r.take(length, "mars.tlv.length");
    r.take((4 - length % 4) % 4, "mars.tlv.padding");
    if (!r.ok()) return tlvs;
    tlvs.push_back({type, {value.begin(), value.end()}});
  }
}

void write_tlvs(wire::ByteWriter& w, std::span<const Tlv> tlvs) {
  for (const Tlv& tlv : tlvs) {
    const std::size_t at = w.size();
    if (tlv.type == 0) w.fail(Errc::BadValue, "mars.tlv.type", at);
    if (tlv.value.size() > 0xffff) return w.fail(Errc::TooLarge, "mars.tlv.length", at + 2);
    w.u16(tlv.type);
    w.u16(static_cast<std::uint16_t>(tlv.value.size()));
    w.bytes(tlv.value);
    w.pad(at);
  }
  if (tlvs.size() > kMaxTlvs) w.fail(Errc::TooMany, "mars.tlv", w.size());
  w.u32(0);
}

}  // namespace forces::mars
