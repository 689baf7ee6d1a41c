#include "tml/daemon/http/http_face.hpp"

#include <fmt/format.h>
#include <google/protobuf/stubs/common.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "tml/daemon/http/http_api.hpp"
#include "tml/daemon/http/http_change.hpp"

namespace forces::daemon {
namespace {

using namespace std::chrono_literals;
using control::Error;
using control::Request;
using control::Response;
using runtime::HttpReply;
using runtime::HttpRequest;

constexpr auto kAskAgain = 5ms;

HttpReply failed(int status, const std::string& why) {
  Error error;
  error.set_code(Error::FAILED);
  error.set_message(why);
  auto reply = reply_of(error);
  reply.status = status;
  return reply;
}

HttpReply accepted(const Response& response) {
  auto reply = reply_of(response);
  reply.status = 202;
  reply.location = fmt::format("{}ticket/{}", kApiRoot, response.pending().ticket());
  return reply;
}

// Names are text in every answer, and JSON is UTF-8 (RFC 8259 section 8.1).
bool is_text(const HttpRequest& http) {
  const auto good = [](const std::string& text) {
    return google::protobuf::internal::IsStructurallyValidUTF8(text);
  };
  return good(http.path) && good(http.body) &&
         std::ranges::all_of(http.query,
                             [&](const auto& one) { return good(one.first) && good(one.second); });
}
HttpReply no_text() {
  Error error;
  error.set_code(Error::INVALID);
  error.set_message("path, query or body are no UTF-8");
  return reply_of(error);
}

// What became of a change: tried, and it did not work, is no fault of this server.
HttpReply outcome(const Response& response) {
  if (response.has_pending()) return accepted(response);
  auto reply = reply_of(response);
  if (response.error().code() == Error::FAILED) reply.status = 409;
  return reply;
}

}  // namespace

std::optional<Response> HttpFace::wait(const Request& request) {
  const auto until = std::chrono::steady_clock::now() + wait_;
  auto response = ask_(request);
  while (response && response->has_pending() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kAskAgain);
    Request again;
    again.mutable_pending()->set_ticket(response->pending().ticket());
    response = ask_(again);
  }
  return response;
}

HttpReply HttpFace::read(const HttpRequest& http) {
  if (!is_text(http)) return no_text();
  const auto request = request_of(program_, http);
  if (!request) return reply_of(request.error());
  const auto response = wait(*request);
  if (!response) return failed(503, "the event loop is busy");
  if (request->has_pending()) return outcome(*response);
  if (!response->has_pending()) return reply_of(*response);
  return failed(504, fmt::format("no FE has answered in {:g} s",
                                 std::chrono::duration<double>(wait_).count()));
}

HttpReply HttpFace::changed(const HttpRequest& http) {
  if (!is_text(http)) return no_text();
  const auto request = change_of(program_, http);
  if (!request) return request.error();
  const auto response = wait(*request);
  // It may be carried out all the same; who asked for it can look.
  if (!response) return failed(503, "the event loop is busy; it may still be done");
  return outcome(*response);
}

HttpReply HttpFace::change(const HttpRequest& http) {
  auto reply = changed(http);
  const bool bad = reply.status >= 400;
  ++(reply.status == 202 ? pending_ : !bad ? done_ : reply.status == 409 ? failed_ : refused_);
  const observe::Fields fields{{"client", http.client},
                               {"method", http.method},
                               {"path", http.path},
                               {"status", reply.status}};
  if (bad) {
    logger_.limited(observe::Level::Warning, "change over HTTP refused", fields);
  } else {
    logger_.info("change over HTTP", fields);
  }
  return reply;
}

observe::Families HttpFace::metrics() const {
  observe::Families all;
  for (const auto& [outcome, count] :
       {std::pair("done", &done_), std::pair("pending", &pending_), std::pair("failed", &failed_),
        std::pair("refused", &refused_)}) {
    observe::add_sample(all, fmt::format("{}_http_changes_total", program_),
                        "Changes asked for over HTTP by what became of them",
                        prometheus::MetricType::Counter, {{"outcome", outcome}})
        .counter.value = static_cast<double>(*count);
  }
  return all;
}

}  // namespace forces::daemon
