#include "ce/app/signaling/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "ce/app/lfb/question.hpp"
#include "ce/app/signaling/asks.hpp"
#include "ce/app/signaling/text.hpp"
#include "ce/app/signaling/views.hpp"
#include "ce/signaling/service/words.hpp"

namespace forces::ce {

namespace ason = signaling::ason;
namespace calls = signaling::ason::calls;
namespace te = signaling::te;
using control::Error;
using control::Request;
using control::Response;
using Rooms = Operations::Rooms;

namespace {

// Of one answer, which is 1 MiB at most.
constexpr std::size_t kConnectionsInPage = 500, kCallsInPage = 1'000, kLspsInPage = 2'000,
                      kLinksInPage = 2'000;

bool is_of_signaling(const Request& request) {
  if (request.has_pending()) return request.pending().ticket() >= Operations::kFirstTicket;
  const int operation = request.operation_case();
  return operation >= Request::kSignalingStatus && operation <= Request::kPolicy;
}

// By its number here, or its name.
const calls::Call* find_call(Rooms& rooms, const std::string& text) {
  calls::CallHandle handle = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, handle).ptr == end) {
    if (const calls::Call* const call = rooms.calls.show(handle)) return call;
  }
  return rooms.calls.show(std::string_view(text));
}

Response no_call(const std::string& text) {
  return failure(Error::NOT_FOUND,
                 fmt::format("there is no call \"{}\", or more than one of this name; `call list` "
                             "has their numbers",
                             text));
}
Response no_connection(const std::string& name) {
  return failure(Error::NOT_FOUND,
                 fmt::format("there is no connection \"{}\" of this node; transit and egress "
                             "have LSPs: `connection list --lsps`",
                             name));
}
Response invalid(std::string why) { return failure(Error::INVALID, std::move(why)); }

// How many a page has: as many as are asked for, and as an answer holds.
std::size_t size_of_page(std::uint32_t limit, std::size_t most) {
  return limit == 0 ? most : std::min<std::size_t>(limit, most);
}

// One more than a page has is asked for: whether there is another page.
template <class All>
bool cut(All& all, std::size_t size) {
  if (all.size() <= size) return false;
  all.pop_back();
  return true;
}

Response list_calls(const Rooms& rooms, const control::CallListRequest& request) {
  Response response;
  auto& list = *response.mutable_calls();
  const auto size = size_of_page(request.limit(), kCallsInPage);
  auto page = rooms.calls.list(request.after(), size + 1);
  if (cut(page, size)) list.set_next(page.back()->handle);
  for (const calls::Call* const call : page) *list.add_calls() = call_of(*call, false);
  return response;
}

Response list_connections(const Rooms& rooms, const control::ConnectionListRequest& request,
                          Instant now) {
  Response response;
  auto& list = *response.mutable_connections();
  const auto size = size_of_page(request.limit(), kConnectionsInPage);
  auto page = rooms.connections.list(request.after(), size + 1, request.state());
  if (cut(page, size)) list.set_next(page.back().name);
  for (const ason::ConnectionView& view : page) {
    auto& one = *list.add_connections();
    one = connection_of(view, now);
    // What one is shown for; a list is for finding it.
    one.clear_nominal();
    while (one.failures_size() > 1) one.mutable_failures()->DeleteSubrange(0, 1);
  }
  return response;
}

// The position behind this page; 0: it was the last.
std::uint64_t next_after(std::uint64_t first, std::size_t page, std::size_t all) {
  return first < all && page < all - first ? first + page : 0;
}

Response list_lsps(const Rooms& rooms, const control::LspListRequest& request) {
  Response response;
  auto& list = *response.mutable_lsps();
  const auto size = size_of_page(request.limit(), kLspsInPage);
  for (const auto& view : rooms.connections.lsps(request.after(), size)) {
    *list.add_lsps() = lsp_of(view);
  }
  list.set_next(next_after(request.after(), size, rooms.connections.lsp_count()));
  return response;
}

Response list_links(const Rooms& rooms, const control::TeLinkListRequest& request,
                    signaling::NodeId self) {
  Response response;
  auto& list = *response.mutable_te_links();
  const auto size = size_of_page(request.limit(), kLinksInPage);
  for (const te::Link* const link : rooms.database.links(request.after(), size)) {
    *list.add_links() = link_of(*link, self);
  }
  list.set_next(next_after(request.after(), size, rooms.database.link_count()));
  return response;
}

Response te_path(const Rooms& rooms, const control::TePathRequest& request,
                 signaling::NodeId self) {
  const auto asked = path_of(request, self);
  if (!asked) return invalid(asked.error());
  Response response;
  if (request.disjoint()) {
    const auto pair = rooms.finder.find_pair(*asked, {.nodes = true, .srlgs = true});
    if (!pair) return failed_with("there is no such pair of ways", reason_of(pair.error()));
    *response.mutable_te_path() = path_of(pair->working);
    const auto recovery = path_of(pair->recovery);
    *response.mutable_te_path()->mutable_recovery() = recovery.hops();
    response.mutable_te_path()->set_recovery_cost(recovery.cost());
    return response;
  }
  const auto path = rooms.finder.find(*asked);
  if (!path) return failed_with("there is no way", reason_of(path.error()));
  *response.mutable_te_path() = path_of(*path);
  return response;
}

Response neighbors(const Rooms& rooms, Instant now) {
  Response response;
  auto& list = *response.mutable_neighbors();
  for (const auto& one : rooms.engine.snapshot().neighbors) {
    *list.add_neighbors() = neighbor_of(one, now);
  }
  return response;
}

// Slots that traces are expected of, and of which nothing is known.
void add_unknown(const Rooms& rooms, std::uint32_t interface,
                 const signaling::resource::LabelTable& table, control::LabelMap& map) {
  const auto& config = *rooms.manager.interface(interface);
  if (!config.discover) return;
  constexpr std::size_t kMost = 4'096;
  for (const auto label : config.labels.list(kMost)) {
    if (table.state(label) != signaling::resource::LabelState::Unknown) continue;
    auto& entry = *map.add_entries();
    entry.set_interface(interface);
    entry.set_local(label);
    entry.set_state("unknown");
  }
}

Response label_map(const Rooms& rooms, std::uint32_t only) {
  Response response;
  auto& map = *response.mutable_label_map();
  for (const std::uint32_t interface : rooms.manager.interfaces()) {
    const auto* const table = rooms.manager.label_table(interface);
    if (table == nullptr || (only != 0 && only != interface)) continue;
    for (const auto& from : table->entries()) {
      static constexpr std::array<std::string_view, 3> kStates{"unknown", "learning", "verified"};
      auto& entry = *map.add_entries();
      entry.set_interface(interface);
      entry.set_local(from.local);
      entry.set_remote(from.remote);
      entry.set_state(std::string(kStates[static_cast<std::size_t>(from.state)]));
      entry.set_provisioned(from.provisioned);
      entry.set_receive(from.receive);
      entry.set_send(from.send);
    }
    add_unknown(rooms, interface, *table, map);
    for (const auto& from : table->faults()) {
      auto& fault = *map.add_faults();
      fault.set_interface(interface);
      fault.set_remote(from.remote);
      fault.set_label(from.label);
      fault.set_what(std::string(to_string(from.what)));
    }
  }
  return response;
}

Response change_label_map(Rooms& rooms, const control::LabelMapChangeRequest& request) {
  const auto local = number_in(request.local()), remote = number_in(request.remote());
  if (!local) return invalid(fmt::format("\"{}\" is no label", request.local()));
  if (!request.withdraw() && !remote) {
    return invalid(fmt::format("\"{}\" is no label", request.remote()));
  }
  auto& manager = rooms.manager;
  const bool known = request.withdraw()
                         ? manager.withdraw_association(request.interface(), *local)
                         : manager.provision_receive(request.interface(), *remote, *local) &&
                               manager.provision_send(request.interface(), *local, *remote);
  if (!known) {
    return failure(Error::NOT_FOUND,
                   fmt::format("interface {} is at no compound link", request.interface()));
  }
  auto response =
      done(request.withdraw() ? fmt::format("label {:#x} of interface {} has no other end any more",
                                            *local, request.interface())
                              : fmt::format("label {:#x} of interface {} is {:#x} at the other end",
                                            *local, request.interface(), *remote));
  response.mutable_done()->add_warnings(
      "until this ce ends: [[signaling.label_map]] of its configuration is for good");
  return response;
}

Response end_lsp(Rooms& rooms, const control::LspEndRequest& request, Instant now) {
  const auto key = lsp_of(request.lsp());
  if (!key) return invalid(key.error());
  const bool begun = request.give_up() ? rooms.connections.give_up(*key, now)
                                       : rooms.connections.ask_release(*key, now);
  if (begun) return done("its end has been asked for");
  if (!rooms.connections.lsp(*key)) {
    return failure(Error::NOT_FOUND, fmt::format("there is no LSP {}", signaling::words(*key)));
  }
  return failure(Error::FAILED, request.give_up()
                                    ? "somebody has confirmed it after the restart: it is no LSP "
                                      "to be given up"
                                    : "it is not up, or it ends already");
}

Response status_of(signaling::Service& service, const std::string& node) {
  Response response;
  auto& out = *response.mutable_signaling();
  if (const auto why = service.standby(); !why.empty()) {
    out.set_node(node);
    out.set_fabric("standby");
    out.set_store(why);
    return response;
  }
  const auto status = service.status();
  const auto counted = service.operate([&](Rooms& rooms, Instant) {
    for (const std::uint32_t interface : rooms.manager.interfaces()) {
      out.set_interfaces(out.interfaces() + 1);
      if (rooms.manager.interface_up(interface)) out.set_interfaces_up(out.interfaces_up() + 1);
    }
    for (const auto& neighbor : rooms.engine.snapshot().neighbors) {
      out.set_neighbors(out.neighbors() + 1);
      const bool up = neighbor.state == signaling::engine::NeighborState::Up;
      if (up) out.set_neighbors_up(out.neighbors_up() + 1);
    }
    out.set_calls(static_cast<std::uint32_t>(rooms.calls.size()));
    out.set_lsps(rooms.manager.connections().size());
    return true;
  });
  if (!status || !counted) return failure(Error::FAILED, "signalling is stopping");
  out.set_node(signaling::words(status->node));
  for (const auto& [state, count] : status->connections) {
    out.set_connections(out.connections() + count);
  }
  out.set_fabric(status->fabric_read ? "read" : "reading");
  out.set_waiting_for_store(status->waiting_for_store);
  out.set_store(status->store.failed ? "failed" : "written");
  const auto count = [&](const char* name, std::uint64_t value) {
    auto& counter = *out.add_counters();
    counter.set_name(name);
    counter.set_value(value);
  };
  count("packets_in", status->packets.packets_in);
  count("packets_out", status->packets.packets_out);
  count("packets_forwarded", status->packets.packets_forwarded);
  count("packets_malformed", status->packets.malformed);
  count("packets_no_route", status->packets.no_route);
  count("packets_dropped", status->packets_dropped);
  count("transactions", status->fabric.transactions);
  count("transactions_refused", status->fabric.refused);
  count("transactions_unknown", status->fabric.unknown);
  return response;
}

}  // namespace

Response SignalingRequests::answer(signaling::Service* service, const Request& request) {
  if (!is_of_signaling(request)) return {};
  if (service == nullptr) {
    return failure(Error::FAILED,
                   "this ce has no signalling: set node in [signaling] and restart it; "
                   "deploy/config/ce-ason.toml is an example");
  }
  if (request.has_signaling_status()) return status_of(*service, settings_.signaling.node);
  auto response =
      service->operate([&](Rooms& rooms, Instant now) { return answer(rooms, request, now); });
  if (response) return std::move(*response);
  const auto why = service->standby();
  return failure(Error::FAILED,
                 why.empty() ? "signalling is stopping"
                             : fmt::format("this ce stands by, another runs the node: {}", why));
}

Response SignalingRequests::answer(Rooms& rooms, const Request& request, Instant now) {
  const auto self = node_in(settings_.signaling.node).value_or(signaling::NodeId{});
  using Operation = Request::OperationCase;
  switch (request.operation_case()) {
    case Operation::kPending:
      return operations_.taken(rooms, request.pending().ticket());
    case Operation::kNeighborList:
      return neighbors(rooms, now);
    case Operation::kTeLinkList:
      return list_links(rooms, request.te_link_list(), self);
    case Operation::kTePath:
      return te_path(rooms, request.te_path(), self);
    case Operation::kLabelMap:
      return label_map(rooms, request.label_map().interface());
    case Operation::kLabelMapChange:
      return change_label_map(rooms, request.label_map_change());
    case Operation::kLspList:
      return list_lsps(rooms, request.lsp_list());
    case Operation::kLspEnd:
      return end_lsp(rooms, request.lsp_end(), now);
    case Operation::kPolicy: {
      Response response;
      *response.mutable_policy() = policy_of(settings_.policy, rooms.calls.list());
      return response;
    }
    case Operation::kSpcCreate:
      return create_spc(rooms, request.spc_create(), now);
    case Operation::kConnectionList:
    case Operation::kConnectionShow:
    case Operation::kConnectionChange:
      return on_connection(rooms, request, now);
    default:
      return on_call(rooms, request, now);
  }
}

Response SignalingRequests::on_call(Rooms& rooms, const Request& request, Instant now) {
  using Operation = Request::OperationCase;
  switch (request.operation_case()) {
    case Operation::kCallCreate: {
      const auto asked = call_of(request.call_create());
      if (!asked) return invalid(asked.error());
      return operations_.create_call(rooms, *asked, now);
    }
    case Operation::kCallList:
      return list_calls(rooms, request.call_list());
    case Operation::kCallShow: {
      const calls::Call* const call = find_call(rooms, request.call_show().call());
      if (call == nullptr) return no_call(request.call_show().call());
      Response response;
      *response.mutable_call() = call_of(*call, true);
      return response;
    }
    case Operation::kCallModify: {
      const auto& asked = request.call_modify();
      const calls::Call* const call = find_call(rooms, asked.call());
      if (call == nullptr) return no_call(asked.call());
      if (!asked.has_service_level() || asked.service_level() > 255) {
        return invalid("which service level, from 0 to 255?");
      }
      return operations_.modify_call(rooms, call->handle,
                                     static_cast<std::uint8_t>(asked.service_level()), now);
    }
    case Operation::kCallDelete: {
      const auto& asked = request.call_delete();
      const calls::Call* const call = find_call(rooms, asked.call());
      if (call == nullptr) return no_call(asked.call());
      if (!asked.forget()) {
        return operations_.end_call(rooms, call->handle, asked.connections(), now);
      }
      if (const auto why = rooms.calls.forget(call->handle, now)) {
        return failed_with("the call stays", reason_of(*why));
      }
      return done("the call is forgotten here");
    }
    default:
      return {};
  }
}

Response SignalingRequests::create_spc(Rooms& rooms, const control::SpcCreateRequest& request,
                                       Instant now) {
  const auto self = node_in(settings_.signaling.node).value_or(signaling::NodeId{});
  auto connection = connection_of(request, self, settings_.signaling);
  if (!connection) return invalid(connection.error());
  Operations::Spc spc{.connection = std::move(*connection), .keep = request.keep()};
  if (!request.call().empty() && request.no_call()) {
    return invalid("in a call, and in none: which?");
  }
  if (!request.call().empty()) {
    const calls::Call* const call = find_call(rooms, request.call());
    if (call == nullptr) return no_call(request.call());
    spc.call = call->handle;
  } else if (!request.no_call()) {
    auto call = call_of(request);
    if (!call) return invalid(call.error());
    spc.new_call = std::move(*call);
  }
  return operations_.create_spc(rooms, std::move(spc), now);
}

Response SignalingRequests::on_connection(Rooms& rooms, const Request& request, Instant now) {
  if (request.has_connection_list()) {
    return list_connections(rooms, request.connection_list(), now);
  }
  if (request.has_connection_change()) return change(rooms, request.connection_change(), now);
  const std::string& name = request.connection_show().name();
  const auto view = rooms.connections.show(name);
  if (!view) return no_connection(name);
  Response response;
  *response.mutable_connection() = connection_of(*view, now);
  const calls::Call* const call = view->call_id != 0 ? rooms.calls.call_of(view->lsp) : nullptr;
  if (call != nullptr) response.mutable_connection()->set_call(call->id.name);
  return response;
}

Response SignalingRequests::change(Rooms& rooms, const control::ConnectionChangeRequest& request,
                                   Instant now) {
  using Change = control::ConnectionChangeRequest;
  const std::string& name = request.name();
  const auto view = rooms.connections.show(name);
  if (!view) return no_connection(name);
  const auto exclude = exclusions_of(request.exclude());
  if (!exclude) return invalid(exclude.error());
  auto& connections = rooms.connections;
  const auto moved = [&](bool begun, std::string_view why_not) {
    if (begun) return operations_.wait_for_move(rooms, name, view->lsp, now);
    return failure(Error::FAILED,
                   fmt::format("connection {} is {}: {}", name, to_string(view->state), why_not));
  };
  switch (request.change()) {
    case Change::DELETE:
      return operations_.end_connection(rooms, name, now);
    case Change::REROUTE:
      return moved(connections.reroute(name, *exclude, now),
                   "only what is up or broken, and has no second LSP, can be moved");
    case Change::REVERT:
      return moved(connections.revert(name, now),
                   "it is on its nominal route, has none, or has a second LSP");
    case Change::RETRY:
      return moved(connections.retry(name, now),
                   "only what has failed, or is broken, can be tried again");
    case Change::FREEZE:
    case Change::THAW:
      (void)connections.freeze(name, request.change() == Change::FREEZE, now);
      return done(
          request.change() == Change::FREEZE
              ? fmt::format("connection {} is not restored of its own accord now", name)
              : fmt::format("connection {} is restored when it fails, if it was made so", name));
    case Change::MAKE_PERMANENT:
      if (connections.make_permanent(name, now)) {
        return done(fmt::format("the way of connection {} is its nominal route now", name));
      }
      return failure(Error::FAILED,
                     fmt::format("connection {} is {}, not up", name, to_string(view->state)));
    default:
      return invalid("what shall become of the connection?");
  }
}

}  // namespace forces::ce
