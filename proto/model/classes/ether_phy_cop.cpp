#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

constexpr Type kStatus = number(1, 0, 2);  // Disabled, Up, Down
constexpr Type kSpeed = number(4, 0, 10);  // 10: LAN_SPEED_AUTO
constexpr Type kDuplex = number(4, 1, 3);  // Auto, half, full

constexpr Component kComponents[]{
    {.id = 1, .name = "PHYPortID", .type = &kU32, .access = Access::ReadOnly},
    {.id = 2, .name = "AdminStatus", .type = &kStatus, .value = 2},
    {.id = 3, .name = "OperStatus", .type = &kStatus, .access = Access::ReadOnly, .value = 2},
    {.id = 4, .name = "AdminLinkSpeed", .type = &kSpeed, .value = 10},
    {.id = 5, .name = "OperLinkSpeed", .type = &kSpeed, .access = Access::ReadOnly},
    {.id = 6, .name = "AdminDuplexMode", .type = &kDuplex, .value = 1},
    {.id = 7, .name = "OperDuplexMode", .type = &kDuplex, .access = Access::ReadOnly, .value = 1},
    {.id = 8, .name = "CarrierStatus", .type = &kBoolean, .access = Access::ReadOnly},
    {.id = 30,
     .name = "SupportedLinkSpeed",
     .type = &kSpeed,
     .access = Access::ReadOnly,
     .value = 10},
    {.id = 31,
     .name = "SupportedDuplexMode",
     .type = &kDuplex,
     .access = Access::ReadOnly,
     .value = 1},
};

constexpr EventPath kOperStatus[]{{3}}, kOperSpeed[]{{5}}, kOperDuplex[]{{7}};
constexpr Event kEvents[]{
    {.id = 1, .name = "PHYPortStatusChanged", .target = {3}, .reports = kOperStatus},
    {.id = 2, .name = "LinkSpeedChanged", .target = {5}, .reports = kOperSpeed},
    {.id = 3, .name = "DuplexModeChanged", .target = {7}, .reports = kOperDuplex},
};

}  // namespace

const LfbClass kEtherPhyCopClass{.id = 3,
                                 .name = "EtherPHYCop",
                                 .version = "1.0",
                                 .components = kComponents,
                                 .event_base = 60,
                                 .events = kEvents};

}  // namespace forces::model
