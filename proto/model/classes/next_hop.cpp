#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

constexpr std::uint32_t kMaxRows = 1'000'000;

// RFC 6956 section 4.4: IPv4NextHopInfoType and IPv6NextHopInfoType. The subscript is the
// HopSelector.
consteval std::array<Component, 5> hop_fields(const Type& address) {
  return {{
      {.id = 1, .name = "L3PortID", .type = &kU32},
      {.id = 2, .name = "MTU", .type = &kU32},
      {.id = 3, .name = "NextHopIPAddr", .type = &address},
      {.id = 4, .name = "MediaEncapInfoIndex", .type = &kU32},
      {.id = 5, .name = "LFBOutputSelectIndex", .type = &kU32},
  }};
}
constexpr std::array kFields4 = hop_fields(kIpv4);
constexpr std::array kFields6 = hop_fields(kIpv6);
constexpr Type kRow4{.kind = Kind::Struct, .fields = kFields4.data(), .field_count = 5};
constexpr Type kRow6{.kind = Kind::Struct, .fields = kFields6.data(), .field_count = 5};
constexpr Type kTable4 = array(kRow4, kMaxRows), kTable6 = array(kRow6, kMaxRows);

constexpr Component kComponents4[]{{.id = 1, .name = "IPv4NextHopTable", .type = &kTable4}};
constexpr Component kComponents6[]{{.id = 1, .name = "IPv6NextHopTable", .type = &kTable6}};

}  // namespace

const LfbClass kIpv4NextHopClass{
    .id = 12, .name = "IPv4NextHop", .version = "1.0", .components = kComponents4};
const LfbClass kIpv6NextHopClass{
    .id = 13, .name = "IPv6NextHop", .version = "1.0", .components = kComponents6};

}  // namespace forces::model
