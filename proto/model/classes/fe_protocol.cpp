#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

using namespace std::string_view_literals;

constexpr Type kIds = array(kU32, 4096), kOctets = array(kU8, 256);
constexpr Type kZeroOrOne = number(1, 0, 1), kOnlyZero = number(1, 0, 0);
constexpr Type kHaModes = number(1, 0, 2), kResultKinds = number(1, 1, 2);
constexpr Type kResultCapabilities = array(kResultKinds, 2);
// Shorter timers would only burn both ends' time.
constexpr Type kInterval = number(4, 10);

constexpr Component kStatisticsFields[]{
    {.id = 1, .name = "RecvPackets", .type = &kU64},
    {.id = 2, .name = "RecvErrPackets", .type = &kU64},
    {.id = 3, .name = "RecvBytes", .type = &kU64},
    {.id = 4, .name = "RecvErrBytes", .type = &kU64},
    {.id = 5, .name = "TxmitPackets", .type = &kU64},
    {.id = 6, .name = "TxmitErrPackets", .type = &kU64},
    {.id = 7, .name = "TxmitBytes", .type = &kU64},
    {.id = 8, .name = "TxmitErrBytes", .type = &kU64},
};
constexpr Type kStatistics = structure(kStatisticsFields);
constexpr Component kAllCeFields[]{
    {.id = 1, .name = "CEID", .type = &kU32},
    {.id = 2, .name = "Statistics", .type = &kStatistics},
    {.id = 3, .name = "CEStatus", .type = &kU8},
};
constexpr Type kAllCe = structure(kAllCeFields);
constexpr std::uint32_t kCeIdField[]{1};
constexpr Key kCeKeys[]{{.id = 1, .fields = kCeIdField}};
constexpr Type kAllCes = array(kAllCe, 64, kCeKeys);

// The CEs come from the FE's own configuration, so BackupCEs and LastCEID are read-only here.
constexpr Component kComponents[]{
    {.id = 1,
     .name = "CurrentRunningVersion",
     .type = &kU8,
     .access = Access::ReadOnly,
     .value = 1},
    {.id = 2, .name = "FEID", .type = &kU32, .access = Access::ReadOnly},
    {.id = 3, .name = "MulticastFEIDs", .type = &kIds},
    {.id = 4, .name = "CEHBPolicy", .type = &kZeroOrOne},
    {.id = 5, .name = "CEHDI", .type = &kInterval, .value = 30'000},
    {.id = 6, .name = "FEHBPolicy", .type = &kZeroOrOne},
    {.id = 7, .name = "FEHI", .type = &kInterval, .value = 500},
    {.id = 8, .name = "CEID", .type = &kU32},
    {.id = 9, .name = "BackupCEs", .type = &kIds, .access = Access::ReadOnly, .live = true},
    {.id = 10, .name = "CEFailoverPolicy", .type = &kZeroOrOne},
    {.id = 11, .name = "CEFTI", .type = &kInterval, .value = 300'000},
    {.id = 12, .name = "FERestartPolicy", .type = &kOnlyZero},
    {.id = 13, .name = "LastCEID", .type = &kU32, .access = Access::ReadOnly},
    {.id = 14, .name = "HAMode", .type = &kHaModes},
    {.id = 15, .name = "AllCEs", .type = &kAllCes, .access = Access::ReadOnly, .live = true},
    {.id = 16, .name = "EResultAdmin", .type = &kResultKinds, .value = 1},
    {.id = 30,
     .name = "SupportableVersions",
     .type = &kOctets,
     .access = Access::ReadOnly,
     .text = "\0\0\0\0\1"sv},
    {.id = 31,
     .name = "HACapabilities",
     .type = &kOctets,
     .access = Access::ReadOnly,
     .text = "\0\0\0\0\1"sv},  // high availability; no graceful restart
    {.id = 32,
     .name = "EResultCapab",
     .type = &kResultCapabilities,
     .access = Access::ReadOnly,
     .text = "\0\0\0\0\1\0\0\0\1\2"sv},
};

constexpr EventPath kLastCe[]{{13}}, kCe[]{{8}};
constexpr Event kEvents[]{
    {.id = 1, .name = "PrimaryCEDown", .target = {13}, .reports = kLastCe},
    {.id = 2, .name = "PrimaryCEChanged", .target = {8}, .reports = kCe},
};

}  // namespace

const LfbClass kFeProtocolClass{.id = 2,
                                .name = "FEPO",
                                .version = "1.2",
                                .components = kComponents,
                                .event_base = 61,
                                .events = kEvents};

}  // namespace forces::model
