#include "proto/model/classes/classes.hpp"

namespace forces::model {
namespace {

constexpr std::uint32_t kMaxRows = 1'000'000;

constexpr Type kLength4 = number(1, 0, 32), kLength6 = number(1, 0, 128);

// A row of both tables, but for the address (RFC 6956 section 4.4: IPv4PrefixInfoType).
consteval std::array<Component, 6> prefix_fields(const Type& address, const Type& length) {
  return {{
      {.id = 1, .name = "Address", .type = &address},
      {.id = 2, .name = "Prefixlen", .type = &length},
      {.id = 3, .name = "ECMPFlag", .type = &kBoolean, .defaulted = true},
      {.id = 4, .name = "DefaultRouteFlag", .type = &kBoolean, .defaulted = true},
      {.id = 5, .name = "Reserved", .type = &kU8, .defaulted = true},
      {.id = 6, .name = "HopSelector", .type = &kU32},
  }};
}
constexpr std::array kFields4 = prefix_fields(kIpv4, kLength4);
constexpr std::array kFields6 = prefix_fields(kIpv6, kLength6);
constexpr Type kRow4{.kind = Kind::Struct, .fields = kFields4.data(), .field_count = 6};
constexpr Type kRow6{.kind = Kind::Struct, .fields = kFields6.data(), .field_count = 6};

// The standard declares no key; a prefix is one all the same, for a longest match of two equal
// prefixes is none.
constexpr std::uint32_t kPrefix[]{1, 2};
constexpr Key kPrefixKeys[]{{.id = 1, .fields = kPrefix}};
constexpr Type kTable4 = array(kRow4, kMaxRows, kPrefixKeys);
constexpr Type kTable6 = array(kRow6, kMaxRows, kPrefixKeys);

constexpr Component kStatisticsFields[]{
    {.id = 1, .name = "InRcvdPkts", .type = &kU64},
    {.id = 2, .name = "FwdPkts", .type = &kU64},
    {.id = 3, .name = "NoRoutePkts", .type = &kU64},
};
constexpr Type kStatistics = structure(kStatisticsFields);

consteval std::array<Component, 2> components(std::string_view table, const Type& type,
                                              std::string_view statistics) {
  return {{{.id = 1, .name = table, .type = &type},
           {.id = 2,
            .name = statistics,
            .type = &kStatistics,
            .access = Access::ReadReset,
            .live = true}}};
}
constexpr std::array kComponents4 = components("IPv4PrefixTable", kTable4, "IPv4UcastLPMStats");
constexpr std::array kComponents6 = components("IPv6PrefixTable", kTable6, "IPv6UcastLPMStats");

}  // namespace

const LfbClass kIpv4UcastLpmClass{
    .id = 10, .name = "IPv4UcastLPM", .version = "1.0", .components = kComponents4};
const LfbClass kIpv6UcastLpmClass{
    .id = 11, .name = "IPv6UcastLPM", .version = "1.0", .components = kComponents6};

}  // namespace forces::model
