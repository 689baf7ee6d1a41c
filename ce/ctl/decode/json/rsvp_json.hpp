// RSVP messages as JSON: objects in their order, by the names of the RFCs.
#pragma once

#include <nlohmann/json.hpp>

#include "proto/rsvp/message.hpp"

namespace forces::decode {

[[nodiscard]] nlohmann::ordered_json to_json(const rsvp::Message& message);

}  // namespace forces::decode
