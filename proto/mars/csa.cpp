#include "proto/mars/csa.hpp"

#include <utility>

namespace forces::mars {
namespace {

using wire::ByteReader;
using wire::ByteWriter;

// Places in the fixed octets.
constexpr std::size_t kHardwareAt = 0, kVersionAt = 10, kStateAt = 11, kFlagsAt = 12, kCmiAt = 14,
                      kSourceLengthAt = 16, kGroupLengthAt = 17, kAtmAt = 18;

Result<void> check_redirect(const CacheEntry& e) {
  if (!e.source_protocol.empty()) {
    return fail(Errc::BadValue, "csa.source_length", kSourceLengthAt);
  }
  if (e.range) return fail(Errc::BadValue, "csa.group_length", kGroupLengthAt);
  if ((e.flags.value & ~Flags::kReserved) != 0) return fail(Errc::BadValue, "csa.flags", kFlagsAt);
  if (e.cmi != 0) return fail(Errc::BadValue, "csa.cmi", kCmiAt);
  return {};
}

Result<void> check_range(const CacheEntry& e) {
  if (e.flags.registers()) {
    if (e.range) return fail(Errc::BadValue, "csa.group_length", kGroupLengthAt);
    return {};
  }
  if (!e.range || e.range->min.empty()) return fail(Errc::Missing, "csa.group", kGroupLengthAt);
  if (e.range->min.size() != e.range->max.size()) {
    return fail(Errc::BadValue, "csa.group_length", kGroupLengthAt);
  }
  if (e.range->max < e.range->min) return fail(Errc::BadValue, "csa.group", kGroupLengthAt);
  // Section 5.3 says it for IPv4; a layer 3 group is one group in any protocol (RFC 2022, 5.2.1).
  if (e.flags.layer3_group() && !e.range->single()) {
    return fail(Errc::BadValue, "csa.group", kGroupLengthAt);
  }
  return {};
}

}  // namespace

Result<void> check_entry(const CacheEntry& e) {
  if (!is_known(e.state)) return fail(Errc::UnknownType, "csa.state", kStateAt);
  if (e.source.empty()) return fail(Errc::Missing, "csa.atm", kAtmAt);
  if (e.state == State::Redirect) return check_redirect(e);
  const bool mcs = e.state == State::McsServe || e.state == State::McsUnserve;
  if (mcs && e.flags.layer3_group()) return fail(Errc::BadValue, "csa.flags", kFlagsAt);
  return check_range(e);
}

Result<CacheEntry> decode_entry(Bytes body, std::size_t base) {
  ByteReader r(body, base);
  CacheEntry e;
  const unsigned hardware = r.u16("csa.hardware_type");
  e.protocol = read_protocol_type(r, "csa.protocol_type");
  r.take(1, "csa.unused");
  const unsigned version = r.u8("csa.version");
  e.state = static_cast<State>(r.u8("csa.state"));  // NOLINT: judged below
  e.flags.value = r.u16("csa.flags");
  e.cmi = r.u16("csa.cmi");
  if (!r.ok()) return fail(r.error());
  // Before lengths: other versions and links may have another format behind these octets.
  if (hardware != kAtmFamily) {
    return fail(Errc::BadValue, "csa.hardware_type", base + kHardwareAt);
  }
  if (version != 0) return fail(Errc::BadVersion, "csa.version", base + kVersionAt);
  if (!is_known(e.state)) return fail(Errc::UnknownType, "csa.state", base + kStateAt);

  const std::size_t source = read_address_length(r, "csa.source_length");
  const std::size_t group = read_address_length(r, "csa.group_length");
  const TypeLength number = read_type_length(r, "csa.atm");
  const TypeLength subaddress = read_type_length(r, "csa.atm_sub");
  e.source_protocol = read_address(r, source, "csa.source");
  e.source.number = read_atm_number(r, number, "csa.atm");
  e.source.subaddress = read_atm_number(r, subaddress, "csa.atm_sub");
  if (group != 0) {
    GroupRange range;
    range.min = read_address(r, group, "csa.group");
    range.max = read_address(r, group, "csa.group");
    e.range = range;
  }
  if (!r.empty()) r.fail(Errc::TrailingOctets, "csa.group", r.offset());
  if (!r.ok()) return fail(r.error());
  if (const auto good = check_entry(e); !good) {
    Error error = good.error();
    error.offset += static_cast<std::uint32_t>(base);
    return fail(error);
  }
  return e;
}

std::size_t encoded_size(const CacheEntry& e) {
  return kEntryFixed + e.source_protocol.size() + e.source.size() +
         (e.range ? e.range->min.size() + e.range->max.size() : 0);
}

void encode_entry(const CacheEntry& e, ByteWriter& w) {
  const std::size_t at = w.size();
  if (const auto good = check_entry(e); !good) {
    return w.fail(good.error().code, good.error().field, at + good.error().offset);
  }
  if ((e.flags.value & (Flags::kReserved | Flags::kCopy | Flags::kPunched)) != 0) {
    return w.fail(Errc::BadValue, "csa.flags", at + kFlagsAt);
  }
  w.u16(kAtmFamily);
  write(w, e.protocol);
  w.u8(0);
  w.u8(0);  // Version
  w.u8(std::to_underlying(e.state));
  w.u16(e.flags.value);
  w.u16(e.cmi);
  w.u8(static_cast<std::uint8_t>(e.source_protocol.size()));
  w.u8(static_cast<std::uint8_t>(e.range ? e.range->min.size() : 0));
  w.u8(e.source.number.type_length());
  w.u8(e.source.subaddress.type_length());
  w.bytes(e.source_protocol.octets());  // here the protocol address comes first
  write(w, e.source);
  if (!e.range) return;
  w.bytes(e.range->min.octets());
  w.bytes(e.range->max.octets());
}

}  // namespace forces::mars
