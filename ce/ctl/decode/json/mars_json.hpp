// MARS messages and entries of the shared cache as JSON, by the names of RFC 2022 and RFC 2443.
#pragma once

#include <nlohmann/json.hpp>

#include "proto/mars/csa.hpp"
#include "proto/mars/message.hpp"

namespace forces::decode {

[[nodiscard]] nlohmann::ordered_json to_json(const mars::Message& message);
[[nodiscard]] nlohmann::ordered_json to_json(const mars::CacheEntry& entry);

}  // namespace forces::decode
