// Private class 65797: the optical ports of a transport node in one instance. Which labels a port
// has, what has failed, and the trace strings by which the labels of the two ends of a link find
// each other. A wavelength or time slot is a label here, as in class CrossConnect.
#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

constexpr Type kStatus = number(1, 1, 2);  // Up, Down
constexpr Type kTrace = text(optical_port::kMostTraceOctets);

constexpr Component kPortFields[]{
    {.id = 1, .name = "PHYPortID", .type = &kU32},
    {.id = 2, .name = "SwitchingType", .type = &kU8},  // RFC 3471 section 3.1.1: 100 TDM, 150 LSC
    {.id = 3, .name = "Encoding", .type = &kU8},       // there: 5 SDH, 8 lambda
    {.id = 4, .name = "SignalType", .type = &kU8},     // RFC 4606 section 2.1: 6 VC-4; 0: none
    {.id = 5, .name = "OperStatus", .type = &kStatus},
};
constexpr Type kPort = structure(kPortFields);
constexpr Type kPorts = array(kPort, 65'536);  // the subscript is PHYPortID too

constexpr Component kLabelFields[]{
    {.id = 1, .name = "PHYPortID", .type = &kU32},
    {.id = 2, .name = "FirstLabel", .type = &kU32},
    {.id = 3, .name = "LastLabel", .type = &kU32},
    {.id = 4, .name = "Step", .type = &kU32},  // from one label to the next
};
constexpr Type kLabelRange = structure(kLabelFields);
constexpr Type kLabels = array(kLabelRange, 65'536);

constexpr Component kFailedFields[]{
    {.id = 1, .name = "PHYPortID", .type = &kU32},
    {.id = 2, .name = "FirstLabel", .type = &kU32},
    {.id = 3, .name = "LastLabel", .type = &kU32},
};
constexpr Type kFailedRange = structure(kFailedFields);
constexpr std::uint32_t kAll[]{1, 2, 3};
constexpr Key kFailedKeys[]{{.id = 1, .fields = kAll}};
constexpr Type kFailed = array(kFailedRange, 65'536, kFailedKeys);

constexpr Component kTraceFields[]{
    {.id = 1, .name = "PHYPortID", .type = &kU32},
    {.id = 2, .name = "Label", .type = &kU32},
    {.id = 3, .name = "Trace", .type = &kTrace},
};
constexpr Type kTraceRow = structure(kTraceFields);
constexpr std::uint32_t kPortAndLabel[]{1, 2};
constexpr Key kTraceKeys[]{{.id = 1, .fields = kPortAndLabel}};
constexpr Type kTraces = array(kTraceRow, optical_port::kMostTraces, kTraceKeys);

// The slots of the first port are inside the one slot of the second; neither has a line.
constexpr Component kAdaptationFields[]{
    {.id = 1, .name = "ClientPort", .type = &kU32},
    {.id = 2, .name = "ServerPort", .type = &kU32},
};
constexpr Type kAdaptation = structure(kAdaptationFields);
constexpr Type kAdaptations = array(kAdaptation, 65'536);  // the subscript is ClientPort too

constexpr Component kComponents[]{
    {.id = 1, .name = "PortTable", .type = &kPorts, .access = Access::ReadOnly},
    {.id = 2, .name = "LabelTable", .type = &kLabels, .access = Access::ReadOnly},
    {.id = 3, .name = "FailedLabelTable", .type = &kFailed, .access = Access::ReadOnly},
    {.id = 4, .name = "TraceSentTable", .type = &kTraces},
    {.id = 5, .name = "TraceReceivedTable", .type = &kTraces, .access = Access::ReadOnly},
    {.id = 6, .name = "AdaptationTable", .type = &kAdaptations, .access = Access::ReadOnly},
};

constexpr EventPath kPortRow[]{{1, kAny}}, kFailedRow[]{{3, kAny}}, kReceivedRow[]{{5, kAny}};
constexpr Event kEvents[]{
    {.id = 1, .name = "OpticalPortStatusChanged", .target = {1, kAny, 5}, .reports = kPortRow},
    {.id = 2,
     .name = "LabelsFailed",
     .target = {3, kAny},
     .condition = Condition::Created,
     .reports = kFailedRow},
    {.id = 3,
     .name = "LabelsRestored",
     .target = {3, kAny},
     .condition = Condition::Deleted,
     .reports = kFailedRow},
    {.id = 4,
     .name = "TraceReceived",
     .target = {5, kAny},
     .condition = Condition::Created,
     .reports = kReceivedRow},
    {.id = 5, .name = "TraceChanged", .target = {5, kAny, 3}, .reports = kReceivedRow},
    {.id = 6,
     .name = "TraceLost",
     .target = {5, kAny},
     .condition = Condition::Deleted,
     .reports = kReceivedRow},
};

}  // namespace

const LfbClass kOpticalPortClass{.id = 65'797,
                                 .name = "OpticalPort",
                                 .version = "1.0",
                                 .components = kComponents,
                                 .event_base = 60,
                                 .events = kEvents};

}  // namespace forces::model
