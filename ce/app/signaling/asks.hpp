// What operators ask of calls and connections, from their texts to values. An error says which text
// is none.
#pragma once

#include <expected>
#include <string>

#include "ce/app/signaling/config.hpp"
#include "proto/schema/control.pb.h"

namespace forces::ce {

template <class T>
using Asked = std::expected<T, std::string>;

[[nodiscard]] Asked<signaling::ason::ConnectionRequest> connection_of(
    const control::SpcCreateRequest& request, signaling::NodeId self,
    const SignalingSettings& defaults);
[[nodiscard]] Asked<signaling::ason::calls::CreateCall> call_of(
    const control::CallCreateRequest& request);
// The new call of an SPC.
[[nodiscard]] Asked<signaling::ason::calls::CreateCall> call_of(
    const control::SpcCreateRequest& request);
[[nodiscard]] Asked<signaling::te::Request> path_of(const control::TePathRequest& request,
                                                    signaling::NodeId self);
using Texts = google::protobuf::RepeatedPtrField<std::string>;
[[nodiscard]] Asked<signaling::te::Exclusions> exclusions_of(const Texts& texts);
[[nodiscard]] Asked<signaling::LspKey> lsp_of(const control::LspId& id);

}  // namespace forces::ce
