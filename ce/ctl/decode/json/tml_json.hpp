// TML frames as JSON, by the names of proto/tml/README.md.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"

namespace forces::decode {

// `frame` is one whole frame, neither less nor more. A frame of the TML's own (f = 0) gives its
// fields; one with a PL message gives {"tml": header, "pl": message}.
[[nodiscard]] Result<nlohmann::ordered_json> tml_to_json(wire::Bytes frame);

// Decodes and encodes again. What receivers must ignore does not survive: reserved bits, unknown
// TLVs of the TML, and with f = 1 the TML's length and type.
[[nodiscard]] Result<std::vector<std::byte>> tml_reencode(wire::Bytes frame);

}  // namespace forces::decode
