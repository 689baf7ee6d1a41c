// PL messages as JSON, by the names of RFC 5810. "quirks", if any, lists what was tolerated.
#pragma once

#include <nlohmann/json.hpp>

#include "proto/pl/message.hpp"

namespace forces::decode {

[[nodiscard]] nlohmann::ordered_json to_json(const pl::MessageView& message);

}  // namespace forces::decode
