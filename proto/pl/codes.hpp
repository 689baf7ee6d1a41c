// The numbers of RFC 5810 appendix A and RFC 7391 section 5, with their names. All may hold unnamed
// values when they come from the wire; to_string() of those is "Unknown".
#pragma once

#include <cstdint>
#include <string_view>

#include "proto/pl/ids.hpp"

namespace forces::pl {

// NOLINTBEGIN(performance-enum-size): as wide as their fields on the wire

enum class MsgType : std::uint8_t {  // appendix A.1
  AssociationSetup = 0x01,
  AssociationTeardown = 0x02,
  Config = 0x03,
  Query = 0x04,
  EventNotification = 0x05,
  PacketRedirect = 0x06,
  Heartbeat = 0x0f,
  AssociationSetupResponse = 0x11,
  ConfigResponse = 0x13,
  QueryResponse = 0x14,
  MarsVc = 0x80,  // private: vc.hpp
};
[[nodiscard]] std::string_view to_string(MsgType type);
[[nodiscard]] bool is_known(MsgType type);

enum class TlvType : std::uint16_t {  // appendix A.4, RFC 7391 section 5
  Redirect = 0x0001,
  AsResult = 0x0010,
  AsTreason = 0x0011,
  PathData = 0x0110,
  KeyInfo = 0x0111,
  FullData = 0x0112,
  SparseData = 0x0113,
  Result = 0x0114,
  Metadata = 0x0115,
  RedirectData = 0x0116,
  TableRange = 0x0117,
  ExtendedResult = 0x0118,
  LfbSelect = 0x1000,
};

enum class OperType : std::uint16_t {  // section 6.2.2: a name space of its own
  Set = 0x0001,
  SetProp = 0x0002,
  SetResponse = 0x0003,
  SetPropResponse = 0x0004,
  Del = 0x0005,
  DelResponse = 0x0006,
  Get = 0x0007,
  GetProp = 0x0008,
  GetResponse = 0x0009,
  GetPropResponse = 0x000a,
  Report = 0x000b,
  Commit = 0x000c,
  CommitResponse = 0x000d,
  TrComp = 0x000e,
};
[[nodiscard]] std::string_view to_string(OperType type);  // "SET", "GET-RESPONSE"
[[nodiscard]] constexpr bool is_known(OperType type) {
  return type >= OperType::Set && type <= OperType::TrComp;
}

enum class ResultCode : std::uint32_t {  // appendix A.5; from TimedOut on RFC 7391 section 3.2.2
  Success = 0x00,
  InvalidHeader = 0x01,
  LengthMismatch = 0x02,
  VersionMismatch = 0x03,
  InvalidDestinationPid = 0x04,
  LfbUnknown = 0x05,
  LfbNotFound = 0x06,
  LfbInstanceIdNotFound = 0x07,
  InvalidPath = 0x08,
  ComponentDoesNotExist = 0x09,
  Exists = 0x0a,
  NotFound = 0x0b,
  ReadOnly = 0x0c,
  InvalidArrayCreation = 0x0d,
  ValueOutOfRange = 0x0e,
  ContentsTooLong = 0x0f,  // table 4 of RFC 5810 misprints 0x0d
  InvalidParameters = 0x10,
  InvalidMessageType = 0x11,
  InvalidFlags = 0x12,
  InvalidTlv = 0x13,
  EventError = 0x14,
  NotSupported = 0x15,
  MemoryError = 0x16,
  InternalError = 0x17,
  TimedOut = 0x18,
  InvalidTflags = 0x19,
  InvalidOp = 0x1a,
  CongestNt = 0x1b,
  ComponentNotATable = 0x1c,
  Perm = 0x1d,
  Busy = 0x1e,
  Empty = 0x1f,
  UnknownError = 0x20,
  UnspecifiedError = 0xff,
};
[[nodiscard]] std::string_view to_string(ResultCode code);  // "E_SUCCESS"

enum class AssociationResult : std::uint32_t {  // appendix A.6
  Success = 0,
  FeIdInvalid = 1,
  PermissionDenied = 2,
};
[[nodiscard]] std::string_view to_string(AssociationResult result);

enum class TeardownReason : std::uint32_t {  // appendix A.7
  Normal = 0,
  LossOfHeartbeats = 1,
  OutOfBandwidth = 2,
  OutOfMemory = 3,
  ApplicationCrash = 4,
  Other = 255,
};
[[nodiscard]] std::string_view to_string(TeardownReason reason);

// RFC 6956 section 8.3: what travels beside a redirected packet.
enum class MetadataId : std::uint32_t {
  PhyPortId = 0x01,
  SrcMac = 0x02,
  DstMac = 0x03,
  LogicalPortId = 0x04,
  EtherType = 0x05,
  VlanId = 0x06,
  VlanPriority = 0x07,
  NextHopIpv4Addr = 0x08,
  NextHopIpv6Addr = 0x09,
  HopSelector = 0x0a,
  ExceptionId = 0x0b,
  ValidateErrorId = 0x0c,
  L3PortId = 0x0d,
  RedirectIndex = 0x0e,
  MediaEncapInfoIndex = 0x0f,
};
[[nodiscard]] std::string_view to_string(MetadataId id);

// NOLINTEND(performance-enum-size)

inline constexpr LfbClassId kFeObject{1};          // RFC 5812 section 5
inline constexpr LfbClassId kFeProtocolObject{2};  // RFC 5810 appendix B
[[nodiscard]] std::string_view lfb_class_name(LfbClassId id);

}  // namespace forces::pl
