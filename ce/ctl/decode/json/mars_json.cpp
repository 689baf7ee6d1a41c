#include "ce/ctl/decode/json/mars_json.hpp"

#include <utility>

#include "ce/ctl/decode/hex.hpp"

namespace forces::decode {
namespace {

using Json = nlohmann::ordered_json;

// IPv4 addresses as people write them, others in hex.
Json item_json(const mars::ProtocolAddress& address) {
  if (address.size() != 4) return to_hex(address.octets());
  std::string text;
  for (const std::byte octet : address.octets()) {
    if (!text.empty()) text += '.';
    text += std::to_string(std::to_integer<int>(octet));
  }
  return text;
}

Json item_json(const mars::AtmAddress& address) {
  Json json{{"type", address.number.e164 ? "E.164" : "NSAPA"},
            {"number", to_hex(address.number.octets.octets())}};
  if (!address.subaddress.empty()) {
    json["subaddress"] = to_hex(address.subaddress.octets.octets());
  }
  return json;
}

Json item_json(const mars::GroupRange& range) {
  return {{"min", item_json(range.min)}, {"max", item_json(range.max)}};
}

Json flags_json(mars::Flags flags) {
  return {{"value", hex16(flags.value)}, {"layer3grp", flags.layer3_group()},
          {"copy", flags.copy()},        {"register", flags.registers()},
          {"punched", flags.punched()},  {"sequence", flags.sequence()}};
}

void put_protocol(Json& json, const mars::ProtocolType& protocol) {
  json["protocol"] = hex16(protocol.type);
  if (protocol.type == mars::kSnapProtocol) json["snap"] = to_hex(protocol.snap);
}

void put_source(Json& json, const mars::AtmAddress& atm, const mars::ProtocolAddress& protocol) {
  json["source"] = item_json(atm);
  if (!protocol.empty()) json["sourceProtocol"] = item_json(protocol);
}

Json item_json(const mars::Tlv& tlv) {
  return {{"type", hex16(tlv.type)}, {"value", to_hex(tlv.value)}};
}

template <class Items>
Json items_json(const Items& items) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(item_json(item));
  return list;
}

void put_multi(Json& json, const mars::Message& m) {
  if (m.operation != mars::Operation::Migrate) {
    json["last"] = m.last;
    json["part"] = m.part;
  }
  json["msn"] = m.msn;
  if (m.operation == mars::Operation::RedirectMap) json["hard"] = m.hard;
  if (m.operation == mars::Operation::GrouplistReply) {
    json["groups"] = items_json(m.groups);
  } else {
    json["targets"] = items_json(m.targets);
  }
}

}  // namespace

Json to_json(const mars::Message& m) {
  Json json{{"operation", mars::to_string(m.operation)},
            {"op", std::to_underlying(m.operation)},
            {"checksummed", m.checksummed}};
  put_protocol(json, m.protocol);
  put_source(json, m.source, m.source_protocol);
  if (!m.group.empty()) json["group"] = item_json(m.group);
  switch (mars::form_of(m.operation)) {
    case mars::Form::Membership:
      json["flags"] = flags_json(m.flags);
      json["cmi"] = m.cmi;
      json["msn"] = m.msn;
      json["ranges"] = items_json(m.ranges);
      break;
    case mars::Form::Query:
      if (!m.targets.empty()) json["targets"] = items_json(m.targets);
      break;
    case mars::Form::Multi:
      put_multi(json, m);
      break;
  }
  if (!m.tlvs.empty() || m.null_tlv) {
    json["tlvs"] = items_json(m.tlvs);
    json["tlvAction"] = mars::to_string(mars::tlv_action(m.tlvs));
  }
  return json;
}

Json to_json(const mars::CacheEntry& e) {
  Json json{{"state", mars::to_string(e.state)}, {"stateCode", std::to_underlying(e.state)}};
  put_protocol(json, e.protocol);
  json["flags"] = flags_json(e.flags);
  json["cmi"] = e.cmi;
  put_source(json, e.source, e.source_protocol);
  if (e.range) json["range"] = item_json(*e.range);
  return json;
}

}  // namespace forces::decode
