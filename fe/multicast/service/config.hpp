// [multicast] of fe: memberships at its ports, and the MARS client for all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fe/multicast/client/face.hpp"
#include "fe/multicast/edge/config.hpp"
#include "proto/mars/element_address.hpp"

namespace forces::fe::multicast {

struct MulticastPort {  // [[multicast.port]]; with none, every port of the FE as these defaults are
  std::uint32_t port_id = 0;
  RouterPort router = RouterPort::Learn;
  std::uint8_t version = 3;  // 2: IGMPv2 and MLDv1 only
  bool querier = true;
  std::uint32_t most_groups = 1'000;
  std::uint32_t most_sources = 64;
  std::vector<StaticGroup> static_groups{};
};

struct MulticastConfig {
  bool enabled = false;
  mars::CopyEndpoint endpoint{};  // where other FEs send their copies; zero: nowhere
  std::vector<Family> families{Family::Ipv4, Family::Ipv6};
  std::uint16_t mcs_port = 0;  // of the endpoint, where the MCS of this FE takes copies
  std::vector<Address> mcs{};  // groups that we are the MCS of
  Timing timing{};             // of queries, at every port
  mars::client::Times times{};
  std::vector<MulticastPort> ports{};
};

// Text of the configuration: "239.1.1.1", "ff1e::1"; a static group with its sources behind it,
// "232.1.1.1 10.0.0.1 10.0.0.2". Nothing: it is none.
[[nodiscard]] std::optional<Address> address_from(std::string_view text);
[[nodiscard]] std::optional<StaticGroup> static_group_from(std::string_view text);
[[nodiscard]] std::string text_of(const Address& address);
[[nodiscard]] std::string text_of(const StaticGroup& group);
[[nodiscard]] std::string_view to_string(Family family);  // "ipv4", "ipv6"

// A port as its link of this family is configured; no address yet.
[[nodiscard]] LinkConfig link_of(const MulticastConfig& config, const MulticastPort& port,
                                 Family family);
// For the operator, empty when all is well: what holds for queries and static groups of a port.
[[nodiscard]] std::string problem_of(const MulticastConfig& config, const MulticastPort& port);

}  // namespace forces::fe::multicast
