#include "proto/mars/message.hpp"

#include <algorithm>
#include <utility>

#include "proto/wire/checksum.hpp"
#include "proto/wire/writer.hpp"

namespace forces::mars {
namespace {

using wire::ByteReader;
using wire::ByteWriter;

constexpr std::size_t kChecksumAt = 12, kExtOffAt = 14;
constexpr unsigned kLast = 0x8000, kPart = 0x7fff, kHard = 0x80;

struct Lengths {
  std::size_t extensions = 0;
  TypeLength number, subaddress;                // of the source
  std::size_t source_protocol = 0;              // mar$spln
  TypeLength target_number, target_subaddress;  // mar$thtl, mar$tstl
  std::size_t group = 0;                        // mar$tpln
  std::size_t count = 0;                        // mar$pnum, mar$tnum

  [[nodiscard]] std::size_t target() const {
    return target_number.length + target_subaddress.length;
  }
};

void read_fixed_header(ByteReader& r, Message& m, Lengths& lengths) {
  const unsigned family = r.u16("mars.afn");
  m.protocol = read_protocol_type(r, "mars.pro");
  r.take(3, "mars.hdrrsv");
  m.checksummed = r.u16("mars.chksum") != 0;
  lengths.extensions = r.u16("mars.extoff") & 0xfffcU;
  const unsigned version = r.u8("mars.op.version");
  m.operation = static_cast<Operation>(r.u8("mars.op.type"));  // NOLINT: judged below
  if (r.ok() && family != kAtmFamily) r.fail(Errc::BadValue, "mars.afn", 0);
  if (r.ok() && version != 0) r.fail(Errc::BadVersion, "mars.op.version", 16);
  if (r.ok() && !is_known(m.operation)) r.fail(Errc::UnknownType, "mars.op.type", 17);
  lengths.number = read_type_length(r, "mars.shtl");
  lengths.subaddress = read_type_length(r, "mars.sstl");
  if (r.ok() && lengths.number.length == 0) r.fail(Errc::BadLength, "mars.shtl", 18);
}

void read_mandatory_fields(ByteReader& r, Message& m, Lengths& lengths) {
  const bool redirect = m.operation == Operation::RedirectMap;
  if (redirect) {
    r.take(1, "mars.spln");  // reserved
  } else {
    lengths.source_protocol = read_address_length(r, "mars.spln");
  }
  if (form_of(m.operation) == Form::Membership) {
    lengths.group = read_address_length(r, "mars.tpln");
    lengths.count = r.u16("mars.pnum");
    m.flags.value = r.u16("mars.flags");
    m.cmi = r.u16("mars.cmi");
    m.msn = r.u32("mars.msn");
    return;
  }
  lengths.target_number = read_type_length(r, "mars.thtl");
  lengths.target_subaddress = read_type_length(r, "mars.tstl");
  if (redirect) {
    m.hard = (r.u8("mars.redirf") & kHard) != 0;
  } else {
    lengths.group = read_address_length(r, "mars.tpln");
  }
  if (form_of(m.operation) == Form::Query) {
    r.take(8, "mars.pad");
    lengths.count = lengths.target() == 0 ? 0 : 1;
    return;
  }
  lengths.count = r.u16("mars.tnum");
  const unsigned seqxy = r.u16("mars.seqxy");
  if (m.operation != Operation::Migrate) {
    m.last = (seqxy & kLast) != 0;
    m.part = static_cast<std::uint16_t>(seqxy & kPart);
  }
  m.msn = r.u32("mars.msn");
}

// Elements that must be there, before memory is taken for them. Without octets of their own they
// would be as many as the field says.
bool enough(ByteReader& r, std::size_t count, std::size_t size, std::string_view field) {
  if (r.ok() && count > 0 && size == 0) r.fail(Errc::BadLength, field, r.offset());
  if (r.ok() && count * size > r.remaining()) r.fail(Errc::Truncated, field, r.offset());
  return r.ok();
}

void read_ranges(ByteReader& r, Message& m, const Lengths& lengths) {
  if (lengths.group == 0 && lengths.count == 1) {  // a registration that says pnum 1, but no groups
    m.ranges.emplace_back();
    return;
  }
  if (!enough(r, lengths.count, 2 * lengths.group, "mars.pnum")) return;
  m.ranges.reserve(lengths.count);
  for (std::size_t i = 0; i < lengths.count; ++i) {
    const std::size_t at = r.offset();
    GroupRange range;
    range.min = read_address(r, lengths.group, "mars.min");
    range.max = read_address(r, lengths.group, "mars.max");
    if (range.max < range.min) r.fail(Errc::BadValue, "mars.max", at);
    if (i > 0 && range.min <= m.ranges.back().max) r.fail(Errc::BadValue, "mars.min", at);
    if (!r.ok()) return;
    m.ranges.push_back(range);
  }
}

void read_targets(ByteReader& r, Message& m, const Lengths& lengths) {
  if (m.operation == Operation::GrouplistReply) {
    if (lengths.target() != 0) r.fail(Errc::BadLength, "mars.thtl", 21);
    if (!enough(r, lengths.count, lengths.group, "mars.tnum")) return;
    m.groups.reserve(lengths.count);
    for (std::size_t i = 0; i < lengths.count; ++i) {
      m.groups.push_back(read_address(r, lengths.group, "mars.mgrp"));
    }
    return;
  }
  if (!enough(r, lengths.count, lengths.target(), "mars.tnum")) return;
  m.targets.reserve(lengths.count);
  for (std::size_t i = 0; i < lengths.count; ++i) {
    AtmAddress target;
    target.number = read_atm_number(r, lengths.target_number, "mars.tha");
    target.subaddress = read_atm_number(r, lengths.target_subaddress, "mars.tsa");
    m.targets.push_back(target);
  }
}

bool has_group(const Message& m) {
  return form_of(m.operation) == Form::Query || m.operation == Operation::Multi ||
         m.operation == Operation::Migrate;
}

void read_addresses(ByteReader& r, Message& m, const Lengths& lengths) {
  m.source.number = read_atm_number(r, lengths.number, "mars.sha");
  m.source.subaddress = read_atm_number(r, lengths.subaddress, "mars.ssa");
  m.source_protocol = read_address(r, lengths.source_protocol, "mars.spa");
  if (has_group(m)) m.group = read_address(r, lengths.group, "mars.tpa");
  if (form_of(m.operation) == Form::Membership) {
    read_ranges(r, m, lengths);
  } else {
    read_targets(r, m, lengths);
  }
  if (!has_group(m) && m.operation != Operation::RedirectMap && m.ranges.empty() &&
      m.groups.empty()) {
    m.group_length = static_cast<std::uint8_t>(lengths.group);
  }
}

// Section 10: at the first 32-bit boundary behind the addresses, where mar$extoff must point.
void read_extensions(ByteReader& r, Message& m, std::size_t offset) {
  if (offset == 0) {
    if (!r.empty()) r.fail(Errc::TrailingOctets, "mars.extoff", r.offset());
    return;
  }
  if (r.ok() && offset != (r.offset() + 3) / 4 * 4)
    r.fail(Errc::BadValue, "mars.extoff", kExtOffAt);
  if (!r.ok()) return;
  r.take(offset - r.offset(), "mars.extoff");
  m.tlvs = read_tlvs(r);
  m.null_tlv = m.tlvs.empty();  // legal (section 10.4), and another message than one without a list
}

std::size_t group_length(const Message& m) {
  if (has_group(m)) return m.group.size();
  if (!m.ranges.empty()) return m.ranges.front().min.size();
  if (!m.groups.empty()) return m.groups.front().size();
  return m.group_length;
}

AtmAddress first_target(const Message& m) {
  return m.targets.empty() ? AtmAddress{} : m.targets.front();
}

void write_mandatory_fields(ByteWriter& w, const Message& m) {
  const bool redirect = m.operation == Operation::RedirectMap;
  if (redirect && !m.source_protocol.empty()) w.fail(Errc::BadLength, "mars.spln", w.size());
  w.u8(static_cast<std::uint8_t>(m.source_protocol.size()));
  if (form_of(m.operation) == Form::Membership) {
    if ((m.flags.value & Flags::kReserved) != 0) w.fail(Errc::BadValue, "mars.flags", w.size());
    w.u8(static_cast<std::uint8_t>(group_length(m)));
    w.u16(static_cast<std::uint16_t>(m.ranges.size()));
    w.u16(m.flags.value);
    w.u16(m.cmi);
    w.u32(m.msn);
    return;
  }
  const AtmAddress target = first_target(m);
  w.u8(target.number.type_length());
  w.u8(target.subaddress.type_length());
  w.u8(redirect ? (m.hard ? kHard : 0) : static_cast<std::uint8_t>(group_length(m)));
  if (form_of(m.operation) == Form::Query) {
    if (m.targets.size() > 1) w.fail(Errc::TooMany, "mars.tha", w.size());
    w.zeros(8);
    return;
  }
  if (m.part > kPart) w.fail(Errc::TooLarge, "mars.seqxy", w.size() + 2);
  w.u16(static_cast<std::uint16_t>(m.targets.size() + m.groups.size()));
  w.u16(m.operation == Operation::Migrate
            ? 0
            : static_cast<std::uint16_t>((m.last ? kLast : 0) | (m.part & kPart)));
  w.u32(m.msn);
}

void write_address(ByteWriter& w, const ProtocolAddress& address, std::size_t length,
                   std::string_view field) {
  if (address.size() != length) w.fail(Errc::BadLength, field, w.size());
  w.bytes(address.octets());
}

void write_addresses(ByteWriter& w, const Message& m) {
  const std::size_t length = group_length(m);
  const AtmAddress form = first_target(m);
  write(w, m.source);
  w.bytes(m.source_protocol.octets());
  if (has_group(m)) w.bytes(m.group.octets());
  for (const GroupRange& range : m.ranges) {
    const GroupRange* const before = &range == m.ranges.data() ? nullptr : &range - 1;
    if (range.max < range.min) w.fail(Errc::BadValue, "mars.max", w.size());
    if (before != nullptr && range.min <= before->max) w.fail(Errc::BadValue, "mars.min", w.size());
    write_address(w, range.min, length, "mars.min");
    write_address(w, range.max, length, "mars.max");
  }
  for (const ProtocolAddress& group : m.groups) {
    if (group.empty()) w.fail(Errc::BadLength, "mars.mgrp", w.size());
    write_address(w, group, length, "mars.mgrp");
  }
  for (const AtmAddress& target : m.targets) {
    if (target.number.type_length() != form.number.type_length() ||
        target.subaddress.type_length() != form.subaddress.type_length() || target.size() == 0) {
      w.fail(Errc::BadLength, "mars.tha", w.size());
    }
    write(w, target);
  }
}

// What the message's form has no place for would be lost without a word.
void refuse_misplaced(ByteWriter& w, const Message& m) {
  const Form form = form_of(m.operation);
  if (form != Form::Membership && !m.ranges.empty()) w.fail(Errc::BadValue, "mars.pnum", 0);
  if (!m.groups.empty() && m.operation != Operation::GrouplistReply) {
    w.fail(Errc::BadValue, "mars.mgrp", 0);
  }
  if (!m.targets.empty() &&
      (form == Form::Membership || m.operation == Operation::GrouplistReply)) {
    w.fail(Errc::BadValue, "mars.tha", 0);
  }
  if (std::max({m.ranges.size(), m.groups.size(), m.targets.size()}) > 0xffff) {
    w.fail(Errc::TooMany, "mars.tnum", 0);
  }
}

}  // namespace

Result<Message> decode_message(Bytes octets) {
  ByteReader r(octets);
  Message m;
  Lengths lengths;
  read_fixed_header(r, m, lengths);
  if (r.ok() && m.checksummed && wire::internet_checksum(octets) != 0) {
    r.fail(Errc::BadChecksum, "mars.chksum", kChecksumAt);
  }
  if (r.ok()) read_mandatory_fields(r, m, lengths);
  if (r.ok()) read_addresses(r, m, lengths);
  if (r.ok()) read_extensions(r, m, lengths.extensions);
  if (!r.ok()) return fail(r.error());
  return m;
}

std::size_t encoded_size(const Message& m) {
  std::size_t size = kAddressesAt + m.source.size() + m.source_protocol.size();
  if (has_group(m)) size += m.group.size();
  for (const GroupRange& range : m.ranges) size += range.min.size() + range.max.size();
  for (const ProtocolAddress& group : m.groups) size += group.size();
  for (const AtmAddress& target : m.targets) size += target.size();
  if (!m.null_tlv && m.tlvs.empty()) return size;
  size = (size + 3) / 4 * 4 + 4;
  for (const Tlv& tlv : m.tlvs) size += 4 + (tlv.value.size() + 3) / 4 * 4;
  return size;
}

Result<Octets> encode_message(const Message& m) {
  ByteWriter w;
  w.reserve(encoded_size(m));
  if (!is_known(m.operation)) w.fail(Errc::UnknownType, "mars.op.type", 17);
  if (m.source.empty()) w.fail(Errc::BadLength, "mars.shtl", 18);
  refuse_misplaced(w, m);
  w.u16(kAtmFamily);
  write(w, m.protocol);
  w.zeros(3 + 2 + 2);  // mar$hdrrsv, mar$chksum, mar$extoff
  w.u8(0);
  w.u8(std::to_underlying(m.operation));
  w.u8(m.source.number.type_length());
  w.u8(m.source.subaddress.type_length());
  write_mandatory_fields(w, m);
  write_addresses(w, m);
  if (m.null_tlv || !m.tlvs.empty()) {
    w.pad(0);
    w.patch_u16(kExtOffAt, w.size(), "mars.extoff");
    write_tlvs(w, m.tlvs);
  }
  if (w.size() > kMaxMessage) w.fail(Errc::TooLarge, "mars.length", 0);
  if (w.ok() && m.checksummed) {
    w.patch_u16(kChecksumAt, wire::internet_checksum(w.written()), "mars.chksum");
  }
  return std::move(w).finish();
}

}  // namespace forces::mars
