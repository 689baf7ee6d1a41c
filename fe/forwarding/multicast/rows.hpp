// Rows of MulticastForwarding, from octets as the engine packs them to plain values; and whether
// they can be at all.
#pragma once

#include <cstdint>
#include <optional>

#include "fe/dataplane/multicast/endpoints.hpp"
#include "fe/dataplane/multicast/routes.hpp"
#include "fe/lfb/hooks.hpp"

namespace forces::fe::forwarding {

struct MulticastTable {
  enum class Kind : std::uint8_t { Groups, Leaves, Peers, Copies, Served };
  Kind kind{};
  dataplane::kernel::Family family{};
};
[[nodiscard]] bool is_multicast(const lfb::Change& change);  // of a component of that class
// The table that a row is of; nothing: it is none, or of another class.
[[nodiscard]] std::optional<MulticastTable> multicast_table_of(const lfb::Change& change);

// The octets are a row of the type that the class declares.
[[nodiscard]] dataplane::multicast::GroupRow group_row(dataplane::kernel::Family family,
                                                       wire::Bytes row);
[[nodiscard]] dataplane::multicast::LeafRow leaf_row(wire::Bytes row);
[[nodiscard]] dataplane::multicast::Endpoint peer_row(wire::Bytes row);
[[nodiscard]] dataplane::multicast::CopyRow copy_row(dataplane::kernel::Family family,
                                                     wire::Bytes row);

// To where packets can be sent; for a group that leaves its link, or a range of groups.
[[nodiscard]] bool can_be(const dataplane::multicast::CopyRow& row);

}  // namespace forces::fe::forwarding
