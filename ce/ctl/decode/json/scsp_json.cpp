#include "ce/ctl/decode/json/scsp_json.hpp"

#include <utility>

#include "ce/ctl/decode/hex.hpp"
#include "ce/ctl/decode/json/mars_json.hpp"
#include "ce/ctl/decode/protocols.hpp"
#include "proto/mars/csa.hpp"
#include "proto/scsp/authentication.hpp"
#include "proto/scsp/fault.hpp"

namespace forces::decode {
namespace {

using wire::Bytes;

// IDs of four octets as people write them, others in hex.
Json server_id_json(Bytes id) {
  if (id.size() != 4) return to_hex(id);
  std::string text;
  for (const std::byte octet : id) {
    if (!text.empty()) text += '.';
    text += std::to_string(std::to_integer<int>(octet));
  }
  return text;
}

Json specific_part_json(const scsp::RecordView& record, std::uint16_t protocol) {
  if (protocol != std::to_underlying(scsp::ProtocolId::Mars)) return to_hex(record.body);
  const auto entry = mars::decode_entry(record.body, record.body_offset());
  if (entry) return to_json(*entry);
  Json json = error_json(entry.error());
  json["fault"] = scsp::to_string(scsp::fault_of(entry.error()));
  json["octets"] = to_hex(record.body);
  return json;
}

Json csa_json(const scsp::RecordView& record, std::uint16_t protocol) {
  Json json{{"hopCount", record.hop_count},
            {"null", record.null},
            {"sequence", record.sequence.value},
            {"key", to_hex(record.key)},
            {"originator", server_id_json(record.originator)}};
  if (!record.body.empty()) json["entry"] = specific_part_json(record, protocol);
  return json;
}

Json extension_json(const scsp::ExtensionView& extension) {
  Json json{{"extension", scsp::to_string(extension.type)},
            {"type", std::to_underlying(extension.type)}};
  if (extension.type == scsp::ExtensionType::Authentication) {
    json["spi"] = wire::load_be<4>(extension.value.data());
    json["mac"] = to_hex(extension.value.subspan(4));
  } else if (extension.type == scsp::ExtensionType::VendorPrivate) {
    json["vendor"] = to_hex(extension.value.first(3));
    json["data"] = to_hex(extension.value.subspan(3));
  } else {
    json["value"] = to_hex(extension.value);
  }
  return json;
}

}  // namespace

Json to_json(const scsp::Packet& p) {
  Json json{{"type", scsp::to_string(p.type)},
            {"typeCode", std::to_underlying(p.type)},
            {"protocol", scsp::to_string(static_cast<scsp::ProtocolId>(p.protocol))},
            {"protocolId", p.protocol},
            {"serverGroup", p.server_group},
            {"sender", server_id_json(p.sender)}};
  if (p.type == scsp::MsgType::Hello) {
    json["receivers"] = Json::array();
    if (!p.receiver.empty()) json["receivers"].push_back(server_id_json(p.receiver));
    for (const Bytes id : p.receivers) json["receivers"].push_back(server_id_json(id));
    json["helloInterval"] = p.hello.interval;
    json["deadFactor"] = p.hello.dead_factor;
    json["family"] = p.hello.family;
  } else {
    json["receiver"] = server_id_json(p.receiver);
    if (p.type == scsp::MsgType::CacheAlignment) {
      json["caSequence"] = p.alignment.sequence;
      json["M"] = p.alignment.master;
      json["I"] = p.alignment.initialize;
      json["O"] = p.alignment.more;
    }
    json["records"] = Json::array();
    for (const scsp::RecordView record : p.records) {
      json["records"].push_back(csa_json(record, p.protocol));
    }
  }
  if (p.extensions.empty()) return json;
  json["extensions"] = Json::array();
  for (const scsp::ExtensionView extension : p.extensions) {
    json["extensions"].push_back(extension_json(extension));
  }
  return json;
}

}  // namespace forces::decode
