// Configuration of the multicast edge: a Link is one port for one family.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/core/time.hpp"
#include "proto/igmp/codes.hpp"

namespace forces::fe::multicast {

using igmp::Address;
using igmp::Family;

// RFC 3376 section 8, RFC 3810 section 9: what is configured, and what follows from it. A router
// that is not the querier has that of the querier (sections 4.1.6 and 4.1.7).
struct Timing {
  std::uint8_t robustness = 2;  // also how often a query is sent at start-up, and for a last member
  Duration query_interval = std::chrono::seconds(125);
  Duration query_response = std::chrono::seconds(10);
  Duration last_member_interval = std::chrono::seconds(1);

  [[nodiscard]] constexpr Duration membership() const {  // 8.4, and 8.13 of older hosts
    return robustness * query_interval + query_response;
  }
  [[nodiscard]] constexpr Duration other_querier() const {  // 8.5
    return robustness * query_interval + query_response / 2;
  }
  [[nodiscard]] constexpr Duration startup_interval() const { return query_interval / 4; }  // 8.6
  [[nodiscard]] constexpr Duration last_member_time() const {                               // 8.11
    return robustness * last_member_interval;
  }
  friend bool operator==(const Timing&, const Timing&) = default;
};

struct StaticGroup {
  Address group{};
  std::vector<Address> sources{};  // none: of any source
};

enum class RouterPort : std::uint8_t {
  Learn,   // while a router's queries are heard, or on_router() says so
  Always,  // a block join, whatever is heard
  Never,   // and queries from there are not obeyed
};

struct LinkConfig {
  std::uint32_t port = 0;
  // Of our queries, and what the election compares; it says the family. Zero in IGMP: queries go
  // out as 0.0.0.0 and any other querier wins (RFC 4541 section 2.1.1). MLD: link-local, or zero,
  // which needs querier = false.
  Address address{};
  igmp::Version version = igmp::Version::V3;  // V2: IGMPv2, MLDv1 (RFC 3376 section 7.3.1)
  bool querier = true;                        // false: listens only
  RouterPort router = RouterPort::Learn;
  Timing timing{};
  std::size_t most_groups = 1'000;  // learned ones
  std::size_t most_sources = 64;    // of a group
  std::vector<StaticGroup> static_groups{};
};

// For the operator, empty when all is well.
[[nodiscard]] std::string problem_of(const LinkConfig& config);

}  // namespace forces::fe::multicast
