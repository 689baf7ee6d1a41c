// How people write the values of signalling: in the configuration, at forcesctl, over HTTP. Each
// gives nothing for what is no such value.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ce/signaling/ason/call/policy.hpp"
#include "ce/signaling/ids.hpp"
#include "ce/signaling/te/labels.hpp"

namespace forces::ce {

// Of all texts of one set together: what a mistake may cost.
inline constexpr std::size_t kMostLabels = 65'536;

[[nodiscard]] std::optional<std::uint32_t> number_in(std::string_view text);    // "12", "0x10000"
[[nodiscard]] std::optional<signaling::NodeId> node_in(std::string_view text);  // "192.0.2.1"
[[nodiscard]] std::optional<signaling::LinkEnd> end_in(std::string_view text);  // "192.0.2.1:12"
[[nodiscard]] std::optional<signaling::FePort> port_in(std::string_view text);  // "1:12", FE:port
// Each "7", "1-64" or "0x10000-0x400000/0x10000", first to last in steps.
[[nodiscard]] std::optional<signaling::te::LabelRanges> labels_in(
    std::span<const std::string> texts);
[[nodiscard]] std::optional<signaling::te::Labels> label_list_in(std::string_view text);  // "1,2"
// "10.0.0.0/8", "192.0.2.1".
[[nodiscard]] std::optional<signaling::ason::calls::Prefix> prefix_in(std::string_view text);
// "2026-12-31T23:59:59Z"
[[nodiscard]] std::optional<std::chrono::sys_seconds> date_in(std::string_view text);

}  // namespace forces::ce
