// A MARS under any order of messages, records of others and of itself, lost leaves, time. What it
// sends can be decoded, what it originates too, its timers move, CMIs are of its range and once
// each, keys name one fact, and the control VCs have the leaves that are registered.
#include <map>
#include <set>

#include "ce/multicast/mars/server.hpp"
#include "common/core/outputs.hpp"
#include "proto/wire/writer.hpp"
#include "tests/fuzz/events.hpp"
#include "tests/support/octets/atm.hpp"

using namespace forces;
using namespace forces::mars;
using namespace forces::mars::server;
using forces::fuzz::require;

namespace {

// Two forms of address, for parts and MIGRATE.
AtmAddress atm(std::uint8_t n) {
  const AtmAddress full = test::atm(n);
  if ((n & 4) != 0) return full;
  return {.number = {.octets = *ShortOctets<20>::from(full.number.octets.octets().last(8))}};
}

GroupRange range(std::uint8_t from, std::uint8_t length) {
  const std::uint32_t low = 0xef000000U + (from & 15);
  const std::uint32_t high = length < 128 ? low : low + (length & 15);
  return {ipv4_address(low), ipv4_address(high)};
}

Config config(std::uint8_t how) {
  Config c;
  c.id = ServerId{5};
  c.address = atm(200);
  c.alone = (how & 1) != 0;
  c.announce_losses = (how & 2) != 0;
  c.mtu = (how & 4) != 0 ? 120 : 9180;
  c.ranges_of_a_node = 12;
  c.protocols = {{.cmis = {100, 107}}, {.protocol = kIpv6, .cmis = {100, 103}}};
  return c;
}

struct Target {
  explicit Target(std::uint8_t how) : server(config(how)) { server.start(Instant{}); }

  void drain() {
    while (const auto output = server.poll_output()) {
      std::visit(
          Overloaded{[](const SendPrivate& o) { require(decode_message(o.octets).has_value()); },
                     [](const SendControl& o) { require(decode_message(o.octets).has_value()); },
                     [&](const AddLeaf& o) { leaves.insert({o.control, o.protocol, o.leaf}); },
                     [&](const DropLeaf& o) {
                       require(leaves.erase({o.control, o.protocol, o.leaf}) == 1);
                     },
                     [&](const Originate& o) {
                       const auto entry = decode_entry(o.body);
                       require(entry.has_value());
                       records.insert_or_assign(o.key, *entry);
                     },
                     [](const Forget& o) { require(o.originator != ServerId{5}); },
                     [](const Summarise& o) { require(o.originator != ServerId{5}); },
                     [](const Notice&) {}},
          *output);
    }
    for (const Cluster& cluster : server.clusters()) {
      std::set<std::uint16_t> cmis;
      std::set<std::uint32_t> keys;
      const auto check = [&](const Cluster::Nodes& nodes, bool mcs) {
        for (const auto& [who, node] : nodes) {
          require(cmis.insert(node.cmi).second && node.cmi >= 100 && node.cmi <= 107);
          require(keys.insert(node.key).second && records.at(node.key).source == who);
          require(node.ranges.size() <= 12);
          for (const auto& [range, held] : node.ranges) {
            require(keys.insert(held.key).second);
            const CacheEntry& said = records.at(held.key);
            require(said.range == range && said.source == who && said.cmi == node.cmi);
            require(said.state == (mcs ? State::McsServe : State::ClientJoin));
            require(mcs ? cluster.maps().serves(who, range)
                        : cluster.maps().is_member(who, range.min));
          }
        }
      };
      check(cluster.clients(), false);
      check(cluster.servers(), true);
    }
  }

  Server server;
  std::set<std::tuple<ControlVc, ProtocolType, AtmAddress>> leaves;
  std::map<std::uint32_t, CacheEntry> records;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Events events(data, size);
  Target target(events.octet());
  Server& server = target.server;
  while (events.more()) {
    const std::uint8_t what = events.octet(), who = events.octet() & 7;
    switch (what & 15) {
      case 0:
        server.on_message(Vc{who}, events.octets(), events.now());
        break;
      case 1:
      case 2:
      case 3:
      case 4:
      case 5: {  // a message of an endpoint
        constexpr Operation kOf[]{
            Operation::Join, Operation::Leave, Operation::Mserv,   Operation::Unserv,
            Operation::Join, Operation::Mserv, Operation::Request, Operation::GrouplistRequest};
        Message m{.operation = kOf[what >> 5], .source = atm(who)};
        const std::uint8_t from = events.octet(), length = events.octet();
        const GroupRange asked = range(from, length);
        if ((from & 16) != 0) m.protocol = kIpv6;
        if (form_of(m.operation) == Form::Query) {
          m.group = asked.min;
        } else {
          m.flags = Flags{}
                        .with_registers((what & 16) != 0)
                        .with_layer3_group((from & 32) != 0)
                        .with_sequence(length);
          if (!m.flags.registers() || (from & 64) != 0) m.ranges = {asked};
        }
        if (const auto octets = encode_message(m)) {
          server.on_message(Vc{static_cast<std::uint64_t>(who & 3)}, *octets, events.now());
        }
        break;
      }
      case 6:
        server.on_timer(events.pass());
        break;
      case 7:
        if (const auto due = server.next_deadline()) {
          events.at(*due);
          server.on_timer(events.now());
          const auto next = server.next_deadline();
          require(!next || *next > events.now());
        }
        break;
      case 8: {
        const auto control = (what & 16) != 0 ? ControlVc::Server : ControlVc::Cluster;
        const ProtocolType& protocol = (what & 32) != 0 ? kIpv6 : kIpv4;
        if (target.leaves.erase({control, protocol, atm(who)}) == 0) break;
        server.on_leaf_lost(control, protocol, atm(who), events.now());
        break;
      }
      case 9:
      case 10:
      case 11:
      case 12: {  // a record
        const std::uint8_t from = events.octet(), length = events.octet(), key = events.octet();
        CacheEntry e{.state = static_cast<State>(1 + (what >> 4) % 5),
                     .cmi = static_cast<std::uint16_t>(104 + (length & 7)),
                     .source = atm(who)};
        if ((from & 16) != 0) e.protocol = kIpv6;
        if (e.state == State::Redirect) {
          e.cmi = 0;
          e.source = atm(static_cast<std::uint8_t>(201 + (from & 3)));
        } else if ((from & 32) != 0) {
          e.flags = e.flags.with_registers(true);
        } else {
          e.range = range(from, length);
        }
        wire::ByteWriter w;
        encode_entry(e, w);
        const auto body = std::move(w).finish();
        if (!body) break;
        const std::uint32_t at = key < 128 ? 250 + (key & 31) : key & 1;
        if ((what & 3) == 0 && e.state != State::Redirect) {
          target.records.insert_or_assign(at, e);
          server.on_own_record(at, *body, events.now());
        } else {
          server.on_record(ServerId{static_cast<std::uint32_t>(4 + (from >> 6))}, at, *body,
                           events.now());
        }
        break;
      }
      case 13:
        server.on_record(ServerId{6}, who, events.octets(), events.now());
        server.on_record_gone(ServerId{static_cast<std::uint32_t>(4 + (what >> 6))},
                              250U + (who & 7), events.now());
        break;
      case 14:
        server.on_aligned(events.now());
        break;
      case 15:
        (void)server.redirect((what & 16) != 0 ? std::nullopt : std::optional(atm(201)),
                              (what & 32) != 0, events.now());
        break;
    }
    target.drain();
  }
  return 0;
}
