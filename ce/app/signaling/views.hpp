// What operators are shown of calls, connections and the network: messages of proto/schema made of
// the values of ce/signaling.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ce/app/signaling/config.hpp"
#include "proto/schema/control.pb.h"

namespace forces::ce {

[[nodiscard]] control::SignalingReason reason_of(const signaling::ason::Failure& failure,
                                                 Instant now);
[[nodiscard]] control::SignalingReason reason_of(const signaling::ason::calls::Reason& reason);
[[nodiscard]] control::SignalingReason reason_of(const signaling::te::Failure& failure);
// "connection: blocked_link (1/2 Admission Control Failure: ...), said by 192.0.2.2, about link
// ..."
[[nodiscard]] std::string text_of(const control::SignalingReason& reason);
// An Error with the reason, and the same in words.
[[nodiscard]] control::Response failed_with(std::string_view what, control::SignalingReason reason);

[[nodiscard]] control::Response done(std::string text);

[[nodiscard]] control::LspId id_of(const signaling::LspKey& key);
[[nodiscard]] control::Call call_of(const signaling::ason::calls::Call& call, bool whole);
[[nodiscard]] control::Connection connection_of(const signaling::ason::ConnectionView& view,
                                                Instant now);
[[nodiscard]] control::Lsp lsp_of(const signaling::ason::LspView& view);
[[nodiscard]] control::Neighbor neighbor_of(const signaling::engine::NeighborSnapshot& neighbor,
                                            Instant now);
[[nodiscard]] control::TeLink link_of(const signaling::te::Link& link, signaling::NodeId self);
[[nodiscard]] control::TePath path_of(const signaling::te::Path& path);
[[nodiscard]] control::Policy policy_of(const PolicySettings& settings,
                                        const std::vector<const signaling::ason::calls::Call*>&);

}  // namespace forces::ce
