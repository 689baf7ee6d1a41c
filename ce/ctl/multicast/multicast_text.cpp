#include "ce/ctl/multicast/multicast_text.hpp"

#include <fmt/format.h>

#include "ce/ctl/render.hpp"
#include "ce/ctl/table.hpp"

namespace forces::ctl {
namespace {

using control::Response;

std::string dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string words(const control::GroupList& list) {
  Table table({"GROUP", ">MEMBERS", ">MCS"});
  for (const auto& block : list.blocks()) {
    table.row({fmt::format("{} to {}", block.first(), block.last()),
               std::to_string(block.members()), "-"});
  }
  for (const auto& one : list.groups()) {
    table.row({one.group(), std::to_string(one.members()), std::to_string(one.servers())});
  }
  return table.text();
}

std::string words(const control::GroupMembers& group) {
  Table table({">FE", "ENDPOINT", "AS", "REGISTERED"});
  const auto add = [&](const auto& members, const char* as) {
    for (const auto& one : members) {
      table.row({std::to_string(one.fe()), dash(one.endpoint()), as,
                 one.ours() ? "here" : "with another server"});
    }
  };
  add(group.members(), "member");
  add(group.servers(), "MCS");
  return fmt::format("group {}\n{}", group.group(), table.text());
}

std::string words(const control::ScspNeighborList& list) {
  Table table({"NEIGHBOR", "STATE", "WE ARE", ">UNSENT", ">UNACKED", ">WANTED", ">RETRANSMITTED"});
  for (const auto& one : list.neighbors()) {
    std::uint64_t again = 0;
    for (const auto& counter : one.counters()) {
      if (counter.name() == "retransmissions") again = counter.value();
    }
    table.row({id_text(one.id()), one.state(), one.master() ? "master" : "slave",
               std::to_string(one.unsent()), std::to_string(one.unacknowledged()),
               std::to_string(one.wanted()), std::to_string(again)});
  }
  return table.text();
}

std::string words(const control::ScspCache& cache) {
  Table table({"SERVER", ">RECORDS", "DIGEST", "IS"});
  for (const auto& one : cache.originators()) {
    table.row({id_text(one.originator()), std::to_string(one.entries()), one.digest(),
               one.ours()    ? "this ce"
               : one.alive() ? "alive"
                             : "not heard of"});
  }
  return fmt::format("{}: {} records, {} of them our own, {} octets\n{}", cache.state(),
                     cache.entries(), cache.own(), cache.octets(), table.text());
}

std::string_view not_ready(bool ready) {
  return ready ? "" : "not ready: it still learns what its server group knows\n";
}

std::string words(const control::MarsClientList& list) {
  Table table({">FE", "ENDPOINT", "PROTOCOL", ">CMI", ">IN", "SINCE", "STATE"});
  for (const auto& one : list.clients()) {
    table.row({std::to_string(one.fe()), dash(one.endpoint()), one.protocol(),
               std::to_string(one.cmi()), std::to_string(one.ranges()), duration_text(one.age_ms()),
               one.state()});
  }
  return fmt::format("{}{}", not_ready(list.ready()), table.text());
}

std::string words(const control::MarsMcsList& list) {
  Table table({">FE", "ENDPOINT", "GROUP", "REGISTERED"});
  for (const auto& one : list.mcs()) {
    table.row({std::to_string(one.fe()), dash(one.endpoint()), dash(one.group()),
               one.ours() ? "here" : "with another server"});
  }
  return fmt::format("{}{}", not_ready(list.ready()), table.text());
}

}  // namespace

std::string multicast_text(const Response& response) {
  switch (response.result_case()) {
    case Response::kGroups:
      return words(response.groups());
    case Response::kGroup:
      return words(response.group());
    case Response::kScspNeighbors:
      return words(response.scsp_neighbors());
    case Response::kScspCache:
      return words(response.scsp_cache());
    case Response::kMarsClients:
      return words(response.mars_clients());
    case Response::kMarsMcs:
      return words(response.mars_mcs());
    default:
      return {};
  }
}

}  // namespace forces::ctl
