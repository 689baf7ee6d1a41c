// POST, PATCH and DELETE below /api/v1/: the requests of proto/schema/control.proto that change
// calls, connections and what they are judged by, with the JSON of the same messages as body.
//
//   POST   call                 CallCreateRequest
//   PATCH  call/CALL            CallModifyRequest
//   DELETE call/CALL            ?connections=1, ?forget=1
//   POST   spc                  SpcCreateRequest
//   PATCH  connection/NAME      ConnectionChangeRequest
//   DELETE connection/NAME
//   DELETE lsp                  ?sender=&end_point=&tunnel=&lsp=, ?extended_tunnel=, ?give_up=1
//   POST   label-map            LabelMapChangeRequest
//   DELETE label-map            ?interface=&local=
//
// What the path names need not stand in the body; what stands there must be the same.
#pragma once

#include <expected>
#include <string_view>

#include "common/runtime/http_server.hpp"
#include "proto/schema/control.pb.h"

namespace forces::daemon {

// The reply is why not: 403 for a page of a browser, 413, 415, else an Error of what was asked.
[[nodiscard]] std::expected<control::Request, runtime::HttpReply> change_of(
    std::string_view program, const runtime::HttpRequest& http);

}  // namespace forces::daemon
