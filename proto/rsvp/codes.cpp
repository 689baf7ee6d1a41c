#include "proto/rsvp/codes.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace forces::rsvp {
namespace {

struct ValueName {
  std::uint8_t code;
  std::uint16_t value;
  std::string_view name;
};

constexpr auto kValueNames = std::to_array<ValueName>({
    {1, 1, "Delay bound cannot be met"},
    {1, 2, "Requested bandwidth unavailable"},
    {1, 3, "MTU in flowspec larger than interface MTU"},
    {2, 3, "Generic policy rejection"},
    {2, 4, "Quota or accounting violation"},
    {2, 11, "Bad POLICY_DATA syntax"},
    {2, 12, "Integrity of POLICY_DATA"},
    {2, 14, "Missing policy element"},
    {2, 17, "Policy element type rejected"},
    {2, 100, "Unauthorized sender"},
    {2, 101, "Unauthorized receiver"},
    {2, 103, "Inter-domain policy failure"},
    {2, 104, "Inter-domain explicit route rejected"},
    {21, 1, "Service conflict"},
    {21, 2, "Service unsupported"},
    {21, 3, "Bad Flowspec value"},
    {21, 4, "Bad Tspec value"},
    {24, 1, "Bad EXPLICIT_ROUTE object"},
    {24, 2, "Bad strict node"},
    {24, 3, "Bad loose node"},
    {24, 4, "Bad initial subobject"},
    {24, 5, "No route available toward destination"},
    {24, 6, "Unacceptable label value"},
    {24, 7, "RRO indicated routing loops"},
    {24, 8, "MPLS negotiated but non-RSVP-capable router in the path"},
    {24, 9, "MPLS label allocation failure"},
    {24, 10, "Unsupported L3PID"},
    {24, 11, "Label Set"},
    {24, 12, "Switching Type"},
    {24, 14, "Unsupported Encoding"},
    {24, 15, "Unsupported Link Protection"},
    {24, 16, "Unknown Interface Index"},
    {24, 17, "Unsupported LSP Protection"},
    {24, 18, "PROTECTION object not applicable"},
    {24, 19, "Bad PRIMARY_PATH_ROUTE object"},
    {24, 20, "PRIMARY_PATH_ROUTE object not applicable"},
    {24, 21, "LSP Segment Protection Failed"},
    {24, 22, "Re-routing limit exceeded"},
    {24, 28, "Contiguous LSP type not supported"},
    {24, 29, "ERO conflicts with inter-domain signaling method"},
    {24, 30, "Stitching unsupported"},
    {24, 64, "Unsupported Exclude Route Subobject Type"},
    {24, 65, "Inconsistent Subobject"},
    {24, 66, "Local Node in Exclude Route"},
    {24, 67, "Route Blocked by Exclude Route"},
    {24, 68, "XRO Too Complex"},
    {24, 69, "EXRS Too Complex"},
    {24, 100, "Diversity not available"},
    {24, 101, "Service level not available"},
    {24, 102, "Invalid/Unknown connection ID"},
    {24, 103, "No route available toward source"},
    {24, 104, "Unacceptable interface ID"},
    {24, 105, "Invalid/Unknown call ID"},
    {24, 106, "Invalid SPC interface ID/label"},
    {25, 1, "RRO too large for MTU"},
    {25, 2, "RRO Notification"},
    {25, 4, "Control Channel Active State"},
    {25, 5, "Control Channel Degraded State"},
    {25, 9, "LSP Failure"},
    {25, 10, "LSP Recovered"},
    {25, 11, "LSP Local Failure"},
    {32, 1, "Call ID Contention"},
    {32, 2, "Connections Still Exist"},
    {32, 3, "Unknown Call ID"},
    {32, 4, "Duplicate Call"},
});

}  // namespace

std::string_view to_string(MessageType type) {
  switch (type) {
    case MessageType::Path:
      return "Path";
    case MessageType::Resv:
      return "Resv";
    case MessageType::PathErr:
      return "PathErr";
    case MessageType::ResvErr:
      return "ResvErr";
    case MessageType::PathTear:
      return "PathTear";
    case MessageType::ResvTear:
      return "ResvTear";
    case MessageType::ResvConf:
      return "ResvConf";
    case MessageType::Bundle:
      return "Bundle";
    case MessageType::Ack:
      return "Ack";
    case MessageType::Srefresh:
      return "Srefresh";
    case MessageType::Hello:
      return "Hello";
    case MessageType::Notify:
      return "Notify";
    case MessageType::IntegrityChallenge:
      return "IntegrityChallenge";
    case MessageType::IntegrityResponse:
      return "IntegrityResponse";
    case MessageType::RecoveryPath:
      return "RecoveryPath";
  }
  return "Unknown";
}

std::string_view to_string(Class number) {
  using Row = std::pair<Class, std::string_view>;
  static constexpr auto kNames = std::to_array<Row>({
      {Class::Null, "NULL"},
      {Class::Session, "SESSION"},
      {Class::Hop, "RSVP_HOP"},
      {Class::Integrity, "INTEGRITY"},
      {Class::TimeValues, "TIME_VALUES"},
      {Class::ErrorSpec, "ERROR_SPEC"},
      {Class::Scope, "SCOPE"},
      {Class::Style, "STYLE"},
      {Class::Flowspec, "FLOWSPEC"},
      {Class::FilterSpec, "FILTER_SPEC"},
      {Class::SenderTemplate, "SENDER_TEMPLATE"},
      {Class::SenderTspec, "SENDER_TSPEC"},
      {Class::Adspec, "ADSPEC"},
      {Class::PolicyData, "POLICY_DATA"},
      {Class::ResvConfirm, "RESV_CONFIRM"},
      {Class::Label, "LABEL"},
      {Class::LabelRequest, "LABEL_REQUEST"},
      {Class::ExplicitRoute, "EXPLICIT_ROUTE"},
      {Class::RecordRoute, "RECORD_ROUTE"},
      {Class::Hello, "HELLO"},
      {Class::MessageId, "MESSAGE_ID"},
      {Class::MessageIdAck, "MESSAGE_ID_ACK"},
      {Class::MessageIdList, "MESSAGE_ID_LIST"},
      {Class::RecoveryLabel, "RECOVERY_LABEL"},
      {Class::UpstreamLabel, "UPSTREAM_LABEL"},
      {Class::LabelSet, "LABEL_SET"},
      {Class::Protection, "PROTECTION"},
      {Class::Challenge, "CHALLENGE"},
      {Class::LspRequiredAttributes, "LSP_REQUIRED_ATTRIBUTES"},
      {Class::SuggestedLabel, "SUGGESTED_LABEL"},
      {Class::AcceptableLabelSet, "ACCEPTABLE_LABEL_SET"},
      {Class::RestartCap, "RESTART_CAP"},
      {Class::LinkCapability, "LINK_CAPABILITY"},
      {Class::Capability, "CAPABILITY"},
      {Class::LspTunnelInterfaceId, "LSP_TUNNEL_INTERFACE_ID"},
      {Class::NotifyRequest, "NOTIFY_REQUEST"},
      {Class::AdminStatus, "ADMIN_STATUS"},
      {Class::LspAttributes, "LSP_ATTRIBUTES"},
      {Class::Association, "ASSOCIATION"},
      {Class::CallAttributes, "CALL_ATTRIBUTES"},
      {Class::SessionAttribute, "SESSION_ATTRIBUTE"},
      {Class::CallOps, "CALL_OPS"},
      {Class::GeneralizedUni, "GENERALIZED_UNI"},
      {Class::CallId, "CALL_ID"},
      {Class::ExcludeRoute, "EXCLUDE_ROUTE"},
  });
  const auto* const row = std::ranges::find(kNames, number, &Row::first);
  return row == kNames.end() ? "Unknown" : row->second;
}

std::string_view to_string(Treatment treatment) {
  switch (treatment) {
    case Treatment::Known:
      return "known";
    case Treatment::RejectClass:
      return "reject-class";
    case Treatment::RejectCType:
      return "reject-c-type";
    case Treatment::Ignore:
      return "ignore";
    case Treatment::Forward:
      return "forward";
  }
  return "unknown";
}

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::Confirmation:
      return "Confirmation";
    case ErrorCode::AdmissionControl:
      return "Admission Control Failure";
    case ErrorCode::Policy:
      return "Policy Control Failure";
    case ErrorCode::NoPathInformation:
      return "No path information";
    case ErrorCode::NoSenderInformation:
      return "No sender information";
    case ErrorCode::ConflictingStyle:
      return "Conflicting reservation style";
    case ErrorCode::UnknownStyle:
      return "Unknown reservation style";
    case ErrorCode::ConflictingDestPorts:
      return "Conflicting dest ports";
    case ErrorCode::ConflictingSenderPorts:
      return "Conflicting sender ports";
    case ErrorCode::Preempted:
      return "Service preempted";
    case ErrorCode::UnknownClass:
      return "Unknown object class";
    case ErrorCode::UnknownCType:
      return "Unknown object C-Type";
    case ErrorCode::TrafficControl:
      return "Traffic Control Error";
    case ErrorCode::TrafficControlSystem:
      return "Traffic Control System Error";
    case ErrorCode::RsvpSystem:
      return "RSVP System Error";
    case ErrorCode::RoutingProblem:
      return "Routing Problem";
    case ErrorCode::Notify:
      return "Notify";
    case ErrorCode::UnknownAttributesTlv:
      return "Unknown Attributes TLV";
    case ErrorCode::UnknownAttributesBit:
      return "Unknown Attributes Bit";
    case ErrorCode::CallManagement:
      return "Call Management";
    case ErrorCode::Handover:
      return "Handover Procedure Failure";
  }
  return "Unknown";
}

std::string_view value_name(ErrorValue error) {
  const auto* const row = std::ranges::find_if(kValueNames, [&](const ValueName& named) {
    return named.code == std::to_underlying(error.code) && named.value == error.value;
  });
  return row == kValueNames.end() ? "" : row->name;
}

}  // namespace forces::rsvp
