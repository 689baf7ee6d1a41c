// The operator's requests about groups, the MARS and its server group: from the frame's thread to
// the service's, and back.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "ce/multicast/service/service.hpp"
#include "proto/schema/control.pb.h"

namespace forces::ce {

// Of one answer, which is 1 MiB at most.
inline constexpr std::size_t kGroupsInPage = 5'000, kNodesInPage = 5'000;

// Of a drain that is under way; others' tickets are below or from Operations::kFirstTicket on.
inline constexpr std::uint64_t kDrainTicket = std::uint64_t{1} << 61;

// No result: the request is for somebody else. nullptr: there is no MARS.
[[nodiscard]] control::Response answer_multicast(multicast::Service* service,
                                                 const control::Request& request);

// "in_sync": all neighbours are Aligned and nothing is on its way to or from them; "syncing"; or
// "alone": no neighbour is Aligned.
[[nodiscard]] std::string_view sync_state(const multicast::sync::Snapshot& snapshot);

struct OriginatorView {
  std::size_t entries = 0;
  // Of keys, numbers and contents, in any order; equal at servers whose caches are.
  std::uint64_t digest = 0;
};
[[nodiscard]] std::map<multicast::sync::ServerId, OriginatorView> originators(
    const multicast::sync::Engine& engine);

}  // namespace forces::ce
