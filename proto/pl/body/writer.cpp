#include "proto/pl/body/writer.hpp"

#include <algorithm>
#include <cstring>

#include "common/core/assert.hpp"
#include "proto/wire/tlv.hpp"

namespace forces::pl {
namespace {

constexpr std::size_t kPathHeader = wire::kTlvHeader + 4;  // type, length, flags and count

constexpr std::size_t padded(std::size_t n) { return (n + 3) / 4 * 4; }

std::uint16_t number(TlvType type) { return std::to_underlying(type); }

void write_ids(std::span<const std::uint32_t> ids, std::byte* at) {
  for (const std::uint32_t id : ids) {
    wire::store_be<4>(at, id);
    at += 4;
  }
}

// At most kMaxCause octets, and no half of a UTF-8 character.
std::string_view cut(std::string_view cause) {
  if (cause.size() <= kMaxCause) return cause;
  std::size_t n = kMaxCause;
  while (n > 0 && (static_cast<unsigned char>(cause[n]) & 0xc0U) == 0x80U) --n;
  return cause.substr(0, n);
}

}  // namespace

MessageWriter::MessageWriter(const Header& header, Octets recycled, ResultForm form)
    : out_(std::move(recycled)), form_(form) {
  Header fresh = header;
  fresh.length = Header::kSize;
  encode_header(fresh, out_);
}

MessageWriter::Scope MessageWriter::begin(std::uint16_t type, Kind kind) {
  const std::size_t start = out_.size();
  if (outermost_ == kNone) outermost_ = start;
  out_.u16(type);
  out_.u16(0);
  return Scope(*this, start, kind);
}

void MessageWriter::end(std::size_t start, Kind kind) {
  if (kind == Kind::Ilv) {
    out_.patch_u32(start + 4, out_.size() - start, "ilv.length");
  } else {
    out_.patch_u16(start + 2, out_.size() - start, "tlv.length");
  }
  out_.pad(start);
  leave(start, kind);
}

void MessageWriter::leave(std::size_t start, Kind kind) {
  if (kind == Kind::Path) --depth_;
  if (start == outermost_) outermost_ = kNone;
}

MessageWriter::Scope MessageWriter::tlv(std::uint16_t type) { return begin(type, Kind::Tlv); }

MessageWriter::Scope MessageWriter::lfb_select(LfbClassId class_id, LfbInstanceId instance_id) {
  Scope scope = tlv(TlvType::LfbSelect);
  out_.u32(class_id.value);
  out_.u32(instance_id.value);
  return scope;
}

MessageWriter::Scope MessageWriter::operation(OperType type) {
  return tlv(std::to_underlying(type));
}

void MessageWriter::empty_operation(OperType type) { operation(type).close(); }

MessageWriter::Scope MessageWriter::begin_path(std::uint16_t flags, std::size_t count) {
  if (++depth_ > kMaxDepth) out_.fail(Errc::TooDeep, "pl.pathdata", out_.size());
  Scope scope = begin(number(TlvType::PathData), Kind::Path);
  out_.u16(flags);
  out_.u16(0);
  out_.patch_u16(out_.size() - 2, count, "pl.pathdata.idcount");
  return scope;
}

MessageWriter::Scope MessageWriter::raw_path(std::uint16_t flags,
                                             std::span<const std::uint32_t> ids) {
  Scope scope = begin_path(flags, ids.size());
  write_ids(ids, out_.extend(4 * ids.size()).data());
  return scope;
}

MessageWriter::Scope MessageWriter::path(std::span<const std::uint32_t> ids) {
  return raw_path(0, ids);
}

MessageWriter::Scope MessageWriter::path(const IdsView& ids) {
  Scope scope = begin_path(0, ids.size());
  out_.bytes(ids.octets());
  return scope;
}

MessageWriter::Scope MessageWriter::path(std::span<const std::uint32_t> ids, const KeyView& key) {
  Scope scope = raw_path(kSelKey, ids);
  key_info(key);
  return scope;
}

MessageWriter::Scope MessageWriter::path(std::span<const std::uint32_t> ids,
                                         const TableRange& range) {
  Scope scope = raw_path(kSelTableRange, ids);
  table_range(range);
  return scope;
}

void MessageWriter::key_info(const KeyView& key) {
  const Scope scope = tlv(TlvType::KeyInfo);
  out_.u32(key.key_id);
  full_data(key.key);
}

void MessageWriter::table_range(const TableRange& range) {
  const Scope scope = tlv(TlvType::TableRange);
  out_.u32(range.start);
  out_.u32(range.end);
}

MessageWriter::Scope MessageWriter::full_data() { return tlv(TlvType::FullData); }

MessageWriter::Scope MessageWriter::sparse_data() { return tlv(TlvType::SparseData); }

MessageWriter::Scope MessageWriter::ilv(std::uint32_t id) {
  const std::size_t start = out_.size();
  out_.u32(id);
  out_.u32(0);
  return Scope(*this, start, Kind::Ilv);
}

void MessageWriter::full_data(wire::Bytes data) {
  const Scope scope = full_data();
  out_.bytes(data);
}

void MessageWriter::ilv(std::uint32_t id, wire::Bytes value) {
  const Scope scope = ilv(id);
  out_.bytes(value);
}

void MessageWriter::result(ResultCode code, std::string_view cause) {
  if (form_ == ResultForm::ExtendedResult) {
    const Scope scope = tlv(TlvType::ExtendedResult);
    out_.u32(std::to_underlying(code));
    out_.text(cut(cause));
    return;
  }
  const bool fits = std::to_underlying(code) <= 0xff;
  const Scope scope = tlv(TlvType::Result);
  out_.u8(static_cast<std::uint8_t>(fits ? code : ResultCode::UnspecifiedError));
  out_.zeros(3);
}

// All but the IDs, whose place is given back. Null when the TLV would be too long.
std::byte* MessageWriter::path_with_data(std::size_t ids, wire::Bytes data) {
  const std::size_t inner = wire::kTlvHeader + data.size();
  const std::size_t length = kPathHeader + 4 * ids + padded(inner);
  if (length > kMaxTlv) {
    out_.fail(Errc::TooLarge, "tlv.length", out_.size() + 2);
    return nullptr;
  }
  if (depth_ == kMaxDepth) out_.fail(Errc::TooDeep, "pl.pathdata", out_.size());
  std::byte* at = out_.extend(length).data();
  wire::store_be<2>(at, number(TlvType::PathData));
  wire::store_be<2>(at + 2, length);
  wire::store_be<4>(at + 4, ids);  // no flags; the count fits since the length does
  std::byte* const place = at + kPathHeader;
  at = place + 4 * ids;
  wire::store_be<2>(at, number(TlvType::FullData));
  wire::store_be<2>(at + 2, inner);
  at += wire::kTlvHeader;
  if (!data.empty()) std::memcpy(at, data.data(), data.size());
  for (std::size_t i = data.size(); i % 4 != 0; ++i) at[i] = std::byte{0};
  return place;
}

void MessageWriter::path_with_data(std::span<const std::uint32_t> ids, wire::Bytes data) {
  if (std::byte* const place = path_with_data(ids.size(), data)) write_ids(ids, place);
}

void MessageWriter::path_with_data(const IdsView& ids, wire::Bytes data) {
  std::byte* const place = path_with_data(ids.size(), data);
  if (place != nullptr && !ids.empty()) {
    std::memcpy(place, ids.octets().data(), ids.octets().size());
  }
}

std::size_t MessageWriter::room() const {
  const std::size_t used = out_.size();
  const auto left = [](std::size_t limit, std::size_t taken) {
    return taken < limit ? (limit - taken) / 4 * 4 : 0;
  };
  const std::size_t in_message = left(Header::kMaxLength, used);
  if (outermost_ == kNone) return std::min(in_message, left(kMaxTlv, 0));
  return std::min(in_message, left(kMaxTlv, used - outermost_));
}

Result<Octets> MessageWriter::finish() && {
  FORCES_ASSERT(depth_ == 0 && outermost_ == kNone);
  out_.patch_u16(2, out_.size() / 4, "pl.length");
  return std::move(out_).finish();
}

}  // namespace forces::pl
