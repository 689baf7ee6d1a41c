// Rows and a fabric for the tests of the optical room.
#pragma once

#include "fe/dataplane/optical/fabric.hpp"

namespace forces::fe::dataplane::optical::test {

inline constexpr std::uint32_t kSlot = 0x10000;  // VC-4 slot n is n << 16 (RFC 4606 section 3)

// Ports 1, 2 and 3 with 64 VC-4 slots each.
inline FabricConfig three_ports() {
  FabricConfig config;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    config.ports.push_back({id, "", Signal::Vc4, {{kSlot, 64 * kSlot, kSlot}}});
  }
  return config;
}

// And 63 VC-12s in a VC-4.
inline constexpr std::uint32_t kClient = 11, kServer = 12;
inline FabricConfig with_adaptation() {
  FabricConfig config = three_ports();
  config.ports.push_back({kClient, "", Signal::Vc12, {{1, 63, 1}}, kServer});
  config.ports.push_back({kServer, "", Signal::Vc4, {{1, 1, 1}}});
  return config;
}

inline CrossConnect cross(Endpoint in, Endpoint out, RowState state = RowState::Active,
                          std::uint8_t owner = 1) {
  CrossConnect row{in, out, state, 0, {}};
  row.owner[0] = std::byte{owner};
  row.owner[23] = std::byte{0xee};
  return row;
}
inline Endpoint slot(std::uint32_t port, std::uint32_t n) { return {port, n * kSlot}; }

}  // namespace forces::fe::dataplane::optical::test
