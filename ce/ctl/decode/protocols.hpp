// The table of protocols that `forcesctl decode` knows; another one is another row.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"

namespace forces::decode {

using Json = nlohmann::ordered_json;

struct Protocol {
  std::string_view name;
  std::string_view help;
  // One whole message.
  Result<Json> (*to_json)(wire::Bytes message);
  Result<std::vector<std::byte>> (*reencode)(wire::Bytes message);
  // In a capture: the message of this protocol that a TML frame is or carries. Null when TCP
  // streams of the TML hold none.
  std::optional<wire::Bytes> (*in_tml_frame)(wire::Bytes frame);
};

[[nodiscard]] std::span<const Protocol> protocols();
[[nodiscard]] const Protocol* find_protocol(std::string_view name);

// {"error": {"code", "offset", "field"}}
[[nodiscard]] Json error_json(const Error& error);

// One line of output, without its end. Octets that are no UTF-8 are replaced.
[[nodiscard]] std::string dump(const Json& json);

}  // namespace forces::decode
