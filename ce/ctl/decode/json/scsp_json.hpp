// SCSP packets as JSON, by the names of RFC 2334.
#pragma once

#include <nlohmann/json.hpp>

#include "proto/scsp/packet.hpp"

namespace forces::decode {

// The specific part of a CSA is decoded when the Protocol ID is MARS; one that is refused gives its
// error and what the RFC does with it, for the packet around it is good.
[[nodiscard]] nlohmann::ordered_json to_json(const scsp::Packet& packet);

}  // namespace forces::decode
