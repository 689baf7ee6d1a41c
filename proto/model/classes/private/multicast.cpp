// Private class 65793: multicast forwarding. Groups and the leaves of each are tables of their own,
// so that a leaf comes and goes without its group being written again. Each family has its own;
// GroupIndex is a subscript of the group table of the same family.
#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

constexpr Component kGroupFields[]{
    {.id = 1, .name = "Group", .type = &kIpv4},
    {.id = 2, .name = "Source", .type = &kIpv4, .defaulted = true},  // 0: of any other source
    {.id = 3, .name = "InPort", .type = &kU32, .defaulted = true},   // 0: on any port
};
constexpr Component kIpv6GroupFields[]{
    {.id = 1, .name = "Group", .type = &kIpv6},
    {.id = 2, .name = "Source", .type = &kIpv6, .defaulted = true},
    {.id = 3, .name = "InPort", .type = &kU32, .defaulted = true},
};
constexpr Type kGroup = structure(kGroupFields);
constexpr std::uint32_t kGroupAndSource[]{1, 2};
constexpr Key kGroupKeys[]{{.id = 1, .fields = kGroupAndSource}};
constexpr Type kGroups = array(kGroup, 65'536, kGroupKeys);
constexpr Type kIpv6Group = structure(kIpv6GroupFields);
constexpr Type kIpv6Groups = array(kIpv6Group, 65'536, kGroupKeys);

constexpr Component kLeafFields[]{
    {.id = 1, .name = "GroupIndex", .type = &kU32},
    {.id = 2, .name = "OutPort", .type = &kU32},
    {.id = 3, .name = "Endpoint", .type = &kIpv4, .defaulted = true},  // 0: the port's link
    {.id = 4, .name = "EndpointPort", .type = &kU16, .defaulted = true},
};
constexpr Type kLeaf = structure(kLeafFields);
constexpr Component kIpv6LeafFields[]{
    {.id = 1, .name = "GroupIndex", .type = &kU32},
    {.id = 2, .name = "OutPort", .type = &kU32},
    {.id = 3, .name = "Endpoint", .type = &kIpv6, .defaulted = true},
    {.id = 4, .name = "EndpointPort", .type = &kU16, .defaulted = true},
};
constexpr Type kIpv6Leaf = structure(kIpv6LeafFields);
constexpr std::uint32_t kAllOfALeaf[]{1, 2, 3, 4};
constexpr Key kLeafKeys[]{{.id = 1, .fields = kAllOfALeaf}};
constexpr Type kLeaves = array(kLeaf, 1'000'000, kLeafKeys);
constexpr Type kIpv6Leaves = array(kIpv6Leaf, 1'000'000, kLeafKeys);

constexpr Component kStatisticsFields[]{
    {.id = 1, .name = "PacketsIn", .type = &kU64},
    {.id = 2, .name = "CopiesOut", .type = &kU64},
    {.id = 3, .name = "NoGroupPackets", .type = &kU64},
};
constexpr Type kStatistics = structure(kStatisticsFields);

constexpr Component kComponents[]{
    {.id = multicast::kGroups, .name = "GroupTable", .type = &kGroups},
    {.id = multicast::kLeaves, .name = "LeafTable", .type = &kLeaves},
    {.id = multicast::kStatistics,
     .name = "MulticastStats",
     .type = &kStatistics,
     .access = Access::ReadReset,
     .live = true},
    {.id = multicast::kIpv6Groups, .name = "IPv6GroupTable", .type = &kIpv6Groups},
    {.id = multicast::kIpv6Leaves, .name = "IPv6LeafTable", .type = &kIpv6Leaves},
};

}  // namespace

const LfbClass kMulticastClass{
    .id = 65'793, .name = "MulticastForwarding", .version = "1.0", .components = kComponents};

}  // namespace forces::model
