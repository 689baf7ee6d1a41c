// The ATM addresses of our cluster members (ours; RFC 2022 leaves addresses to the network).
//
// A member of the cluster is an FE, a MARS is a CE, and what stands where ATM has an NSAP is what
// the element is: a host map alone tells where copies of a packet go, whichever server registered
// the member. 20 octets, AFI 0x49 (local):
//
//   0    1        2     6                10           12      20
//   +----+--------+-----+----------------+------------+--------+
//   |0x49| format |PL ID| IPv4 of copies | their port | zeros  |
//   +----+--------+-----+----------------+------------+--------+
//
// Format 1: an FE. Format 2: a CE, which takes no copies.
#pragma once

#include <cstdint>

#include "common/core/result.hpp"
#include "proto/mars/address.hpp"
#include "proto/pl/ids.hpp"

namespace forces::mars {

// Where an FE takes copies of packets, by UDP. All zero: nowhere, it only sends or only listens at
// its own ports.
struct CopyEndpoint {
  std::uint32_t address = 0;
  std::uint16_t port = 0;
  friend constexpr auto operator<=>(const CopyEndpoint&, const CopyEndpoint&) = default;
};

// Others can send there: the address of one host (RFC 1122 section 3.2.1.3), and a port.
[[nodiscard]] constexpr bool takes_packets(const CopyEndpoint& endpoint) {
  const std::uint32_t net = endpoint.address >> 24;
  return net != 0 && net < 224 && endpoint.port != 0;
}

struct ElementAddress {
  pl::ForcesId id{};
  CopyEndpoint endpoint{};  // of an FE
  friend constexpr bool operator==(const ElementAddress&, const ElementAddress&) = default;
};

// What `decode_element` takes again, if `id` is that of an FE or of a CE; the endpoint of a CE is
// left out.
[[nodiscard]] AtmAddress encode_element(const ElementAddress& element);

// An error: it is of no element. One element at one endpoint has one address only.
[[nodiscard]] Result<ElementAddress> decode_element(const AtmAddress& address);

}  // namespace forces::mars
