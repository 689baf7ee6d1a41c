// Octets choose what happens to the memberships of an FE: packets at ports, interfaces that come
// and go, associations, messages on VCs, time. It speaks on VCs that there are only, what it sends
// can be decoded, its leaves are those that its groups have, and no deadline lies in the past.
#include <map>
#include <set>

#include "fe/multicast/service/service.hpp"
#include "proto/wire/snap.hpp"
#include "tests/fuzz/events.hpp"
#include "tests/support/sim/mars_stub.hpp"

using namespace forces;
using namespace forces::fe::multicast;
using forces::fuzz::require;

namespace {

constexpr std::uint32_t kCes[] = {0x40000001, 0x40000002};

Address address(Family family, std::uint8_t first, std::uint8_t second, std::uint8_t last) {
  Address out = Address::zero(family);
  out.octets[0] = std::byte{first};
  out.octets[1] = std::byte{second};
  out.octets[out.size() - 1] = std::byte{last};
  return out;
}
Address group(Family family, std::uint8_t n) {
  const std::uint8_t last = n & 7;
  return family == Family::Ipv4 ? address(family, 239, 1, last) : address(family, 0xff, 0x1e, last);
}

MulticastConfig config() {
  MulticastConfig c{.enabled = true, .endpoint = {0xc0000201, 5000}, .mcs_port = 5001};
  c.ports = {{.port_id = 1}, {.port_id = 2, .most_groups = 3, .most_sources = 3}};
  c.ports[1].static_groups = {*static_group_from("239.1.0.7 10.0.0.1")};
  return c;
}

struct Target {
  Target() : service(config(), {kCes[0], kCes[1]}, 1) {
    for (const std::uint32_t ce : kCes) {
      stubs.emplace(ce, test::MarsStub(mars::encode_element({.id = {ce}})));
    }
  }
  void drain(bool answers, Instant now) {
    for (int budget = 10'000; auto output = service.poll_output(); --budget) {
      require(budget > 0);
      std::visit(Overloaded{[](const SendQuery& query) {
                              require(igmp::decode_packet(query.packet).has_value());
                            },
                            [&](const EgressChanged& e) {
                              if (e.filter.nothing()) {
                                require(egress.erase({e.group, e.port}) == 1);
                              } else {
                                egress.insert({e.group, e.port});
                              }
                            },
                            [&](const RouterChanged& r) {
                              bool& there = routers[{r.port, r.family}];
                              require(std::exchange(there, r.present) != r.present);
                            },
                            [&](const SendVc& send) {
                              require(associated.contains(send.ce));
                              const auto snap = wire::decode_snap(send.sdu);
                              require(snap && mars::decode_message(snap->payload).has_value());
                              last = send.sdu;
                              if (answers) answer(send, snap->payload, now);
                            }},
                 *output);
    }
    (void)service.take_notes();
    std::set<std::pair<Address, std::uint32_t>> has;
    for (const auto& one : service.groups(0, 1'000)) {
      require(!one.ports.empty());
      for (const auto& port : one.ports) has.insert({one.group, port.port});
    }
    require(has == egress);
  }
  void answer(const SendVc& send, wire::Bytes message, Instant now) {
    for (const auto& reply : stubs.at(send.ce).on_message(message)) {
      const auto operation = std::to_integer<unsigned>(reply.octets[17]);
      const bool server = operation == 3 || operation == 7;
      service.on_vc(send.ce,
                    !reply.control ? pl::VcKind::PointToPoint
                    : server       ? pl::VcKind::Server
                                   : pl::VcKind::Cluster,
                    test::sdu_of(reply.octets), now);
    }
  }

  Service service;
  std::map<std::uint32_t, test::MarsStub> stubs;
  std::set<std::uint32_t> associated;
  std::set<std::pair<Address, std::uint32_t>> egress;
  std::map<std::pair<std::uint32_t, Family>, bool> routers;
  mars::Octets last;  // that was sent on a VC
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Events events(data, size);
  Target target;
  Service& service = target.service;
  while (events.more()) {
    const std::uint8_t what = events.octet(), n = events.octet();
    const std::uint32_t port = 1 + (n & 1), ce = kCes[n & 1];
    const Family family = (n & 2) != 0 ? Family::Ipv6 : Family::Ipv4;
    const Instant now = events.now();
    switch (what & 15) {
      case 0:
        service.on_interface(
            port,
            {.up = (n & 4) != 0,
             .address =
                 (n & 8) != 0 ? address(Family::Ipv4, 192, 0, n & 48) : Address::zero(Family::Ipv4),
             .link_local = (n & 64) != 0 ? address(Family::Ipv6, 0xfe, 0x80, n & 48)
                                         : Address::zero(Family::Ipv6)},
            now);
        break;
      case 1:
        service.on_packet(port, events.octets(), now);
        break;
      case 2:
        target.associated.insert(ce);
        service.on_associated(ce, n < 200 ? 7 : 8, now);
        break;
      case 3:
        target.associated.erase(ce);
        service.on_lost(ce, now);
        break;
      case 4:
        service.on_vc(ce, static_cast<pl::VcKind>(0x8001 + (what >> 4) % 3), events.octets(), now);
        break;
      case 5: {  // ours, a little other
        mars::Octets sdu = target.last;
        const std::uint8_t at = events.octet(), value = events.octet();
        if (at < sdu.size()) sdu[at] = std::byte{value};
        service.on_vc(ce, static_cast<pl::VcKind>(0x8001 + (what >> 4) % 3), sdu, now);
        break;
      }
      case 6:
        for (const auto& reply : target.stubs.at(ce).redirect_map(
                 (n & 4) != 0 ? mars::kIpv6 : mars::kIpv4,
                 {mars::encode_element({.id = {kCes[n >> 3 & 1]}})}, (n & 16) != 0)) {
          service.on_vc(ce, pl::VcKind::Cluster, test::sdu_of(reply.octets), now);
        }
        break;
      case 7:
        service.set_mcs((n & 4) != 0 ? std::vector{group(family, n >> 4)} : std::vector<Address>{},
                        now);
        break;
      case 8:
        service.on_timer(events.pass());
        break;
      case 9:
        if (const auto due = service.next_deadline()) {
          require(*due >= now);
          events.at(*due);
          service.on_timer(events.now());
        }
        break;
      default: {  // a host, or another router
        wire::ByteWriter w, records;
        const Address one = group(family, n >> 2);
        igmp::append_record(static_cast<igmp::RecordType>(1 + (what >> 4) % 6), one,
                            std::vector{address(family, 10, 0, n >> 4 & 3)}, records);
        igmp::Message message = igmp::Records(family, 1, records.written());
        if ((what & 15) == 10) message = igmp::Report{igmp::Version::V2, one};
        if ((what & 15) == 11) message = igmp::Leave{one};
        if ((what & 15) == 12) {
          message = igmp::Query{.version = igmp::Version::V3,
                                .group = (n & 128) != 0 ? one : Address::zero(family),
                                .max_response = std::chrono::seconds(1)};
        }
        igmp::encode_packet({.source = family == Family::Ipv4 ? address(family, 192, 0, n & 7)
                                                              : address(family, 0xfe, 0x80, n & 7),
                             .destination = igmp::all_report_listeners(family),
                             .message = message},
                            w);
        if (const auto packet = std::move(w).finish()) service.on_packet(port, *packet, now);
      }
    }
    target.drain((what & 128) != 0, events.now());
  }
  return 0;
}
