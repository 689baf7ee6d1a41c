// LFBs, their components and rows, for people.
#pragma once

#include <string>

#include "proto/schema/control.pb.h"

namespace forces::ctl {

[[nodiscard]] std::string lfb_text(const control::LfbList& list);
[[nodiscard]] std::string lfb_text(const control::LfbValues& values);

// On one line: text without quotes, objects as {name: value, ...}.
[[nodiscard]] std::string value_text(const google::protobuf::Value& value);

}  // namespace forces::ctl
