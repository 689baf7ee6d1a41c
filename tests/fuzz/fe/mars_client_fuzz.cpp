// A MARS client under any order of messages from MARSs that answer or do not, lost VCs, joins and
// time. What it sends is for endpoints to send and can be decoded, its timers move, the leaves that
// it tells are those that it has, and with MARSs that answer it settles in the end.
#include <map>
#include <set>

#include "common/core/outputs.hpp"
#include "fe/multicast/client/client.hpp"
#include "proto/mars/rules.hpp"
#include "tests/fuzz/events.hpp"
#include "tests/support/octets/atm.hpp"
#include "tests/support/sim/mars_stub.hpp"

using namespace forces;
using namespace forces::mars;
using namespace forces::mars::client;
using forces::fuzz::require;

namespace {

using test::atm;
ProtocolAddress group(std::uint8_t n) { return ipv4_address(0xef000000U + (n & 7)); }
GroupRange range(std::uint8_t from, std::uint8_t length) {
  const ProtocolAddress low = group(from);
  return {low,
          (length & 7) == 0 ? low : std::max(low, group(static_cast<std::uint8_t>(from | length)))};
}

struct Target {
  explicit Target(std::uint8_t how) : client(config(how)), mcs((how & 1) != 0) {
    for (const AtmAddress& mars : {atm(101), atm(102)}) stubs.emplace(mars, test::MarsStub(mars));
  }
  static Config config(std::uint8_t how) {
    return {.address = atm(1), .mcs = (how & 1) != 0, .mars = {atm(101), atm(102)}, .seed = how};
  }

  // `answers`: the MARS gets what is sent, and its answers are delivered at once.
  void drain(bool answers, Instant now) {
    for (int budget = 10'000; auto output = client.poll_output(); --budget) {
      require(budget > 0);
      std::visit(
          Overloaded{[&](const Send& send) {
                       const auto m = decode_message(send.octets);
                       require(m && check_from_endpoint(*m) && m->source == atm(1));
                       last = *m;
                       const auto at = stubs.find(send.mars);
                       if (!answers || at == stubs.end()) return;
                       for (const auto& reply : at->second.on_message(send.octets)) {
                         client.on_message(send.mars, reply.control ? Via::Control : Via::Private,
                                           reply.octets, now);
                       }
                     },
                     [&](const LeafAdded& o) {
                       require(o.leaf != atm(1) && leaves[o.group].insert(o.leaf).second);
                     },
                     [&](const LeafDropped& o) { require(leaves[o.group].erase(o.leaf) == 1); },
                     [](const auto&) {}},
          *output);
    }
    for (const auto& [of, all] : leaves) {
      const auto* has = client.leaves(of);
      require(has == nullptr ? all.empty() : *has == all);
    }
  }

  Client client;
  bool mcs;
  Message last;
  std::map<AtmAddress, test::MarsStub> stubs;
  std::map<ProtocolAddress, std::set<AtmAddress>> leaves;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Events events(data, size);
  Target target(events.octet());
  Client& client = target.client;
  while (events.more()) {
    const std::uint8_t what = events.octet(), n = events.octet();
    const AtmAddress mars = atm(static_cast<std::uint8_t>(101 + (n & 3)));
    const Instant now = events.now();
    switch (what & 15) {
      case 0:
        client.start(atm(static_cast<std::uint8_t>(101 + (n & 1))), now);
        break;
      case 1:
        if (n == 0) client.stop(now);
        break;
      case 2:
        client.join(target.mcs ? range(n, 0) : range(n, what >> 4), (what & 64) != 0, now);
        break;
      case 3:
        client.leave(target.mcs ? range(n, 0) : range(n, what >> 4), now);
        break;
      case 4:
        client.open(group(n), now);
        break;
      case 5:
        client.close(group(n));
        break;
      case 6:
        client.on_vc_lost(mars, now);
        break;
      case 7:
        client.on_reachable(mars, now);
        break;
      case 8:
        client.on_leaf_lost(group(n), atm(static_cast<std::uint8_t>(10 + (what >> 4))), now);
        break;
      case 9:
        client.on_timer(events.pass());
        break;
      case 10:
        if (const auto due = client.next_deadline()) {
          require(*due >= now);
          events.at(*due);
          client.on_timer(events.now());
          const auto next = client.next_deadline();
          // The next MARS of the table is tried at once.
          require(!next || *next >= events.now());
        }
        break;
      case 11:
        client.on_message(mars, (what & 16) != 0 ? Via::Control : Via::Private, events.octets(),
                          now);
        break;
      default: {  // a message of a MARS
        Message m = target.last;
        m.operation = static_cast<Operation>(1 + n % 13);
        m.flags = m.flags.with_copy((what & 16) != 0).with_punched((n & 16) != 0);
        if ((n & 32) != 0) m.flags = m.flags.with_registers(!m.flags.registers());
        m.msn = events.octet();
        m.group = group(n);
        const std::uint8_t from = events.octet();
        m.source = (from & 1) != 0 ? atm(1) : (from & 2) != 0 ? client.mars() : atm(12);
        if (form_of(m.operation) == Form::Membership && (from & 4) != 0)
          m.ranges = {range(from, n)};
        m.part = static_cast<std::uint16_t>(1 + (from >> 6));
        m.last = (from & 32) != 0;
        m.hard = (from & 16) != 0;
        for (std::uint8_t i = 0; i < (from >> 3 & 3); ++i) {
          m.targets.push_back(atm(static_cast<std::uint8_t>((n & 64) != 0 ? 101 + i : 10 + i)));
        }
        if (const auto octets = encode_message(m)) {
          client.on_message((from & 8) != 0 ? client.mars() : mars,
                            (what & 32) != 0 ? Via::Control : Via::Private, *octets, events.now());
        }
      }
    }
    target.drain((what & 128) != 0, events.now());
  }
  // From here on both MARSs answer: whatever has happened, all that is wanted is confirmed in the
  // end, though a table may have a MARS in it that does not exist.
  if (client.state() == Client::State::Idle || client.state() == Client::State::Deregistering) {
    return 0;
  }
  const Instant end = events.now() + std::chrono::minutes(20);
  for (int budget = 20'000; !client.settled(); --budget) {
    const auto due = client.next_deadline();
    require(budget > 0 && due && *due <= end);
    events.at(*due);
    client.on_timer(events.now());
    target.drain(true, events.now());
  }
  return 0;
}
