#include "ce/ctl/decode/json/igmp_json.hpp"

#include <arpa/inet.h>

#include <array>
#include <utility>

#include "ce/ctl/decode/hex.hpp"
#include "common/core/outputs.hpp"

namespace forces::decode {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const igmp::Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.family == igmp::Family::Ipv4 ? AF_INET : AF_INET6;
  (void)::inet_ntop(family, address.octets.data(), text.data(), text.size());
  return text.data();
}

Json sources_json(const igmp::Sources& sources) {
  Json list = Json::array();
  for (std::size_t i = 0; i < sources.size(); ++i) list.push_back(text_of(sources[i]));
  return list;
}

void put(Json& json, const igmp::Query& query) {
  json["kind"] = "query";
  json["version"] = std::to_underlying(query.version);
  json["group"] = text_of(query.group);
  json["maxResponseMs"] = whole_milliseconds(query.max_response);
  if (query.version != igmp::Version::V3) return;
  json["suppress"] = query.suppress;
  json["robustness"] = query.robustness;
  json["intervalSeconds"] = whole_milliseconds(query.interval) / 1000;
  json["sources"] = sources_json(query.sources);
}

void put(Json& json, const igmp::Records& records) {
  json["kind"] = "report";
  json["version"] = 3;
  Json& list = json["records"] = Json::array();
  for (auto walk = records.walk(); const auto record = walk.next();) {
    Json one{{"type", igmp::to_string(record->type)},
             {"group", text_of(record->group)},
             {"sources", sources_json(record->sources)}};
    if (!record->auxiliary.empty()) one["auxiliary"] = to_hex(record->auxiliary);
    list.push_back(std::move(one));
  }
}

}  // namespace

Json to_json(const igmp::Packet& packet) {
  Json json{{"protocol", packet.source.family == igmp::Family::Ipv4 ? "IGMP" : "MLD"},
            {"source", text_of(packet.source)},
            {"destination", text_of(packet.destination)},
            {"hopLimit", packet.hop_limit},
            {"routerAlert", packet.router_alert},
            {"asRequired", igmp::sent_as_required(packet)}};
  std::visit(Overloaded{
                 [&](const igmp::Query& query) { put(json, query); },
                 [&](const igmp::Report& report) {
                   json["kind"] = "report";
                   json["version"] = std::to_underlying(report.version);
                   json["group"] = text_of(report.group);
                 },
                 [&](const igmp::Leave& leave) {
                   json["kind"] = "leave";
                   json["group"] = text_of(leave.group);
                 },
                 [&](const igmp::Records& records) { put(json, records); },
             },
             packet.message);
  return json;
}

}  // namespace forces::decode
