#include "ce/app/multicast/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/ip/address.hpp>

#include "ce/app/lfb/question.hpp"
#include "proto/mars/element_address.hpp"

namespace forces::ce {
namespace {

namespace server = mars::server;
namespace sync = multicast::sync;
using control::Error;
using control::Request;
using control::Response;
using Rooms = multicast::Service::Rooms;

std::string group_text(const mars::ProtocolAddress& group) {
  const wire::Bytes octets = group.octets();
  if (octets.size() == 4) {
    const auto value = static_cast<std::uint32_t>(wire::load_be<4>(octets.data()));
    return asio::ip::address_v4(value).to_string();
  }
  asio::ip::address_v6::bytes_type v6{};
  if (octets.size() != v6.size()) return "unknown";
  std::ranges::transform(octets, v6.begin(),
                         [](std::byte b) { return std::to_integer<unsigned char>(b); });
  return asio::ip::address_v6(v6).to_string();
}

std::optional<mars::ProtocolAddress> group_in(const std::string& text) {
  asio::error_code error;
  const auto address = asio::ip::make_address(text, error);
  if (error) return std::nullopt;
  if (address.is_v4()) return mars::ipv4_address(address.to_v4().to_uint());
  const auto octets = address.to_v6().to_bytes();
  return mars::ProtocolAddress::from(std::as_bytes(std::span(octets)));
}

const server::Cluster* cluster_of(const Rooms& rooms, std::size_t octets) {
  const auto& protocol = octets == 4 ? mars::kIpv4 : mars::kIpv6;
  const auto& all = rooms.mars.clusters();
  const auto at = std::ranges::find(all, protocol, &server::Cluster::protocol);
  return at == all.end() ? nullptr : &*at;
}

std::string_view protocol_text(const mars::ProtocolType& protocol) {
  return protocol == mars::kIpv4 ? "ipv4" : protocol == mars::kIpv6 ? "ipv6" : "unknown";
}

// PL ID and endpoint of a member; false: its address is of no FE.
template <class Message>
bool set_fe(Message& out, const mars::AtmAddress& address) {
  const auto element = mars::decode_element(address);
  if (!element || !pl::is_fe(element->id)) return false;
  out.set_fe(element->id.value);
  if (element->endpoint.port != 0) {
    out.set_endpoint(fmt::format("{}:{}",
                                 asio::ip::address_v4(element->endpoint.address).to_string(),
                                 element->endpoint.port));
  }
  return true;
}

Response groups(Rooms& rooms, const control::GroupListRequest& request) {
  Response response;
  auto& list = *response.mutable_groups();
  const auto after = group_in(request.after());
  if (!after && !request.after().empty()) {
    return failure(Error::INVALID, fmt::format("\"{}\" is no group", request.after()));
  }
  for (const server::Cluster& cluster : rooms.mars.clusters()) {
    const std::size_t size = cluster.protocol() == mars::kIpv4 ? 4 : 16;
    const server::Maps& maps = cluster.maps();
    if (!after) {
      for (const auto& [block, members] : maps.blocks()) {
        auto& one = *list.add_blocks();
        one.set_first(group_text(block.min));
        one.set_last(group_text(block.max));
        one.set_members(static_cast<std::uint32_t>(members.size()));
      }
    }
    if (after && after->size() > size) continue;  // IPv4 stands first
    const bool inside = after && after->size() == size;
    const std::size_t room = kGroupsInPage - static_cast<std::size_t>(list.groups_size());
    const auto page = maps.groups(inside ? *after : mars::ProtocolAddress{}, room);
    for (const auto& group : page) {
      auto& one = *list.add_groups();
      one.set_group(group_text(group));
      one.set_members(static_cast<std::uint32_t>(maps.hosts(group).size()));
      one.set_servers(static_cast<std::uint32_t>(maps.servers(group).size()));
    }
    if (page.size() < room) continue;
    list.set_next(list.groups().rbegin()->group());
    break;
  }
  return response;
}

Response members(Rooms& rooms, const control::GroupMembersRequest& request) {
  const auto group = group_in(request.group());
  if (!group) {
    return failure(Error::INVALID,
                   fmt::format("\"{}\" is no group, such as 239.1.2.3", request.group()));
  }
  Response response;
  auto& out = *response.mutable_group();
  out.set_group(group_text(*group));
  const server::Cluster* const cluster = cluster_of(rooms, group->size());
  if (cluster == nullptr) return response;
  const auto add = [](auto& to, const auto& addresses, const server::Cluster::Nodes& ours) {
    for (const auto& address : addresses) {
      control::Member member;
      if (!set_fe(member, address)) continue;
      member.set_ours(ours.contains(address));
      *to.Add() = std::move(member);
    }
  };
  add(*out.mutable_members(), cluster->maps().hosts(*group), cluster->clients());
  add(*out.mutable_servers(), cluster->maps().servers(*group), cluster->servers());
  return response;
}

void add_counters(control::ScspNeighbor& out, const sync::Counters& c) {
  const auto add = [&](const char* name, std::uint64_t value, std::string_view reason = {}) {
    auto& counter = *out.add_counters();
    counter.set_name(name);
    counter.set_reason(std::string(reason));
    counter.set_value(value);
  };
  add("packets_received", c.packets_received);
  add("packets_sent", c.packets_sent);
  add("records_received", c.records_received);
  add("records_sent", c.records_sent);
  add("retransmissions", c.retransmissions);
  add("alignments", c.alignments);
  add("packets_discarded", c.packets_discarded);
  add("records_refused", c.records_refused);
  for (std::size_t i = 0; i < c.abnormal.size(); ++i) {
    if (c.abnormal[i] != 0) add("abnormal", c.abnormal[i], to_string(static_cast<Errc>(i)));
  }
}

Response neighbors(const Rooms& rooms) {
  Response response;
  auto& list = *response.mutable_scsp_neighbors();
  for (const sync::NeighborSnapshot& n : rooms.hub.engine().snapshot().neighbors) {
    auto& one = *list.add_neighbors();
    one.set_id(n.id.value);
    const bool heard = n.hello == sync::HelloState::Bidirectional;
    one.set_state(std::string(heard ? to_string(n.alignment) : to_string(n.hello)));
    one.set_master(n.master);
    one.set_unsent(n.unsent);
    one.set_unacknowledged(n.unacknowledged);
    one.set_wanted(n.wanted);
    add_counters(one, n.counters);
  }
  return response;
}

bool is_alive(const Rooms& rooms, sync::ServerId id) {
  return std::ranges::any_of(rooms.mars.clusters(), [&](const server::Cluster& cluster) {
    const auto at = cluster.peers().find(server::ServerId{id.value});
    return at != cluster.peers().end() && at->second.until && !at->second.forgotten;
  });
}

Response cache(const Rooms& rooms) {
  Response response;
  auto& out = *response.mutable_scsp_cache();
  const sync::Snapshot snapshot = rooms.hub.engine().snapshot();
  out.set_id(snapshot.id.value);
  out.set_state(std::string(sync_state(snapshot)));
  out.set_entries(snapshot.entries);
  out.set_own(snapshot.own);
  out.set_octets(snapshot.record_octets + snapshot.overhead_octets);
  for (const auto& [id, view] : originators(rooms.hub.engine())) {
    auto& one = *out.add_originators();
    one.set_originator(id.value);
    one.set_entries(view.entries);
    one.set_digest(fmt::format("{:016x}", view.digest));
    one.set_ours(id == snapshot.id);
    one.set_alive(id == snapshot.id || is_alive(rooms, id));
  }
  return response;
}

Response clients(const Rooms& rooms, std::uint64_t after) {
  Response response;
  auto& list = *response.mutable_mars_clients();
  list.set_ready(rooms.mars.ready());
  std::uint64_t at = 0;
  for (const server::Cluster& cluster : rooms.mars.clusters()) {
    for (const auto& [address, node] : cluster.clients()) {
      if (at++ < after) continue;
      if (list.clients_size() == static_cast<int>(kNodesInPage)) {
        list.set_next(at - 1);
        return response;
      }
      auto& one = *list.add_clients();
      (void)set_fe(one, address);  // nobody registers under another
      one.set_protocol(std::string(protocol_text(cluster.protocol())));
      one.set_cmi(node.cmi);
      one.set_ranges(static_cast<std::uint32_t>(node.ranges.size()));
      one.set_age_ms(whole_milliseconds(rooms.now - node.since));
      one.set_state(node.off ? "leaving" : "registered");
      one.set_ours(true);
    }
  }
  return response;
}

Response servers(const Rooms& rooms, std::uint64_t after) {
  Response response;
  auto& list = *response.mutable_mars_mcs();
  list.set_ready(rooms.mars.ready());
  std::uint64_t at = 0;
  // False: the page is full.
  const auto add = [&](const server::Cluster& cluster, const mars::AtmAddress& address,
                       const std::string& group) {
    if (at++ < after) return true;
    if (list.mcs_size() == static_cast<int>(kNodesInPage)) {
      list.set_next(at - 1);
      return false;
    }
    control::MarsMcsList::Mcs one;
    if (!set_fe(one, address)) return true;
    one.set_group(group);
    one.set_ours(cluster.servers().contains(address));
    *list.add_mcs() = std::move(one);
    return true;
  };
  for (const server::Cluster& cluster : rooms.mars.clusters()) {
    for (const auto& [address, node] : cluster.servers()) {
      if (node.ranges.empty() && !add(cluster, address, "")) return response;
    }
    for (const auto& [group, all] : cluster.maps().served()) {
      for (const auto& [address, holders] : all) {
        if (!add(cluster, address, group_text(group))) return response;
      }
    }
  }
  return response;
}

std::size_t registered(const Rooms& rooms) {
  std::size_t all = 0;
  for (const server::Cluster& cluster : rooms.mars.clusters()) {
    all += cluster.clients().size() + cluster.servers().size();
  }
  return all;
}

Response drained(const Rooms& rooms) {
  if (!rooms.drain) return failure(Error::FAILED, "nothing is drained: it was cancelled");
  Response response;
  const std::size_t left = registered(rooms);
  if (left == 0) {
    response.mutable_done()->set_message(
        fmt::format("all {} registrations are gone to {:#x}: this ce may be stopped",
                    rooms.drain->began_with, rooms.drain->to));
    return response;
  }
  auto& pending = *response.mutable_pending();
  pending.set_ticket(kDrainTicket);
  pending.set_progress(
      fmt::format("{} of {} registrations are still here", left, rooms.drain->began_with));
  return response;
}

// Servers of the group, the neighbors first: what they say comes without a detour.
std::vector<std::uint32_t> others(const Rooms& rooms) {
  std::vector<std::uint32_t> all;
  const auto add = [&](std::uint32_t id) {
    if (std::ranges::find(all, id) == all.end()) all.push_back(id);
  };
  for (const auto& n : rooms.hub.engine().snapshot().neighbors) {
    if (n.alignment == sync::AlignmentState::Aligned) add(n.id.value);
  }
  for (const server::Cluster& cluster : rooms.mars.clusters()) {
    for (const auto& [id, peer] : cluster.peers()) add(id.value);
  }
  return all;
}

Response drain(Rooms& rooms, const control::DrainRequest& request) {
  if (request.cancel()) {
    (void)rooms.mars.redirect(std::nullopt, false, rooms.now);
    rooms.drain.reset();
    Response response;
    response.mutable_done()->set_message("clients may come back; who is gone stays where it is");
    return response;
  }
  const bool any = request.to() == 0;
  if (rooms.drain && (any || rooms.drain->to == request.to()) &&
      rooms.drain->hard == request.hard()) {
    return drained(rooms);
  }
  if (!any && !pl::is_ce({request.to()})) {
    return failure(
        Error::INVALID,
        fmt::format("{:#x} is no CE: their IDs are 0x40000000 to 0x7fffffff", request.to()));
  }
  const std::size_t began_with = registered(rooms);
  for (const std::uint32_t to : any ? others(rooms) : std::vector{request.to()}) {
    if (!rooms.mars.redirect(mars::encode_element({{to}, {}}), request.hard(), rooms.now)) continue;
    rooms.drain = {to, request.hard(), began_with};
    return drained(rooms);
  }
  (void)rooms.mars.redirect(std::nullopt, false, rooms.now);
  rooms.drain.reset();
  return failure(
      Error::FAILED,
      fmt::format("nothing was heard of {} for a while: nobody is sent there; see `scsp neighbors` "
                  "and `scsp cache`",
                  any ? "any other ce" : fmt::format("{:#x}", request.to())));
}

Response answer_of(Rooms& rooms, const Request& request) {
  switch (request.operation_case()) {
    case Request::kGroupList:
      return groups(rooms, request.group_list());
    case Request::kGroupMembers:
      return members(rooms, request.group_members());
    case Request::kScspNeighborList:
      return neighbors(rooms);
    case Request::kScspCache:
      return cache(rooms);
    case Request::kMarsClientList:
      return clients(rooms, request.mars_client_list().after());
    case Request::kMarsMcsList:
      return servers(rooms, request.mars_mcs_list().after());
    case Request::kDrain:
      return drain(rooms, request.drain());
    default:
      return drained(rooms);
  }
}

bool is_of_multicast(const Request& request) {
  if (request.has_pending()) return request.pending().ticket() == kDrainTicket;
  const int operation = request.operation_case();
  return operation >= Request::kGroupList && operation <= Request::kDrain;
}

}  // namespace

std::string_view sync_state(const sync::Snapshot& snapshot) {
  const auto& all = snapshot.neighbors;
  const auto aligned = [](const sync::NeighborSnapshot& n) {
    return n.alignment == sync::AlignmentState::Aligned;
  };
  const auto busy = [](const sync::NeighborSnapshot& n) {
    return n.unsent + n.unacknowledged + n.wanted > 0;
  };
  if (std::ranges::none_of(all, aligned)) return "alone";
  return std::ranges::all_of(all, aligned) && std::ranges::none_of(all, busy) ? "in_sync"
                                                                              : "syncing";
}

std::map<sync::ServerId, OriginatorView> originators(const sync::Engine& engine) {
  std::map<sync::ServerId, OriginatorView> all;
  engine.for_each([&](const sync::Record& record) {
    // FNV-1a of the entry; the sum of entries does not depend on their order.
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto take = [&](wire::Bytes octets) {
      for (const std::byte b : octets) {
        hash = (hash ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3;
      }
    };
    std::array<std::byte, 8> fixed{};
    wire::store_be<4>(fixed.data(), record.id.key);
    wire::store_be<4>(fixed.data() + 4, record.sequence.to_wire());
    take(fixed);
    take(record.body);
    OriginatorView& view = all[record.id.originator];
    ++view.entries;
    view.digest += hash;
  });
  return all;
}

Response answer_multicast(multicast::Service* service, const Request& request) {
  if (!is_of_multicast(request)) return {};
  if (service == nullptr) {
    return failure(Error::FAILED,
                   "this ce is no MARS: set enabled = true in [multicast] and restart it");
  }
  auto answer = service->operate([&](Rooms& rooms) { return answer_of(rooms, request); });
  return answer ? std::move(*answer) : failure(Error::FAILED, "this ce is stopping");
}

}  // namespace forces::ce
