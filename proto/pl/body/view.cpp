#include "proto/pl/body/view.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace forces::pl {
namespace {

using wire::ByteReader;
using wire::Bytes;
using wire::IlvCursor;
using wire::TlvCursor;

constexpr std::size_t kPathHeader = 4;  // flags and count
constexpr std::size_t kResultHeader = 4;

std::string_view as_text(Bytes octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

bool is(const TlvCursor& tlv, TlvType type) { return tlv.type() == std::to_underlying(type); }

TlvType type_of(const TlvCursor& tlv) { return static_cast<TlvType>(tlv.type()); }

bool starts_with_selector(Bytes octets) {
  if (octets.size() < wire::kTlvHeader) return false;
  const auto type = static_cast<TlvType>(wire::load_be<2>(octets.data()));
  return type == TlvType::KeyInfo || type == TlvType::TableRange;
}

bool all_zero(Bytes octets) {
  return std::ranges::all_of(octets, [](std::byte b) { return b == std::byte{0}; });
}

// One pass over a message. Every function is true when what it was given is well-formed; else the
// error is noted, and the first one stands because everything returns at once.
class Checker {
 public:
  [[nodiscard]] bool body(Bytes octets, std::size_t base);
  [[nodiscard]] const Error& error() const { return error_; }
  Quirks quirks{};

 private:
  bool fail(const Error& error) {
    error_ = error;
    return false;
  }
  bool fail(Errc code, std::string_view field, std::size_t at) {
    return fail(Error{code, static_cast<std::uint32_t>(at), field});
  }

  // What every TLV and ILV costs, and what may be wrong around it.
  template <class Cursor>
  bool enter(const Cursor& cursor) {
    if (left_ == 0) return fail(Errc::TooMany, "pl.elements", cursor.offset());
    --left_;
    if (cursor.value().size() % 4 != 0) note_padding(cursor.value().size(), cursor.padding());
    return true;
  }
  void note_padding(std::size_t value_octets, Bytes padding) {
    if ((value_octets + padding.size()) % 4 != 0) quirks.add(Quirk::MissingPad);
    if (!all_zero(padding)) quirks.add(Quirk::NonZeroPad);
  }
  // At the end of a run: what `cursor` met there.
  template <class Cursor>
  bool ended_well(const Cursor& cursor, std::string_view field) {
    return !cursor.failed() || fail(cursor.error(field));
  }

  bool lfb_select(const TlvCursor& select);
  bool redirect(const TlvCursor& redirect);
  // A value comes with its offset in the message, not with a cursor, which then stays in registers.
  bool item(TlvType type, Bytes value, std::size_t at, std::size_t depth);
  bool path(Bytes value, std::size_t at, std::size_t depth);
  bool bad_path(Bytes value, std::size_t at);
  bool selectors(Bytes& rest, std::size_t& at, std::uint16_t flags);
  bool key_info(const TlvCursor& tlv);
  bool result(Bytes value, std::size_t at);
  bool ilvs(Bytes value, std::size_t at, std::string_view field);

  std::size_t left_ = kMaxElements;
  Error error_{};
};

bool Checker::body(Bytes octets, std::size_t base) {
  TlvCursor tlvs(octets, base);
  while (tlvs.next()) {
    if (!enter(tlvs)) return false;
    bool good = true;
    switch (static_cast<TlvType>(tlvs.type())) {
      case TlvType::LfbSelect:
        good = lfb_select(tlvs);
        break;
      case TlvType::Redirect:
        good = redirect(tlvs);
        break;
      case TlvType::AsResult:
        good =
            tlvs.value().size() == 4 || fail(Errc::BadLength, "pl.asresult", tlvs.value_offset());
        break;
      case TlvType::AsTreason:
        good =
            tlvs.value().size() == 4 || fail(Errc::BadLength, "pl.astreason", tlvs.value_offset());
        break;
      default:
        quirks.add(Quirk::UnknownTlv);
        break;
    }
    if (!good) return false;
  }
  return ended_well(tlvs, "pl.tlv");
}

bool Checker::lfb_select(const TlvCursor& select) {
  ByteReader r(select.value(), select.value_offset());
  r.u32("pl.lfbselect.class");
  r.u32("pl.lfbselect.instance");
  if (!r.ok()) return fail(r.error());
  const std::size_t base = r.offset();
  TlvCursor opers(r.rest(), base);
  while (opers.next()) {
    if (!enter(opers)) return false;
    if (!is_known(static_cast<OperType>(opers.type()))) {
      quirks.add(Quirk::UnknownTlv);
      continue;
    }
    TlvCursor items(opers.value(), opers.value_offset());
    while (items.next()) {
      if (!enter(items) || !item(type_of(items), items.value(), items.value_offset(), 1)) {
        return false;
      }
    }
    if (!ended_well(items, "pl.oper.tlv")) return false;
  }
  return ended_well(opers, "pl.oper");
}

// Section 7.9: either part may be absent, none may come twice.
bool Checker::redirect(const TlvCursor& redirect) {
  TlvCursor parts(redirect.value(), redirect.value_offset());
  bool metadata = false, packet = false;
  while (parts.next()) {
    if (!enter(parts)) return false;
    if (is(parts, TlvType::Metadata)) {
      if (std::exchange(metadata, true)) {
        return fail(Errc::Duplicate, "pl.redirect.metadata", parts.offset());
      }
      if (!ilvs(parts.value(), parts.value_offset(), "pl.redirect.metadata")) return false;
    } else if (is(parts, TlvType::RedirectData)) {
      if (std::exchange(packet, true)) {
        return fail(Errc::Duplicate, "pl.redirect.data", parts.offset());
      }
    } else {
      quirks.add(Quirk::UnknownTlv);
    }
  }
  return ended_well(parts, "pl.redirect.tlv");
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth
bool Checker::item(TlvType type, Bytes value, std::size_t at, std::size_t depth) {
  if (type == TlvType::FullData) return true;  // these two are nearly all there are
  if (type == TlvType::PathData) return path(value, at, depth);
  switch (type) {
    case TlvType::SparseData:
      return ilvs(value, at, "pl.sparsedata.ilv");
    case TlvType::Result:
      return result(value, at);
    case TlvType::ExtendedResult:
      return value.size() >= 4 || fail(Errc::Truncated, "pl.extendedresult", at);
    default:
      quirks.add(Quirk::UnknownTlv);
      return true;
  }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth
bool Checker::path(Bytes value, std::size_t at, std::size_t depth) {
  if (depth > kMaxDepth) return fail(Errc::TooDeep, "pl.pathdata", at);
  if (value.size() < kPathHeader) return bad_path(value, at);
  const auto flags = static_cast<std::uint16_t>(wire::load_be<2>(value.data()));
  const std::size_t head = kPathHeader + 4 * wire::load_be<2>(value.data() + 2);
  if (value.size() < head) return bad_path(value, at);
  value = value.subspan(head);
  at += head;
  if (flags != 0 || starts_with_selector(value)) {
    if (!selectors(value, at, flags)) return false;
  }
  TlvCursor tlvs(value, at);
  while (tlvs.next()) {
    if (!enter(tlvs)) return false;
    if (!item(type_of(tlvs), tlvs.value(), tlvs.value_offset(), depth + 1)) return false;
  }
  return ended_well(tlvs, "pl.pathdata.tlv");
}

// Where a path ends before its last ID.
bool Checker::bad_path(Bytes value, std::size_t at) {
  ByteReader r(value, at);
  r.u16("pl.pathdata.flags");
  r.take(r.u16("pl.pathdata.idcount") * std::size_t{4}, "pl.pathdata.ids");
  return fail(r.error());
}

// The selectors stand between the IDs and the data, which is what `rest` becomes; one anywhere else
// means nothing.
bool Checker::selectors(Bytes& rest, std::size_t& at, std::uint16_t flags) {
  TlvCursor tlvs(rest, at);
  bool more = tlvs.next();
  const bool has_key = more && is(tlvs, TlvType::KeyInfo);
  if (has_key) {
    if (!enter(tlvs) || !key_info(tlvs)) return false;
    rest = tlvs.rest();
    at = tlvs.end_offset();
    more = tlvs.next();
  }
  const bool has_range = more && is(tlvs, TlvType::TableRange);
  if (has_range) {
    if (!enter(tlvs)) return false;
    if (tlvs.value().size() != 8) {
      return fail(Errc::BadLength, "pl.tablerange", tlvs.value_offset());
    }
    rest = tlvs.rest();
    at = tlvs.end_offset();
  }
  constexpr std::uint16_t kLsb = kSelKeyLsb | kSelTableRangeLsb;
  constexpr std::uint16_t kUsed = kSelKey | kSelTableRange | kLsb;
  if ((flags & kLsb) != 0) quirks.add(Quirk::SelectorBitOrder);
  if ((flags & ~kUsed) != 0) quirks.add(Quirk::ReservedBits);
  if (!selectors_agree(flags, has_key, has_range)) quirks.add(Quirk::SelectorMismatch);
  return true;
}

bool Checker::key_info(const TlvCursor& tlv) {
  ByteReader r(tlv.value(), tlv.value_offset());
  r.u32("pl.keyinfo.id");
  if (!r.ok()) return fail(r.error());
  if (r.empty()) return fail(Errc::Missing, "pl.keyinfo.fulldata", r.offset());
  const std::size_t base = r.offset();
  TlvCursor data(r.rest(), base);
  if (!data.next()) return fail(data.error("pl.keyinfo.fulldata"));
  if (!is(data, TlvType::FullData)) {
    return fail(Errc::UnknownType, "pl.keyinfo.fulldata", data.offset());
  }
  if (data.value().size() % 4 != 0) note_padding(data.value().size(), data.padding());
  return data.rest().empty() || fail(Errc::TrailingOctets, "pl.keyinfo", data.end_offset());
}

// Result and 24 reserved bits, which are ignored; then perhaps a FULLDATA-TLV (figure 17).
bool Checker::result(Bytes value, std::size_t at) {
  if (value.size() < kResultHeader) return fail(Errc::BadLength, "pl.result", at);
  if (!all_zero(value.subspan(1, 3))) quirks.add(Quirk::ReservedBits);
  if (value.size() == kResultHeader) return true;
  TlvCursor data(value.subspan(kResultHeader));
  if (!data.next() || !is(data, TlvType::FullData) || !data.rest().empty()) {
    return fail(Errc::BadLength, "pl.result", at);
  }
  if (data.value().size() % 4 != 0) note_padding(data.value().size(), data.padding());
  quirks.add(Quirk::ResultWithData);
  return true;
}

bool Checker::ilvs(Bytes value, std::size_t at, std::string_view field) {
  IlvCursor items(value, at);
  while (items.next()) {
    if (!enter(items)) return false;
  }
  return ended_well(items, field);
}

}  // namespace

void PathView::read_selectors() {
  TlvCursor tlvs(items.octets());
  bool more = tlvs.next();
  if (more && is(tlvs, TlvType::KeyInfo)) {
    ByteReader r(tlvs.value());
    key = KeyView{r.u32("pl.keyinfo.id"), {}};
    TlvCursor data(r.rest());
    if (data.next()) key->key = data.value();
    items = ItemRange(tlvs.rest());
    more = tlvs.next();
  }
  if (more && is(tlvs, TlvType::TableRange)) {
    ByteReader r(tlvs.value());
    const std::uint32_t start = r.u32("pl.tablerange.start");
    range = TableRange{start, r.u32("pl.tablerange.end")};
    items = ItemRange(tlvs.rest());
  }
}

ResultView ItemView::result() const {
  ResultView view{.code = ResultCode::UnspecifiedError};
  if (value.size() < kResultHeader) return view;
  if (is(TlvType::ExtendedResult)) {
    view.code = static_cast<ResultCode>(wire::load_be<4>(value.data()));
    view.cause = as_text(value.subspan(4));
    return view;
  }
  view.code = static_cast<ResultCode>(value.front());
  TlvCursor data(value.subspan(kResultHeader));
  if (data.next()) view.data = data.value();
  return view;
}

LfbSelectView::LfbSelectView(std::uint32_t /*number*/, Bytes value) {
  ByteReader r(value);
  class_id = {r.u32("pl.lfbselect.class")};
  instance_id = {r.u32("pl.lfbselect.instance")};
  operations = TlvRange<OperView>(r.rest());
}

Result<MessageView> MessageView::parse(Bytes message) {
  FORCES_TRY(header, decode_header(message));
  if (header.length > message.size()) return fail(Errc::Truncated, "pl.length", 2);
  if (header.length < message.size()) {
    return fail(Errc::TrailingOctets, "pl.length", header.length);
  }
  Checker checker;
  checker.quirks = header_quirks(header, message.front());
  const Bytes body = message.subspan(Header::kSize);
  if (!checker.body(body, Header::kSize)) return fail(checker.error());
  MessageView view;
  view.header_ = header;
  view.body_ = body;
  view.quirks_ = checker.quirks;
  return view;
}

Bytes without_counted_pad(Bytes data, std::size_t expected) {
  if (data.size() <= expected || data.size() - expected > 3) return data;
  return all_zero(data.subspan(expected)) ? data.first(expected) : data;
}

}  // namespace forces::pl
