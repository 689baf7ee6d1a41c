// Asks a daemon over its local socket (common/runtime/local_server.hpp says how).
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "common/core/time.hpp"
#include "proto/schema/control.pb.h"

namespace forces::ctl {

// Why there is no answer, in words for the one at the terminal.
using ClientError = std::string;

// One request and its answer, each time on a new connection. The answer may be an Error.
[[nodiscard]] std::expected<control::Response, ClientError> ask(const std::string& socket,
                                                                const control::Request& request,
                                                                Duration timeout);

// Told what is waited for when that has lasted a while, and each time that it changes.
using Progress = std::function<void(const std::string& text)>;
inline constexpr Duration kQuiet = std::chrono::seconds(2);

// The same, and for lists again and again until all pages are together, for an answer that depends
// on others until they have answered, or the time of one answer is over: then it is Pending.
[[nodiscard]] std::expected<control::Response, ClientError> ask_all(const std::string& socket,
                                                                    control::Request request,
                                                                    Duration timeout,
                                                                    const Progress& progress = {},
                                                                    Duration quiet = kQuiet);

}  // namespace forces::ctl
