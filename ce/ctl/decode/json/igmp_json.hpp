// IGMP and MLD packets as JSON, by the names of RFC 3376.
#pragma once

#include <nlohmann/json.hpp>

#include "proto/igmp/packet.hpp"

namespace forces::decode {

[[nodiscard]] nlohmann::ordered_json to_json(const igmp::Packet& packet);

}  // namespace forces::decode
