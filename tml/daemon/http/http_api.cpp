#include "tml/daemon/http/http_api.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <concepts>
#include <optional>
#include <string>
#include <utility>

#include "common/core/number.hpp"

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

std::string_view query(const runtime::HttpRequest& http, std::string_view key) {
  const auto at = http.query.find(key);
  return at == http.query.end() ? std::string_view() : at->second;
}

std::string to_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json + "\n";
}

// `list`, or one by its number: "fe", "fe/2".
template <class List, class Show>
std::expected<Request, Error> list_or_one(std::string_view item, List&& list, Show&& show) {
  Request request;
  const auto done = item.empty() ? list(request) : show(request, item.substr(1));
  if (!done) return std::unexpected(done.error());
  return request;
}

using Done = std::expected<void, Error>;

// A number of the query string, for set(); nothing when it is not there.
template <std::unsigned_integral T, class Set>
Done take_number(const runtime::HttpRequest& http, std::string_view key, Set&& set) {
  const auto text = query(http, key);
  if (text.empty()) return {};
  const auto value = number_in<T>(text);
  if (!value) return std::unexpected(value.error());
  set(*value);
  return {};
}

// Where a page begins.
template <class ListRequest>
Done take_after(ListRequest& list, const runtime::HttpRequest& http) {
  return take_number<std::uint64_t>(http, "after", [&](std::uint64_t v) { list.set_after(v); });
}

// "FE" or "FE/PATH", where a path has slashes of its own.
Done take_lfb(control::LfbGetRequest& lfb, std::string_view item,
              const runtime::HttpRequest& http) {
  const auto slash = std::min(item.find('/'), item.size());
  const auto fe = number_in<std::uint32_t>(item.substr(0, slash));
  if (!fe) return std::unexpected(fe.error());
  lfb.set_fe(*fe);
  if (slash < item.size()) lfb.set_path(std::string(item.substr(slash + 1)));
  lfb.set_properties(http.query.contains("properties"));
  const auto from =
      take_number<std::uint32_t>(http, "from", [&](std::uint32_t v) { lfb.set_from(v); });
  if (!from) return from;
  return take_number<std::uint32_t>(http, "count", [&](std::uint32_t v) { lfb.set_count(v); });
}

// "call", or "call/NAME", where a name may have slashes.
std::optional<std::string> named(std::string_view path, std::string_view noun) {
  if (!path.starts_with(noun) || !path.substr(noun.size()).starts_with('/')) return std::nullopt;
  return std::string(path.substr(noun.size() + 1));
}

// Calls and connections; no operation: there is no such thing.
Done take_signaling(Request& request, std::string_view path, const runtime::HttpRequest& http) {
  const auto text = [&](std::string_view key) { return std::string(query(http, key)); };
  if (path == "signaling") {
    request.mutable_signaling_status();
  } else if (path == "neighbor") {
    request.mutable_neighbor_list();
  } else if (path == "call") {
    return take_after(*request.mutable_call_list(), http);
  } else if (const auto call = named(path, "call")) {
    request.mutable_call_show()->set_call(*call);
  } else if (path == "connection") {
    request.mutable_connection_list()->set_after(text("after"));
    request.mutable_connection_list()->set_state(text("state"));
  } else if (const auto connection = named(path, "connection")) {
    request.mutable_connection_show()->set_name(*connection);
  } else if (path == "lsp") {
    return take_after(*request.mutable_lsp_list(), http);
  } else if (path == "te/link") {
    return take_after(*request.mutable_te_link_list(), http);
  } else if (path == "te/path") {
    auto& asked = *request.mutable_te_path();
    asked.set_from(text("from"));
    asked.set_to(text("to"));
    asked.set_signal(text("signal"));
    asked.set_disjoint(http.query.contains("disjoint"));
  } else if (path == "label-map") {
    request.mutable_label_map();
  } else if (path == "policy") {
    request.mutable_policy();
  }
  return {};
}

// The MARS and its server group; no operation: there is no such thing.
Done take_multicast(Request& request, std::string_view path, const runtime::HttpRequest& http) {
  if (path == "group") {
    request.mutable_group_list()->set_after(std::string(query(http, "after")));
  } else if (const auto group = named(path, "group")) {
    request.mutable_group_members()->set_group(*group);
  } else if (path == "scsp/neighbor") {
    request.mutable_scsp_neighbor_list();
  } else if (path == "scsp/cache") {
    request.mutable_scsp_cache();
  } else if (path == "mars/client") {
    return take_after(*request.mutable_mars_client_list(), http);
  } else if (path == "mars/mcs") {
    request.mutable_mars_mcs_list();
  }
  return {};
}

// What only a ce has; no operation: there is no such thing.
std::expected<Request, Error> request_of_ce(std::string_view path,
                                            const runtime::HttpRequest& http) {
  constexpr std::string_view kLfb = "lfb/", kTicket = "ticket/";
  Request request;
  Done taken;
  if (path == "route") {
    auto& list = *request.mutable_route_list();
    taken = take_after(list, http);
    if (taken) {
      taken = take_number<std::uint32_t>(http, "fe", [&](std::uint32_t v) { list.set_fe(v); });
    }
  } else if (path == "transaction") {
    request.mutable_transaction_list();
  } else if (path == "ha") {
    request.mutable_ha_status();
  } else if (path.starts_with(kTicket)) {
    const auto ticket = number_in<std::uint64_t>(path.substr(kTicket.size()));
    if (!ticket) return std::unexpected(ticket.error());
    request.mutable_pending()->set_ticket(*ticket);
  } else if (path.starts_with(kLfb)) {
    taken = take_lfb(*request.mutable_lfb_get(), path.substr(kLfb.size()), http);
  } else {
    taken = take_signaling(request, path, http);
    if (taken && request.operation_case() == Request::OPERATION_NOT_SET) {
      taken = take_multicast(request, path, http);
    }
  }
  if (!taken) return std::unexpected(taken.error());
  return request;
}

}  // namespace

template <std::unsigned_integral T>
std::expected<T, Error> number_in(std::string_view text) {
  if (const auto value = decimal_or_hex<T>(text)) return *value;
  return refuse(Error::INVALID, fmt::format("\"{}\" is no number, decimal or 0x...", text));
}
template std::expected<std::uint32_t, Error> number_in(std::string_view text);
template std::expected<std::uint64_t, Error> number_in(std::string_view text);

std::expected<Request, Error> request_of(std::string_view program,
                                         const runtime::HttpRequest& http) {
  const auto path = std::string_view(http.path).substr(kApiRoot.size());
  const auto slash = std::min(path.find('/'), path.size());
  const auto noun = path.substr(0, slash);
  const auto item = path.substr(slash);  // "" or "/..."
  const std::string_view peers = program == "ce" ? "fe" : "ce";

  if (noun == peers) {
    return list_or_one(
        item, [&](Request& r) { return take_after(*r.mutable_element_list(), http); },
        [](Request& r, std::string_view text) -> Done {
          const auto id = number_in<std::uint32_t>(text);
          if (!id) return std::unexpected(id.error());
          r.mutable_element_show()->set_id(*id);
          return {};
        });
  }
  if (noun == "channel") {
    return list_or_one(
        item, [&](Request& r) { return take_after(*r.mutable_channel_list(), http); },
        [](Request& r, std::string_view text) -> Done {
          const auto handle = number_in<std::uint64_t>(text);
          if (!handle) return std::unexpected(handle.error());
          r.mutable_channel_show()->set_handle(*handle);
          return {};
        });
  }
  Request request;
  if (program == "ce") {
    auto of_ce = request_of_ce(path, http);
    if (!of_ce || of_ce->operation_case() != Request::OPERATION_NOT_SET) return of_ce;
  }
  if (program == "fe" && path == "fabric") {
    const auto taken = take_after(*request.mutable_fabric_show(), http);
    if (!taken) return std::unexpected(taken.error());
    return request;
  }
  if (program == "fe" && path == "membership") {
    const auto taken = take_after(*request.mutable_membership_list(), http);
    if (!taken) return std::unexpected(taken.error());
    return request;
  }
  if (path == "status") {
    request.mutable_status();
    return request;
  }
  if (path == "stats") {
    auto& stats = *request.mutable_stats();
    stats.set_filter(std::string(query(http, "filter")));
    if (const auto taken = take_after(stats, http); !taken) return std::unexpected(taken.error());
    return request;
  }
  if (path == "log") {
    request.mutable_log_level();
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
