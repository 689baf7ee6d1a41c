// A daemon's answer as text for people, or as JSON for programs.
#pragma once

#include <cstdint>
#include <string>

#include "proto/schema/control.pb.h"

namespace forces::ctl {

// Ends with a newline. An Error is its message alone.
[[nodiscard]] std::string render_text(const control::Response& response);
// The message inside the Response, by protobuf's JSON mapping with the field names of
// control.proto.
[[nodiscard]] std::string render_json(const control::Response& response);

// "3d 4h", "2h 5min", "61s", "15ms": two units at most; "-" for 0.
[[nodiscard]] std::string duration_text(std::uint64_t ms);
// FEs in decimal, everything else in hexadecimal.
[[nodiscard]] std::string id_text(std::uint32_t id);

}  // namespace forces::ctl
