#include "proto/pl/body/properties.hpp"

#include <array>
#include <span>

#include "proto/wire/reader.hpp"

namespace forces::pl {
namespace {

using wire::ByteReader;

constexpr std::uint32_t kAccessibility = 1;  // the numbers of the others follow
using Field = std::optional<std::uint32_t>;

// All property structs are an accessibility and then fields of 32 bits, numbered from 2 on.
struct Raw {
  std::optional<Access> accessibility;
  std::array<Field, 5> fields;
};

Result<void> read_full(ByteReader r, std::size_t fields, Raw& into) {
  into.accessibility = static_cast<Access>(r.u8("property.accessibility"));
  for (std::size_t i = 0; i < fields; ++i) into.fields[i] = r.u32("property.value");
  if (!r.ok()) return fail(r.error());
  if (!r.empty()) return fail(Errc::TrailingOctets, "property", r.offset());
  return {};
}

Result<void> read_sparse(const IlvRange& ilvs, std::size_t fields, Raw& into) {
  for (const IlvView ilv : ilvs) {
    ByteReader r(ilv.value);
    const std::uint32_t index = ilv.id - kAccessibility;  // wraps for 0, which is none either
    if (index == 0) {
      into.accessibility = static_cast<Access>(r.u8("property.accessibility"));
    } else if (index <= fields) {
      into.fields[index - 1] = r.u32("property.value");
    } else {
      return fail(Errc::UnknownType, "property.id");
    }
    if (!r.ok()) return fail(r.error());
    if (!r.empty()) return fail(Errc::TrailingOctets, "property", r.offset());
  }
  return {};
}

Result<Raw> read(const ItemView& data, std::size_t fields) {
  Raw raw;
  Result<void> done = fail(Errc::UnknownType, "property.data");
  if (data.is(TlvType::FullData)) done = read_full(ByteReader(data.value), fields, raw);
  if (data.is(TlvType::SparseData)) done = read_sparse(data.ilvs(), fields, raw);
  if (!done) return fail(done.error());
  return raw;
}

// Every field of what is never read in part.
Result<Raw> read_all(const ItemView& data, std::size_t fields) {
  FORCES_TRY(raw, read(data, fields));
  bool all = raw.accessibility.has_value();
  for (std::size_t i = 0; i < fields; ++i) all = all && raw.fields[i].has_value();
  if (!all) return fail(Errc::Missing, "property");
  return raw;
}

void write_full(MessageWriter& w, Access accessibility, std::span<const std::uint32_t> fields) {
  const auto data = w.full_data();
  w.out().u8(static_cast<std::uint8_t>(accessibility));
  for (const std::uint32_t field : fields) w.out().u32(field);
}

}  // namespace

Result<EventProperties> read_event_properties(const ItemView& data) {
  if (data.is(TlvType::FullData) && data.value.size() == 4) {
    return EventProperties{.registration = ByteReader(data.value).u32("property.registration")};
  }
  FORCES_TRY(raw, read(data, 5));
  return EventProperties{raw.accessibility, raw.fields[0], raw.fields[1],
                         raw.fields[2],     raw.fields[3], raw.fields[4]};
}

Result<ArrayProperties> read_array_properties(const ItemView& data) {
  FORCES_TRY(raw, read_all(data, 3));
  return ArrayProperties{*raw.accessibility, *raw.fields[0], *raw.fields[1], *raw.fields[2]};
}

Result<StringProperties> read_string_properties(const ItemView& data) {
  FORCES_TRY(raw, read_all(data, 2));
  return StringProperties{*raw.accessibility, *raw.fields[0], *raw.fields[1]};
}

Result<Access> read_accessibility(const ItemView& data) {
  FORCES_TRY(raw, read_all(data, 0));
  return *raw.accessibility;
}

void write_properties(MessageWriter& w, const EventProperties& p) {
  const auto data = w.sparse_data();
  if (p.accessibility) {
    const auto ilv = w.ilv(kAccessibility);
    w.out().u8(static_cast<std::uint8_t>(*p.accessibility));
  }
  std::uint32_t id = kAccessibility;
  for (const Field& field : {p.registration, p.threshold, p.hysteresis, p.count, p.interval}) {
    ++id;
    if (!field) continue;
    const auto ilv = w.ilv(id);
    w.out().u32(*field);
  }
}

void write_properties(MessageWriter& w, const ArrayProperties& p) {
  write_full(w, p.accessibility,
             std::array{p.entry_count, p.highest_used_subscript, p.first_unused_subscript});
}

void write_properties(MessageWriter& w, const StringProperties& p) {
  write_full(w, p.accessibility, std::array{p.length, p.max_length});
}

void write_properties(MessageWriter& w, Access accessibility) { write_full(w, accessibility, {}); }

}  // namespace forces::pl
