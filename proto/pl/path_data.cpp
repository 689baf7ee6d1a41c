#include "proto/pl/path_data.hpp"

#include <utility>

#include "proto/wire/tlv.hpp"

namespace forces::pl {
namespace {

using wire::ByteReader;
using wire::ByteWriter;
using wire::TlvView;

Octets copy(wire::Bytes octets) { return Octets(octets.begin(), octets.end()); }

std::uint16_t number(TlvType type) { return std::to_underlying(type); }

Result<std::vector<Element>> decode_level(ByteReader& r, ElementBudget& budget, std::size_t depth);

Result<KeyInfo> decode_key_info(ByteReader& r) {
  KeyInfo key;
  key.key_id = r.u32("pl.keyinfo.id");
  if (!r.ok()) return fail(r.error());
  if (r.empty()) return fail(Errc::Missing, "pl.keyinfo.fulldata", r.offset());
  TlvView data = wire::read_tlv(r, "pl.keyinfo.fulldata");
  if (!r.ok()) return fail(r.error());
  if (data.type != number(TlvType::FullData)) {
    return fail(Errc::UnknownType, "pl.keyinfo.fulldata", data.offset);
  }
  if (!r.empty()) return fail(Errc::TrailingOctets, "pl.keyinfo", r.offset());
  key.key = copy(data.value.rest());
  return key;
}

Result<TableRange> decode_table_range(ByteReader& r) {
  if (r.remaining() != 8) return fail(Errc::BadLength, "pl.tablerange", r.offset());
  TableRange range;
  range.start = r.u32("pl.tablerange.start");
  range.end = r.u32("pl.tablerange.end");
  return range;
}

Result<ResultTlv> decode_result(ByteReader& r) {
  // Result, and 24 reserved bits that are ignored.
  if (r.remaining() != 4) return fail(Errc::BadLength, "pl.result", r.offset());
  return ResultTlv{r.u8("pl.result")};
}

Result<ExtendedResult> decode_extended_result(ByteReader& r) {
  ExtendedResult result;
  result.code = r.u32("pl.extendedresult");
  if (!r.ok()) return fail(r.error());
  const wire::Bytes cause = r.rest();
  result.cause.assign(reinterpret_cast<const char*>(cause.data()), cause.size());
  return result;
}

// The selectors stand between the IDs and the data; one anywhere else is kept raw.
Result<bool> decode_selector(TlvView& tlv, PathData& path) {
  if (!path.items.empty()) return false;
  if (tlv.type == number(TlvType::KeyInfo) && !path.key && !path.range) {
    FORCES_TRY(key, decode_key_info(tlv.value));
    path.key = std::move(key);
    return true;
  }
  if (tlv.type == number(TlvType::TableRange) && !path.range) {
    FORCES_TRY(range, decode_table_range(tlv.value));
    path.range = range;
    return true;
  }
  return false;
}

template <class T>
Result<Element> as_element(Result<T> decoded) {
  if (!decoded) return fail(decoded.error());
  return Element{*std::move(decoded)};
}

Result<PathData> decode_path(ByteReader& r, ElementBudget& budget, std::size_t depth);

Result<Element> decode_element(TlvView& tlv, ElementBudget& budget, std::size_t depth) {
  switch (static_cast<TlvType>(tlv.type)) {
    case TlvType::PathData:
      return as_element(decode_path(tlv.value, budget, depth));
    case TlvType::FullData:
      return Element{FullData{copy(tlv.value.rest())}};
    case TlvType::SparseData: {
      FORCES_TRY(items, decode_ilvs(tlv.value, "pl.sparsedata.ilv", budget));
      return Element{SparseData{std::move(items)}};
    }
    case TlvType::Result:
      return as_element(decode_result(tlv.value));
    case TlvType::ExtendedResult:
      return as_element(decode_extended_result(tlv.value));
    default:
      return Element{RawTlv{tlv.type, copy(tlv.value.rest())}};
  }
}

Result<PathData> decode_path(ByteReader& r, ElementBudget& budget, std::size_t depth) {
  if (depth > kMaxDepth) return fail(Errc::TooDeep, "pl.pathdata", r.offset());
  PathData path;
  path.flags = r.u16("pl.pathdata.flags");
  const std::size_t count = r.u16("pl.pathdata.idcount");
  ByteReader ids = r.sub(count * 4, "pl.pathdata.ids");
  if (!r.ok()) return fail(r.error());
  path.ids.reserve(count);
  while (!ids.empty()) path.ids.push_back(ids.u32("pl.pathdata.ids"));
  while (!r.empty()) {
    TlvView tlv = wire::read_tlv(r, "pl.pathdata.tlv");
    if (!r.ok() || !budget.take(r, tlv.offset)) break;
    FORCES_TRY(selector, decode_selector(tlv, path));
    if (selector) continue;
    FORCES_TRY(element, decode_element(tlv, budget, depth + 1));
    path.items.push_back(std::move(element));
  }
  if (!r.ok()) return fail(r.error());
  return path;
}

Result<std::vector<Element>> decode_level(ByteReader& r, ElementBudget& budget, std::size_t depth) {
  std::vector<Element> elements;
  while (!r.empty()) {
    TlvView tlv = wire::read_tlv(r, "pl.oper.tlv");
    if (!r.ok() || !budget.take(r, tlv.offset)) break;
    FORCES_TRY(element, decode_element(tlv, budget, depth));
    elements.push_back(std::move(element));
  }
  if (!r.ok()) return fail(r.error());
  return elements;
}

// One overload a kind of element; `depth` is that of a PATH-DATA here.
class Encoder {
 public:
  Encoder(ByteWriter& w, std::size_t depth) : w_(w), depth_(depth) {}

  void operator()(const RawTlv& raw) const {
    w_.tlv(raw.type, [&] { w_.bytes(raw.value); });
  }
  void operator()(const FullData& data) const {
    w_.tlv(number(TlvType::FullData), [&] { w_.bytes(data.value); });
  }
  void operator()(const SparseData& data) const {
    w_.tlv(number(TlvType::SparseData), [&] { encode_ilvs(data.items, w_); });
  }
  void operator()(const ResultTlv& result) const {
    w_.tlv(number(TlvType::Result), [&] {
      w_.u8(result.code);
      w_.zeros(3);
    });
  }
  void operator()(const ExtendedResult& result) const {
    w_.tlv(number(TlvType::ExtendedResult), [&] {
      w_.u32(result.code);
      w_.text(result.cause);
    });
  }
  void operator()(const PathData& path) const {
    if (depth_ > kMaxDepth) return w_.fail(Errc::TooDeep, "pl.pathdata", w_.size());
    w_.tlv(number(TlvType::PathData), [&] { path_body(path); });
  }

 private:
  void path_body(const PathData& path) const {
    w_.u16(path.flags);
    const std::size_t count_at = w_.size();
    w_.u16(0);
    w_.patch_u16(count_at, path.ids.size(), "pl.pathdata.idcount");
    for (const std::uint32_t id : path.ids) w_.u32(id);
    if (path.key) {
      w_.tlv(number(TlvType::KeyInfo), [&] {
        w_.u32(path.key->key_id);
        w_.tlv(number(TlvType::FullData), [&] { w_.bytes(path.key->key); });
      });
    }
    if (path.range) {
      w_.tlv(number(TlvType::TableRange), [&] {
        w_.u32(path.range->start);
        w_.u32(path.range->end);
      });
    }
    const Encoder inner(w_, depth_ + 1);
    for (const Element& item : path.items) std::visit(inner, item.value);
  }

  ByteWriter& w_;
  std::size_t depth_;
};

}  // namespace

bool operator==(const PathData& a, const PathData& b) {
  return a.flags == b.flags && a.ids == b.ids && a.key == b.key && a.range == b.range &&
         a.items == b.items;
}

bool selectors_agree(const PathData& path) {
  const bool says_key = (path.flags & (kSelKey | kSelKeyLsb)) != 0;
  const bool says_range = (path.flags & (kSelTableRange | kSelTableRangeLsb)) != 0;
  // RFC 7391 section 3.1: the two exclude each other.
  return says_key == path.key.has_value() && says_range == path.range.has_value() &&
         !(says_key && says_range);
}

bool ElementBudget::take(ByteReader& r, std::size_t at) {
  if (left == 0) {
    r.fail(Errc::TooMany, "pl.elements", at);
    return false;
  }
  --left;
  return true;
}

Result<std::vector<Element>> decode_elements(ByteReader& r, ElementBudget& budget) {
  return decode_level(r, budget, 1);
}

Result<std::vector<Ilv>> decode_ilvs(ByteReader& r, std::string_view field, ElementBudget& budget) {
  std::vector<Ilv> items;
  while (!r.empty()) {
    wire::IlvView ilv = wire::read_ilv(r, field);
    if (!r.ok() || !budget.take(r, ilv.offset)) break;
    items.push_back({ilv.id, copy(ilv.value.rest())});
  }
  if (!r.ok()) return fail(r.error());
  return items;
}

void encode_elements(const std::vector<Element>& elements, ByteWriter& w) {
  const Encoder encoder(w, 1);
  for (const Element& element : elements) std::visit(encoder, element.value);
}

void encode_ilvs(const std::vector<Ilv>& items, ByteWriter& w) {
  for (const Ilv& item : items) {
    w.ilv(item.id, [&] { w.bytes(item.value); });
  }
}

}  // namespace forces::pl
