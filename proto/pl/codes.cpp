#include "proto/pl/codes.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace forces::pl {
namespace {

constexpr std::string_view kUnknown = "Unknown";

template <class Key>
using Row = std::pair<Key, std::string_view>;

template <class Key, std::size_t N>
std::string_view find_name(const std::array<Row<Key>, N>& rows, Key key) {
  const auto row = std::ranges::find(rows, key, &Row<Key>::first);
  return row == rows.end() ? kUnknown : row->second;
}

constexpr std::array kMessages{
    Row<MsgType>{MsgType::AssociationSetup, "AssociationSetup"},
    Row<MsgType>{MsgType::AssociationTeardown, "AssociationTeardown"},
    Row<MsgType>{MsgType::Config, "Config"},
    Row<MsgType>{MsgType::Query, "Query"},
    Row<MsgType>{MsgType::EventNotification, "EventNotification"},
    Row<MsgType>{MsgType::PacketRedirect, "PacketRedirect"},
    Row<MsgType>{MsgType::Heartbeat, "Heartbeat"},
    Row<MsgType>{MsgType::AssociationSetupResponse, "AssociationSetupResponse"},
    Row<MsgType>{MsgType::ConfigResponse, "ConfigResponse"},
    Row<MsgType>{MsgType::QueryResponse, "QueryResponse"},
    Row<MsgType>{MsgType::MarsVc, "MarsVc"},
};

constexpr std::array<std::string_view, 15> kOperations{kUnknown,
                                                       "SET",
                                                       "SET-PROP",
                                                       "SET-RESPONSE",
                                                       "SET-PROP-RESPONSE",
                                                       "DEL",
                                                       "DEL-RESPONSE",
                                                       "GET",
                                                       "GET-PROP",
                                                       "GET-RESPONSE",
                                                       "GET-PROP-RESPONSE",
                                                       "REPORT",
                                                       "COMMIT",
                                                       "COMMIT-RESPONSE",
                                                       "TRCOMP"};

constexpr std::array<std::string_view, 33> kResults{"E_SUCCESS",
                                                    "E_INVALID_HEADER",
                                                    "E_LENGTH_MISMATCH",
                                                    "E_VERSION_MISMATCH",
                                                    "E_INVALID_DESTINATION_PID",
                                                    "E_LFB_UNKNOWN",
                                                    "E_LFB_NOT_FOUND",
                                                    "E_LFB_INSTANCE_ID_NOT_FOUND",
                                                    "E_INVALID_PATH",
                                                    "E_COMPONENT_DOES_NOT_EXIST",
                                                    "E_EXISTS",
                                                    "E_NOT_FOUND",
                                                    "E_READ_ONLY",
                                                    "E_INVALID_ARRAY_CREATION",
                                                    "E_VALUE_OUT_OF_RANGE",
                                                    "E_CONTENTS_TOO_LONG",
                                                    "E_INVALID_PARAMETERS",
                                                    "E_INVALID_MESSAGE_TYPE",
                                                    "E_INVALID_FLAGS",
                                                    "E_INVALID_TLV",
                                                    "E_EVENT_ERROR",
                                                    "E_NOT_SUPPORTED",
                                                    "E_MEMORY_ERROR",
                                                    "E_INTERNAL_ERROR",
                                                    "E_TIMED_OUT",
                                                    "E_INVALID_TFLAGS",
                                                    "E_INVALID_OP",
                                                    "E_CONGEST_NT",
                                                    "E_COMPONENT_NOT_A_TABLE",
                                                    "E_PERM",
                                                    "E_BUSY",
                                                    "E_EMPTY",
                                                    "E_UNKNOWN"};

constexpr std::array<std::string_view, 16> kMetadata{
    kUnknown,          "PHYPortID",       "SrcMAC",        "DstMAC",
    "LogicalPortID",   "EtherType",       "VlanID",        "VlanPriority",
    "NextHopIPv4Addr", "NextHopIPv6Addr", "HopSelector",   "ExceptionID",
    "ValidateErrorID", "L3PortID",        "RedirectIndex", "MediaEncapInfoIndex"};

// RFC 5812 section 5, RFC 5810 appendix B, RFC 6956 section 8.1.
constexpr std::array<std::string_view, 18> kClasses{kUnknown,
                                                    "FEObject",
                                                    "FEProtocol",
                                                    "EtherPHYCop",
                                                    "EtherMACIn",
                                                    "EtherClassifier",
                                                    "EtherEncap",
                                                    "EtherMACOut",
                                                    "IPv4Validator",
                                                    "IPv6Validator",
                                                    "IPv4UcastLPM",
                                                    "IPv6UcastLPM",
                                                    "IPv4NextHop",
                                                    "IPv6NextHop",
                                                    "RedirectIn",
                                                    "RedirectOut",
                                                    "BasicMetadataDispatch",
                                                    "GenericScheduler"};

template <std::size_t N>
std::string_view at(const std::array<std::string_view, N>& names, std::size_t index) {
  return index < N ? names[index] : kUnknown;
}

}  // namespace

std::string_view to_string(MsgType type) { return find_name(kMessages, type); }

bool is_known(MsgType type) {
  return std::ranges::find(kMessages, type, &Row<MsgType>::first) != kMessages.end();
}

std::string_view to_string(OperType type) { return at(kOperations, std::to_underlying(type)); }

std::string_view to_string(ResultCode code) {
  if (code == ResultCode::UnspecifiedError) return "E_UNSPECIFIED_ERROR";
  return at(kResults, std::to_underlying(code));
}

std::string_view to_string(AssociationResult result) {
  constexpr std::array<std::string_view, 3> kNames{"Success", "FEIDInvalid", "PermissionDenied"};
  return at(kNames, std::to_underlying(result));
}

std::string_view to_string(TeardownReason reason) {
  constexpr std::array<std::string_view, 5> kNames{"Normal", "LossOfHeartbeats", "OutOfBandwidth",
                                                   "OutOfMemory", "ApplicationCrash"};
  if (reason == TeardownReason::Other) return "Other";
  return at(kNames, std::to_underlying(reason));
}

std::string_view to_string(MetadataId id) { return at(kMetadata, std::to_underlying(id)); }

std::string_view lfb_class_name(LfbClassId id) { return at(kClasses, id.value); }

}  // namespace forces::pl
