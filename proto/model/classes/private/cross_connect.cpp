// Private class 65792: the cross-connects of a transport node. A row is reserved, then active; its
// owner (call, session, LSP) can be read back after every failure of the control plane, for the
// table outlives associations and the process of the FE.
//
// Both ends of a row are a port (PHYPortID) and one of its labels. As an input a label is in one
// row at most, as an output too: a bidirectional connection has two rows.
#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

constexpr Type kOwner = fixed(24);
constexpr Type kState = number(1, 0, 1);  // Reserved, Active
// Of the ports and labels of the row, be it reserved or active: Unknown, Working, Failed.
constexpr Type kStatus = number(1, 0, 2);

constexpr Component kRowFields[]{
    {.id = 1, .name = "InPort", .type = &kU32},
    {.id = 2, .name = "InLabel", .type = &kU32},
    {.id = 3, .name = "OutPort", .type = &kU32},
    {.id = 4, .name = "OutLabel", .type = &kU32},
    {.id = 5, .name = "State", .type = &kState, .defaulted = true},
    {.id = 6, .name = "AlarmMask", .type = &kU32, .defaulted = true},  // bit 0: no status events
    {.id = 7, .name = "Owner", .type = &kOwner},
};
constexpr Type kRow = structure(kRowFields);
constexpr std::uint32_t kIn[]{1, 2}, kOut[]{3, 4};
constexpr Key kKeys[]{{.id = 1, .fields = kIn}, {.id = 2, .fields = kOut}};
constexpr Type kTable = array(kRow, cross_connect::kMostRows, kKeys);
constexpr Type kStatuses = array(kStatus, cross_connect::kMostRows);

constexpr Component kComponents[]{
    {.id = 1, .name = "CrossConnectTable", .type = &kTable, .kept = true},
    // The subscripts are those of CrossConnectTable.
    {.id = 2, .name = "CrossConnectStatus", .type = &kStatuses, .access = Access::ReadOnly},
    {.id = 30,
     .name = "MaxCrossConnects",
     .type = &kU32,
     .access = Access::ReadOnly,
     .value = cross_connect::kMostRows},
};

constexpr EventPath kStatusAndOwner[]{{2, kAny}, {1, kAny, 7}};
constexpr Event kEvents[]{{.id = 1,
                           .name = "CrossConnectStatusChanged",
                           .target = {2, kAny},
                           .reports = kStatusAndOwner}};

}  // namespace

const LfbClass kCrossConnectClass{.id = 65'792,
                                  .name = "CrossConnect",
                                  .version = "1.0",
                                  .components = kComponents,
                                  .event_base = 60,
                                  .events = kEvents};

}  // namespace forces::model
