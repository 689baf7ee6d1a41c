#include "proto/igmp/message.hpp"

#include <utility>

#include "common/core/outputs.hpp"
#include "proto/wire/checksum.hpp"

namespace forces::igmp {
namespace {

using wire::ByteReader;
using wire::ByteWriter;

constexpr std::uint8_t kIcmpV6 = 58;
constexpr std::size_t kChecksumAt = 2;
constexpr std::uint8_t kSuppress = 0x08, kRobustness = 0x07;

// Where the sources of a V3 query begin; a V1 or V2 query ends with its group.
constexpr std::size_t group_end(Family family) { return family == Family::Ipv4 ? 8 : 24; }
constexpr std::size_t kQueryTail = 4;

std::uint16_t sum_of(Bytes octets) {
  return static_cast<std::uint16_t>(~wire::internet_checksum(octets));
}

// What is left of the checksum when it is right: 0. MLD is ICMPv6, so a pseudo-header is in it
// (RFC 8200 section 8.1).
std::uint16_t checksum(const Address& source, const Address& destination, Bytes octets) {
  if (source.family == Family::Ipv4) return wire::internet_checksum(octets);
  std::uint32_t sum = sum_of(octets);
  sum += sum_of(source.bytes());
  sum += sum_of(destination.bytes());
  const auto length = static_cast<std::uint32_t>(octets.size());
  sum += (length >> 16) + (length & 0xffffU) + kIcmpV6;
  while (sum >> 16 != 0) sum = (sum & 0xffffU) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

Address read_address(ByteReader& r, Family family, std::string_view field) {
  return Address::from(family, r.take(octets_of(family), field));
}

// IGMP has its group behind the checksum, MLD two reserved octets first, and a code of 16 bits.
struct Head {
  std::uint8_t code = 0;
  std::uint16_t code_six = 0;
  Address group{};
};
Head read_head(ByteReader& r, Family family) {
  Head head;
  r.u8("igmp.type");
  head.code = r.u8("igmp.code");
  r.u16("igmp.checksum");
  if (family == Family::Ipv6) {
    head.code_six = r.u16("igmp.code");
    r.u16("igmp.reserved");
  }
  head.group = read_address(r, family, "igmp.group");
  return head;
}

Result<Message> read_query(ByteReader& r, Family family, std::size_t size) {
  const Head head = read_head(r, family);
  if (!r.ok()) return fail(r.error());
  Query query{.group = head.group};
  // RFC 3376 section 7.1, RFC 3810 section 8.1: the length says the version.
  const std::size_t short_size = group_end(family);
  if (size != short_size && size < short_size + kQueryTail) {
    return fail(Errc::BadLength, "igmp.query", size);
  }
  if (!query.group.is_zero() && !query.group.is_multicast()) {
    return fail(Errc::BadValue, "igmp.group", short_size - octets_of(family));
  }
  const bool six = family == Family::Ipv6;
  if (size == short_size) {
    query.version = head.code == 0 && !six ? Version::V1 : Version::V2;
    query.max_response = response_unit(family) * (six ? head.code_six : head.code);
    return query;
  }
  query.max_response =
      response_unit(family) * (six ? value_of_code16(head.code_six) : value_of_code8(head.code));
  const std::uint8_t flags = r.u8("igmp.flags");
  query.suppress = (flags & kSuppress) != 0;
  query.robustness = flags & kRobustness;
  query.interval = std::chrono::seconds(value_of_code8(r.u8("igmp.qqic")));
  const std::size_t count = r.u16("igmp.sources");
  query.sources = Sources(family, r.take(count * octets_of(family), "igmp.source"));
  if (!r.ok()) return fail(r.error());
  // Section 4.1.8: a General Query has none.
  if (query.group.is_zero() && count != 0) {
    return fail(Errc::BadValue, "igmp.sources", short_size + 2);
  }
  return query;
}

std::optional<Record> read_record(ByteReader& r, Family family) {
  Record record;
  record.type = static_cast<RecordType>(r.u8("igmp.record.type"));
  const std::size_t auxiliary = r.u8("igmp.record.auxiliary") * std::size_t{4};
  const std::size_t count = r.u16("igmp.record.sources");
  record.group = read_address(r, family, "igmp.record.group");
  record.sources = Sources(family, r.take(count * octets_of(family), "igmp.record.source"));
  record.auxiliary = r.take(auxiliary, "igmp.record.auxiliary");
  if (!r.ok()) return std::nullopt;
  return record;
}

Result<Message> read_records(ByteReader& r, Family family, Bytes octets) {
  r.u8("igmp.type");
  r.u8("igmp.reserved");
  r.u16("igmp.checksum");
  r.u16("igmp.reserved");
  const std::uint16_t count = r.u16("igmp.records");
  const std::size_t begin = r.offset();
  for (std::size_t i = 0; i < count && read_record(r, family); ++i) {
  }
  if (!r.ok()) return fail(r.error());
  return Records(family, count, octets.subspan(begin, r.offset() - begin));
}

Result<Message> read_short(ByteReader& r, Family family, std::uint8_t type) {
  const Head head = read_head(r, family);
  if (!r.ok()) return fail(r.error());
  if (!head.group.is_multicast()) {
    return fail(Errc::BadValue, "igmp.group", group_end(family) - octets_of(family));
  }
  if (type == kIgmpLeave || type == kMldDone) return Leave{head.group};
  return Report{type == kIgmpReportV1 ? Version::V1 : Version::V2, head.group};
}

}  // namespace

std::optional<Record> Records::Walk::next() {
  if (left_ == 0) return std::nullopt;
  --left_;
  return read_record(reader_, family_);
}

Result<Message> decode_message(const Address& source, const Address& destination, Bytes octets) {
  const Family family = source.family;
  ByteReader r(octets);
  // The checksum is judged first, or a damaged type would look like another protocol.
  if (octets.size() < 8) return fail(Errc::Truncated, "igmp.type", octets.size());
  if (checksum(source, destination, octets) != 0) {
    return fail(Errc::BadChecksum, "igmp.checksum", kChecksumAt);
  }
  const auto type = std::to_integer<std::uint8_t>(octets[0]);
  const bool six = family == Family::Ipv6;
  if (type == (six ? kMldQuery : kIgmpQuery)) return read_query(r, family, octets.size());
  if (type == (six ? kMldReportV2 : kIgmpReportV3)) return read_records(r, family, octets);
  const bool is_short = six ? type == kMldReport || type == kMldDone
                            : type == kIgmpReportV1 || type == kIgmpReportV2 || type == kIgmpLeave;
  if (is_short) return read_short(r, family, type);
  return fail(Errc::UnknownType, "igmp.type", 0);
}

namespace {

void write_head(std::uint8_t type, std::uint32_t code, const Address& group, ByteWriter& w) {
  const bool six = group.family == Family::Ipv6;
  w.u8(type);
  w.u8(six ? 0 : static_cast<std::uint8_t>(code));
  w.u16(0);  // the checksum, patched below
  if (six) {
    w.u16(static_cast<std::uint16_t>(code));
    w.u16(0);
  }
  w.bytes(group.bytes());
}

void write_query(const Query& query, ByteWriter& w) {
  const Family family = query.group.family;
  const bool six = family == Family::Ipv6;
  const auto units = static_cast<std::uint64_t>(query.max_response / response_unit(family));
  const std::uint8_t type = six ? kMldQuery : kIgmpQuery;
  if (query.version == Version::V3) {
    write_head(type, six ? code16_of(units) : code8_of(units), query.group, w);
    w.u8(static_cast<std::uint8_t>((query.suppress ? kSuppress : 0) |
                                   (query.robustness <= kRobustness ? query.robustness : 0)));
    w.u8(code8_of(static_cast<std::uint64_t>(query.interval / std::chrono::seconds(1))));
    w.u16(0);
    w.patch_u16(w.size() - 2, query.sources.size(), "igmp.sources");
    w.bytes(query.sources.octets());
    return;
  }
  const bool linear = query.version == Version::V2;
  // 0 would say V1 in IGMP; and V1 is not of MLD.
  if ((linear && !six && units == 0) || (!linear && six)) {
    w.fail(Errc::BadValue, "igmp.code", w.size());
  }
  if (units > (six ? 0xffffU : 0xffU)) w.fail(Errc::TooLarge, "igmp.code", w.size());
  write_head(type, linear ? static_cast<std::uint32_t>(units) : 0, query.group, w);
}

}  // namespace

void encode_message(const Address& source, const Address& destination, const Message& message,
                    ByteWriter& w) {
  const std::size_t at = w.size();
  const bool six = source.family == Family::Ipv6;
  std::visit(
      Overloaded{
          [&](const Query& query) { write_query(query, w); },
          [&](const Report& report) {
            const bool one = report.version == Version::V1;
            if (one && six) w.fail(Errc::BadValue, "igmp.type", at);
            write_head(six ? kMldReport : one ? kIgmpReportV1 : kIgmpReportV2, 0, report.group, w);
          },
          [&](const Leave& leave) { write_head(six ? kMldDone : kIgmpLeave, 0, leave.group, w); },
          [&](const Records& records) {
            w.u8(six ? kMldReportV2 : kIgmpReportV3);
            w.zeros(5);
            w.u16(static_cast<std::uint16_t>(records.size()));
            w.bytes(records.octets());
          },
      },
      message);
  const std::uint16_t sum = checksum(source, destination, w.written().subspan(at));
  w.patch_u16(at + kChecksumAt, sum, "igmp.checksum");
}

void append_record(RecordType type, const Address& group, std::span<const Address> sources,
                   ByteWriter& w) {
  w.u8(std::to_underlying(type));
  w.u8(0);
  w.u16(0);
  w.patch_u16(w.size() - 2, sources.size(), "igmp.record.sources");
  w.bytes(group.bytes());
  for (const Address& source : sources) w.bytes(source.bytes());
}

std::string_view to_string(RecordType type) {
  switch (type) {
    case RecordType::IsInclude:
      return "MODE_IS_INCLUDE";
    case RecordType::IsExclude:
      return "MODE_IS_EXCLUDE";
    case RecordType::ToInclude:
      return "CHANGE_TO_INCLUDE_MODE";
    case RecordType::ToExclude:
      return "CHANGE_TO_EXCLUDE_MODE";
    case RecordType::AllowNewSources:
      return "ALLOW_NEW_SOURCES";
    case RecordType::BlockOldSources:
      return "BLOCK_OLD_SOURCES";
    default:
      return "UNKNOWN";
  }
}

}  // namespace forces::igmp
