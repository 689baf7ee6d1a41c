// What an operator reads of the values of the signalling: log lines, and the words of forcesctl.
#pragma once

#include <string>

#include "ce/signaling/ason/call/face.hpp"
#include "ce/signaling/ason/connection/controller.hpp"
#include "ce/signaling/resource/manager.hpp"

namespace forces::signaling {

[[nodiscard]] std::string words(NodeId node);         // "192.0.2.1"
[[nodiscard]] std::string words(const LinkEnd& end);  // "192.0.2.1:7"
[[nodiscard]] std::string words(const LspKey& lsp);   // "192.0.2.1 to 192.0.2.6 tunnel 3 lsp 1"
[[nodiscard]] std::string words(const te::LabelRanges& labels);  // "0x10000-0x40000,0x60000"
[[nodiscard]] std::string words(const rsvp::Words& labels);      // "0x10000,0x20000"
[[nodiscard]] std::string words(const rsvp::Address& address);
[[nodiscard]] std::string words(const ason::Failure& failure);
[[nodiscard]] std::string words(const ason::calls::Reason& reason);

[[nodiscard]] std::string words(const resource::LabelAlarm& alarm);
[[nodiscard]] std::string words(const resource::Found& found);
[[nodiscard]] std::string words(const ason::ConnectionChanged& changed);
[[nodiscard]] std::string words(const ason::ConnectionAlarm& alarm);
[[nodiscard]] std::string words(const ason::calls::CallChanged& changed);
[[nodiscard]] std::string words(const ason::calls::CallAlarm& alarm);
[[nodiscard]] std::string words(const engine::RecoveryEnded& ended);

}  // namespace forces::signaling
