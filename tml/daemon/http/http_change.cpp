#include "tml/daemon/http/http_change.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <array>
#include <string>
#include <utility>

#include "tml/daemon/http/http_api.hpp"
#include "tml/daemon/http/query.hpp"

namespace forces::daemon {
namespace {

using control::Error;
using control::Request;
using runtime::HttpBody;
using runtime::HttpReply;
using runtime::HttpRequest;

std::unexpected<HttpReply> refuse(int status, std::string message,
                                  Error::Code code = Error::INVALID) {
  Error error;
  error.set_code(code);
  error.set_message(std::move(message));
  auto reply = reply_of(error);
  reply.status = status;
  return std::unexpected(std::move(reply));
}

using Done = std::expected<void, HttpReply>;

// What a page in a browser of this machine could send is refused: a listener on loopback knows its
// clients by nothing else. No page sends this type without asking first (OPTIONS, which is 405),
// and none hides where it is from.
Done check_sender(const HttpRequest& http) {
  if (!http.origin.empty()) {
    return refuse(403, fmt::format("a page of {} changes nothing here", http.origin));
  }
  switch (http.is) {
    case HttpBody::Whole:
      break;
    case HttpBody::Unread:
      return refuse(415, fmt::format("the body is \"{}\", not application/json", http.type));
    case HttpBody::TooLarge:
      return refuse(413, fmt::format("the body has more than {} octets", runtime::kMaxHttpBody));
    case HttpBody::Broken:
      return refuse(400, "the body did not come whole, or in a coding that is not known");
  }
  if (http.method == "DELETE") {
    if (http.body.empty()) return {};
    return refuse(400, "what is deleted stands in the path and behind the \"?\", not in a body");
  }
  if (!http.body.empty()) return {};
  return refuse(400, "a body of application/json says what is wanted; {} is one");
}

Done read_json(const HttpRequest& http, google::protobuf::Message& into) {
  const auto status = google::protobuf::util::JsonStringToMessage(http.body, &into);
  if (status.ok()) return {};
  return refuse(400, fmt::format("the body is no {}: {}", into.GetDescriptor()->name(),
                                 std::string(status.message())));
}

// The body, and the name from the path.
template <class Message, class Get, class Set>
Done read_named(const HttpRequest& http, std::string_view name, Message& into, Get&& get,
                Set&& set) {
  if (auto done = read_json(http, into); !done) return done;
  const std::string& said = get(into);
  if (!said.empty() && said != name) {
    return refuse(400, fmt::format("the path names \"{}\", the body \"{}\"", name, said));
  }
  set(into, std::string(name));
  return {};
}

Done done(const Query& query) {
  const auto all = query.done();
  if (!all) return std::unexpected(reply_of(all.error()));
  return {};
}

// --- what there is ---

struct Asked {
  const HttpRequest& http;
  std::string name;  // of the path: "call/NAME"
  Request& request;
};

Done create_call(const Asked& a) { return read_json(a.http, *a.request.mutable_call_create()); }
Done modify_call(const Asked& a) {
  return read_named(
      a.http, a.name, *a.request.mutable_call_modify(), [](auto& m) { return m.call(); },
      [](auto& m, std::string name) { m.set_call(std::move(name)); });
}
Done delete_call(const Asked& a) {
  Query query(a.http);
  auto& call = *a.request.mutable_call_delete();
  call.set_call(a.name);
  call.set_connections(query.flag("connections"));
  call.set_forget(query.flag("forget"));
  return done(query);
}
Done create_spc(const Asked& a) { return read_json(a.http, *a.request.mutable_spc_create()); }
Done change_connection(const Asked& a) {
  return read_named(
      a.http, a.name, *a.request.mutable_connection_change(), [](auto& m) { return m.name(); },
      [](auto& m, std::string name) { m.set_name(std::move(name)); });
}
Done delete_connection(const Asked& a) {
  auto& change = *a.request.mutable_connection_change();
  change.set_name(a.name);
  change.set_change(control::ConnectionChangeRequest::DELETE);
  return done(Query(a.http));
}
Done end_lsp(const Asked& a) {
  Query query(a.http);
  auto& end = *a.request.mutable_lsp_end();
  end.set_give_up(query.flag("give_up"));
  auto& lsp = *end.mutable_lsp();
  lsp.set_sender(query.text("sender"));
  lsp.set_end_point(query.text("end_point"));
  lsp.set_extended_tunnel(query.text("extended_tunnel"));
  lsp.set_tunnel(query.number<std::uint32_t>("tunnel", true));
  lsp.set_lsp(query.number<std::uint32_t>("lsp", true));
  return done(query);
}
Done set_label(const Asked& a) { return read_json(a.http, *a.request.mutable_label_map_change()); }
Done withdraw_label(const Asked& a) {
  Query query(a.http);
  auto& change = *a.request.mutable_label_map_change();
  change.set_interface(query.number<std::uint32_t>("interface", true));
  change.set_local(query.text("local"));
  change.set_withdraw(true);
  return done(query);
}

Done drain(const Asked& a) { return read_json(a.http, *a.request.mutable_drain()); }

struct Change {
  std::string_view method, path;
  bool named;  // "/NAME" behind it, in which slashes may be
  Done (*take)(const Asked&);
};
constexpr std::array kChanges{
    Change{"POST", "call", false, &create_call},
    Change{"PATCH", "call", true, &modify_call},
    Change{"DELETE", "call", true, &delete_call},
    Change{"POST", "spc", false, &create_spc},
    Change{"PATCH", "connection", true, &change_connection},
    Change{"DELETE", "connection", true, &delete_connection},
    Change{"DELETE", "lsp", false, &end_lsp},
    Change{"POST", "label-map", false, &set_label},
    Change{"DELETE", "label-map", false, &withdraw_label},
    Change{"POST", "drain", false, &drain},
};

bool is_at(const Change& change, std::string_view path) {
  if (!change.named) return path == change.path;
  return path.size() > change.path.size() + 1 && path.starts_with(change.path) &&
         path[change.path.size()] == '/';
}

std::string known_changes() {
  std::string all;
  for (const Change& change : kChanges) {
    fmt::format_to(std::back_inserter(all), "{}{} {}{}{}", all.empty() ? "" : ", ", change.method,
                   kApiRoot, change.path, change.named ? "/NAME" : "");
  }
  return all;
}

}  // namespace

std::expected<Request, HttpReply> change_of(std::string_view program, const HttpRequest& http) {
  if (program != "ce") {
    return refuse(404, fmt::format("nothing of an {} is changed over HTTP", program),
                  Error::NOT_FOUND);
  }
  const auto path = std::string_view(http.path).substr(kApiRoot.size());
  std::string there;  // methods
  for (const Change& change : kChanges) {
    if (!is_at(change, path)) continue;
    there.append(there.empty() ? "" : ", ").append(change.method);
    if (change.method != http.method) continue;
    if (auto done = check_sender(http); !done) return std::unexpected(std::move(done.error()));
    Request request;
    const std::string name(change.named ? path.substr(change.path.size() + 1) : "");
    if (auto done = change.take({http, name, request}); !done) {
      return std::unexpected(std::move(done.error()));
    }
    return request;
  }
  const std::string why =
      fmt::format("there is no {} {}; there are {}", http.method, http.path, known_changes());
  if (there.empty()) return refuse(404, why, Error::NOT_FOUND);
  if (request_of(program, http)) there.append(", GET, HEAD");
  auto refused = refuse(405, why);
  refused.error().allow = std::move(there);
  return refused;
}

}  // namespace forces::daemon
