#include "proto/pl/message.hpp"

#include <utility>

namespace forces::pl {
namespace {

Octets copy(wire::Bytes octets) { return Octets(octets.begin(), octets.end()); }

Oper to_tree(const OperView& view) {
  Oper oper{.type = view.type};
  if (is_known(view.type)) {
    oper.elements = to_tree(view.items());
  } else {
    oper.unknown = copy(view.value);
  }
  return oper;
}

LfbSelect to_tree(const LfbSelectView& view) {
  LfbSelect select{view.class_id, view.instance_id, {}};
  for (const OperView oper : view.operations) select.operations.push_back(to_tree(oper));
  return select;
}

Redirect redirect_tree(wire::Bytes value) {
  Redirect redirect;
  for (const BodyView part : TlvRange<BodyView>(value)) {
    if (part.type == TlvType::Metadata) {
      redirect.items.emplace_back(Metadata{to_tree(IlvRange(part.value))});
    } else if (part.type == TlvType::RedirectData) {
      redirect.items.emplace_back(RedirectData{copy(part.value)});
    } else {
      redirect.items.emplace_back(RawTlv{std::to_underlying(part.type), copy(part.value)});
    }
  }
  return redirect;
}

// RFC 5810 appendix A.4: the TLVs that may stand at the top of a message.
BodyTlv to_tree(const BodyView& tlv) {
  const auto code = [&] { return wire::ByteReader(tlv.value).u32("pl.code"); };
  switch (tlv.type) {
    case TlvType::LfbSelect:
      return to_tree(LfbSelectView(std::to_underlying(tlv.type), tlv.value));
    case TlvType::AsResult:
      return AsResult{static_cast<AssociationResult>(code())};
    case TlvType::AsTreason:
      return AsTreason{static_cast<TeardownReason>(code())};
    case TlvType::Redirect:
      return redirect_tree(tlv.value);
    default:
      return RawTlv{std::to_underlying(tlv.type), copy(tlv.value)};
  }
}

class BodyEncoder {
 public:
  explicit BodyEncoder(MessageWriter& w) : w_(w) {}

  void operator()(const RawTlv& raw) const {
    const auto scope = w_.tlv(raw.type);
    w_.out().bytes(raw.value);
  }
  void operator()(const LfbSelect& select) const {
    const auto scope = w_.lfb_select(select.class_id, select.instance_id);
    for (const Oper& oper : select.operations) {
      const auto operation = w_.operation(oper.type);
      w_.out().bytes(oper.unknown);
      write(oper.elements, w_);
    }
  }
  void operator()(const AsResult& result) const {
    const auto scope = w_.tlv(TlvType::AsResult);
    w_.out().u32(std::to_underlying(result.result));
  }
  void operator()(const AsTreason& reason) const {
    const auto scope = w_.tlv(TlvType::AsTreason);
    w_.out().u32(std::to_underlying(reason.reason));
  }
  void operator()(const Redirect& redirect) const {
    const auto scope = w_.tlv(TlvType::Redirect);
    for (const auto& item : redirect.items) std::visit(*this, item);
  }
  void operator()(const Metadata& metadata) const {
    const auto scope = w_.tlv(TlvType::Metadata);
    write(metadata.items, w_);
  }
  void operator()(const RedirectData& data) const {
    const auto scope = w_.tlv(TlvType::RedirectData);
    w_.out().bytes(data.packet);
  }

 private:
  MessageWriter& w_;
};

}  // namespace

Message to_tree(const MessageView& view) {
  Message message{.header = view.header()};
  for (const BodyView tlv : view.body()) message.body.push_back(to_tree(tlv));
  return message;
}

Result<Message> decode_message(wire::Bytes octets) {
  FORCES_TRY(view, MessageView::parse(octets));
  return to_tree(view);
}

Result<Octets> encode_message(const Message& message) {
  MessageWriter w(message.header);
  const BodyEncoder encoder(w);
  for (const BodyTlv& tlv : message.body) std::visit(encoder, tlv);
  return std::move(w).finish();
}

}  // namespace forces::pl
