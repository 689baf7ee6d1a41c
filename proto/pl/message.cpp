#include "proto/pl/message.hpp"

#include <algorithm>
#include <utility>

#include "proto/wire/tlv.hpp"

namespace forces::pl {
namespace {

using wire::ByteReader;
using wire::ByteWriter;
using wire::TlvView;

Octets copy(wire::Bytes octets) { return Octets(octets.begin(), octets.end()); }

std::uint16_t number(TlvType type) { return std::to_underlying(type); }

Result<Oper> decode_oper(TlvView& tlv, ElementBudget& budget) {
  Oper oper{.type = static_cast<OperType>(tlv.type)};
  if (!is_known(oper.type)) {
    oper.unknown = copy(tlv.value.rest());
    return oper;
  }
  FORCES_TRY(elements, decode_elements(tlv.value, budget));
  oper.elements = std::move(elements);
  return oper;
}

Result<BodyTlv> decode_lfb_select(ByteReader& r, ElementBudget& budget) {
  LfbSelect select;
  select.class_id = {r.u32("pl.lfbselect.class")};
  select.instance_id = {r.u32("pl.lfbselect.instance")};
  while (!r.empty()) {
    TlvView tlv = wire::read_tlv(r, "pl.oper");
    if (!r.ok() || !budget.take(r, tlv.offset)) break;
    FORCES_TRY(oper, decode_oper(tlv, budget));
    select.operations.push_back(std::move(oper));
  }
  if (!r.ok()) return fail(r.error());
  return select;
}

Result<BodyTlv> decode_as_result(ByteReader& r, ElementBudget&) {
  if (r.remaining() != 4) return fail(Errc::BadLength, "pl.asresult", r.offset());
  return AsResult{static_cast<AssociationResult>(r.u32("pl.asresult"))};
}

Result<BodyTlv> decode_as_treason(ByteReader& r, ElementBudget&) {
  if (r.remaining() != 4) return fail(Errc::BadLength, "pl.astreason", r.offset());
  return AsTreason{static_cast<TeardownReason>(r.u32("pl.astreason"))};
}

template <class T>
bool holds(const Redirect& redirect) {
  return std::ranges::any_of(redirect.items,
                             [](const auto& item) { return std::holds_alternative<T>(item); });
}

Result<void> decode_redirect_item(TlvView& tlv, ElementBudget& budget, Redirect& into) {
  switch (static_cast<TlvType>(tlv.type)) {
    case TlvType::Metadata: {
      if (holds<Metadata>(into)) return fail(Errc::Duplicate, "pl.redirect.metadata", tlv.offset);
      FORCES_TRY(items, decode_ilvs(tlv.value, "pl.redirect.metadata", budget));
      into.items.emplace_back(Metadata{std::move(items)});
      return {};
    }
    case TlvType::RedirectData:
      if (holds<RedirectData>(into)) return fail(Errc::Duplicate, "pl.redirect.data", tlv.offset);
      into.items.emplace_back(RedirectData{copy(tlv.value.rest())});
      return {};
    default:
      into.items.emplace_back(RawTlv{tlv.type, copy(tlv.value.rest())});
      return {};
  }
}

Result<BodyTlv> decode_redirect(ByteReader& r, ElementBudget& budget) {
  Redirect redirect;
  while (!r.empty()) {
    TlvView tlv = wire::read_tlv(r, "pl.redirect.tlv");
    if (!r.ok() || !budget.take(r, tlv.offset)) break;
    const auto item = decode_redirect_item(tlv, budget, redirect);
    if (!item) return fail(item.error());
  }
  if (!r.ok()) return fail(r.error());
  return redirect;
}

// RFC 5810 appendix A.4: the TLVs that may stand at the top of a message.
struct BodyRule {
  TlvType type;
  Result<BodyTlv> (*decode)(ByteReader& value, ElementBudget& budget);
};
constexpr std::array kBodyRules{
    BodyRule{TlvType::LfbSelect, &decode_lfb_select},
    BodyRule{TlvType::AsResult, &decode_as_result},
    BodyRule{TlvType::AsTreason, &decode_as_treason},
    BodyRule{TlvType::Redirect, &decode_redirect},
};

Result<BodyTlv> decode_body_tlv(TlvView& tlv, ElementBudget& budget) {
  const auto rule = std::ranges::find(kBodyRules, static_cast<TlvType>(tlv.type), &BodyRule::type);
  if (rule == kBodyRules.end()) return RawTlv{tlv.type, copy(tlv.value.rest())};
  return rule->decode(tlv.value, budget);
}

class BodyEncoder {
 public:
  explicit BodyEncoder(ByteWriter& w) : w_(w) {}

  void operator()(const RawTlv& raw) const {
    w_.tlv(raw.type, [&] { w_.bytes(raw.value); });
  }
  void operator()(const LfbSelect& select) const {
    w_.tlv(number(TlvType::LfbSelect), [&] {
      w_.u32(select.class_id.value);
      w_.u32(select.instance_id.value);
      for (const Oper& oper : select.operations) {
        w_.tlv(std::to_underlying(oper.type), [&] {
          w_.bytes(oper.unknown);
          encode_elements(oper.elements, w_);
        });
      }
    });
  }
  void operator()(const AsResult& result) const {
    w_.tlv(number(TlvType::AsResult), [&] { w_.u32(std::to_underlying(result.result)); });
  }
  void operator()(const AsTreason& reason) const {
    w_.tlv(number(TlvType::AsTreason), [&] { w_.u32(std::to_underlying(reason.reason)); });
  }
  void operator()(const Redirect& redirect) const {
    w_.tlv(number(TlvType::Redirect), [&] {
      for (const auto& item : redirect.items) std::visit(*this, item);
    });
  }
  void operator()(const Metadata& metadata) const {
    w_.tlv(number(TlvType::Metadata), [&] { encode_ilvs(metadata.items, w_); });
  }
  void operator()(const RedirectData& data) const {
    w_.tlv(number(TlvType::RedirectData), [&] { w_.bytes(data.packet); });
  }

 private:
  ByteWriter& w_;
};

}  // namespace

Result<Message> decode_message(wire::Bytes octets) {
  ByteReader r(octets);
  Message message;
  FORCES_TRY(header, decode_header(r));
  if (header.length > octets.size()) return fail(Errc::Truncated, "pl.length", 2);
  if (header.length < octets.size()) {
    return fail(Errc::TrailingOctets, "pl.length", header.length);
  }
  message.header = header;
  ElementBudget budget;
  while (!r.empty()) {
    TlvView tlv = wire::read_tlv(r, "pl.tlv");
    if (!r.ok() || !budget.take(r, tlv.offset)) break;
    FORCES_TRY(body_tlv, decode_body_tlv(tlv, budget));
    message.body.push_back(std::move(body_tlv));
  }
  if (!r.ok()) return fail(r.error());
  return message;
}

Result<Octets> encode_message(const Message& message) {
  ByteWriter w;
  Header header = message.header;
  header.length = Header::kSize;
  encode_header(header, w);
  const BodyEncoder encoder(w);
  for (const BodyTlv& tlv : message.body) std::visit(encoder, tlv);
  w.patch_u16(2, w.size() / 4, "pl.length");
  return std::move(w).finish();
}

}  // namespace forces::pl
