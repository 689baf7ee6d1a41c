#include "tml/daemon/http/http_api.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "tml/daemon/http/query.hpp"

namespace forces::daemon {
namespace {

using control::Error;
using control::Request;

std::unexpected<Error> refuse(Error::Code code, std::string message) {
  Error error;
  error.set_code(code);
  error.set_message(std::move(message));
  return std::unexpected(std::move(error));
}

std::string to_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json + "\n";
}

using Done = std::expected<void, Error>;

// Where a page begins, and how many it has.
template <class ListRequest>
void take_after(ListRequest& list, Query& query) {
  if constexpr (std::same_as<std::remove_cvref_t<decltype(list.after())>, std::string>) {
    list.set_after(query.text("after"));
  } else {
    list.set_after(query.number<std::uint64_t>("after"));
  }
  if constexpr (requires { list.limit(); }) list.set_limit(query.number<std::uint32_t>("limit"));
}

// "fe/2": what is behind the noun is the number of one.
template <std::unsigned_integral T, class Set>
Done take_number(std::string_view text, Set&& set) {
  const auto number = number_in<T>(text);
  if (!number) return std::unexpected(number.error());
  set(*number);
  return {};
}

// "FE" or "FE/PATH", where a path has slashes of its own.
Done take_lfb(control::LfbGetRequest& lfb, std::string_view item, Query& query) {
  const auto slash = std::min(item.find('/'), item.size());
  if (slash < item.size()) lfb.set_path(std::string(item.substr(slash + 1)));
  lfb.set_properties(query.flag("properties"));
  lfb.set_from(query.number<std::uint32_t>("from"));
  lfb.set_count(query.number<std::uint32_t>("count"));
  return take_number<std::uint32_t>(item.substr(0, slash), [&](std::uint32_t v) { lfb.set_fe(v); });
}

// "call", or "call/NAME", where a name may have slashes.
std::optional<std::string> named(std::string_view path, std::string_view noun) {
  if (!path.starts_with(noun) || !path.substr(noun.size()).starts_with('/')) return std::nullopt;
  return std::string(path.substr(noun.size() + 1));
}

// Calls and connections; no operation: there is no such thing.
void take_signaling(Request& request, std::string_view path, Query& query) {
  if (path == "signaling") {
    request.mutable_signaling_status();
  } else if (path == "neighbor") {
    request.mutable_neighbor_list();
  } else if (path == "call") {
    take_after(*request.mutable_call_list(), query);
  } else if (const auto call = named(path, "call")) {
    request.mutable_call_show()->set_call(*call);
  } else if (path == "connection") {
    take_after(*request.mutable_connection_list(), query);
    request.mutable_connection_list()->set_state(query.text("state"));
  } else if (const auto connection = named(path, "connection")) {
    request.mutable_connection_show()->set_name(*connection);
  } else if (path == "lsp") {
    take_after(*request.mutable_lsp_list(), query);
  } else if (path == "te/link") {
    take_after(*request.mutable_te_link_list(), query);
  } else if (path == "te/path") {
    auto& asked = *request.mutable_te_path();
    asked.set_from(query.text("from"));
    asked.set_to(query.text("to"));
    asked.set_signal(query.text("signal"));
    for (auto& hop : query.texts("route")) asked.add_route(std::move(hop));
    for (auto& one : query.texts("exclude")) asked.add_exclude(std::move(one));
    asked.set_disjoint(query.flag("disjoint"));
  } else if (path == "label-map") {
    request.mutable_label_map()->set_interface(query.number<std::uint32_t>("interface"));
  } else if (path == "policy") {
    request.mutable_policy();
  }
}

// The MARS and its server group; no operation: there is no such thing.
void take_multicast(Request& request, std::string_view path, Query& query) {
  if (path == "group") {
    take_after(*request.mutable_group_list(), query);
  } else if (const auto group = named(path, "group")) {
    request.mutable_group_members()->set_group(*group);
  } else if (path == "scsp/neighbor") {
    request.mutable_scsp_neighbor_list();
  } else if (path == "scsp/cache") {
    request.mutable_scsp_cache();
  } else if (path == "mars/client") {
    take_after(*request.mutable_mars_client_list(), query);
  } else if (path == "mars/mcs") {
    take_after(*request.mutable_mars_mcs_list(), query);
  }
}

// What only a ce has; no operation: there is no such thing.
Done take_of_ce(Request& request, std::string_view path, Query& query) {
  constexpr std::string_view kLfb = "lfb/", kTicket = "ticket/";
  if (path == "route") {
    take_after(*request.mutable_route_list(), query);
    request.mutable_route_list()->set_fe(query.number<std::uint32_t>("fe"));
  } else if (path == "transaction") {
    request.mutable_transaction_list();
  } else if (path == "ha") {
    request.mutable_ha_status();
  } else if (path.starts_with(kTicket)) {
    return take_number<std::uint64_t>(path.substr(kTicket.size()), [&](std::uint64_t v) {
      request.mutable_pending()->set_ticket(v);
    });
  } else if (path.starts_with(kLfb)) {
    return take_lfb(*request.mutable_lfb_get(), path.substr(kLfb.size()), query);
  } else {
    take_signaling(request, path, query);
    if (request.operation_case() == Request::OPERATION_NOT_SET) {
      take_multicast(request, path, query);
    }
  }
  return {};
}

void take_of_fe(Request& request, std::string_view path, Query& query) {
  if (path == "fabric") take_after(*request.mutable_fabric_show(), query);
  if (path == "membership") take_after(*request.mutable_membership_list(), query);
}

// What both have; `peers` are the other kind.
Done take_of_both(Request& request, std::string_view path, std::string_view peers, Query& query) {
  if (path == peers) {
    take_after(*request.mutable_element_list(), query);
  } else if (const auto peer = named(path, peers)) {
    return take_number<std::uint32_t>(
        *peer, [&](std::uint32_t v) { request.mutable_element_show()->set_id(v); });
  } else if (path == "channel") {
    take_after(*request.mutable_channel_list(), query);
  } else if (const auto channel = named(path, "channel")) {
    return take_number<std::uint64_t>(
        *channel, [&](std::uint64_t v) { request.mutable_channel_show()->set_handle(v); });
  } else if (path == "status") {
    request.mutable_status();
  } else if (path == "stats") {
    request.mutable_stats()->set_filter(query.text("filter"));
    take_after(*request.mutable_stats(), query);
  } else if (path == "log") {
    request.mutable_log_level();
  }
  return {};
}

}  // namespace

std::expected<Request, Error> request_of(std::string_view program,
                                         const runtime::HttpRequest& http) {
  const auto path = std::string_view(http.path).substr(kApiRoot.size());
  const std::string_view peers = program == "ce" ? "fe" : "ce";
  Query query(http);
  Request request;
  auto taken = take_of_both(request, path, peers, query);
  if (taken && request.operation_case() == Request::OPERATION_NOT_SET) {
    if (program == "ce") {
      taken = take_of_ce(request, path, query);
    } else {
      take_of_fe(request, path, query);
    }
  }
  if (!taken) return std::unexpected(taken.error());
  if (request.operation_case() != Request::OPERATION_NOT_SET) {
    if (const auto all = query.done(); !all) return std::unexpected(all.error());
    return request;
  }
  return refuse(Error::NOT_FOUND,
                fmt::format("there is no {0}; of this {1} there are {2}status, {2}{3}, {2}{3}/ID, "
                            "{2}channel, {2}channel/ID, {2}stats{4} and {2}log",
                            http.path, program, kApiRoot, peers,
                            program == "ce"
                                ? fmt::format(", {0}route, {0}transaction, {0}ha, {0}lfb/FE, "
                                              "{0}lfb/FE/PATH, {0}signaling, {0}neighbor, {0}call, "
                                              "{0}call/CALL, {0}connection, {0}connection/NAME, "
                                              "{0}lsp, {0}te/link, {0}te/path, {0}label-map, "
                                              "{0}policy, {0}group, {0}group/GROUP, "
                                              "{0}scsp/neighbor, {0}scsp/cache, {0}mars/client, "
                                              "{0}mars/mcs, {0}ticket/N",
                                              kApiRoot)
                                : fmt::format(", {0}fabric, {0}membership", kApiRoot)));
}

runtime::HttpReply reply_of(const control::Response& response) {
  if (response.has_error()) return reply_of(response.error());
  const auto* reflection = response.GetReflection();
  const auto* field =
      reflection->GetOneofFieldDescriptor(response, response.GetDescriptor()->oneof_decl(0));
  return {.status = 200,
          .type = "application/json",
          .body = field == nullptr ? "{}\n" : to_json(reflection->GetMessage(response, field))};
}

runtime::HttpReply reply_of(const Error& error) {
  const int status = error.code() == Error::NOT_FOUND ? 404
                     : error.code() == Error::INVALID ? 400
                     : error.has_reason()             ? 409
                                                      : 500;
  return {.status = status, .type = "application/json", .body = to_json(error)};
}

}  // namespace forces::daemon
