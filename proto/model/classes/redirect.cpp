#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

// RFC 6956 gives no access, which would be read-write; nobody sets a counter.
constexpr Component kIn[]{{.id = 1,
                           .name = "NumPacketsReceived",
                           .type = &kU64,
                           .access = Access::ReadOnly,
                           .live = true}};
constexpr Component kOut[]{
    {.id = 1, .name = "NumPacketsSent", .type = &kU64, .access = Access::ReadOnly, .live = true}};

}  // namespace

const LfbClass kRedirectInClass{
    .id = 14, .name = "RedirectIn", .version = "1.0", .components = kIn};
const LfbClass kRedirectOutClass{
    .id = 15, .name = "RedirectOut", .version = "1.0", .components = kOut};

}  // namespace forces::model
