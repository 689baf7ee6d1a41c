// The numbers of RSVP and their names: message types, classes, errors (IANA "RSVP Parameters").
#pragma once

#include <cstdint>
#include <string_view>

namespace forces::rsvp {

// Any octet may stand here: the caller decides what to do with one that has no name.
enum class MessageType : std::uint8_t {
  Path = 1,
  Resv = 2,
  PathErr = 3,
  ResvErr = 4,
  PathTear = 5,
  ResvTear = 6,
  ResvConf = 7,
  Bundle = 12,
  Ack = 13,
  Srefresh = 15,
  Hello = 20,
  Notify = 21,
  IntegrityChallenge = 25,  // RFC 2747 says 11 and 12; RFC 3097 moved them
  IntegrityResponse = 26,
  RecoveryPath = 30,
};
[[nodiscard]] std::string_view to_string(MessageType type);  // "Path"; "Unknown"

enum class Class : std::uint8_t {
  Null = 0,
  Session = 1,
  Hop = 3,
  Integrity = 4,
  TimeValues = 5,
  ErrorSpec = 6,
  Scope = 7,
  Style = 8,
  Flowspec = 9,
  FilterSpec = 10,
  SenderTemplate = 11,
  SenderTspec = 12,
  Adspec = 13,
  PolicyData = 14,
  ResvConfirm = 15,
  Label = 16,
  LabelRequest = 19,
  ExplicitRoute = 20,
  RecordRoute = 21,
  Hello = 22,
  MessageId = 23,
  MessageIdAck = 24,
  MessageIdList = 25,
  RecoveryLabel = 34,
  UpstreamLabel = 35,
  LabelSet = 36,
  Protection = 37,
  Challenge = 64,
  LspRequiredAttributes = 67,
  SuggestedLabel = 129,
  AcceptableLabelSet = 130,
  RestartCap = 131,
  LinkCapability = 133,
  Capability = 134,
  LspTunnelInterfaceId = 193,
  NotifyRequest = 195,
  AdminStatus = 196,
  LspAttributes = 197,
  Association = 199,
  CallAttributes = 202,
  SessionAttribute = 207,
  CallOps = 228,
  GeneralizedUni = 229,
  CallId = 230,
  ExcludeRoute = 232,
};
[[nodiscard]] std::string_view to_string(Class number);  // "RSVP_HOP"; "Unknown"

// RFC 2205 section 3.10: what to do with an object that this code does not know.
enum class Treatment : std::uint8_t {
  Known,
  RejectClass,  // 0bbbbbbb: refuse the message, error 13
  RejectCType,  // a known class with another C-Type: refuse the message, error 14
  Ignore,       // 10bbbbbb, and the NULL class
  Forward,      // 11bbbbbb: keep it as it is, in every message that results from this one
};
[[nodiscard]] std::string_view to_string(Treatment treatment);

// RFC 2205 appendix B and later ones.
enum class ErrorCode : std::uint8_t {
  Confirmation = 0,  // in a ResvConf; in a call's Notify: no error (RFC 4974)
  AdmissionControl = 1,
  Policy = 2,
  NoPathInformation = 3,
  NoSenderInformation = 4,
  ConflictingStyle = 5,
  UnknownStyle = 6,
  ConflictingDestPorts = 7,
  ConflictingSenderPorts = 8,
  Preempted = 12,
  UnknownClass = 13,
  UnknownCType = 14,
  TrafficControl = 21,
  TrafficControlSystem = 22,
  RsvpSystem = 23,
  RoutingProblem = 24,
  Notify = 25,
  UnknownAttributesTlv = 29,
  UnknownAttributesBit = 30,
  CallManagement = 32,
  Handover = 35,
};

struct ErrorValue {
  ErrorCode code{};
  std::uint16_t value = 0;
  friend bool operator==(const ErrorValue&, const ErrorValue&) = default;
};
[[nodiscard]] std::string_view to_string(ErrorCode code);  // "Routing Problem"; "Unknown"
// "Re-routing limit exceeded"; empty where the value has no name.
[[nodiscard]] std::string_view value_name(ErrorValue error);

// The value of errors 13 and 14: the object that was not known.
[[nodiscard]] constexpr std::uint16_t class_and_c_type(std::uint8_t number, std::uint8_t c_type) {
  return static_cast<std::uint16_t>(number << 8 | c_type);
}

// Values of single codes; the RFC stands behind them.
namespace admission {
inline constexpr std::uint16_t kDelayBound = 1, kBandwidth = 2, kMtu = 3;  // 2205
}
namespace policy {
inline constexpr std::uint16_t kGeneric = 3, kQuotaExceeded = 4, kBadSyntax = 11,
                               kBadIntegrity = 12, kMissingElement = 14,
                               kTypeRejected = 17,           // 2750
    kUnauthorizedSender = 100, kUnauthorizedReceiver = 101,  // 3476
    kInterDomainPolicy = 103, kExplicitRouteRefused = 104;   // 5151
}
namespace traffic {
inline constexpr std::uint16_t kConflict = 1, kUnsupportedService = 2, kBadFlowspec = 3,
                               kBadTspec = 4;  // 2205
}
namespace routing {
inline constexpr std::uint16_t kBadExplicitRoute = 1, kBadStrictNode = 2, kBadLooseNode = 3,
                               kBadInitialSubobject = 4, kNoRouteToDestination = 5,
                               kUnacceptableLabel = 6, kRouteLoop = 7, kLabelAllocation = 9,
                               kUnsupportedPid = 10,  // 3209
    kLabelSet = 11, kSwitchingType = 12, kEncoding = 14, kLinkProtection = 15,
                               kUnknownInterface = 16,                                 // 3473
    kLspProtection = 17, kProtectionNotApplicable = 18, kRerouteLimit = 22,            // 4872, 4920
    kContiguousUnsupported = 28, kSignalingMethod = 29, kStitchingUnsupported = 30,    // 5151, 5150
    kUnsupportedExclusion = 64, kInconsistentSubobject = 65, kLocalNodeExcluded = 66,  // 4874
    kRouteExcluded = 67, kExclusionTooComplex = 68,                                    //
    kDiversity = 100, kServiceLevel = 101, kNoRouteToSource = 103, kInterfaceId = 104,  // 3476
    kInvalidCallId = 105, kInvalidSpcInterface = 106;                                   // 3474
}
namespace notify {
inline constexpr std::uint16_t kControlChannelActive = 4, kControlChannelDegraded = 5,  // 3473
    kLspFailure = 9, kLspRecovered = 10, kLspLocallyFailed = 11;                        // 4872
}
namespace call {
inline constexpr std::uint16_t kIdContention = 1, kConnectionsExist = 2, kUnknownCallId = 3,
                               kDuplicate = 4;  // 4974
}

}  // namespace forces::rsvp
