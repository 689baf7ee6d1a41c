// What a ce tells of calls and connections, as text for people.
#pragma once

#include <string>

#include "proto/schema/control.pb.h"

namespace forces::ctl {

// Of an answer to a command of signalling; empty: it is another's.
[[nodiscard]] std::string signaling_text(const control::Response& response);

}  // namespace forces::ctl
