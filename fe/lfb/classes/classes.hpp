// The LFB classes of this FE, one table each, and what of them is known by name elsewhere.
#pragma once

#include <array>
#include <cstdint>

#include "fe/lfb/store/store.hpp"
#include "proto/wire/writer.hpp"

namespace forces::fe::lfb {

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

[[nodiscard]] std::array<const LfbClass*, 11> all_classes();

inline constexpr Target kFeObject{1, 1}, kFeProtocol{2, 1};

// Components that somebody needs to know by number.
namespace fe_object {
inline constexpr std::uint32_t kSelectors = 2, kName = 3, kFeId = 4, kVendor = 5, kModel = 6,
                               kState = 7, kSupported = 31;
}  // namespace fe_object
namespace fe_protocol {
inline constexpr std::uint32_t kFeId = 2, kMulticastFeIds = 3, kCeHbPolicy = 4, kCeHdi = 5,
                               kFeHbPolicy = 6, kFeHi = 7, kCeId = 8, kBackupCes = 9,
                               kFailoverPolicy = 10, kCeFti = 11, kLastCeId = 13, kHaMode = 14,
                               kAllCes = 15, kEResultAdmin = 16;
}  // namespace fe_protocol

// LFBSelectors and SupportedLFBs, which are what the store holds. False for other components.
[[nodiscard]] bool write_fe_object(const Store& store, const Component& component,
                                   wire::ByteWriter& out);

}  // namespace forces::fe::lfb
