// Private class 65793: multicast forwarding. Groups and the leaves of each are tables of their own,
// so that a leaf comes and goes without its group being written again. Each family has its own;
// GroupIndex is a subscript of the group table of the same family. What goes to other elements has
// tables of its own, by groups and ranges of groups as MARS has them, never by source.
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
};
constexpr Type kLeaf = structure(kLeafFields);
constexpr std::uint32_t kAllOfALeaf[]{1, 2};
constexpr Key kLeafKeys[]{{.id = 1, .fields = kAllOfALeaf}};
constexpr Type kLeaves = array(kLeaf, 1'000'000, kLeafKeys);

// Endpoints: where elements take copies of packets by UDP. Of a cluster member, and, on another
// port, of an MCS (RFC 2022 section 6.2: no address is in both maps of a group).
constexpr Component kLocalFields[]{
    {.id = 1, .name = "Endpoint", .type = &kIpv4},
    {.id = 2, .name = "EndpointPort", .type = &kU16},
    {.id = 3, .name = "ServerPort", .type = &kU16},
};
constexpr Type kLocal = structure(kLocalFields);
constexpr Component kMemberFields[]{
    {.id = 1, .name = "CMI", .type = &kU16},
    {.id = 2, .name = "IPv6CMI", .type = &kU16},
};
constexpr Type kMember = structure(kMemberFields);
constexpr Component kPeerFields[]{
    {.id = 1, .name = "Endpoint", .type = &kIpv4},
    {.id = 2, .name = "EndpointPort", .type = &kU16},
};
constexpr Type kPeer = structure(kPeerFields);
constexpr std::uint32_t kAllOfAPeer[]{1, 2};
constexpr Key kPeerKeys[]{{.id = 1, .fields = kAllOfAPeer}};
constexpr Type kPeers = array(kPeer, 16'384, kPeerKeys);

constexpr Component kCopyFields[]{
    {.id = 1, .name = "FirstGroup", .type = &kIpv4},
    {.id = 2, .name = "LastGroup", .type = &kIpv4},
    {.id = 3, .name = "Endpoint", .type = &kIpv4},
    {.id = 4, .name = "EndpointPort", .type = &kU16},
};
constexpr Component kIpv6CopyFields[]{
    {.id = 1, .name = "FirstGroup", .type = &kIpv6},
    {.id = 2, .name = "LastGroup", .type = &kIpv6},
    {.id = 3, .name = "Endpoint", .type = &kIpv4},
    {.id = 4, .name = "EndpointPort", .type = &kU16},
};
constexpr std::uint32_t kAllOfACopy[]{1, 2, 3, 4};
constexpr Key kCopyKeys[]{{.id = 1, .fields = kAllOfACopy}};
constexpr Type kCopy = structure(kCopyFields), kIpv6Copy = structure(kIpv6CopyFields);
constexpr Type kCopies = array(kCopy, 1'000'000, kCopyKeys);
constexpr Type kIpv6Copies = array(kIpv6Copy, 1'000'000, kCopyKeys);

constexpr Component kEndpointStatisticsFields[]{
    {.id = 1, .name = "CopiesSent", .type = &kU64},
    {.id = 2, .name = "FramesReceived", .type = &kU64},
    {.id = 3, .name = "FramesDropped", .type = &kU64},
    {.id = 4, .name = "PacketsDropped", .type = &kU64},
};
constexpr Type kEndpointStatistics = structure(kEndpointStatisticsFields);

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
    {.id = multicast::kIpv6Leaves, .name = "IPv6LeafTable", .type = &kLeaves},
    {.id = multicast::kLocal, .name = "LocalEndpoint", .type = &kLocal, .access = Access::ReadOnly},
    {.id = multicast::kMember, .name = "ClusterMember", .type = &kMember},
    {.id = multicast::kPeers, .name = "PeerTable", .type = &kPeers},
    {.id = multicast::kCopies, .name = "CopyTable", .type = &kCopies},
    {.id = multicast::kIpv6Copies, .name = "IPv6CopyTable", .type = &kIpv6Copies},
    {.id = multicast::kServed, .name = "ServedTable", .type = &kCopies},
    {.id = multicast::kIpv6Served, .name = "IPv6ServedTable", .type = &kIpv6Copies},
    {.id = multicast::kEndpointStatistics,
     .name = "EndpointStats",
     .type = &kEndpointStatistics,
     .access = Access::ReadReset,
     .live = true},
};

}  // namespace

const LfbClass kMulticastClass{
    .id = 65'793, .name = "MulticastForwarding", .version = "1.1", .components = kComponents};

}  // namespace forces::model
