#include "proto/model/classes/classes.hpp"
#include "proto/model/packing.hpp"

namespace forces::model {
namespace {

constexpr Type kName40 = text(40), kName = text(64);

constexpr Component kSelectorFields[]{
    {.id = 1, .name = "LFBClassID", .type = &kU32},
    {.id = 2, .name = "LFBInstanceID", .type = &kU32},
};
constexpr Type kSelector = structure(kSelectorFields);
constexpr Type kSelectors = array(kSelector, 4096);

constexpr Component kLinkFields[]{
    {.id = 1, .name = "FromLFBID", .type = &kSelector},
    {.id = 2, .name = "FromPortGroup", .type = &kName},
    {.id = 3, .name = "FromPortIndex", .type = &kU32},
    {.id = 4, .name = "ToLFBID", .type = &kSelector},
    {.id = 5, .name = "ToPortGroup", .type = &kName},
    {.id = 6, .name = "ToPortIndex", .type = &kU32},
};
constexpr Type kLink = structure(kLinkFields);
constexpr Type kTopology = array(kLink, 4096);

constexpr Component kNeighborFields[]{
    {.id = 1, .name = "NeighborID", .type = &kU32},
    {.id = 2, .name = "InterfaceToNeighbor", .type = &kName, .defaulted = true},
    {.id = 3, .name = "NeighborInterface", .type = &kName, .defaulted = true},
};
constexpr Type kNeighbor = structure(kNeighborFields);
constexpr Type kNeighbors = array(kNeighbor, 1024);

constexpr Type kPorts = array(kName, 64);
constexpr Component kAdjacencyFields[]{
    {.id = 1, .name = "NeighborLFB", .type = &kU32},
    {.id = 2, .name = "ViaPorts", .type = &kPorts},
};
constexpr Type kAdjacency = structure(kAdjacencyFields);
constexpr Type kAdjacencies = array(kAdjacency, 64);
constexpr Component kPortGroupFields[]{
    {.id = 1, .name = "PortGroupName", .type = &kName},
    {.id = 2, .name = "MinPortCount", .type = &kU32},
    {.id = 3, .name = "MaxPortCount", .type = &kU32},
};
constexpr Type kPortGroup = structure(kPortGroupFields);
constexpr Type kPortGroups = array(kPortGroup, 64);
constexpr Type kParents = array(kU32, 64);
constexpr Component kSupportedFields[]{
    {.id = 1, .name = "LFBName", .type = &kName},
    {.id = 2, .name = "LFBClassID", .type = &kU32},
    {.id = 3, .name = "LFBVersion", .type = &kName},
    {.id = 4, .name = "LFBOccurrenceLimit", .type = &kU32},
    {.id = 5, .name = "PortGroupLimits", .type = &kPortGroups},
    {.id = 6, .name = "CanOccurAfters", .type = &kAdjacencies},
    {.id = 7, .name = "CanOccurBefores", .type = &kAdjacencies},
    {.id = 8, .name = "UseableParentLFBClasses", .type = &kParents},
};
constexpr Type kSupportedLfb = structure(kSupportedFields);
constexpr Type kSupportedLfbs = array(kSupportedLfb, 256);

// AdminDisable, OperDisable, OperEnable. Erratum 3487 makes it read-write; a CE disables and
// enables, OperDisable is the FE's own.
constexpr Type kState = number(1, 0, 2);
constexpr std::uint64_t kStatesOfCes[]{0, 2};

// The FE's ID and its LFB instances are its own: those are read-only here.
constexpr Component kComponents[]{
    {.id = 1, .name = "LFBTopology", .type = &kTopology, .access = Access::ReadOnly},
    {.id = 2,
     .name = "LFBSelectors",
     .type = &kSelectors,
     .access = Access::ReadOnly,
     .live = true},
    {.id = 3, .name = "FEName", .type = &kName40},
    {.id = 4, .name = "FEID", .type = &kU32, .access = Access::ReadOnly},
    {.id = 5, .name = "FEVendor", .type = &kName40, .access = Access::ReadOnly, .text = "ForCES"},
    {.id = 6,
     .name = "FEModel",
     .type = &kName40,
     .access = Access::ReadOnly,
     .text = "Linux reference FE"},
    {.id = 7, .name = "FEState", .type = &kState, .value = 1, .settable = kStatesOfCes},
    {.id = 8, .name = "FENeighbors", .type = &kNeighbors},
    {.id = 30, .name = "ModifiableLFBTopology", .type = &kBoolean, .access = Access::ReadOnly},
    {.id = 31,
     .name = "SupportedLFBs",
     .type = &kSupportedLfbs,
     .access = Access::ReadOnly,
     .live = true},
};

void write_name(std::string_view name, wire::ByteWriter& out) {
  write_member(kName, std::as_bytes(std::span(name)), out);
}

}  // namespace

const LfbClass kFeObjectClass{
    .id = 1, .name = "FEObject", .version = "1.0", .components = kComponents};

void write_selector(const Target& lfb, wire::ByteWriter& out) {
  out.u32(lfb.class_id);
  out.u32(lfb.instance_id);
}

void write_supported_lfb(const LfbClass& lfb, wire::ByteWriter& out) {
  write_name(lfb.name, out);
  out.u32(lfb.id);
  write_name(lfb.version, out);
  out.u32(0xffffffff);  // as many as there are
  for (const Type* limits : {&kPortGroups, &kAdjacencies, &kAdjacencies, &kParents}) {
    write_member(*limits, {}, out);
  }
}

void write_lfb_link(const LfbLink& link, wire::ByteWriter& out) {
  write_selector(link.from, out);
  write_name(link.from_group, out);
  out.u32(link.from_index);
  write_selector(link.to, out);
  write_name(link.to_group, out);
  out.u32(link.to_index);
}

std::array<const LfbClass*, 15> all_classes() {
  return {&kFeObjectClass,     &kFeProtocolClass,   &kEtherPhyCopClass, &kIpv4UcastLpmClass,
          &kIpv6UcastLpmClass, &kIpv4NextHopClass,  &kIpv6NextHopClass, &kRedirectInClass,
          &kRedirectOutClass,  &kCrossConnectClass, &kMulticastClass,   &kEcmpHopsClass,
          &kPortAddressClass,  &kKernelPlaneClass,  &kOpticalPortClass};
}

}  // namespace forces::model
