// Reading and writing single components by LFB class, instance and path.
#pragma once

#include <cstdint>
#include <span>

#include "fe/lfb/values.hpp"
#include "proto/pl/codes.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::fe::lfb {

struct Target {
  pl::LfbClassId class_id;
  pl::LfbInstanceId instance_id;
};

// Success, or why there is no such LFB in this FE.
[[nodiscard]] pl::ResultCode find(const Target& target);

// Appends the FULLDATA content of the component at `path`.
[[nodiscard]] pl::ResultCode get(const Values& values, const Target& target,
                                 std::span<const std::uint32_t> path, wire::ByteWriter& into);

// `data` is FULLDATA content. On failure nothing has changed.
[[nodiscard]] pl::ResultCode set(Values& values, const Target& target,
                                 std::span<const std::uint32_t> path, wire::Bytes data);

}  // namespace forces::fe::lfb
