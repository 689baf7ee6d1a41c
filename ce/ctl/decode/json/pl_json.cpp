#include "ce/ctl/decode/json/pl_json.hpp"

#include <array>
#include <utility>

#include "ce/ctl/decode/hex.hpp"
#include "ce/ctl/decode/json/mars_json.hpp"
#include "proto/mars/message.hpp"
#include "proto/pl/vc.hpp"
#include "proto/wire/snap.hpp"

namespace forces::decode {
namespace {

using Json = nlohmann::ordered_json;

Json flags_json(pl::Flags flags) {
  static constexpr std::array<const char*, 4> kAck{"NoACK", "SuccessACK", "FailureACK",
                                                   "AlwaysACK"};
  static constexpr std::array<const char*, 4> kMode{
      "reserved", "execute-all-or-none", "execute-until-failure", "continue-execute-on-failure"};
  static constexpr std::array<const char*, 4> kPhase{"SOT", "MOT", "EOT", "ABT"};
  return {{"value", hex32(flags.value)}, {"ACK", kAck[std::to_underlying(flags.ack())]},
          {"Pri", flags.priority()},     {"EM", kMode[std::to_underlying(flags.execution_mode())]},
          {"AT", flags.atomic()},        {"TP", kPhase[std::to_underlying(flags.phase())]}};
}

Json ilvs_json(const std::vector<pl::Ilv>& items, bool metadata) {
  Json list = Json::array();
  for (const pl::Ilv& item : items) {
    Json row{{"id", item.id}};
    if (metadata) row["name"] = pl::to_string(static_cast<pl::MetadataId>(item.id));
    row["value"] = to_hex(item.value);
    list.push_back(std::move(row));
  }
  return list;
}

std::string dotted(const std::vector<std::uint32_t>& ids) {
  std::string path;
  for (const std::uint32_t id : ids) {
    if (!path.empty()) path += '.';
    path += std::to_string(id);
  }
  return path;
}

// One overload a TLV; each object begins with "tlv", its name.
struct TlvToJson {
  Json operator()(const pl::RawTlv& raw) const {
    return {{"tlv", "unknown"}, {"type", hex16(raw.type)}, {"value", to_hex(raw.value)}};
  }
  Json operator()(const pl::FullData& data) const {
    return {{"tlv", "FULLDATA"}, {"value", to_hex(data.value)}};
  }
  Json operator()(const pl::SparseData& data) const {
    return {{"tlv", "SPARSEDATA"}, {"ilvs", ilvs_json(data.items, false)}};
  }
  Json operator()(const pl::ResultTlv& result) const {
    Json json{{"tlv", "RESULT"},
              {"code", result.code},
              {"result", pl::to_string(static_cast<pl::ResultCode>(result.code))}};
    if (result.data) json["FULLDATA"] = to_hex(*result.data);
    return json;
  }
  Json operator()(const pl::ExtendedResult& result) const {
    return {{"tlv", "EXTENDEDRESULT"},
            {"code", result.code},
            {"result", pl::to_string(static_cast<pl::ResultCode>(result.code))},
            {"cause", result.cause}};
  }
  Json operator()(const pl::PathData& path) const {
    Json json{{"tlv", "PATH-DATA"}, {"flags", hex16(path.flags)}, {"path", dotted(path.ids)}};
    if (path.key) {
      json["KEYINFO"] = {{"keyID", path.key->key_id}, {"FULLDATA", to_hex(path.key->key)}};
    }
    if (path.range) json["TABLERANGE"] = {{"start", path.range->start}, {"end", path.range->end}};
    json["tlvs"] = elements_json(path.items);
    return json;
  }
  Json operator()(const pl::LfbSelect& select) const {
    Json operations = Json::array();
    for (const pl::Oper& oper : select.operations) operations.push_back(oper_json(oper));
    return {{"tlv", "LFBselect"},
            {"classID", select.class_id.value},
            {"className", pl::lfb_class_name(select.class_id)},
            {"instanceID", select.instance_id.value},
            {"operations", std::move(operations)}};
  }
  Json operator()(const pl::AsResult& result) const {
    return {{"tlv", "ASResult"},
            {"code", std::to_underlying(result.result)},
            {"result", pl::to_string(result.result)}};
  }
  Json operator()(const pl::AsTreason& reason) const {
    return {{"tlv", "ASTreason"},
            {"code", std::to_underlying(reason.reason)},
            {"reason", pl::to_string(reason.reason)}};
  }
  Json operator()(const pl::Redirect& redirect) const {
    Json parts = Json::array();
    for (const auto& item : redirect.items) parts.push_back(std::visit(*this, item));
    return {{"tlv", "REDIRECT"}, {"tlvs", std::move(parts)}};
  }
  Json operator()(const pl::Metadata& metadata) const {
    return {{"tlv", "METADATA"}, {"ilvs", ilvs_json(metadata.items, true)}};
  }
  Json operator()(const pl::RedirectData& data) const {
    return {
        {"tlv", "REDIRECTDATA"}, {"length", data.packet.size()}, {"value", to_hex(data.packet)}};
  }

 private:
  Json elements_json(const std::vector<pl::Element>& elements) const {
    Json list = Json::array();
    for (const pl::Element& element : elements) list.push_back(std::visit(*this, element.value));
    return list;
  }
  Json oper_json(const pl::Oper& oper) const {
    Json json{{"oper", pl::to_string(oper.type)}, {"type", std::to_underlying(oper.type)}};
    if (is_known(oper.type)) {
      json["tlvs"] = elements_json(oper.elements);
    } else {
      json["value"] = to_hex(oper.unknown);
    }
    return json;
  }
};

// What a VC of the MARS carries; what is not a message of it stays octets.
void put_vc(Json& json, const pl::Message& message) {
  for (const pl::BodyTlv& tlv : message.body) {
    const auto* const raw = std::get_if<pl::RawTlv>(&tlv);
    if (raw == nullptr) continue;
    const auto kind = static_cast<pl::VcKind>(raw->type);
    if (!pl::is_known(kind)) continue;
    json["vc"] = pl::to_string(kind);
    const auto snap = wire::decode_snap(raw->value);
    if (!snap || snap->pid != wire::SnapPid::MarsControl) continue;
    if (const auto mars = mars::decode_message(snap->payload)) json["mars"] = to_json(*mars);
  }
}

}  // namespace

Json to_json(const pl::MessageView& view) {
  const pl::Message message = pl::to_tree(view);
  const pl::Header& h = message.header;
  Json json{{"type", pl::to_string(h.type)},
            {"typeCode", std::to_underlying(h.type)},
            {"version", 1},
            {"length", h.length},
            {"source", hex32(h.source.value)},
            {"sourceKind", pl::to_string(pl::kind(h.source))},
            {"destination", hex32(h.destination.value)},
            {"destinationKind", pl::to_string(pl::kind(h.destination))},
            {"correlator", hex64(h.correlator)},
            {"flags", flags_json(h.flags)}};
  Json tlvs = Json::array();
  for (const pl::BodyTlv& tlv : message.body) tlvs.push_back(std::visit(TlvToJson{}, tlv));
  json["tlvs"] = std::move(tlvs);
  if (h.type == pl::MsgType::MarsVc) put_vc(json, message);
  Json quirks = Json::array();
  view.quirks().for_each([&](pl::Quirk quirk) { quirks.push_back(pl::to_string(quirk)); });
  if (!quirks.empty()) json["quirks"] = std::move(quirks);
  return json;
}

}  // namespace forces::decode
