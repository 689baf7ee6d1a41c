// Private class 65794: what stands behind ECMPOut of the LPM LFBs (RFC 6956 section 5.3.1.1 leaves
// that to others). The subscript of a row is the HopSelector of a prefix with ECMPFlag; its members
// name rows of the NextHop LFB of the family.
#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

constexpr Type kWeight = number(2, 1, 256);
constexpr Component kMemberFields[]{
    {.id = 1, .name = "HopSelector", .type = &kU32},
    {.id = 2, .name = "Weight", .type = &kWeight, .value = 1, .defaulted = true},
};
constexpr Type kMember = structure(kMemberFields);
constexpr Type kMembers = array(kMember, 1024);
constexpr Type kTable = array(kMembers, 1'000'000);

constexpr Component kComponents[]{
    {.id = 1, .name = "IPv4EcmpTable", .type = &kTable},
    {.id = 2, .name = "IPv6EcmpTable", .type = &kTable},
};

}  // namespace

const LfbClass kEcmpHopsClass{
    .id = 65'794, .name = "EcmpHops", .version = "1.0", .components = kComponents};

}  // namespace forces::model
