// Octets choose what happens to an edge: packets of any content at two ports, time, ports that go
// down and come up. What it said must be what it is, and no deadline may lie in the past.
#include <map>
#include <set>
#include <span>

#include "fe/multicast/edge/edge.hpp"
#include "proto/wire/checksum.hpp"
#include "tests/fuzz/events.hpp"

namespace {

namespace multicast = forces::fe::multicast;
namespace igmp = forces::igmp;
using forces::fuzz::require;
using multicast::Address;

struct Seen {
  std::map<std::pair<std::uint32_t, Address>, multicast::Filter> egress;
  std::set<Address> joined;
  std::map<std::pair<std::uint32_t, multicast::Family>, bool> routers;

  void take(multicast::Edge& edge) {
    while (auto output = edge.poll_output()) {
      std::visit(forces::Overloaded{
                     [](const multicast::SendQuery& query) {
                       require(igmp::decode_packet(query.packet).has_value());
                     },
                     [&](const multicast::EgressChanged& e) {
                       const auto at = std::pair(e.port, e.group);
                       if (e.filter.nothing()) {
                         require(egress.erase(at) == 1);
                       } else {
                         egress[at] = e.filter;
                       }
                     },
                     [&](const multicast::Joined& j) { require(joined.insert(j.group).second); },
                     [&](const multicast::Left& l) { require(joined.erase(l.group) == 1); },
                     [&](const multicast::RouterChanged& r) {
                       bool& there = routers[{r.port, r.family}];
                       require(std::exchange(there, r.present) != r.present);
                     },
                     [](const auto&) {},
                 },
                 *output);
    }
    require(edge.groups() == joined.size());
    for (const auto& [at, filter] : egress) {
      require(joined.contains(at.second));
      bool found = false;
      for (const auto& one : edge.egress(at.second)) {
        if (one.port == at.first) found = one.filter == filter;
      }
      require(found);
    }
  }
};

// A message of IPv4 with its checksums made right.
std::vector<std::byte> packet_of(std::span<const std::byte> octets) {
  std::vector<std::byte> message(octets.begin(), octets.end());
  message.resize(std::max<std::size_t>(message.size(), 8));
  message[2] = message[3] = std::byte{0};
  forces::wire::store_be<2>(&message[2], forces::wire::internet_checksum(message));
  forces::wire::ByteWriter w;
  igmp::encode_packet(
      {.source = Address::ipv4(0xc0000200U + (std::to_integer<unsigned>(message[1]) & 3)),
       .destination = Address::ipv4(0xe0000016),
       .message = igmp::Leave{Address::ipv4(0xe0000016)}},
      w);
  auto packet = std::move(w).finish().value();
  packet.resize(24);
  packet.insert(packet.end(), message.begin(), message.end());
  forces::wire::store_be<2>(&packet[2], packet.size());
  packet[10] = packet[11] = std::byte{0};
  forces::wire::store_be<2>(&packet[10],
                            forces::wire::internet_checksum(std::span(packet).first(24)));
  return packet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = std::as_bytes(std::span(data, size));
  Address six = Address::zero(igmp::Family::Ipv6);
  six.octets[0] = std::byte{0xfe};
  six.octets[1] = std::byte{0x80};
  multicast::LinkConfig small{.port = 2, .address = Address::ipv4(0xc0000202)};
  small.most_groups = small.most_sources = 3;
  small.static_groups = {{Address::ipv4(0xef010101), {Address::ipv4(0x0a000001)}}};
  multicast::Edge edge(
      {{.port = 1, .address = Address::ipv4(0xc0000201)}, {.port = 1, .address = six}, small});
  Seen seen;
  forces::Instant now{};
  while (input.size() >= 2) {
    const auto what = std::to_integer<unsigned>(input[0]), n = std::to_integer<unsigned>(input[1]);
    input = input.subspan(2);
    const std::uint32_t port = 1 + what / 8 % 2;
    switch (what % 8) {
      case 0:
        edge.on_port(port, n % 4 != 0, now);
        break;
      case 1:
        now += std::chrono::milliseconds(n * n);
        edge.on_timer(now);
        break;
      case 2:
        if (const auto at = edge.next_deadline()) {
          require(*at >= now);
          now = *at;
          edge.on_timer(now);
        }
        break;
      case 3:
        edge.on_router(port, igmp::Family::Ipv4, std::chrono::seconds(n), now);
        break;
      case 4: {  // as it is
        const auto octets = input.first(std::min<std::size_t>(n, input.size()));
        input = input.subspan(octets.size());
        edge.on_packet(port, octets, now);
        break;
      }
      default: {
        const auto octets = input.first(std::min<std::size_t>(n % 64, input.size()));
        input = input.subspan(octets.size());
        edge.on_packet(port, packet_of(octets), now);
      }
    }
    seen.take(edge);
  }
  return 0;
}
