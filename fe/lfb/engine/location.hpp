// Where a path leads in an LFB instance.
#pragma once

#include <optional>
#include <span>

#include "fe/lfb/hooks.hpp"
#include "proto/pl/body/view.hpp"

namespace forces::fe::lfb {

struct Location {
  pl::ResultCode code = pl::ResultCode::Success;
  const Component* component = nullptr;
  const Type* type = nullptr;              // of what the path names
  std::span<const std::uint32_t> below{};  // the component
  Table* table = nullptr;                  // of a component that is stored as one

  [[nodiscard]] bool is_whole_table() const { return table != nullptr && below.empty(); }
};

// By the class alone, so that a row need not be there: E_COMPONENT_DOES_NOT_EXIST for an ID that
// the class has not, E_INVALID_PATH below a scalar, at an event, or without IDs.
[[nodiscard]] Location locate(Instance& instance, std::span<const std::uint32_t> path);

// Reads of instances, live or stored.
class Reader {
 public:
  explicit Reader(Provider* provider) : provider_(provider) {}

  // The value at a location that is no whole table; valid until the next read or change.
  // E_COMPONENT_DOES_NOT_EXIST for a row that is not there, E_INTERNAL_ERROR when the provider
  // fails, E_PERM for what cannot be read.
  [[nodiscard]] Part read(Instance& instance, const Location& location);
  // Takes the path on by the IDs of a view, and by the row that its KEYINFO names, which is `row`
  // then: E_INVALID_PATH where it becomes too long, E_COMPONENT_NOT_A_TABLE, E_INVALID_PARAMETERS
  // for a key that the table has not, E_NOT_FOUND.
  [[nodiscard]] pl::ResultCode enter(Instance& instance, const pl::PathView& view, pl::Path& path,
                                     std::optional<std::uint32_t>& row);

 private:
  [[nodiscard]] pl::ResultCode find_row(Instance& instance, std::span<const std::uint32_t> path,
                                        const pl::KeyView& key, std::uint32_t& row);

  Provider* provider_;
  wire::ByteWriter live_;
  pl::Octets key_;
};

}  // namespace forces::fe::lfb
