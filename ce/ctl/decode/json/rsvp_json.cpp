#include "ce/ctl/decode/json/rsvp_json.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "ce/ctl/decode/hex.hpp"

namespace forces::decode {
namespace {

using namespace rsvp;
using Json = nlohmann::ordered_json;

std::string text_of(const Address& address) {
  const wire::Bytes o = address.octets();
  if (!address.is_v6()) {
    const auto n = [&](std::size_t i) { return std::to_integer<unsigned>(o[i]); };
    return fmt::format("{}.{}.{}.{}", n(0), n(1), n(2), n(3));
  }
  std::string text;
  for (std::size_t i = 0; i < 16; i += 2) {
    text += fmt::format("{}{:x}", i == 0 ? "" : ":", wire::load_be<2>(&o[i]));
  }
  return text;
}
std::string text_of(std::uint32_t address) { return text_of(Address::v4(address)); }

Json words_json(const Words& words) {
  Json list = Json::array();
  for (const std::uint32_t word : words) list.push_back(hex32(word));
  return list;
}

Json error_json_of(ErrorValue error) {
  return {{"code", std::to_underlying(error.code)},
          {"name", to_string(error.code)},
          {"value", error.value},
          {"valueName", value_name(error)}};
}

Json json_of(const PrefixHop& hop) {
  Json json{{"prefix", fmt::format("{}/{}", text_of(hop.address), hop.prefix)}};
  if (hop.flags != 0) json["flags"] = hop.flags;
  return json;
}
Json json_of(const UnnumberedHop& hop) {
  Json json{{"routerId", text_of(hop.router_id)}, {"interfaceId", hop.interface_id}};
  if (hop.flags != 0) json["flags"] = hop.flags;
  if (hop.attribute != 0) json["attribute"] = hop.attribute;
  return json;
}
Json json_of(const LabelHop& hop) {
  return {{"labels", words_json(hop.labels)},
          {"upstream", hop.upstream()},
          {"flags", hop.flags},
          {"cType", hop.c_type}};
}
Json json_of(const AsHop& hop) { return {{"as", hop.number}}; }
Json json_of(const SrlgHop& hop) { return {{"srlg", hop.id}}; }
Json json_of(const PathKeyHop& hop) { return {{"pathKey", hop.key}, {"pce", text_of(hop.pce)}}; }
Json json_of(const BandwidthHop& hop) {
  return {{"maxReservableBandwidth", hop.bandwidth.value()}};
}
Json json_of(const SwitchingHop& hop) {
  Json bandwidth = Json::array();
  for (const Ieee32 value : hop.max_bandwidth) bandwidth.push_back(value.value());
  return {{"switching", hop.switching},
          {"encoding", hop.encoding},
          {"maxLspBandwidth", std::move(bandwidth)},
          {"specific", to_hex(hop.specific)}};
}
Json json_of(const AttributesHop& hop) { return {{"attributes", to_hex(hop.flags)}}; }
Json json_of(const UnknownHop& hop) { return {{"type", hop.type}, {"octets", to_hex(hop.octets)}}; }
Json json_of(const ExclusionHop& hop);

Json route_json(const Route& route) {
  Json list = Json::array();
  for (const Subobject& subobject : route) {
    Json json = std::visit([](const auto& hop) { return json_of(hop); }, subobject.hop);
    if (subobject.loose) json["loose"] = true;
    list.push_back(std::move(json));
  }
  return list;
}
Json json_of(const ExclusionHop& hop) {
  const auto route = exclusions(hop);
  if (!route) return {{"exclusions", to_hex(hop.octets)}};
  return {{"exclusions", route_json(*route)}};
}

Json tlvs_json(const InterfaceTlvs& tlvs) {
  Json list = Json::array();
  for (const InterfaceTlv& tlv : tlvs) {
    Json json{{"type", std::to_underlying(tlv.type)}, {"name", to_string(tlv.type)}};
    if (const auto address = tlv.address()) {
      json["address"] = text_of(*address);
    } else if (const auto interface = tlv.if_index()) {
      json["address"] = text_of(interface->address);
      json["interfaceId"] = interface->id;
    } else if (const auto number = tlv.number()) {
      json["number"] = *number;
      json["dotted"] = text_of(*number);
    } else if (const auto labels = tlv.labels()) {
      json["labels"] = words_json(*labels);
    } else if (const auto route = tlv.route()) {
      json["route"] = route_json(*route);
    } else if (const auto inner = tlv.exclusions()) {
      // What is inside an exclusion names a node or a link: no exclusions again.
      Json excluded = Json::array();
      for (const InterfaceTlv& one : *inner) {
        excluded.push_back(one.exclusions() ? Json(to_hex(one.value)) : tlvs_json({one})[0]);
      }
      json["exclusions"] = std::move(excluded);
    } else if (!tlv.text().empty()) {
      json["text"] = tlv.text();
    } else {
      json["octets"] = to_hex(tlv.value);
    }
    list.push_back(std::move(json));
  }
  return list;
}

// The fields of an object, put behind its name.
class Fields {
 public:
  explicit Fields(Json& json) : json_(json) {}

  void operator()(const UnknownObject& o) const {
    json_["treatment"] = to_string(treatment(o.number, o.type));
    json_["octets"] = to_hex(o.octets);
  }
  void operator()(const Session& o) const {
    json_["endPoint"] = text_of(o.end_point);
    json_["callId"] = o.call_id;
    json_["tunnelId"] = o.tunnel_id;
    json_["extendedTunnelId"] = text_of(o.extended_tunnel_id);
  }
  template <Class Number>
  void operator()(const LspIdentity<Number>& o) const {
    json_["sender"] = text_of(o.sender);
    json_["lspId"] = o.lsp_id;
  }
  void operator()(const SessionAttribute& o) const {
    if (o.affinities) {
      json_["excludeAny"] = hex32(o.affinities->exclude_any);
      json_["includeAny"] = hex32(o.affinities->include_any);
      json_["includeAll"] = hex32(o.affinities->include_all);
    }
    json_["setupPriority"] = o.setup_priority;
    json_["holdingPriority"] = o.holding_priority;
    json_["flags"] = o.flags;
    json_["name"] = o.name;
  }
  void operator()(const Hop& o) const {
    json_["address"] = text_of(o.address);
    json_["logicalInterface"] = o.logical_interface;
    if (o.if_id) json_["tlvs"] = tlvs_json(o.tlvs);
  }
  void operator()(const ErrorSpec& o) const {
    json_["node"] = text_of(o.node);
    json_["flags"] = o.flags;
    json_.update(error_json_of(o.error));
    if (o.if_id) json_["tlvs"] = tlvs_json(o.tlvs);
  }
  void operator()(const Scope& o) const {
    for (const Address& sender : o.senders) json_["senders"].push_back(text_of(sender));
  }
  void operator()(const Integrity& o) const {
    json_["flags"] = o.flags;
    json_["keyId"] = o.key_id;
    json_["sequence"] = o.sequence;
    json_["digest"] = to_hex(o.digest);
  }
  void operator()(const Challenge& o) const {
    json_["keyId"] = o.key_id;
    json_["cookie"] = hex64(o.cookie);
  }
  void operator()(const TimeValues& o) const { json_["refreshMs"] = o.refresh_ms; }
  void operator()(const Style& o) const {
    json_["flags"] = o.flags;
    json_["options"] = hex32(o.options);
  }
  template <Class Number>
  void operator()(const TrafficObject<Number>& o) const {
    if (const SonetSdh* const sdh = o.sonet_sdh()) {
      json_["signalType"] = sdh->signal_type;
      json_["rcc"] = sdh->rcc;
      json_["ncc"] = sdh->ncc;
      json_["nvc"] = sdh->nvc;
      json_["multiplier"] = sdh->multiplier;
      json_["transparency"] = hex32(sdh->transparency);
      json_["profile"] = hex32(sdh->profile);
    } else if (const auto* const otn = std::get_if<G709>(&o.traffic)) {
      json_["signalType"] = otn->signal_type;
      json_["nmc"] = otn->nmc;
      json_["nvc"] = otn->nvc;
      json_["multiplier"] = otn->multiplier;
    } else {
      json_["octets"] = to_hex(std::get<OpaqueTraffic>(o.traffic).octets);
    }
  }
  void operator()(const Adspec& o) const { json_["octets"] = to_hex(o.octets); }
  void operator()(const PolicyData& o) const {
    if (!o.options.empty()) json_["options"] = to_hex(o.options);
    json_["elements"] = Json::array();
    for (const PolicyElement& e : o.elements) {
      json_["elements"].push_back({{"type", e.type}, {"value", to_hex(e.value)}});
    }
  }
  template <Class Number>
  void operator()(const AddressObject<Number>& o) const {
    json_["address"] = text_of(o.address);
  }
  template <Class Number>
  void operator()(const LabelObject<Number>& o) const {
    json_["labels"] = words_json(o.labels);
  }
  template <Class Number>
  void operator()(const LabelSetObject<Number>& o) const {
    json_["action"] = std::to_underlying(o.action);
    json_["labelType"] = o.label_type;
    json_["subchannels"] = words_json(o.subchannels);
  }
  void operator()(const LabelRequest& o) const {
    if (o.kind != 1) {
      json_["encoding"] = o.encoding;
      json_["switching"] = o.switching;
    }
    json_["gPid"] = o.g_pid;
  }
  template <Class Number, RouteKind Kind>
  void operator()(const RouteObject<Number, Kind>& o) const {
    json_["route"] = route_json(o.route);
  }
  void operator()(const rsvp::Hello& o) const {
    json_["ack"] = o.ack;
    json_["sourceInstance"] = hex32(o.source_instance);
    json_["destinationInstance"] = hex32(o.destination_instance);
  }
  void operator()(const MessageId& o) const { id(o); }
  void operator()(const MessageIdAck& o) const {
    json_["nack"] = o.nack;
    id(o);
  }
  void operator()(const MessageIdList& o) const {
    json_["flags"] = o.flags;
    json_["epoch"] = o.epoch;
    json_["ids"] = o.ids;
  }
  void operator()(const RestartCap& o) const {
    json_["restartMs"] = o.restart_ms;
    json_["recoveryMs"] = o.recovery_ms;
  }
  template <Class Number>
  void operator()(const BitsObject<Number>& o) const {
    json_["bits"] = hex32(o.bits);
  }
  void operator()(const Protection& o) const {
    json_["bits"] = hex32(o.bits);
    if (o.kind == 2) json_["segment"] = hex32(o.segment);
  }
  template <Class Number>
  void operator()(const AttributesObject<Number>& o) const {
    json_["tlvs"] = Json::array();
    for (const AttributeTlv& tlv : o.tlvs) {
      json_["tlvs"].push_back({{"type", tlv.type}, {"value", to_hex(tlv.value)}});
    }
  }
  void operator()(const Association& o) const {
    json_["type"] = o.type;
    json_["id"] = o.id;
    json_["source"] = text_of(o.source);
  }
  void operator()(const LspTunnelInterfaceId& o) const {
    json_["routerId"] = text_of(o.router_id);
    json_["interfaceId"] = o.interface_id;
  }
  void operator()(const CallOps& o) const { json_["flags"] = o.flags; }
  void operator()(const GeneralizedUni& o) const {
    json_["subobjects"] = Json::array();
    for (const UniSubobject& s : o.subobjects) {
      Json json{{"type", s.type}, {"subtype", s.subtype}};
      if (const auto tna = s.tna()) {
        json["tna"] = text_of(*tna);
      } else if (const auto label = s.egress_label()) {
        json["upstream"] = label->upstream;
        json["logicalPort"] = label->logical_port;
        json["labels"] = words_json(label->labels);
      } else if (const auto level = s.service_level()) {
        json["serviceLevel"] = *level;
      } else {
        json["octets"] = to_hex(s.value);
      }
      json_["subobjects"].push_back(std::move(json));
    }
  }
  void operator()(const CallId& o) const {
    if (o.kind == CallId::Kind::Assign) return;
    const auto code = [](const auto& chars) {
      const std::string_view text(chars.data(), chars.size());
      return std::string(text.substr(0, text.find('\0')));
    };
    if (o.kind == CallId::Kind::Global) {
      json_["country"] = code(o.global.country);
      json_["carrier"] = code(o.global.carrier);
      json_["accessPoint"] = code(o.global.access_point);
    }
    json_["sourceType"] = o.type;
    json_["source"] = to_hex(o.source);
    json_["localId"] = hex64(o.local_id);
  }

 private:
  template <class T>
  void id(const T& o) const {
    json_["flags"] = o.flags;
    json_["epoch"] = o.epoch;
    json_["id"] = o.id;
  }

  Json& json_;
};

}  // namespace

Json to_json(const Message& message) {
  Json json{{"type", to_string(message.type)},
            {"typeCode", std::to_underlying(message.type)},
            {"flags", message.flags},
            {"sendTtl", message.send_ttl},
            {"checksum", message.with_checksum ? "good" : "none"}};
  if (const auto answer = unacceptable(message)) json["rejectedWith"] = error_json_of(*answer);
  json["objects"] = Json::array();
  for (const Object& object : message.objects) {
    const std::uint8_t number = class_number(object);
    Json one{{"class", to_string(static_cast<Class>(number))},
             {"classNum", number},
             {"cType", c_type(object)}};
    std::visit(Fields(one), object);
    json["objects"].push_back(std::move(one));
  }
  for (const Message& sub_message : message.bundled) {
    json["bundled"].push_back(to_json(sub_message));
  }
  return json;
}

}  // namespace forces::decode
