// Numbers of the kernel's interface that decoder and encoder share, under names of our own (the
// kernel's headers define macros of these names).
#pragma once

#include <cstdint>

namespace forces::ce::routing::fpm::netlink {

inline constexpr std::uint16_t kDone = 3;               // NLMSG_DONE
inline constexpr std::uint16_t kNewRoute = 24;          // RTM_NEWROUTE
inline constexpr std::uint16_t kDelRoute = 25;          // RTM_DELROUTE
inline constexpr std::uint16_t kNewNextHop = 104;       // RTM_NEWNEXTHOP
inline constexpr std::uint16_t kDelNextHop = 105;       // RTM_DELNEXTHOP
inline constexpr std::uint16_t kRequestCreate = 0x401;  // NLM_F_REQUEST | NLM_F_CREATE
inline constexpr std::uint16_t kReplace = 0x100;        // NLM_F_REPLACE
inline constexpr std::uint8_t kInet = 2;                // AF_INET
inline constexpr std::uint8_t kInet6 = 10;              // AF_INET6
inline constexpr std::uint8_t kProtocolZebra = 11;      // RTPROT_ZEBRA

namespace rta {  // RTA_*
inline constexpr std::uint16_t kDst = 1, kOif = 4, kGateway = 5, kPriority = 6, kMultipath = 9,
                               kTable = 15, kVia = 18, kEncap = 22, kNhId = 30;
}
namespace nha {  // NHA_*
inline constexpr std::uint16_t kId = 1, kGroup = 2, kBlackhole = 4, kOif = 5, kGateway = 6,
                               kEncap = 8;
}

}  // namespace forces::ce::routing::fpm::netlink
