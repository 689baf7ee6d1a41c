// Private class 65796: how far the rows that CEs have set are in the kernel. A CE that wants to
// know when all is done subscribes to PlaneSettled, which reports the counts.
#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

constexpr Type kState = number(1, 0, 2);  // Off, Running, Failed
constexpr Type kFamily = number(1, 4, 6), kLength = number(1, 0, 128);

constexpr Component kRouteFields[]{
    {.id = 1, .name = "Family", .type = &kFamily},  // 4, 6
    {.id = 2, .name = "Address", .type = &kIpv6},   // IPv4: the first four octets, the rest 0
    {.id = 3, .name = "Prefixlen", .type = &kLength},
    {.id = 4, .name = "Error", .type = &kU32},  // errno of Linux
};
constexpr Type kRoute = structure(kRouteFields);
constexpr std::uint32_t kFirstThree[]{1, 2, 3};
constexpr Key kKeys[]{{.id = 1, .fields = kFirstThree}};
constexpr Type kRoutes = array(kRoute, 1'000, kKeys);

constexpr Component kHopFields[]{
    {.id = 1, .name = "Family", .type = &kFamily},
    {.id = 2, .name = "ECMPFlag", .type = &kBoolean},  // a row of EcmpHops, not of NextHop
    {.id = 3, .name = "HopSelector", .type = &kU32},
    {.id = 4, .name = "Error", .type = &kU32},
};
constexpr Type kHop = structure(kHopFields);
constexpr Type kHops = array(kHop, 1'000, kKeys);

constexpr Component count(std::uint32_t id, std::string_view name) {
  return {.id = id, .name = name, .type = &kU32, .access = Access::ReadOnly, .live = true};
}
constexpr Component kComponents[]{
    {.id = 1, .name = "PlaneState", .type = &kState, .access = Access::ReadOnly},
    count(2, "RoutesWaiting"),  // a next hop or its link is not there
    count(3, "RoutesPending"),
    count(4, "RoutesInstalled"),
    count(5, "RoutesFailed"),
    count(6, "RoutesStale"),  // of an earlier life of the FE, not set again yet
    {.id = 7, .name = "FailedRoutes", .type = &kRoutes, .access = Access::ReadOnly},
    {.id = 8, .name = "FailedHops", .type = &kHops, .access = Access::ReadOnly},
    // How often the plane had nothing left to do; RoutesPending is 0 then.
    {.id = 9, .name = "SettledCount", .type = &kU32, .access = Access::ReadOnly},
};

constexpr EventPath kStateOnly[]{{1}}, kRouteRow[]{{7, kAny}}, kHopRow[]{{8, kAny}};
constexpr EventPath kCounts[]{{9}, {2}, {3}, {4}, {5}, {6}};
constexpr Event kEvents[]{
    {.id = 1, .name = "PlaneStateChanged", .target = {1}, .reports = kStateOnly},
    {.id = 2,
     .name = "RouteFailed",
     .target = {7, kAny},
     .condition = Condition::Created,
     .reports = kRouteRow},
    {.id = 3,
     .name = "RouteRecovered",
     .target = {7, kAny},
     .condition = Condition::Deleted,
     .reports = kRouteRow},
    {.id = 4,
     .name = "HopFailed",
     .target = {8, kAny},
     .condition = Condition::Created,
     .reports = kHopRow},
    {.id = 5,
     .name = "HopRecovered",
     .target = {8, kAny},
     .condition = Condition::Deleted,
     .reports = kHopRow},
    {.id = 6, .name = "PlaneSettled", .target = {9}, .reports = kCounts},
};

}  // namespace

const LfbClass kKernelPlaneClass{.id = 65'796,
                                 .name = "KernelPlane",
                                 .version = "1.0",
                                 .components = kComponents,
                                 .event_base = 60,
                                 .events = kEvents};

}  // namespace forces::model
