// Private class 65795: the addresses of the FE's ports, so that a CE can have them where its
// routing daemons look. Rows come and go, and never change.
#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

constexpr Type kFamily = number(1, 4, 6), kLength = number(1, 0, 128);
constexpr Component kFields[]{
    {.id = 1, .name = "PHYPortID", .type = &kU32},
    {.id = 2, .name = "Family", .type = &kFamily},  // 4, 6
    {.id = 3, .name = "Address", .type = &kIpv6},   // IPv4: the first four octets, the rest 0
    {.id = 4, .name = "Prefixlen", .type = &kLength},
};
constexpr Type kRow = structure(kFields);
constexpr std::uint32_t kAll[]{1, 2, 3, 4};
constexpr Key kKeys[]{{.id = 1, .fields = kAll}};
constexpr Type kTable = array(kRow, 65'536, kKeys);

constexpr Component kComponents[]{
    {.id = 1, .name = "PortAddressTable", .type = &kTable, .access = Access::ReadOnly},
};

constexpr EventPath kWhole[]{{1, kAny}};
constexpr Event kEvents[]{
    {.id = 1,
     .name = "PortAddressCreated",
     .target = {1, kAny},
     .condition = Condition::Created,
     .reports = kWhole},
    {.id = 2,
     .name = "PortAddressDeleted",
     .target = {1, kAny},
     .condition = Condition::Deleted,
     .reports = kWhole},
};

}  // namespace

const LfbClass kPortAddressClass{.id = 65'795,
                                 .name = "PortAddress",
                                 .version = "1.0",
                                 .components = kComponents,
                                 .event_base = 60,
                                 .events = kEvents};

}  // namespace forces::model
