// Identifiers of the protocol layer.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/core/ids.hpp"

namespace forces::pl {

using ForcesId = StrongId<struct ForcesIdTag>;
using LfbClassId = StrongId<struct LfbClassTag>;
using LfbInstanceId = StrongId<struct LfbInstanceTag>;

// RFC 5810 section 6.1, figure 12: the two top bits (TS) and the well-known values.
enum class IdKind : std::uint8_t { Fe, Ce, Multicast, AllCes, AllFes, AllElements, Reserved };

inline constexpr ForcesId kUnassignedFe{0};  // source of a setup that asks the CE for an FE ID
inline constexpr ForcesId kAllCes{0xfffffffd};
inline constexpr ForcesId kAllFes{0xfffffffe};
inline constexpr ForcesId kAllElements{0xffffffff};

[[nodiscard]] constexpr IdKind kind(ForcesId id) {
  switch (id.value >> 30) {
    case 0:
      return IdKind::Fe;
    case 1:
      return IdKind::Ce;
    case 2:
      return IdKind::Reserved;
    default:
      break;
  }
  if (id == kAllCes) return IdKind::AllCes;
  if (id == kAllFes) return IdKind::AllFes;
  if (id == kAllElements) return IdKind::AllElements;
  return id.value <= 0xffffffef ? IdKind::Multicast : IdKind::Reserved;
}

[[nodiscard]] constexpr bool is_fe(ForcesId id) { return kind(id) == IdKind::Fe; }
[[nodiscard]] constexpr bool is_ce(ForcesId id) { return kind(id) == IdKind::Ce; }
[[nodiscard]] constexpr bool is_multicast(ForcesId id) { return kind(id) == IdKind::Multicast; }

[[nodiscard]] constexpr std::string_view to_string(IdKind kind) {
  switch (kind) {
    case IdKind::Fe:
      return "fe";
    case IdKind::Ce:
      return "ce";
    case IdKind::Multicast:
      return "multicast";
    case IdKind::AllCes:
      return "all-ces";
    case IdKind::AllFes:
      return "all-fes";
    case IdKind::AllElements:
      return "all";
    case IdKind::Reserved:
      return "reserved";
  }
  return "reserved";
}

}  // namespace forces::pl
