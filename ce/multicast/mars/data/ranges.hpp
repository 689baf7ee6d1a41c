// Sets of group addresses as ascending blocks, for hole punching (RFC 2022 sections 6.1.2, 6.2.4).
// The pseudo code of its appendix A loses a block that touches a hole; this is set subtraction.
#pragma once

#include <optional>
#include <vector>

#include "proto/mars/address.hpp"

namespace forces::mars::server {

// Ascending by min. As a set that is sent: without overlaps.
using Ranges = std::vector<GroupRange>;

// The neighbours of an address among those of its length; none at the end.
[[nodiscard]] std::optional<ProtocolAddress> after(const ProtocolAddress& address);
[[nodiscard]] std::optional<ProtocolAddress> before(const ProtocolAddress& address);

// Ascending and without overlaps; blocks that only touch stay two.
[[nodiscard]] Ranges merged(Ranges ranges);

// `holes` are ascending by min and may overlap.
[[nodiscard]] Ranges subtract(const Ranges& from, const Ranges& holes);

}  // namespace forces::mars::server
