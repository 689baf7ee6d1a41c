// A MARS with everything that it said since the last look, decoded.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ce/multicast/mars/server.hpp"
#include "proto/wire/writer.hpp"
#include "tests/support/octets/atm.hpp"

namespace forces::mars::server {

using namespace std::chrono_literals;

using test::atm;
// 239.0.x.y
inline ProtocolAddress group(std::uint32_t n) { return ipv4_address(0xef000000 + n); }
inline GroupRange one(std::uint32_t n) { return {group(n), group(n)}; }
inline GroupRange block(std::uint32_t from, std::uint32_t to) { return {group(from), group(to)}; }

inline constexpr ServerId kUs{5}, kOther{7}, kThird{9};
inline constexpr std::uint8_t kOurs = 105;  // atm() of this MARS

inline Config config_of() {
  Config c;
  c.id = kUs;
  c.address = atm(kOurs);
  c.alone = true;
  c.announce_losses = false;
  c.protocols.front().address = ipv4_address(0x0a000005);
  c.protocols.front().cmis = {100, 199};
  c.protocols.front().first_csn = 1000;
  c.protocols.front().first_ssn = 5000;
  return c;
}

struct Mars {
  struct Sent {
    std::string to;  // "1" is the VC with this number; "ccvc", "scvc"
    Message m;
  };
  struct Said {
    std::uint32_t key;
    CacheEntry entry;
  };

  explicit Mars(Config c = config_of()) : server(std::move(c)) {
    server.start(now);
    drain();
    said.clear();
  }

  void drain() {
    while (auto output = server.poll_output()) {
      std::visit(
          Overloaded{[&](SendPrivate& o) { keep(std::to_string(o.vc.value), o.octets); },
                     [&](SendControl& o) { keep(std::string(to_string(o.control)), o.octets); },
                     [&](AddLeaf& o) { leaves.emplace_back('+', o.control, o.leaf); },
                     [&](DropLeaf& o) { leaves.emplace_back('-', o.control, o.leaf); },
                     [&](Originate& o) {
                       const auto entry = decode_entry(o.body);
                       ASSERT_TRUE(entry.has_value());
                       said.push_back({o.key, *entry});
                       records[o.key] = *entry;
                     },
                     [&](Forget& o) { forgotten.push_back(o); },
                     [&](Summarise& o) { summarised.push_back(o.originator); },
                     [&](Notice& o) { notices.push_back(o.what); }},
          *output);
    }
  }
  void keep(std::string to, const Octets& octets) {
    const auto m = decode_message(octets);
    ASSERT_TRUE(m.has_value());
    sent.push_back({std::move(to), *m});
  }

  // What follows from one event; what was said before is gone.
  std::vector<Sent>& hear(const Message& m, std::uint64_t vc) {
    clear();
    const auto octets = encode_message(m);
    EXPECT_TRUE(octets.has_value());
    server.on_message(Vc{vc}, *octets, now);
    drain();
    return sent;
  }
  std::vector<Sent>& record(ServerId from, std::uint32_t key, const CacheEntry& entry) {
    clear();
    wire::ByteWriter w;
    encode_entry(entry, w);
    const auto body = std::move(w).finish();
    EXPECT_TRUE(body.has_value());
    if (from == kUs) {
      server.on_own_record(key, *body, now);
    } else {
      server.on_record(from, key, *body, now);
    }
    drain();
    return sent;
  }
  std::vector<Sent>& pass(Duration time) {
    clear();
    const Instant end = now + time;
    for (int budget = 0; budget < 1000; ++budget) {
      const auto due = server.next_deadline();
      if (!due || *due > end) break;
      now = std::max(now, *due);
      server.on_timer(now);
      drain();
    }
    now = end;
    return sent;
  }
  void clear() {
    sent.clear();
    said.clear();
    leaves.clear();
    forgotten.clear();
    summarised.clear();
    notices.clear();
  }

  // Messages of endpoint n, on VC n.
  static Message message(Operation operation, std::uint8_t n) {
    return {
        .operation = operation, .source = atm(n), .source_protocol = ipv4_address(0x0a000100U + n)};
  }
  std::vector<Sent>& registers(std::uint8_t n, Operation op = Operation::Join) {
    Message m = message(op, n);
    m.flags = Flags{}.with_registers(true).with_sequence(9);
    return hear(m, n);
  }
  std::vector<Sent>& say(Operation op, std::uint8_t n, const GroupRange& range,
                         bool layer3 = false) {
    Message m = message(op, n);
    m.flags = Flags{}.with_sequence(7).with_layer3_group(layer3);
    m.ranges = {range};
    return hear(m, n);
  }
  std::vector<Sent>& join(std::uint8_t n, const GroupRange& r, bool layer3 = false) {
    return say(Operation::Join, n, r, layer3);
  }
  std::vector<Sent>& leave(std::uint8_t n, const GroupRange& r) {
    return say(Operation::Leave, n, r);
  }
  // Whom a request of n names; "-" is a NAK, "" silence.
  std::string ask(std::uint8_t n, std::uint32_t g) {
    Message m = message(Operation::Request, n);
    m.group = group(g);
    std::string names;
    for (const Sent& s : hear(m, n)) {
      EXPECT_EQ(s.to, std::to_string(n));
      if (s.m.operation == Operation::Nak) names += "-";
      for (const AtmAddress& who : s.m.targets) {
        if (!names.empty()) names += " ";
        names += std::to_string(static_cast<int>(who.number.octets.octets().back()));
      }
    }
    return names;
  }
  std::uint64_t dropped(Drop why) const {
    return server.counters().dropped[static_cast<std::size_t>(why)];
  }
  const Maps& maps() const { return server.clusters().front().maps(); }

  Instant now{};
  Server server;
  std::vector<Sent> sent;
  std::vector<Said> said;
  std::map<std::uint32_t, CacheEntry> records;  // the newest of each key
  std::vector<std::tuple<char, ControlVc, AtmAddress>> leaves;
  std::vector<Forget> forgotten;
  std::vector<ServerId> summarised;
  std::vector<Notice::What> notices;
};

// "ccvc JOIN 1-1 3-5 p": where, what, last octets of the groups; p: punched, r: register, 3:
// layer3.
inline std::string text(const Mars::Sent& s) {
  std::string t = s.to;
  t.append(" ").append(to_string(s.m.operation).substr(5));
  const auto low = [](const ProtocolAddress& a) {
    return std::to_string(std::to_integer<int>(a.octets()[2]) * 256 +
                          std::to_integer<int>(a.octets()[3]));
  };
  for (const GroupRange& r : s.m.ranges) {
    if (r.min.empty()) continue;
    t.append(" ").append(low(r.min));
    if (!r.single()) t.append("-").append(low(r.max));
  }
  if (!s.m.group.empty()) t.append(" ").append(low(s.m.group));
  if (s.m.flags.registers()) t.append(" r");
  if (s.m.flags.punched()) t.append(" p");
  if (s.m.flags.layer3_group()) t.append(" 3");
  return t;
}
inline std::string text(const std::vector<Mars::Sent>& sent) {
  std::string all;
  for (const auto& s : sent) {
    if (!all.empty()) all.append(", ");
    all.append(text(s));
  }
  return all;
}
// "client_join 1-5 3": what a record says.
inline std::string text(const std::vector<Mars::Said>& said) {
  std::string all;
  for (const auto& s : said) {
    if (!all.empty()) all.append(", ");
    Mars::Sent as{std::string(to_string(s.entry.state)), {.operation = Operation::Join}};
    as.m.flags = s.entry.flags;
    if (s.entry.range) as.m.ranges = {*s.entry.range};
    std::string t = text(as);
    t.erase(t.find(" JOIN"), 5);
    all.append(t);
  }
  return all;
}

// Records of another server.
inline CacheEntry redirect_entry(std::uint8_t address) {
  return {.state = State::Redirect, .source = atm(address)};
}
inline CacheEntry registered(std::uint8_t n, std::uint16_t cmi, State state = State::ClientJoin) {
  return {.state = state, .flags = Flags{}.with_registers(true), .cmi = cmi, .source = atm(n)};
}
inline CacheEntry entry(State state, std::uint8_t n, std::uint16_t cmi, const GroupRange& range) {
  return {.state = state, .cmi = cmi, .source = atm(n), .range = range};
}

}  // namespace forces::mars::server
