// GET /api/v1/...: the requests of proto/schema/control.proto over HTTP, as far as they only read,
// and their answers as JSON. What is answered is the service's business, as for forcesctl. What
// changes something: http_change.hpp.
#pragma once

#include <expected>
#include <string_view>

#include "common/runtime/http_server.hpp"
#include "proto/schema/control.pb.h"

namespace forces::daemon {

inline constexpr std::string_view kApiRoot = "/api/v1/";

// What path and query ask of this program; what is wrong with them otherwise.
[[nodiscard]] std::expected<control::Request, control::Error> request_of(
    std::string_view program, const runtime::HttpRequest& http);

// The message inside the answer; an Error with the HTTP status that goes with it: 404 and 400, 409
// for a call or connection that could not be had, 500.
[[nodiscard]] runtime::HttpReply reply_of(const control::Response& response);
[[nodiscard]] runtime::HttpReply reply_of(const control::Error& error);

}  // namespace forces::daemon
