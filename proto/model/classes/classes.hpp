// The LFB classes that this project knows, one table each, and what of them is known by name
// elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proto/model/model.hpp"
#include "proto/wire/writer.hpp"

namespace forces::model {

extern const LfbClass kFeObjectClass;      // RFC 5812 section 5
extern const LfbClass kFeProtocolClass;    // RFC 5810 appendix B, RFC 7121, RFC 7391: version 1.2
extern const LfbClass kEtherPhyCopClass;   // RFC 6956 section 5.1.1
extern const LfbClass kIpv4UcastLpmClass;  // section 5.3.1
extern const LfbClass kIpv6UcastLpmClass;  // section 5.3.3
extern const LfbClass kIpv4NextHopClass;   // section 5.3.2
extern const LfbClass kIpv6NextHopClass;   // section 5.3.4
extern const LfbClass kRedirectInClass;    // section 5.4.1
extern const LfbClass kRedirectOutClass;   // section 5.4.2
extern const LfbClass kCrossConnectClass;  // private
extern const LfbClass kMulticastClass;     // private
extern const LfbClass kEcmpHopsClass;      // private
extern const LfbClass kPortAddressClass;   // private
extern const LfbClass kKernelPlaneClass;   // private
extern const LfbClass kOpticalPortClass;   // private

[[nodiscard]] std::array<const LfbClass*, 15> all_classes();

inline constexpr Target kFeObject{1, 1}, kFeProtocol{2, 1};

// Components that somebody needs to know by number.
namespace fe_object {
inline constexpr std::uint32_t kTopology = 1, kSelectors = 2, kName = 3, kFeId = 4, kVendor = 5,
                               kModel = 6, kState = 7, kSupported = 31;
}  // namespace fe_object
namespace fe_protocol {
inline constexpr std::uint32_t kFeId = 2, kMulticastFeIds = 3, kCeHbPolicy = 4, kCeHdi = 5,
                               kFeHbPolicy = 6, kFeHi = 7, kCeId = 8, kBackupCes = 9,
                               kFailoverPolicy = 10, kCeFti = 11, kLastCeId = 13, kHaMode = 14,
                               kAllCes = 15, kEResultAdmin = 16;
}  // namespace fe_protocol
namespace ether_phy_cop {
inline constexpr std::uint32_t kPortId = 1, kAdminStatus = 2, kOperStatus = 3, kAdminLinkSpeed = 4,
                               kOperLinkSpeed = 5, kAdminDuplexMode = 6, kCarrierStatus = 8;
}  // namespace ether_phy_cop
namespace ucast_lpm {
inline constexpr std::uint32_t kPrefixTable = 1, kStatistics = 2;
}  // namespace ucast_lpm
namespace next_hop {
inline constexpr std::uint32_t kTable = 1;
}  // namespace next_hop
namespace ecmp_hops {
inline constexpr std::uint32_t kIpv4Table = 1, kIpv6Table = 2;
}  // namespace ecmp_hops
namespace port_address {
inline constexpr std::uint32_t kTable = 1;
}  // namespace port_address
namespace kernel_plane {
inline constexpr std::uint32_t kState = 1, kWaiting = 2, kPending = 3, kInstalled = 4, kFailed = 5,
                               kStale = 6, kFailedRoutes = 7, kFailedHops = 8, kSettledCount = 9;
}  // namespace kernel_plane
namespace multicast {
inline constexpr std::uint32_t kGroups = 1, kLeaves = 2, kStatistics = 3, kIpv6Groups = 4,
                               kIpv6Leaves = 5, kLocal = 6, kMember = 7, kPeers = 8, kCopies = 9,
                               kIpv6Copies = 10, kServed = 11, kIpv6Served = 12,
                               kEndpointStatistics = 13;
}  // namespace multicast
namespace cross_connect {
inline constexpr std::uint32_t kTable = 1, kStatus = 2, kMost = 30;
inline constexpr std::uint32_t kMostRows = 65'536;
// Bits of AlarmMask.
inline constexpr std::uint32_t kNoStatusEvents = 1;
}  // namespace cross_connect
namespace optical_port {
inline constexpr std::uint32_t kPorts = 1, kLabels = 2, kFailedLabels = 3, kTraceSent = 4,
                               kTraceReceived = 5, kAdaptations = 6;
inline constexpr std::uint32_t kMostTraces = 4'096, kMostTraceOctets = 64;
}  // namespace optical_port

// Rows of the FE Object (RFC 5812 section 5.1), without their subscripts: of LFBSelectors, of
// SupportedLFBs, of LFBTopology.
void write_selector(const Target& lfb, wire::ByteWriter& out);
void write_supported_lfb(const LfbClass& lfb, wire::ByteWriter& out);
struct LfbLink {
  Target from{};
  std::string_view from_group;
  std::uint32_t from_index = 0;
  Target to{};
  std::string_view to_group;
  std::uint32_t to_index = 0;
};
void write_lfb_link(const LfbLink& link, wire::ByteWriter& out);

}  // namespace forces::model
