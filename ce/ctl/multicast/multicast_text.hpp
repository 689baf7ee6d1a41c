// What a ce tells of groups, its MARS and its neighbours, as text for people.
#pragma once

#include <string>

#include "proto/schema/control.pb.h"

namespace forces::ctl {

// Of an answer to a command of multicast; empty: it is another's.
[[nodiscard]] std::string multicast_text(const control::Response& response);

}  // namespace forces::ctl
